"""Leave-one-out without the refits: closed forms for linear smoothers, one Newton step for logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.records import Estimate
from ...utility.closed_form import ClosedFormUtility
from ..subset_job import SubsetJob
from .semivalues import LOOValuation


class ApproximateJob(SubsetJob):
    """Every subset is scored, but by an approximation whose error nobody knows: standard errors are NaN, not 0."""

    def estimate(self, stats: Any) -> Estimate:
        e = super().estimate(stats)
        return Estimate(e.values, np.full(self.n, np.nan), e.counts, e.extra)

    def exact(self, stats: Any) -> bool:
        return False


class ClosedFormLOOValuation(LOOValuation):
    """Leave-one-out values from one fit: what the score loses without a point (or a group), v(N) - v(N without it).

    The same values, in the same unit, as `LOOValuation(utility)` gives with n + 1 fits: exact for least squares,
    ridge, kernel ridge (intercepts unpenalised) and K nearest neighbours; for logistic regression by one Newton
    step, which is approximate (breast_cancer and wine, 70-100 points, log-loss: correlation with real refits .997 to
    1.000, largest error 9 % of the largest value) and has no standard errors. Points
    without which the model is another one (a leverage of 1, the only point of a class) are refitted.

    Args:
        utility: `Utility(model, scorer)` of a LinearRegression, Ridge, KernelRidge, KNeighborsClassifier,
            KNeighborsRegressor or LogisticRegression.
        progress: draw a progress bar.

    Raises:
        InputTypeError: if the utility is of another model.
        InputError: for settings of the model that the closed form does not cover.

    References:
        Cook & Weisberg, Residuals and influence in regression (1982); Rad & Maleki, A scalable estimate of the
        out-of-sample prediction error via approximate leave-one-out (JRSS B, 2020).
    """

    algorithm_name = "Leave-one-out, closed form"
    references = ("Cook & Weisberg, Residuals and influence in regression, 1982; Rad & Maleki, JRSS B, 2020",)

    def __init__(self, utility: Any, progress: bool = False) -> None:
        closed = utility if isinstance(utility, ClosedFormUtility) else ClosedFormUtility(utility)
        super().__init__(closed, progress)

    def _job(self, data: Any, seed: int) -> SubsetJob:
        job = super()._job(data, seed)
        return job if self.utility.exact else ApproximateJob(job.utility, job.sampler)
