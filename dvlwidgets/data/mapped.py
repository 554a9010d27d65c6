"""Arrays that lie in files: kept there, rows included, so that neither memory nor workers hold them twice."""

from __future__ import annotations

import contextlib
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputTypeError
from ..typing import Indices
from . import arrays

BLOCK = 1 << 24
"""Large arrays are copied in blocks of about this many bytes."""


def is_mapped(a: object) -> bool:
    """True for an array in a memory-mapped file; what is computed from one has its type, but no file."""
    return isinstance(a, np.memmap) and a.filename is not None


def part_of(a: Any, rows: Indices, what: str, *, mapped: bool) -> Any:
    """Our handle on some of the rows of a table; the rows of a mapped array are mapped again.

    Args:
        a: the table.
        rows: which rows.
        what: the argument's name, for messages.
        mapped: map the rows of an array in memory, too.
    """
    if not is_mapped(a):
        taken = arrays.take_rows(a, rows)
        return to_disk(taken, what) if mapped else arrays.adopt(taken, what)
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return arrays.adopt(a[rows[0] : rows[-1] + 1], what)  # next to each other: the same file serves
    return to_disk(a, what, rows)


def to_disk(a: Any, what: str, rows: Indices | None = None) -> Any:
    """A read-only memory map of the array in a temporary file, removed with the last reference to it.

    Worker processes on this machine then share one copy. An array that is mapped already is returned as it is,
    arrays of Python objects stay in memory.

    Args:
        a: the array.
        what: the argument's name, for messages.
        rows: only these rows, which are read and written in blocks; None = all.

    Raises:
        InputTypeError: if it is not a numpy array.
    """
    if not isinstance(a, np.ndarray):
        raise InputTypeError(
            f"mmap=True needs numpy arrays, but {what} is a {type(a).__name__}. "
            f"Pass {what}.to_numpy(), or leave mmap out."
        )
    if rows is None and (is_mapped(a) or a.dtype.hasobject or a.size == 0):
        return a
    if rows is not None and (len(rows) == 0 or a.dtype.hasobject):
        return a[rows]
    handle, path = tempfile.mkstemp(prefix="dvlwidgets-", suffix=".npy")
    os.close(handle)
    n = len(a) if rows is None else len(rows)
    written = np.lib.format.open_memmap(path, "w+", a.dtype, (n, *a.shape[1:]))
    step = max(1, BLOCK // max(1, a[:1].nbytes))
    for at in range(0, n, step):
        written[at : at + step] = a[at : at + step] if rows is None else a[rows[at : at + step]]
    del written
    mapped = np.load(path, mmap_mode="r")
    weakref.finalize(mapped, _remove, path)
    return mapped


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # gone already, or still open elsewhere (Windows)
        Path(path).unlink()
