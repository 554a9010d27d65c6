"""Linear discriminant analysis: within-class scatter matrices of all subsets by one matrix product with the masks.

Where a scatter matrix has full rank, scikit-learn's singular value decompositions amount to its inverse; elsewhere
they are done here, row by row, for they decide by a tolerance which directions count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conditioned import halves, solved
from .gram import MOST_FEATURES
from .method import NotCoveredError, check_memory
from .predictions import Predictions, from_scores
from .problem import Floats, Problem
from .scaling import Scaling

_EXACT = 1e6
"""Condition numbers of a scatter matrix with unit diagonal up to which it is inverted."""


class Discriminant:
    """LinearDiscriminantAnalysis by SVD; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        assert problem.classes is not None
        self.problem, self.scaling, self.tol = problem, scaling, float(model.tol)
        (n, d), c = problem.x.shape, len(problem.classes)
        if d > MOST_FEATURES:
            raise NotCoveredError(f"{d:,} features are more than {MOST_FEATURES}")
        check_memory(n, d * (d + 1) // 2 + c * (d + 1))
        inside = problem.indicators
        self.i, self.j, _ = halves(d)
        # centred by class, so that taking off a class mean loses no digits
        self.centres = (inside.T @ problem.centred) / inside.sum(axis=0)[:, None]
        own = problem.centred - self.centres[problem.codes]
        by_class = (inside[:, :, None] * own[:, None, :]).reshape(n, c * d)
        self.sums = np.hstack([inside, by_class, own[:, self.i] * own[:, self.j]])

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        return self.of_sums(masks.astype(np.float64) @ self.sums, masks, want)

    def of_sums(self, sums: Floats, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        """Answers from the sums (b, q) of the subsets' rows of `sums`."""
        b, (c, d) = len(masks), self.centres.shape
        count, shift = sums[:, :c], sums[:, c : c + c * d].reshape(b, c, d)
        seen, size = np.asarray(count > 0), count.sum(axis=1)
        mean = shift / np.maximum(count, 1.0)[:, :, None]
        scatter = sums[:, c + c * d :]
        for a in range(c):
            scatter = scatter - shift[:, a, self.i] * mean[:, a, self.j]
        means = np.where(seen[:, :, None], mean + self.centres, 0.0)
        shares = count / size[:, None]
        middle = (shares[:, None, :] @ means)[:, 0, :]
        apart = np.where(seen[:, :, None], means - middle[:, None, :], 0.0)
        enough = size > d + seen.sum(axis=1)
        weights, exact = self._inverted(scatter / size[:, None], apart, shares, enough)
        done = (seen.sum(axis=1) > 1) & (size > seen.sum(axis=1))
        for k in np.flatnonzero(done & ~exact):
            if self.scaling is None:
                weights[k] = self._by_svd(masks[k], seen[k])
            else:
                done[k] = False  # what is constant after scaling is a matter of scikit-learn's own rounding
        weights[~done] = 0.0
        with np.errstate(divide="ignore"):
            own = -0.5 * (weights * apart).sum(axis=2) + np.log(shares)
        own -= (weights * middle[:, None, :]).sum(axis=2)
        scores = (
            (weights.reshape(b * c, d) @ self.problem.centred_test.T).reshape(b, c, -1).transpose(0, 2, 1)
        )
        scores = scores + own[:, None, :]
        return self._answers(scores, seen, done, want)

    def _answers(
        self, scores: Floats, seen: NDArray[np.bool_], done: NDArray[np.bool_], want: frozenset[str]
    ) -> Predictions:
        found = from_scores(scores, seen, done, want)
        if scores.shape[2] != 2:
            return found
        both = np.where(np.asarray(seen.all(axis=1))[:, None, None], scores, 0.0)
        return Predictions(
            found.done, found.codes, None, found.proba, both[:, :, 1] - both[:, :, 0], found.seen
        )

    def _inverted(
        self, covariance: Floats, apart: Floats, shares: Floats, wanted: NDArray[np.bool_]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Weights (b, c, d), the inverse times the class means, and (b,) whether they are scikit-learn's."""
        found, condition, _ = solved(covariance, apart.transpose(0, 2, 1), wanted)
        weights = found.transpose(0, 2, 1).copy()
        return weights, (condition < _EXACT) & self._all_directions(weights, apart, shares)

    def _all_directions(self, weights: Floats, apart: Floats, shares: Floats) -> NDArray[np.bool_]:
        """(b,) whether no direction between the class means is so short that scikit-learn drops it."""
        b, c, _ = apart.shape
        if c == 2:
            return np.ones(b, np.bool_)
        root = np.sqrt(shares)
        between = (apart @ weights.transpose(0, 2, 1)) * root[:, :, None] * root[:, None, :]
        lengths = np.linalg.eigvalsh((between + between.transpose(0, 2, 1)) / 2)
        classes = (shares > 0).sum(axis=1)
        shortest = lengths[np.arange(b), np.minimum(c - classes + 1, c - 1)]
        return np.asarray(shortest > 100 * self.tol**2 * lengths[:, -1])

    def _by_svd(self, mask: NDArray[np.bool_], seen: NDArray[np.bool_]) -> Floats:
        """Weights (c, d) from the rows, in the directions that the tolerance leaves."""
        p = self.problem
        x, codes, size = p.x[mask], p.codes[mask], int(mask.sum())  # type: ignore[index]
        present = np.flatnonzero(seen)
        means = np.array([x[codes == c].mean(axis=0) for c in present])
        shares = np.array([(codes == c).mean() for c in present])
        own = np.concatenate([x[codes == c] - mean for c, mean in zip(present, means, strict=True)])
        deviation = own.std(axis=0)
        deviation[deviation == 0] = 1.0
        _, lengths, axes = np.linalg.svd(own / deviation / np.sqrt(size), full_matrices=False)
        rank = int((lengths > self.tol).sum())
        scalings = (axes[:rank] / deviation).T / lengths[:rank]
        apart = means - shares @ means
        between = (np.sqrt(size * shares / (len(present) - 1))[:, None] * apart) @ scalings
        _, lengths, axes = np.linalg.svd(between, full_matrices=False)
        scalings = scalings @ axes[: int((lengths > self.tol * lengths[:1]).sum())].T
        weights = np.zeros(self.centres.shape)
        weights[present] = (apart @ scalings) @ scalings.T
        return weights
