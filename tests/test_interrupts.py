"""Ctrl-C in any line of a run leaves a result that an uninterrupted run has after as many steps."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np
import pytest
from engine_worlds import blobs

from dvlwidgets import MaxUpdates, PermutationSampler, ShapleyValuation, Utility
from dvlwidgets.engine.undivided import Undivided

TRAIN, _ = blobs(6)
UPDATES = 16
ENGINE = tuple(f"engine{os.sep}{name}.py" for name in ("run", "judge", "newest"))
PLACES = (*ENGINE, f"valuation{os.sep}subset_job.py")


@pytest.fixture(autouse=True)
def _ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def valuation(updates: int) -> ShapleyValuation:
    utility = Utility.from_function(lambda masks: np.tanh(masks @ np.cos(np.arange(masks.shape[1]))))
    return ShapleyValuation(utility, PermutationSampler(seed=4), MaxUpdates(updates), progress=True)


def lines_of_a_run(method: ShapleyValuation, stop_at: int = 0) -> list[tuple[str, int]]:
    """The lines of the loop and its job in a fit, from the first step on; SIGINT comes before the one with number
    `stop_at`, counted from 1."""
    seen: list[tuple[str, int]] = []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.endswith(PLACES):
            return None
        loop = method._loop
        if event == "line" and loop is not None and loop.step > 0 and loop.active:
            seen.append((frame.f_code.co_filename, frame.f_lineno))
            if len(seen) == stop_at:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        method.fit(TRAIN)
    finally:
        sys.settrace(None)
    return seen


def test_ctrl_c_at_any_line_leaves_whole_steps() -> None:
    seen = lines_of_a_run(valuation(UPDATES))
    at = sorted({line: k for k, line in enumerate(seen, 1)}.values())  # each line the last time it runs
    whole = {k: valuation(k).fit(TRAIN).result for k in range(1, UPDATES + 1)}
    assert len(at) > 100
    for k in at:
        method = valuation(UPDATES)
        with contextlib.suppress(KeyboardInterrupt):
            lines_of_a_run(method, k)
        result = method.result
        steps = int(result.counts.max())
        assert steps > 0, seen[k - 1]
        assert result.counts.min() == steps, seen[k - 1]
        assert result.values.tobytes() == whole[steps].values.tobytes(), seen[k - 1]
        assert result.stderr.tobytes() == whole[steps].stderr.tobytes(), seen[k - 1]


def interrupted(whole: Undivided, times: int, *, inside: bool) -> list[str]:
    """What is done while interrupts come."""
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), whole.heard():  # noqa: PT012
        with whole if inside else contextlib.nullcontext():
            for k in range(times):
                signal.raise_signal(signal.SIGINT)
                done.append(f"behind interrupt {k}")
        done.append("behind the block")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return done


def test_an_interrupt_waits_for_the_end_of_a_block() -> None:
    whole = Undivided()
    assert interrupted(whole, 1, inside=True) == ["behind interrupt 0"]
    assert not whole.broken


def test_an_interrupt_outside_of_a_block_does_not_wait() -> None:
    assert interrupted(Undivided(), 1, inside=False) == []


def test_a_second_interrupt_breaks_off_at_once() -> None:
    whole = Undivided()
    assert interrupted(whole, 2, inside=True) == ["behind interrupt 0"]
    assert whole.broken


def test_a_handler_of_somebody_else_stays() -> None:
    heard: list[int] = []

    def mine(number: int, _: FrameType | None) -> None:
        heard.append(number)

    signal.signal(signal.SIGINT, mine)
    whole = Undivided()
    with whole.heard(), whole:
        signal.raise_signal(signal.SIGINT)
        assert heard == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is mine
    assert signal.getsignal(signal.SIGINT) is mine
