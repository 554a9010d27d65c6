"""Rows of whatever the user has: numpy arrays, data frames, sparse matrices, tensors.

The one place that knows how each kind of table is indexed, protected and turned into numpy. pandas, scipy and
torch are recognised by looking into `sys.modules`: whoever owns a data frame has imported pandas already, so
nothing heavy is ever imported from here.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..counts import many
from ..errors import InputError, InputTypeError
from ..typing import Indices


class PositionError(InputError, IndexError):
    """A position lies outside the data set."""


def _loaded(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)


def is_frame(a: object) -> bool:
    """True for a pandas DataFrame."""
    kind = _loaded("pandas", "DataFrame")
    return kind is not None and isinstance(a, kind)


def is_series(a: object) -> bool:
    """True for a pandas Series."""
    kind = _loaded("pandas", "Series")
    return kind is not None and isinstance(a, kind)


def is_index(a: object) -> bool:
    """True for a pandas Index."""
    kind = _loaded("pandas", "Index")
    return kind is not None and isinstance(a, kind)


def is_sparse(a: object) -> bool:
    """True for a scipy sparse matrix or array."""
    check = _loaded("scipy.sparse", "issparse")
    return check is not None and bool(check(a))


def is_tensor(a: object) -> bool:
    """True for a torch tensor."""
    kind = _loaded("torch", "Tensor")
    return kind is not None and isinstance(a, kind)


def as_numpy(a: Any) -> NDArray[Any]:
    """The values of an array, frame, series or tensor as a numpy array; shares memory where that is possible."""
    if is_tensor(a):
        if str(a.dtype) == "torch.bfloat16":  # numpy has no such numbers; single precision holds them exactly
            a = a.float()
        return np.asarray(a.detach().cpu().numpy())
    if is_frame(a) or is_series(a):
        return np.asarray(a.to_numpy())
    if is_sparse(a):
        return np.asarray(a.toarray())
    return np.asarray(a)


def as_tensor(a: NDArray[Any]) -> Any:
    """A torch tensor with a copy of the values; torch must have been imported by the user."""
    return sys.modules["torch"].as_tensor(np.array(a))


def adopt(a: Any, what: str) -> Any:
    """Our handle on a user's table: same kind, same memory, and no way to write through it where that is cheap.

    Args:
        a: an array, data frame, series, sparse matrix, tensor, or a nested sequence.
        what: the argument's name, for messages.

    Raises:
        InputTypeError: if it is none of these.
    """
    if isinstance(a, np.ndarray):
        view = a.view()
        view.flags.writeable = False
        return view
    if is_frame(a) or is_series(a):
        return a.copy(deep=False)
    if is_sparse(a):
        return _read_only_csr(a)
    if is_tensor(a):
        return a.detach()  # points have no gradients, and the user's do not grow by our fits
    if isinstance(a, (list, tuple, range)) or (hasattr(a, "__array__") and not isinstance(a, type)):
        return adopt(_from_sequence(a, what), what)
    raise InputTypeError(
        f"{what} is of type {type(a).__name__}; expected a numpy array, a pandas data frame or series, a scipy "
        f"sparse matrix or a torch tensor. Convert it first, e.g. with numpy.asarray or .to_pandas()."
    )


def _read_only_csr(a: Any) -> Any:
    """Rows that share the user's memory, in canonical order so that nothing needs to be put in order in place."""
    rows = a.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    parts = [part.view() for part in (rows.data, rows.indices, rows.indptr)]
    for part in parts:
        part.flags.writeable = False
    return type(rows)(tuple(parts), shape=rows.shape)


def _from_sequence(a: Any, what: str) -> NDArray[Any]:
    try:
        return np.asarray(a)
    except ValueError as e:
        raise InputError(
            f"{what} is a {type(a).__name__} whose rows have different lengths; expected a rectangular table. "
            f"Pad the rows, or pass an array."
        ) from e


def n_rows(a: Any) -> int:
    """Number of rows of any kind of table."""
    return int(a.shape[0])


def take_rows(a: Any, rows: Indices) -> Any:
    """The given rows, in that order, as the same kind of table (a copy)."""
    if is_frame(a) or is_series(a):
        return a.iloc[rows]
    if is_tensor(a):
        return a[as_tensor(rows)]
    return a[rows]


def positions(index: Any, n: int) -> Indices:
    """Positions 0..n-1 from an integer, a slice, a boolean mask of length n or a sequence of integers.

    Raises:
        PositionError: for a position outside -n..n-1.
        InputTypeError: for anything that is not a position.
        InputError: for a boolean mask of another length.
    """
    if isinstance(index, slice):
        return np.arange(n, dtype=np.intp)[index]
    asked = as_numpy(index)
    if asked.size == 0 and asked.dtype.kind in "fiub":
        return np.empty(0, dtype=np.intp)
    if asked.dtype.kind == "b" and asked.ndim == 1:
        if asked.shape[0] != n:
            raise InputError(
                f"a boolean mask of length {asked.shape[0]} was given; expected one entry for each "
                f"of {many(n, 'point')}."
            )
        return np.flatnonzero(asked)
    if asked.dtype.kind not in "iu" or asked.ndim > 1:
        raise InputTypeError(
            f"positions must be integers, a slice or a boolean mask; got {_describe(asked)}. "
            f"To select by id, use numpy.flatnonzero(numpy.isin(data.ids, ids))."
        )
    asked = np.atleast_1d(asked).astype(np.intp)
    wrong = (asked < -n) | (asked >= n)
    if wrong.any():
        raise PositionError(
            f"position {int(asked[wrong][0])} is outside of the data set; expected 0 to {n - 1}."
        )
    return np.where(asked < 0, asked + n, asked)


def _describe(a: NDArray[Any]) -> str:
    return f"an array of {a.dtype} with shape {a.shape}"
