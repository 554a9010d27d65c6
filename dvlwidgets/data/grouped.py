"""A data set whose points are groups of rows: data sources, artists, patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..counts import many
from ..errors import InputError, InputTypeError
from ..typing import Indices
from . import arrays, checks
from .dataset import Dataset
from .identity import Hasher
from .labels import missing


class GroupedDataset(Dataset):
    """A `Dataset` in which a point is a group of rows; masks, values and ids are those of the groups.

    Args:
        x: features of the rows, as for `Dataset`.
        y: labels of the rows.
        data_groups: group of each row, (n_rows,) integers or strings. The groups are sorted.
        feature_names: one per column.
        target_names: one per target column, or one per class.
        data_names: one per row.
        group_names: one per group, in the sorted order of the groups; by default the groups themselves.
        description: free text.
        multi_output: `y` has several columns.
        mmap: keep the arrays in memory-mapped files.
        ids: one per row.

    Raises:
        InputError: if a row has no group, or the lengths differ.

    Example:
        >>> d = GroupedDataset([[0.0], [1.0], [2.0]], [0, 1, 1], ["b", "a", "b"])
        >>> len(d), d.rows(np.array([False, True]))
        (2, array([0, 2]))
    """

    _codes: Indices
    _group_ids: NDArray[Any]
    _group_names: NDArray[np.str_]

    def __init__(
        self,
        x: Any,
        y: Any,
        data_groups: Any = None,
        feature_names: Sequence[str] | NDArray[Any] | None = None,
        target_names: Sequence[str] | NDArray[Any] | None = None,
        data_names: Sequence[str] | NDArray[Any] | None = None,
        group_names: Sequence[str] | NDArray[Any] | None = None,
        description: str | None = None,
        multi_output: bool = False,
        mmap: bool = False,
        *,
        ids: Sequence[int] | Sequence[str] | NDArray[Any] | None = None,
    ) -> None:
        super().__init__(
            x, y, feature_names, target_names, data_names, description, multi_output, mmap, ids=ids
        )
        self.__dict__.update(_groups(data_groups, group_names, self.n_rows))

    @classmethod
    def from_dataset(cls, data: Dataset, data_groups: Any, group_names: Any = None) -> GroupedDataset:
        """Groups the rows of a data set; ids and names of the rows are kept as `row_ids` and `row_names`.

        Args:
            data: the rows.
            data_groups: group of each row, (n_rows,).
            group_names: one per group, in the sorted order of the groups; by default the groups themselves.

        Raises:
            InputError: if a row has no group, or the lengths differ.
            InputTypeError: for what is no data set.
        """
        given: Any = data
        if not isinstance(given, Dataset):
            raise InputTypeError(
                f"from_dataset was given a {type(data).__name__}; expected a Dataset. For arrays use "
                "GroupedDataset(x, y, data_groups)."
            )
        grouped = object.__new__(cls)
        grouped.__dict__.update(
            data.__dict__, _fingerprint=None, **_groups(data_groups, group_names, data.n_rows)
        )
        return grouped

    @classmethod
    def _whole(cls, x: Any, y: Any, data_groups: Any, names: Mapping[str, Any]) -> Self:
        return cls(x, y, data_groups, **names)

    def take_rows(self, rows: Indices) -> Self:
        """Some of the rows; groups that lose all of theirs disappear."""
        present, codes = np.unique(self._codes[rows], return_inverse=True)
        part = super().take_rows(rows)
        return part._with(  # noqa: SLF001 -- of our own copy
            _codes=codes.astype(np.intp),
            _group_ids=self._group_ids[present],
            _group_names=self._group_names[present],
        )

    def take(self, positions: Any) -> Self:
        """The groups at these positions, in that order, with all their rows."""
        wanted = checks.distinct(arrays.positions(positions, len(self)), "take")
        place = np.empty(len(self), dtype=np.intp)  # group -> its new position
        place[wanted] = np.arange(len(wanted))
        rows = np.flatnonzero(np.isin(self._codes, wanted))  # rows keep their order, so that d[:] equals d
        return self.take_rows(rows)._with(  # noqa: SLF001 -- of our own copy
            _codes=place[self._codes[rows]],
            _group_ids=self._group_ids[wanted],
            _group_names=self._group_names[wanted],
        )

    def __len__(self) -> int:
        return len(self._group_ids)

    @property
    def ids(self) -> NDArray[Any]:
        """The groups: (n,) unique integers or strings."""
        return self._group_ids

    @property
    def names(self) -> NDArray[np.str_]:
        """Name of each group: (n,) strings."""
        return self._group_names

    @property
    def labels(self) -> None:
        """None: a group has many labels."""
        return None

    def rows(self, mask: NDArray[np.bool_]) -> Indices:
        """Ascending positions of the rows of the groups in a mask (n,)."""
        return np.flatnonzero(np.asarray(mask)[self._codes])

    def data_indices(self, indices: Any = None) -> Indices:
        """Row positions of the given groups, group after group; of all rows in their order without `indices`."""
        if indices is None:
            return np.arange(self.n_rows, dtype=np.intp)
        wanted = arrays.positions(indices, len(self))
        return np.concatenate(
            [np.flatnonzero(self._codes == g) for g in wanted] or [np.empty(0, dtype=np.intp)]
        )

    def logical_indices(self, indices: Any = None) -> Indices:
        """Positions of the groups that the given rows belong to."""
        return self._codes[arrays.positions(slice(None) if indices is None else indices, self.n_rows)]

    def _hash_into(self, hasher: Hasher) -> None:
        super()._hash_into(hasher)
        hasher.put(self._codes)
        hasher.put(self._group_ids)

    def relabel(self, positions: Any, labels: Any = None) -> Self:
        """Refused: the points are groups, and a group has many labels.

        Raises:
            InputError: saying how to relabel rows.
        """
        raise InputError(
            "the points of a GroupedDataset are groups, which have no label of their own; expected a Dataset. "
            "Relabel the rows first, then group them with GroupedDataset.from_dataset."
        )

    def __repr__(self) -> str:
        size = f"{many(len(self), 'group')}, {many(self.n_rows, 'point')}, {many(self.n_features, 'feature')}"
        return f"GroupedDataset({size})"


def _groups(data_groups: Any, group_names: Any, n: int) -> dict[str, NDArray[Any]]:
    """Group ids (sorted, read-only), their names, and the position of each row's group."""
    if data_groups is None:
        raise InputError(
            "data_groups is missing; expected the group of each row. Without groups use Dataset."
        )
    groups = arrays.as_numpy(data_groups)
    if groups.shape != (n,):
        raise InputError(f"data_groups has shape {groups.shape}; expected ({n},), one group per row.")
    if missing(data_groups if arrays.is_series(data_groups) else groups).any():
        raise InputError(
            "data_groups contains NaN or None; expected a group for every row. Name the unknown ones."
        )
    groups = groups.astype(np.int64 if groups.dtype.kind in "iub" else np.str_)
    ids, codes = np.unique(groups, return_inverse=True)
    ids.flags.writeable = False
    names = checks.point_names(group_names, ids, "group_names", "group")
    return {"_codes": codes.astype(np.intp), "_group_ids": ids, "_group_names": names}
