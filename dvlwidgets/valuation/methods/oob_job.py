"""Data-OOB as a job of the loop: a step is a few estimators of a bagging model.

Each gives at most one observation of a point, so that the mean over estimators has a standard error: that of the value
which infinitely many bags would give.
Errors of shares: Agresti & Coull, Approximate is better than "exact" for interval estimation (1998).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.arrays import as_numpy, take_rows
from ...data.dataset import Dataset
from ...data.grouped import GroupedDataset
from ...engine.draws import BAGS, words
from ...engine.records import Estimate
from ...errors import FirstFitError, InputError, InputTypeError, cause
from ...typing import Indices
from ...utility.warning_tap import warnings_counted
from .. import bags
from ..fit_costs import FitCosts
from ..forest_bags import drawn_again
from .oob_scores import Score, checked_scores, moments, point_wise_accuracy, unit_of

STEPS = 64
"""A run has about so many steps, however many estimators there are."""


@dataclass(frozen=True)
class OobBlock(FitCosts):
    """Count, mean and sum of squared deviations over a few estimators, each of shape (n,)."""

    estimators: int
    count: NDArray[np.int64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]


class OobJob:
    """Data-OOB as a job of the loop: a step is a few estimators, the payload moments over them."""

    unit = "estimators"
    divisible = False
    round_steps = 8

    def __init__(self, model: Any, data: Dataset, score: Score, seed: int) -> None:
        self.model, self.data, self.score, self.seed = model, data, score, seed
        self.n, self.grouped = len(data), isinstance(data, GroupedDataset)
        self.x, self.y = bags.table_for(model, data.x), as_numpy(data.y)
        self.points = data.logical_indices()
        self.fitted = bags.is_fitted(model)
        self.total = len(model.estimators_) if self.fitted else int(model.n_estimators)
        self.chunk = -(-self.total // STEPS)
        self.total_steps = -(-self.total // self.chunk)
        self.metrics = (getattr(score, "__name__", "score"),)
        self.value_unit = unit_of(score)
        self.notes: tuple[str, ...] = ()
        self.hits = score is point_wise_accuracy and self.y.ndim == 1
        if self.fitted:
            again = drawn_again(model, data.n_rows, bags.LOOKED_AT)
            drawn = model.estimators_samples_ if again is None else again[1]
            self.outside = bags.outside(model, drawn, data.n_rows) if again is None else again[0]
            self.notes = self._notes_of_bags(drawn)
            alike = bags.rows_alike(model, self.x)
            if alike is not None:
                self.x, self.y, self.points = self.x[alike], self.y[alike], self.points[alike]
                self.outside = self.outside.take(alike, axis=1)
        else:
            note = f"the model was given unfitted: its {self.total:,} estimators were fitted on these data during "
            self.notes = (note + "the run, a few at a time; the model itself stays unfitted",)

    def _notes_of_bags(self, drawn: Sequence[Any]) -> tuple[str, ...]:
        out = np.zeros(self.n, np.bool_)
        out[self.points[self.outside.any(axis=0)]] = True
        never = self.n - int(np.count_nonzero(out))
        if never == self.n:
            raise InputError(self._no_point_outside())
        notes = []
        if never:
            they = "1 point was" if never == 1 else f"{never:,} points were"
            notes.append(f"{they} in every bag: no value (NaN). More estimators or smaller bags help")
        if bags.grown_on_other_labels(self.model, drawn, self.data):
            notes.append(
                "the model's trees were grown on other labels than these (or with sample weights): after an edit of "
                "the labels, fit it again, or pass it unfitted"
            )
        return tuple(notes)

    def rows(self, step: int) -> int:
        return min(self.chunk, self.total - step * self.chunk)

    def units(self, steps: int) -> int:
        return min(self.total, steps * self.chunk)

    def first(self) -> FitCosts:
        """One estimator is fitted (if need be) and scored with errors raised.

        Raises:
            FirstFitError: if that fails, with the cause in words.
        """
        start = time.perf_counter()
        try:
            with warnings_counted():
                if self.fitted:
                    model, outside = self.model, self.outside
                else:
                    model, outside = self._fit(0, 1)
                self._scores(model, 0, np.flatnonzero(outside[0]))
        except (InputError, InputTypeError):
            raise
        except Exception as error:
            raise FirstFitError(
                f"an estimator of {type(self.model).__name__} could not be fitted on these data and scored by "
                f"{self.metrics[0]}: {cause(error)}. Nothing was valued yet; make model.fit and the "
                "score work on the training set first."
            ) from error
        return FitCosts(seconds=time.perf_counter() - start)

    def pack(self, first: Any) -> None:
        return None

    def unpack(self, payload: Any) -> None:
        return None

    def initial(self, first: Any) -> dict[str, NDArray[Any]]:
        return {"count": np.zeros(self.n, np.int64), "mean": np.zeros(self.n), "m2": np.zeros(self.n)}

    def plan(self, stats: Any) -> Mapping[str, Any]:
        return {}

    def checksum(self, steps: range) -> int:
        return 0

    def task(self, plan: Any, step: int, lo: int, hi: int) -> OobBlock:
        start = time.perf_counter()
        with warnings_counted() as warned:
            if self.fitted:
                model, first = self.model, step * self.chunk
                outside = self.outside[first : first + self.rows(step)]
            else:
                (model, outside), first = self._fit(step, self.rows(step)), 0
            scores: NDArray[Any] = np.zeros(outside.shape, np.bool_ if self.hits else np.float64)
            for seen, mask, estimator in zip(
                scores, outside, range(first, first + len(outside)), strict=True
            ):
                rows = np.flatnonzero(mask)
                seen[rows] = self._scores(model, estimator, rows)
        count, mean, squares = self._moments(scores, outside)
        return OobBlock(
            len(outside),
            count,
            mean,
            squares,
            seconds=time.perf_counter() - start,
            warnings=len(warned),
            warning=warned[0] if warned else None,
        )

    def _moments(
        self, scores: NDArray[Any], outside: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Counts, means and sums of squares of the points, of scores (estimators, rows), 0 for rows in bags."""
        if self.grouped:  # a group's score is the mean of its rows'
            sizes = np.array([np.bincount(self.points[mask], minlength=self.n) for mask in outside])
            sums = [np.bincount(self.points, weights=seen, minlength=self.n) for seen in scores]
            return moments(np.array(sums) / np.maximum(sizes, 1), sizes > 0)
        return moments(scores, outside, self.points)

    def _fit(self, step: int, estimators: int) -> tuple[Any, NDArray[np.bool_]]:
        """A few new estimators and the rows outside of their bags; their draws belong to the step."""
        from sklearn.base import clone

        params = self.model.get_params(deep=False)
        own = params.get("random_state")
        shift = int(own) if isinstance(own, int | np.integer) else 0
        seed = (int(words(self.seed, BAGS, step, 1)[0] >> np.uint64(33)) + shift) & 0x7FFFFFFF
        # what a part of the ensemble cannot do, or must not do beside other workers
        plain = {"oob_score": False, "warm_start": False, "n_jobs": None, "verbose": 0}
        settings = {k: v for k, v in plain.items() if k in params}
        model = clone(self.model).set_params(**settings, n_estimators=estimators, random_state=seed)
        model.fit(self.data.x, self._targets())
        outside = bags.outside(model, model.estimators_samples_, self.data.n_rows)
        if not model.bootstrap and not outside.any():
            raise InputError(self._no_point_outside())
        return model, outside

    def _no_point_outside(self) -> str:
        return (
            f"no point is out of the bag of any estimator of {type(self.model).__name__}: every bag holds all points. "
            "Use bootstrap=True, or max_samples below the number of points."
        )

    def _targets(self) -> Any:
        column = self.y.ndim == 2 and self.y.shape[1] == 1
        return self.y.ravel() if column else self.data.y

    def _scores(self, model: Any, estimator: int, rows: Indices) -> NDArray[Any]:
        """One estimator's scores of rows out of its bag: numbers, or whether it is right."""
        if not len(rows):
            return np.zeros(0)
        y = self.y.take(rows, axis=0)
        x = self.x.take(rows, axis=0) if isinstance(self.x, np.ndarray) else take_rows(self.x, rows)
        said = bags.predictions(model, estimator, x).reshape(y.shape)
        if self.hits:
            return np.asarray(y == said)
        return checked_scores(self.score(y, said), len(rows), self.metrics[0])

    def join(self, payloads: Sequence[OobBlock]) -> OobBlock:
        (whole,) = payloads
        return whole

    def fold(self, stats: dict[str, NDArray[Any]], step: int, payload: OobBlock) -> dict[str, NDArray[Any]]:
        count = stats["count"] + payload.count
        share = payload.count / np.maximum(count, 1)
        delta = payload.mean - stats["mean"]
        moved = delta * share
        delta *= moved
        delta *= stats["count"]
        delta += payload.squares
        return {"count": count, "mean": stats["mean"] + moved, "m2": stats["m2"] + delta}

    def tally(self, payload: OobBlock) -> tuple[int, int, int]:
        return payload.estimators, 0, payload.warnings

    def check(self, stats: Any, rounds: int) -> None:
        return None

    def estimate(self, stats: dict[str, NDArray[Any]]) -> Estimate:
        count, mean = stats["count"], stats["mean"]
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = stats["m2"] / (count - 1)
            if self.score is point_wise_accuracy:
                # ten hits of ten are not certain: two hits and two misses are lent to the error, not to the value
                share = (mean * count + 2) / (count + 4)
                variance = share * (1 - share)
            stderr = np.sqrt(variance / count)
        return Estimate(np.where(count > 0, mean, np.nan), np.where(count > 1, stderr, np.nan), count)

    def exact(self, stats: Any) -> bool:
        return False

    def steps_for_updates(self, updates: int) -> int | None:
        return None
