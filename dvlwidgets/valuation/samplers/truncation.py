"""When a walk along a permutation may stop early. A policy sees its own walk, v(N) and the plan of its round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ...arguments import number
from ...errors import InputError, InputTypeError


class Truncation(Protocol):
    """A policy; `never` says that no walk is ever cut, so steps may be spread over workers.

    One that wants to know what earlier rounds saw also has `planned(plan) -> Truncation`, the policy of a round.
    """

    never: bool

    def stops(self, size: int, n: int, utility: float, full: float) -> bool:
        """Whether to stop after a prefix of `size` of n points with this utility."""
        ...


@dataclass(frozen=True)
class NoTruncation:
    """Every prefix is evaluated."""

    never = True

    def stops(self, size: int, n: int, utility: float, full: float) -> bool:
        return False


@dataclass(frozen=True)
class FixedTruncation:
    """Stops every walk after the same share of the points; the marginals of the rest count as 0.

    A point's Shapley value misses the mean of its marginals to sets of the sizes left out, times their share of the
    sizes: at most (1 - fraction) times its largest mean marginal.

    Args:
        fraction: share of the points that each walk evaluates, above 0 and at most 1.
    """

    fraction: float
    never = False

    def __post_init__(self) -> None:
        number("fraction", self.fraction, "0.5 evaluates the first half of each walk.")
        if not 0 < self.fraction <= 1:
            raise InputError(
                f"FixedTruncation needs 0 < fraction <= 1, not {self.fraction}; 0.5 evaluates half of each walk."
            )

    @property
    def bound(self) -> str:
        """How wrong the values may be."""
        return f"at most {1 - self.fraction:.2g} times a point's largest mean marginal"

    def stops(self, size: int, n: int, utility: float, full: float) -> bool:
        return size >= self.fraction * n


@dataclass(frozen=True)
class RelativeTruncation:
    """Stops a walk once its utility is within `rtol` of v(N), relatively; the rest of its marginals count as 0.

    The values' sum then misses v(N) - v(empty) by at most rtol * |v(N)|, and values of points that come late are
    biased towards 0.

    Args:
        rtol: relative distance to v(N), above 0 and below 1.
        burn_in_fraction: share of the points that each walk evaluates before it may stop.

    References:
        Ghorbani & Zou, Data Shapley (ICML 2019): truncated Monte Carlo.
    """

    rtol: float
    burn_in_fraction: float = 0.0
    never = False

    def __post_init__(self) -> None:
        number("rtol", self.rtol, "0.01 is one percent of v(N).")
        number("burn_in_fraction", self.burn_in_fraction, "0 lets a walk stop from its first point on.")
        if not 0 < self.rtol < 1:
            raise InputError(
                f"RelativeTruncation needs 0 < rtol < 1, not {self.rtol}; 0.01 is one percent of v(N)."
            )
        _burn_in(self.burn_in_fraction)

    @property
    def bound(self) -> str:
        """How wrong the values may be."""
        return f"their sum misses v(N) - v(empty) by at most {self.rtol:g} |v(N)|"

    def stops(self, size: int, n: int, utility: float, full: float) -> bool:
        return size >= self.burn_in_fraction * n and abs(full - utility) <= self.rtol * abs(full)


@dataclass(frozen=True)
class DeviationTruncation:
    """Stops a walk once its utility is within `sigmas` standard deviations of v(N); the rest counts as 0.

    The deviation is that of the utilities of earlier rounds from the mean of their size: how much sets of one size
    differ. It is part of the round's plan, so no walk depends on another one of its round, and walks of the first
    round, before which nothing is known, are not cut. The values' sum misses v(N) - v(empty) by at most `sigmas`
    deviations.

    Args:
        sigmas: how many standard deviations, above 0.
        burn_in_fraction: share of the points that each walk evaluates before it may stop.

    References:
        Ghorbani & Zou, Data Shapley (ICML 2019): truncation within the noise of the performance.
    """

    sigmas: float
    burn_in_fraction: float = 0.0
    never = False

    def __post_init__(self) -> None:
        hint = "0.5 is half a standard deviation."
        if number("sigmas", self.sigmas, hint) <= 0:
            raise InputError(
                f"DeviationTruncation needs sigmas above 0, not {self.sigmas}. Pass a number; {hint}"
            )
        number("burn_in_fraction", self.burn_in_fraction, "0 lets a walk stop from its first point on.")
        _burn_in(self.burn_in_fraction)

    @property
    def bound(self) -> str:
        """How wrong the values may be."""
        return f"their sum misses v(N) - v(empty) by at most {self.sigmas:g} standard deviations of a size's utilities"

    def stops(self, size: int, n: int, utility: float, full: float) -> bool:
        return False  # before anything is known

    def planned(self, plan: Mapping[str, Any]) -> Truncation:
        """The policy of a round whose plan knows the `deviation` of the earlier ones, or None."""
        deviation = plan.get("deviation")
        return self if deviation is None else _Within(self.sigmas * float(deviation), self.burn_in_fraction)


@dataclass(frozen=True)
class _Within:
    """Stops within a fixed distance of v(N)."""

    distance: float
    burn_in_fraction: float
    never = False

    def stops(self, size: int, n: int, utility: float, full: float) -> bool:
        return size >= self.burn_in_fraction * n and abs(full - utility) <= self.distance


def planned(policy: Truncation, plan: Mapping[str, Any]) -> Truncation:
    """The policy of a round."""
    own = getattr(policy, "planned", None)
    made: Truncation = policy if own is None else own(plan)
    return made


def walk_notes(policy: Truncation) -> tuple[str, ...]:
    """What a reader of values from such walks must know."""
    if policy.never:
        return ()
    bound = getattr(policy, "bound", "")
    return (f"walks are cut short by {policy!r}: values are biased{'; ' if bound else ''}{bound}",)


def check_truncation(policy: Any) -> None:
    """Refuse what is neither None nor a policy.

    Raises:
        InputTypeError: for a class, a number or anything else.
    """
    stops = callable(getattr(policy, "stops", None)) and not isinstance(policy, type)
    if policy is not None and not stops:
        raise InputTypeError(f"truncation must be a policy such as RelativeTruncation(0.01), not {policy!r}.")


def _burn_in(fraction: float) -> None:
    if not 0 <= fraction <= 1:
        raise InputError(
            f"burn_in_fraction must lie between 0 and 1, not {fraction}; it is a share of the points."
        )
