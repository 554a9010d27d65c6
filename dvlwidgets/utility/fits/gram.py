"""Gram matrices of all subsets: products of features are summed by one matrix product with the masks."""

from __future__ import annotations

import numpy as np

from .conditioned import halves
from .method import NotCoveredError, check_memory
from .problem import Floats, Problem

MOST_FEATURES = 256
"""Beyond, a Gram matrix costs so much that fits one by one are as quick."""


class Gram:
    """Normal equations of subsets, prepared for all rows.

    An intercept is the coefficient of a last column of ones; features are centred then, so that sums lose fewer
    digits.

    Args:
        problem: the data.
        targets: (n, o).
        intercept: whether there is one.
        units: divide each column by its root mean square.

    Attributes:
        unit: (p,) what the columns are divided by.
        x: (n, p) columns.
        x_test: (k, p) the same of the test points.
        d: number of features.

    Raises:
        NotCoveredError: if that takes too much memory.
    """

    def __init__(self, problem: Problem, targets: Floats, *, intercept: bool, units: bool = False) -> None:
        n, self.d = problem.x.shape
        if self.d > MOST_FEATURES:
            raise NotCoveredError(f"{self.d:,} features are more than {MOST_FEATURES}")
        if intercept:
            self.x = np.hstack([problem.centred, np.ones((n, 1))])
            self.x_test = np.hstack([problem.centred_test, np.ones((len(problem.x_test), 1))])
        else:
            self.x, self.x_test = problem.x, problem.x_test
        self.unit = np.sqrt((self.x**2).mean(axis=0)) if units else np.ones(self.x.shape[1])
        self.unit[self.unit == 0] = 1.0
        self.x, self.x_test = self.x / self.unit, self.x_test / self.unit
        self.p, self.o = self.x.shape[1], targets.shape[1]
        self.half = self.p * (self.p + 1) // 2
        check_memory(n, self.half + self.p * self.o)
        i, j, place = halves(self.p)
        self.diagonal = place[:: self.p + 1][: self.d]
        mixed = (self.x[:, :, None] * targets[:, None, :]).reshape(n, self.p * self.o)
        self.sums = np.hstack([self.x[:, i] * self.x[:, j], mixed])

    def of(self, weights: Floats, ridge: Floats | float = 0.0) -> tuple[Floats, Floats]:
        """Equations of subsets.

        Args:
            weights: (b, n) of the rows, 0 for those that a subset lacks.
            ridge: one number or (b, d), added to the squares of the features.

        Returns:
            Upper halves of the sums of products, (b, p (p + 1) / 2), and products with the targets, (b, p, o).
        """
        sums = weights @ self.sums
        if not isinstance(ridge, float) or ridge:
            sums[:, self.diagonal] += ridge
        return sums[:, : self.half], sums[:, self.half :].reshape(len(weights), self.p, self.o)

    def values(self, weights: Floats) -> Floats:
        """(b, k, o) predictions of weights (b, p, o) of the columns."""
        b, p, o = weights.shape
        if o == 1:
            return (weights[:, :, 0] @ self.x_test.T)[:, :, None]
        flat = weights.transpose(0, 2, 1).reshape(b * o, p)
        return np.asarray((flat @ self.x_test.T).reshape(b, o, -1).transpose(0, 2, 1))
