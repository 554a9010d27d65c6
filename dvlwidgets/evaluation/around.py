"""What lies around a training point: its nearest fellows, and the test points that it helps or hurts as a neighbour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy, is_sparse
from ..data.dataset import Dataset
from ..errors import InputError
from ..utility.knn_checks import class_codes, targets
from ..utility.knn_neighbours import Neighbours, metric_of
from ..valuation.methods.knn_kernels import shapley_hits
from ..valuation.methods.knn_regression import RegressionKernel

NEIGHBOURS = 5
"""How many vote where the valuation's model is none of neighbours."""
MOST_NUMBERS = 50_000_000
"""Features of all points; more are not searched while somebody waits."""
MOST_PAIRS = 5_000_000
"""Training points times test points that are compared: of more test points some are drawn."""
LEAST_TESTS = 10
"""With so many training points that fewer test points could be compared, none are."""
CHUNK = 2**20


@dataclass(frozen=True)
class Effects:
    """What training points do to test points as their neighbours: exact KNN-Shapley values, test point by test point.

    Attributes:
        tests: positions of the test points that were asked about, ascending, (t,).
        of: how many there are.
        worth: what each training point adds to each of their scores, (t, n): for classes the share of the K
            neighbours with its label, for numbers minus the squared error of their mean.
        k: how many neighbours vote.
    """

    tests: NDArray[np.intp]
    of: int
    worth: NDArray[np.float32]
    k: int

    def rank(self, row: int) -> tuple[float, int]:
        """The point's mean over test points, and how many points' means are lower, plus 1."""
        return float(self._means[row]), 1 + int((self._means < self._means[row]).sum())

    @cached_property
    def _means(self) -> NDArray[np.float64]:
        means: NDArray[np.float64] = self.worth.mean(axis=0, dtype=np.float64)
        return means


class Around:
    """Distances between points, by the metric of the valuation's model of neighbours, or over standardised features.

    Args:
        train: training points, as they are now.
        test: test points; None for none.
        model: the valuation's; a scikit-learn model of neighbours lends its metric and its K, others do not matter.

    Raises:
        InputError, InputTypeError: there are no distances between such points, or too many; in words.
    """

    def __init__(self, train: Dataset, test: Dataset | None, model: Any = None) -> None:
        if train.n_rows != len(train):
            raise InputError("The points are groups of rows, between which there are no distances.")
        if train.n_rows * train.n_features > MOST_NUMBERS:
            raise InputError(f"{len(train):,} points are too many to search while you look.")
        self._model = model if _is_of_neighbours(model) else None
        self._scale = None if self._model is not None else _scale_of(train)
        self._train, self._test = self._placed(train), test

    def nearest(
        self, point: Dataset, k: int, itself: int = -1
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The `k` training points nearest to a point, nearest first, and how far they are.

        Args:
            point: a data set of this point.
            k: how many; fewer where there are fewer.
            itself: its own position among the training points, which is left out; -1 for none.

        Raises:
            InputError, InputTypeError: some features are no finite numbers.
        """
        far = Neighbours(self._train, self._placed(point), self._metric(), exact=True)
        distances = far.distances(np.zeros(1, np.intp))[0]
        if itself >= 0:
            distances[itself] = np.inf
        order = np.argsort(distances, kind="stable")[: min(k, len(distances) - (itself >= 0))]
        return order, distances[order]

    def effects(self) -> Effects:
        """What each training point does to the test points; of many, to some that are drawn once and for all.

        Raises:
            InputError, InputTypeError: there are no test points, labels of another kind, or too many points.
        """
        if self._test is None:
            raise InputError("The valuation has no test points of its own.")
        if self._train.labels is None or self._test.labels is None:
            raise InputError("The points have no single label each.")
        if self._test.n_features != self._train.n_features:
            raise InputError(
                f"The test points have another number of features ({self._test.n_features}) than the training points "
                f"({self._train.n_features}), so there are no distances between them."
            )
        n, t = len(self._train), len(self._test)
        some = min(t, MOST_PAIRS // n)
        if some < min(t, LEAST_TESTS):
            raise InputError(f"{n:,} points are too many to compare with test points while you look.")
        at = np.sort(np.random.default_rng(0).choice(t, some, replace=False))
        test = self._placed(self._test.take(at))
        metric = self._metric()
        k = int(metric.n_neighbors)
        kernel: Any
        if self._train.is_classification or test.is_classification:
            codes, test_codes, _ = class_codes(self._train, test)
            kernel = shapley_hits(codes, test_codes, k)
        else:
            y, y_test = targets(self._train, "training points"), targets(test, "test points")
            kernel = RegressionKernel(y - y.mean(), y_test - y.mean(), k)
        near, worth = Neighbours(self._train, test, metric), np.empty((some, n), np.float32)
        together = max(1, CHUNK // n)
        with np.errstate(over="ignore", invalid="ignore"):  # it is said below
            for first in range(0, some, together):
                chunk = np.arange(first, min(some, first + together))
                worth[chunk] = kernel(near.order(chunk), chunk).values
        if not np.isfinite(worth).all():
            raise InputError("Some targets are so large that their squares are no numbers.")
        return Effects(at, t, worth, k)

    def _metric(self) -> Any:
        if self._model is not None:
            return self._model
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(NEIGHBOURS)

    def _placed(self, data: Dataset) -> Dataset:
        if self._scale is None:
            return data
        centre, spread = self._scale
        return Dataset((_table(data) - centre) / spread, as_numpy(data.y), multi_output=data.n_targets > 1)


def _is_of_neighbours(model: Any) -> bool:
    """Whether a model's own metric can be asked, and its K nearest have one vote each."""
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    votes = isinstance(model, KNeighborsClassifier | KNeighborsRegressor) and model.weights in (
        None,
        "uniform",
    )
    return votes and metric_of(model)[0] != "precomputed"


def _scale_of(train: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = _table(train)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = x.std(axis=0)
    if not np.isfinite(spread).all():
        raise InputError("Some features are so large that their squares are no numbers.")
    spread[spread == 0] = 1.0
    return x.mean(axis=0), spread


def _table(data: Dataset) -> NDArray[np.float64]:
    """The features as a table of finite numbers.

    Raises:
        InputError: some are something else.
    """
    if is_sparse(data.x):
        raise InputError("The features are a sparse table, whose distances would be those of its scales.")
    x = as_numpy(data.x)
    if x.dtype.kind not in "fiub":
        raise InputError("Not all features are numbers, so there are no distances.")
    x = x.reshape(len(x), -1).astype(np.float64)
    if not np.isfinite(x).all():
        raise InputError("Some features are missing, so there are no distances.")
    return x
