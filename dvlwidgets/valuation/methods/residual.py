"""Cross-validated residuals of a regression, studentised. Low (far from 0) is suspicious.

Least squares and ridge have exact leave-one-out residuals e / (1 - h) from one fit (h: leverage), and externally
studentised ones; other models are cross-validated, and a residual is measured by the root mean square of the others'.
Cook & Weisberg, Residuals and influence in regression (1982).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats as distributions

from ...arguments import flag
from ...data.arrays import as_numpy, take_rows
from ...data.dataset import Dataset
from ...data.grouped import GroupedDataset
from ...data.identity import digest
from ...engine.records import Estimate
from ...engine.stopping import StoppingRule
from ...errors import InputError, InputTypeError
from ...utility.linear_smoother import LinearSmoother, is_linear
from ...utility.match import kind
from ..cross_validation import CrossValidationJob, FoldBlock, means
from ..samplers.checks import check_seed
from ..valuation import Valuation
from .self_confidence import check_folds, check_learner, check_one_target

LEVEL = 0.05
"""Chance that any point of a clean data set is called suspicious (Bonferroni)."""


class ResidualJob(CrossValidationJob):
    """Cross-validated residuals; what is kept of a row is its prediction."""

    metrics = ("residual",)
    value_unit = "minus the size of the studentised residual"

    def look(
        self, model: Any, held: NDArray[np.intp], trained: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        said = as_numpy(model.predict(take_rows(self.data.x, held))).astype(np.float64).reshape(-1)
        residual = self.y[held] - said
        return said[:, None], -np.abs(residual) if self.grouped else residual

    def estimate(self, stats: Mapping[str, NDArray[Any]]) -> Estimate:
        mean, stderr, counts = means(stats)
        seen = stats["asked"] > 0
        predicted = np.where(seen, stats["said"][:, 0], np.nan)
        sigma = others_spread(self.y - predicted)
        if self.grouped:  # one sigma for all: what is left out of it is a row, not a group
            whole = float(np.sqrt(np.nanmean((self.y - predicted) ** 2))) if seen.any() else np.nan
            return Estimate(mean / whole, stderr / whole, counts)
        student = mean / sigma
        free = max(int(seen.sum()) - 1, 1)
        return Estimate(
            -np.abs(student), stderr / sigma, counts, columns_of(self.y, predicted, student, free)
        )


class LeverageJob(ResidualJob):
    """Exact leave-one-out residuals of a linear smoother from one fit: one step."""

    unit = "fits"

    def __init__(self, model: Any, data: Dataset, seed: int) -> None:
        super().__init__(model, data, 2, 1, seed)
        self.round_steps = self.total_steps = 1
        self.notes = ("exact leave-one-out residuals from one fit, by the leverages",)

    def _fold(self, step: int) -> FoldBlock:
        start = time.perf_counter()
        self._fresh(np.ones(self.n, np.bool_), 0).fit(self.data.x, self.data.y)  # whatever it raises is said
        smoother = LinearSmoother(self.model, self.data.x, self.y)
        residual, leverage = smoother.residuals[:, 0], smoother.leverages
        open_ = leverage < 1.0 - 1e-9
        with np.errstate(divide="ignore", invalid="ignore"):
            left_out = np.where(open_, residual / (1.0 - leverage), np.nan)
        # sum of squares of the fit without each point; exact for least squares
        free = self.n - smoother.degrees - 1.0
        squares = residual @ residual - np.where(open_, residual * left_out, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            sigma = np.sqrt(np.maximum(squares, 0.0) / free) if free > 0 else np.full(self.n, np.nan)
            student = residual / (sigma * np.sqrt(1.0 - leverage))
        every = np.arange(self.n)
        said = np.column_stack([self.y - left_out, student, np.full(self.n, free)])
        return FoldBlock(every, said, every, -np.abs(student), seconds=time.perf_counter() - start)

    columns = 3

    def estimate(self, stats: Mapping[str, NDArray[Any]]) -> Estimate:
        seen = stats["asked"] > 0
        predicted, student, free = np.where(seen[:, None], stats["said"], np.nan).T
        extra = columns_of(self.y, predicted, student, max(float(free[seen][0]), 1.0) if seen.any() else 1.0)
        return Estimate(
            np.where(seen, -np.abs(student), np.nan), np.where(seen, 0.0, np.nan), stats["count"], extra
        )

    def exact(self, stats: Any) -> bool:
        return bool(stats["asked"].all())


def others_spread(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square of all other residuals, so that an outlier does not hide in its own spread; shape (n,)."""
    squares = residual**2
    others = np.nansum(squares) - squares
    count = max(int(np.isfinite(residual).sum()) - 1, 0)
    if count == 0:
        return np.full(len(residual), np.nan)
    spread: NDArray[np.float64] = np.sqrt(np.maximum(others, 0.0) / count)
    return spread


