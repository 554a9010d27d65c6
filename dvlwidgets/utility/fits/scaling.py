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
    """The scales of a StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler on each subset.

    Args:
        scaler: the unfitted scaler.
        problem: the data.
    """

    def __init__(self, scaler: Any, problem: Problem) -> None:
        self.problem, self.scaler = problem, scaler
        self.kind = type(scaler).__name__
        self.by_range = self.kind == "MinMaxScaler"
        self.identity = not (getattr(scaler, "with_std", True) and getattr(scaler, "with_scaling", True))
        if self.kind == "StandardScaler":
            self.sums = np.hstack([problem.centred, problem.centred**2])
        else:
            ranked = np.abs(problem.x) if self.kind == "MaxAbsScaler" else problem.x
            self.order = np.argsort(ranked, axis=0)
            self.values = np.take_along_axis(ranked, self.order, axis=0)

    def of(self, masks: NDArray[np.bool_]) -> Floats:
        """(b, d) what each subset's features are divided by."""
        if self.identity:
            return np.ones((len(masks), self.problem.x.shape[1]))
        if self.kind == "StandardScaler":
            return self._deviations(masks)
        scale = self._quantiles(masks) if self.kind == "RobustScaler" else self._ranges(masks)
        scale[scale < 10 * _EPS] = 1.0
        if self.by_range:
            low, high = self.scaler.feature_range
            scale /= float(high - low)
        return scale

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
        """(b, d) largest values; less the smallest ones for a MinMaxScaler."""
        width = np.empty((len(masks), self.order.shape[1]))
        for f, (order, values) in enumerate(zip(self.order.T, self.values.T, strict=True)):
            inside = masks[:, order]
            width[:, f] = values[len(order) - 1 - inside[:, ::-1].argmax(axis=1)]
            if self.by_range:
                width[:, f] -= values[inside.argmax(axis=1)]
        return width

    def _quantiles(self, masks: NDArray[np.bool_]) -> Floats:
        """(b, d) distances of the two quantiles, each between its two neighbours in the subset."""
        size = masks.sum(axis=1)
        first = np.cumsum(size) - size
        width = np.empty((len(masks), self.order.shape[1]))
        place = (size - 1) * (np.array(self.scaler.quantile_range, np.float64) / 100.0)[:, None]
        below = np.floor(place).astype(np.intp)
        above, share = np.minimum(below + 1, size - 1), place - below
        for f, (order, values) in enumerate(zip(self.order.T, self.values.T, strict=True)):
            ranked = values[np.nonzero(masks[:, order])[1]]  # subset after subset, each in order
            at = ranked[first + below]
            low, high = at + (ranked[first + above] - at) * share
            width[:, f] = high - low
        return width


def _exact_variance(x: Floats) -> Floats:
    """Variances of the features, 0 where scikit-learn takes a feature for constant."""
    n, mean, variance = len(x), x.mean(axis=0), x.var(axis=0)
    constant = variance <= n * _EPS * variance + (n * mean * _EPS) ** 2
    return np.where(constant, 0.0, variance)
