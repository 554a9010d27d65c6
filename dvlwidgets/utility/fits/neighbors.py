"""K nearest neighbours: training rows are ranked once for each test point; a subset takes its first K of them.

Rows at equal distances rank by their position, where scikit-learn's choice is arbitrary.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ..knn_neighbours import Neighbours
from .method import NotCoveredError, check_memory
from .predictions import Predictions
from .problem import Floats, Problem
from .scaling import Scaling

_MOST_CLASSES = 32
_TOGETHER = 128
"""So many test points are looked at together."""
_TRIPLES = 200_000
"""So many triples of a rank, a test point and a subset are looked at in one go: they stay in the caches."""


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
        self.order = np.empty((near.n_rows, near.n_test), np.int32)
        for low in range(0, near.n_test, _TOGETHER):
            at = np.arange(low, min(near.n_test, low + _TOGETHER))
            self.order[:, at] = near.order(at).T
        self.first, self.memory = max(16, 5 * self.k), threading.local()

    def sums(self, masks: NDArray[np.bool_], values: Floats) -> Floats:
        """(v, t, b) sums of values (n, v) over each of the t test points' K nearest rows in each subset."""
        b, t, v = len(masks), self.order.shape[1], values.shape[1]
        total, inside = np.zeros((v, t, b)), np.ascontiguousarray(masks.T)
        for low in range(0, t, _TOGETHER):
            self._add(inside, values, total, slice(low, min(t, low + _TOGETHER)))
        return total

    def _add(self, inside: NDArray[np.bool_], values: Floats, total: Floats, points: slice) -> None:
        """Add what some test points find, rank by rank; subsets leave once all of them have found K rows.

        Args:
            inside: (n, b) the subsets.
            values: (n, v).
            total: (v, t, b) sums so far.
            points: which of the t test points.
        """
        count = points.stop - points.start
        at = np.arange(inside.shape[1])
        before = np.zeros((count, len(at)), np.int32 if len(self.order) > 30_000 else np.int16)
        begin, width = 0, self.first
        while begin < len(self.order) and len(at):
            width = min(width, max(8, _TRIPLES // (count * len(at))))
            rows = self.order[begin : begin + width, points]
            shape = (*rows.shape, len(at))  # (ranks, points, subsets)
            taken = inside.take(rows, axis=0, out=self._scratch(shape, np.bool_), mode="clip")
            found = self._scratch(shape, before.dtype)
            for rank, now in enumerate(taken):
                np.add(before, now, out=found[rank])
                before = found[rank]
            before = before.copy()
            taken &= found <= self.k
            weights = self._scratch((count, len(rows), len(at)), np.float64)
            weights[:] = taken.transpose(1, 0, 2)
            total[:, points, at] += (values[rows].transpose(1, 2, 0) @ weights).transpose(1, 0, 2)
            still = (before < self.k).any(axis=0)
            if not still.all():
                at, before, inside = (np.compress(still, a, axis=-1) for a in (at, before, inside))
            begin, width = begin + width, 2 * width

    def _scratch(self, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
        """An array of this thread that is used again and again: new memory costs more than what is computed in it."""
        name, size = np.dtype(kind).name, math.prod(shape)
        kept = getattr(self.memory, name, None)
        if kept is None or len(kept) < size:
            kept = np.empty(size, kind)
            setattr(self.memory, name, kept)
        return np.asarray(kept[:size].reshape(shape))


class NearestClasses(_Nearest):
    """KNeighborsClassifier with uniform weights."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        super().__init__(model, problem, scaling)
        assert problem.classes is not None
        if len(problem.classes) > _MOST_CLASSES:
            raise NotCoveredError(f"{len(problem.classes)} classes are more than {_MOST_CLASSES}")

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        size = masks.sum(axis=1)
        others = self.sums(masks, np.ascontiguousarray(self.problem.indicators[:, 1:]))
        first = np.minimum(size, self.k) - others.sum(axis=0)
        votes = np.concatenate([first[None], others])  # (c, t, b)
        codes = np.ascontiguousarray(votes.argmax(axis=0).T)
        seen = masks.astype(np.float64) @ self.problem.indicators > 0
        proba = votes.transpose(2, 1, 0) / self.k if "predict_proba" in want else None
        return Predictions(size >= self.k, codes=codes, proba=proba, seen=seen)


class NearestNumbers(_Nearest):
    """KNeighborsRegressor with uniform weights."""

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        y = self.problem.y
        values = self.sums(masks, y.reshape(len(y), -1)).transpose(2, 1, 0) / self.k
        return Predictions(masks.sum(axis=1) >= self.k, numbers=values[:, :, 0] if y.ndim == 1 else values)
