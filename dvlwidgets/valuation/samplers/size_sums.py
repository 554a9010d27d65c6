"""Sums over the subsets of each bin of sizes, point by point: what a stratum needs of its observations.

A subset observes every point, those inside with one weight and those outside with another, and both weights follow
from its size. So a block of subsets is added by one small matrix product a bin. Where a bin is one size its weights
are constants: then plain sums over the subsets that hold a point say everything, and what lies outside is the rest.
Residuals are counted from the first one met in their bin, so that utilities near 0.95 that differ by 1e-8 keep their
digits (the shifted sums of Chan, Golub & LeVeque, 1983).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...engine.moments import Moments
from ...typing import Masks

Floats = NDArray[np.float64]

PLAIN, WEIGHTED = 3, 5
"""Columns of the sums: (1, r, r^2) of one side, or (1, w, w^2, w r, w r^2) of both."""


@dataclass(frozen=True)
class SideSums:
    """Sums over the subsets that hold a point, or over those that do not, all of shape (bins, n).

    Attributes:
        count: subsets.
        weight: of their weights.
        squares: of their weights' squares.
        first: weighted, of what their residuals are from the bin's zero.
        second: weighted, of the squares of that.
    """

    count: Floats
    weight: Floats
    squares: Floats
    first: Floats
    second: Floats


@dataclass(frozen=True)
class SizeSums:
    """Running sums; `add` changes the arrays in place, whoever folds owns them.

    Attributes:
        weights: weights of a point inside and outside in each bin, shape (2, bins), where they are constant; or None.
        inside: (bins, columns, n), over subsets that hold a point.
        outside: the same over those that do not, shape (bins, columns, n); with constant weights the sums over all
            subsets instead, shape (bins, columns, 1).
        zero: (bins,) the first residual met, from which the others are counted; NaN before.
    """

    weights: Floats | None
    inside: Floats
    outside: Floats
    zero: Floats

    @classmethod
    def nothing(cls, bins: int, n: int, weights: Floats | None) -> SizeSums:
        """No subset yet."""
        columns = WEIGHTED if weights is None else PLAIN
        others = np.zeros((bins, columns, n if weights is None else 1))
        return cls(weights, np.zeros((bins, columns, n)), others, np.full(bins, np.nan))

    def copy(self) -> SizeSums:
        """The same sums in arrays of their own."""
        arrays = {k: getattr(self, k).copy() for k in ("inside", "outside", "zero")}
        return replace(self, **arrays)

    def add(
        self, bins: NDArray[np.intp], residuals: Floats, masks: Masks, weights: tuple[Floats, Floats]
    ) -> None:
        """Add a block of subsets.

        Args:
            bins: (B,) the bin of each.
            residuals: (B,).
            masks: (B, n).
            weights: (B,) each: of their points inside, of those outside; not looked at where they are constant.
        """
        if len(bins) == 0:
            return
        order = np.argsort(bins, kind="stable")
        ranked, member = bins[order], masks[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        met = ranked[starts]
        new = np.isnan(self.zero[met])
        self.zero[met[new]] = residuals[order][starts[new]]
        r = residuals[order] - self.zero[ranked]
        ends = [*starts[1:].tolist(), len(bins)]
        of_bins = zip(met.tolist(), starts.tolist(), ends, strict=True)
        if self.weights is not None:
            columns = np.stack([np.ones(len(r)), r, r * r])
            self.outside[met, :, 0] += np.add.reduceat(columns, starts, axis=1).T
            for b, lo, hi in of_bins:
                self.inside[b] += columns[:, lo:hi] @ member[lo:hi].astype(np.float64)
            return
        within, beyond = (_weighted(w[order], r) for w in weights)
        for b, lo, hi in of_bins:
            held = member[lo:hi].astype(np.float64)
            self.inside[b] += within[:, lo:hi] @ held
            self.outside[b] += beyond[:, lo:hi] @ (1.0 - held)

    def sides(self) -> tuple[SideSums, SideSums]:
        """The sums over subsets that hold a point, and over those that do not."""
        if self.weights is None:
            inside, outside = (SideSums(*np.moveaxis(a, 1, 0)) for a in (self.inside, self.outside))
            return inside, outside
        rest = self.outside - self.inside
        rest[:, 1:] *= rest[:, :1] > 0  # where nothing is left, nothing but rounding is
        inside, outside = (
            _scaled(a, w[:, None]) for a, w in zip((self.inside, rest), self.weights, strict=True)
        )
        return inside, outside

    def moments(self) -> Moments:
        """The same as moments of shape (2, bins, n)."""
        zero = np.nan_to_num(self.zero)[:, None]
        each = [_as_moments(side, zero) for side in self.sides()]
        names = ("count", "weight", "squares", "mean", "m2")
        return Moments(*(np.stack([m[name] for m in each]) for name in names))


def _weighted(weight: Floats, residuals: Floats) -> Floats:
    first = weight * residuals
    return np.stack([np.ones(len(weight)), weight, weight * weight, first, first * residuals])


def _scaled(plain: Floats, weight: Floats) -> SideSums:
    count = plain[:, 0]
    return SideSums(
        count, weight * count, weight * weight * count, weight * plain[:, 1], weight * plain[:, 2]
    )


def _as_moments(side: SideSums, zero: Floats) -> dict[str, NDArray[np.generic]]:
    seen = side.weight > 0
    mean = np.divide(side.first, side.weight, out=np.zeros_like(side.first), where=seen)
    return {
        "count": side.count.astype(np.int64),
        "weight": side.weight,
        "squares": side.squares,
        "mean": np.where(seen, mean + zero, 0.0),
        "m2": np.maximum(side.second - side.first * mean, 0.0),
    }
