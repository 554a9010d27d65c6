"""What a scan leaves: columns with one number for each training point, and tables of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..counts import many
from ..data.frames import pandas
from ..engine.records import Estimate, Provenance
from ..errors import InputError
from ..valuation.result import Status, ValuationResult
from .points import Points
from .reducers.base import Arrays
from .summary_file import read, write

UNIT = "n x the test loss that its removal adds"
"""Divided by the number of training points, an influence is a change of the loss."""

SIGNED = ("mean", "sum", "min", "max", "quantile")
"""Columns of influences themselves: below 0 is harmful."""


@dataclass(frozen=True)
class InfluenceSummary:
    """Statistics of influences; positive = the training point helps the test point.

    Attributes:
        columns: by name, one number for each training point, NaN where it is not known: "loss", and what the reducers
            gave ("quantile", "mean", "negatives", ...).
        tables: by reducer, everything else: "top", "histogram", "row_sums", ...
        n_train: training points.
        n_test: test points.
        done: shape (n_train,), the points whose numbers are complete.
        points: ids and names.
        status: what became of the run.
        provenance: where the numbers come from.
        main: the column that `result()` takes.
    """

    columns: Mapping[str, NDArray[Any]]
    tables: Mapping[str, Mapping[str, NDArray[Any]]]
    n_train: int
    n_test: int
    done: NDArray[np.bool_]
    points: Points
    status: Status = Status.Pending
    provenance: Provenance = field(default_factory=Provenance)
    main: str = "quantile"

    @property
    def complete(self) -> bool:
        """Whether every training point is done."""
        return bool(self.done.all())

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know."""
        return self.provenance.notes

    def __getitem__(self, column: str) -> NDArray[Any]:
        """A column: shape (n_train,).

        Raises:
            InputError: naming the columns that there are.
        """
        if column not in self.columns:
            raise InputError(f"there is no column {column!r}; expected one of {sorted(self.columns)}.")
        return self.columns[column]

    @property
    def quantile(self) -> NDArray[np.float64]:
        """The quantile over test points of the same label, or over all where there are no classes: (n_train,)."""
        return self["quantile" if "quantile" in self.columns else "quantile_all"]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean influence of each training point: (n_train,)."""
        return self["mean"]

    def table(self, name: str) -> Mapping[str, NDArray[Any]]:
        """What a reducer kept besides columns.

        Raises:
            InputError: naming the reducers that kept something.
        """
        if name not in self.tables:
            raise InputError(f"there is no table {name!r}; expected one of {sorted(self.tables)}.")
        return self.tables[name]

    def top(self, test_index: int, k: int | None = None) -> tuple[Arrays, Arrays]:
        """The most helpful and the most harmful training points of a test point, most extreme first.

        Args:
            test_index: position of the test point.
            k: how many; by default all that were kept.

        Returns:
            (helpful, harmful), each {"indices": positions, "scores": influences}.

        Raises:
            InputError: without `TopPerTest` among the reducers, or for a position or k beyond what was kept.
        """
        kept = self.table("top")
        held = kept["helpful"].shape[1]
        if not 0 <= test_index < self.n_test:
            raise InputError(
                f"test_index={test_index} was given; the summary has {many(self.n_test, 'test point')}."
            )
        if k is not None and not 1 <= k <= held:
            raise InputError(f"k={k} was given; it keeps {many(held, 'point')}. Use TopPerTest(k={k}).")
        found = []
        for side in ("helpful", "harmful"):
            indices = kept[side][test_index, :k]
            known = indices >= 0
            found.append({"indices": indices[known], "scores": kept[f"{side}_scores"][test_index, :k][known]})
        return found[0], found[1]

    def result(self, column: str | None = None) -> ValuationResult:
        """A column as a `ValuationResult`, lowest = most harmful: `train.drop(summary.result().sort()[:100])`.

        Args:
            column: by default the run's own, the quantile.
        """
        name = self.main if column is None else column
        values = np.asarray(self[name], dtype=np.float64)
        known = np.isfinite(values)
        counts = np.where(known, self.n_test, 0).astype(np.int64)
        signed = name.startswith(SIGNED)
        return ValuationResult.from_estimate(
            Estimate(values, np.where(known, 0.0, np.nan), counts),
            ids=self.points.ids,
            names=self.points.names,
            fingerprint=self.points.fingerprint,
            algorithm=f"{self.provenance.algorithm} ({name})",
            status=self.status,
            provenance=self.provenance,
            threshold=0.0 if signed else None,
            unit=UNIT if signed else name,
            converged=self.done,
        )

    def to_dataframe(self) -> Any:
        """All columns, one row a training point, the ids as index.

        Raises:
            InputError: if pandas is not installed.
        """
        pd = pandas("to_dataframe", "`columns`")
        return pd.DataFrame(
            {"name": self.points.names, **self.columns}, index=pd.Index(self.points.ids, name="id")
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Writes everything to one .npz file; `load` reads it. Nothing is pickled.

        Args:
            path: used as it is, no ending is added.

        Raises:
            InputTypeError: for what is no path.
            FileNotFoundError: if its folder does not exist.
        """
        write(self, path)

    @staticmethod
    def load(path: str | PathLike[str]) -> InfluenceSummary:
        """What `save` wrote.

        Raises:
            InputError: for another file.
            InputTypeError: for what is no path.
            FileNotFoundError: if there is no such file.
        """
        return InfluenceSummary(**read(path))

    def __repr__(self) -> str:
        head = f"InfluenceSummary({int(self.done.sum()):,} of {self.n_train:,} training points on {self.n_test:,} test"
        return f"{head} points; columns {', '.join(self.columns)}; tables {', '.join(self.tables) or 'none'})"
