"""What a regression needs of its rows: weighted sums of products of features, fold by fold.

Most of the work is X'X of the memberships, n^2 products a row. Where memberships are all there is to a point, the roots
of the weights are rounded to whole numbers: then a product of float32 matrices is exact, at half the price, and the
centring is taken off afterwards. Which weights a regression uses changes what it leaves, never what is unbiased.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...typing import Masks
from .features import FREE, LEVELS, Features
from .surrogate import Floats

FOLDS = 5

EXACT_ROWS = 2**24 // LEVELS**2
"""Rows of a product: its sums stay below 2^24, up to where float32 counts."""


@dataclass(frozen=True)
class Scored:
    """Subsets that were scored.

    Attributes:
        masks: shape (B, n).
        utilities: theirs, shape (B,).
        folds: the fold that each is in, shape (B,).
        counted: votes of their neighbours, where features have them.
    """

    masks: Masks
    utilities: Floats
    folds: NDArray[np.intp]
    counted: Floats | None = None


@dataclass(frozen=True)
class Grams:
    """Weighted sums over the rows of each fold, X'X, X'y and y'y, and the number of rows of all."""

    xx: Floats
    xy: Floats
    yy: Floats
    rows: int

    @classmethod
    def zeros(cls, count: int) -> Grams:
        """Nothing seen."""
        return cls(
            np.zeros((FOLDS, count, count)),
            np.zeros((FOLDS, count)),
            np.zeros(FOLDS),
            0,
        )

    def add(self, features: Features, more: Scored) -> Grams:
        """With more rows; **the arrays of these sums are changed in place** (the caller gives them away)."""
        if features.levels is None:
            self._add_features(features, more)
        else:
            self._add_members(features, more)
        return replace(self, rows=self.rows + len(more.masks))

    def _add_features(self, features: Features, more: Scored) -> None:
        root = np.sqrt(features.weights[more.masks.sum(axis=1)])
        x, y = features.rows(more.masks, more.counted), more.utilities * root
        x *= root[:, None]
        for fold in range(FOLDS):
            here = more.folds == fold
            own, said = x[here], y[here]
            self.xx[fold] += own.T @ own  # one matrix with itself: half of a product
            self.xy[fold] += own.T @ said
            self.yy[fold] += float(said @ said)

    def _add_members(self, features: Features, more: Scored) -> None:
        assert features.levels is not None
        masks = more.masks
        sizes = masks.sum(axis=1)
        root = features.levels[sizes]
        others = np.column_stack([*features.beside(sizes, more.counted), sizes / features.n, more.utilities])
        others *= root[:, None]
        whole = root.astype(np.float32)
        for fold in range(FOLDS):
            here = np.flatnonzero(more.folds == fold)
            for low in range(0, len(here), EXACT_ROWS):
                rows = here[low : low + EXACT_ROWS]
                self._take(fold, features.n, masks[rows] * whole[rows, None], others[rows])

    def _take(self, fold: int, n: int, member: NDArray[np.float32], others: Floats) -> None:
        """Rows of one fold.

        Args:
            fold: which.
            n: points.
            member: the memberships, not centred, times the roots of the weights; shape (B, n).
            others: the other features, the sizes over n and the utilities, times the same; shape (B, others + 2).
        """
        both = (member.T @ member).astype(np.float64)
        across, among = others.T @ member, others.T @ others
        share, said = len(among) - 2, len(among) - 1
        both -= across[share][:, None]
        both -= across[share] - among[share, share]
        beside = np.r_[0:FREE, FREE + n : self.xy.shape[1]]
        centred = across[:share] - among[:share, share][:, None]
        members, xx, xy = slice(FREE, FREE + n), self.xx[fold], self.xy[fold]
        xx[members, members] += both
        xx[beside, members] += centred
        xx[members, beside] += centred.T
        xx[beside[:, None], beside] += among[:share, :share]
        xy[members] += across[said] - among[share, said]
        xy[beside] += among[:share, said]
        self.yy[fold] += among[said, said]

    def of(self, used: NDArray[np.intp]) -> Grams:
        """The sums of some columns; views where these are the first ones."""
        count = len(used)
        if count and used[-1] == count - 1:
            return replace(self, xx=self.xx[:, :count, :count], xy=self.xy[:, :count])
        return replace(self, xx=self.xx[:, used[:, None], used], xy=self.xy[:, used])

    def without(self, *folds: int) -> tuple[Floats, Floats]:
        """X'X and X'y of the rows of all other folds."""
        first, *others = [fold for fold in range(FOLDS) if fold not in folds]
        xx, xy = self.xx[first].copy(), self.xy[first].copy()
        for fold in others:
            xx += self.xx[fold]
            xy += self.xy[fold]
        return xx, xy

    def error(self, fold: int, beta: Floats) -> Floats:
        """Weighted squared errors of coefficients (count, k) on the rows of a fold, shape (k,)."""
        xx, xy = self.xx[fold], self.xy[fold]
        squares: Floats = self.yy[fold] - 2.0 * xy @ beta + ((xx @ beta) * beta).sum(axis=0)
        return squares
