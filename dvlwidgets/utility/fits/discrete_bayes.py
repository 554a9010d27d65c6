"""Naive Bayes for counts: feature counts of each class by one matrix product with the masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .method import NotCoveredError, check_memory
from .predictions import Predictions, finite, from_scores
from .problem import Floats, Problem
from .scaling import Scaling


class _CountBayes:
    """What the kinds share; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert scaling is None
        assert problem.classes is not None
        self.model, self.problem, self.alpha = model, problem, float(model.alpha)
        self.x_test = self.features(problem.x_test)
        (n, d), c = problem.x.shape, len(problem.classes)
        check_memory(n, c * (d + 1))
        x, inside = self.features(problem.x), problem.indicators
        if (x < 0).any():
            raise NotCoveredError("negative features are no counts")
        self.shape = c, d
        self.sums = np.hstack([inside, (inside[:, :, None] * x[:, None, :]).reshape(n, c * d)])

    def features(self, x: Floats) -> Floats:
        """Features as they are counted."""
        return x

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        return self.of_sums(self.problem.weighted(masks) @ self.sums, masks, want)

    def of_sums(self, sums: Floats, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        """Answers from the sums (b, q) of the subsets' rows of `sums`."""
        c, d = self.shape
        count, counts = sums[:, :c], sums[:, c:].reshape(len(masks), c, d)
        seen = count > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = self.scores(counts, count, seen)
        known = np.where(seen[:, None, :], scores, 0.0)
        done = finite(known)
        return from_scores(np.where(done[:, None, None], scores, 0.0), seen, done, want)

    def scores(self, counts: Floats, count: Floats, seen: NDArray[np.bool_]) -> Floats:
        """(b, k, c) log likelihoods from feature counts (b, c, d) and rows (b, c) of the classes."""
        raise NotImplementedError

    def prior(self, count: Floats, seen: NDArray[np.bool_]) -> Floats:
        """(b, c) logarithms of the class shares, or of equal shares."""
        if self.model.fit_prior:
            return np.asarray(np.log(count) - np.log(count.sum(axis=1, keepdims=True)))
        return np.asarray(np.broadcast_to(-np.log(seen.sum(axis=1, keepdims=True)), count.shape))


class MultinomialBayes(_CountBayes):
    """MultinomialNB."""

    def scores(self, counts: Floats, count: Floats, seen: NDArray[np.bool_]) -> Floats:
        smooth = counts + self.alpha
        weight = np.log(smooth) - np.log(smooth.sum(axis=2, keepdims=True))
        return np.asarray(_products(self.x_test, weight) + self.prior(count, seen)[:, None, :])


class BernoulliBayes(_CountBayes):
    """BernoulliNB."""

    def features(self, x: Floats) -> Floats:
        threshold = self.model.binarize
        return x if threshold is None else np.asarray(x > threshold, np.float64)

    def scores(self, counts: Floats, count: Floats, seen: NDArray[np.bool_]) -> Floats:
        yes = np.log(counts + self.alpha) - np.log(count + 2 * self.alpha)[:, :, None]
        no = np.log1p(-np.exp(yes))
        constant = self.prior(count, seen) + no.sum(axis=2)
        return np.asarray(_products(self.x_test, yes - no) + constant[:, None, :])


class ComplementBayes(_CountBayes):
    """ComplementNB."""

    def scores(self, counts: Floats, count: Floats, seen: NDArray[np.bool_]) -> Floats:
        others = counts.sum(axis=1, keepdims=True) + self.alpha - counts
        weight = np.log(others / others.sum(axis=2, keepdims=True))
        weight = weight / weight.sum(axis=2, keepdims=True) if self.model.norm else -weight
        scores = _products(self.x_test, weight)
        alone = seen.sum(axis=1) == 1
        scores[alone] += self.prior(count, seen)[alone][:, None, :]
        return scores


def _products(x: Floats, weight: Floats) -> Floats:
    """(b, k, c) features (k, d) times weights (b, c, d)."""
    b, c, d = weight.shape
    return np.asarray((weight.reshape(b * c, d) @ x.T).reshape(b, c, len(x)).transpose(0, 2, 1))
