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
from ..errors import InputError
from ..typing import Counts, Indices, Values
from .result_checks import as_column, as_numbers, as_whole_numbers, not_negative, refuse_twice, same
from .result_item import Status

POINTS = "points of the score"


@dataclass(frozen=True)
class Ends:
    """The score of no point and of all points, and what the values have to do with it.

    Attributes:
        empty: v(empty).
        full: v(N).
        points: how many points N is.
        efficient: whether the method's exact values sum to v(N) - v(empty), as Shapley's do.
    """

    empty: float
    full: float
    points: int
    efficient: bool = False

    @property
    def gain(self) -> float:
        """v(N) - v(empty)."""
        return self.full - self.empty

    def scaled(self, factor: float) -> Ends:
        """The same for values that were all multiplied by a number."""
        return dataclasses.replace(self, empty=self.empty * factor, full=self.full * factor)


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
    ends: Ends | None = None

    def scaled(self, factor: float | None) -> About:
        """What is still so after all values, or (None) some of them, were multiplied by a number."""
        ends, threshold = self.ends, self.threshold
        if ends is not None:
            ends = None if factor is None else ends.scaled(factor)
        if threshold:  # 0 stays 0
            threshold = None if factor is None else threshold * factor
        return dataclasses.replace(self, ends=ends, threshold=threshold)

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

    def scaled(self, by: Values) -> Columns:
        """Each value multiplied by a number, (k,), and its errors accordingly."""
        return dataclasses.replace(
            self, values=self.values * by, variances=self.variances * by**2, stderr=self.stderr * np.abs(by)
        )

    def changed(self, row: Indices, value: float, variance: float | None, count: int | None) -> Columns:
        """Other numbers in one row; None as in `new_columns`."""
        one = new_columns(
            values=[value],
            variances=None if variance is None else [variance],
            counts=None if count is None else [count],
        )
        new = {}
        for name in ("values", "variances", "stderr", "counts"):
            column = getattr(self, name).copy()
            column[row] = getattr(one, name)
            new[name] = column
        return dataclasses.replace(self, **new)


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
    v = as_numbers(values, "values")
    n = len(v)
    count = np.ones(n, np.int64) if counts is None else as_whole_numbers(counts, "counts", n)
    if (count < 0).any():
        raise InputError(f"counts must not be negative, but one is {int(count.min())}.")
    if stderr is not None:
        error = not_negative(as_numbers(stderr, "stderr", n), "stderr")
        variance = error**2 * count
    else:
        given = np.full(n, np.nan) if variances is None else as_numbers(variances, "variances", n)
        variance = not_negative(given, "variances")
        error = standard_error(variance, count)
    index = np.arange(n) if indices is None else as_whole_numbers(indices, "indices", n)
    own_ids = index.copy() if ids is None else as_column(ids, "ids", n)
    own_names = (
        own_ids.astype(np.str_) if names is None else as_column(names, "data_names", n).astype(np.str_)
    )
    refuse_twice(index, "indices")
    refuse_twice(own_ids, "ids")
    yes = None if converged is None else as_column(converged, "converged", n).astype(np.bool_)
    more = {name: as_column(column, name, n) for name, column in (extra or {}).items()}
    return Columns(v, variance, error, count, index.astype(np.intp), own_ids, own_names, yes, more)


def standard_error(variance: Values, count: Counts) -> Values:
    """sqrt(variance / count); 0 for an exact value, NaN without observations."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(variance / count)
    return np.where(variance == 0.0, 0.0, np.where(count > 0, error, np.nan))


def split_extra(extra: Mapping[str, Any], n: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Extra values that are arrays with one entry a point, and all others."""
    per_point = {k: v for k, v in extra.items() if isinstance(v, np.ndarray) and v.ndim > 0 and len(v) == n}
    return per_point, {k: v for k, v in extra.items() if k not in per_point}


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
