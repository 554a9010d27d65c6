"""What learns a utility: from subsets and their scores to the scores of other subsets.

Wang, Yang & Jia, Improving cooperative game theory-based data valuation via data utility learning (ICLR 2022).
"""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..errors import InputError, InputTypeError
from ..typing import Masks
from .seeding import seedable


@runtime_checkable
class UtilityModel(Protocol):
    """Learns scores of subsets; copied before it is fitted, so that the user's object stays as it is."""

    def fit(self, masks: Masks, utilities: NDArray[np.float64], seed: int = 0) -> Any:
        """Learn from subsets (B, n) and their scores (B,); the same seed gives the same model."""
        ...

    def predict(self, masks: Masks) -> NDArray[np.float64]:
        """Scores (B,) of subsets (B, n), all at once."""
        ...


class IndicatorUtilityModel:
    """A regression of the score on who is in the subset: one column of 0 and 1 a point.

    Args:
        predictor: a regressor with `fit(x, y)` and `predict(x)`, e.g. Ridge() or a gradient boosting; only copies of it
            are fitted, with a seed for each `random_state` that is None. A linear one makes every semivalue the vector
            of its coefficients.
        n_data: number of points (groups, if grouped).

    Raises:
        InputTypeError: for a class instead of an instance, or an object without `fit` and `predict`.
        InputError: for a number of points below 1.
    """

    def __init__(self, predictor: Any, n_data: int) -> None:
        if isinstance(predictor, type):
            raise InputTypeError(f"predictor is the class {predictor.__name__}; pass {predictor.__name__}().")
        if not (callable(getattr(predictor, "fit", None)) and callable(getattr(predictor, "predict", None))):
            raise InputTypeError(
                f"predictor must have fit(x, y) and predict(x), unlike {predictor!r}. Pass a regressor such as Ridge()."
            )
        self.predictor = predictor
        self.n_data = arguments.whole("n_data", n_data, 1, "It is the number of points, len(data).")
        self._fitted: Any = None

    def check(self, data: Any) -> None:
        """Refuse data of another length.

        Raises:
            InputError: with both lengths.
        """
        if len(data) != self.n_data:
            raise InputError(
                f"the model was made for n_data={self.n_data} points, but the data have {len(data)}. "
                f"Pass IndicatorUtilityModel(predictor, {len(data)})."
            )

    def fit(self, masks: Masks, utilities: NDArray[np.float64], seed: int = 0) -> Self:
        """Fit a copy of the predictor on subsets (B, n) as rows of 0 and 1."""
        self._fitted = _fresh(self.predictor, seed)
        _one_job(self._fitted, given=False)  # not those of the joblib context around the run
        self._fitted.fit(masks.astype(np.float64), utilities)
        _one_job(self._fitted, given=True)  # a forest adds up its trees in the order in which threads end
        return self

    def predict(self, masks: Masks) -> NDArray[np.float64]:
        """Scores (B,) of subsets (B, n)."""
        return np.asarray(self._fitted.predict(masks.astype(np.float64)), float).reshape(len(masks))

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("indicator model", self.predictor, self.n_data)

    def __repr__(self) -> str:
        return f"IndicatorUtilityModel({self.predictor!r}, {self.n_data})"


def _one_job(predictor: Any, *, given: bool) -> None:
    """One job wherever the predictor has `n_jobs`: where it is None, or everywhere."""
    params = predictor.get_params(deep=True) if hasattr(predictor, "get_params") else {}
    several = {k: v for k, v in params.items() if k == "n_jobs" or k.endswith("__n_jobs")}
    changed = {k: 1 for k, v in several.items() if v != 1 and (given or v is None)}
    if changed:
        predictor.set_params(**changed)


def _fresh(predictor: Any, seed: int) -> Any:
    """An unfitted copy, seeded where it draws."""
    if not hasattr(predictor, "get_params"):
        import copy

        return copy.deepcopy(predictor)
    from sklearn.base import clone

    found: Any = clone(predictor)
    names = seedable(found)
    if names:
        found.set_params(**{name: (seed + k) & 0x7FFFFFFF for k, name in enumerate(names)})
    return found
