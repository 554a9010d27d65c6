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

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import Memo, sizes_from_law, subsets_of_sizes, words
from ...engine.moments import Moments, add_rows, merge_groups
from ...engine.records import Estimate, Evaluations
from ...typing import DrawLaw, Masks, SizeLaw
from ...utility.bound import BoundUtility, First

SINGLE_SIZES_UP_TO = 300
"""Up to so many points every size is a stratum of its own; above, sizes share `BINS` bins."""

BINS = 32
NEAR = 1.2
"""Sizes within this factor share one level."""

LEAST = 4
"""A stratum is believed once each point was seen in it so often; else it joins its neighbour."""

NOTABLE, MET = 0.01, 1e-3
"""Strata with this share of the semivalue, and the share of the weight they should have by now that a point needs."""


@dataclass(frozen=True)
class StrataStats:
    """Moments of residuals of shape (2, bins, n), inside and outside, and what all points share.

    Attributes:
        moments: of utility minus curve.
        empty: v(empty), exact.
        full: v(N), exact.
        rows: subsets seen.
        curve: utility guessed from the size alone, sizes 0..n; None before the first step.
        bin_rows: subsets seen in each bin.
        bin_sums: their residuals' sums.
    """

    moments: Moments
    empty: float
    full: float
    rows: int = 0
    curve: NDArray[np.float64] | None = None
    bin_rows: NDArray[np.float64] | None = None
    bin_sums: NDArray[np.float64] | None = None


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
        raw = words(self.seed, self.stream, step, self.step_rows * (self.n + 1)).reshape(self.step_rows, -1)
        return subsets_of_sizes(raw[:, 1:], sizes_from_law(raw[:, 0], self.draw_law))

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        return utility.evaluate(self.masks(step)[lo:hi])

    def initial(self, first: First) -> StrataStats:
        groups = int(self.bins.max()) + 1
        return StrataStats(Moments.zeros(2, groups, self.n), float(first.empty[0]), float(first.full[0]))

    def fold(self, stats: StrataStats, step: int, evaluations: Evaluations) -> StrataStats:
        return self.fold_rows(stats, self.masks(step), evaluations.values[:, 0])

    def fold_rows(self, stats: StrataStats, masks: Masks, utilities: NDArray[np.float64]) -> StrataStats:
        """Statistics with more subsets and their utilities."""
        sizes = masks.sum(axis=1)
        curve = size_curve(sizes, utilities, stats.full, self.n) if stats.curve is None else stats.curve
        inside, outside = self.observation_weights(sizes)
        weights = np.where(masks, inside[:, None], 0.0), np.where(masks, 0.0, outside[:, None])
        bins, residuals = self.bins[sizes], utilities - curve[sizes]
        moments = add_rows(stats.moments, bins, residuals, np.stack(weights))
        many = stats.moments.mean.shape[1]
        rows: NDArray[np.float64] = np.bincount(bins, minlength=many).astype(np.float64)
        sums: NDArray[np.float64] = np.bincount(bins, residuals, many).astype(np.float64)
        if stats.bin_rows is not None and stats.bin_sums is not None:
            rows, sums = rows + stats.bin_rows, sums + stats.bin_sums
        return StrataStats(moments, stats.empty, stats.full, stats.rows + len(masks), curve, rows, sums)

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
        counts = np.minimum(*stats.moments.count.sum(axis=1))
        starts = [merged_starts(side, LEAST) for side in stats.moments.count]
        if stats.curve is None or starts[0] is None or starts[1] is None:
            nothing = np.full(self.n, np.nan)
            return Estimate(nothing, nothing.copy(), counts)
        level = self._levels(stats)
        centred = replace(stats.moments, mean=stats.moments.mean - level[None, :, None])
        drawn, n = np.arange(1, self.n), self.n
        shared = (stats.curve + level[self.bins])[1:n]
        values = np.full(n, float(self.law[-1]) * stats.full - float(self.law[0]) * stats.empty)
        variance = np.zeros(n)
        for side, (sign, law) in enumerate([(1.0, self.law[:-1]), (-1.0, self.law[1:])]):
            begins = starts[side]
            assert begins is not None
            merged = merge_groups(centred.side(side), begins)
            mass = np.bincount(np.searchsorted(begins, self.bins[drawn], side="right") - 1, law, len(begins))
            values += sign * (float(law @ shared) + mass @ merged.mean[0])
            variance += mass**2 @ merged_variance(centred.side(side), merged, begins)[0]
            # the sizes that carry the stratum were never met with this point: the others say nothing of it
            unmet = (mass[:, None] > NOTABLE) & (merged.weight[0] < MET * stats.rows * mass[:, None])
            values[unmet.any(axis=0)] = np.nan
        variance[np.isnan(values)] = np.nan
        return Estimate(values, np.sqrt(variance), counts)

    def _levels(self, stats: StrataStats) -> NDArray[np.float64]:
        """The mean residual of all subsets of about a bin's size: what no single point is responsible for."""
        rows, sums = stats.bin_rows, stats.bin_sums
        assert rows is not None
        assert sums is not None
        size = np.array([np.flatnonzero(self.bins[1 : self.n] == b).mean() + 1 for b in range(len(rows))])
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
        return {"draws": "subsets by size", "sizes": self.draw_law.tolist(), "step": self.step_rows}


def merged_variance(parts: Moments, merged: Moments, starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Squared standard errors of merged strata's weighted means, shape (k, strata, n).

    Sizes of one stratum have other weights and other spreads, mostly large ones together. With h an observation's
    share of the stratum's weight, the variance is the sum of (h r / (1 - h))^2 over residuals r, each from the mean
    of the others (the jackknife; MacKinnon & White 1985). Observations of one size share their weight, so their
    moments suffice. For equal weights that is n / (n - 1) times the usual estimate; the factor is taken out.

    Args:
        parts: moments of the single sizes, shape (k, sizes, n).
        merged: the same, merged.
        starts: where strata begin.
    """
    lengths = np.diff(np.r_[starts, parts.mean.shape[1]])
    total = np.repeat(merged.weight, lengths, axis=1)
    each = np.divide(parts.squares, parts.weight, out=np.zeros_like(total), where=parts.weight > 0)
    share = np.divide(each, total, out=np.zeros_like(total), where=total > 0)
    spread = parts.m2 + parts.weight * (parts.mean - np.repeat(merged.mean, lengths, axis=1)) ** 2
    terms = share * spread / np.maximum(total, 1e-60) / np.maximum(1.0 - share, 1e-6) ** 2
    variance = np.add.reduceat(terms, starts, axis=1) * (1.0 - 1.0 / np.maximum(merged.count, 2))
    return np.where(merged.count >= 2, variance, np.nan)


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


def merged_starts(per_bin: NDArray[np.int64], least: int) -> NDArray[np.intp] | None:
    """Where strata begin after merging neighbours until every point has `least` observations.

    The same strata serve all points. None when even all sizes together are too few.

    Args:
        per_bin: observations, shape (bins, n).
        least: how many are enough.
    """
    starts, last = [0], np.zeros(per_bin.shape[1], np.int64)
    for b in range(len(per_bin)):
        if b > starts[-1] and last.min(initial=least) >= least:
            starts.append(b)
            last = np.zeros_like(last)
        last = last + per_bin[b]
    if last.min(initial=least) < least:  # the last stratum is too thin: it joins the one before
        starts.pop()
    return np.array(starts, np.intp) if starts else None
