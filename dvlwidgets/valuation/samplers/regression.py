"""Cross-fitted ridge regression of the utility on a subset's features, from Gram matrices that grow with each step.

A row counts as much as its size matters to the semivalue's variance, so the regression minimises what is left of it.
Parts and penalty are chosen by cross-validation inside the training folds, so that a held-out row stays untouched by
everything that its guess was made of. (Generalised cross-validation would not do: the few rows of the smallest sizes
weigh most and have all the leverage.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from ...typing import Masks
from .features import FREE, Features
from .surrogate import Floats, Surrogate

FOLDS = 5
WORTH = 0.97
"""A larger candidate must leave less than this share of the error, or it only adds noise of its own."""
PENALTIES = np.geomspace(1e-6, 1e2, 17)
"""Relative to the mean eigenvalue of the Gram matrix."""
WORK = 64
"""Columns that LAPACK works on at a time."""


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

    def add(
        self,
        features: Features,
        masks: Masks,
        utilities: Floats,
        folds: NDArray[np.intp],
        counted: Floats | None = None,
    ) -> Grams:
        """With more rows and their votes; **the arrays are changed in place** (the caller gives them away)."""
        root = np.sqrt(features.weights[masks.sum(axis=1)])
        x, y = features.rows(masks, counted), utilities * root
        x *= root[:, None]
        for fold in range(FOLDS):
            here = folds == fold
            own, said = x[here], y[here]
            self.xx[fold] += own.T @ own  # one matrix with itself: half of a product
            self.xy[fold] += own.T @ said
            self.yy[fold] += float(said @ said)
        return replace(self, rows=self.rows + len(masks))

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


def cross_fitted(features: Features, grams: Grams) -> list[Surrogate]:
    """One surrogate a fold, made of the rows of the others, parts and penalty included.

    What they say of the size alone is the average over folds. It cancels in a stratum; where it differed, a size that
    hardly any other fold has met would count from one surrogate's extrapolation and be given back another's.
    """
    chosen = _choices(features, grams)
    betas = np.zeros((FOLDS, features.count))
    for fold, (columns, penalty) in enumerate(chosen):
        used = np.concatenate([np.arange(FREE), columns])
        path = _path(*grams.of(used).without(fold), columns, features, np.array([penalty]))
        betas[fold, used] = path[:, 0]
    shared = np.mean([beta[:FREE] for beta in betas], axis=0)
    return [features.surrogate(np.concatenate([shared, beta[FREE:]])) for beta in betas]


def _choices(features: Features, grams: Grams) -> list[tuple[NDArray[np.intp], float]]:
    """For each fold the columns and the penalty that predict best among the other folds.

    A model made without two neighbouring folds is judged on each of them for the sake of the other.
    """
    least = np.full(FOLDS, np.inf)
    chosen: list[tuple[NDArray[np.intp], float]] = [(np.zeros(0, np.intp), 1.0)] * FOLDS
    for columns in features.candidates(grams.rows):
        penalties = PENALTIES if len(columns) else PENALTIES[-1:]
        those = grams.of(np.concatenate([np.arange(FREE), columns]))
        errors = np.zeros((FOLDS, len(penalties)))
        for f in range(FOLDS):
            j = (f + 1) % FOLDS
            beta = _path(*those.without(f, j), columns, features, penalties)
            errors[f] += those.error(j, beta)
            errors[j] += those.error(f, beta)
        for f in map(int, np.flatnonzero(errors.min(axis=1) < WORTH * least)):
            least[f] = errors[f].min()
            chosen[f] = columns, float(penalties[errors[f].argmin()])
    return chosen


def _path(xx: Floats, xy: Floats, columns: NDArray[np.intp], features: Features, penalties: Floats) -> Floats:
    """Ridge coefficients for several penalties, shape (FREE + columns, penalties).

    Args:
        xx: X'X of the functions of the size and of `columns`.
        xy: X'y of the same.
        columns: which features are penalised.
        features: what they are.
        penalties: see `ridges`.
    """
    inverse = np.linalg.pinv(xx[:FREE, :FREE], rcond=1e-10, hermitian=True)
    level = np.repeat((inverse @ xy[:FREE])[:, None], len(penalties), axis=1)
    if not len(columns):
        return level
    across = xx[:FREE, FREE:]
    gram = xx[FREE:, FREE:] - across.T @ (inverse @ across)
    scale = _scales(np.diag(gram), columns, features)
    target = (xy[FREE:] - across.T @ (inverse @ xy[:FREE])) / scale
    gram /= scale[:, None]
    gram /= scale
    beta = ridges(gram, target, penalties) / scale[:, None]
    return np.concatenate([level - inverse @ (across @ beta), beta])


def ridges(gram: Floats, target: Floats, penalties: Floats) -> Floats:
    """(gram + penalty x its mean eigenvalue)^-1 target for several penalties, shape (k, penalties).

    With gram = Q T Q' and T tridiagonal each penalty costs k operations, and Q is applied from its reflectors: a
    third of the time that eigenvectors take.

    Args:
        gram: symmetric, without negative eigenvalues beyond rounding, shape (k, k).
        target: (k,).
        penalties: positive.
    """
    k = len(gram)
    floors = penalties * max(float(np.trace(gram)) / k, 1e-300)
    if k == 1:
        return target[:, None] / (max(float(gram[0, 0]), 0.0) + floors)
    reflectors, diagonal, beside, tau, _ = lapack.dsytrd(gram, lower=1, lwork=WORK * k)
    house = reflectors[1:, :-1]  # H(1) ... H(k - 1) leave the first row alone

    def turned(columns: Floats, how: str) -> Floats:
        below, *_ = lapack.dormqr("L", how, house, tau, columns[1:], WORK * k)
        return np.concatenate([columns[:1], below])

    known = turned(target[:, None], "T")
    # the smallest penalty is far above the rounding of a matrix without negative eigenvalues: never singular
    solved = [lapack.dptsv(diagonal + floor, beside, known)[2] for floor in floors]
    return turned(np.concatenate(solved, axis=1), "N")


def _scales(diagonal: Floats, columns: NDArray[np.intp], features: Features) -> Floats:
    """One scale for each part (all points are alike to the draws): the root of its mean diagonal."""
    part = np.minimum((columns - FREE) // features.n, len(features.shapes))
    part = np.where(columns >= features.count - len(features.votes_of_sizes), len(features.shapes) + 1, part)
    mean = np.bincount(part, diagonal) / np.maximum(np.bincount(part), 1)
    scale: Floats = np.sqrt(np.maximum(mean, 1e-300))[part]
    return scale
