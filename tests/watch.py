"""A clock for tests of active time."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dvlwidgets.engine import tally
from dvlwidgets.utility import function


class Watch:
    """A clock that only moves when it is told to, so that no test depends on the machine's speed."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The run's and the utility's clock, in the hands of the test."""
    made = Watch()
    for module in (tally, function):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=made, perf_counter=made))
    return made
