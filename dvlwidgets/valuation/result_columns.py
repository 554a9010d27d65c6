"""The two halves of a result: columns (one entry a point, moved together) and what is said of all of them.

Both are frozen; sorting, slicing and editing make new columns. Because every column is taken by the same positions
in one place (`Columns.take`), a value can never meet another point's standard error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.records import Provenance, Verdict
from ..errors import InputError, InputTypeError
from ..typing import Counts, Indices, Values
from .result_item import Status

POINTS = "points of the score"


class ResultIndexError(InputError, IndexError):
    """A position outside of a result, or a point that the result does not have."""


@dataclass(frozen=True, eq=False)
class About:
    """What holds for a result as a whole; see `ValuationResult` for the meaning of each.

    `runs` holds the provenance of every run that was merged into the result, `whole` the extra values that are not
    one per point.
    """

    algorithm: str = ""
    status: Status = Status.Pending
    fingerprint: str = ""
    runs: tuple[Provenance, ...] = ()
    verdict: Verdict | None = None
    threshold: float | None = None
    unit: str = POINTS
    whole: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Whether the same is said of the values; who computed them, when and why it ended does not matter."""
        if not isinstance(other, About):
            return NotImplemented
        own, theirs = (
            (a.algorithm, a.status, a.fingerprint, a.threshold, a.unit, dict(a.whole)) for a in (self, other)
        )
        return same(own, theirs)

    __hash__ = None  # type: ignore[assignment] # extra values may be anything


@dataclass(frozen=True, eq=False)
class Columns:
    """Read-only arrays of length k, row j of each about the same point; `extra` holds the caller's own."""

    values: Values
    variances: Values
    stderr: Values
    counts: Counts
    indices: Indices
    ids: NDArray[Any]
    names: NDArray[np.str_]
    converged: NDArray[np.bool_] | None = None
    extra: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for array in self.arrays().values():
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every column by name, `extra` ones under `extra.NAME`."""
        own = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "extra"}
        extra = {f"extra.{name}": column for name, column in self.extra.items()}
        return {name: column for name, column in {**own, **extra}.items() if column is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Columns:
        """The inverse of `arrays`."""
        own = {name: column for name, column in arrays.items() if not name.startswith("extra.")}
        extra = {name.removeprefix("extra."): c for name, c in arrays.items() if name.startswith("extra.")}
        return cls(**own, extra=extra)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same of every point, in whatever order the rows are."""
        if not isinstance(other, Columns):
            return NotImplemented
        return same(*(c.take(np.argsort(c.indices)).arrays() for c in (self, other)))

    __hash__ = None  # type: ignore[assignment] # arrays

    def take(self, positions: Indices) -> Columns:
        """These rows of every column, in this order."""
        return Columns.from_arrays({name: column[positions] for name, column in self.arrays().items()})


def new_columns(
    *,
    values: Any,
    variances: Any = None,
    stderr: Any = None,
    counts: Any = None,
    indices: Any = None,
    ids: Any = None,
    names: Any = None,
    converged: Any = None,
    extra: Mapping[str, Any] | None = None,
) -> Columns:
    """Columns from what a caller has, copied and checked; variances and standard errors follow from one another."""
    v = _numbers(values, "values")
    n = len(v)
    count = np.ones(n, np.int64) if counts is None else _whole_numbers(counts, "counts", n)
    if (count < 0).any():
        raise InputError(f"counts must not be negative, but one is {int(count.min())}.")
    if stderr is not None:
        error = _not_negative(_numbers(stderr, "stderr", n), "stderr")
        variance = error**2 * count
    else:
        variance = _not_negative(
            np.full(n, np.nan) if variances is None else _numbers(variances, "variances", n), "variances"
        )
        error = standard_error(variance, count)
    index = (
        np.arange(n, dtype=np.intp)
        if indices is None
        else _whole_numbers(indices, "indices", n).astype(np.intp)
    )
    own_ids = index.copy() if ids is None else _column(ids, "ids", n)
    own_names = own_ids.astype(np.str_) if names is None else _column(names, "data_names", n).astype(np.str_)
    _refuse_twice(index, "indices")
    _refuse_twice(own_ids, "ids")
    yes = None if converged is None else _column(converged, "converged", n).astype(np.bool_)
    more = {name: _column(column, name, n) for name, column in (extra or {}).items()}
    return Columns(v, variance, error, count, index, own_ids, own_names, yes, more)


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


