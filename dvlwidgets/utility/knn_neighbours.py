"""Who is near whom: distances from test points to training rows, and who is nearer, for all KNN methods.

Any metric of scikit-learn, sparse features, and distances that the user has computed. Nothing is kept but the data:
distances are measured anew for each chunk of test points, so that no (test points x rows) matrix ever exists.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from ..counts import many
from ..data import arrays
from ..data.dataset import Dataset
from ..errors import InputError, InputTypeError
from ..typing import Indices
from .knn_order import EuclideanOrder, ranking

NARROW = 48
"""Up to so many features Euclidean distances are sums of differences; beyond, a matrix product is far quicker."""

_ALIASES = {
    "l2": "euclidean",
    "l1": "cityblock",
    "manhattan": "cityblock",
    "infinity": "chebyshev",
    "p": "minkowski",
}
_MEASURED_BY_SCIPY = ("euclidean", "cityblock", "chebyshev", "minkowski")

Distances = NDArray[np.float64]


class Neighbours:
    """Distances from the points of a test set to the rows of a training set.

    With `metric="precomputed"` the features of the test set *are* the distances: `test.x` has shape (t, n_rows), one
    column per training row in their order, as scikit-learn's `predict` takes them; `train.x` is not looked at.

    Args:
        train: the training data; groups are taken row by row.
        test: the test points.
        model: has `metric`, `p` and `metric_params`, as scikit-learn's neighbours do.
        exact: no matrix products for Euclidean distances of many features, which rank alike but are off by 1e-8.
        dtype: "float32" ranks by float32 products of features; see `EuclideanOrder`.

    Raises:
        InputError: if the two do not go together, the metric measures nothing here, or float32 cannot.
        InputTypeError: if features are no numbers.
    """

    def __init__(
        self, train: Dataset, test: Dataset, model: Any, *, exact: bool = False, dtype: str = "float64"
    ) -> None:
        self.exact, self.dtype = exact, dtype
        self._products: EuclideanOrder | None = None
        self.n_rows, self.n_test = train.n_rows, test.n_rows
        self.metric, self.params = metric_of(model)
        self.x: Any = None
        if self.metric == "precomputed":
            self.x_test = _precomputed(test, train.n_rows)
            self._check_dtype()
            return
        if train.n_features != test.n_features:
            raise InputError(
                f"the training data have {many(train.n_features, 'feature')} and the test data {test.n_features}. "
                "Pass data sets with the same columns."
            )
        gaps = self.metric == "nan_euclidean"
        self.x = numeric(train.x, "training data", gaps=gaps, dtype=dtype)
        self.x_test = numeric(test.x, "test data", gaps=gaps, dtype=dtype)
        self._check_dtype()
        # a matrix product of centred numbers loses fewer digits
        self.centre = self.x.mean(axis=0) if self._wide_euclidean() else None
        self._try_out()

    def distances(self, at: Indices) -> Distances:
        """From the test points at these positions to all training rows: shape (len(at), n_rows), fresh.

        Raises:
            InputError: if a distance is not a number.
        """
        if self.metric == "precomputed":
            return np.array(self.x_test[at], dtype=np.float64)
        measured = self._measure(self.x_test[at])
        if np.isnan(measured.min(initial=np.inf)):
            raise InputError(
                f"metric={self.metric!r} gives NaN for a pair of points (constant or empty rows?). "
                "Choose another metric, or drop such rows."
            )
        return measured

    def order(self, at: Indices) -> Indices:
        """Training rows from the nearest to the farthest of the test points at these positions.

        Ties go to the lower row, whatever the chunk. Shape (len(at), n_rows), fresh.

        Raises:
            InputError: as `distances`.
        """
        return ranking(self.distances(at)) if not self.multiplies() else self.products()(at)

    def pieces(self, at: Indices, together: int) -> Iterator[Indices]:
        """The same for so many test points at a time: arrays of shape (together, n_rows) that may be overwritten.

        What is made of few test points stays in the processor's cache; a matrix product wants many.

        Raises:
            InputError: as `distances`.
        """
        if self.multiplies():
            return self.products().pieces(at, together)
        return (ranking(self.distances(at[a : a + together])) for a in range(0, len(at), together))

    def products(self) -> EuclideanOrder:
        """What ranks dense features by Euclidean distance; made when it is first asked for."""
        if self._products is None:
            self._products = EuclideanOrder(self.x, self.x_test, self.dtype)
        return self._products

    def prepare(self) -> None:
        """Make now what threads would make at once."""
        if self.multiplies():
            self.products()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_products": None}  # as large as the data: workers make their own

    def of_rows(self, rows: Indices) -> Neighbours:
        """The same test points, but only some of the training rows."""
        part = copy.copy(self)
        part.n_rows = len(rows)
        if self.metric == "precomputed":
            part.x_test = self.x_test[:, rows]
        else:
            part.x = self.x[rows]
        return part

    def multiplies(self) -> bool:
        """Whether ranks may come from matrix products."""
        dense = isinstance(self.x, np.ndarray) and isinstance(self.x_test, np.ndarray)
        return dense and self.metric == "euclidean" and not self.params

    def _wide_euclidean(self) -> bool:
        return not self.exact and self.multiplies() and bool(self.x.shape[1] > NARROW)

    def _check_dtype(self) -> None:
        if self.dtype == "float32" and not self.multiplies():
            raise InputError(
                f"dtype='float32' ranks by products of dense features, for Euclidean distances; metric="
                f"{self.metric!r} of these data is measured in float64. Leave dtype out."
            )

    def _measure(self, x_test: Any) -> Distances:
        dense = isinstance(self.x, np.ndarray) and isinstance(x_test, np.ndarray)
        if dense and self.centre is not None:
            return _by_product(x_test, self.x, self.centre)
        if dense and self.metric in _MEASURED_BY_SCIPY:
            return np.asarray(cdist(x_test, self.x, self.metric, **self.params), dtype=np.float64)
        from sklearn.metrics import pairwise_distances

        return np.asarray(
            pairwise_distances(x_test, self.x, metric=self.metric, **self.params), dtype=np.float64
        )

    def _try_out(self) -> None:
        """Measure one distance before any work."""
        try:
            whole, self.x = self.x, self.x[:1]
            try:
                self._measure(self.x_test[:1])
            finally:
                self.x = whole
        except Exception as error:  # a user's metric may raise anything
            raise InputError(
                f"metric={self.metric!r} of the model measures no distances here: {error} Pass metric='minkowski', "
                "or another one of sklearn.metrics.pairwise_distances (sparse features know 'euclidean', 'cosine' and "
                "'manhattan')."
            ) from error


def identity_of(model: Any) -> dict[str, Any]:
    """What of a neighbours' model decides who is near and what counts; how they are searched does not matter."""
    names = ("n_neighbors", "radius", "weights", "metric", "p", "metric_params")
    return {"model": type(model).__name__, **{name: getattr(model, name, None) for name in names}}


