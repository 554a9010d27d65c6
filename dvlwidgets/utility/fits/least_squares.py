"""Linear regression: normal equations where they are well conditioned, SVDs of the rows elsewhere.

Subsets with fewer rows than features, and with features that depend on each other, get the solution of least norm,
with scikit-learn's own tolerance for what counts as dependent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from .conditioned import Systems
from .gram import Gram, Moments
from .predictions import Predictions, finite
from .problem import Floats, Problem
from .ridge import applied
from .scaling import Scaling

_EXACT = 1e6
"""Condition numbers of scaled normal equations up to which their solution has ten digits."""
_RANK = 1e8
"""Condition numbers up to which no solver takes a feature for dependent; its tolerance is at most 1e-5, squared."""


class LeastSquares:
    """LinearRegression with one or several outputs; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        self.problem, self.scaling = problem, scaling
        self.intercept = bool(model.fit_intercept)
        tolerance = getattr(model, "tol", None)
        self.cond: float | None = None if tolerance is None else float(tolerance)
        self.targets = problem.y.reshape(len(problem.y), -1)
        self.x, self.x_test = (
            (problem.centred, problem.centred_test) if self.intercept else (problem.x, problem.x_test)
        )
        self.gram = Gram(self.x, self.targets, intercept=self.intercept)
        self.systems = Systems(self.gram.d)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        moments = self.gram.of(masks)
        scale = None if self.scaling is None else self.scaling.of(masks)
        weights, exact = self._solved(moments, scale)
        for b in np.flatnonzero(~exact).tolist():
            weights[b] = self._by_svd(masks[b], moments, b, scale)
        values = applied(self.x_test, weights, moments.x, moments.t)
        numbers = values[:, :, 0] if self.problem.y.ndim == 1 else values
        return Predictions(finite(values), numbers=numbers)

    def _solved(self, moments: Moments, scale: Floats | None) -> tuple[Floats, NDArray[np.bool_]]:
        """Weights (b, d, o), and (b,) where they are exact."""
        enough = moments.size > self.gram.d + self.intercept
        weights, condition, unit = self.systems.solve(moments.xx, moments.xt, enough)
        given = unit if scale is None else unit / scale  # the lengths of the columns that the solver sees
        spread = (given.max(axis=1) / given.min(axis=1)) ** 2
        return weights, (condition < _EXACT) & (condition * spread < _RANK)

    def _by_svd(self, mask: NDArray[np.bool_], moments: Moments, b: int, scale: Floats | None) -> Floats:
        x = self.x[mask]
        x = x - x.mean(axis=0) if self.intercept else x
        x = x if scale is None else x / scale[b]
        found = lstsq(x, self.targets[mask] - moments.t[b], cond=self.cond, check_finite=False)[0]
        return np.asarray(found if scale is None else found / scale[b][:, None])
