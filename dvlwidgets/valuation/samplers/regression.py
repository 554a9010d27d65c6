"""Cross-fitted ridge regression of the utility on the mask, from Gram matrices that grow with each step.

The features of a subset S of size s are functions of s (free), and for each point j: its membership m_j - s / n, the
same times 2 s / n - 1, the same over s (what a point adds to an average), for few points all pairs, and the votes of
the nearest neighbours where the utility has such. Given the size they have mean 0, so that the parts hardly disturb
each other. A row counts as much as its size matters to the semivalue's variance, so the regression minimises what is
left of it. Parts and penalty are chosen by cross-validation inside the training folds, so that a held-out row stays
untouched by everything that its guess was made of. (Generalised cross-validation would not do: the few rows of the
smallest sizes weigh most and have all the leverage.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...typing import Masks
from ...utility.votes import Votes
from .surrogate import Floats, Surrogate

FOLDS = 5
MOST_PAIRED = 32
"""With more points the pairs are too many to be learned from what a run can afford."""
MOST_SHAPED = 120
"""With more points only memberships are learned: the matrices grow with the square of the features."""
ROWS_A_POINT = 8
"""Memberships are learned from so many rows for each point on: before, they add more noise than they take."""
WORTH = 0.97
"""A larger candidate must leave less than this share of the error, or it only adds noise of its own."""
PENALTIES = np.geomspace(1e-6, 1e2, 17)
"""Relative to the mean eigenvalue of the Gram matrix."""


@dataclass(frozen=True)
class Features:
    """The features of n points and where their parts begin.

    Attributes:
        n: points.
        weights: how much a row of each size 0..n counts.
        votes: the votes of neighbours in subsets, where the utility has such.
    """

    n: int
    weights: Floats
    votes: Votes | None = None

    @cached_property
    def free(self) -> Floats:
        """The functions of the size, shape (4, n + 1)."""
        s = np.maximum(np.arange(self.n + 1), 0.5)
        return np.stack([np.ones(self.n + 1), s / self.n, np.log(s / self.n), 1.0 / s])

    @cached_property
    def shapes(self) -> Floats:
        """The functions h of the size that memberships are multiplied with, shape (1 or 3, n + 1)."""
        s = np.maximum(np.arange(self.n + 1), 1.0)
        plain = np.ones(self.n + 1)
        if self.n > MOST_SHAPED:
            return plain[None]
        return np.stack([plain, 2.0 * s / self.n - 1.0, self.n / (2.0 * s)])

    @cached_property
    def couples(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pairs of points, first and second of each."""
        if self.n > MOST_PAIRED:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        first, second = np.triu_indices(self.n, 1)
        return first, second

    @cached_property
    def votes_of_sizes(self) -> Floats:
        """The mean votes of each size, shape (K, n + 1); no rows without votes."""
        return np.zeros((0, self.n + 1)) if self.votes is None else self.votes.of_sizes()

    @property
    def count(self) -> int:
        """Columns in all: functions of the size, memberships, pairs, votes."""
        return self._before_votes + len(self.votes_of_sizes)

    @property
    def _before_votes(self) -> int:
        return 4 + len(self.shapes) * self.n + len(self.couples[0])

    def count_votes(self, masks: Masks) -> Floats | None:
        """The votes of subsets, shape (B, K), or None."""
        return None if self.votes is None else self.votes(masks)

    def candidates(self) -> list[NDArray[np.intp]]:
        """Which penalised columns may go together: parts are dropped where they do not pay."""
        n, paired = self.n, len(self.couples[0])
        parts = [np.arange(4 + h * n, 4 + (h + 1) * n) for h in range(len(self.shapes))]
        sets = [[0]] if len(parts) == 1 else [[0], [0, 1], [0, 2]]
        found = [np.concatenate([parts[h] for h in chosen]) for chosen in sets]
        if paired:
            last = np.arange(self._before_votes - paired, self._before_votes)
            found += [np.concatenate([found[0], last]), np.concatenate([found[-1], last])]
        if self.votes is not None:
            heard = np.arange(self._before_votes, self.count)
            found = [heard, *found, *(np.concatenate([columns, heard]) for columns in found)]
        return [np.zeros(0, np.intp), *found]

    def rows(self, masks: Masks, counted: Floats | None = None) -> Floats:
        """The features of subsets, shape (B, count); `counted` are their votes."""
        size, n = masks.sum(axis=1), self.n
        centred = masks - (size / n)[:, None]
        columns = [self.free[:, size].T, *(centred * h[size][:, None] for h in self.shapes)]
        first, second = self.couples
        if len(first):
            both = masks[:, first] & masks[:, second]
            columns.append(both - (size * (size - 1) / (n * (n - 1)))[:, None])
        if counted is not None:
            columns.append(counted - self.votes_of_sizes[:, size].T)
        return np.concatenate(columns, axis=1)

    def surrogate(self, beta: Floats) -> Surrogate:
        """The function with these coefficients, the centring taken apart."""
        n, h = self.n, len(self.shapes)
        s = np.arange(n + 1)
        slopes = beta[4 : 4 + h * n].reshape(h, n)
        sizes = beta[:4] @ self.free - (slopes.sum(axis=1)[:, None] * self.shapes * (s / n)).sum(axis=0)
        pairs, heeds = None, None
        first, second = self.couples
        if len(first):
            each = beta[4 + h * n : self._before_votes]
            pairs = np.zeros((n, n))
            pairs[first, second] = pairs[second, first] = each
            sizes = sizes - each.sum() * s * (s - 1) / (n * (n - 1))
        if self.votes is not None:
            heeds = beta[self._before_votes :]
            sizes = sizes - heeds @ self.votes_of_sizes
        return Surrogate(sizes, self.shapes, slopes, pairs, heeds, self.votes)


