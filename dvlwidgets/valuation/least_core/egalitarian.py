"""The most equal payments of the least core: a quadratic program, by a dual active set.

Minimise |x|^2 subject to sum x = v(N) and x(S) >= v(S) - e. Since the sum is fixed, that is the point of the least
core nearest to equal payments, and it is unique. With y = x - v(N) / n and each subset's row centred (a sums to 0), it
is the projection of 0 onto {y: a y >= b}, so y is a combination of the rows that bind, with weights that are not
negative. The method of Goldfarb & Idnani (A numerically stable dual method for solving strictly convex quadratic
programs, 1983) begins at 0 and takes in the row that is wronged most, letting go of rows whose weight would turn
negative; the QR factors of the rows that bind are updated, never the normal equations.
Yan & Procaccia, If you like Shapley then you'll love the core (AAAI 2021), for the egalitarian least core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, qr_delete, qr_insert, solve_triangular

from ...typing import Values
from .constraints import Constraints

SLACKS = (1e-11, 1e-10, 1e-9)
"""The subsidy is loosened by so much, relative to the scale, so that rounding leaves the least core its inside.

Less means a smaller residual, more a surer arrival: the first that arrives is taken."""

CONTENT = 1e-2
"""A row that lacks less than this share of the slack is not wronged."""

WANTED = 1e-8
"""A residual that is small enough."""

DEPENDENT = 1e-9
"""A row whose part outside of the others' span is shorter than this share of it depends on them."""

MOST_STEPS = 50
"""Rows taken in, a point, before the method is said to go in circles; a few a point are usual."""

POOL = 100
"""Wronged rows that are kept at hand between looks at all of them."""


@dataclass(frozen=True)
class Egalitarian:
    """A solution, and how well it meets the conditions of a minimum.

    Attributes:
        payments: shape (n,).
        residual: the largest violation of any Karush-Kuhn-Tucker condition, relative to the scale.
        binding: the subsets that bind.
        weights: their multipliers, not negative.
    """

    payments: Values
    residual: float
    binding: NDArray[np.intp]
    weights: NDArray[np.float64]


def egalitarian(c: Constraints, subsidy: float) -> Egalitarian | None:
    """The most equal payments that leave no subset more than `subsidy` short; None if the method does not arrive."""
    best: Egalitarian | None = None
    for slack in SLACKS:
        found = _project(c, subsidy, slack)
        if found is not None and (best is None or found.residual < best.residual):
            best = found
        if best is not None and best.residual <= WANTED:
            break
    return best


def _project(c: Constraints, subsidy: float, slack: float) -> Egalitarian | None:
    scale, equal = c.scale, c.total / c.n
    e = subsidy + slack * scale
    face = _Face(c.n)
    pool = np.zeros(0, np.intp)
    for _ in range(MOST_STEPS * (c.n + 10)):
        x = equal + face.y * scale
        worst, pool = _most_wronged(c, x, e, CONTENT * slack * scale, pool, face.at)
        if worst is None:
            return _checked(c, x, subsidy, face)
        row = c.rows(np.array([worst]))[0]
        centred = row - row.mean()
        bound = (float(c.worth[worst]) - e - equal * float(row.sum())) / scale
        if not face.take_in(worst, centred, bound):
            return None
    return None


def _most_wronged(
    c: Constraints, x: Values, e: float, limit: float, pool: NDArray[np.intp], binding: list[int]
) -> tuple[int | None, NDArray[np.intp]]:
    """The subset that lacks most, from the pool or, when the pool is content, from all; and the pool."""
    if len(pool):
        lacks = c.worth[pool] - c.rows(pool) @ x - e
        keep = lacks > limit
        if keep.any():
            return int(pool[np.argmax(lacks)]), pool[keep]
    lacks = c.missing(x) - e
    lacks[binding] = -np.inf
    new = np.argpartition(lacks, -POOL)[-POOL:] if len(lacks) > POOL else np.arange(len(lacks))
    new = new[lacks[new] > limit]
    return (int(new[np.argmax(lacks[new])]), new) if len(new) else (None, new)


