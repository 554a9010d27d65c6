"""Samplers that evaluate every subset they need, once: exact values and no standard error.

The strata of `SizeStrata` with equal weights a size; a point's value appears when all its subsets are in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import SUBSETS
from ...engine.moments import Moments, add_rows
from ...engine.records import Estimate, Evaluations
from ...errors import InputError
from ...typing import Masks, SizeLaw
from ...utility.bound import BoundUtility, First
from .checks import check_batch_size, check_seed

MOST_POINTS = 25
"""2**25 fits are a year of work for most models; beyond it nobody means it."""


@dataclass(frozen=True)
class EnumeratedStats:
    """Moments of shape (2, sizes, n), inside and outside, the two exact ends, and the subsets seen."""

    moments: Moments
    empty: float
    full: float
    rows: int = 0


@dataclass(frozen=True)
class Enumeration:
    """All subsets of the sizes in `sizes` (sizes 0 and n excepted: they are the ends).

    `kind` is "all" (codes 1 .. 2**n - 2 as bits) or "loo" (row i leaves point i out).
    """

    n: int
    law: SizeLaw
    kind: str
    step_rows: int = 64
    round_steps: int = 8
    divisible: bool = True
    stream: int = SUBSETS
    seed: int = 0
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Evaluations in all."""
        if self.n < 2:
            return 0
        return self.n if self.kind == "loo" else 2**self.n - 2

    @property
    def total_steps(self) -> int:
        return -(-self.count // self.step_rows)

    def rows(self, step: int) -> int:
        return min(self.step_rows, self.count - step * self.step_rows)

    def units(self, steps: int) -> int:
        return min(self.count, steps * self.step_rows)

    def masks(self, step: int) -> Masks:
        at = step * self.step_rows + np.arange(self.rows(step), dtype=np.int64)
        if self.kind == "loo":
            masks = np.ones((len(at), self.n), np.bool_)
            masks[np.arange(len(at)), at] = False
            return masks
        bits: Masks = ((at[:, None] + 1) >> np.arange(self.n)) & 1 == 1
        return bits

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        return utility.evaluate(self.masks(step)[lo:hi])

    def initial(self, first: First) -> EnumeratedStats:
        # one stratum a size is cheap for 'all' (n <= 25); leave-one-out needs size n - 1 alone
        groups = 1 if self.kind == "loo" else max(1, self.n - 1)
        return EnumeratedStats(Moments.zeros(2, groups, self.n), float(first.empty[0]), float(first.full[0]))

    def fold(self, stats: EnumeratedStats, step: int, evaluations: Evaluations) -> EnumeratedStats:
        masks = self.masks(step)
        groups = np.zeros(len(masks), np.intp) if self.kind == "loo" else masks.sum(axis=1) - 1
        weights = np.stack([masks, ~masks]).astype(np.float64)
        moments = add_rows(stats.moments, groups, evaluations.values[:, 0], weights)
        return EnumeratedStats(moments, stats.empty, stats.full, stats.rows + len(masks))

    def _sizes(self) -> NDArray[np.intp]:
        """The size of each stratum."""
        return np.arange(self.n - 1, self.n) if self.kind == "loo" else np.arange(1, self.n)

    def estimate(self, stats: EnumeratedStats) -> Estimate:
        s, (inside, outside) = self._sizes(), stats.moments.mean
        ends = float(self.law[-1]) * stats.full - float(self.law[0]) * stats.empty
        weighted_in = (self.law[s - 1][:, None] * inside).sum(axis=0)
        values = ends + weighted_in - (self.law[s][:, None] * outside).sum(axis=0)
        complete = self._complete(stats)
        counts = stats.moments.count[1].sum(axis=0)
        return Estimate(np.where(complete, values, np.nan), np.where(complete, 0.0, np.nan), counts)

    def _complete(self, stats: EnumeratedStats) -> NDArray[np.bool_]:
        outside = stats.moments.count[1]
        if self.kind == "loo":
            seen: NDArray[np.bool_] = outside[0] >= 1
            return seen
        return np.full(self.n, stats.rows >= self.count)

    def exact(self, stats: EnumeratedStats) -> bool:
        return stats.rows >= self.count

    def steps_for_updates(self, updates: int) -> int | None:
        return None

    def inflation_for(self, law: SizeLaw) -> float:
        """1 where the subsets give the values of a size law exactly, else infinite."""
        return 1.0 if self.kind == "all" or law[-1] == 1.0 else np.inf

    def identity(self) -> dict[str, Any]:
        return {"draws": f"every subset ({self.kind})", "step": self.step_rows}


@dataclass(frozen=True)
class DeterministicUniformSampler:
    """Every subset once: exact semivalues for at most 25 points.

    Args:
        seed: accepted and ignored; nothing is random.
        batch_size: subsets a step; 1 means 'ours decides' (64).
    """

    seed: int | None = None
    batch_size: int = 1

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_batch_size(self.batch_size)

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Enumeration:
        """All 2**n - 2 inner subsets.

        Raises:
            InputError: above 25 points.
        """
        if n > MOST_POINTS:
            raise InputError(
                f"DeterministicUniformSampler evaluates all 2**{n} subsets of {n} points; at most {MOST_POINTS} "
                "points are feasible. Use MSRSampler() or PermutationSampler(), or group the data."
            )
        return Enumeration(n, law, "all", 64 if self.batch_size == 1 else self.batch_size)


@dataclass(frozen=True)
class LOOSampler:
    """Every subset that lacks one point: what leave-one-out needs, and nothing else.

    Args:
        seed: accepted and ignored; nothing is random.
        batch_size: subsets a step; 1 means 'ours decides' (64).
    """

    seed: int | None = None
    batch_size: int = 1
    only_leaves_one_out = True

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_batch_size(self.batch_size)

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Enumeration:
        """The n subsets that lack one point.

        Raises:
            InputError: for a semivalue that looks at other sizes.
        """
        if n > 1 and law[-1] < 1.0:
            raise InputError(
                f"LOOSampler evaluates only the subsets of {n - 1} of {n} points, but {method} looks at all sizes. "
                "Use LOOValuation(utility), or MSRSampler() or PermutationSampler() for this method."
            )
        return Enumeration(n, law, "loo", 64 if self.batch_size == 1 else self.batch_size)
