"""Walks along random permutations that evaluate some sizes only, each with a chance of its own.

A walk draws u and evaluates the marginals at the sizes k with met[k] > u. A marginal that a point has met is at size
k with chance met[k] / sum(met), whatever else the walk met; so the mean of p[k] sum(met) / met[k] times the marginal,
over the walks that met the point, is unbiased, and those walks are independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import CUT_WALKS, Memo, uniforms, words
from ...engine.moments import Moments, merge
from ...engine.records import TRUNCATED, Estimate, Evaluations, join_evaluations
from ...typing import Masks, SizeLaw
from ...utility.bound import BoundUtility, First
from .heavy_weights import too_few
from .mixture import batch_moments
from .permutation import WalkStats
from .truncated import Spread, evaluate_walk, part
from .truncation import NoTruncation, Truncation, planned


@dataclass(frozen=True)
class CutWalks:
    """`batch` walks a step; see the module.

    Attributes:
        met: chance that a walk meets each size 0..n-1, the largest of them 1, shape (n,).
        walks: how many there are, or None.
    """

    n: int
    law: SizeLaw
    met: NDArray[np.float64]
    seed: int
    walks: int | None
    truncation: Truncation = field(default_factory=NoTruncation)
    batch: int = 1
    stream: int = CUT_WALKS
    round_steps: int = 8
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ("Watson et al., Accelerated Shapley value approximation, 2023",)
    memo: Memo = field(init=False, repr=False, compare=False, default_factory=Memo)

    @property
    def divisible(self) -> bool:
        return self.truncation.never

    @property
    def total_steps(self) -> int | None:
        return None if self.walks is None else -(-self.walks // self.batch)

    def _drawn(self, step: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The order of the points, and whether each size 0..n-1 is met, shape (walks, n) each."""
        last = self.batch if self.walks is None else min(self.batch, self.walks - step * self.batch)
        raw = words(self.seed, self.stream, step, last * (self.n + 1)).reshape(last, -1)
        return np.argsort(raw[:, 1:], axis=1, kind="stable"), self.met > uniforms(raw[:, :1])

    def rows(self, step: int) -> int:
        return int(needed(self._drawn(step)[1]).sum())

    def units(self, steps: int) -> int:
        """At most so many: walks that meet fewer sizes take fewer."""
        walks = steps * self.batch if self.walks is None else min(steps * self.batch, self.walks)
        return walks * int(needed(self.met[None] > 0).sum())

    def masks(self, step: int) -> Masks:
        return self.memo.get(step, self._prefixes)

    def _prefixes(self, step: int) -> Masks:
        orders, met = self._drawn(step)
        walk, size = np.nonzero(needed(met))
        prefixes: Masks = np.argsort(orders, axis=1, kind="stable")[walk] < size[:, None] + 1
        return prefixes

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        masks = self.masks(step)
        if self.truncation.never:
            return utility.evaluate(masks[lo:hi])
        policy, full = planned(self.truncation, plan), float(plan["full"])
        walks = np.split(masks, _ends(needed(self._drawn(step)[1]))[:-1])
        return join_evaluations([evaluate_walk(utility, walk, policy, full) for walk in walks])

    def initial(self, first: First) -> WalkStats:
        spread = Spread.none(self.n) if hasattr(self.truncation, "planned") else None
        return WalkStats(Moments.zeros(self.n), float(first.empty[0]), float(first.full[0]), spread)

    def plan(self, stats: WalkStats) -> Mapping[str, Any]:
        """What policies may know of earlier rounds."""
        return {} if stats.spread is None else {"deviation": stats.spread.deviation()}

    def fold(self, stats: WalkStats, step: int, evaluations: Evaluations) -> WalkStats:
        orders, met = self._drawn(step)
        walk, size = np.nonzero(needed(met))
        utilities, last = evaluations.values[:, 0], _ends(needed(met)) - 1
        reached = np.full((len(orders), self.n + 1), np.nan)
        reached[:, 0], reached[walk, size + 1] = stats.empty, utilities
        cut = evaluations.status[last] == TRUNCATED
        reached[:, self.n] = np.where(cut, utilities[last], stats.full)
        counted = np.divide(self.law * self.met.sum(), self.met, out=np.zeros(self.n), where=self.met > 0)
        observed = np.where(met, counted * np.diff(reached, axis=1), 0.0)
        new = batch_moments(orders.ravel(), observed.ravel(), (self.n,), met.ravel().astype(float))
        spread = stats.spread
        if spread is not None:
            for lo, hi in pairwise([0, *(last + 1)]):
                spread = spread.seen(size[lo:hi] + 1, part(evaluations, lo, hi))
        return WalkStats(merge(stats.moments, new), stats.empty, stats.full, spread)

    def estimate(self, stats: WalkStats) -> Estimate:
        seen = stats.moments.count
        values = np.where(seen > 0, stats.moments.mean, np.nan)
        error = np.sqrt(stats.moments.variance_of_mean())
        if too_few((self.met / self.met.sum())[None], self.law[None], seen.min(keepdims=True)):
            error[:] = np.nan
        return Estimate(values, error, seen)

    def exact(self, stats: WalkStats) -> bool:
        return False

    def steps_for_updates(self, updates: int) -> int | None:
        # a walk that leaves sizes out does not meet every point
        return -(-updates // self.batch) if (self.met == 1).all() else None

    def identity(self) -> dict[str, Any]:
        return {
            "draws": "permutations (cut)",
            "sizes": self.met.round(12).tolist(),
            "truncation": repr(self.truncation),
            "step": self.batch,
        }

    def inflation_for(self, law: SizeLaw) -> float:
        """Mean squared weight of a marginal for another semivalue; infinite where it was never met."""
        if ((law > 0) & (self.met <= 0)).any():
            return np.inf
        share = self.met / self.met.sum()
        return float(np.sum(np.divide(law**2, share, out=np.zeros_like(law), where=share > 0)))


def needed(met: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether prefixes of the sizes 1..n-1 are needed for the marginals at the sizes met, shape (walks, n - 1)."""
    wanted: NDArray[np.bool_] = met[:, 1:] | met[:, :-1]
    return wanted


def _ends(wanted: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Where the rows of each walk end."""
    return np.cumsum(wanted.sum(axis=1))