def standard_error(variance: Values, count: Counts) -> Values:
    """sqrt(variance / count); 0 for an exact value, NaN without observations."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(variance / count)
    return np.where(variance == 0.0, 0.0, np.where(count > 0, error, np.nan))


def split_extra(extra: Mapping[str, Any], n: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Extra values that are arrays with one entry a point, and all others."""
    per_point = {k: v for k, v in extra.items() if isinstance(v, np.ndarray) and v.ndim > 0 and len(v) == n}
    return per_point, {k: v for k, v in extra.items() if k not in per_point}


def row_positions(index: Any, n: int) -> Indices:
    """Positions of rows, 0..n-1, from a slice, a boolean mask or integers.

    Raises:
        ResultIndexError: for a position outside of the result.
        InputTypeError: for anything that is not a position.
        InputError: for a mask of another length, or a row asked for twice.
    """
    if isinstance(index, slice):
        return np.arange(n, dtype=np.intp)[index]
    asked = np.asarray(index if isinstance(index, np.ndarray) else list(index))
    if asked.size == 0:
        return np.empty(0, np.intp)
    if asked.dtype.kind == "b" and asked.ndim == 1:
        if len(asked) != n:
            raise InputError(
                f"the mask has {len(asked):,} entries, the result {n:,} points. Pass one entry a point."
            )
        return np.flatnonzero(asked)
    if asked.dtype.kind not in "iu" or asked.ndim != 1:
        raise InputTypeError(
            f"a result is indexed by an integer, a slice, a boolean mask or a list of integers, not by an array of "
            f"{asked.dtype} with shape {asked.shape}. For positions in the data set use result.positions(...)."
        )
    wrong = (asked < -n) | (asked >= n)
    if wrong.any():
        raise ResultIndexError(f"row {int(asked[wrong][0])} was asked for, but the result has {n:,} rows.")
    rows = np.where(asked < 0, asked + n, asked).astype(np.intp)
    _refuse_twice(rows, "rows")
    return rows


def sort_order(columns: Columns, key: str, *, reverse: bool) -> Indices:
    """Rows in the order of a column; NaN last either way, ties by position in the data set."""
    keys = {
        "value": columns.values,
        "variance": columns.variances,
        "index": columns.indices,
        "name": columns.names,
    }
    if key not in keys:
        raise InputError(f"key={key!r} is unknown. Sort by 'value', 'variance', 'index' or 'name'.")
    column: NDArray[Any] = keys[key]
    if key == "name":
        column = np.unique(column, return_inverse=True)[1].reshape(-1)
    unknown = np.isnan(column)
    known = np.where(unknown, 0, column)
    return np.lexsort((columns.indices, -known if reverse else known, unknown))


def _numbers(x: Any, what: str, n: int | None = None) -> Values:
    try:
        numbers = np.array(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"{what} must be numbers, one a point: {error}.") from error
    return _column(numbers, what, n, dims=1)


def _whole_numbers(x: Any, what: str, n: int) -> NDArray[np.int64]:
    numbers = _column(x, what, n, dims=1)
    whole = numbers.astype(np.int64) if numbers.size == 0 or numbers.dtype.kind in "iuf" else None
    if whole is None or (whole != numbers).any():
        raise InputTypeError(f"{what} must be whole numbers, one a point, not {numbers.dtype}.")
    return whole


def _column(x: Any, what: str, n: int | None, dims: int | None = None) -> NDArray[Any]:
    column = np.array(x)
    wrong = column.ndim != dims if dims is not None else column.ndim == 0
    if wrong or (n is not None and len(column) != n):
        expected = "(n,)" if n is None else f"({n},), like values"
        raise InputError(f"{what} has shape {column.shape}; expected {expected}.")
    return column


def _not_negative(x: Values, what: str) -> Values:
    if (x < 0).any():
        raise InputError(f"{what} must not be negative, but one is {float(np.nanmin(x)):g}.")
    return x


def _refuse_twice(column: NDArray[Any], what: str) -> None:
    found, times = np.unique(column, return_counts=True)
    if len(found) < len(column):
        raise InputError(f"{what} has {found[times > 1][0]} twice; a result holds each point once.")
