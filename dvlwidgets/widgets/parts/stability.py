"""How much the ranking still moves while a run goes on: each time against the ranking after half of the work.

A comparison with the last frame would say more of how dense the frames are than of the ranking; half of the work is the
same question at every moment. It is asked some times an octave of work, and so seldom that it costs a thousandth.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.errors import RunError, WireError
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.parts.part import Hub
from dvlwidgets.widgets.snapshot import Content

NAME: Final = "stability"
MOST: Final = 10_000
"""Points that are compared; of more a fixed sample, which tells a correlation to 0.01 or better."""
AN_OCTAVE: Final = 8
"""Comparisons while the work doubles."""
SHARE: Final = 1e-3
"""Of the time that passes, at most."""
LEAST: Final = 0.2
"""Seconds between two of them, at least."""
HALF: Final = (0.4, 0.6)
"""What counts as half of the work."""

Values = NDArray[np.float32]


class Moment(NamedTuple):
    """Work done, and the values of the compared points then."""

    done: int
    values: Values


class StabilityPart:
    """Watches a run in its own thread, and tells the pages after each comparison.

    Args:
        hub: the panel.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._listening = False
        self._run: object = None
        self._begin(None)
        hub.session.hear(self._news)

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """Nothing: a page only listens."""
        raise WireError("There is nothing to ask about the stability of the ranking.")

    def hello(self) -> list[wire.Frame]:
        """The course until now."""
        self._listening = True
        return [self._frame()]

    def close(self) -> None:
        """Tells nobody any more."""
        self._listening = False

    def _begin(self, run: object) -> None:
        self._run = run
        self._course: list[Content] = []
        self._moments: list[Moment] = []
        self._at: NDArray[np.intp] | None = None
        self._next = -math.inf

    def _news(self) -> None:
        try:
            run = self._hub.session.run
        except RunError:  # the values of an earlier fit
            return
        if run is not self._run:
            self._begin(run)
            self._tell()
        progress = run.progress
        last = self._moments[-1].done if self._moments else 0
        if progress is None or progress.done <= last:
            return
        now = time.monotonic()
        if progress.final or (progress.done >= last * 2 ** (1 / AN_OCTAVE) and now >= self._next):
            self._compare(progress.done, progress.values)
            spent = time.monotonic() - now
            self._next = now + max(LEAST, spent / SHARE)

    def _compare(self, done: int, values: NDArray[np.float64]) -> None:
        if self._at is None:
            self._at = sample(len(values))
        with np.errstate(over="ignore"):
            moment = Moment(done, values[self._at].astype(np.float32))
        self._moments = [one for one in self._moments if one.done >= HALF[0] * done]
        half = min(self._moments, key=lambda one: abs(one.done - done / 2), default=None)
        self._moments.append(moment)
        if half is not None and half.done <= HALF[1] * done:
            found = rank_correlation(half.values, moment.values)
            if math.isfinite(found):
                self._course.append({"done": done, "half": half.done, "stability": round(found, 5)})
                self._tell()

    def _tell(self) -> None:
        if self._listening:
            self._hub.say(self._frame())

    def _frame(self) -> wire.Frame:
        return wire.part(NAME, "course", {"course": list(self._course)})


def sample(n: int) -> NDArray[np.intp]:
    """Positions of the compared points, ascending: all, or always the same of so many."""
    if n <= MOST:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MOST, replace=False))


def rank_correlation(a: Values, b: Values) -> float:
    """Spearman's correlation over the points that both know; equal values share their rank. NaN where there is none."""
    both = np.isfinite(a) & np.isfinite(b)
    if np.count_nonzero(both) < 2:
        return math.nan
    x, y = _centred_ranks(a[both]), _centred_ranks(b[both])
    norm = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / norm if norm > 0 else math.nan


def _centred_ranks(values: Values) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts - 1) / 2
    ranks: NDArray[np.float64] = means[place] - (len(values) + 1) / 2
    return ranks
