"""The values of the points of a data set, with their standard errors and where they come from.

Longer than most files, for it is one class that users meet in one place; what its methods do is next door, in
`result_columns` (arrays that move together), `result_merge`, `result_table` and `result_file`.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from operator import index as as_integer
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import flag, text, whole
from ..data.frames import pandas
from ..engine.records import Estimate, Provenance, Verdict
from ..errors import InputError, InputTypeError
from ..typing import Indices
from . import result_checks, result_columns, result_file, result_merge
from .result_checks import ResultIndexError
from .result_columns import POINTS, About, Columns, Ends
from .result_fields import ResultFields
from .result_item import Status, ValueItem

if TYPE_CHECKING:
    import pandas as pd

    from ..engine.journal import Journal
    from .replay import Replay

__all__ = ["Status", "ValuationResult", "ValueItem", "load_result", "save_result"]


class ValuationResult(ResultFields, Sequence[ValueItem]):
    """A sequence of `ValueItem`s, and the same as arrays: one row a point, in an order that `sort` changes.

    A value is the mean of `counts` observations whose sample variance is `variances`, so that
    `stderr = sqrt(variances / counts)`. Results of our own methods know `stderr` itself, by whatever estimator, and
    `variances` is then stderr^2 x counts. NaN means not known (yet), never 0. Arrays are read-only; `sort`, `set`
    and `scale` put new ones in their place.

    Args:
        values: one per point, shape (k,).
        variances: sample variances of the observations, not squared standard errors; NaN by default.
        counts: observations per point; 1 by default.
        indices: positions of the points in the data set; 0..k-1 by default.
        data_names: names of the points; by default the indices.
        algorithm: the method's name.
        status: what became of the run.
        sort: True sorts by ascending, False by descending value; None keeps the order.
        **extra_values: anything else of the method; arrays with one entry a point follow sorting and slicing. Read
            them as attributes, or from `extra_values`.

    Raises:
        InputError: for lengths that differ, a point that occurs twice, negative variances or counts.

    Example:
        >>> result = ValuationResult(values=[0.3, -0.1, 0.2], variances=[0.4, 0.1, 0.1], counts=[10, 10, 10])
        >>> result.sort()[:2].indices
        array([1, 2])
    """

    journal: Journal | None = None
    """The utilities that the values rest on, while the session lasts; what `continue_from` goes on from."""

    replay: Replay | None = None
    """What folds these utilities again, while the session lasts; what `reweight` and merging use."""

    def __init__(
        self,
        *,
        values: ArrayLike,
        variances: ArrayLike | None = None,
        counts: ArrayLike | None = None,
        indices: ArrayLike | None = None,
        data_names: Sequence[str] | NDArray[Any] | None = None,
        algorithm: str = "",
        status: Status = Status.Pending,
        sort: bool | None = None,
        **extra_values: Any,
    ) -> None:
        per_point, whole = result_columns.split_extra(extra_values, len(np.atleast_1d(values)))
        self._columns = result_columns.new_columns(
            values=values,
            variances=variances,
            counts=counts,
            indices=indices,
            names=data_names,
            extra=per_point,
        )
        text("algorithm", algorithm, "It is the name of the method.")
        self._about = About(algorithm=algorithm, status=Status(status), whole=whole)
        if sort is not None:
            self.sort(reverse=not flag("sort", sort))

    # --- making one -----------------------------------------------------------------------------------------

    @classmethod
    def from_estimate(
        cls,
        estimate: Estimate,
        *,
        ids: NDArray[Any],
        names: NDArray[Any],
        fingerprint: str,
        algorithm: str,
        status: Status,
        provenance: Provenance | tuple[Provenance, ...] | None,
        threshold: float | None = None,
        unit: str = POINTS,
        verdict: Verdict | None = None,
        converged: NDArray[np.bool_] | None = None,
        extra_values: Mapping[str, Any] | None = None,
        ends: Ends | None = None,
    ) -> ValuationResult:
        """The result of a run over a whole data set; the estimate's standard errors are kept as they are.

        Args:
            estimate: values, standard errors and counts, shape (n,) each.
            ids: persistent ids of the points.
            names: their names.
            fingerprint: of the data set.
            algorithm: the method's name.
            status: what became of the run.
            provenance: where the values come from; several where journals were merged.
            threshold: the value that separates helpful from harmful points, where the method has one.
            unit: what the values are measured in.
            verdict: the stopping rule's last word.
            converged: points that the rule is content with; by default the verdict's.
            extra_values: as in the constructor.
            ends: the score of no point and of all points, where the run knows them.
        """
        per_point, whole = result_columns.split_extra(extra_values or {}, len(estimate.values))
        settled = verdict.converged if converged is None and verdict is not None else converged
        columns = result_columns.new_columns(
            values=estimate.values,
            stderr=estimate.stderr,
            counts=estimate.counts,
            ids=ids,
            names=names,
            converged=settled,
            extra=per_point,
        )
        runs = (provenance,) if isinstance(provenance, Provenance) else provenance or ()
        about = About(algorithm, status, fingerprint, runs, verdict, threshold, unit, whole, ends=ends)
        return cls._of(columns, about)

    @classmethod
    def from_random(cls, size: int, total: float | None = None, seed: int | None = None) -> ValuationResult:
        """Random values, uniform on [-1, 1], shifted so that they sum to `total` if it is given."""
        whole("size", size, 1, "For a result without points use ValuationResult.empty().")
        if seed is not None:
            whole("seed", seed, 0, "Pass seed=0, for example.")
        values = np.random.default_rng(seed).uniform(-1.0, 1.0, size)
        if total is not None:
            values += (total - values.sum()) / size
        return cls(values=values, algorithm="random", status=Status.Converged)

    @classmethod
    def empty(cls, algorithm: str = "") -> ValuationResult:
        """A result without points; adding it changes nothing."""
        return cls.zeros(algorithm)

    @classmethod
    def zeros(
        cls,
        algorithm: str = "",
        indices: ArrayLike | None = None,
        data_names: Sequence[str] | NDArray[Any] | None = None,
        size: int = 0,
    ) -> ValuationResult:
        """Zeros that rest on no observation; adding them changes nothing. Give `indices` or `size`."""
        n = (
            whole("size", size, 0, "Pass the number of points.")
            if indices is None
            else len(np.asarray(indices))
        )
        nothing = np.zeros(n)
        return cls(
            values=nothing,
            variances=nothing,
            counts=np.zeros(n, np.int64),
            indices=indices,
            data_names=data_names,
            algorithm=algorithm,
        )

    @classmethod
    def _of(cls, columns: Columns, about: About) -> ValuationResult:
        result = cls.__new__(cls)
        result._columns, result._about = columns, about  # noqa: SLF001 - its own
        return result

    def __getstate__(self) -> dict[str, Any]:
        # pickled, or copied, it leaves the session: as a copy() does, it leaves the run's journal behind
        return {name: kept for name, kept in self.__dict__.items() if name not in ("journal", "replay")}

    # --- a sequence -------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._columns)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> ValueItem: ...
    @overload
    def __getitem__(
        self, index: slice | Sequence[int] | Sequence[bool] | NDArray[Any]
    ) -> ValuationResult: ...
    def __getitem__(self, index: Any) -> ValueItem | ValuationResult:
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
        if not isinstance(other, ValuationResult):
            return NotImplemented
        return self._about == other._about and self._columns == other._columns

    __hash__ = None  # type: ignore[assignment] # sort and set change it in place

    def sort(self, reverse: bool = False, key: str = "value", inplace: bool = True) -> ValuationResult:
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
                f"point {first} of the data set is not in this result of {len(self):,} points."
            )
        return rows

    # --- one point, or all ------------------------------------------------------------------------------------

    def get(self, data_idx: int) -> ValueItem:
        """The item of the point at this position in the data set."""
        return self._item(int(self.positions([as_integer(data_idx)])[0]))

    def set(
        self, data_idx: int, value: float, variance: float | None = None, count: int | None = None
    ) -> None:
        """Replaces what is known of one point; arrays handed out before stay as they are.

        Args:
            data_idx: position of the point in the data set.
            value: its value.
            variance: sample variance of its observations; without it the value's error is not known (NaN).
            count: its observations; 1 by default.
        """
        row = self.positions([as_integer(data_idx)])
        one = result_columns.new_columns(
            values=[value],
            variances=None if variance is None else [variance],
            counts=None if count is None else [count],
        )
        new = {}
        for name in ("values", "variances", "stderr", "counts"):
            column = getattr(self._columns, name).copy()
            column[row] = getattr(one, name)
            new[name] = column
        self._columns = dataclasses.replace(self._columns, **new)
        self._about = dataclasses.replace(self._about, ends=None)  # the sum is the caller's now

    def scale(self, factor: float, data_indices: ArrayLike | None = None) -> ValuationResult:
        """Multiplies values (and, accordingly, their errors) in place, and returns this result.

        Args:
            factor: any finite number.
            data_indices: points to scale, by position in the data set; all by default.
        """
        if not np.isfinite(factor):
            raise InputError(f"factor must be a finite number, not {factor}.")
        by = np.ones(len(self))
        by[slice(None) if data_indices is None else self.positions(data_indices)] = factor
        c = self._columns
        self._columns = dataclasses.replace(
            c, values=c.values * by, variances=c.variances * by**2, stderr=c.stderr * np.abs(by)
        )
        ends = self._about.ends
        if ends is not None:
            kept = ends.scaled(factor) if data_indices is None else None
            self._about = dataclasses.replace(self._about, ends=kept)
        if self.threshold:  # 0 stays 0
            new = self.threshold * factor if data_indices is None else None
            self._about = dataclasses.replace(self._about, threshold=new)
        return self

    def copy(self) -> ValuationResult:
        """An independent result in the same order."""
        about = dataclasses.replace(self._about, whole=copy.deepcopy(dict(self._about.whole)))
        return self._of(self._columns.take(np.arange(len(self))), about)

    def __add__(self, other: object) -> ValuationResult:
        """Two runs over the same data as one: means and variances weighted by the counts.

        Raises:
            IdentityError: if they are of different data, methods or utilities, or share draws.
        """
        if not isinstance(other, ValuationResult):
            return NotImplemented
        if not len(other):
            return self.copy()
        if not len(self):
            return other.copy()
        return self._of(*result_merge.merged(self._columns, other._columns, self._about, other._about))

    def reweight(self, method: Any = None, **parameters: Any) -> ValuationResult:
        """The values of another method from the same utilities; see `Valuation.reweight`.

        Args:
            method: "Shapley", "Banzhaf", "Beta(4, 1)", "Leave-one-out", a method's class or object.
            **parameters: of a class; or `law=`, a size law.

        Raises:
            InputError: without the run's journal (loaded, copied or added results), or if the utilities cannot say.
        """
        from .reweight import reweighted

        return reweighted(self, method, parameters)

    # --- elsewhere --------------------------------------------------------------------------------------------

    def to_dataframe(self, column: str | None = None, use_names: bool = False) -> pd.DataFrame:
        """A data frame in the present order: the values and, with suffixes, `stderr`, `variances` and `counts`.

        The method's own columns (`extra_values` with one entry a point) follow under their own names.

        Args:
            column: name of the values' column; by default the algorithm's.
            use_names: index the rows by name instead of by position in the data set.

        Raises:
            InputError: if pandas is not installed.
        """
        name = column or self.algorithm or "values"
        table: dict[str, Any] = {
            name: self.values,
            f"{name}_stderr": self.stderr,
            f"{name}_variances": self.variances,
            f"{name}_counts": self.counts,
        }
        table.update(self._columns.extra)
        made = pandas("to_dataframe")
        frame: pd.DataFrame = made.DataFrame(
            table, index=made.Index(self.names if use_names else self.indices)
        )
        return frame


def save_result(result: ValuationResult, file: result_file.File) -> None:
    """Saves a result, its provenance and its order as .npz with JSON inside, without pickle.

    Args:
        result: what to save.
        file: a path (used as it is, no ending is added), or a file opened for writing bytes.

    Raises:
        InputTypeError: for an extra value that cannot be kept.
    """
    given: Any = result
    if not isinstance(given, ValuationResult):
        raise InputTypeError(
            f"save_result was given a {type(result).__name__}; expected a ValuationResult. Pass valuation.result."
        )
    result_file.check_file(file, "write")
    result_file.write(file, result._columns, result._about)  # noqa: SLF001 - the class's own other half


def load_result(file: result_file.File, ignore_missing: bool = False) -> ValuationResult:
    """Loads what `save_result` wrote.

    Args:
        file: a path, or a file opened for reading bytes.
        ignore_missing: return an empty result, to which others can be added, if there is no such file.

    Raises:
        FileNotFoundError: if there is no such file.
        InputError: if the file is something else, or of a later version.
    """
    result_file.check_file(file, "read")
    if ignore_missing and isinstance(file, str | os.PathLike) and not Path(file).exists():
        return ValuationResult.empty()
    return ValuationResult._of(*result_file.read(file))  # noqa: SLF001 - the class's own other half
