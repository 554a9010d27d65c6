"""K nearest neighbours without one point, or a group, from one search: no refit, and exact.

Without some rows, the next nearest move up, for those test points only that had one of them among their K.
Where distances tie, a new search may order them otherwise; scikit-learn does not say how.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy
from ..errors import InputError
from .told import Told, ToldClasses


def check_neighbours(model: Any) -> None:
    """Refuse neighbours that the closed form does not cover.

    Raises:
        InputError: for distances that are learned from the training points, or precomputed.
    """
    learned = {"seuclidean": "V", "mahalanobis": "VI"}.get(str(model.metric))
    if model.metric == "precomputed" or (learned and learned not in (model.metric_params or {})):
        raise InputError(
            f"metric={model.metric!r} belongs to the training points, so that it changes when one is taken away. Use "
            "LOOValuation(utility), or another metric."
        )


class NeighbourSmoother:
    """A search of the neighbours of all test points, a little deeper than K.

    Args:
        model: a KNeighborsClassifier or KNeighborsRegressor; only a copy of it is fitted.
        x: training features.
        y: training labels, shape (n,), or (n, k) for a regressor.
        x_test: features to predict.
        most: most rows that are ever taken away at once.
    """

    note = ""
    exact = True

    def __init__(self, model: Any, x: Any, y: Any, x_test: Any, most: int = 1) -> None:
        from sklearn.base import clone, is_classifier

        labels = as_numpy(y)
        self.x_test, self.k, self.weights = x_test, int(model.n_neighbors), model.weights
        self.n = len(labels)
        self.classes: NDArray[Any] | None = None
        if is_classifier(model):
            if labels.ndim > 1:
                raise InputError("the closed form takes one label a point. Use LOOValuation(utility).")
            self.classes, codes = np.unique(labels, return_inverse=True)
            self.targets = np.eye(len(self.classes))[codes]
        else:
            self.targets = labels.astype(np.float64).reshape(self.n, -1)
        self.shape = labels.shape[1:]
        fitted = clone(model).fit(x, labels)
        depth = min(self.n, self.k + most)
        self.distances, self.order = fitted.kneighbors(x_test, n_neighbors=depth)
        self.said = self._mean(self.distances[:, : self.k], self.order[:, : self.k])

    def everything(self) -> Told:
        """What the model fitted on all rows says of the test points."""
        return self._told(self.said)

    def without(self, rows: NDArray[np.intp]) -> Told | None:
        """The same without some rows; None where fewer than K are left, which only the model itself can refuse."""
        if self.n - len(rows) < self.k:
            return None
        gone = np.zeros(self.n, np.bool_)
        gone[rows] = True
        touched = np.flatnonzero(gone[self.order[:, : self.k]].any(axis=1))
        if not len(touched):
            return self._told(self.said)
        order, distances = self.order[touched], self.distances[touched]
        nearest = np.argsort(gone[order], axis=1, kind="stable")[:, : self.k]
        said = self.said.copy()
        said[touched] = self._mean(
            np.take_along_axis(distances, nearest, axis=1), np.take_along_axis(order, nearest, axis=1)
        )
        return self._told(said)

    def _mean(self, distances: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weighted mean of the neighbours' targets, shape (t, c)."""
        weights = np.ones_like(distances)
        if callable(self.weights):
            weights = np.asarray(self.weights(distances), np.float64)
        elif self.weights == "distance":
            with np.errstate(divide="ignore"):
                weights = 1.0 / distances
            same = np.isinf(weights)  # neighbours at the very place count alone
            some = same.any(axis=1)
            weights[some] = same[some]
        total = np.einsum("tk,tkc->tc", weights, self.targets[rows])
        share = weights.sum(axis=1, keepdims=True)
        return np.asarray(total / np.where(share == 0.0, 1.0, share))

    def _told(self, said: NDArray[np.float64]) -> Told:
        if self.classes is not None:
            return ToldClasses(self.x_test, said, self.classes)
        return Told(self.x_test, said.reshape(len(said), *self.shape))
