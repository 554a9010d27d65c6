"""When to stop: rules that judge the values' errors; those that only count, or look back, are passed on from here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import number, whole
from ..errors import InputError
from ..typing import Values
from .history import History, HistoryDeviation
from .limits import MaxChecks, MaxSamples, MaxTime, MaxUpdates, MinUpdates, NoStopping
from .records import Verdict
from .rules import RuleView, StoppingRule, check_rule

__all__ = [
    "AbsoluteStandardError",
    "History",
    "HistoryDeviation",
    "MaxChecks",
    "MaxSamples",
    "MaxTime",
    "MaxUpdates",
    "MinUpdates",
    "NoStopping",
    "RankCorrelation",
    "RuleView",
    "StoppingRule",
    "certainty",
    "check_rule",
]


def certainty(values: Values, stderr: Values, *, exact: bool = False) -> float:
    """Certainty of a ranking: the expected correlation of the values of two such runs.

    With b = max(0, var(values) - mean(stderr^2)), the variance between points that noise does not explain, it is
    b / (b + mean(stderr^2)): 1 when the errors vanish, 0 when the differences between points are no larger than
    noise makes them (the reliability of classical test theory; Spearman, 1904).

    Returns:
        A number from 0 to 1; NaN while a value or standard error is unknown; 0 / 0 is 1 only for exact values.
    """
    if len(values) == 0 or not (np.isfinite(values).all() and np.isfinite(stderr).all()):
        return math.nan
    noise = float(np.mean(stderr**2))
    spread = float(np.var(values, ddof=1)) if len(values) > 1 else 0.0
    between = max(0.0, spread - noise)
    if between + noise == 0.0:
        return 1.0 if exact else 0.0
    return between / (between + noise)


@dataclass(frozen=True)
class AbsoluteStandardError(StoppingRule):
    """Stops once a share `fraction` of the points has a standard error below `threshold` (points of the score).

    A standard error is believed after `burn_in` observations.

    Raises:
        InputError: unless threshold > 0, 0 < fraction <= 1 and burn_in >= 2.
    """

    threshold: float
    fraction: float = 1.0
    burn_in: int = 4

    def __post_init__(self) -> None:
        hint = "It is in points of the score: 0.01, for example."
        if not number("threshold of AbsoluteStandardError", self.threshold, hint) > 0:
            raise InputError(f"AbsoluteStandardError needs a threshold above 0, not {self.threshold}. {hint}")
        _fraction("AbsoluteStandardError", self.fraction)
        _burn_in("AbsoluteStandardError", self.burn_in)

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        with np.errstate(invalid="ignore"):
            small = (view.stderr < self.threshold) & ((view.counts >= self.burn_in) | view.exact)
        share = float(small.mean()) if len(small) else 1.0
        reason = f"{share:.0%} of the points have a standard error below {self.threshold:g}"
        if self.fraction < 1.0:
            reason += f" ({self.fraction:.0%} wanted)"
        return None, Verdict(share >= self.fraction, min(1.0, share / self.fraction), small, reason)


@dataclass(frozen=True)
class RankCorrelation(StoppingRule):
    """Stops when the ranking is certain: `certainty` at least 1 - rtol in two consecutive rounds.

    A share `fraction` of the points must have `burn_in` observations first, and only they are judged. Pure noise
    never stops it. It can need 10,000 fits at n = 100: compose it with MaxTime and read the certainty reached.

    Raises:
        InputError: unless 0 < rtol < 1, burn_in >= 2 and 0 < fraction <= 1.
    """

    rtol: float = 0.05
    burn_in: int = 8
    fraction: float = 1.0

    def __post_init__(self) -> None:
        hint = "rtol=0.05 stops at a certainty of 95 %."
        if not 0 < number("rtol of RankCorrelation", self.rtol, hint) < 1:
            raise InputError(f"RankCorrelation needs 0 < rtol < 1, not {self.rtol}. {hint}")
        _fraction("RankCorrelation", self.fraction)
        _burn_in("RankCorrelation", self.burn_in)

    def init(self, n: int) -> int:
        return 0

    def update(self, state: int, view: RuleView) -> tuple[int, Verdict]:
        n, wanted = len(view.values), 1.0 - self.rtol
        ready = (np.isfinite(view.stderr) & (view.counts >= self.burn_in)) | view.exact
        if n == 0 or ready.mean() < self.fraction:
            least = int(view.counts.min()) if n else 0
            reason = f"warming up: {int(ready.sum()):,} of {n:,} points have {self.burn_in} observations"
            return 0, Verdict(False, 0.0, view.nobody, f"{reason} (least {least:,})")
        sure = certainty(view.values[ready], view.stderr[ready], exact=view.exact)
        streak = state + 1 if sure >= wanted else 0
        done = streak >= 2 or (view.exact and sure >= wanted)
        # mean squared errors fall like 1 / evaluations, so this runs evenly towards 1
        odds = (1.0 - sure) / sure if sure > 0 else math.inf
        completion = 1.0 if done else min(0.99, self.rtol / wanted / odds if odds > 0 else 0.99)
        noise = view.stderr**2
        spread = float(np.var(view.values[ready], ddof=1)) if ready.sum() > 1 else 0.0
        with np.errstate(invalid="ignore"):
            small = ready & (noise <= self.rtol / wanted * max(0.0, spread - float(noise[ready].mean())))
        reason = f"ranking {_percent(sure)} certain ({_percent(wanted)} wanted)"
        return streak, Verdict(done, completion, small | done, reason)

    def target(self) -> float | None:
        return 1.0 - self.rtol


def _percent(share: float) -> str:
    # never rounds up to a target that is not reached
    return f"{math.floor(share * 1000) / 10:g} %"


def _fraction(rule: str, value: float) -> None:
    hint = "It is the share of points to wait for."
    if not 0 < number(f"fraction of {rule}", value, hint) <= 1:
        raise InputError(f"{rule} needs 0 < fraction <= 1, not {value}. {hint}")


def _burn_in(rule: str, value: int) -> None:
    whole(f"burn_in of {rule}", value, 2, "One observation has no standard error.")
