"""What may become a column of a result, and what may index one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..counts import many
from ..errors import InputError, InputTypeError
from ..typing import Indices, Values


class ResultIndexError(InputError, IndexError):
    """A position outside of a result, or a point that the result does not have."""


def row_positions(index: Any, n: int) -> Indices:
    """Positions of rows, 0..n-1, from a slice, a boolean mask or integers.

    Raises:
        ResultIndexError: for a position outside of the result.
        InputTypeError: for anything that is not a position.
        InputError: for a mask of another length, or a row asked for twice.
    """
    if isinstance(index, slice):
        return np.arange(n, dtype=np.intp)[index]
    asked = np.asarray(list(index) if np.iterable(index) else index)
    if asked.size == 0 and asked.ndim == 1:
        return np.empty(0, np.intp)
    if asked.dtype.kind == "b" and asked.ndim == 1:
        if len(asked) != n:
            raise InputError(
                f"the mask has {many(len(asked), 'entry', 'entries')}, the result {many(n, 'point')}. Pass one entry a "
                "point."
            )
        return np.flatnonzero(asked)
    if asked.dtype.kind not in "iu" or asked.ndim != 1:
        raise InputTypeError(
            f"a result is indexed by an integer, a slice, a boolean mask or a list of integers, not by an array of "
            f"{asked.dtype} with shape {asked.shape}. For positions in the data set use result.positions(...)."
        )
    wrong = (asked < -n) | (asked >= n)
    if wrong.any():
        raise ResultIndexError(
            f"row {int(asked[wrong][0])} was asked for; the result has {many(n, 'row')}: pass 0 to {n - 1:,}."
        )
    rows = np.where(asked < 0, asked + n, asked).astype(np.intp)
    refuse_twice(rows, "rows")
    return rows


def same(a: Any, b: Any) -> bool:
    """Equality of content: arrays element by element, NaN equal to NaN."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        x, y = np.asarray(a), np.asarray(b)
        if x.shape != y.shape:
            return False
        unknown = (x != x) & (y != y)  # noqa: PLR0124 - NaN, for any dtype
        return bool(np.all((x == y) | unknown))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b) or bool(a != a and b != b)  # noqa: PLR0124 - NaN


def as_numbers(x: Any, what: str, n: int | None = None) -> Values:
    """A copy as floats, shape (n,)."""
    try:
        numbers = np.array(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"{what} must be numbers, one a point: {error}.") from error
    return as_column(numbers, what, n, dims=1)


def as_whole_numbers(x: Any, what: str, n: int) -> NDArray[np.int64]:
    """A copy as integers, shape (n,)."""
    numbers = as_column(x, what, n, dims=1)
    if numbers.size and (numbers.dtype.kind not in "iuf" or not _are_whole(numbers)):
        raise InputTypeError(f"{what} must be whole numbers, one a point, not {numbers.dtype}.")
    return numbers.astype(np.int64)


def _are_whole(numbers: NDArray[Any]) -> bool:
    return bool(np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all())


def as_column(x: Any, what: str, n: int | None, dims: int | None = None) -> NDArray[Any]:
    """A copy as an array of length n."""
    array = np.array(x)
    wrong = array.ndim == 0 if dims is None else array.ndim != dims
    if wrong or (n is not None and len(array) != n):
        expected = "(n,)" if n is None else f"({n},), like values"
        raise InputError(f"{what} has shape {array.shape}; expected {expected}.")
    return array


def not_negative(x: Values, what: str) -> Values:
    """The same numbers; NaN passes."""
    if (x < 0).any():
        raise InputError(f"{what} must not be negative, but one is {float(np.nanmin(x)):g}.")
    return x


def refuse_twice(array: NDArray[Any], what: str) -> None:
    """Complains if an entry occurs twice."""
    found, times = np.unique(array, return_counts=True)
    if len(found) < len(array):
        raise InputError(
            f"{what} has {found[times > 1][0]} twice; a result holds each point once. Pass each once."
        )
