"""Walks of ridge regressions: a block of rows is added to a solved system, and every subset in between falls out.

With A the equations of the rows before a block, B the block's rows and C the test points, the Cholesky factor L of
1 + B A^-1 B' does all the block's rank-one updates at once: after j rows of it, predictions are the ones before plus
the sum over i <= j of V_i z_i, with V = L^-1 B A^-1 C' and z = L^-1 (y - B w). Each block starts from equations that
are summed from rows, so that errors do not add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.linalg import blas, lapack

from ...typing import Indices
from .method import NotCoveredError
from .predictions import Predictions, finite
from .problem import Floats
from .ridge import Ridge, RidgeClasses
from .walk import Walk, piece

_BLOCK = 48
"""Rows that are added to one system."""
_WORST = 1e6
"""The largest condition number: the updates keep ten digits."""


class _RidgeWalk:
    """What both share."""

    def __init__(self, method: Any) -> None:
        self.method, gram = method, method.gram
        if method.scaling is not None:
            raise NotCoveredError("the penalties of scaled features change with each row")
        if method.problem.weights is not None:
            raise NotCoveredError("rows have weights")
        if float((gram.x**2).sum()) > _WORST * method.alpha:
            raise NotCoveredError("the features are large beside alpha")
        self.x, self.x_test, self.y = gram.x, gram.x_test, method.targets
        self.penalty = np.zeros((gram.p, gram.p))
        self.penalty[np.arange(gram.d), np.arange(gram.d)] = method.alpha

    def values(self, walk: Walk) -> Iterator[tuple[int, int, Floats]]:
        """The first and last of some subsets, and their predictions (subsets, k, o)."""
        gram, right = self.penalty.copy(), np.zeros((len(self.penalty), self.y.shape[1]))
        width = piece(len(self.x_test))
        shape = self.y.shape[1], width, len(self.x_test)
        low, begin, size, values = 0, 0, 0, np.empty(shape)
        while begin < len(walk.sizes):
            rows = walk.order[size : walk.sizes[begin]]
            gram += self.x[rows].T @ self.x[rows]
            right += self.x[rows].T @ self.y[rows]
            size = int(walk.sizes[begin])
            end = int(np.searchsorted(walk.sizes, size + _BLOCK, side="right"))
            end = min(end, low + width)
            new, at = walk.order[size : walk.sizes[end - 1]], walk.sizes[begin:end] - size
            self._block(gram, right, new, at, values[:, begin - low : end - low])
            begin = end
            if end == low + width or end == len(walk.sizes):
                yield low, end, values[:, : end - low].transpose(1, 2, 0)
                low, values = end, np.empty(shape)

    def _block(self, gram: Floats, right: Floats, new: Indices, at: Indices, values: Floats) -> None:
        """Predictions (o, subsets, k) of a system with the first so many of some new rows."""
        x, y, m, o = self.x[new], self.y[new], len(new), self.y.shape[1]
        factor, wrong = lapack.dpotrf(gram.T, lower=1, clean=0)
        if wrong:
            values[:] = np.nan
            return
        # everything that A^-1 stands between, times L^-1 of A
        sides = np.concatenate([x, self.x_test, right.T])
        sides = blas.dtrsm(1.0, factor, sides.T, lower=1, overwrite_b=1).T
        rows, tests, solved = sides[:m], sides[m:-o], sides[-o:]
        values[:] = (solved @ tests.T)[:, None, :]
        if not m:
            return
        inner = rows @ rows.T
        inner[np.arange(m), np.arange(m)] += 1.0
        factor, wrong = lapack.dpotrf(inner.T, lower=1, overwrite_a=1, clean=0)
        change = np.concatenate([tests @ rows.T, y.T - solved @ rows.T])
        change = blas.dtrsm(1.0, factor, change.T, lower=1, overwrite_b=1).T
        there = np.arange(m) < at[:, None]
        for j in range(o):
            values[j] += (there * change[j - o]) @ change[:-o].T


class RidgeWalk(_RidgeWalk):
    """Walks of Ridge."""

    def __init__(self, method: Ridge) -> None:
        super().__init__(method)
        self.flat = method.problem.y.ndim == 1

    def along(self, walk: Walk, want: frozenset[str]) -> Iterator[Predictions]:
        """Answers for the subsets in order, some at a time."""
        for _, _, values in self.values(walk):
            yield Predictions(finite(values), numbers=values[:, :, 0] if self.flat else values)


class RidgeClassesWalk(_RidgeWalk):
    """Walks of RidgeClassifier."""

    def __init__(self, method: RidgeClasses) -> None:
        super().__init__(method)

    def along(self, walk: Walk, want: frozenset[str]) -> Iterator[Predictions]:
        """Answers for the subsets in order, some at a time."""
        members = np.cumsum(self.method.problem.indicators[walk.order], axis=0)
        for low, high, values in self.values(walk):
            yield self.method.answers(values, members[walk.sizes[low:high] - 1] > 0)
