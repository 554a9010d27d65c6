"""A progress bar for `fit(progress=True)`: one line on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from .cost import duration
from .records import Progress


class Bar:
    """Draws `Progress` frames on a stream.

    Args:
        label: what is running.
        stream: where to; standard error by default.
        every: seconds between lines when the stream is no terminal.
    """

    def __init__(self, label: str, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.label, self.stream, self.every = label, stream or sys.stderr, every
        self.live = bool(getattr(self.stream, "isatty", lambda: False)())
        self._announced = False
        self._next = 0.0

    def update(self, progress: Progress) -> None:
        """Show a frame, if it is time to."""
        if progress.announcement and not self._announced:
            self._announced = True
            print(f"{self.label}: {progress.announcement}", file=self.stream)
        begun = progress.done > 0 and time.monotonic() >= self._next  # the cost comes before a bar of nothing
        if not (self.live or progress.final or begun):
            return
        self._next = time.monotonic() + self.every
        line = f"{self.label} {describe(progress)}"
        if self.live:
            print(f"\r\033[K{line[:160]}", end="\n" if progress.final else "", file=self.stream, flush=True)
        else:
            print(line, file=self.stream, flush=True)


def describe(progress: Progress) -> str:
    """`[#####.....] 7,440 of at most 12,000 evaluations, 21 s left, ranking 91 % certain (95 % wanted)`."""
    share = progress.done / progress.total if progress.total else progress.verdict.completion
    filled = round(10 * min(1.0, max(0.0, share)))
    total = f" of at most {progress.total:,}" if progress.total else ""
    if progress.final or progress.seconds_left is None:
        left = f" in {duration(progress.seconds)}"
    else:
        left = f", {duration(progress.seconds_left)} left"
    failed = f", {progress.failures:,} failed" if progress.failures else ""
    bar = "#" * filled + "." * (10 - filled)
    return f"[{bar}] {progress.done:,}{total} {progress.unit}{left}, {progress.verdict.reason}{failed}"
