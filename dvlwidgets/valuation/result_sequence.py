"""A result as a sequence: its rows, their order, and where the points of the data set are among them."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from operator import index as as_integer
from typing import Any, Self, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..counts import many
from ..errors import InputTypeError
from ..typing import Indices
from . import result_checks, result_columns
from .result_checks import ResultIndexError
from .result_columns import About, Columns
from .result_fields import ResultFields
from .result_item import ValueItem


class ResultSequence(ResultFields, Sequence[ValueItem]):
    """Rows that can be taken, compared and sorted; `ValuationResult` adds how results are made and changed."""

    @classmethod
    def _of(cls, columns: Columns, about: About) -> Self:
        result = cls.__new__(cls)
        result._columns, result._about = columns, about  # noqa: SLF001 - its own
        return result

    def __len__(self) -> int:
        return len(self._columns)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> ValueItem: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | Sequence[bool] | NDArray[Any]) -> Self: ...
    def __getitem__(self, index: Any) -> ValueItem | Self:
        """A `ValueItem`, or, for a slice, mask or list of rows, a result with these rows in that order."""
        if isinstance(index, str | bytes | bool | np.bool_):
            raise InputTypeError(
                f"a result is indexed by rows, not by {index!r}. Use get(data_idx) for one point."
            )
        if isinstance(index, SupportsIndex) and np.ndim(index) == 0:  # type: ignore[arg-type] # an array of one, too
            row = result_checks.row_positions([as_integer(index)], len(self))[0]
            return self._item(int(row))
        return self._of(self._columns.take(result_checks.row_positions(index, len(self))), self._about)

    def __iter__(self) -> Iterator[ValueItem]:
        return (self._item(row) for row in range(len(self)))

    def _item(self, row: int) -> ValueItem:
        c = self._columns
        return ValueItem(
            int(c.indices[row]),
            str(c.names[row]),
            float(c.values[row]),
            float(c.variances[row]),
            int(c.counts[row]),
        )

    def __eq__(self, other: object) -> bool:
        """Same content for every point, whatever the order; provenance and verdict are not compared."""
        if not isinstance(other, ResultSequence):
            return NotImplemented
        return self._about == other._about and self._columns == other._columns

    __hash__ = None  # type: ignore[assignment] # sort and set change it in place

    def sort(self, reverse: bool = False, key: str = "value", inplace: bool = True) -> Self:
        """Sorts this result in place and returns it. pyDVL's default is `inplace=False`: a sorted copy.

        Args:
            reverse: descending.
            key: "value", "variance", "index" or "name". NaN comes last either way, ties by index.
            inplace: False leaves this result as it is and returns a sorted one.
        """
        target = self if inplace else self.copy()
        order = result_columns.sort_order(self._columns, key, reverse=reverse)
        target._columns = self._columns.take(order)  # noqa: SLF001 - its own
        return target

    def positions(self, data_indices: ArrayLike | slice) -> Indices:
        """Rows of this result at which points of the data set are, given by their positions there.

        Raises:
            ResultIndexError: for a point that is not in this result.
        """
        own = self.indices
        order = np.argsort(own)
        if isinstance(data_indices, slice):
            return order[data_indices]
        asked = np.asarray(data_indices, dtype=None if np.size(data_indices) else np.intp)
        if asked.dtype.kind not in "iu":
            raise InputTypeError(f"data_indices must be integers, not {asked.dtype}.")
        at = np.minimum(np.searchsorted(own, asked, sorter=order), max(len(own) - 1, 0))
        rows = order[at] if len(own) else at
        missing = np.ones(asked.shape, np.bool_) if not len(own) else own[rows] != asked
        if missing.any():
            first = np.atleast_1d(asked[missing])[0]
            raise ResultIndexError(
                f"point {first} of the data set is not in this result of {many(len(self), 'point')}."
            )
        return rows

    def get(self, data_idx: int) -> ValueItem:
        """The item of the point at this position in the data set."""
        return self._item(int(self.positions([as_integer(data_idx)])[0]))

    def copy(self) -> Self:
        """An independent result in the same order."""
        about = dataclasses.replace(self._about, whole=copy.deepcopy(dict(self._about.whole)))
        return self._of(self._columns.take(np.arange(len(self))), about)
