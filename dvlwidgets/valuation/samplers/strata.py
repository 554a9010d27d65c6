"""Independent subsets, counted for the points inside and for the points outside, size by size.

For a size s drawn with probability Q[s], a subset says v(S) for every point inside (weight p[s - 1] / (Q[s] s / n))
and for every point outside (weight p[s] / (Q[s] (1 - s / n))). Means are kept per size, or per bin of sizes, with
those weights normalised in the bin, and both ends (the empty and the full set) are exact; so a constant added to the
utility changes no value. Plain means per bin would be biased, because points inside lean to larger sizes.
What is averaged are residuals from the utility that a subset's size alone predicts: a curve fitted on the first step
plus the mean residual of subsets of about that size. Its own part is added back exactly. It carries no information
on points, but a stratum of several sizes no longer pays for the sizes that it happened to get (the bias of a ratio
of two random sums).
Wang & Jia, Data Banzhaf (AISTATS 2023), for the reuse of each subset by every point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import Memo, random_subsets
from ...engine.moments import Moments
from ...engine.records import Estimate, Evaluations
from ...typing import DrawLaw, Masks, SizeLaw
from ...utility.bound import BoundUtility, First
from .merged_strata import LEAST, merge, merged_starts
from .size_sums import SizeSums

SINGLE_SIZES_UP_TO = 300
"""Up to so many points every size is a stratum of its own; above, sizes share `BINS` bins."""

BINS = 32
NEAR = 1.2
"""Sizes within this factor share one level."""

BLOCK = 1024
"""Subsets are taken up so many at a time (two rounds): small matrix products cost more than what they multiply."""

NOTABLE, MET = 0.01, 1e-3
"""Strata with this share of the semivalue, and the share of the weight they should have by now that a point needs."""


@dataclass(frozen=True)
class StrataStats:
    """Sums of residuals, inside and outside, and what all points share.

    Attributes:
        sums: of utility minus curve.
        empty: v(empty), exact.
        full: v(N), exact.
        rows: subsets in the sums.
        curve: utility guessed from the size alone, sizes 0..n; None before the first block.
        bin_rows: subsets seen in each bin.
        bin_sums: their residuals' sums.
        waiting: steps that are not in the sums yet: (masks, utilities).
    """

    sums: SizeSums
    empty: float
    full: float
    rows: int = 0
    curve: NDArray[np.float64] | None = None
    bin_rows: NDArray[np.float64] | None = None
    bin_sums: NDArray[np.float64] | None = None
    waiting: tuple[tuple[Masks, NDArray[np.float64]], ...] = ()

    @property
    def moments(self) -> Moments:
        """What is in the sums, as moments of shape (2, bins, n)."""
        return self.sums.moments()


@dataclass(frozen=True)
class SizeStrata:
    """Random subsets with a law of sizes; see the module."""

    n: int
    law: SizeLaw
    draw_law: DrawLaw
    seed: int
    stream: int
    step_rows: int = 64
    round_steps: int = 8
    total_steps: int | None = None
    divisible: bool = True
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ("Wang & Jia, Data Banzhaf, AISTATS 2023",)
    bins: NDArray[np.intp] = field(init=False, repr=False)
    memo: Memo = field(init=False, repr=False, compare=False, default_factory=Memo)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bins", size_bins(self.draw_law))

    def rows(self, step: int) -> int:
        return self.step_rows

    def units(self, steps: int) -> int:
        return steps * self.step_rows

    def masks(self, step: int) -> Masks:
        return self.memo.get(step, self._draw)

    def _draw(self, step: int) -> Masks:
        return random_subsets(self.seed, self.stream, step, self.step_rows, self.draw_law)

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        return utility.evaluate(self.masks(step)[lo:hi])

    def initial(self, first: First) -> StrataStats:
        bins = int(self.bins.max()) + 1
        sums = SizeSums.nothing(bins, self.n, self._constant_weights())
        return StrataStats(sums, float(first.empty[0]), float(first.full[0]))

    def _constant_weights(self) -> NDArray[np.float64] | None:
        """The weights inside and outside in each bin, shape (2, bins), if each bin is one size."""
        drawn = self.bins[1 : self.n]
        if len(np.unique(drawn)) < len(drawn):
            return None
        weights = np.zeros((2, int(self.bins.max()) + 1))
        sizes = 1 + np.flatnonzero(self.draw_law[1 : self.n] > 0)
        weights[:, self.bins[sizes]] = self.observation_weights(sizes)
        return weights

    def fold(self, stats: StrataStats, step: int, evaluations: Evaluations) -> StrataStats:
        waiting = (*stats.waiting, (self.masks(step), evaluations.values[:, 0]))
        stats = replace(stats, waiting=waiting)
        return self._settled(stats) if waiting_rows(waiting) >= BLOCK else stats

    def _settled(self, stats: StrataStats) -> StrataStats:
        """The statistics with all steps in the sums, which are changed in place."""
        if not stats.waiting:
            return stats
        return self.fold_rows(replace(stats, waiting=()), *joined(stats.waiting))

    def fold_rows(self, stats: StrataStats, masks: Masks, utilities: NDArray[np.float64]) -> StrataStats:
        """Statistics with more subsets and their utilities; the sums are changed in place."""
        sizes = masks.sum(axis=1)
        curve = size_curve(sizes, utilities, stats.full, self.n) if stats.curve is None else stats.curve
        bins, residuals, many = self.bins[sizes], utilities - curve[sizes], len(stats.sums.zero)
        stats.sums.add(bins, residuals, masks, self.observation_weights(sizes))
        rows: NDArray[np.float64] = np.bincount(bins, minlength=many).astype(np.float64)
        sums: NDArray[np.float64] = np.bincount(bins, residuals, many).astype(np.float64)
        if stats.bin_rows is not None and stats.bin_sums is not None:
            rows, sums = rows + stats.bin_rows, sums + stats.bin_sums
        return StrataStats(stats.sums, stats.empty, stats.full, stats.rows + len(masks), curve, rows, sums)

    def observation_weights(self, sizes: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights of an observation of each size for a point inside and for one outside, shape (B,) each.

        Where the semivalue gives a size no weight the observation still counts, with a weight too small to matter:
        a stratum's mean is multiplied by its mass, which is then 0.
        """
        q, n = self.draw_law[sizes], self.n
        tiny = 1e-30
        inside = np.maximum(self.law[sizes - 1] / (q * sizes / n), tiny)
        outside = np.maximum(self.law[np.minimum(sizes, n - 1)] / (q * (1.0 - sizes / n)), tiny)
        return inside, outside

    def estimate(self, stats: StrataStats) -> Estimate:
        if stats.waiting:  # in a copy: where blocks begin must not depend on who asks when
            stats = self._settled(replace(stats, sums=stats.sums.copy()))
        sides = stats.sums.sides()
        counts = np.minimum(*(side.count.sum(axis=0) for side in sides)).astype(np.int64)
        starts = [merged_starts(side.count, LEAST) for side in sides]
        if stats.curve is None or starts[0] is None or starts[1] is None:
            nothing = np.full(self.n, np.nan)
            return Estimate(nothing, nothing.copy(), counts)
        level = self._levels(stats)
        off = np.nan_to_num(stats.sums.zero) - level
        drawn, n = np.arange(1, self.n), self.n
        shared = (stats.curve + level[self.bins])[1:n]
        values = np.full(n, float(self.law[-1]) * stats.full - float(self.law[0]) * stats.empty)
        variance = np.zeros(n)
        for side, (sign, law) in enumerate([(1.0, self.law[:-1]), (-1.0, self.law[1:])]):
            begins = starts[side]
            assert begins is not None
            merged = merge(sides[side], off, begins)
            mass = np.bincount(np.searchsorted(begins, self.bins[drawn], side="right") - 1, law, len(begins))
            values += sign * (float(law @ shared) + mass @ merged.mean)
            variance += mass**2 @ merged.variance
            # the sizes that carry the stratum were never met with this point: the others say nothing of it
            unmet = (mass[:, None] > NOTABLE) & (merged.weight < MET * stats.rows * mass[:, None])
            values[unmet.any(axis=0)] = np.nan
        variance[np.isnan(values)] = np.nan
        return Estimate(values, np.sqrt(variance), counts)

    def _levels(self, stats: StrataStats) -> NDArray[np.float64]:
        """The mean residual of all subsets of about a bin's size: what no single point is responsible for."""
        rows, sums = stats.bin_rows, stats.bin_sums
        assert rows is not None
        assert sums is not None
        bins, drawn = self.bins[1 : self.n], np.arange(1.0, self.n)
        size = np.bincount(bins, drawn, len(rows)) / np.bincount(bins, minlength=len(rows))
        lo = np.searchsorted(size, size / NEAR, side="left")
        hi = np.searchsorted(size, size * NEAR, side="right")
        seen, total = (np.concatenate([[0.0], np.cumsum(a)]) for a in (rows, sums))
        near_rows, near_sums = seen[hi] - seen[lo], total[hi] - total[lo]
        known = near_rows > 0
        levels: NDArray[np.float64] = np.interp(size, size[known], near_sums[known] / near_rows[known])
        return levels

    def exact(self, stats: StrataStats) -> bool:
        return self.n == 1

    def steps_for_updates(self, updates: int) -> int | None:
        return None

    def identity(self) -> dict[str, Any]:
        return {"draws": "subsets by size, 32 bits", "sizes": self.draw_law.tolist(), "step": self.step_rows}


