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

    @property
    def n(self) -> int:
        return len(self.codes)

    def __call__(self, order: Indices, at: Indices) -> Worth:
        hit = self.codes[order] == self.test_codes[at][:, None]
        own, others, constant = self.last
        far = hit[:, -1]
        mean = (np.count_nonzero(hit, axis=1) - far) / max(1, self.n - 1) if others else 0.0
        ranked = np.empty(hit.shape)
        ranked[:, -1] = own * far - others * mean - constant
        signs = hit.view(np.int8)
        np.multiply(signs[:, :-1] - signs[:, 1:], self.swaps, out=ranked[:, :-1])
        up = ranked[:, ::-1]  # from far to near
        values = unranked(np.cumsum(up, axis=1, out=up)[:, ::-1], order)
        full = hit[:, : self.k].sum(axis=1) / (min(self.k, self.n) if self.soft else self.k)
        return Worth(values, np.full(len(at), self.empty), full)


def unranked(ranked: Floats, order: Indices) -> Floats:
    """Numbers of ranks as numbers of points; both of shape (t, n)."""
    values = np.empty(ranked.shape)
    values[np.arange(len(order))[:, None], order] = ranked
    return values


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
class RegressionKernel:
    """v(S) = -(mean of K neighbours' targets - y)^2, where a missing neighbour counts as the baseline.

    With z = target - baseline and t = y - baseline, v(S) = -(sum of z over the K nearest / K - t)^2. Exchanging
    ranks i and j = i + 1 changes it by (z_i - z_j)/K * (2 t - (z_i + z_j + 2 A)/K), where A sums z over the K - 1
    nearest points of S and fewer than K are nearer than i. The mean of A needs, for each other point l, the
    probability that it is among them: for a nearer l, min(K, i)(min(K, i) - 1) / (2 i (i - 1)); for a farther one,
    R(R + 1) / (2 (l - 1)(l - 2)) with R = min(K - 1, l - 2), whatever i is. So two running sums suffice.
    Jia et al. (VLDB 2019), whose baseline is 0.

    Attributes:
        targets: of the training rows, minus the baseline, shape (n,).
        test_targets: of the test points, minus the baseline, shape (t,).
        k: K.
    """

    targets: Floats
    test_targets: Floats
    k: int
    metrics: tuple[str, ...] = ("minus squared error of the K neighbours' mean",)
    round_steps: int = 4
    width: int = 0
    by_rank: bool = True

    @property
    def n(self) -> int:
        return len(self.targets)

    def __call__(self, order: Indices, at: Indices) -> Worth:
        k, n = self.k, self.n
        z, t = self.targets[order], self.test_targets[at][:, None]
        rank = np.arange(1, n + 1)
        few = np.minimum(k, rank) / rank  # fewer than K of the nearer points
        near = few * (np.minimum(k, rank) - 1) / (2 * np.maximum(1, rank - 1))
        nearer = np.cumsum(z, axis=1) - z  # sums over lower ranks
        reach = np.clip(rank - 2, 0, k - 1)
        far = reach * (reach + 1) / (2 * np.maximum(1, (rank - 1) * (rank - 2)))
        farther = np.cumsum((z * far)[:, ::-1], axis=1)[:, ::-1]  # sums over this and higher ranks
        ranked = np.empty_like(z)
        sums = nearer[:, -1:] * near[-1]
        ranked[:, -1:] = z[:, -1:] / k * (few[-1] * (2 * t - z[:, -1:] / k) - 2 * sums / k)
        if n > 1:
            a, b = z[:, :-1], z[:, 1:]
            beyond = np.zeros_like(a)
            beyond[:, :-1] = farther[:, 2:]
            sums = nearer[:, :-1] * near[:-1] + beyond
            ranked[:, :-1] = (a - b) / k * (few[:-1] * (2 * t - (a + b) / k) - 2 * sums / k)
        values = unranked(np.cumsum(ranked[:, ::-1], axis=1), order[:, ::-1])
        return Worth(values, -(t[:, 0] ** 2), -((z[:, :k].sum(axis=1) / k - t[:, 0]) ** 2))


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
