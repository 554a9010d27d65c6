"""Nearest centroids: class means of all subsets by one matrix product with the masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .method import check_memory
from .predictions import Predictions
from .problem import Floats, Problem
from .scaling import Scaling


class Centroids:
    """NearestCentroid by Euclidean distance; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert problem.classes is not None
        self.problem, self.scaling = problem, scaling
        (n, d), c = problem.x.shape, len(problem.classes)
        check_memory(n, c * (d + 1))
        inside, x = problem.indicators, problem.centred
        self.shape = c, d
        self.sums = np.hstack([inside, (inside[:, :, None] * x[:, None, :]).reshape(n, c * d)])
        self.squares = (x**2).sum(axis=1)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        return self.of_sums(masks.astype(np.float64) @ self.sums, masks, want)

    def of_sums(self, sums: Floats, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        """Answers from the sums (b, q) of the subsets' rows of `sums`."""
        b, (c, d) = len(masks), self.shape
        count = sums[:, :c]
        seen = count > 0
        means = sums[:, c:].reshape(b, c, d) / np.maximum(count, 1.0)[:, :, None]
        weighted = means
        if self.scaling is not None:
            weighted = means / self.scaling.of(masks)[:, None, :] ** 2
        # the squared distance without the test point's own square, which is the same for all classes
        scores = -2.0 * (weighted.reshape(b * c, d) @ self.problem.centred_test.T).reshape(b, c, -1)
        scores += (means * weighted).sum(axis=2)[:, :, None]
        scores[~seen] = np.inf
        # equal rows and a single class are scikit-learn's errors: it says them
        done = (seen.sum(axis=1) > 1) & ~self._all_equal(masks)
        return Predictions(done, codes=scores.argmin(axis=1), seen=seen)

    def _all_equal(self, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(b,) whether all rows of a subset may be equal: their distances from its first row add up to nothing."""
        weights, x = masks.astype(np.float64), self.problem.centred
        first = x[masks.argmax(axis=1)]
        away = weights @ self.squares - 2 * ((weights @ x) * first).sum(axis=1)
        away += weights.sum(axis=1) * (first**2).sum(axis=1)
        return np.asarray(away <= 1e-9 * self.squares.sum())
