"""A model's utility in which the subsets that lack one point cost no fit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..engine.records import OK, Evaluations, join_evaluations
from ..errors import InputError, InputTypeError
from ..typing import Masks, Utilities
from .bound import First, check_masks
from .kernel_smoother import KernelSmoother, check_kernel
from .linear_smoother import LinearSmoother, is_linear
from .model import ModelUtility
from .neighbour_smoother import NeighbourSmoother, check_neighbours
from .newton_logistic import NewtonLogistic, check_logistic
from .told import Told
from .warning_tap import warnings_counted


class Smoother(Protocol):
    """A model fitted on all rows that knows what it would say without some of them."""

    note: str
    exact: bool

    def everything(self) -> Told:
        """Its predictions of the test points."""
        ...

    def without(self, rows: NDArray[np.intp]) -> Told | None:
        """The same without some rows; None where only a refit can tell."""
        ...


class ClosedFormUtility:
    """A `Utility` whose score of all points but one comes from one fit on all of them.

    Any other subset is fitted as usual, so that this is the same function of subsets.

    Args:
        utility: of a LinearRegression, Ridge, KernelRidge, KNeighborsClassifier, KNeighborsRegressor or (by one
            Newton step, nearly) a LogisticRegression.

    Raises:
        InputTypeError: if it is no `Utility`, or of another model.
        InputError: for settings of the model that the closed form does not cover.
    """

    def __init__(self, utility: ModelUtility) -> None:
        given: Any = utility
        if not isinstance(given, ModelUtility):
            raise InputTypeError(
                f"utility must be a Utility(model, scorer), not {type(utility).__name__}: the closed form reads the "
                "model's parameters."
            )
        if utility.sample_weight is not None:
            raise InputError(
                "the closed form knows no sample_weight; value with Utility(model, scorer) itself."
            )
        self.utility, self.show_warnings = utility, utility.show_warnings
        self.kind = _kind(utility.model)

    @property
    def exact(self) -> bool:
        """Whether scores equal those of real fits, up to rounding."""
        return self.kind is not NewtonLogistic

    def with_dataset(self, data: Dataset) -> BoundClosedForm:
        """The utility of subsets of `data`."""
        return BoundClosedForm(self, data)

    def __repr__(self) -> str:
        return f"ClosedFormUtility({self.utility!r})"


def _kind(model: Any) -> Any:
    """The smoother for a model, or a refusal."""
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    if is_linear(model):
        return LinearSmoother
    if type(model) is KernelRidge:
        check_kernel(model)
        return KernelSmoother
    if type(model) in (KNeighborsClassifier, KNeighborsRegressor):
        check_neighbours(model)
        return NeighbourSmoother
    if type(model) is LogisticRegression:
        check_logistic(model)
        return NewtonLogistic
    hint = ""
    if hasattr(model, "steps"):
        hint = " A pipeline's first steps learn from each point as well: transform the features before."
    elif hasattr(model, "alpha") and not hasattr(model, "l1_ratio"):
        hint = " Of ridges, those with one alpha and without positive=True have one."
    raise InputTypeError(
        f"{type(model).__name__} has no closed form that we know. Pass LinearRegression, Ridge, KernelRidge, "
        f"KNeighborsClassifier, KNeighborsRegressor or LogisticRegression, or use LOOValuation(utility).{hint}"
    )


class BoundClosedForm:
    """`ClosedFormUtility` on one training set."""

    batched = False

    def __init__(self, closed: ClosedFormUtility, data: Dataset) -> None:
        self.base = closed.utility.with_dataset(data)
        self.kind, self.data = closed.kind, data
        self.n, self.metrics, self.scorer = self.base.n, self.base.metrics, self.base.scorer
        self.notes = (*self.base.notes, *([closed.kind.note] if closed.kind.note else []))
        self._smoother: Smoother | None = None

    def smoother(self) -> Smoother:
        """The model fitted on all rows; made once in each process."""
        if self._smoother is None:
            model, data, x_test = self.base.utility.model, self.data, self.scorer.test.x
            more: dict[str, Any] = {}
            if self.kind is NeighbourSmoother:
                more["most"] = int(np.bincount(data.logical_indices()).max())
            with warnings_counted():  # a solver that stops early is taken to the optimum here
                self._smoother = self.kind(model, data.x, data.y, x_test, **more)
        return self._smoother

    def first(self) -> First:
        """A real fit on all points, with errors raised; v(N) is then the closed form's own, like all others.

        Raises:
            FirstFitError: if the model cannot be fitted on all points and scored.
        """
        real = self.base.first()
        smoother = self.smoother()
        start = time.perf_counter()
        full = self.scorer(smoother.everything())
        return First(real.empty, full, time.perf_counter() - start)

    def evaluate(self, masks: Masks) -> Evaluations:
        """Scores of subsets, shape (B, m): without a fit for those that lack one point."""
        parts = [self._one(mask) for mask in masks]
        return join_evaluations(parts) if parts else self.base.evaluate(masks)

    def _one(self, mask: NDArray[np.bool_]) -> Evaluations:
        start = time.perf_counter()
        missing = self.n - int(mask.sum())
        told: Told | None = None
        if missing == 0:
            told = self.smoother().everything()
        elif missing == 1 and self.n > 1:
            told = self.smoother().without(self.data.rows(~mask))
        if told is None:
            return self.base.evaluate(mask[None])
        scores = self.scorer(told)
        return Evaluations(scores[None], np.full(1, OK, np.uint8), time.perf_counter() - start)

    def __call__(self, masks: Masks | Sequence[Sequence[bool]]) -> Utilities:
        """Scores of subsets: shape (B,) with one metric, (B, m) with several."""
        values = self.evaluate(check_masks(masks, self.n)).values
        return values[:, 0] if len(self.metrics) == 1 else values

    def key_parts(self) -> dict[str, str]:
        """Those of the utility, and that it is the closed form."""
        return {**self.base.key_parts(), "closed form": self.kind.__name__}
