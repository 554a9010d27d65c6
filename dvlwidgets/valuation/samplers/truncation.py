"""When a walk along a permutation may stop early. A policy sees its own walk and v(N), nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...arguments import number
from ...errors import InputError


class Truncation(Protocol):
    """A policy; `never` says that no walk is ever cut, so steps may be spread over workers."""

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
        if not 0 <= self.burn_in_fraction <= 1:
            raise InputError(
                f"burn_in_fraction must lie between 0 and 1, not {self.burn_in_fraction}; it is a share of the points."
            )

    def stops(self, size: int, n: int, utility: float, full: float) -> bool:
        return size >= self.burn_in_fraction * n and abs(full - utility) <= self.rtol * abs(full)
