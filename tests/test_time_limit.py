"""A fit that takes too long is a failure, in the main thread and in others, and nothing fires afterwards."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from dvlwidgets import Dataset, SupervisedScorer, Utility
from dvlwidgets.errors import InputError
from dvlwidgets.utility.time_limit import FitTimeoutError, time_limit


class Sleepy:
    """Never ends on subsets of two points."""

    asleep = threading.Event()

    def fit(self, x: Any, y: Any) -> Sleepy:
        try:
            while len(y) == 2:
                self.asleep.set()
                time.sleep(0.001)
        finally:
            self.asleep.clear()
        return self

    def predict(self, x: Any) -> Any:
        return np.zeros(len(x))


class OnCue(threading.Timer):
    """Time is up only for a fit that never ends: on a busy machine any fit may take longer than a limit."""

    def run(self) -> None:
        assert self.interval == 0.05
        while not self.finished.is_set():
            if Sleepy.asleep.wait(0.01) and not self.finished.is_set():
                self.function()
                return


@pytest.fixture
def cue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvlwidgets.utility.time_limit.threading.Timer", OnCue)


def _evaluate() -> Any:
    data = Dataset(np.arange(4.0)[:, None], [0, 1, 0, 1])
    utility = Utility(Sleepy(), SupervisedScorer("accuracy", data), fit_seconds=0.05).with_dataset(data)
    masks = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]], bool)
    return utility.evaluate(masks)


def test_a_slow_fit_fails_and_the_others_go_on(cue: None) -> None:
    e = _evaluate()
    assert e.status.tolist() == [1, 0, 1]
    assert "longer than fit_seconds=0.05" in e.failure


def test_in_another_thread(cue: None) -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(_evaluate()))
    thread.start()
    thread.join(30)
    assert found[0].status.tolist() == [1, 0, 1]


def test_nothing_fires_after_the_block() -> None:
    for _ in range(200):  # the timer and the end of the block race
        try:
            with time_limit(0.0005):
                time.sleep(0.0005)
        except FitTimeoutError:
            pass
    time.sleep(0.01)


def test_wrong_limits_are_refused() -> None:
    data = Dataset([[0.0], [1.0]], [0, 1])
    with pytest.raises(InputError, match="positive"):
        Utility(Sleepy(), SupervisedScorer("accuracy", data), fit_seconds=0)
