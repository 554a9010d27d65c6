"""What a run has to show: its newest estimate, and frames of it, no more often than somebody looks."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .cost import time_left
from .records import Estimate, Progress
from .stopping import certainty
from .tally import Tally
from .undivided import Undivided

if TYPE_CHECKING:
    from .job import Job
    from .run import Loop

FRAME_SECONDS = 0.1
"""Frames inside a round come no faster than this; round ends always give one, if somebody watches."""

UNWATCHED_SECONDS = 5.0
"""Where nobody watches, values are read out no faster than this, unless a rule looks at them: `result` may be asked for
from another thread."""


@dataclass(frozen=True)
class Published:
    """An estimate with the steps and counts that it rests on, exchanged as one."""

    estimate: Estimate
    step: int
    tally: Tally


class Newest:
    """The newest estimate of a job's statistics, and the frames that show it.

    Args:
        job: whose statistics.
        whole: an interrupt waits for the end of a look at them.

    Attributes:
        published: the newest estimate with what it rests on; values are NaN before the first.
        watched: whether somebody looks at the frames; if not, round ends give none.
    """

    def __init__(self, job: Job, whole: Undivided) -> None:
        self._job, self._whole = job, whole
        nothing = np.full(job.n, np.nan)
        self.published = Published(Estimate(nothing, nothing, np.zeros(job.n, np.int64)), 0, Tally())
        self.watched = True
        self._at = -1
        self._seq = 0
        self._last_frame = -math.inf

    @property
    def estimate(self) -> Estimate:
        """The newest values."""
        return self.published.estimate

    def look(self, stats: Any, step: int, tally: Tally) -> None:
        """Read the values out of the statistics of the first so many steps, once for each number of them."""
        if stats is not None and self._at != step:
            with self._whole:  # statistics may be brought up to date in place
                self.published = Published(self._job.estimate(stats), step, replace(tally))
                self._at = step

    def due(self, *, round_end: bool) -> bool:
        """Whether it is time for another frame, at a round's end or inside of one."""
        pause = (0.0 if round_end else FRAME_SECONDS) if self.watched else UNWATCHED_SECONDS
        return time.monotonic() - self._last_frame >= pause

    def frame(self, loop: Loop, *, final: bool = False) -> Progress:
        """The next frame: the newest values, and where the loop is."""
        self._last_frame = time.monotonic()
        self._seq += 1
        e, tally, seconds = self.estimate, loop.tally, loop.clock.seconds
        exact = loop.stats is not None and self._job.exact(loop.stats)
        return Progress(
            seq=self._seq - 1,
            values=e.values,
            stderr=e.stderr,
            counts=e.counts,
            verdict=loop.verdict,
            certainty=certainty(e.values, e.stderr, exact=exact),
            done=tally.done,
            total=loop.total_units(),
            unit=self._job.unit,
            seconds=seconds,
            seconds_left=0.0 if final else time_left(loop, seconds),
            failures=tally.failures,
            warnings=tally.warnings,
            first_failure=tally.first_failure,
            announcement=loop.announcement,
            final=final,
        )
