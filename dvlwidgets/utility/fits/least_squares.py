"""Linear regression: normal equations where they are well conditioned, SVDs of the rows elsewhere.

Subsets with fewer rows than features, and with features that depend on each other, get the solution of least norm,
with scikit-learn's own tolerance for what counts as dependent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from .conditioned import tested
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
        self.gram = Gram(problem, self.targets, intercept=self.intercept, units=True)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        scale = None if self.scaling is None else self.scaling.of(masks)
        weights, exact = self._solved(masks, scale)
        self._solve_small(masks, weights, exact, scale)
        for b in np.flatnonzero(~exact).tolist():
            weights[b] = self._by_svd(masks[b], None if scale is None else scale[b])
        values = self.gram.values(weights)
        numbers = values[:, :, 0] if self.problem.y.ndim == 1 else values
        return Predictions(finite(values), numbers=numbers)

    def _solved(self, masks: NDArray[np.bool_], scale: Floats | None) -> tuple[Floats, NDArray[np.bool_]]:
        """Weights (b, p, o), and (b,) where they are exact."""
        packed, right = self.gram.of(masks)
        squares = packed[:, self.gram.diagonal]
        enough = (masks.sum(axis=1) > self.gram.d + self.intercept) & (squares > 0).all(axis=1)
        matrices = self.gram.whole(packed)
        if not enough.all():
            matrices[~enough] = np.eye(self.gram.p)
        weights, condition = tested(matrices, right)
        condition *= np.maximum(squares.max(axis=1), 1.0)
        # about the squared lengths of the columns that the solver sees
        given = np.where(enough[:, None], squares, 1.0) * self.gram.unit[: self.gram.d] ** 2
        given = given if scale is None else given / scale**2
        spread = given.max(axis=1) / given.min(axis=1)
        return weights, enough & (condition < _EXACT) & (condition * spread < _RANK)

    def _with_intercept(self, weights: Floats, x: Floats, y: Floats) -> Floats:
        """Weights (b, p, o) of the columns: with the intercept that leads through the means (b, d) and (b, o)."""
        if self.intercept:
            weights = np.concatenate([weights, y[:, None, :] - x[:, None, :] @ weights], axis=1)
        return weights * self.gram.unit[:, None]

    def _solve_small(
        self, masks: NDArray[np.bool_], weights: Floats, exact: NDArray[np.bool_], scale: Floats | None
    ) -> None:
        """Weights of subsets of at most d rows: sums of their rows, so that their norm is the least.

        The coefficients of that sum solve as many equations as there are rows.
        """
        at = np.flatnonzero(masks.sum(axis=1) <= self.gram.d)
        if not len(at):
            return
        size = masks[at].sum(axis=1)
        rows = np.argsort(~masks[at], axis=1, kind="stable")[:, : size.max()]
        inside = (np.arange(size.max()) < size[:, None]).astype(np.float64)
        x, y = self.x[rows], self.targets[rows]
        means = [(a * inside[:, :, None]).sum(axis=1) / size[:, None] for a in (x, y)]
        if self.intercept:
            x, y = x - means[0][:, None, :], y - means[1][:, None, :]
        x = x * inside[:, :, None]
        x = x if scale is None else x / scale[at][:, None, :]
        matrices = x @ x.transpose(0, 2, 1)
        mean = np.einsum("bii->b", matrices) / size
        good = mean > 0
        matrices /= np.where(good, mean, 1.0)[:, None, None]
        if (
            self.intercept
        ):  # centred rows add up to 0, and so do their targets: this fills the direction of ones
            matrices += (inside[:, :, None] * inside[:, None, :]) / size[:, None, None]
        matrices += (1.0 - inside)[:, :, None] * np.eye(size.max())
        found, condition = tested(matrices, y * inside[:, :, None])
        good &= condition < _EXACT
        small = (x.transpose(0, 2, 1) @ found) / np.where(good, mean, 1.0)[:, None, None]
        small = small if scale is None else small / scale[at][:, :, None]
        weights[at[good]] = self._with_intercept(small, means[0], means[1])[good]
        exact[at[good]] = True

    def _by_svd(self, mask: NDArray[np.bool_], scale: Floats | None) -> Floats:
        """Weights (p, o) from the rows."""
        x, y = self.x[mask], self.targets[mask]
        x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
        if self.intercept:
            x, y = x - x_mean, y - y_mean
        found = lstsq(x if scale is None else x / scale, y, cond=self.cond, check_finite=False)[0]
        weights = found if scale is None else found / scale[:, None]
        return np.asarray(self._with_intercept(weights[None], x_mean[None], y_mean[None])[0])
