"""The losses of logistic regression: of two classes, and of several."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conditioned import halves
from .gram import MOST_FEATURES
from .method import NotCoveredError, check_memory
from .problem import Floats


class _Products:
    """Products of the columns of x (n, p), in both precisions, for sums over weighted rows."""

    def __init__(self, x: Floats) -> None:
        n, self.p = x.shape
        check_memory(n, self.p * (self.p + 1) // 2)
        i, j, self.place = halves(self.p)
        self.double = x[:, i] * x[:, j]
        self.single = self.double.astype(np.float32)

    def sums(self, weights: Floats, *, single: bool) -> NDArray[Any]:
        """(b, p (p + 1) / 2) upper halves of weights (b, n), in single or double precision."""
        if single:
            return np.asarray(weights.astype(np.float32, copy=False) @ self.single)
        return np.asarray(weights @ self.double)


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
        means = theta @ self.x.T
        np.negative(means, out=means)
        with np.errstate(over="ignore"):  # 1 / (1 + inf) is the 0 that is meant
            np.exp(means, out=means)
        means += 1.0
        np.reciprocal(means, out=means)
        wrong = means - self.y
        wrong *= weights
        return means, wrong @ self.x

    def hessians(self, means: Floats, weights: Floats, *, single: bool) -> NDArray[Any]:
        spread = 1.0 - means
        spread *= means
        spread *= weights
        packed = self.products.sums(spread, single=single)
        return packed.take(self.products.place, axis=1).reshape(len(packed), self.size, self.size)


class SeveralClasses:
    """The softmax loss; its coefficients are those of c - 1 contrasts of the classes, (o, (c - 1) p) in a row.

    The coefficients of all classes add up to nothing at the optimum, and moving all intercepts alike changes nothing:
    in an orthonormal basis of what is left, the penalty is the same. Classes without a row are left out; so many last
    contrasts then mean nothing, and stay at 0.

    Args:
        x: (n, p) features, the intercept's ones last, if there is one.
        targets: (n, c) indicators of the classes.
        intercept: whether there is one.

    Raises:
        NotCoveredError: for too many coefficients.
    """

    def __init__(self, x: Floats, targets: Floats, *, intercept: bool) -> None:
        self.p, self.c, self.intercept = x.shape[1], targets.shape[1], intercept
        self.size = self.p * (self.c - 1)
        if self.size > MOST_FEATURES:
            raise NotCoveredError(f"{self.size:,} coefficients are more than {MOST_FEATURES}")
        self.x, self.targets, self.products = x, np.ascontiguousarray(targets.T), _Products(x)
        self.first, self.second, pair = halves(self.c - 1)
        blocks = pair.reshape(self.c - 1, 1, self.c - 1, 1) * len(self.products.double[0])
        self.place = (blocks + self.products.place.reshape(1, self.p, 1, self.p)).ravel()

    def seen(self, weights: Floats) -> NDArray[np.bool_]:
        """(o, c) which classes have a row."""
        return np.asarray(weights @ self.targets.T > 0)

    def contrasts(self, seen: NDArray[np.bool_]) -> Floats:
        """(o, c, c - 1) orthonormal columns that add up to 0 over the classes that are seen (o, c); or (1, ...)."""
        if seen.all():
            return contrasts((True,) * self.c)[None]
        return np.array([contrasts(tuple(row)) for row in seen.tolist()])

    def by_class(self, theta: Floats, basis: Floats) -> Floats:
        """(o, c, p) coefficients of the classes."""
        return np.asarray(basis @ theta.reshape(len(theta), self.c - 1, self.p))

    def slopes(self, theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
        o, n = weights.shape
        seen = self.seen(weights)
        basis = self.contrasts(seen)
        means = (self.by_class(theta, basis).reshape(o * self.c, self.p) @ self.x.T).reshape(o, self.c, n)
        if not seen.all():
            means[~seen] = -np.inf
        means -= means.max(axis=1, keepdims=True)
        np.exp(means, out=means)
        means /= means.sum(axis=1, keepdims=True)
        wrong = means - self.targets
        wrong *= weights[:, None, :]
        slopes = (wrong.reshape(o * self.c, n) @ self.x).reshape(o, self.c, self.p)
        return means, (basis.transpose(0, 2, 1) @ slopes).reshape(o, self.size)

    def hessians(self, means: Floats, weights: Floats, *, single: bool) -> NDArray[Any]:
        seen = self.seen(weights)
        basis = self.contrasts(seen)
        kind = np.float32 if single else np.float64
        rows: NDArray[Any] = basis.transpose(0, 2, 1).astype(kind)
        chances: NDArray[Any] = means.astype(kind, copy=False)
        mean = rows @ chances
        spread: NDArray[Any] = (rows[:, self.first] * rows[:, self.second]) @ chances
        spread -= mean[:, self.first] * mean[:, self.second]
        spread *= weights.astype(kind, copy=False)[:, None, :]
        o, pairs, n = spread.shape
        packed = self.products.sums(spread.reshape(o * pairs, n), single=single).reshape(o, -1)
        whole = packed.take(self.place, axis=1).reshape(o, self.size, self.size)
        if self.intercept and not seen.all():
            last = np.arange(self.p - 1, self.size, self.p)
            whole[:, last, last] += (rows == 0).all(axis=2)
        return whole


@functools.lru_cache(maxsize=4096)
def contrasts(seen: tuple[bool, ...]) -> Floats:
    """(c, c - 1) orthonormal columns that add up to 0 over the classes that are seen; the last ones are 0."""
    at = np.flatnonzero(seen)
    columns = np.zeros((len(seen), len(seen) - 1))
    for k in range(1, len(at)):
        columns[at[:k], k - 1] = 1.0 / np.sqrt(k * (k + 1))
        columns[at[k], k - 1] = -np.sqrt(k / (k + 1))
    return columns
