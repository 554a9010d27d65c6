"""Gram matrices of all subsets: products of features are summed by one matrix product with the masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .method import NotCoveredError, check_memory
from .problem import Floats

MOST_FEATURES = 256
"""Beyond, a Gram matrix costs so much that fits one by one are as quick."""


@dataclass(frozen=True)
class Moments:
    """Sums over the rows of each of b subsets, about the subset's means if there is an intercept.

    Attributes:
        size: (b,) number of rows.
        x: (b, d) means of the features (0 without an intercept).
        t: (b, o) means of the targets (0 without an intercept).
        xx: (b, d, d) sums of products of features.
        xt: (b, d, o) sums of products of features and targets.
    """

    size: Floats
    x: Floats
    t: Floats
    xx: Floats
    xt: Floats


class Gram:
    """Sums of products, prepared for all rows.

    Args:
        x: (n, d) features; centred ones lose fewer digits if there is an intercept.
        targets: (n, o).
        intercept: whether sums are about the subset's means.

    Raises:
        NotCoveredError: if that takes too much memory.
    """

    def __init__(self, x: Floats, targets: Floats, *, intercept: bool) -> None:
        (n, d), o = x.shape, targets.shape[1]
        if d > MOST_FEATURES:
            raise NotCoveredError(f"{d:,} features are more than {MOST_FEATURES}")
        check_memory(n, d * (d + 1) // 2 + (d + 1) * (o + 1))
        self.d, self.o, self.intercept = d, o, intercept
        self.i, self.j, self.place = i, j, place = halves(d)
        self.diagonal = place[:: d + 1]
        mixed = (x[:, :, None] * targets[:, None, :]).reshape(n, d * o)
        self.sums = np.hstack([np.ones((n, 1)), x, targets, mixed, x[:, i] * x[:, j]])

    def of(self, masks: NDArray[np.bool_], ridge: Floats | float = 0.0) -> Moments:
        """The moments of subsets (b, n), with `ridge`, one number or (b, d), added to the squares of the features."""
        b, d, o = len(masks), self.d, self.o
        sums = masks.astype(np.float64) @ self.sums
        size, x, t, mixed, products = np.split(sums, np.cumsum([1, d, o, d * o]), axis=1)
        mixed = mixed.reshape(b, d, o)
        if self.intercept:
            x, t = x / size, t / size
            products -= (x * size)[:, self.i] * x[:, self.j]
            mixed = mixed - x[:, :, None] * (t * size)[:, None, :]
        else:
            x, t = np.zeros_like(x), np.zeros_like(t)
        products[:, self.diagonal] += ridge
        return Moments(size[:, 0], x, t, products[:, self.place].reshape(b, d, d), mixed)


def halves(d: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of one half of a symmetric matrix, and where in it each entry of the whole lies, flat."""
    i, j = np.triu_indices(d)
    place = np.empty((d, d), np.intp)
    place[i, j] = place[j, i] = np.arange(len(i))
    return i, j, place.ravel()
