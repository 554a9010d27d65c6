"""How many of the K nearest neighbours in a subset vote right: cheap functions of subsets with exact semivalues.

A model's score on a subset goes with the votes of the subset's neighbours of the test points, whatever the model. So
an estimator that learns the score on the way may use them as features (`samplers/features.py`): of sets of any size,
    f_K(S) = mean over test points of (right votes among the K nearest in S) / K.

For test point t let rank j hold the j-th nearest training point and hit_j say whether its label is right. Exchanging
rank i with rank i + 1 changes f_K only where fewer than K nearer points are in the set, so with the law p over the size
k of the rest and H(N, m, k) the number of m marked among k drawn out of N,
    value_i - value_{i+1} = (hit_i - hit_{i+1}) / K sum_k (p[k] (n-1-k) + p[k+1] (k+1)) / (n-1) P(H(n-2, i-1, k) < K)
and the farthest point is worth hit_n / K sum_{k < K} p[k]. For Shapley's law this is Jia et al. (VLDB 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ..data.arrays import as_numpy, is_sparse
from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..typing import Masks, SizeLaw
from .ballots import ballots

Floats = NDArray[np.float64]

NEIGHBOURS = (1, 3, 7, 15)
"""The numbers K, each 2^m - 1. Several together say far more than one (`tests/bench/votes_say.py`)."""

MOST_POINTS = 600
"""More training points are not ranked."""

LARGEST = 1e100
"""Numbers beyond have no squares."""

MOST_RANKED = 20_000
"""At most so many (test point, training point) pairs are kept; more test points are thinned out evenly."""


@dataclass(frozen=True)
class Votes:
    """The functions f_K of subsets of n points.

    Attributes:
        order: training points by distance for each test point, nearest first, shape (t, n).
        hits: whether they have the test point's label, in that order, shape (t, n), float.
    """

    order: NDArray[np.intp]
    hits: Floats
    known: dict[bytes, Floats] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n(self) -> int:
        """Training points."""
        return int(self.order.shape[1])

    def __call__(self, masks: Masks) -> Floats:
        """The votes of subsets, shape (B, len(NEIGHBOURS))."""
        found = ballots(self.order, self.hits > 0, masks, len(NEIGHBOURS))
        return found / (np.array(NEIGHBOURS, np.float64) * len(self.order))

    def ends(self) -> Floats:
        """The votes of the empty and the full set, shape (2, len(NEIGHBOURS))."""
        full = [self.hits[:, :k].sum() / (k * len(self.order)) for k in NEIGHBOURS]
        return np.stack([np.zeros(len(full)), full])

    def of_sizes(self) -> Floats:
        """The mean votes over all subsets of each size 0..n, shape (len(NEIGHBOURS), n + 1)."""
        n, mean_hit = self.n, self.hits.mean(axis=0)
        size = np.arange(n + 1)
        means = np.zeros((len(NEIGHBOURS), n + 1))
        for at, few in enumerate(_chances(n - 1, np.arange(n), np.maximum(size - 1, 0))):
            means[at] = size / n * (few @ mean_hit) / NEIGHBOURS[at]
        return means

    def values(self, law: SizeLaw) -> Floats:
        """Exact semivalues of each f_K, shape (len(NEIGHBOURS), n)."""
        key = law.tobytes()
        values = self.known.get(key)
        if values is None:
            values = self._values(law)
            self.known.clear()  # a run at work and its journal re-weighted may both be here: nobody reads back
            self.known[key] = values
        return values

    def _values(self, law: SizeLaw) -> Floats:
        n, k = self.n, np.arange(self.n - 1)
        weight = (law[:-1] * (n - 1 - k) + law[1:] * (k + 1)) / (n - 1)
        steps = self.hits[:, :-1] - self.hits[:, 1:]
        values = np.zeros((len(NEIGHBOURS), n))
        for at, few in enumerate(_chances(n - 2, np.arange(n - 1), k)):
            many = NEIGHBOURS[at]
            last = self.hits[:, -1:] * float(law[:many].sum())
            gains = np.concatenate([steps * (weight @ few), last], axis=1) / many
            ranked = np.cumsum(gains[:, ::-1], axis=1)[:, ::-1]
            each = np.empty_like(ranked)
            np.put_along_axis(each, self.order, ranked, axis=1)
            values[at] = each.mean(axis=0)
        return values


def _chances(n: int, marked: NDArray[np.intp], drawn: NDArray[np.intp]) -> list[Floats]:
    """P(fewer than K of the drawn are marked) for each K, each of shape (drawn, marked).

    Chances of x marked ones follow from those of x - 1. They begin with no marked one, or, where more are drawn than
    there are others, with all others: what underflows there would never have become anything.
    """
    m, k = marked.astype(np.float64)[None, :], drawn.astype(np.float64)[:, None]
    log = gammaln(np.arange(max(n, *NEIGHBOURS) + 1) + 1.0)  # of factorials
    spare = (n - marked)[None, :] - drawn[:, None]  # unmarked that are not drawn
    chance = (log[n - marked] - log[n])[None, :] + log[n - drawn][:, None] - log[np.maximum(spare, 0)]
    chance[spare < 0] = -np.inf
    np.exp(chance, out=chance)
    late = np.nonzero((spare < 0) & (spare > -max(NEIGHBOURS)))
    begins = -spare[late]  # where all unmarked are drawn
    rest, below, found = spare.astype(np.float64), chance.copy(), []
    for x in range(max(NEIGHBOURS)):
        if x > 0:
            rest += 1.0
            chance *= (m - (x - 1)) / x
            chance *= k - (x - 1)
            with np.errstate(invalid="ignore"):
                chance /= rest
            rows, columns = (at[begins == x] for at in late)
            chance[rows, columns] = np.exp(
                _log_choose(log, marked[columns], x) - _log_choose(log, n, drawn[rows])
            )
            below += chance
        if x + 1 in NEIGHBOURS:
            found.append(np.minimum(below, 1.0))
    return found


def _log_choose(log: Floats, n: Any, k: Any) -> Any:
    return log[n] - log[k] - log[n - k]


def neighbour_votes(train: Dataset, test: Any) -> Votes | None:
    """The votes for a classification of plain numbers; None where there are no such votes (or too many points).

    Features are standardised by the training data, so that units do not decide who is near.
    """
    n = len(train)
    if isinstance(train, GroupedDataset) or not isinstance(test, Dataset) or isinstance(test, GroupedDataset):
        return None
    if not 2 <= n <= MOST_POINTS or not train.is_classification or len(test) == 0:
        return None
    x, x_test = _numbers(train.x), _numbers(test.x)
    if x is None or x_test is None or x.shape[1] != x_test.shape[1]:
        return None
    y, y_test = as_numpy(train.y), as_numpy(test.y)
    if y.ndim != 1 or y_test.ndim != 1:
        return None
    kept = np.unique(
        np.linspace(0, len(y_test) - 1, min(len(y_test), max(1, MOST_RANKED // n))).astype(np.intp)
    )
    spread = x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    x, x_test = x / scale, x_test[kept] / scale
    squared = np.zeros((len(x_test), n))
    for column in range(
        x.shape[1]
    ):  # sums in a fixed order: a matrix product's last bits depend on the threads
        with np.errstate(over="ignore"):  # beside a column that hardly varies; infinitely far is far
            squared += (x_test[:, column, None] - x[None, :, column]) ** 2
    order = np.argsort(squared, axis=1, kind="stable")
    hits = np.asarray(y[order] == y_test[kept][:, None], np.float64)
    return Votes(order, hits) if hits.shape == order.shape else None


def _numbers(x: Any) -> Floats | None:
    """A table of numbers that have squares, of moderate width, or None; however the numbers are kept."""
    if len(getattr(x, "shape", ())) != 2 or x.shape[1] > 2_000:
        return None
    found = x.toarray() if is_sparse(x) else as_numpy(x)
    if found.dtype.kind not in "biuf":
        return None
    table = np.asarray(found, np.float64)
    return table if bool((np.abs(table) < LARGEST).all()) else None  # NaN is not less either
