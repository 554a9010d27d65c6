"""Gaussian naive Bayes: counts, means and variances of each class by one matrix product with the masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .method import check_memory
from .predictions import Predictions, from_scores
from .problem import Floats, Problem
from .scaling import Scaling

_ROUNDING = 4e-16
"""Relative error of a sum of a few hundred terms."""
_VARIANCE = 1e-10
"""The relative error that a variance may have; worse ones are computed from the rows themselves."""
_SPREAD = 1e-7
"""The largest variance of a subset is computed from its rows if it is a smaller share of the mean square."""
_SCORE = 1e-10
"""The absolute error that a log likelihood may have; worse ones are computed from differences."""
_NONE = 1e-300
"""Less than any weight of a class."""


class GaussianBayes:
    """GaussianNB; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert problem.classes is not None
        self.problem, self.scaling = problem, scaling
        self.smoothing = float(model.var_smoothing)
        (n, d), c = problem.x.shape, len(problem.classes)
        check_memory(n, c * (2 * d + 1))
        inside = problem.indicators
        # centred by class: what is left of a class mean is small, and its square loses no digits
        self.centres = np.array([_mean(problem.centred[problem.codes == a]) for a in range(c)])
        own = inside[:, :, None] * (problem.centred[:, None, :] - self.centres)
        self.sums = np.hstack([inside, own.reshape(n, c * d), (own**2).reshape(n, c * d)])
        at = problem.centred_test[None, :, :] - self.centres[:, None, :]
        # sums of all classes, and of their squares, about the mean of all rows
        about = self.centres.reshape(c * d, 1) * np.tile(np.eye(d), (c, 1))
        ones, zeros = np.tile(np.eye(d), (c, 1)), np.zeros((c * d, d))
        self.whole = np.hstack(
            [np.vstack([self.centres, ones, zeros]), np.vstack([self.centres**2, 2 * about, ones])]
        )
        ones = np.ones((c, 1, len(problem.x_test)))
        self.squares = np.concatenate([(at**2).transpose(0, 2, 1), at.transpose(0, 2, 1), ones], axis=1)
        self.largest = (at**2).max(axis=1)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        return self.of_sums(self.problem.weighted(masks) @ self.sums, masks, want)

    def of_sums(self, sums: Floats, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        """Answers from the sums (b, q) of the subsets' rows of `sums`."""
        b, (c, d) = len(masks), self.centres.shape
        count = sums[:, :c]
        shift, square = (part.reshape(b, c, d) for part in (sums[:, c : c + c * d], sums[:, c + c * d :]))
        scale = None if self.scaling is None else self.scaling.of(masks)
        # the smoothing knows no weights
        plain = sums if self.problem.weights is None else masks.astype(np.float64) @ self.sums
        floor = self._floor(masks, plain, plain[:, :c], scale)
        size = np.maximum(count, _NONE)[:, :, None]
        mean, square = shift / size, square / size
        variance = square - mean**2
        if self.problem.weights is None:
            variance[count == 1] = 0.0  # and their means are those rows, to the last digit
        variance += floor[:, None, :]
        self._repair(masks, count, mean, square, variance, floor)
        seen = count > 0
        if not seen.all():
            variance = np.where(seen[:, :, None], variance, 1.0)
        done = np.ones(b, np.bool_) if variance.min() > 0 else np.asarray((variance > 0).all(axis=(1, 2)))
        if not done.all():
            variance = np.where(done[:, None, None], variance, 1.0)
        shares = np.log(np.maximum(count, _NONE) / count.sum(axis=1, keepdims=True))
        scores = self._scores(mean, variance, shares)
        if "predict_proba" not in want:
            done |= seen.sum(axis=1) == 1  # the one class, whatever its variance
        return from_scores(scores.transpose(1, 2, 0), seen, done, want)

    def _floor(self, masks: NDArray[np.bool_], sums: Floats, count: Floats, scale: Floats | None) -> Floats:
        """(b, d) or (b, 1) what is added to variances: a share of the largest variance of a (scaled) feature."""
        d = self.centres.shape[1]
        whole = (sums @ self.whole) / count.sum(axis=1)[:, None]
        mean, mean_square = whole[:, :d], whole[:, d:]
        variance = np.maximum(mean_square - mean**2, 0.0)
        for b in np.flatnonzero(variance.max(axis=1) <= _SPREAD * mean_square.max(axis=1)):
            variance[b] = self.problem.x[masks[b]].var(axis=0)
        if scale is None:
            return np.asarray(self.smoothing * variance.max(axis=1, keepdims=True))
        return np.asarray(self.smoothing * (variance / scale**2).max(axis=1)[:, None] * scale**2)

    def _repair(
        self,
        masks: NDArray[np.bool_],
        count: Floats,
        mean: Floats,
        square: Floats,
        variance: Floats,
        floor: Floats,
    ) -> None:
        """Means and variances of classes whose spread is tiny beside their distance from the class centre."""
        poor = variance < (_ROUNDING / _VARIANCE) * square
        if not poor.any():
            return
        weights = self.problem.weights
        for b, c in zip(*np.nonzero(poor.any(axis=2) & (count > (1 if weights is None else 0))), strict=True):
            at = masks[b] & (self.problem.codes == c)
            rows, own = self.problem.centred[at], None if weights is None else weights[at]
            place = _mean(rows, own)
            mean[b, c] = place - self.centres[c]
            variance[b, c] = np.average((rows - place) ** 2, axis=0, weights=own) + floor[b]

    def _scores(self, mean: Floats, variance: Floats, shares: Floats) -> Floats:
        """(c, b, k) log likelihoods and logarithms of the class shares (b, c)."""
        b, c, d = mean.shape
        weight = np.empty((c, b, 2 * d + 1))
        inverse = np.divide(-0.5, variance.transpose(1, 0, 2), out=weight[:, :, :d])
        linear = np.multiply(mean.transpose(1, 0, 2), inverse, out=weight[:, :, d:-1])
        own = np.einsum("cbd,bcd->cb", linear, mean)
        linear *= -2
        constant = -0.5 * np.log(variance).sum(axis=2).T + shares.T
        weight[:, :, -1] = constant + own
        scores = weight @ self.squares
        error = (inverse @ self.largest[:, :, None])[:, :, 0] + own
        for a, i in zip(*np.nonzero(error < -_SCORE / (2 * _ROUNDING)), strict=True):
            away = self.problem.centred_test - (mean[i, a] + self.centres[a])
            scores[a, i] = (away**2 * inverse[a, i]).sum(axis=1) + constant[a, i]
        return np.asarray(scores)


def _mean(rows: Floats, weights: Floats | None = None) -> Floats:
    """(d,) means; of equal numbers that number, so that it is the same in all classes."""
    mean = np.average(rows, axis=0, weights=weights)
    return np.asarray(np.where(rows.min(axis=0) == rows.max(axis=0), rows[0], mean))