class _Face:
    """Rows that bind, their weights, and y: the combination that meets them all exactly."""

    def __init__(self, n: int) -> None:
        self.y = np.zeros(n)
        self.at: list[int] = []
        self.weights = np.zeros(0)
        self.bounds = np.zeros(0)
        self.q: Any = np.eye(n)
        self.r: Any = np.zeros((n, 0))

    def take_in(self, index: int, row: NDArray[np.float64], bound: float) -> bool:
        """Move y until the row binds; rows whose weight falls to 0 are let go. False if no y meets all."""
        weight = 0.0
        while True:
            k = len(self.at)
            d = self.q.T @ row
            inside = solve_triangular(self.r[:k], d[:k]) if k else np.zeros(0)
            outward = self.q[:, k:] @ d[k:]
            length = float(d[k:] @ d[k:])
            free = length > DEPENDENT**2 * float(row @ row)
            full = (bound - float(row @ self.y)) / length if free else np.inf
            falling = np.flatnonzero(inside > 1e-14)
            limits = self.weights[falling] / inside[falling]
            first = int(np.argmin(limits)) if len(falling) else -1
            step = min(full, float(limits[first]) if len(falling) else np.inf)
            if not np.isfinite(step):
                return False
            step = max(step, 0.0)
            if free:
                self.y = self.y + step * outward
            self.weights = self.weights - step * inside
            weight += step
            if step >= full or (free and full <= 0.0):
                self._append(index, row, bound, weight)
                return True
            self._let_go(int(falling[first]))

    def _append(self, index: int, row: NDArray[np.float64], bound: float, weight: float) -> None:
        k = len(self.at)
        if k == 0:
            self.q, self.r = qr(row[:, None])
        else:
            self.q, self.r = qr_insert(self.q, self.r, row, k, which="col")
        self.at.append(index)
        self.weights = np.append(self.weights, weight)
        self.bounds = np.append(self.bounds, bound)

    def _let_go(self, j: int) -> None:
        self.q, self.r = qr_delete(self.q, self.r, j, which="col")
        del self.at[j]
        self.weights, self.bounds = np.delete(self.weights, j), np.delete(self.bounds, j)

    def settle(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The point y and the weights from the binding rows at once, free of the rounding of many steps."""
        k = len(self.at)
        if k == 0:
            return self.y, self.weights
        part = solve_triangular(self.r[:k], self.bounds, trans="T")
        return self.q[:, :k] @ part, solve_triangular(self.r[:k], part)


def _checked(c: Constraints, x: Values, subsidy: float, face: _Face) -> Egalitarian:
    """The solution with its residual; the settled one, if that is better."""
    at, equal = np.array(face.at, np.intp), c.total / c.n
    y, weights = face.settle()
    found = [(x, face.weights), (equal + y * c.scale, np.maximum(weights, 0.0))]
    residuals = [kkt_residual(c, subsidy, payments, at, w) for payments, w in found]
    best = int(np.argmin(residuals))
    return Egalitarian(found[best][0], residuals[best], at, found[best][1])


def kkt_residual(
    c: Constraints, subsidy: float, x: Values, binding: NDArray[np.intp], weights: NDArray[np.float64]
) -> float:
    """The largest violation of the conditions of a minimum, relative to the scale.

    They are: payments sum to the total; no subset lacks more than the subsidy; payments minus equal ones are the
    weighted sum of the binding subsets' centred rows; weights are not negative, and 0 where a subset has room.
    """
    scale = c.scale
    rows = c.rows(binding)
    centred = rows - rows.mean(axis=1, keepdims=True) if len(rows) else rows
    y = (x - c.total / c.n) / scale
    lacks = c.missing(x) - subsidy
    worst = [
        abs(float(x.sum()) - c.total) / scale,
        float(lacks.max(initial=0.0)) / scale,
        float(np.abs(y - weights @ centred).max(initial=0.0)),
        float((-weights).max(initial=0.0)),
        float(np.abs(weights * lacks[binding]).max(initial=0.0)) / scale,
    ]
    return max(worst)
