"""Identity of tables: arrays, data frames, sparse matrices and tensors are hashed by dtype, shape and content.

The memory layout does not count (a strided, mapped or Fortran-ordered array equals its plain copy), and neither
does what holds a text column. The index of a frame counts where the frame is an object of its own, but not within
a `Dataset`, whose ids take its place.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import arrays

if TYPE_CHECKING:
    from .identity import Hasher

BLOCK = 1 << 24
"""Arrays are fed in blocks of about this many bytes, so that a strided or mapped one is never copied whole."""


def put_array(hasher: Hasher, a: NDArray[Any]) -> None:
    """Puts a numpy array."""
    kind = a.dtype.str if a.dtype.names is None else repr(a.dtype.descr)
    if a.dtype.kind == "U":  # room for longer words is no difference: a relabel may have needed it
        kind = "text"
    hasher.put_all("array", (kind, tuple(map(int, a.shape))))
    if a.dtype.hasobject or kind == "text":
        _put_objects(hasher, a.reshape(-1).tolist())
        return
    rows = a if a.ndim else a.reshape(1)
    step = max(1, BLOCK // max(1, a.nbytes // max(1, len(rows))))
    for start in range(0, len(rows), step):
        # bytes are taken through uint8, because dates have no buffer of their own
        block = np.ascontiguousarray(rows[start : start + step]).reshape(-1).view(np.uint8)
        hasher.raw(block.data)


def _put_objects(hasher: Hasher, items: list[Any]) -> None:
    if all(type(item) is str for item in items):  # text, much faster at once than one by one
        parts = [item.encode("utf-8", "surrogatepass") for item in items]
        hasher.tag("lengths", np.array([len(part) for part in parts], dtype=np.int64).tobytes())
        hasher.tag("text", b"".join(parts))
    else:
        hasher.put_all("objects", items)


def put_table(hasher: Hasher, table: Any, *, index: bool = True) -> None:
    """Puts an array, data frame, series, sparse matrix or tensor.

    Args:
        hasher: where to.
        table: the table.
        index: whether the index of a frame counts.
    """
    if arrays.is_frame(table):
        hasher.put_all("frame", (list(table.columns), len(table), table.index if index else None))
        for i in range(table.shape[1]):
            _put_column(hasher, table.iloc[:, i])
    elif arrays.is_series(table):
        hasher.put_all("series", (table.name, len(table), table.index if index else None))
        _put_column(hasher, table)
    elif arrays.is_sparse(table):
        tidy = table.tocsr(copy=True)
        tidy.sum_duplicates()
        hasher.put_all("sparse", (tuple(map(int, tidy.shape)),))
        for part in (tidy.data, tidy.indices.astype(np.int64), tidy.indptr.astype(np.int64)):
            put_array(hasher, part)
    elif arrays.is_tensor(table):
        hasher.put_all("tensor", (str(table.dtype),))
        put_array(hasher, arrays.as_numpy(table))
    else:
        put_array(hasher, arrays.as_numpy(table))


def _put_column(hasher: Hasher, column: Any) -> None:
    hasher.put(str(column.dtype))
    if str(column.dtype) == "category":
        hasher.put(bool(column.cat.ordered))
        _put_objects(hasher, column.cat.categories.to_numpy(dtype=object).tolist())
        put_array(hasher, np.asarray(column.cat.codes.to_numpy(), dtype=np.int64))
    elif isinstance(column.dtype, np.dtype):
        put_array(hasher, np.asarray(column.to_numpy()))
    else:  # extension types (text, nullable, with time zone): as Python objects, whatever holds them
        _put_objects(hasher, [plain(value) for value in column.to_numpy(dtype=object).tolist()])


def put_index(hasher: Hasher, index: Any) -> None:
    """Puts a pandas index: names, dtype and values."""
    hasher.put_all("index", (list(index.names), str(index.dtype)))
    _put_objects(hasher, [plain(value) for value in index.to_numpy(dtype=object).tolist()])


def put_row(hasher: Hasher, table: Any, row: int) -> None:
    """Puts one row's values; for frames the categories that other rows have do not count."""
    if arrays.is_frame(table):
        hasher.put_all("row", [plain(table.iat[row, i]) for i in range(table.shape[1])])
    elif arrays.is_series(table):
        hasher.put_all("row", [plain(table.iloc[row])])
    elif arrays.is_sparse(table):
        put_array(hasher, table[[row]].toarray())
    else:
        put_array(hasher, np.asarray(arrays.as_numpy(table[row])))


def plain(value: Any) -> Any:
    """A cell's value, with NaN, NaT, NA and None all as None."""
    if value is None or value is getattr(sys.modules.get("pandas"), "NA", None):
        return None
    return None if value != value else value  # noqa: PLR0124 -- NaN and NaT differ from themselves
