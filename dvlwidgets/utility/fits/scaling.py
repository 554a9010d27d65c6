"""Scalers that are fitted to each subset: what the features of each subset are divided by.

The estimators behind a scaler have an intercept, or compare differences, so that what a scaler subtracts changes
nothing; only its scale does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .problem import Floats, Problem

_EPS = float(np.finfo(np.float64).eps)
_DIGITS = 1e-7
"""A variance that is a smaller share of the mean square than this is computed from the rows themselves."""


class Scaling:
    """The scales of a StandardScaler or MinMaxScaler on each subset.

    Args:
        scaler: the unfitted scaler.
        problem: the data.
    """

    def __init__(self, scaler: Any, problem: Problem) -> None:
        self.problem = problem
        self.by_range = type(scaler).__name__ == "MinMaxScaler"
        self.identity = not self.by_range and not scaler.with_std
        if self.by_range:
            low, high = scaler.feature_range
            self.width = float(high - low)
            self.order = np.argsort(problem.x, axis=0)
        else:
            self.sums = np.hstack([problem.centred, problem.centred**2])

    def of(self, masks: NDArray[np.bool_]) -> Floats:
        """(b, d) what each subset's features are divided by."""
        if self.identity:
            return np.ones((len(masks), self.problem.x.shape[1]))
        return self._ranges(masks) if self.by_range else self._deviations(masks)

    def _deviations(self, masks: NDArray[np.bool_]) -> Floats:
        d = self.problem.x.shape[1]
        size = masks.sum(axis=1)
        sums = masks.astype(np.float64) @ self.sums
        mean, square = sums[:, :d] / size[:, None], sums[:, d:] / size[:, None]
        variance = square - mean**2
        for b in np.flatnonzero((variance <= _DIGITS * square).any(axis=1)):
            variance[b] = _exact_variance(self.problem.x[masks[b]])
        return np.sqrt(np.where(variance > 0, variance, 1.0))

    def _ranges(self, masks: NDArray[np.bool_]) -> Floats:
        width = np.empty((len(masks), self.order.shape[1]))
        rows = np.arange(len(masks))
        for f, order in enumerate(self.order.T):
            inside, values = masks[:, order], self.problem.x[order, f]
            last = len(order) - 1 - inside[:, ::-1].argmax(axis=1)
            width[:, f] = values[last] - values[inside[rows].argmax(axis=1)]
        width[width < 10 * _EPS] = 1.0
        return width / self.width


def _exact_variance(x: Floats) -> Floats:
    """Variances of the features, 0 where scikit-learn takes a feature for constant."""
    n, mean, variance = len(x), x.mean(axis=0), x.var(axis=0)
    constant = variance <= n * _EPS * variance + (n * mean * _EPS) ** 2
    return np.where(constant, 0.0, variance)
