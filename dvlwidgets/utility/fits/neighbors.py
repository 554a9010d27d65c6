"""K nearest neighbours: training rows are ranked once for each test point; a subset takes its first K of them.

Rows at equal distances rank by their position, where scikit-learn's choice is arbitrary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ..knn_neighbours import Neighbours, ranking
from .method import NotCoveredError, check_memory
from .predictions import Predictions
from .problem import Floats, Problem
from .scaling import Scaling

_MOST_CLASSES = 32
_TOGETHER = 128
"""So many test points look at the first ranks together."""
_FIRST = 250
"""At most so many ranks are counted in bytes."""


class _Nearest:
    """What both share; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert scaling is None
        self.problem, self.k = problem, int(model.n_neighbors)
        check_memory(len(problem.x), len(problem.x_test))
        train = Dataset(problem.x, np.zeros(len(problem.x)))
        test = Dataset(problem.x_test, np.zeros(len(problem.x_test)))
        near = Neighbours(train, test, model, exact=True)
        # one row a rank, so that the first ranks of all test points lie together
        self.order = np.ascontiguousarray(ranking(near.distances(np.arange(near.n_test))).T)
        self.first = min(len(problem.x), _FIRST, max(32, 12 * self.k))

    def sums(self, masks: NDArray[np.bool_], values: Floats) -> Floats:
        """(b, k, v) sums of values (n, v) over each test point's K nearest rows in each subset.

        The first ranks are looked at for all pairs of a subset and a test point together, later ones only for pairs
        that have not found K rows.
        """
        b, t, v = len(masks), self.order.shape[1], values.shape[1]
        total, inside = np.zeros((v, t, b)), np.ascontiguousarray(masks.T)
        for low in range(0, t, _TOGETHER):
            points = slice(low, min(t, low + _TOGETHER))
            found = self._first_ranks(inside, values, total, points)
            point, subset = np.nonzero(found < self.k)
            self._later(inside, values, total, point + low, subset, found[point, subset].astype(np.int64))
        return np.asarray(total.transpose(2, 1, 0))

    def _first_ranks(
        self, inside: NDArray[np.bool_], values: Floats, total: Floats, points: slice
    ) -> NDArray[np.uint8]:
        """Add what some test points find in the first ranks, and say how many rows that are, (points, b)."""
        rows = self.order[: self.first, points]
        taken = inside[rows]  # (ranks, points, b)
        count = np.cumsum(taken, axis=0, dtype=np.uint8)
        taken &= count <= min(self.k, _FIRST)
        found = taken.astype(np.float64).transpose(1, 0, 2)
        total[:, points] = (values[rows].transpose(1, 2, 0) @ found).transpose(1, 0, 2)
        return np.asarray(count[-1])

    def _later(
        self,
        inside: NDArray[np.bool_],
        values: Floats,
        total: Floats,
        point: NDArray[np.intp],
        subset: NDArray[np.intp],
        found: NDArray[np.int64],
    ) -> None:
        """Add what pairs that have found fewer than K rows find behind the first ranks."""
        begin, width = self.first, 2 * self.k
        while begin < len(self.order) and len(point):
            rows = self.order[begin : begin + width, point]  # (w, pairs)
            taken = inside[rows, subset]
            count = np.cumsum(taken, axis=0, dtype=np.int64) + found
            taken &= count <= self.k
            for u in range(len(total)):
                total[u, point, subset] += (values[rows, u] * taken).sum(axis=0)
            more = count[-1] < self.k
            point, subset, found = point[more], subset[more], count[-1][more]
            begin, width = begin + width, 2 * width


class NearestClasses(_Nearest):
    """KNeighborsClassifier with uniform weights."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        super().__init__(model, problem, scaling)
        assert problem.classes is not None
        if len(problem.classes) > _MOST_CLASSES:
            raise NotCoveredError(f"{len(problem.classes)} classes are more than {_MOST_CLASSES}")

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        votes = self.votes(masks)
        seen = masks.astype(np.float64) @ self.problem.indicators > 0
        proba = votes / self.k if "predict_proba" in want else None
        return Predictions(masks.sum(axis=1) >= self.k, codes=votes.argmax(axis=2), proba=proba, seen=seen)

    def votes(self, masks: NDArray[np.bool_]) -> Floats:
        """(b, k, c) how many of the K rows have each class."""
        others = self.sums(masks, self.problem.indicators[:, 1:])
        first = np.minimum(masks.sum(axis=1), self.k)[:, None] - others.sum(axis=2)
        return np.concatenate([first[:, :, None], others], axis=2)


class NearestNumbers(_Nearest):
    """KNeighborsRegressor with uniform weights."""

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        y = self.problem.y
        values = self.sums(masks, y.reshape(len(y), -1)) / self.k
        return Predictions(masks.sum(axis=1) >= self.k, numbers=values[:, :, 0] if y.ndim == 1 else values)
