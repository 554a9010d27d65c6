"""The values of the points of a data set, with their standard errors and where they come from.

How results are made, changed and kept. What can be read off one is in `result_fields`, its order and its items in
`result_sequence`; below these are `result_columns` (arrays that move together), `result_merge`, `result_table`,
`result_words` and `result_file`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from operator import index as as_integer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import flag, number, text, whole
from ..data.npz_file import File, check_file
from ..engine.records import Estimate, Provenance, Verdict
from ..errors import InputTypeError
from . import result_columns, result_file, result_merge
from .result_columns import POINTS, About, Ends
from .result_item import Status, ValueItem
from .result_sequence import ResultSequence

if TYPE_CHECKING:
    from ..engine.journal import Journal
    from .replay import Replay

__all__ = ["Status", "ValuationResult", "ValueItem", "load_result", "save_result"]


class ValuationResult(ResultSequence):
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

    def __getstate__(self) -> dict[str, Any]:
        # pickled, or copied, it leaves the session: as a copy() does, it leaves the run's journal behind
        return {name: kept for name, kept in self.__dict__.items() if name not in ("journal", "replay")}

    # --- changing it, and making others of it -----------------------------------------------------------------

    def set(
        self, data_idx: int, value: float, variance: float | None = None, count: int | None = None
    ) -> None:
        """Replaces what is known of one point; arrays handed out before stay as they are.

        Args:
            data_idx: position of the point in the data set.
            value: its value.
            variance: sample variance of its observations; without it the value's error is not known (NaN).
            count: its observations; 1 by default.

        Raises:
            ResultIndexError: for a point that is not in this result.
            InputError, InputTypeError: for what are no numbers, and negative variances or counts.
        """
        row = self.positions([as_integer(data_idx)])
        self._columns = self._columns.changed(row, value, variance, count)
        self._about = dataclasses.replace(self._about, ends=None)  # the sum is the caller's now

    def scale(self, factor: float, data_indices: ArrayLike | None = None) -> ValuationResult:
        """Multiplies values (and, accordingly, their errors) in place, and returns this result.

        Args:
            factor: any finite number.
            data_indices: points to scale, by position in the data set; all by default.

        Raises:
            InputError, InputTypeError: for another factor.
            ResultIndexError: for a point that is not in this result.
        """
        number("factor", factor, "Pass 2.0, for example.")
        by = np.ones(len(self))
        by[slice(None) if data_indices is None else self.positions(data_indices)] = factor
        self._columns = self._columns.scaled(by)
        self._about = self._about.scaled(factor if data_indices is None else None)
        return self

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


def save_result(result: ValuationResult, file: File) -> None:
    """Saves a result, its provenance and its order as .npz with JSON inside, without pickle.

    Args:
        result: what to save.
        file: a path (used as it is, no ending is added), or a file opened for writing bytes.

    Raises:
        InputTypeError: for what is no result, a file that is none, or an extra value that cannot be kept.
        FileNotFoundError: if the path's folder does not exist.
    """
    given: Any = result
    if not isinstance(given, ValuationResult):
        raise InputTypeError(
            f"save_result was given a {type(result).__name__}; expected a ValuationResult. Pass valuation.result."
        )
    check_file(file, "write", "result")
    result_file.write(file, result._columns, result._about)  # noqa: SLF001 - the class's own other half


def load_result(file: File, ignore_missing: bool = False) -> ValuationResult:
    """Loads what `save_result` wrote.

    Args:
        file: a path, or a file opened for reading bytes.
        ignore_missing: return an empty result, to which others can be added, if there is no such file.

    Raises:
        FileNotFoundError: if there is no such file.
        InputTypeError: for what is neither a path nor an open file.
        InputError: if the file is something else, or of a later version.
    """
    check_file(file, "read", "result")
    if ignore_missing and isinstance(file, str | os.PathLike) and not Path(file).exists():
        return ValuationResult.empty()
    return ValuationResult._of(*result_file.read(file))  # noqa: SLF001 - the class's own other half
