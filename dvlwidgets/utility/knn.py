"""The utility whose Shapley value is KNN-Shapley: the neighbours in the *subset*, not those in the full set.

Scores all subsets of a batch together, without a fit. A sampled valuation of it is slower than the closed form; it is
there for other semivalues, for the least core, for groups, and to check one by the other.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..data.identity import digest
from ..engine.records import Evaluations
from ..errors import FirstFitError
from ..typing import Indices, Masks, Utilities
from .bound import First, check_masks
from .knn_checks import check_model, check_test_data, check_training_data, check_uniform, class_codes
from .knn_neighbours import Neighbours, identity_of

ORDER_BYTES = 256_000_000
"""Rankings of training rows are kept if they take no more; otherwise they are measured anew for each batch."""

PAIRS = 200_000
"""About so many neighbours of (subset, test point) pairs are looked at in one go."""


class KNNClassifierUtility:
    """How many of the K nearest neighbours in a subset have the right label, averaged over test points.

    Args:
        model: a KNeighborsClassifier with uniform weights; its n_neighbors and metric are used, it is never fitted.
            With `metric="precomputed"` the test data's features are the distances to the training rows.
        test_data: a Dataset whose points are scored.
        soft: fewer than K neighbours divide by their number, and the empty subset scores 1 / number of classes
            (soft-label KNN-Shapley); False divides by K always (KNN-Shapley).
        catch_errors: accepted like other utilities' argument; nothing can fail on a subset.
        show_warnings: accepted, too.
        clone_before_fit: accepted, too.
        cache_backend: accepted and not used: scoring a subset costs less than looking it up.
        cached_func_options: accepted and not used.

    Raises:
        InputTypeError: for another model, or test data that are no Dataset.
        InputError: for distance weights.

    Example:
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from dvlwidgets import Dataset, KNNClassifierUtility
        >>> utility = KNNClassifierUtility(KNeighborsClassifier(1), Dataset([[0.0], [1.0]], [0, 1]))
        >>> utility.with_dataset(Dataset([[0.1], [0.2], [1.0]], [0, 0, 1]))([[True, True, False]])
        array([0.5])

    References:
        Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms (VLDB 2019).
    """

    def __init__(
        self,
        model: Any,
        test_data: Dataset,
        *,
        soft: bool = False,
        catch_errors: bool = True,
        show_warnings: bool = True,
        clone_before_fit: bool = True,
        cache_backend: Any = None,
        cached_func_options: Any = None,
    ) -> None:
        check_model(model, "KNeighborsClassifier", instead="Utility(model, scorer)")
        check_uniform(model, "Utility(model, scorer)")
        check_test_data(test_data)
        self.model, self.test_data = model, test_data
        self.soft = arguments.flag("soft", soft)
        self.catch_errors = arguments.flag("catch_errors", catch_errors)
        self.show_warnings = arguments.flag("show_warnings", show_warnings)
        self.clone_before_fit = arguments.flag("clone_before_fit", clone_before_fit)
        self.cache_stats = None

    def with_dataset(self, data: Dataset) -> BoundKNNUtility:
        """The utility of subsets of `data` (points or groups)."""
        return BoundKNNUtility(self, data)

    def __repr__(self) -> str:
        soft = ", soft=True" if self.soft else ""
        return f"KNNClassifierUtility({self.model!r}{soft})"


class BoundKNNUtility:
    """`KNNClassifierUtility` on one training set.

    Scores are ratios of integers, so that they are the same bits whatever subsets are scored together.
    """

    notes: tuple[str, ...] = ()
    batched = False

    def __init__(self, utility: KNNClassifierUtility, data: Dataset) -> None:
        check_training_data(data)
        self.utility, self.data, self.n = utility, data, len(data)
        codes, self._test_codes, classes = class_codes(data, utility.test_data)
        self._codes = codes
        self._neighbours = Neighbours(data, utility.test_data, utility.model)
        self._groups = data.logical_indices() if isinstance(data, GroupedDataset) else None
        self._k = int(utility.model.n_neighbors)
        self._empty = 1.0 / classes if utility.soft else 0.0
        self._kept: list[NDArray[np.int32]] | None = None
        self.metrics = (
            "probability of the right label"
            if utility.soft
            else "share of the K neighbours with the right label",
        )

    def first(self) -> First:
        """The empty and the full set.

        Raises:
            FirstFitError: if distances cannot be measured.
        """
        start = time.perf_counter()
        try:
            full = self.evaluate(np.ones((1, self.n), np.bool_)).values[0]
        except Exception as error:
            raise FirstFitError(
                f"the neighbours of the test points could not be found: {type(error).__name__}: {error}"
            ) from error
        return First(np.array([self._empty]), full, time.perf_counter() - start)

    def evaluate(self, masks: Masks) -> Evaluations:
        """Scores of the subsets in `masks`, shape (B, n)."""
        start = time.perf_counter()
        rows = masks if self._groups is None else masks[:, self._groups]
        hits = np.zeros(len(masks), np.int64)
        for order, right in self._rankings():
            hits += _hits(rows, order, right, self._k)
        sizes = rows.sum(axis=1)
        among = np.clip(sizes, 1, self._k) if self.utility.soft else np.full(len(masks), self._k)
        values = np.where(sizes > 0, hits / (among * self._neighbours.n_test), self._empty)
        return Evaluations(values[:, None], np.zeros(len(masks), np.uint8), time.perf_counter() - start)

    def __call__(self, masks: Masks) -> Utilities:
        """Scores of subsets: shape (B,)."""
        return self.evaluate(check_masks(masks, self.n)).values[:, 0]

    def key_parts(self) -> dict[str, str]:
        """Hashes of the data and the model."""
        u = self.utility
        return {
            "training data": self.data.fingerprint,
            "test data": u.test_data.fingerprint,
            "model": digest(identity_of(u.model)),
            "utility": digest(["KNNClassifierUtility", u.soft]),
        }

    def _rankings(self) -> Any:
        """Chunks of test points: training rows from near to far (t, n_rows), and the classes wanted (t,)."""
        found = self._neighbours
        chunk = max(1, 8_000_000 // (8 * found.n_rows))
        if self._kept is None and 4 * found.n_rows * found.n_test <= ORDER_BYTES:
            # threads may race to make the same list
            self._kept = [self._ranked(at).astype(np.int32) for at in _chunks(found.n_test, chunk)]
        for c, at in enumerate(_chunks(found.n_test, chunk)):
            order = self._ranked(at) if self._kept is None else self._kept[c]
            yield order, self._codes[order] == self._test_codes[at][:, None]

    def _ranked(self, at: Indices) -> Indices:
        return self._neighbours.order(at)


def _chunks(count: int, size: int) -> list[Indices]:
    return [np.arange(a, min(a + size, count)) for a in range(0, count, size)]


def _hits(rows: Masks, order: NDArray[Any], right: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
    """How many of the K nearest rows in each subset are right, summed over test points.

    Looks at the nearest few rows first; only pairs of a subset and a test point that have found fewer than K there
    look further.

    Args:
        rows: subsets of rows, shape (B, n).
        order: rows from near to far, shape (t, n).
        right: whether they have the right label, shape (t, n).
        k: K.
    """
    total = np.zeros(len(rows), np.int64)
    t, n = order.shape
    together = max(1, PAIRS // (4 * k * t))
    for low in range(0, len(rows), together):
        masks = rows[low : low + together]
        subset, point = (a.ravel() for a in np.indices((len(masks), t)))
        found = np.zeros(len(subset), np.int64)
        begin = 0
        while begin < n and len(subset):
            end = min(n, begin + max(k, PAIRS // len(subset)))
            inside = masks[subset[:, None], order[point, begin:end]]
            rank = found[:, None] + np.cumsum(inside, axis=1)
            taken = (inside & (rank <= k) & right[point, begin:end]).sum(axis=1)
            total[low : low + together] += np.bincount(subset, taken, len(masks)).astype(np.int64)
            on = rank[:, -1] < k
            subset, point, found, begin = subset[on], point[on], rank[on, -1], end
    return total
