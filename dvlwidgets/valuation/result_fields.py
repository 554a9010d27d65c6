"""What can be read off a result; `ValuationResult` adds what can be done with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engine.records import Provenance, Verdict
from ..engine.stopping import certainty
from ..typing import Counts, Indices, Values
from . import result_merge, result_table, result_words
from .result_columns import About, Columns, Ends
from .result_item import Status

if TYPE_CHECKING:
    import pandas as pd


class ResultFields:
    """Read-only views of a result's columns and of what is said of all of them, and the same as text."""

    _columns: Columns
    _about: About

    # --- columns: one entry a point, in the present order -----------------------------------------------------

    @property
    def values(self) -> Values:
        """Values, NaN where not known yet."""
        return self._columns.values

    @property
    def variances(self) -> Values:
        """Sample variances of the observations: stderr^2 x counts."""
        return self._columns.variances

    @property
    def stderr(self) -> Values:
        """One standard error of each value, NaN where not known."""
        return self._columns.stderr

    @property
    def counts(self) -> Counts:
        """Observations per point."""
        return self._columns.counts

    @property
    def indices(self) -> Indices:
        """Positions of the points in the data set that was valued (groups, if grouped)."""
        return self._columns.indices

    @property
    def ids(self) -> NDArray[Any]:
        """Persistent ids of the points."""
        return self._columns.ids

    @property
    def names(self) -> NDArray[np.str_]:
        """Names of the points."""
        return self._columns.names

    @property
    def converged(self) -> NDArray[np.bool_] | None:
        """Points that the stopping rule is content with; None if there was no rule."""
        return self._columns.converged

    # --- said of all points -----------------------------------------------------------------------------------

    @property
    def algorithm(self) -> str:
        """The method's name."""
        return self._about.algorithm

    @property
    def status(self) -> Status:
        """What became of the run."""
        return self._about.status

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the data set that was valued; "" if not known. Slices keep it."""
        return self._about.fingerprint

    @property
    def runs(self) -> tuple[Provenance, ...]:
        """Provenance of every run that the values rest on; several after `+`."""
        return self._about.runs

    @property
    def provenance(self) -> Provenance | None:
        """Where the values come from; merged runs are summed up."""
        return result_merge.combined(self._about.runs)

    @property
    def verdict(self) -> Verdict | None:
        """The stopping rule's last word on the whole run; None after `+`."""
        return self._about.verdict

    @property
    def threshold(self) -> float | None:
        """The value that separates helpful from harmful points, None where the method has none."""
        return self._about.threshold

    @property
    def unit(self) -> str:
        """What the values are measured in."""
        return self._about.unit

    @property
    def ends(self) -> Ends | None:
        """v(empty) and v(N), the score of no point and of all points; None where the method has none."""
        return self._about.ends

    @property
    def extra_values(self) -> dict[str, Any]:
        """The method's own extras by name."""
        return {**self._about.whole, **self._columns.extra}

    @property
    def certainty(self) -> float:
        """Expected correlation of the values of two such runs, 0 to 1; NaN while a standard error is unknown."""
        return certainty(self.values, self.stderr)

    if not TYPE_CHECKING:  # a type checker should still find misspelt attributes

        def __getattr__(self, name: str) -> Any:
            if not name.startswith("_") and name in self.extra_values:
                return self.extra_values[name]
            raise AttributeError(f"a ValuationResult has no attribute or extra value {name!r}.")

    # --- as tables and as text --------------------------------------------------------------------------------

    def to_dataframe(self, column: str | None = None, use_names: bool = False) -> pd.DataFrame:
        """A data frame in the present order: the values and, with suffixes, `stderr`, `variances` and `counts`.

        The method's own columns (`extra_values` with one entry a point) follow under their own names.

        Args:
            column: name of the values' column; by default the algorithm's.
            use_names: index the rows by name instead of by position in the data set.

        Raises:
            InputError: if pandas is not installed.
        """
        return result_table.frame(self._columns, column or self.algorithm or "values", use_names=use_names)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes index, id, name, value, stderr, variance and count of each point, in the present order.

        Raises:
            InputError, InputTypeError: the file cannot be written, or the path is none.
        """
        result_table.write_csv(self._columns, path)

    def describe(self) -> str:
        """One paragraph: what the values are and sum to, how sure they are, what 0 means, and how to repeat them."""
        return result_words.paragraph(self._columns, self._about, self.provenance)

    def tooltips(self) -> dict[str, str]:
        """A sentence for each column: rank, index, id, name, label, value, stderr, variance, count, converged."""
        return result_words.tooltips(self._columns, self._about)

    def __repr__(self) -> str:
        return result_table.text_table(self._columns, self._about)

    def _repr_html_(self) -> str:
        return result_table.html_table(self._columns, self._about)
