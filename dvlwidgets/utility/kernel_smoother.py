"""Kernel ridge without one point, or a group, from the fit on all: no refit, and exact.

With G = (K + alpha I)^-1 and dual coefficients a = G y, taking rows S away leaves a - G_:S (G_SS)^-1 a_S, which is 0
at S: the block inverse of the smaller system.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy
from ..errors import InputError
from .linear_smoother import table
from .told import Told


def check_kernel(model: Any) -> None:
    """Refuse kernel ridges that the closed form does not cover.

    Raises:
        InputError: for precomputed kernels and several penalties.
    """
    if model.kernel == "precomputed":
        raise InputError(
            "kernel='precomputed' has rows and columns for the training points, which no subset of rows has. Use a "
            "kernel by name, or a function."
        )
    if np.ndim(model.alpha) > 0 or not model.alpha > 0:
        raise InputError(
            f"alpha={model.alpha!r}: the closed form of kernel ridge needs one positive penalty. Use "
            "LOOValuation(utility) for others."
        )


class KernelSmoother:
    """A fit of kernel ridge, taken apart; arguments as in `LinearSmoother`."""

    note = ""
    exact = True

    def __init__(self, model: Any, x: Any, y: Any, x_test: Any) -> None:
        features, labels = table(x), as_numpy(y).astype(np.float64)
        self.x_test, self.shape = x_test, labels.shape[1:]
        kernel = _kernel(model, features, features)
        kernel[np.diag_indices_from(kernel)] += float(model.alpha)
        self.inverse = np.linalg.inv(kernel)
        self.dual = self.inverse @ labels.reshape(len(labels), -1)
        asked = _kernel(model, table(x_test), features)
        self.said, self.cross = asked @ self.dual, asked @ self.inverse

    def everything(self) -> Told:
        """What the model fitted on all rows says of the test points."""
        return self._told(self.said)

    def without(self, rows: NDArray[np.intp]) -> Told:
        """The same without some rows."""
        change = np.linalg.solve(self.inverse[np.ix_(rows, rows)], self.dual[rows])
        return self._told(self.said - self.cross[:, rows] @ change)

    def _told(self, said: NDArray[np.float64]) -> Told:
        return Told(self.x_test, said.reshape(len(said), *self.shape))


def _kernel(model: Any, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    from sklearn.metrics.pairwise import pairwise_kernels

    if callable(model.kernel):
        params = dict(model.kernel_params or {})
    else:
        params = {"gamma": model.gamma, "degree": model.degree, "coef0": model.coef0}
    found = pairwise_kernels(x, y, metric=model.kernel, filter_params=True, **params)
    return np.array(found, np.float64)
