"""Logistic regression of two classes: Newton's method for all subsets together.

A subset of s rows starts from the solution on all rows with the loss scaled to s of them. Hessians are summed in
single precision and gradients in double, so that the steps are a little off and the solution is not. Each subset
ends at the optimum of its own objective to about ten digits, where scikit-learn's solvers stop at their tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conditioned import halves
from .gram import MOST_FEATURES
from .method import NotCoveredError, check_memory
from .predictions import Predictions, from_margins, logistic
from .problem import Floats, Problem
from .scaling import Scaling

_MOST_STEPS = 60
_FIRST_STEPS = 3
"""So many steps are made with the Hessian of all rows, which costs nothing."""
_SINGLE_STEPS = 12
"""After so many steps Hessians are summed in double precision, too."""
_TOLERANCE = 1e-10
"""The error of the coefficients of standardised features that is left, as the last two steps tell."""


class Logistic:
    """LogisticRegression with an L2 penalty; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert problem.classes is not None
        if len(problem.classes) != 2:
            raise NotCoveredError(f"{len(problem.classes)} classes; two are fitted many at once")
        self.problem, self.scaling = problem, scaling
        self.intercept = bool(model.fit_intercept)
        x, x_test = (problem.centred, problem.centred_test) if self.intercept else (problem.x, problem.x_test)
        self.unit = np.sqrt((x**2).mean(axis=0))
        self.unit[self.unit == 0] = 1.0
        self.penalty = 1.0 / float(model.C)
        self.solver = NewtonSolver(_augmented(x / self.unit, self.intercept), problem.indicators[:, 1])
        self.x_test = _augmented(x_test / self.unit, self.intercept)
        n = len(x)
        self.shares = np.minimum(1.0, 2.0 ** -np.arange(0.0, np.log2(n) + 1, 0.5))
        whole = np.ones((1, n), np.bool_)
        penalties = np.repeat(self._penalties(whole), len(self.shares), axis=0)
        weights = np.repeat(self.shares[:, None], n, axis=1)
        start = np.zeros((len(self.shares), self.solver.p))
        self.starts, found = self.solver.solve(weights, penalties, start, np.ones(len(weights), np.bool_))
        if not found.all():
            raise NotCoveredError("Newton's method finds no optimum on all points")
        means = logistic(self.starts @ self.solver.x.T)
        hessians = self.solver.hessians(weights * means * (1.0 - means), penalties, single=False)
        self.inverses = np.linalg.inv(hessians)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        weights = masks.astype(np.float64)
        seen = weights @ self.problem.indicators > 0
        both = np.asarray(seen.all(axis=1))
        share = masks.mean(axis=1)
        nearest = np.abs(np.log(self.shares) - np.log(share)[:, None]).argmin(axis=1)
        theta, found = self.solver.solve(
            weights, self._penalties(masks), self.starts[nearest], both, self.inverses[nearest]
        )
        return from_margins(theta @ self.x_test.T, seen, found & both, want)

    def _penalties(self, masks: NDArray[np.bool_]) -> Floats:
        """(b, p) penalties of the coefficients of our standardised features; the intercept has none."""
        scale = np.ones((len(masks), len(self.unit))) if self.scaling is None else self.scaling.of(masks)
        penalties = self.penalty * (scale / self.unit) ** 2
        return np.hstack([penalties, np.zeros((len(masks), 1))]) if self.intercept else penalties


@dataclass
class _Searches:
    """Searches that are still going on, one a row; closed ones leave.

    Attributes:
        at: (o,) their positions in the batch.
        weights: (o, n) weights of the rows' losses.
        penalties: (o, p).
        theta: (o, p) where they are.
        step: (o, p) their last steps.
        promised: (o,) the descent that the last steps promised.
        size: (o,) the largest component of the last steps.
        inverses: (o, p, p) inverse Hessians where they started, for the first steps; or None.
    """

    at: NDArray[np.intp]
    weights: Floats
    penalties: Floats
    theta: Floats
    step: Floats
    promised: Floats
    size: Floats
    inverses: Floats | None

    def only(self, rows: NDArray[np.bool_]) -> _Searches:
        arrays: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        kept: dict[str, Any] = {name: None if a is None else a[rows] for name, a in arrays.items()}
        return _Searches(**kept)