def joined(
    waiting: Sequence[tuple[Masks, NDArray[np.float64]]],
) -> tuple[Masks, NDArray[np.float64]]:
    """The masks and utilities of several steps."""
    return np.concatenate([masks for masks, _ in waiting]), np.concatenate([y for _, y in waiting])


def waiting_rows(waiting: Sequence[tuple[Masks, NDArray[np.float64]]]) -> int:
    """Subsets in several steps."""
    return sum(len(masks) for masks, _ in waiting)


def size_curve(
    sizes: NDArray[np.intp], utilities: NDArray[np.float64], full: float, n: int
) -> NDArray[np.float64]:
    """A smooth guess of the utility of each size 0..n: least squares on 1, s / n and log s. Any guess is unbiased."""
    seen = np.append(sizes, n)
    design = _curve_basis(seen, n)
    weights, *_ = np.linalg.lstsq(design, np.append(utilities, full), rcond=1e-10)
    curve: NDArray[np.float64] = _curve_basis(np.arange(n + 1), n) @ weights
    return curve


def _curve_basis(sizes: NDArray[np.intp], n: int) -> NDArray[np.float64]:
    s = np.maximum(sizes, 1)
    return np.column_stack([np.ones(len(s)), s / n, np.log(s / n)])


def size_bins(draw_law: DrawLaw) -> NDArray[np.intp]:
    """The stratum of each size 0..n: one a size up to 300 points, else at most 32.

    Half of the edges are even in log(s / (n - s)), so that weights within a bin differ by little, the other half cut
    the draw law into equal masses.
    """
    n = len(draw_law) - 1
    if n <= SINGLE_SIZES_UP_TO:
        return np.clip(np.arange(n + 1) - 1, 0, max(0, n - 2))
    share = np.linspace(0.0, 1.0, BINS // 2 + 1)[1:-1]
    span = np.log(n - 1.0)
    spaced = n / (1.0 + np.exp(-span * (2.0 * share - 1.0)))
    masses = np.searchsorted(np.cumsum(draw_law), share)
    edges = np.unique(np.concatenate([spaced.round().astype(np.intp), masses]).clip(2, n - 1))
    inner = np.clip(np.arange(n + 1), 1, n - 1)  # sizes 0 and n are never drawn and go with their neighbours
    return np.unique(np.searchsorted(edges, inner, side="right"), return_inverse=True)[1]