def metric_of(model: Any) -> tuple[Any, dict[str, Any]]:
    """The metric of a neighbours' model and its parameters, by their simplest names."""
    metric, params = model.metric, dict(model.metric_params or {})
    if not isinstance(metric, str):
        return metric, params
    metric = _ALIASES.get(metric, metric)
    if metric != "minkowski":
        return metric, params
    p = float(params.setdefault("p", model.p))
    simple = {1.0: "cityblock", 2.0: "euclidean", np.inf: "chebyshev"}.get(p)
    if simple is None or set(params) != {"p"}:
        return metric, params
    return simple, {}


def numeric(x: Any, what: str, *, gaps: bool = False, dtype: str = "float64") -> Any:
    """Features as a (n, d) float array, or as the sparse matrix that they are.

    Args:
        x: array, frame, tensor or sparse matrix.
        what: its name, for messages.
        gaps: NaN may pass.
        dtype: of the array; sparse matrices are float64.

    Raises:
        InputTypeError: for texts and categories.
        InputError: for gaps, or another shape.
    """
    if arrays.is_sparse(x):
        if not np.isfinite(x.data).all():
            raise InputError(f"the {what} must be finite for KNN methods; these have gaps. Fill them first.")
        return x.astype(np.float64)
    try:
        found = np.asarray(arrays.as_numpy(x), dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"the {what} must be numbers for KNN methods: {error}. Encode categories and text first."
        ) from error
    if found.ndim != 2 or not _finite(found, gaps=gaps):
        raise InputError(
            f"the {what} must be a finite (n, d) table for KNN methods, not of shape {found.shape} with gaps. "
            "Fill the gaps first, or use metric='nan_euclidean'."
        )
    return found


def _finite(x: NDArray[Any], *, gaps: bool) -> bool:
    """No infinity, and no NaN unless gaps may be there; a finite sum says so at once."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(x.sum()):
            return True
    return not np.isinf(x).any() and (gaps or not bool(np.isnan(x).any()))


def _precomputed(test: Dataset, n_rows: int) -> NDArray[Any]:
    x = test.x
    if arrays.is_sparse(x):
        raise InputTypeError(
            "precomputed distances must be a dense (t, n) array, not sparse. Pass x.toarray()."
        )
    found = numeric(x, "distances in test_data.x")
    if found.shape[1] != n_rows:
        raise InputError(
            f"with metric='precomputed' test_data.x must hold the distances to the training rows, shape "
            f"(t, {n_rows}); it has shape {found.shape}. Where rows were dropped, take the same columns."
        )
    if (found < 0).any():
        raise InputError("precomputed distances must not be negative. Pass distances, not similarities.")
    return np.asarray(found)


def _by_product(a: NDArray[np.float64], b: NDArray[np.float64], centre: NDArray[np.float64]) -> Distances:
    """Euclidean distances as |a|^2 - 2 ab + |b|^2, which rank as exact ones do.

    Where two distances of a test point are too close to tell apart by such a difference (copies, whole numbers), its
    row is measured again by sums of differences, so that ties are ties, whatever the chunk.
    """
    u, v = a - centre, b - centre
    squares = u @ v.T
    squares *= -2.0
    size, sizes = np.einsum("ij,ij->i", u, u), np.einsum("ij,ij->i", v, v)
    squares += size[:, None]
    squares += sizes
    np.maximum(squares, 0.0, out=squares)
    rounding = 4.0 * np.finfo(float).eps * (a.shape[1] + 4) * (size + sizes.max())
    gaps = np.diff(np.sort(squares, axis=1), axis=1)
    close = np.flatnonzero(gaps.min(axis=1, initial=np.inf) <= rounding)
    np.sqrt(squares, out=squares)
    squares[close] = cdist(a[close], b)
    return squares
