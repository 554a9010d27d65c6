"""The losses of logistic regression: of two classes, and of several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .conditioned import halves
from .gram import MOST_FEATURES
from .method import NotCoveredError, check_memory
from .predictions import logistic
from .problem import Floats


class _Products:
    """Products of the columns of x (n, p), in both precisions, for sums over weighted rows."""

    def __init__(self, x: Floats) -> None:
        n, self.p = x.shape
        check_memory(n, self.p * (self.p + 1) // 2)
        i, j, self.place = halves(self.p)
        self.double = x[:, i] * x[:, j]
        self.single = self.double.astype(np.float32)

    def sums(self, weights: Floats, *, single: bool) -> Floats:
        """(b, p, p) of weights (b, n)."""
        packed = (
            (weights.astype(np.float32) @ self.single).astype(np.float64) if single else weights @ self.double
        )
        return np.asarray(packed[:, self.place].reshape(len(weights), self.p, self.p))


class TwoClasses:
    """The logistic loss.

    Args:
        x: (n, p) features, the intercept's ones included.
        y: (n,) 0 or 1.

    Raises:
        NotCoveredError: for too many coefficients.
    """

    def __init__(self, x: Floats, y: Floats) -> None:
        self.size = x.shape[1]
        if self.size > MOST_FEATURES:
            raise NotCoveredError(f"{self.size:,} coefficients are more than {MOST_FEATURES}")
        self.x, self.y, self.products = x, y, _Products(x)

    def slopes(self, theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
        means = logistic(theta @ self.x.T)
        return means, (weights * (means - self.y)) @ self.x

    def hessians(self, means: Floats, weights: Floats, *, single: bool) -> Floats:
        return self.products.sums(weights * means * (1.0 - means), single=single)


class SeveralClasses:
    """The softmax loss with coefficients for each class, (o, c p) in a row; classes without a row are left out.

    Moving all intercepts alike changes nothing: no step goes there, and Hessians are filled in that direction.

    Args:
        x: (n, p) features, the intercept's ones last, if there is one.
        targets: (n, c) indicators of the classes.
        intercept: whether there is one.

    Raises:
        NotCoveredError: for too many coefficients.
    """

    def __init__(self, x: Floats, targets: Floats, *, intercept: bool) -> None:
        self.p, self.c, self.intercept = x.shape[1], targets.shape[1], intercept
        self.size = self.p * self.c
        if self.size > MOST_FEATURES:
            raise NotCoveredError(f"{self.size:,} coefficients are more than {MOST_FEATURES}")
        self.x, self.targets, self.products = x, np.ascontiguousarray(targets.T), _Products(x)

    def slopes(self, theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
        o, n = weights.shape
        logits = (theta.reshape(o * self.c, self.p) @ self.x.T).reshape(o, self.c, n)
        logits = np.where(self.seen(weights)[:, :, None], logits, -np.inf)
        logits -= logits.max(axis=1, keepdims=True)
        means = np.exp(logits, out=logits)
        means /= means.sum(axis=1, keepdims=True)
        wrong = (means - self.targets) * weights[:, None, :]
        return means, (wrong.reshape(o * self.c, n) @ self.x).reshape(o, self.size)

    def seen(self, weights: Floats) -> NDArray[np.bool_]:
        """(o, c) which classes have a row."""
        return np.asarray(weights @ self.targets.T > 0)

    def hessians(self, means: Floats, weights: Floats, *, single: bool) -> Floats:
        o, c, p = len(weights), self.c, self.p
        whole = np.zeros((o, c, p, c, p))
        for j in range(c):
            own = weights * means[:, j]
            for m in range(j, c):
                block = self.products.sums(own * ((1.0 if j == m else 0.0) - means[:, m]), single=single)
                whole[:, j, :, m, :] = whole[:, m, :, j, :] = block
        if self.intercept:
            seen = self.seen(weights)
            fill = weights.sum(axis=1)[:, None, None] / c**2 * (seen[:, :, None] & seen[:, None, :])
            whole[:, :, -1, :, -1] += fill + np.eye(c) * ~seen[:, None, :]
        return whole.reshape(o, self.size, self.size)