class NewtonSolver:
    """Weighted logistic losses with a quadratic penalty, minimised for many weights at once.

    Args:
        x: (n, p) features, the intercept's ones included.
        y: (n,) 0 or 1.
    """

    def __init__(self, x: Floats, y: Floats) -> None:
        n, p = x.shape
        if p > MOST_FEATURES:
            raise NotCoveredError(f"{p:,} coefficients are more than {MOST_FEATURES}")
        check_memory(n, p * (p + 1) // 2)
        self.x, self.y, self.p = x, y, p
        i, j, self.place = halves(p)
        self.diagonal = self.place[:: p + 1]
        self.products = x[:, i] * x[:, j]
        self.single = self.products.astype(np.float32)

    def solve(
        self,
        weights: Floats,
        penalties: Floats,
        theta: Floats,
        wanted: NDArray[np.bool_],
        inverses: Floats | None = None,
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Coefficients (b, p), and (b,) whether they were found; searches that are not wanted are left out.

        Args:
            weights: (b, n) of the rows' losses.
            penalties: (b, p).
            theta: (b, p) where to start.
            wanted: (b,).
            inverses: (b, p, p) nearly the inverse Hessians there: the first steps are made with them.
        """
        b = len(weights)
        found, done = theta.copy(), np.zeros(b, np.bool_)
        everything = _Searches(
            np.arange(b),
            weights,
            penalties,
            theta,
            np.zeros_like(theta),
            np.full(b, np.inf),
            np.ones(b),
            inverses,
        )
        searches = everything if wanted.all() else everything.only(wanted)
        for k in range(_MOST_STEPS):
            if not len(searches.at):
                break
            if k >= _FIRST_STEPS:
                searches.inverses = None
            closed = self._advance(searches, single=k < _SINGLE_STEPS)
            found[searches.at[closed]], done[searches.at[closed]] = searches.theta[closed], True
            lost = ~np.isfinite(searches.theta).all(axis=1)
            if (closed | lost).any():
                searches = searches.only(~(closed | lost))
        return found, done

    def _advance(self, s: _Searches, *, single: bool) -> NDArray[np.bool_]:
        """A Newton step of each search, or half of its last one taken back where that went too far.

        Returns:
            (o,) where the optimum is reached.
        """
        means = logistic(s.theta @ self.x.T)
        gradient = (s.weights * (means - self.y)) @ self.x + s.penalties * s.theta
        far = (gradient * s.step).sum(axis=1) > 0.5 * s.promised
        if s.inverses is not None:
            newton = -(s.inverses @ gradient[:, :, None])[:, :, 0]
        else:
            curvature = s.weights * means * (1.0 - means)
            newton = -self._solved(curvature, s.penalties, gradient, single=single)
        step = np.where(far[:, None], 0.5 * s.step, newton)
        s.theta = s.theta + np.where(far[:, None], -step, step)
        s.promised = np.where(far, 0.5 * s.promised, -(gradient * newton).sum(axis=1))
        size = np.abs(step).max(axis=1)
        left = size * np.minimum(1.0, size / s.size)  # Newton's steps shrink faster and faster
        s.step, s.size = step, size
        reached: NDArray[np.bool_] = (
            ~far & (s.inverses is None) & (left <= _TOLERANCE * (1.0 + np.abs(s.theta).max(axis=1)))
        )
        return reached

    def _solved(self, curvature: Floats, penalties: Floats, right: Floats, *, single: bool) -> Floats:
        """Hessians, made of the rows' curvatures (o, n), applied inversely to (o, p)."""
        matrices = self.hessians(curvature, penalties, single=single)
        try:
            return np.asarray(np.linalg.solve(matrices, right[:, :, None])[:, :, 0])
        except np.linalg.LinAlgError:  # one that is singular stops the whole batch
            return np.full(right.shape, np.nan)

    def hessians(self, curvature: Floats, penalties: Floats, *, single: bool) -> Floats:
        """(o, p, p) from the rows' curvatures (o, n), summed in single or double precision."""
        if single:
            hessian = (curvature.astype(np.float32) @ self.single).astype(np.float64)
        else:
            hessian = curvature @ self.products
        hessian[:, self.diagonal] += penalties
        return hessian[:, self.place].reshape(len(curvature), self.p, self.p)


def _augmented(x: Floats, intercept: bool) -> Floats:
    return np.column_stack([x, np.ones(len(x))]) if intercept else x