@dataclass(frozen=True)
class Grams:
    """Weighted sums over the rows of each fold: X'X, X'y, y'y and the number of rows."""

    xx: Floats
    xy: Floats
    yy: Floats
    rows: NDArray[np.int64]

    @classmethod
    def zeros(cls, count: int) -> Grams:
        """Nothing seen."""
        return cls(
            np.zeros((FOLDS, count, count)),
            np.zeros((FOLDS, count)),
            np.zeros(FOLDS),
            np.zeros(FOLDS, np.int64),
        )

    def add(
        self,
        features: Features,
        masks: Masks,
        utilities: Floats,
        folds: NDArray[np.intp],
        counted: Floats | None = None,
    ) -> Grams:
        """With more rows and their votes; **the arrays are changed in place** (the caller owns them)."""
        x, weight = features.rows(masks, counted), features.weights[masks.sum(axis=1)]
        for fold in range(FOLDS):
            here = folds == fold
            scaled, y = x[here] * weight[here, None], utilities[here]
            self.xx[fold] += scaled.T @ x[here]
            self.xy[fold] += scaled.T @ y
            self.yy[fold] += float(weight[here] @ y**2)
            self.rows[fold] += int(here.sum())
        return self

    def without(self, *folds: int) -> tuple[Floats, Floats]:
        """X'X and X'y of the rows of all other folds."""
        kept = np.setdiff1d(np.arange(FOLDS), folds)
        return self.xx[kept].sum(axis=0), self.xy[kept].sum(axis=0)

    def error(self, fold: int, used: NDArray[np.intp], beta: Floats) -> Floats:
        """Weighted squared errors of coefficients (used, k) on the rows of a fold, shape (k,)."""
        xx, xy = self.xx[fold][np.ix_(used, used)], self.xy[fold][used]
        squares: Floats = self.yy[fold] - 2.0 * xy @ beta + ((xx @ beta) * beta).sum(axis=0)
        return squares


def cross_fitted(features: Features, grams: Grams) -> list[Surrogate]:
    """One surrogate a fold, made of the rows of the others, parts and penalty included.

    What they say of the size alone is the average over folds. It cancels in a stratum; where it differed, a size that
    hardly any other fold has met would count from one surrogate's extrapolation and be given back another's.
    """
    chosen = _choices(features, grams)
    betas = [
        _path(*grams.without(fold), columns, features, np.array([penalty]))[:, 0]
        for fold, (columns, penalty) in enumerate(chosen)
    ]
    shared = np.mean([beta[:4] for beta in betas], axis=0)
    return [features.surrogate(np.concatenate([shared, beta[4:]])) for beta in betas]


def _choices(features: Features, grams: Grams) -> list[tuple[NDArray[np.intp], float]]:
    """For each fold the columns and the penalty that predict best among the other folds.

    A model made without two neighbouring folds is judged on each of them for the sake of the other.
    """
    least = np.full(FOLDS, np.inf)
    chosen: list[tuple[NDArray[np.intp], float]] = [(np.zeros(0, np.intp), 1.0)] * FOLDS
    for columns in features.candidates():
        rows, voting = int(grams.rows.sum()), len(columns) <= len(features.votes_of_sizes)
        if len(columns) > rows / 2 or (not voting and rows < ROWS_A_POINT * features.n):
            continue
        penalties = PENALTIES if len(columns) else PENALTIES[-1:]
        used = np.concatenate([np.arange(4), columns])
        errors = np.zeros((FOLDS, len(penalties)))
        for f in range(FOLDS):
            j = (f + 1) % FOLDS
            beta = _path(*grams.without(f, j), columns, features, penalties)[used]
            errors[f] += grams.error(j, used, beta)
            errors[j] += grams.error(f, used, beta)
        for f in map(int, np.flatnonzero(errors.min(axis=1) < WORTH * least)):
            least[f] = errors[f].min()
            chosen[f] = columns, float(penalties[errors[f].argmin()])
    return chosen


def _path(xx: Floats, xy: Floats, columns: NDArray[np.intp], features: Features, penalties: Floats) -> Floats:
    """Ridge coefficients for several penalties, shape (count, penalties)."""
    free = slice(0, 4)
    inverse = np.linalg.pinv(xx[free, free], rcond=1e-10, hermitian=True)
    beta = np.zeros((len(xy), len(penalties)))
    beta[free] = (inverse @ xy[free])[:, None]
    if not len(columns):
        return beta
    across = xx[free][:, columns]
    gram = xx[np.ix_(columns, columns)] - across.T @ inverse @ across
    scale = _scales(np.diag(gram), columns, features)
    values, vectors = np.linalg.eigh(gram / scale[:, None] / scale[None, :])
    values = np.maximum(values, 0.0)
    turned = vectors.T @ ((xy[columns] - across.T @ inverse @ xy[free]) / scale)
    floors = penalties * max(float(values.mean()), 1e-300)
    beta[columns] = (vectors @ (turned[:, None] / (values[:, None] + floors))) / scale[:, None]
    beta[free] -= inverse @ (across @ beta[columns])
    return beta


def _scales(diagonal: Floats, columns: NDArray[np.intp], features: Features) -> Floats:
    """One scale for each part (all points are alike to the draws): the root of its mean diagonal."""
    part = np.minimum((columns - 4) // features.n, len(features.shapes))
    part = np.where(columns >= features.count - len(features.votes_of_sizes), len(features.shapes) + 1, part)
    mean = np.bincount(part, diagonal) / np.maximum(np.bincount(part), 1)
    scale: Floats = np.sqrt(np.maximum(mean, 1e-300))[part]
    return scale
