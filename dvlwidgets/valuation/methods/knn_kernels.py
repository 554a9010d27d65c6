"""Closed forms over ranked neighbours: from who is near to what each point is worth, for each test point.

All of them come from one exchange argument. Let i and j = i + 1 be neighbours in rank. Subsets that hold both or
neither value them alike, so s_i - s_j is the mean of v(S + i) - v(S + j) over subsets S of the others, whose size k
has the law q[k] = p[k] (n-1-k)/(n-1) + p[k+1] (k+1)/(n-1). That difference is 0 once K points of S are nearer. With
the value of the farthest point, a cumulative sum from far to near gives all values.
For Shapley values S is what comes before a uniform time in a random order: r of the i - 1 nearer points with
probability 1/i for each r, so that fewer than K are nearer with probability min(K, i)/i.
Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms (VLDB 2019); Wang & Jia, A note on
it (2023, arXiv 2304.04258); Yang, Yue, Chen & Liu, On the inflation of KNN-Shapley value (2024, arXiv 2405.17489).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...typing import Indices, SizeLaw

Floats = NDArray[np.float64]

BLOCK = 65_536
"""Numbers that are worked on together: a few arrays of so many stay in the processor's cache."""

SIDE = 16
"""Ranks in a run of `sums_from_far`."""

TRIANGLE = np.tril(np.ones((SIDE, SIDE)))

SHARE = "share of the K neighbours with the right label"
"""The score of KNN-Shapley: fewer than K neighbours still divide by K."""

PROBABILITY = "probability of the right label"
"""The score of the soft-label kind: the share among the neighbours that there are."""


@dataclass(frozen=True)
class Worth:
    """What a kernel says of t test points.

    Attributes:
        values: of each point for each test point, shape (t, n).
        empty: v(empty) for each test point, shape (t,).
        full: v(N) for each test point, shape (t,), not computed from the values.
    """

    values: Floats
    empty: Floats
    full: Floats


