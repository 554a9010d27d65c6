"""A labelled data set whose points can be valued, relabelled and dropped.

How data sets are made, told apart and edited; what can be read off one is in `dataset_fields`. Points have persistent
ids: `take`, `drop` and slices keep them, and edits are stored by them. Data stay what they are: a data frame is a data
frame until `model.fit`, categories and NaN features included. The user's arrays are neither copied nor written to;
whoever writes into them behind our back makes the cached fingerprint wrong.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..counts import many
from ..errors import InputError, InputTypeError
from ..typing import Indices
from . import arrays, checks, loading, mapped, tables
from . import labels as _labels
from .dataset_fields import DatasetFields
from .identity import Hasher, digest

if TYPE_CHECKING:
    from .grouped import GroupedDataset


class RawData(NamedTuple):
    """What a model is fitted on; unpacks to `x, y`."""

    x: Any
    y: Any


class Dataset(DatasetFields):
    """Features `x` and labels `y`, one row a point.

    Args:
        x: array (n, d), data frame, sparse matrix or tensor; (n,) only for texts.
        y: array or series (n,); (n, k) with `multi_output=True`.
        feature_names: one per column; by default, and where one is blank, the frame's columns or x0, x1, ...
        target_names: one per column of `y`, or one per class (then `class_names` has them).
        data_names: one per point; by default the ids.
        description: free text.
        multi_output: `y` has several columns.
        mmap: keep a copy of the arrays in a memory-mapped file that worker processes share. Arrays that are
            mapped already (`numpy.memmap`, `numpy.load(mmap_mode="r")`) stay so without it, slices included.
        ids: one unique integer or string per point; by default 0..n-1. They survive slicing.

    Raises:
        InputError: lengths differ, no points, NaN labels, ids twice, a wrong number of names.
        InputTypeError: x or y is no table.

    Example:
        >>> d = Dataset([[0.0], [1.0], [2.0]], [0, 1, 1])
        >>> d[1:].ids
        array([1, 2])
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        feature_names: Sequence[str] | NDArray[Any] | None = None,
        target_names: Sequence[str] | NDArray[Any] | None = None,
        data_names: Sequence[str] | NDArray[Any] | None = None,
        description: str | None = None,
        multi_output: bool = False,
        mmap: bool = False,
        *,
        ids: Sequence[int] | Sequence[str] | NDArray[Any] | None = None,
    ) -> None:
        x, y = arrays.adopt(x, "x"), arrays.adopt(y, "y")
        arguments.flag("multi_output", multi_output)
        checks.check_tables(x, y, multi_output=multi_output)
        n = arrays.n_rows(x)
        self.mmap = arguments.flag("mmap", mmap)
        self._x, self._y = self._own(x, "x"), self._own(y, "y")
        self._row_ids = checks.unique_ids(ids, n)
        self._row_names = checks.point_names(data_names, self._row_ids)
        self.feature_names = checks.feature_names(feature_names, x)
        self.target_names = checks.target_names(target_names, y)
        self.description = checks.description(description)
        self.multi_output = multi_output
        self._classification = _labels.looks_like_classes(y)
        self._fingerprint: str | None = None

    # --- making one -----------------------------------------------------------------------------------------

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        train_size: float = 0.8,
        random_state: int | None = None,
        stratify_by_target: bool = False,
        data_groups: Any = None,
        **names: Any,
    ) -> tuple[Self, Self]:
        """Splits arrays into a training and a test set; the ids are the rows' positions in `X`.

        Args:
            X: features, as for `Dataset`.
            y: labels, as for `Dataset`.
            train_size: share (float in (0, 1)) or number (int) of the rows in the training set.
            random_state: seed of the shuffle.
            stratify_by_target: keep the shares of the classes in both parts.
            data_groups: group of each row; the parts are then `GroupedDataset`s.
            **names: further arguments of the constructor, e.g. `data_names`.
        """
        full = cls._whole(X, y, data_groups, names)
        train, test = loading.split_rows(
            full.n_rows, train_size, random_state, full.y if stratify_by_target else None
        )
        return full.take_rows(train), full.take_rows(test)

    @classmethod
    def from_sklearn(
        cls,
        data: Any,
        train_size: float = 0.8,
        random_state: int | None = None,
        stratify_by_target: bool = False,
        data_groups: Any = None,
        **names: Any,
    ) -> tuple[Self, Self]:
        """Splits a scikit-learn Bunch (`load_wine()`, also `as_frame=True`); arguments as in `from_arrays`."""
        x, y, found = loading.from_bunch(data)
        return cls.from_arrays(
            x, y, train_size, random_state, stratify_by_target, data_groups, **{**found, **names}
        )

    @classmethod
    def from_frame(
        cls, df: Any, target: str | Sequence[str], group: str | None = None, **names: Any
    ) -> Dataset | GroupedDataset:
        """A data set from one data frame. The frame's index, if unique, gives the ids.

        Args:
            df: a pandas data frame.
            target: column (or columns: multi-output) to predict; all others but `group` are features.
            group: column with the group of each row; gives a `GroupedDataset`.
            **names: further arguments of the constructor, e.g. `data_names`.
        """
        x, y, groups, found = loading.from_frame(df, target, group)
        return cls._whole(x, y, groups, {**found, **names})

    @classmethod
    def _whole(cls, x: Any, y: Any, data_groups: Any, names: Mapping[str, Any]) -> Self:
        if data_groups is None:
            return cls(x, y, **names)
        from .grouped import GroupedDataset

        grouped: Any = GroupedDataset(x, y, data_groups, **names)
        return grouped  # type: ignore[no-any-return]

    def take_rows(self, rows: Indices) -> Self:
        """The same data set with some of its rows."""
        return self._with(
            _x=mapped.part_of(self._x, rows, "x", mapped=self.mmap),
            _y=mapped.part_of(self._y, rows, "y", mapped=self.mmap),
            _row_ids=self._row_ids[rows],
            _row_names=self._row_names[rows],
        )

    def _with(self, **attributes: Any) -> Self:
        """A shallow copy with other attributes, and hence another fingerprint."""
        changed = copy.copy(self)
        changed.__dict__.update(attributes, _fingerprint=None)
        return changed

    def _own(self, table: Any, what: str) -> Any:
        return mapped.to_disk(table, what) if self.mmap else arrays.adopt(table, what)

    def data(self, indices: Any = None) -> RawData:
        """Rows of the given points (all without `indices`), in that order; frames stay frames."""
        if indices is None:
            return RawData(self._x, self._y)
        rows = self.data_indices(indices)
        return RawData(arrays.take_rows(self._x, rows), arrays.take_rows(self._y, rows))

    # --- identity -------------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """Hash of x, y, ids (and groups): equal for equal data, in every process. Computed once."""
        if self._fingerprint is None:
            hasher = Hasher()
            self._hash_into(hasher)
            self._fingerprint = hasher.hexdigest()
        return self._fingerprint

    def _hash_into(self, hasher: Hasher) -> None:
        for table in (self._x, self._y):
            tables.put_table(hasher, table, index=False)
        hasher.put(self._row_ids)

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("dataset", self.fingerprint)

    def row_hash(self, position: int) -> str:
        """16 hex characters of a point's features, without its label: tells whether an id still means this point."""
        found = []
        for row in self.data_indices([position]):
            hasher = Hasher()
            tables.put_row(hasher, self._x, int(row))
            found.append(hasher.hexdigest())
        return found[0][:16] if len(found) == 1 else digest(sorted(found))[:16]  # a group has no order

    # --- editing: always a new data set ---------------------------------------------------------------------

    def take(self, positions: Any) -> Self:
        """The points at these positions, in that order.

        Raises:
            InputError: if nothing is left or a position is asked for twice (ids must stay unique).
        """
        return self.take_rows(checks.distinct(arrays.positions(positions, len(self)), "take"))

    def __getitem__(self, index: Any) -> Self:
        return self.take(index)

    def __array__(self, *_args: Any, **_kwargs: Any) -> NDArray[Any]:
        raise InputTypeError(
            f"{self!r} is no array; expected its arrays. Pass them with model.fit(*data.data())."
        )

    def __iter__(self) -> Iterator[Self]:
        return (self.take(i) for i in range(len(self)))

    def drop_indices(self, indices: Any) -> Self:
        """All points but those at these positions."""
        keep = np.ones(len(self), dtype=np.bool_)
        keep[arrays.positions(indices, len(self))] = False
        if not keep.any():
            every = "the only point" if len(self) == 1 else f"all {len(self):,} points"
            raise InputError(f"{every} would be dropped; expected at least one to stay.")
        return self.take(keep)

    def drop(self, result: Any) -> Self:
        """All points but those of a (sliced) `ValuationResult` of this very data set.

        Raises:
            InputError: if the result belongs to other data, where its positions mean other points.
        """
        checks.check_same_data(result, self.fingerprint)
        return self.drop_indices(result.indices)

    def relabel(self, positions: Mapping[int, Any] | Any, labels: Any = None) -> Self:
        """A new data set with other labels; this one stays as it is.

        Args:
            positions: {position: new label}, or positions with `labels` beside them.
            labels: one label for each position, or one for all.

        Raises:
            InputError: for a label that is missing or of another kind than the present ones.
        """
        where, new = checks.edits(positions, labels, len(self))
        return self._with(_y=self._own(_labels.replaced(self._y, where, new), "y"))

    def __repr__(self) -> str:
        what = (
            many(len(np.unique(arrays.as_numpy(self._y))), "class", "classes")
            if self.is_classification
            else "numeric target"
        )
        return (
            f"{type(self).__name__}({many(len(self), 'point')}, {many(self.n_features, 'feature')}, {what})"
        )
