"""Kernel ridge regression: the kernel is computed once, and each subset solves equations in its rows or in the others.

With A the kernel of all rows plus alpha on its diagonal, the coefficients z of a subset S are A_SS^-1 y_S. They are
also A^-1 (y_S, t) where t makes those of the other rows C vanish: (A^-1)_CC t = -(A^-1 y_S)_C. Whatever is smaller is
solved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conditioned import SINGULAR, definite
from .method import NotCoveredError, check_memory
from .predictions import Predictions, finite
from .problem import Floats, Problem
from .scaling import Scaling

_INVERTED = 1e4
"""The largest condition number with which the inverse of all rows is used."""


class KernelRidge:
    """KernelRidge with one or several outputs; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        from sklearn.metrics.pairwise import pairwise_kernels

        assert scaling is None
        n, k = len(problem.x), len(problem.x_test)
        check_memory(n, 2 * n + k)
        self.problem = problem
        options = {"gamma": model.gamma, "degree": model.degree, "coef0": model.coef0}

        def kernel(a: Floats) -> Floats:
            return np.asarray(
                pairwise_kernels(a, problem.x, metric=model.kernel, filter_params=True, **options)
            )

        root = np.ones(n) if problem.weights is None else np.sqrt(problem.weights)
        matrix = kernel(problem.x) * root * root[:, None]
        self.matrix = (matrix + matrix.T) / 2 + float(model.alpha) * np.eye(n)
        self.test = kernel(problem.x_test) * root
        self.targets = problem.y.reshape(n, -1) * root[:, None]
        worst = float(np.trace(self.matrix)) / float(model.alpha)
        if not worst < SINGULAR or not np.isfinite(self.test).all():
            raise NotCoveredError("the kernel is so large beside alpha that the equations are singular")
        self.inverse: Floats | None = None
        if worst < _INVERTED * n:
            self.inverse = np.asarray(np.linalg.inv(self.matrix), np.float64)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        b, n = masks.shape
        size = masks.sum(axis=1)
        found = np.zeros((b, n, self.targets.shape[1]))
        most = np.zeros(b, np.bool_) if self.inverse is None else size > n / 2
        for at in np.flatnonzero(~most).tolist():
            found[at, masks[at]] = _solved(self.matrix, masks[at], self.targets)
        if most.any():
            found[most] = self._by_others(masks[most])
        flat = found.transpose(0, 2, 1).reshape(-1, n)
        values = (flat @ self.test.T).reshape(b, -1, len(self.test)).transpose(0, 2, 1)
        return Predictions(finite(values), numbers=values[:, :, 0] if self.problem.y.ndim == 1 else values)

    def _by_others(self, masks: NDArray[np.bool_]) -> Floats:
        """Coefficients (b, n, o) by equations in the rows that a subset lacks."""
        assert self.inverse is not None
        known = masks[:, :, None] * self.targets
        first = np.asarray(self.inverse @ known, np.float64)
        for b, others in enumerate(~masks):
            if others.any():
                known[b, others] = -_solved(self.inverse, others, first[b])
        found = self.inverse @ known
        found[~masks] = 0.0
        return np.asarray(found)


def _solved(matrix: Floats, rows: NDArray[np.bool_], right: Floats) -> Floats:
    """(m, o) solutions of the equations of some rows."""
    at = np.flatnonzero(rows)
    return np.asarray(definite(matrix[at[:, None], at][None], right[at][None])[0])
