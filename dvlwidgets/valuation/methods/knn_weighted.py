"""Weighted KNN-Shapley: exact values for a vote in which near neighbours count for more, by counting.

Neighbours have whole numbers of votes, for (right label) or against (any other). v(S) = 1 if the K nearest in S are
for the right label by a majority of votes, 0 if against, 1/2 if undecided; so v(empty) = 1/2.
With votes that are integers, subsets can be counted by the sum of their votes. The point of rank i changes the vote
of S if fewer than K of S are nearer; it joins S (|S| < K) or takes the place of the K-th nearest, l. With A the votes
of the other K - 1,

    s_i = sum over l > i of b_l * (mean over sets of f(A + w_i) - f(A + w_l)) + (the same for |S| < K),

where b_l = Beta(K + 1, l - K) integrates "K given ones of the nearest l in, the rest out, l beyond i". Counting sets
that avoid i by inclusion and exclusion makes the sum over l the same for all i but for where it begins: one pass over
the ranks, O(n K^2 L) a test point for L levels of weights, where the paper's algorithm takes O(n^2 K^2 L).
Wang, Mittal & Jia, Efficient data Shapley for weighted nearest neighbor algorithms (AISTATS 2024, arXiv 2401.11103).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import whole
from ...data.dataset import Dataset
from ...errors import InputError, InputTypeError
from ...typing import Indices
from ...utility.knn_checks import class_codes, refuse_groups
from ...utility.knn_order import ranking
from .knn_job import Kernel, KnnValuation
from .knn_kernels import Floats, Worth, unranked

MOST_NEIGHBOURS = 20
"""Inclusion and exclusion loses digits as K grows: errors stay below 1e-11 up to here."""

Weights = Callable[[Floats], Floats] | str | None


class WeightedKNNShapleyValuation(KnnValuation):
    """Exact Shapley values for a KNN classifier whose neighbours vote with weights.

    v(S) is whether the K nearest neighbours in S are for the right label by weight (1), against it (0) or undecided
    (1/2, as for the empty set); with more than two classes all wrong ones are against it together. Weights are taken
    relative to the largest that a training row has for the test point and rounded to 1..`levels` votes (0 only for a
    weight of 0), so that each is off by at most 1 / levels; for these votes the values are exact to about 1e-11.

    Args:
        model: a KNeighborsClassifier with at most 20 neighbours; `weights` is "distance" (1 / distance), "uniform" or
            a function from distances to weights of the same shape, none negative. Metrics as in
            `KNNShapleyValuation`.
        test_data: a Dataset whose points the values are averaged over.
        progress: draw a progress bar.
        seed: order in which test points are visited.
        levels: distinct weights; the work grows with it.

    Raises:
        InputTypeError, InputError: as `KNNShapleyValuation`; for too many neighbours; from `fit`, for groups.

    References:
        Wang, Mittal & Jia, Efficient data Shapley for weighted nearest neighbor algorithms (AISTATS 2024).
    """

    algorithm_name = "Weighted KNN-Shapley"
    references = (
        "Wang, Mittal & Jia, Efficient data Shapley for weighted nearest neighbor algorithms, AISTATS 2024",
    )

    def __init__(
        self,
        model: Any,
        test_data: Dataset,
        *,
        progress: bool = False,
        seed: int | None = 0,
        levels: int = 8,
    ) -> None:
        super().__init__(model, test_data, progress=progress, seed=seed)
        if model.n_neighbors > MOST_NEIGHBOURS:
            raise InputError(
                f"n_neighbors must be at most {MOST_NEIGHBOURS} for weighted values, not {model.n_neighbors}: beyond, "
                "rounding spoils them. Use KNNShapleyValuation, whose neighbours count alike."
            )
        if not (model.weights in (None, "uniform", "distance") or callable(model.weights)):
            raise InputError(
                f"weights must be 'distance', 'uniform' or a function of distances, not {model.weights!r}."
            )
        self.levels = whole("levels", levels, 1, "It is the number of distinct weights, 8 for example.")

    def _kernel(self, data: Dataset) -> Kernel:
        refuse_groups(data, self.algorithm_name)
        codes, test_codes, _ = class_codes(data, self.test_data)
        return VoteKernel(codes, test_codes, int(self.model.n_neighbors), self.model.weights, self.levels)

    def _options(self) -> dict[str, Any]:
        return {"levels": self.levels}


@dataclass(frozen=True)
class VoteKernel:
    """Values from votes.

    Attributes:
        codes: class of each training row, shape (n,).
        test_codes: class of each test point, shape (t,).
        k: K.
        weights: "distance", "uniform", None or a function of distances.
        levels: the largest number of votes.
    """

    codes: Indices
    test_codes: Indices
    k: int
    weights: Weights
    levels: int
    metrics: tuple[str, ...] = ("chance that the weighted vote is right",)
    round_steps: int = 2  # chunks that are worth the loop over ranks
    by_rank: bool = False
    few: bool = False

    @property
    def n(self) -> int:
        return len(self.codes)

    @property
    def width(self) -> int:
        return 4 * self.k * (2 * self.k * self.levels + 1)

    def __call__(self, distances: Floats, at: Indices) -> Worth:
        order = ranking(distances)
        votes = np.take_along_axis(whole_votes(distances, self.weights, self.levels), order, axis=1)
        hit = self.codes[order] == self.test_codes[at][:, None]
        signed = np.where(hit, votes, -votes)
        full = (np.sign(signed[:, : self.k].sum(axis=1)) + 1) / 2
        values = unranked(vote_values(signed, self.k, self.levels), order)
        return Worth(values, np.full(len(at), 0.5), full)


def whole_votes(distances: Floats, weights: Weights, levels: int) -> Indices:
    """Votes of each training row, from 0 to `levels`, shape (t, n).

    Raises:
        InputError: if a user's function gives negative or infinite weights.
        InputTypeError: if it gives no numbers of the same shape.
    """
    if weights in (None, "uniform"):
        return np.full(distances.shape, levels, np.intp)
    if weights == "distance":
        nearest = distances.min(axis=1, keepdims=True)
        # as scikit-learn: where a row coincides with the test point, only such rows count
        relative = np.divide(nearest, distances, out=np.ones_like(distances), where=distances > 0)
    else:
        relative = _from_function(weights, distances)
    return np.where(relative > 0, np.maximum(1, np.rint(relative * levels)), 0).astype(np.intp)


def _from_function(weights: Any, distances: Floats) -> Floats:
    try:
        found = np.asarray(weights(distances.copy()), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"the function weights= fails on distances of shape {distances.shape}: {error}. It must take an array of "
            "distances and return weights of the same shape."
        ) from error
    if found.shape != distances.shape or not np.isfinite(found).all() or (found < 0).any():
        raise InputError(
            f"the function weights= must return finite weights, none negative, of shape {distances.shape}; it "
            f"returned shape {found.shape}."
        )
    largest = found.max(axis=1, keepdims=True)
    relative: Floats = np.divide(found, largest, out=np.zeros_like(found), where=largest > 0)
    return relative


def vote_values(votes: NDArray[np.intp], k: int, levels: int) -> Floats:
    """Shapley values by rank, shape (t, n), from signed votes by rank, shape (t, n).

    `above[m, a]` is the number of sets of m of the ranks so far for which their votes and a together are for the
    right label, those undecided counting half; `a` runs from -K * levels to K * levels and saturates beyond.
    `kept` and `taken` sum b_l times it over the ranks l so far: with the others' votes alone, and with those of l.
    """
    from scipy.special import beta

    t, n = votes.shape
    edge = k * levels
    a = np.arange(-edge, edge + 1)
    above = np.zeros((t, k, 2 * edge + 1))
    above[:, 0] = np.where(a > 0, 1.0, np.where(a == 0, 0.5, 0.0))
    kept, taken = np.zeros_like(above), np.zeros_like(above)
    each, m = np.arange(t)[:, None, None], np.arange(k)
    sign = (-1.0) ** (k - 1 - m)
    # where inclusion and exclusion of rank i look: K - m times its votes in `kept`, K - 1 - m times in `taken`
    joins, leaves = edge + votes[:, :, None] * (k - m), edge + votes[:, :, None] * (k - 1 - m)

    def changes(i: int | slice) -> Floats:
        """The signed sum for rank i (t,), or for all of them (t, n)."""
        at, of = (each[:, :, 0], m) if isinstance(i, int) else (each, m)
        return np.asarray((kept[at, of, joins[:, i]] - taken[at, of, leaves[:, i]]) @ sign)

    values = np.empty((t, n))
    for i in range(n):
        shifted = above[each, m[:, None], np.clip(a + votes[:, i, None] + edge, 0, 2 * edge)[:, None]]
        if i >= k:  # rank l = i + 1 can be the K-th nearest of those without another one
            b = beta(k + 1, i + 1 - k)
            kept += b * above
            taken += b * shifted
        above[:, 1:] += shifted[:, :-1]
        values[:, i] = -changes(i)  # what lies before rank i, taken from the sum over all ranks below
    values += changes(slice(None))
    values += _joining(votes, above, k, levels)
    return values


def _joining(votes: NDArray[np.intp], above: Floats, k: int, levels: int) -> Floats:
    """The part of fewer than K others: shape (t, n). It depends on a point's votes alone.

    Sets of size m without the point have weight 1 / (n C(n - 1, m)); r of their members are it, by inclusion and
    exclusion, so that `above[m - r]` is asked at r and r + 1 times its votes.
    """
    from scipy.special import binom

    n, edge = votes.shape[1], k * levels
    size = np.arange(min(k, n))
    weight = np.zeros(k)
    weight[: len(size)] = 1.0 / (n * binom(n - 1, size))
    kinds = np.arange(-levels, levels + 1)
    found = np.zeros((len(votes), len(kinds)))
    for m in range(k):
        for r in range(k - m):
            gain = above[:, m, edge + (r + 1) * kinds] - above[:, m, edge + r * kinds]
            found += weight[m + r] * (-1.0) ** r * gain
    return np.take_along_axis(found, votes + levels, axis=1)
