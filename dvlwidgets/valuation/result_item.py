"""One value of one point, and what became of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import total_ordering

from ..errors import InputError


class Status(Enum):
    """What became of the run that a result comes from."""

    Pending = "pending"
    """Nothing was computed yet, or the run goes on: the values may still move."""
    Converged = "converged"
    """The stopping rule was met, or everything there is was evaluated."""
    Stopped = "stopped"
    """Ended before that, by a time limit or by hand: the values are those so far."""
    Failed = "failed"
    """The run raised an error: the values are those so far."""
    MaxIterations = "stopped"  # noqa: PIE796 - pyDVL's name for Stopped
    """The same as Stopped, under pyDVL's name."""

    @classmethod
    def _missing_(cls, value: object) -> Status:
        raise InputError(f"{value!r} is no status. Pass one of {', '.join(f'Status.{s.name}' for s in cls)}.")


@total_ordering
@dataclass(frozen=True, eq=False)
class ValueItem:
    """One row of a `ValuationResult`. Items are ordered by value (NaN last), then by position and the rest.

    Attributes:
        idx: position of the point in the data set that was valued.
        name: its name there.
        value: in the unit of the result.
        variance: sample variance of the observations that the value is the mean of; NaN if not known.
        count: number of these observations.
    """

    idx: int
    name: str
    value: float
    variance: float = math.nan
    count: int = 1

    @property
    def stderr(self) -> float:
        """Standard error of the value, sqrt(variance / count); 0 for an exact value, NaN if not known."""
        if self.variance == 0.0:
            return 0.0
        return math.sqrt(self.variance / self.count) if self.count > 0 else math.nan

    def _key(self) -> tuple[object, ...]:
        return (*_nan_last(self.value), self.idx, self.name, *_nan_last(self.variance), self.count)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, ValueItem) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._key() < other._key() if isinstance(other, ValueItem) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())


def _nan_last(x: float) -> tuple[bool, float]:
    return (True, 0.0) if math.isnan(x) else (False, x)
