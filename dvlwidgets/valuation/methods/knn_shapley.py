"""Exact Shapley values of a K-nearest-neighbours classifier, in closed form.

The utility of a subset is the share of the K nearest neighbours (in the subset) of a test point that have its label,
averaged over test points; fewer than K neighbours still divide by K. A step is a chunk of test points; they are
visited in a seeded random order, so that partial means are honest, with a finite-population standard error that is 0
when the last one is in.
Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms (VLDB 2019).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import flag, whole
from ...data.dataset import Dataset
from ...data.grouped import GroupedDataset
from ...data.identity import digest
from ...engine.draws import TEST_POINTS, permutation, words
from ...engine.records import Estimate
from ...engine.stopping import NoStopping
from ...errors import InputError, InputTypeError
from ..samplers.checks import check_seed
from ..valuation import Valuation

CHUNK_BYTES = 32_000_000
"""A chunk's distance matrix is about so large."""


@dataclass(frozen=True)
class Block:
    """Mean and sum of squared deviations over a chunk of test points, each of shape (n,)."""

    points: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    seconds: float
    failure: str | None = None


class KnnJob:
    """KNN-Shapley as a job of the loop: a step is a chunk of test points, the payload two moments of n numbers."""

    unit = "test points"
    divisible = False
    round_steps = 1
    metrics = ("share of the K neighbours with the right label",)

    def __init__(
        self, train: Dataset, test: Dataset, k: int, metric: str, params: dict[str, Any], seed: int
    ) -> None:
        self.n, self.k, self.metric, self.params = len(train), k, metric, params
        self.x, self.y = _numeric(train, "training data"), np.asarray(train.y)
        self.x_test, self.y_test = _numeric(test, "test data"), np.asarray(test.y)
        _check_metric(self.x[:1], self.x_test[:1], metric, params)
        self.order = permutation(words(seed, TEST_POINTS, 0, len(self.x_test)))
        self.chunk = int(np.clip(CHUNK_BYTES // (8 * self.n), 1, max(1, -(-len(self.x_test) // 10))))
        self.total_steps = -(-len(self.x_test) // self.chunk)

    def rows(self, step: int) -> int:
        return min(self.chunk, len(self.x_test) - step * self.chunk)

    def units(self, steps: int) -> int:
        return min(len(self.x_test), steps * self.chunk)

    def first(self) -> None:
        return None

    def pack(self, first: None) -> None:
        return None

    def unpack(self, payload: Any) -> None:
        return None

    def initial(self, first: None) -> dict[str, NDArray[Any]]:
        return {"points": np.zeros(1, np.int64), "mean": np.zeros(self.n), "m2": np.zeros(self.n)}

    def plan(self, stats: Any) -> Mapping[str, Any]:
        return {}

    def checksum(self, steps: range) -> int:
        return 0

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Block:
        start = time.perf_counter()
        at = self.order[step * self.chunk : step * self.chunk + self.rows(step)]
        values = knn_shapley(
            self.x, self.y, self.x_test[at], self.y_test[at], self.k, self.metric, self.params
        )
        mean = values.mean(axis=0)
        return Block(len(at), mean, ((values - mean) ** 2).sum(axis=0), time.perf_counter() - start)

    def join(self, payloads: Sequence[Block]) -> Block:
        (whole,) = payloads
        return whole

    def fold(self, stats: dict[str, NDArray[Any]], step: int, payload: Block) -> dict[str, NDArray[Any]]:
        before, points = int(stats["points"][0]), payload.points
        delta, share = payload.mean - stats["mean"], payload.points / (before + points)
        return {
            "points": stats["points"] + points,
            "mean": stats["mean"] + delta * share,
            "m2": stats["m2"] + payload.squares + delta**2 * before * share,
        }

    def tally(self, payload: Block) -> tuple[int, int, int]:
        return payload.points, 0, 0

    def check(self, stats: Any, rounds: int) -> None:
        return None

    def estimate(self, stats: dict[str, NDArray[Any]]) -> Estimate:
        seen, of = int(stats["points"][0]), len(self.x_test)
        counts = np.full(self.n, seen, np.int64)
        if seen == of:
            return Estimate(stats["mean"], np.zeros(self.n), counts)
        if seen < 2:
            unknown = np.full(self.n, np.nan)
            return Estimate(stats["mean"] if seen else unknown, unknown, counts)
        variance = stats["m2"] / (seen - 1) / seen * (1.0 - seen / of)
        return Estimate(stats["mean"], np.sqrt(variance), counts)

    def exact(self, stats: dict[str, NDArray[Any]]) -> bool:
        return int(stats["points"][0]) == len(self.x_test)

    def steps_for_updates(self, updates: int) -> int | None:
        return None


def knn_shapley(
    x: NDArray[Any],
    y: NDArray[Any],
    x_test: NDArray[Any],
    y_test: NDArray[Any],
    k: int,
    metric: str = "minkowski",
    params: Mapping[str, Any] | None = None,
) -> NDArray[np.float64]:
    """Shapley values of each training point for each test point, shape (t, n); ties go to the lower index.

    From the farthest neighbour to the nearest, s_i = s_{i+1} + (hit_i - hit_{i+1}) / K * min(K, i) / i.

    Args:
        x: training features, shape (n, d).
        y: their labels, shape (n,).
        x_test: test features, shape (t, d).
        y_test: their labels, shape (t,).
        k: number of neighbours.
        metric: as in scikit-learn's pairwise_distances.
        params: parameters of the metric.
    """
    from sklearn.metrics import pairwise_distances

    n = len(x)
    distances = pairwise_distances(x_test, x, metric=metric, **dict(params or {}))
    order = np.argsort(distances, axis=1, kind="stable")
    hit = (y[order] == y_test[:, None]).astype(np.float64)
    i = np.arange(1, n)
    steps = (hit[:, :-1] - hit[:, 1:]) * (np.minimum(k, i) / (i * k))
    last = hit[:, -1:] * min(k, n) / (n * k)
    ranked = np.cumsum(np.concatenate([last, steps[:, ::-1]], axis=1), axis=1)[:, ::-1]
    values = np.empty_like(ranked)
    np.put_along_axis(values, order, ranked, axis=1)
    return values


class KNNShapleyValuation(Valuation):
    """Exact Shapley values for a `KNeighborsClassifier`, without a fit; streams over test points.

    Args:
        model: a KNeighborsClassifier with uniform weights; its n_neighbors and metric are used.
        test_data: a Dataset whose points the values are averaged over.
        progress: draw a progress bar.
        clone_before_fit: accepted for pyDVL's sake; the model is never fitted.
        seed: order in which test points are visited.

    Raises:
        InputTypeError: for another model, or test data that are no Dataset.
        InputError: for distance weights.

    References:
        Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms (VLDB 2019).
    """

    algorithm_name = "KNN-Shapley"
    references = (
        "Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms, VLDB 2019",
    )
    keeps_utilities = False

    def __init__(
        self,
        model: Any,
        test_data: Dataset,
        progress: bool = True,
        clone_before_fit: bool = True,
        *,
        seed: int | None = 0,
    ) -> None:
        from sklearn.neighbors import KNeighborsClassifier

        if not isinstance(model, KNeighborsClassifier):
            name = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
            raise InputTypeError(
                f"model must be a KNeighborsClassifier(), not {name}. For other models use "
                "ShapleyValuation(Utility(model, scorer))."
            )
        if model.weights not in (None, "uniform"):
            raise InputError(
                f"weights must be 'uniform', not {model.weights!r}: the closed form counts neighbours. "
                "For other weights use ShapleyValuation(Utility(model, scorer))."
            )
        if not isinstance(test_data, Dataset):
            raise InputTypeError(
                f"test_data must be a Dataset, not {type(test_data).__name__}. Write Dataset(x, y)."
            )
        if isinstance(test_data, GroupedDataset):
            raise InputError(
                "test_data are groups, but values are averaged over points. Pass the rows as a Dataset."
            )
        whole("n_neighbors", model.n_neighbors, 1, "KNeighborsClassifier(5), for example.")
        super().__init__(None, NoStopping(), progress=progress)
        self.model, self.test_data, self.seed = model, test_data, seed
        check_seed(seed)
        self.clone_before_fit = flag("clone_before_fit", clone_before_fit)

    def _job(self, data: Any, seed: int) -> KnnJob:
        if not isinstance(data, Dataset):
            raise InputTypeError(
                f"training data must be a Dataset, not {type(data).__name__}. Write Dataset(x, y)."
            )
        if isinstance(data, GroupedDataset):
            raise InputError("KNN-Shapley values points, not groups, for now. Pass the rows as a Dataset.")
        _check_pair(data, self.test_data)
        metric, params = self.model.metric, dict(self.model.metric_params or {})
        if metric == "minkowski":
            params.setdefault("p", self.model.p)
        return KnnJob(data, self.test_data, int(self.model.n_neighbors), metric, params, seed)

    def _parts(self, data: Dataset, job: KnnJob) -> tuple[dict[str, str], dict[str, Any]]:
        parts = {"training data": data.fingerprint, "test data": self.test_data.fingerprint}
        return {**parts, "model": digest(self.model)}, {"chunk": job.chunk}

    def _seed(self) -> int | None:
        return self.seed

    def __repr__(self) -> str:
        return f"KNNShapleyValuation({self.model!r})"


def _check_pair(train: Dataset, test: Dataset) -> None:
    """Refuse training and test data that no neighbours' classifier could go between."""
    for what, data in (("training data", train), ("test data", test)):
        if data.labels is None or not data.is_classification:
            raise InputError(
                f"the labels of the {what} are no classes, which KNN-Shapley counts. Pass classes; for numbers use "
                "ShapleyValuation(Utility(KNeighborsRegressor(), scorer))."
            )
    if train.n_features != test.n_features:
        raise InputError(
            f"the training data have {train.n_features} features and the test data {test.n_features}. "
            "Pass data sets with the same columns."
        )
    if not set(np.asarray(train.y).tolist()) & set(np.asarray(test.y).tolist()):
        raise InputError(
            "the training and the test data have no class in common, so that every value would be 0. "
            "Pass labels of one kind."
        )


def _check_metric(x: NDArray[Any], x_test: NDArray[Any], metric: Any, params: Mapping[str, Any]) -> None:
    """Measure one distance before any work."""
    from sklearn.metrics import pairwise_distances

    try:
        pairwise_distances(x_test, x, metric=metric, **params)
    except Exception as error:  # a user's metric may raise anything
        raise InputError(
            f"metric={metric!r} of the model measures no distances here: {error} Pass metric='minkowski', or another "
            "one of sklearn.metrics.pairwise_distances."
        ) from error


def _numeric(data: Dataset, what: str) -> NDArray[Any]:
    try:
        x = np.asarray(data.x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"the {what} must be numbers for KNN-Shapley: {error}. Encode categories and text first."
        ) from error
    if x.ndim != 2 or not np.isfinite(x).all():
        raise InputError(
            f"the {what} must be a finite (n, d) table for KNN-Shapley, not of shape {x.shape} with gaps."
        )
    return x
