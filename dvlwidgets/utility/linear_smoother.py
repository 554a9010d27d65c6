"""Least squares and ridge without one point, or a group, from the fit on all: no refit, and exact.

The predictions of such a model are linear in the labels, y_hat = H y; taking rows G away moves the predictions for
test points t by -C_tG (I - H_GG)^-1 e_G, where e are the residuals of the full fit and C is H's analogue for t.
Cook & Weisberg, Residuals and influence in regression (1982); with an intercept, which is never penalised, the
features are centred and 1/n is added to H and C.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy
from ..errors import InputError
from .told import Told

SAFE = 1e-7
"""Rows with a smaller eigenvalue of I - H_GG decide a direction alone: without them the model is another one."""


def is_linear(model: Any) -> bool:
    """Whether the model is least squares or ridge as we know them."""
    from sklearn.linear_model import LinearRegression, Ridge

    plain = type(model) in (LinearRegression, Ridge) and not getattr(model, "positive", False)
    return plain and np.ndim(getattr(model, "alpha", 0.0)) == 0


class LinearSmoother:
    """A fit of least squares or ridge, taken apart.

    Args:
        model: a LinearRegression or Ridge; only its parameters are read.
        x: training features, a numeric table of n rows.
        y: training labels, shape (n,) or (n, k).
        x_test: features to predict, if any.

    Attributes:
        residuals: of the training rows, shape (n, k).
        leverages: diagonal of H, shape (n,).
        degrees: trace of H.
    """

    note = ""
    exact = True

    def __init__(self, model: Any, x: Any, y: Any, x_test: Any = None) -> None:
        features, labels = table(x), as_numpy(y).astype(np.float64)
        n, alpha = len(features), float(getattr(model, "alpha", 0.0))
        self.shape = labels.shape[1:]
        labels = labels.reshape(n, -1)
        middle, level = np.zeros(features.shape[1]), np.zeros(labels.shape[1])
        if model.fit_intercept:
            middle, level = features.mean(axis=0), labels.mean(axis=0)
        left, sizes, right = np.linalg.svd(features - middle, full_matrices=False)
        # directions in which the features do not vary: least squares gives them no weight, ridge neither
        kept = sizes > np.finfo(np.float64).eps * max(features.shape) * sizes.max(initial=0.0)
        left, sizes, right = left[:, kept], sizes[kept], right[kept]
        penalised = np.sqrt(sizes**2 + alpha)
        constant = np.full((n, int(model.fit_intercept)), 1.0 / np.sqrt(n))
        self.root = np.column_stack([left * (sizes / penalised), constant])  # H = root root^T
        self.residuals = labels - level - left @ ((sizes / penalised) ** 2 * (left.T @ (labels - level)).T).T
        self.leverages: NDArray[np.float64] = (self.root**2).sum(axis=1)
        self.degrees = float(self.leverages.sum())
        if x_test is None:
            return
        self.x_test = x_test
        asked = (table(x_test) - middle) @ right.T
        scaled = np.full((len(asked), constant.shape[1]), 1.0 / np.sqrt(n))
        self.cross = np.column_stack([asked / penalised, scaled])  # C = cross root^T
        weights = (sizes / penalised**2) * (left.T @ (labels - level)).T
        self.said = level + asked @ weights.T

    def everything(self) -> Told:
        """What the model fitted on all rows says of the test points."""
        return self._told(self.said)

    def without(self, rows: NDArray[np.intp]) -> Told | None:
        """The same without some rows; None where they decide a direction alone, so that only a refit can tell."""
        root = self.root[rows]
        left = np.eye(len(rows)) - root @ root.T
        if np.linalg.eigvalsh(left)[0] < SAFE:
            return None
        return self._told(self.said - self.cross @ (root.T @ np.linalg.solve(left, self.residuals[rows])))

    def _told(self, said: NDArray[np.float64]) -> Told:
        return Told(self.x_test, said.reshape(len(said), *self.shape))


def table(x: Any) -> NDArray[np.float64]:
    """Features as a finite table of floats.

    Raises:
        InputError: for anything else.
    """
    try:
        found = as_numpy(x).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the closed form needs numbers as features: {error}. Encode categories first, or use "
            "LOOValuation(utility)."
        ) from error
    if found.ndim != 2 or not np.isfinite(found).all():
        raise InputError(
            "the closed form needs a table of finite numbers as features. Fill the gaps first, or use "
            "LOOValuation(utility)."
        )
    return found
