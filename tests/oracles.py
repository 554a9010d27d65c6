"""Exact answers by brute force, for comparison with the engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def all_masks(n: int) -> NDArray[np.bool_]:
    """All 2**n subsets, row c holding the bits of c."""
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) == 1


def semivalue_by_enumeration(
    utility: Callable[[NDArray[np.bool_]], NDArray[np.float64]], law: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The definition: mean of v(S with i) - v(S) over sizes k of S (law p) and subsets of that size."""
    n = len(law)
    masks = all_masks(n)
    v, sizes = np.asarray(utility(masks), float), masks.sum(axis=1)
    values = np.zeros(n)
    for i in range(n):
        without = np.flatnonzero(~masks[:, i])
        gain = v[without | (1 << i)] - v[without]
        for k in range(n):
            values[i] += law[k] * gain[sizes[without] == k].mean()
    return values


class LowOrderGame:
    """A random set function with main effects and pairs: smooth marginals, exact semivalues.

    v(S) = sum of a_i + sum over pairs of b_ij; the marginal of i to S is a_i + sum of b_ij over j in S, so the
    value of i is a_i + sum_j b_ij * P(j in S), where P is the mean of k / (n - 1) under the size law.
    """

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.n = n
        self.a = rng.normal(size=n)
        b = np.triu(rng.normal(size=(n, n)), 1)
        self.b = (b + b.T) / np.sqrt(n)

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        m = masks.astype(float)
        return m @ self.a + 0.5 * np.einsum("bi,ij,bj->b", m, self.b, m)

    def values(self, law: NDArray[np.float64]) -> NDArray[np.float64]:
        share = float(law @ np.arange(self.n)) / max(1, self.n - 1)
        return self.a + self.b.sum(axis=1) * share
