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
        self.at, self.squares = at, np.concatenate([at**2, at], axis=2)  # (c, k, d), (c, k, 2d)
        self.largest = np.abs(at).max(axis=1)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        b, (c, d) = len(masks), self.centres.shape
        sums = masks.astype(np.float64) @ self.sums
        count = sums[:, :c]
        shift, square = (part.reshape(b, c, d) for part in (sums[:, c : c + c * d], sums[:, c + c * d :]))
        scale = None if self.scaling is None else self.scaling.of(masks)
        floor = self._floor(masks, count, shift, square, scale)
        size = np.maximum(count, 1.0)[:, :, None]
        mean, square = shift / size, square / size
        variance = square - mean**2 + floor[:, None, :]
        place = mean + self.centres  # about one centre for all classes
        self._repair(masks, count, place, mean, square, variance, floor)
        seen = count > 0
        variance = np.where(seen[:, :, None], variance, 1.0)
        done = np.asarray((variance > 0).all(axis=(1, 2)))
        scores = self._scores(place, mean, np.where(done[:, None, None], variance, 1.0))
        with np.errstate(divide="ignore"):
            scores += np.log(count / count.sum(axis=1, keepdims=True))[:, None, :]
        return from_scores(scores, seen, done, want)

    def _floor(
        self, masks: NDArray[np.bool_], count: Floats, shift: Floats, square: Floats, scale: Floats | None
    ) -> Floats:
        """(b, d) or (b, 1) what is added to variances: a share of the largest variance of a (scaled) feature."""
        size = count.sum(axis=1)[:, None]
        mean = (shift + count[:, :, None] * self.centres).sum(axis=1) / size
        whole = square + 2 * self.centres * shift + count[:, :, None] * self.centres**2
        mean_square = whole.sum(axis=1) / size
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
        place: Floats,
        mean: Floats,
        square: Floats,
        variance: Floats,
        floor: Floats,
    ) -> None:
        """Means and variances of classes whose spread is tiny beside their distance from the class centre."""
        poor = (_ROUNDING * square > _VARIANCE * variance).any(axis=2) & (count > 0)
        for b, c in zip(*np.nonzero(poor), strict=True):
            rows = self.problem.centred[masks[b] & (self.problem.codes == c)]
            place[b, c] = _mean(rows)
            mean[b, c] = place[b, c] - self.centres[c]
            variance[b, c] = rows.var(axis=0) + floor[b]

    def _scores(self, place: Floats, mean: Floats, variance: Floats) -> Floats:
        """(b, k, c) log likelihoods without the class shares."""
        inverse = 1.0 / variance
        scores = np.empty((len(mean), self.at.shape[1], mean.shape[1]))
        for c in range(mean.shape[1]):
            weight = np.concatenate([inverse[:, c], -2 * mean[:, c] * inverse[:, c]], axis=1)
            scores[:, :, c] = weight @ self.squares[c].T
        own = (mean**2 * inverse).sum(axis=2)
        scores += own[:, None, :]
        error = _ROUNDING * ((self.largest**2 * inverse).sum(axis=2) + own)
        for b, c in zip(*np.nonzero(error > _SCORE), strict=True):
            away = self.problem.centred_test - place[b, c]
            scores[b, :, c] = (away**2 * inverse[b, c]).sum(axis=1)
        scores += np.log(variance).sum(axis=2)[:, None, :]
        scores *= -0.5
        return scores


def _mean(rows: Floats) -> Floats:
    """(d,) means; of equal numbers that number, so that it is the same in all classes."""
    return np.asarray(np.where(rows.min(axis=0) == rows.max(axis=0), rows[0], rows.mean(axis=0)))
