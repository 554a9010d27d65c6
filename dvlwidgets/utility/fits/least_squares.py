"""Linear regression: normal equations where they are well conditioned, SVDs of the rows elsewhere.

Subsets with fewer rows than features, and with features that depend on each other, get the solution of least norm,
with scikit-learn's own tolerance for what counts as dependent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from .conditioned import tested, tested_halves
from .gram import Gram
from .predictions import Predictions, finite
from .problem import Floats, Problem
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
        self.x = problem.centred if self.intercept else problem.x
        self.both = np.hstack([self.x, self.targets])
        self.gram = Gram(problem, self.targets, intercept=self.intercept, units=True)
        self.squared = self.gram.unit[: self.gram.d, None] ** 2
        self.ones = np.ones(len(problem.x), np.float32)
        weights = problem.weights
        self.uneven = 1.0 if weights is None else float(weights.max() / weights.min())

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        scale = None if self.scaling is None else self.scaling.of(masks)
        size = np.asarray(masks.astype(np.float32) @ self.ones, np.float64)  # the quickest way to count
        weights = np.empty((len(masks), self.gram.p, self.gram.o))
        exact = np.empty(len(masks), np.bool_)
        small = size <= self.gram.d + self.intercept
        for at, solve in ((np.flatnonzero(~small), self._large), (np.flatnonzero(small), self._small)):
            if len(at):
                weights[at], exact[at] = solve(masks[at], size[at], None if scale is None else scale[at])
        for b in np.flatnonzero(~exact).tolist():
            weights[b] = self._by_svd(masks[b], None if scale is None else scale[b])
        values = self.gram.values(weights)
        numbers = values[:, :, 0] if self.problem.y.ndim == 1 else values
        return Predictions(finite(values), numbers=numbers)

    def _large(
        self, masks: NDArray[np.bool_], _: Floats, scale: Floats | None
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Weights (b, p, o) of subsets of more rows than coefficients, and (b,) where they are exact."""
        packed, right = self.gram.of(self.problem.weighted(masks))
        squares = packed.T[self.gram.diagonal]
        largest = squares.max(axis=0)
        weights, condition = tested_halves(packed, right, np.maximum(largest, 1.0))
        # about the squared lengths of the columns that the solver sees
        squares *= self.squared
        if scale is not None:
            squares /= scale.T**2
        worst, least = float(condition.max()), float(squares.min())
        if worst < _EXACT and worst * float(squares.max()) < _RANK * least:
            return weights, np.ones(len(masks), np.bool_)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = squares.max(axis=0) / squares.min(axis=0)
        return weights, (condition < _EXACT) & (condition * spread < _RANK)

    def _with_intercept(self, weights: Floats, x: Floats, y: Floats) -> Floats:
        """Weights (b, p, o) of the columns: with the intercept that leads through points (b, d) and (b, o)."""
        if self.intercept:
            weights = np.concatenate([weights, y[:, None, :] - x[:, None, :] @ weights], axis=1)
        return weights * self.gram.unit[:, None]

    def _small(
        self, masks: NDArray[np.bool_], size: Floats, scale: Floats | None
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Weights (b, p, o) of subsets of no more rows than coefficients, and (b,) where they are exact.

        Weights of least norm are sums of the rows, and the coefficients of that sum solve as many equations as there
        are rows. They go through all points, so that weights of the rows do not matter.
        """
        most, d = int(size.max()), self.gram.d
        taken = np.arange(most) < size[:, None]
        rows = np.where(taken, 0, masks.argmax(axis=1)[:, None])
        rows[taken] = np.nonzero(masks)[1]
        both = self.both.take(rows, axis=0)
        first = both[:, 0].copy()
        if self.intercept:  # ways from the first row to all; rows that are missing stand where it stands
            both -= first[:, None]
            taken[:, 0] = False
        else:
            both *= taken[:, :, None]
        x, y = both[:, :, :d], both[:, :, d:]
        if scale is not None:
            x /= scale[:, None, :]
        matrices = x @ np.ascontiguousarray(x.transpose(0, 2, 1))  # a third quicker than without a copy
        squares = matrices.reshape(len(masks), most * most)[:, :: most + 1]
        largest = squares.max(axis=1)
        good = largest > 0
        largest[~good] = 1.0
        np.copyto(squares, largest[:, None], where=~taken)
        found, condition = tested(matrices, y, largest)
        weights = x.transpose(0, 2, 1) @ found
        if scale is not None:
            weights /= scale[:, :, None]
        if self.intercept:
            good |= size == 1
        exact = good & (condition * self.uneven < _EXACT)
        return self._with_intercept(weights, first[:, :d], first[:, d:]), exact

    def _by_svd(self, mask: NDArray[np.bool_], scale: Floats | None) -> Floats:
        """Weights (p, o) from the rows."""
        x, y = self.x[mask], self.targets[mask]
        load = np.ones(len(x)) if self.problem.weights is None else self.problem.weights[mask]
        x_mean, y_mean = _mean(x, load), _mean(y, load)
        if self.intercept:
            x, y = x - x_mean, y - y_mean
        if scale is not None:
            x = x / scale
        root = np.sqrt(load)[:, None]
        found = lstsq(root * x, root * y, cond=self.cond, check_finite=False)[0]
        weights = found if scale is None else found / scale[:, None]
        return np.asarray(self._with_intercept(weights[None], x_mean[None], y_mean[None])[0])


def _mean(rows: Floats, load: Floats) -> Floats:
    """Means (q,) of rows (k, q) with weights; of equal numbers that very number.

    Counted from the first row: what rounding left of a column that is constant would count as a feature, and be
    divided by.
    """
    return np.asarray(rows[0] + load @ (rows - rows[0]) / load.sum())
