"""Training and test data as the batched fits need them, or the reason why they cannot have them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.arrays import as_numpy, is_tensor

Floats = NDArray[np.float64]

_EVEN = 1e-6
"""The smallest weight of a row, as a share of the largest."""


@dataclass(frozen=True)
class Problem:
    """Plain numbers: features in double precision, and one class or finite numbers for each row.

    Attributes:
        x: (n, d) training features.
        x_test: (k, d) test features.
        y: (n,) labels, or (n, o) numbers.
        classes: (c,) sorted classes, or None for numbers.
        codes: (n,) position of each label in the classes, or None.
        weights: (n,) positive weights of the rows, or None.
    """

    x: Floats
    x_test: Floats
    y: NDArray[Any]
    classes: NDArray[Any] | None = None
    codes: NDArray[np.intp] | None = None
    weights: Floats | None = None

    @classmethod
    def of(
        cls, x: Any, y: Any, x_test: Any, *, classes: bool, tables: bool = True, weights: Floats | None = None
    ) -> Problem | str:
        """The problem, or in words why there is none.

        Args:
            x: training features.
            y: training labels.
            x_test: test features.
            classes: whether the model is a classifier.
            weights: (n,) of the rows.
            tables: whether features must be double precision in two dimensions; else tensors, too, in any.
        """
        if not tables:
            x, y, x_test = (as_numpy(a) if is_tensor(a) else a for a in (x, y, x_test))
        for what, table in (("training features", x), ("test features", x_test)):
            wrong = _wrong(table, what, tables)
            if wrong:
                return wrong
        if x.shape[1:] != x_test.shape[1:]:
            return f"the training data have {x.shape[1]} features and the test data {x_test.shape[1]}"
        if type(y) is not np.ndarray or len(y) != len(x):
            return "the labels are no numpy array with one entry a row"
        a, b = x.astype(np.float64), x_test.astype(np.float64)
        if weights is not None and not _EVEN * weights.max() < weights.min():
            return "some weights are 0, or next to nothing beside others"
        found = _with_classes(a, b, y) if classes else _with_numbers(a, b, y, tables)
        return found if isinstance(found, str) else replace(found, weights=weights)

    @cached_property
    def centre(self) -> Floats:
        """(d,) mean of the training features: sums of centred numbers lose fewer digits."""
        return np.asarray(self.x.mean(axis=0))

    @cached_property
    def centred(self) -> Floats:
        """(n, d) training features without their mean."""
        return self.x - self.centre

    @cached_property
    def centred_test(self) -> Floats:
        """(k, d) test features without the mean of the training features."""
        return self.x_test - self.centre

    def weighted(self, masks: NDArray[Any]) -> Floats:
        """(b, n) masks, or numbers, times the weights of the rows."""
        return masks.astype(np.float64) if self.weights is None else masks * self.weights

    @cached_property
    def indicators(self) -> Floats:
        """(n, c) 1.0 where a row has a class."""
        assert self.classes is not None
        assert self.codes is not None
        return np.eye(len(self.classes))[self.codes]


def _wrong(table: Any, what: str, tables: bool) -> str:
    if type(table) is not np.ndarray or table.ndim < 2 or (tables and table.ndim > 2):
        return f"the {what} are no plain numpy table"
    if table.dtype.kind not in "iub" and (tables or table.dtype.kind != "f") and table.dtype != np.float64:
        return f"the {what} are of dtype {table.dtype}, not float64 or integers"
    if table.shape[1] == 0 or not np.isfinite(table).all():
        return f"the {what} have gaps, or no columns"
    return ""


def _with_classes(x: Floats, x_test: Floats, y: NDArray[Any]) -> Problem | str:
    if y.ndim != 1:
        return "the labels have several columns"
    if y.dtype.kind == "f" and not (np.isfinite(y).all() and np.array_equal(y, np.floor(y))):
        return "the labels are numbers with fractions, or have gaps"
    if y.dtype.kind == "O" and not all(isinstance(label, str) for label in y):
        return "the labels are objects of several kinds"
    if y.dtype.kind not in "iubfUSO":
        return f"the labels are of dtype {y.dtype}"
    classes, codes = np.unique(y, return_inverse=True)
    return Problem(x, x_test, y, classes, codes.astype(np.intp))


def _with_numbers(x: Floats, x_test: Floats, y: NDArray[Any], tables: bool) -> Problem | str:
    if y.ndim > 2 or y.dtype.kind not in "iuf" or (y.dtype != np.float64 and tables and y.dtype.kind == "f"):
        return f"the labels are of dtype {y.dtype} and shape {y.shape}, not float64 or integers"
    if not np.isfinite(y).all():
        return "the labels have gaps"
    return Problem(x, x_test, y.astype(np.float64))
