"""Cross-validation as a job of the loop: a step is a fit on all folds but one, the payload what it says of that one.

Folds are our own seeded draws: stratified by class where points have one, whole groups where the points are groups.
A round is one repetition, in which every point is predicted once by a model that has not seen it.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy, take_rows
from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..data.labels import said
from ..engine.draws import FOLDS, words
from ..engine.records import Estimate
from ..errors import FirstFitError, InputError, InputTypeError, cause
from ..utility.seeding import may_draw_globally, seedable, subset_seed
from ..utility.warning_tap import warnings_counted
from .fit_costs import FitCosts
from .fold_draws import folds


@dataclass(frozen=True)
class FoldBlock(FitCosts):
    """What one model says of the rows that it has not seen.

    Attributes:
        rows: their positions, shape (k,).
        said: what is kept of each, shape (k, c); NaN where nothing can be said.
        points: the points that they belong to, shape (p,).
        scores: one observation of each of these points, shape (p,); NaN where nothing can be said.
    """

    rows: NDArray[np.intp]
    said: NDArray[np.float64]
    points: NDArray[np.intp]
    scores: NDArray[np.float64]


class CrossValidationJob:
    """Base of the jobs below: subclasses say what is kept of a held-out row (`look`) and what it is worth.

    Args:
        model: any model with `fit`; only copies of it are fitted.
        data: the points.
        cv: number of folds.
        repetitions: how often new folds are drawn.
        seed: what folds and stochastic models are drawn from.
        classes: position of each row's class, to stratify by, or None.
    """

    unit = "fits"
    divisible = False
    columns = 1
    metrics: tuple[str, ...] = ("score",)
    value_unit = "points of the score"

    def __init__(
        self,
        model: Any,
        data: Dataset,
        cv: int,
        repetitions: int,
        seed: int,
        classes: NDArray[np.intp] | None = None,
    ) -> None:
        self.model, self.data, self.cv, self.seed = model, data, cv, seed
        self.n, self.grouped = len(data), isinstance(data, GroupedDataset)
        self.y, self.points = as_numpy(data.y), data.logical_indices()
        self.classes = None if self.grouped else classes
        if self.n < cv:
            raise InputError(
                f"cv={cv} folds need at least {cv} points, but the data have {self.n}. Pass cv={max(self.n, 2)}."
            )
        self.round_steps, self.total_steps = cv, cv * repetitions
        self._seeds = seedable(model)
        self._first: FoldBlock | None = None
        self.notes: tuple[str, ...] = ()
        if may_draw_globally(model):
            self.notes = (
                "the model takes no random_state: if it draws random numbers, values are not reproducible",
            )

    # what subclasses say --------------------------------------------------------------------------------------

    def look(
        self, model: Any, held: NDArray[np.intp], trained: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What a fitted model says of held-out rows (k, c), and a score of each row (k,)."""
        raise NotImplementedError

    def estimate(self, stats: Mapping[str, NDArray[Any]]) -> Estimate:
        """Values, standard errors, counts, and the method's own columns."""
        raise NotImplementedError

    # the loop's side ------------------------------------------------------------------------------------------

    def rows(self, step: int) -> int:
        return 1

    def units(self, steps: int) -> int:
        return steps

    def first(self) -> FitCosts:
        """The first fold, with errors raised; its payload is kept for its step.

        Raises:
            FirstFitError: if the model cannot be fitted and asked, with the cause in words.
        """
        self._first = self._told_fold(0)
        return FitCosts(seconds=self._first.seconds)

    def pack(self, first: Any) -> None:
        return None

    def unpack(self, payload: Any) -> None:
        return None

    def initial(self, first: Any) -> dict[str, NDArray[Any]]:
        return {
            "said": np.zeros((len(self.y), self.columns)),
            "asked": np.zeros(len(self.y), np.int64),
            "count": np.zeros(self.n, np.int64),
            "mean": np.zeros(self.n),
            "m2": np.zeros(self.n),
        }

    def plan(self, stats: Any) -> Mapping[str, Any]:
        return {}

    def checksum(self, steps: range) -> int:
        return 0

    def task(self, plan: Any, step: int, lo: int, hi: int) -> FoldBlock:
        return self._first if step == 0 and self._first is not None else self._told_fold(step)

    def _told_fold(self, step: int) -> FoldBlock:
        """A fold; where it fails, an error that says which, and why it may be this one."""
        try:
            return self._fold(step)
        except (InputError, InputTypeError):
            raise
        except Exception as error:
            raise FirstFitError(
                f"{type(self.model).__name__} could not be fitted on all folds but one and asked about that one "
                f"(fold {step % self.cv + 1} of {self.cv}): {cause(error)}. {self._advice()}"
            ) from error

    def _advice(self) -> str:
        """What to do about a fold that fails."""
        labels, counts = (
            (None, np.empty(0)) if self.classes is None else np.unique(self.y, return_counts=True)
        )
        if labels is None or len(labels) > 2 or counts.min() > 1:
            return "Make it work on a part of the data first."
        return f"Only one point is labelled {said(labels[counts.argmin()])}: without it one class is left."

    def _fold(self, step: int) -> FoldBlock:
        start = time.perf_counter()
        repetition, fold = divmod(step, self.cv)
        raw = words(self.seed, FOLDS, repetition, self.n)
        trained = (folds(raw, self.cv, self.classes) != fold)[self.points]
        held = np.flatnonzero(~trained)
        with warnings_counted() as warned:
            model = self._fresh(trained, repetition)
            rows = np.flatnonzero(trained)
            model.fit(take_rows(self.data.x, rows), take_rows(self.data.y, rows))
            said, scores = self.look(model, held, trained)
        points, seen = self._of_points(held, scores)
        return FoldBlock(
            held,
            said,
            points,
            seen,
            seconds=time.perf_counter() - start,
            warnings=len(warned),
            warning=warned[0] if warned else None,
        )

    def _of_points(
        self, rows: NDArray[np.intp], scores: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """One observation a point: a group's is the mean over those of its rows of which something is said."""
        if not self.grouped:
            return rows, scores
        known = np.isfinite(scores)
        points = np.unique(self.points[rows])
        held = np.bincount(self.points[rows[known]], minlength=self.n)
        total = np.bincount(self.points[rows[known]], weights=scores[known], minlength=self.n)
        with np.errstate(invalid="ignore"):
            return points, (total / held)[points]

    def _fresh(self, trained: NDArray[np.bool_], repetition: int) -> Any:
        """An unfitted copy whose random states are functions of the rows that it will see."""
        if not hasattr(self.model, "get_params"):
            return copy.deepcopy(self.model)
        from sklearn.base import clone

        model = clone(self.model)
        if self._seeds:
            base = subset_seed(self.seed, trained, repetition)
            model.set_params(**{name: (base + k) & 0x7FFFFFFF for k, name in enumerate(self._seeds)})
        return model

    def join(self, payloads: Sequence[FoldBlock]) -> FoldBlock:
        (whole,) = payloads
        return whole

    def fold(
        self, stats: Mapping[str, NDArray[Any]], step: int, payload: FoldBlock
    ) -> dict[str, NDArray[Any]]:
        new = {name: array.copy() for name, array in stats.items()}
        told = np.isfinite(payload.said).all(axis=1)
        rows, said = payload.rows[told], payload.said[told]
        new["asked"][rows] += 1
        new["said"][rows] += (said - new["said"][rows]) / new["asked"][rows, None]
        known = np.isfinite(payload.scores)
        points, scores = payload.points[known], payload.scores[known]
        new["count"][points] += 1
        delta = scores - new["mean"][points]
        new["mean"][points] += delta / new["count"][points]
        new["m2"][points] += delta * (scores - new["mean"][points])
        return new

    def tally(self, payload: FoldBlock) -> tuple[int, int, int]:
        return 1, 0, payload.warnings

    def check(self, stats: Any, rounds: int) -> None:
        return None

    def exact(self, stats: Any) -> bool:
        return False

    def steps_for_updates(self, updates: int) -> int | None:
        return self.cv * updates


def means(stats: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean, standard error over repetitions (NaN for one), and count of each point."""
    count = stats["count"]
    with np.errstate(divide="ignore", invalid="ignore"):
        stderr = np.sqrt(stats["m2"] / (count - 1) / count)
    return np.where(count > 0, stats["mean"], np.nan), np.where(count > 1, stderr, np.nan), count
