"""What can be read off a data set: its arrays, ids and names, and which rows and columns are whose."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..typing import Indices
from . import arrays, checks


class DatasetFields:
    """Read-only views of features, labels and what they are called; `Dataset` adds how data are made and edited."""

    _x: Any
    _y: Any
    _row_ids: NDArray[Any]
    _row_names: NDArray[np.str_]
    _classification: bool

    feature_names: list[str]
    """One name per feature."""

    target_names: list[str]
    """One name per target column, or one per class."""

    description: str
    """Free text on the data."""

    multi_output: bool
    """Whether `y` has several columns."""

    @property
    def x(self) -> Any:
        """Features as given: (n_rows, d) array, or frame, ..."""
        return self._x

    @property
    def y(self) -> Any:
        """Labels as given: (n_rows,) or (n_rows, k)."""
        return self._y

    def __len__(self) -> int:
        return self.n_rows

    @property
    def n_rows(self) -> int:
        """Number of rows of `x`."""
        return arrays.n_rows(self._x)

    @property
    def ids(self) -> NDArray[Any]:
        """Persistent id of each point: (n,) integers or strings."""
        return self._row_ids

    @property
    def names(self) -> NDArray[np.str_]:
        """Name of each point: (n,) strings."""
        return self._row_names

    @property
    def row_ids(self) -> NDArray[Any]:
        """Persistent id of each row: (n_rows,); the same as `ids` unless the points are groups."""
        return self._row_ids

    @property
    def row_names(self) -> NDArray[np.str_]:
        """Name of each row: (n_rows,); the same as `names` unless the points are groups."""
        return self._row_names

    @property
    def indices(self) -> Indices:
        """Positions of all points: 0..n-1."""
        return np.arange(len(self), dtype=np.intp)

    @property
    def n_features(self) -> int:
        """Number of features of a point."""
        return checks.width(self._x)

    @property
    def dim(self) -> int:
        """Same as `n_features`."""
        return self.n_features

    @property
    def n_targets(self) -> int:
        """Number of columns of `y`."""
        return checks.width(self._y)

    @property
    def class_names(self) -> list[str] | None:
        """Name of class 0, 1, ... where `target_names` gave one per class, and the labels are such numbers."""
        if len(self.target_names) == self.n_targets or self._y.ndim > 1:
            return None
        values = arrays.as_numpy(self._y)
        known = values.dtype.kind in "iub" and values.min() >= 0 and values.max() < len(self.target_names)
        return self.target_names if known else None

    @property
    def labels(self) -> NDArray[Any] | None:
        """One label per point, (n,); None where there is no such thing (several outputs, groups)."""
        return None if self._y.ndim > 1 else arrays.as_numpy(self._y)

    @property
    def is_classification(self) -> bool:
        """Whether `y` looks like classes: strings, booleans, categories, or few distinct integers."""
        return self._classification

    def data_indices(self, indices: Any = None) -> Indices:
        """Row positions of the given points."""
        return arrays.positions(slice(None) if indices is None else indices, self.n_rows)

    def logical_indices(self, indices: Any = None) -> Indices:
        """Positions of the points that the given rows belong to."""
        return arrays.positions(slice(None) if indices is None else indices, self.n_rows)

    def rows(self, mask: NDArray[np.bool_]) -> Indices:
        """Row positions of the points in a mask.

        Args:
            mask: (n,) bool.

        Returns:
            (k,) ascending positions of rows of `x`.
        """
        return np.flatnonzero(mask)

    def feature(self, name: str) -> tuple[slice, int]:
        """Index expression of a feature: `d.x[d.feature("age")]`, with `.iloc` for a frame."""
        return slice(None), checks.position_of(name, self.feature_names, "feature")

    def target(self, name: str) -> tuple[slice, int] | tuple[slice]:
        """Index expression of a target: `d.y[d.target("price")]`."""
        names = self.target_names if len(self.target_names) == self.n_targets else ["y"]
        found = checks.position_of(name, names, "target")
        return (slice(None), found) if self._y.ndim > 1 else (slice(None),)

    def column(self, name: str) -> NDArray[Any]:
        """Values of one feature, (n_rows,), as numpy."""
        where = checks.position_of(name, self.feature_names, "feature")
        if arrays.is_frame(self._x):
            return arrays.as_numpy(self._x.iloc[:, where])
        if len(self._x.shape) == 1:
            return arrays.as_numpy(self._x)
        if arrays.is_sparse(self._x):
            return arrays.as_numpy(self._x[:, [where]]).ravel()
        return arrays.as_numpy(self._x).reshape(self.n_rows, -1)[:, where]
