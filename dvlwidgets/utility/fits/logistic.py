"""Logistic regression: Newton's method for all subsets together.

A subset of s rows starts from the solution on all rows with the loss scaled to s of them. Each subset ends at the
optimum of its own objective to about ten digits, where scikit-learn's solvers stop at their tolerance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .losses import SeveralClasses, TwoClasses
from .method import NotCoveredError
from .newton import Newton
from .predictions import Predictions, from_margins, from_scores
from .problem import Floats, Problem
from .scaling import Scaling


class Logistic:
    """LogisticRegression with an L2 penalty; arguments as in `Method`.

    Of several classes a subset may lack some; one that is left with two has another objective, and is fitted by
    itself.
    """

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert problem.classes is not None
        self.problem, self.scaling = problem, scaling
        self.intercept, self.c = bool(model.fit_intercept), len(problem.classes)
        if self.c < 2:
            raise NotCoveredError("a single class")
        x, x_test = (problem.centred, problem.centred_test) if self.intercept else (problem.x, problem.x_test)
        self.unit = np.sqrt((x**2).mean(axis=0))
        self.unit[self.unit == 0] = 1.0
        self.penalty = 1.0 / float(model.C)
        x, self.x_test = (_augmented(a / self.unit, self.intercept) for a in (x, x_test))
        self.loss = (
            TwoClasses(x, problem.indicators[:, 1])
            if self.c == 2
            else SeveralClasses(x, problem.indicators, intercept=self.intercept)
        )
        self.newton = Newton(self.loss)
        self._prepare()

    def _prepare(self) -> None:
        """Solutions on all rows as if they were fewer, and the inverse Hessians there."""
        n = len(self.problem.x)
        rows = self.problem.weighted(np.ones((1, n)))
        self.total = float(rows.sum())
        self.shares = np.minimum(1.0, 2.0 ** -np.arange(0.0, np.log2(n) + 1, 0.5))
        penalties = np.repeat(self._penalties(np.ones((1, n), np.bool_)), len(self.shares), axis=0)
        weights = self.shares[:, None] * rows
        start = np.zeros((len(self.shares), self.loss.size))
        self.starts, found = self.newton.solve(weights, penalties, start, np.ones(len(weights), np.bool_))
        if not found.all():
            raise NotCoveredError("Newton's method finds no optimum on all points")
        means = self.loss.slopes(self.starts, weights)[0]
        hessians = self.newton.hessians(means, weights, penalties, single=False)
        self.inverses = np.linalg.inv(hessians).astype(np.float32)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        weights = self.problem.weighted(masks)
        seen = np.asarray(weights @ self.problem.indicators > 0)
        share = weights.sum(axis=1) / self.total
        nearest = np.abs(np.log(self.shares) - np.log(share)[:, None]).argmin(axis=1)
        penalties = self._penalties(masks)
        if self.c == 2:
            theta, done = self.newton.solve(
                weights, penalties, self.starts[nearest], np.asarray(seen.all(axis=1)), self.inverses[nearest]
            )
            return from_margins(theta @ self.x_test.T, seen, done, want)
        b, p = len(masks), self.x_test.shape[1]
        theta, done = self._several(weights, penalties, nearest, seen)
        logits = (theta.reshape(b * self.c, p) @ self.x_test.T).reshape(b, self.c, -1).transpose(0, 2, 1)
        return from_scores(logits, seen, done, want)

    def _several(
        self, weights: Floats, penalties: Floats, nearest: NDArray[np.intp], seen: NDArray[np.bool_]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Coefficients (b, c, p), and (b,) whether they were found.

        What is known of all points is in contrasts of all classes: searches without one of them start from there, too,
        but not with those Hessians.
        """
        assert isinstance(self.loss, SeveralClasses)
        theta = np.zeros((len(weights), self.c, self.x_test.shape[1]))
        done = np.zeros(len(weights), np.bool_)
        for at in (
            np.flatnonzero(seen.all(axis=1)),
            np.flatnonzero(~seen.all(axis=1) & (seen.sum(axis=1) > 2)),
        ):
            if not len(at):
                continue
            start, inverses, basis = self.starts[nearest[at]], None, self.loss.contrasts(seen[at])
            if seen[at].all():
                inverses = self.inverses[nearest[at]]
            else:
                known = self.loss.by_class(start, self.loss.contrasts(np.ones((1, self.c), np.bool_)))
                start = (basis.transpose(0, 2, 1) @ known).reshape(start.shape)
            found, done[at] = self.newton.solve(
                weights[at], penalties[at], start, np.ones(len(at), np.bool_), inverses
            )
            theta[at] = self.loss.by_class(found, basis)
        return theta, done

    def _penalties(self, masks: NDArray[np.bool_]) -> Floats:
        """(b, (c - 1) p) penalties of coefficients of our standardised features; intercepts have none."""
        scale = np.ones((len(masks), len(self.unit))) if self.scaling is None else self.scaling.of(masks)
        penalties = self.penalty * (scale / self.unit) ** 2
        if self.intercept:
            penalties = np.hstack([penalties, np.zeros((len(masks), 1))])
        return np.tile(penalties, (1, self.c - 1))


def _augmented(x: Floats, intercept: bool) -> Floats:
    return np.column_stack([x, np.ones(len(x))]) if intercept else x
