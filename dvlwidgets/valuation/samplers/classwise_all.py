"""Exact classwise values: every subset once, for the points of all classes.

The value of a point of class c is a weighted sum of the utilities of all subsets: uniform over the subsets of the
other classes, Shapley's weights over those of its own. One enumeration of the subsets serves every class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from ...engine.draws import CLASS_WALKS
from ...engine.records import Estimate, Evaluations
from ...typing import Masks
from ...utility.bound import BoundUtility, First
from .classwise_walks import FIXED, REFERENCE, normalized_note


@dataclass(frozen=True)
class SumStats:
    """Weighted sums of utilities (n,), how many subsets are in them, and the full model's in-class scores."""

    sums: NDArray[np.float64]
    rows: int
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class ClasswiseEnumeration:
    """All 2**n subsets; each class counts those in which the others have at least `least` points (or all)."""

    codes: NDArray[np.intp]
    k: int
    least: int
    normalize: bool = True
    step_rows: int = 64
    round_steps: int = 8
    divisible: bool = True
    seed: int = 0
    stream: int = CLASS_WALKS
    references: tuple[str, ...] = (REFERENCE,)
    fixed_reason: str = FIXED

    @property
    def n(self) -> int:
        return len(self.codes)

    @property
    def notes(self) -> tuple[str, ...]:
        return (normalized_note(),) if self.normalize else ()

    @property
    def count(self) -> int:
        """Subsets besides the empty and the full one, which are the ends."""
        return int(2**self.n) - 2

    @property
    def total_steps(self) -> int:
        return -(-self.count // self.step_rows)

    def rows(self, step: int) -> int:
        return min(self.step_rows, self.count - step * self.step_rows)

    def units(self, steps: int) -> int:
        return min(self.count, steps * self.step_rows)

    def masks(self, step: int) -> Masks:
        at = step * self.step_rows + np.arange(self.rows(step), dtype=np.int64) + 1
        bits: Masks = (at[:, None] >> np.arange(self.n)) & 1 == 1
        return bits

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        return utility.evaluate(self.masks(step)[lo:hi])

    def weights(self, masks: Masks) -> NDArray[np.float64]:
        """What each subset's utility (of a point's class) counts for each point, shape (rows, n)."""
        sizes = np.bincount(self.codes, minlength=self.k)
        chosen = masks.astype(np.intp) @ (self.codes[:, None] == np.arange(self.k))  # (rows, k)
        enough = chosen >= np.minimum(self.least, sizes)
        others = np.stack([np.delete(enough, c, axis=1).all(axis=1) for c in range(self.k)], axis=1)
        ways = [sum(comb(m, s, exact=True) for s in range(min(self.least, m), m + 1)) for m in sizes.tolist()]
        environments = np.array([np.prod(np.delete(np.array(ways, float), c)) for c in range(self.k)])
        inside = 1.0 / (sizes * comb(sizes - 1, np.maximum(chosen - 1, 0)))
        rest = comb(sizes - 1, np.minimum(chosen, sizes - 1))
        outside = -1.0 / (sizes * rest)
        of_class = np.where(masks, inside[:, self.codes], outside[:, self.codes])
        weights: NDArray[np.float64] = of_class * (others / environments)[:, self.codes]
        return weights

    def initial(self, first: First) -> SumStats:
        ends = np.zeros((2, self.n), np.bool_)
        ends[1] = True
        utilities = np.stack([first.empty, first.full])[:, self.codes]
        scores = first.full[self.k :] if self.normalize else np.zeros(self.k)
        return SumStats((self.weights(ends) * utilities).sum(axis=0), 2, scores)

    def fold(self, stats: SumStats, step: int, evaluations: Evaluations) -> SumStats:
        masks = self.masks(step)
        more = (self.weights(masks) * evaluations.values[:, self.codes]).sum(axis=0)
        return SumStats(stats.sums + more, stats.rows + len(masks), stats.scores)

    def estimate(self, stats: SumStats) -> Estimate:
        counts = np.full(self.n, stats.rows // 2, np.int64)
        if not self.exact(stats):
            nothing = np.full(self.n, np.nan)
            return Estimate(nothing, nothing.copy(), counts)
        values = stats.sums
        if self.normalize:
            total = np.bincount(self.codes, values, self.k)
            scale = np.divide(stats.scores, total, out=np.ones(self.k), where=total > 0.0)
            values = values * scale[self.codes]
        return Estimate(values, np.zeros(self.n), counts)

    def exact(self, stats: SumStats) -> bool:
        return stats.rows >= self.count + 2

    def steps_for_updates(self, updates: int) -> int | None:
        return None

    def identity(self) -> dict[str, Any]:
        return {"draws": "classwise (every subset)", "step": self.step_rows, "least": self.least}
