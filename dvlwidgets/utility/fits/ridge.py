"""Ridge regression, and ridge as a classifier: the normal equations of all subsets, solved in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conditioned import SINGULAR, definite_halves
from .gram import Gram
from .method import NotCoveredError
from .predictions import Predictions, finite
from .problem import Floats, Problem
from .scaling import Scaling


class _Ridge:
    """What both share; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None, targets: Floats) -> None:
        self.problem, self.scaling, self.targets = problem, scaling, targets
        self.alpha = float(model.alpha)
        self.gram = Gram(problem, targets, intercept=bool(model.fit_intercept))
        if scaling is None and float(problem.weighted(self.gram.x.T**2).sum()) > SINGULAR * self.alpha:
            raise NotCoveredError("the features are so large beside alpha that the equations are singular")

    def values(self, masks: NDArray[np.bool_]) -> Floats:
        """(b, k, o) predictions."""
        penalty: Floats | float = self.alpha
        if self.scaling is not None:  # the penalty of a coefficient of a scaled feature
            penalty = self.alpha * self.scaling.of(masks) ** 2
        packed, right = self.gram.of(self.problem.weighted(masks), penalty)
        return self.gram.values(definite_halves(packed, right))


class Ridge(_Ridge):
    """Ridge with one or several outputs."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        super().__init__(model, problem, scaling, problem.y.reshape(len(problem.y), -1))

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        values = self.values(masks)
        numbers = values[:, :, 0] if self.problem.y.ndim == 1 else values
        return Predictions(finite(values), numbers=numbers)


class RidgeClasses(_Ridge):
    """RidgeClassifier: one target of -1 and 1 for each class; with two classes one decides.

    A class that a subset lacks has no target there. What is left of two classes are opposite numbers, so that the
    larger decision is scikit-learn's sign.
    """

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert problem.classes is not None
        self.two, self.intercept = len(problem.classes) == 2, bool(model.fit_intercept)
        targets = 2 * problem.indicators - 1
        super().__init__(model, problem, scaling, targets[:, 1:] if self.two else targets)

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        return self.answers(self.values(masks), masks.astype(np.float64) @ self.problem.indicators > 0)

    def answers(self, values: Floats, seen: NDArray[np.bool_]) -> Predictions:
        """Answers from decision values (b, k, o), of subsets that have seen the classes (b, c)."""
        alone = seen.sum(axis=1) == 1  # the intercept decides for the one class; without it there is an error
        done = finite(values) & (~alone | self.intercept)
        if self.two:
            decided = values[:, :, 0]
            codes = (decided > 0).astype(np.intp)
            codes[alone] = seen[alone, 1][:, None]
            return Predictions(done, codes=codes, decided=decided, seen=seen)
        best = np.where(seen[:, None, :], values, -np.inf).argmax(axis=2)
        return Predictions(done, codes=best, seen=seen)
