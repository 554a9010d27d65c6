"""What a run counts: work done, failures, and active seconds."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any


@dataclass
class Tally:
    """What was done, counted at home."""

    done: int = 0
    failures: int = 0
    warnings: int = 0
    first_failure: str | None = None
    warning: str | None = None
    work_seconds: float = 0.0
    fresh: int = 0

    def add(self, counts: tuple[int, int, int], payload: Any, *, fresh: bool) -> None:
        """Count a payload: (units, failures, warnings); `fresh` work was done now, not replayed."""
        units, failures, warnings = counts
        self.done += units
        self.failures += failures
        self.warnings += warnings
        if payload.failure and self.first_failure is None:
            self.first_failure = payload.failure
        if warnings and self.warning is None:
            self.warning = getattr(payload, "warning", None)
        if fresh and units:
            self.fresh += units
            self.work_seconds += payload.seconds

    @property
    def unit_seconds(self) -> float | None:
        """Measured seconds a unit of work, or None before any."""
        return self.work_seconds / self.fresh if self.fresh else None


class Clock:
    """Active seconds: runs while the loop works, stands while it is paused or its consumer is busy."""

    def __init__(self, seconds: float) -> None:
        self._before, self._since = seconds, math.nan

    @property
    def seconds(self) -> float:
        running = 0.0 if math.isnan(self._since) else time.monotonic() - self._since
        return self._before + running

    def start(self) -> None:
        self._since = time.monotonic()

    def stop(self) -> None:
        self._before, self._since = self.seconds, math.nan