def columns_of(
    y: NDArray[Any], predicted: NDArray[np.float64], student: NDArray[np.float64], free: float
) -> dict[str, NDArray[Any]]:
    """The method's own columns; suspicious is what Student's law, with Bonferroni over the points, finds too far."""
    limit = distributions.t.ppf(1.0 - LEVEL / (2 * len(y)), free)
    given = y.astype(np.float64)
    suspicious = np.abs(np.nan_to_num(student)) > limit
    return {
        "given_label": given,
        "predicted_label": predicted,
        "suggested_label": np.where(suspicious, predicted, given),
        "suggested_probability": np.full(len(y), np.nan),
        "suspicious": suspicious,
        "studentised": student,
    }


class CrossValidatedResidualValuation(Valuation):
    """Minus the size of each point's studentised residual by models that have not seen it. Low is suspicious.

    For least squares and ridge, leave-one-out residuals come exactly from one fit, studentised by the leverage and
    the spread without the point. Other models are cross-validated, and residuals divided by the root mean square of
    all others'. The result has the columns of `SelfConfidenceValuation` (`suggested_label` is the prediction where
    the residual is too large by Student's law, with 5 % for all points together) and `studentised`, with its sign.
    Groups are held out as a whole and worth the mean of their rows.

    Args:
        model: a regressor; only copies of it are fitted.
        cv: number of folds.
        seed: what folds and stochastic models are drawn from.
        repetitions: how often new folds are drawn; with one there is no standard error.
        closed_form: leave-one-out by the leverages where the model allows; False cross-validates these models too.
        is_done: a stopping rule that may end the run after a repetition.
        progress: draw a progress bar.

    Raises:
        InputTypeError: if the model is a classifier or cannot be fitted.
        InputError: for fewer than two folds.

    References:
        Cook & Weisberg, Residuals and influence in regression (1982).
    """

    algorithm_name = "Cross-validated residual"
    threshold = None
    references = ("Cook & Weisberg, Residuals and influence in regression, 1982",)
    keeps_utilities = False

    def __init__(
        self,
        model: Any,
        cv: int = 5,
        seed: int | None = 0,
        *,
        repetitions: int = 1,
        closed_form: bool = True,
        is_done: StoppingRule | None = None,
        progress: bool = False,
    ) -> None:
        check_learner(model)
        if kind(model) == "classifier" or not callable(getattr(model, "predict", None)):
            raise InputTypeError(
                f"{type(model).__name__} is no regressor, but residuals are of numbers. Pass a regressor; for classes "
                "use SelfConfidenceValuation(model)."
            )
        self.cv, self.repetitions = check_folds(cv, repetitions)
        self.closed_form = flag("closed_form", closed_form)
        super().__init__(None, is_done, progress=progress)
        check_seed(seed)
        self.model, self.seed = model, seed

    def _job(self, data: Any, seed: int) -> ResidualJob:
        y = check_one_target(data)
        if y.dtype.kind not in "iufb":
            raise InputError(
                f"the labels are like {y.flat[0]!r}, no numbers. Use SelfConfidenceValuation(model) for classes."
            )
        if self.closed_form and is_linear(self.model) and not isinstance(data, GroupedDataset):
            return LeverageJob(self.model, data, seed)
        return ResidualJob(self.model, data, self.cv, self.repetitions, seed)

    def _parts(self, data: Dataset, job: Any) -> tuple[dict[str, str], dict[str, Any]]:
        parts = {"training data": data.fingerprint, "model": digest(self.model)}
        draws = {"folds": self.cv, "repetitions": self.repetitions}
        return parts, {"leverages": True} if isinstance(job, LeverageJob) else draws

    def _seed(self) -> int | None:
        return self.seed

    def __repr__(self) -> str:
        return f"CrossValidatedResidualValuation({self.model!r}, {self.cv})"