@dataclass(frozen=True)
class HitKernel:
    """Values that are linear in who has the right label ("hits").

    Attributes:
        codes: class of each training row, shape (n,), in as few bytes as will do.
        test_codes: class of each test point, shape (t,), likewise.
        swaps: what exchanging ranks i and i + 1 is worth a hit, shape (n - 1,).
        last: what the farthest point's own hit counts, what the others' mean hit counts, and a constant.
        k: K.
        soft: fewer than K neighbours divide by their number, not by K.
        empty: v(empty).
        metrics: name of the score.
    """

    codes: NDArray[Any]
    test_codes: NDArray[Any]
    swaps: Floats
    last: tuple[float, float, float]
    k: int
    metrics: tuple[str, ...]
    soft: bool = False
    empty: float = 0.0
    round_steps: int = 4
    width: int = 0
    by_rank: bool = True
    few: bool = True

    @property
    def n(self) -> int:
        return len(self.codes)

    def __call__(self, order: Indices, at: Indices) -> Worth:
        own, others, constant = self.last
        label = self.test_codes[at][:, None]
        far = self.codes[order[:, -1:]] == label
        mean = 0.0
        if others:
            mean = (np.count_nonzero(self.codes == label, axis=1, keepdims=True) - far) / max(1, self.n - 1)
        values = np.empty(order.shape)
        beyond = own * far - others * mean - constant  # of the nearest of the ranks done, (t, 1)
        values[np.arange(len(at)), order[:, -1]] = beyond[:, 0]
        for stop in range(self.n - 1, 0, -BLOCK):
            ranks = order[:, max(0, stop - BLOCK) : stop + 1]
            ranked = self._block(ranks, label, max(0, stop - BLOCK), beyond)
            put(ranked, ranks[:, :-1], values)
            beyond = ranked[:, :1]
        hits = np.count_nonzero(self.codes[order[:, : self.k]] == label, axis=1)
        full = hits / (min(self.k, self.n) if self.soft else self.k)
        return Worth(values, np.full(len(at), self.empty), full)

    def _block(self, ranks: Indices, label: NDArray[Any], first: int, beyond: Floats) -> Floats:
        """Values of all of these ranks but the last, whose values are `beyond` (t, 1); the first one is `first`."""
        hit = (self.codes.take(ranks) == label).view(np.int8)
        t, m = len(ranks), ranks.shape[1] - 1
        steps = np.zeros((t, -(-m // SIDE) * SIDE))
        np.multiply(hit[:, :-1] - hit[:, 1:], self.swaps[first : first + m], out=steps[:, :m])
        steps[:, m - 1 : m] += beyond
        return sums_from_far(steps)[:, :m]


def sums_from_far(steps: Floats) -> Floats:
    """Sums over this and all higher ranks, shape (t, m) with m a multiple of `SIDE`.

    A running sum waits for each addition before the next one. Here sums within short runs are a product with a triangle
    of ones, so that only their totals are added up one by one: at less than half the time.
    """
    sums = steps.reshape(-1, SIDE) @ TRIANGLE
    runs = sums.reshape(len(steps), -1, SIDE)
    beyond = np.cumsum(runs[:, :0:-1, 0], axis=1)[:, ::-1]  # totals of the runs farther away
    runs[:, :-1] += beyond[:, :, None]
    return sums.reshape(steps.shape)


def unranked(ranked: Floats, order: Indices) -> Floats:
    """Numbers of ranks as numbers of points; both of shape (t, n)."""
    values = np.empty(ranked.shape)
    put(ranked, order, values)
    return values


def put(ranked: Floats, order: Indices, values: Floats) -> None:
    """Numbers of some ranks (t, m) to the points (t, n) that have them."""
    # one row at a time: NumPy has a quick way for a single index array
    for numbers, rows, row in zip(ranked, order, values, strict=True):
        row[rows] = numbers


def shapley_hits(codes: Indices, test_codes: Indices, k: int) -> HitKernel:
    """v(S) = hits among the K nearest in S, divided by K; v(empty) = 0."""
    n = len(codes)
    i = np.arange(1, n)
    last = (min(k, n) / (n * k), 0.0, 0.0)
    return HitKernel(*_small(codes, test_codes), np.minimum(k, i) / (i * k), last, k, (SHARE,))


def soft_hits(codes: Indices, test_codes: Indices, k: int, chance: float) -> HitKernel:
    """v(S) = hits among the K nearest in S, divided by min(K, |S|); v(empty) = `chance`.

    A set with m <= K - 1 others and one of the pair divides by m + 1, whatever the ranks.
    """
    n = len(codes)
    i = np.arange(1, n)
    small = np.arange(1, min(k, n))  # sizes below K, where every point is a neighbour
    extra = (1.0 / small - 1.0 / k)[: max(0, n - 1)].sum() / max(1, n - 1)
    fractions = 1.0 / np.arange(1, min(k, n) + 1)  # joining a set of m makes it m + 1
    last = (fractions.sum() / n, fractions[1:].sum() / n, chance / n)
    swaps = np.minimum(k, i) / (i * k) + extra
    small_codes = _small(codes, test_codes)
    return HitKernel(*small_codes, swaps, last, k, (PROBABILITY,), soft=True, empty=chance)


def semivalue_hits(codes: Indices, test_codes: Indices, k: int, law: SizeLaw) -> HitKernel:
    """v(S) = hits among the K nearest in S, divided by K, with any law p over the sizes of the rest."""
    last = (float(law[:k].sum()) / k, 0.0, 0.0)
    return HitKernel(*_small(codes, test_codes), few_nearer(law, k) / k, last, k, (SHARE,))


def _small(codes: Indices, test_codes: Indices) -> tuple[NDArray[Any], NDArray[Any]]:
    """Classes in as few bytes as will do: looking them up by rank is bound by memory."""
    kind = np.min_scalar_type(max(codes.max(), test_codes.max()))
    return codes.astype(kind), test_codes.astype(kind)


def few_nearer(law: SizeLaw, k: int) -> Floats:
    """The probability that fewer than K points nearer than ranks i and i + 1 are drawn: shape (n - 1,).

    Args:
        law: p over the sizes 0..n-1 of the rest.
        k: K.
    """
    from scipy.stats import hypergeom

    n = len(law)
    if n == 1:
        return np.zeros(0)
    size = np.arange(n - 1)
    q = law[:-1] * (n - 1 - size) / (n - 1) + law[1:] * (size + 1) / (n - 1)
    found = np.zeros(n - 1)
    for m in np.flatnonzero(q):
        # of i - 1 nearer points at least i - 1 - (n - 2 - m) are drawn: beyond that the probability is 0
        nearer = np.arange(min(n - 1, n - 2 - int(m) + k))
        found[: len(nearer)] += q[m] * (hypergeom.cdf(k - 1, n - 2, nearer, m) if m else 1.0)
    return found


@dataclass(frozen=True)
class RadiusKernel:
    """Values from who is near.

    Attributes:
        codes: class of each training row, shape (n,).
        test_codes: class of each test point, shape (t,).
        radius: how far a neighbour may be.
        chance: the score without neighbours.
    """

    codes: Indices
    test_codes: Indices
    radius: float
    chance: float
    metrics: tuple[str, ...] = (PROBABILITY,)
    round_steps: int = 4
    width: int = 0
    by_rank: bool = False
    few: bool = False

    @property
    def n(self) -> int:
        return len(self.codes)

    def __call__(self, distances: Floats, at: Indices) -> Worth:
        return self.from_near(distances <= self.radius, self.codes, at)

    def from_near(self, near: NDArray[np.bool_], codes: Indices, at: Indices) -> Worth:
        """Values from who is near (t, n), for rows of these classes (n,)."""
        hit = codes == self.test_codes[at][:, None]
        count, right = near.sum(axis=1), (near & hit).sum(axis=1)
        c = np.maximum(1, count)
        # joining k >= 1 others, each k with probability 1/c, moves the share by (hit - their mean) / (k + 1)
        moves = (np.cumsum(1.0 / np.arange(1, near.shape[1] + 1))[c - 1] - 1.0) / c
        others = np.maximum(1, count - 1)
        for_right = (1.0 - self.chance) / c + moves * (1.0 - (right - 1) / others)
        for_wrong = -self.chance / c - moves * right / others
        values = np.where(near, np.where(hit, for_right[:, None], for_wrong[:, None]), 0.0)
        return Worth(values, np.full(len(at), self.chance), np.where(count > 0, right / c, self.chance))
