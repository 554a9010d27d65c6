"""Rules that count something: updates of points, evaluations, checks, seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import number, whole
from ..errors import InputError
from .records import Verdict
from .rules import RuleView, StoppingRule


@dataclass(frozen=True)
class NoStopping(StoppingRule):
    """Never stops: the sampler's end, a time limit of another rule, or you do. `sampler` is accepted and ignored."""

    sampler: object = None

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        return None, Verdict(False, 0.0, view.nobody, "runs until stopped")


@dataclass(frozen=True)
class MaxUpdates(StoppingRule):
    """Stops once some point has `n_updates` observations.

    Raises:
        InputError: unless n_updates is at least 1.
    """

    n_updates: int

    def __post_init__(self) -> None:
        _positive_integer("MaxUpdates", "n_updates", self.n_updates)

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        most = int(view.counts.max(initial=0))
        reason = f"{most:,} of {self.n_updates:,} updates"
        return None, Verdict(
            most >= self.n_updates, min(1.0, most / self.n_updates), view.counts >= self.n_updates, reason
        )

    def max_updates(self) -> int | None:
        return self.n_updates


@dataclass(frozen=True)
class MinUpdates(StoppingRule):
    """Stops once every point has `n_updates` observations.

    Raises:
        InputError: unless n_updates is at least 1.
    """

    n_updates: int

    def __post_init__(self) -> None:
        _positive_integer("MinUpdates", "n_updates", self.n_updates)

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        least = int(view.counts.min(initial=np.iinfo(np.int64).max)) if len(view.counts) else self.n_updates
        reason = f"every point has {least:,} of {self.n_updates:,} updates"
        return None, Verdict(
            least >= self.n_updates, min(1.0, least / self.n_updates), view.counts >= self.n_updates, reason
        )

    def max_updates(self) -> int | None:
        return self.n_updates


@dataclass(frozen=True)
class MaxSamples(StoppingRule):
    """Stops after `n_samples` evaluations of the utility, those of no and of all points not counted.

    Whole steps of the sampler are evaluated, so that a run may do up to a step more. What a truncating sampler leaves
    out is not counted.

    Args:
        sampler: accepted for pyDVL's sake and ignored: the run counts.
        n_samples: how many.

    Raises:
        InputError: unless n_samples is at least 1.
    """

    sampler: object = None
    n_samples: int = 0

    def __post_init__(self) -> None:
        hint = "Write MaxSamples(sampler, 1000); the sampler may be None."
        whole("n_samples of MaxSamples", self.n_samples, 1, hint)

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        share = view.done / self.n_samples
        reason = f"{view.done:,} of {self.n_samples:,} evaluations"
        return None, Verdict(share >= 1.0, min(1.0, share), view.nobody, reason)

    def max_units(self) -> int | None:
        return self.n_samples


@dataclass(frozen=True)
class MaxChecks(StoppingRule):
    """Stops when it was asked `n_checks` times, which is once a round (8 steps of the sampler).

    Raises:
        InputError: unless n_checks is at least 1.
    """

    n_checks: int

    def __post_init__(self) -> None:
        _positive_integer("MaxChecks", "n_checks", self.n_checks)

    def init(self, n: int) -> int:
        return 0

    def update(self, state: int, view: RuleView) -> tuple[int, Verdict]:
        checks = state + 1
        reason = f"{checks:,} of {self.n_checks:,} checks"
        share = min(1.0, checks / self.n_checks)
        return checks, Verdict(checks >= self.n_checks, share, view.nobody, reason)


@dataclass(frozen=True)
class MaxTime(StoppingRule):
    """Stops after so many active seconds, pauses excluded; it may also stop between two tasks of a round.

    Raises:
        InputError: unless seconds is a positive number.
    """

    seconds: float

    def __post_init__(self) -> None:
        hint = "MaxTime(60) is a minute."
        if not number("seconds of MaxTime", self.seconds, hint) > 0:
            raise InputError(f"MaxTime takes a positive number of seconds, not {self.seconds}. {hint}")

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        done = view.seconds >= self.seconds
        reason = f"{'stopped by time: ' if done else ''}{view.seconds:.0f} of {self.seconds:g} s"
        # time says nothing about any point
        return None, Verdict(done, min(1.0, view.seconds / self.seconds), view.nobody, reason)

    def deadline(self) -> float | None:
        return float(self.seconds)


def _positive_integer(rule: str, name: str, value: object) -> None:
    whole(f"{name} of {rule}", value, 1, f"{rule}(100), for example.")
