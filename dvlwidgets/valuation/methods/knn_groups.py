"""Exact Shapley values of groups of rows for the KNN utility, by counting: no enumeration, any number of groups.

The Shapley value of a group is not the sum of its rows' values: its rows come and go together. Let groups come in a
random order and look at a time x, uniform on (0, 1), before which each group has come with probability x. A row counts
when its group is in and fewer than K nearer rows are; so for each row we count the sets of groups, by how many groups
(a) and how many nearer rows (s < K) they bring. That is a polynomial with K x K coefficients from which any group is
taken out again by division; the integral over x turns "a of A groups are in" into a Beta function. A group only
matters through its K nearest rows, so a test point costs O(G K (K^3 + G)) for G groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...typing import Indices
from .knn_kernels import SHARE, Floats, Worth


@dataclass(frozen=True)
class GroupKernel:
    """Shapley values of groups: v(S) = hits among the K nearest rows of the groups in S, divided by K.

    Attributes:
        codes: class of each training row, shape (rows,).
        test_codes: class of each test point, shape (t,).
        groups: group of each training row, shape (rows,), from 0 to n - 1.
        n: number of groups.
        k: K.
    """

    codes: Indices
    test_codes: Indices
    groups: Indices
    n: int
    k: int
    metrics: tuple[str, ...] = (SHARE,)
    round_steps: int = 2  # chunks that are worth the loop over rows
    by_rank: bool = True
    few: bool = False

    @property
    def width(self) -> int:
        return self.k**3 + 4 * self.n

    def __call__(self, order: Indices, at: Indices) -> Worth:
        group, hit = self._close_rows(order, at)
        walk = _Walk(len(at), self.n, self.k)
        for r in range(group.shape[1]):
            walk.row(group[:, r], hit[:, r])
        # the nearest K rows of all are among the nearest K of their groups
        full = hit[:, : self.k].sum(axis=1) / self.k
        return Worth(walk.values / self.k, np.zeros(len(at)), full)

    def _close_rows(self, order: Indices, at: Indices) -> tuple[Indices, NDArray[np.bool_]]:
        """Groups and hits, nearest first, of rows that are among the K nearest of their group; -1 fills up."""
        group = self.groups[order]
        among = np.empty_like(group)  # rank of a row within its group
        by_group = np.argsort(group, axis=1, kind="stable")
        starts = np.r_[0, np.cumsum(np.bincount(self.groups, minlength=self.n))[:-1]]
        place = np.arange(group.shape[1]) - np.repeat(starts, np.bincount(self.groups, minlength=self.n))
        np.put_along_axis(among, by_group, np.broadcast_to(place, group.shape), axis=1)
        close = among < self.k
        width = int(close[0].sum())  # the same for all: group sizes are
        rows = np.nonzero(close)[1].reshape(len(at), width)
        group = np.take_along_axis(group, rows, axis=1)
        hit = np.take_along_axis(self.codes[order] == self.test_codes[at][:, None], rows, axis=1)
        return group, hit


class _Walk:
    """From the nearest row to the farthest, with the polynomials of the groups that have nearer rows.

    Attributes:
        values: sums over rows, shape (t, n).
        sets: number of sets of a groups with s nearer rows, shape (t, K, K) for a, s < K.
        count: nearer rows of each group, at most K, shape (t, n).
        active: groups with nearer rows, shape (t,).
    """

    def __init__(self, t: int, n: int, k: int) -> None:
        from scipy.special import beta

        self.k, self.t = k, np.arange(t)
        self.values = np.zeros((t, n))
        self.sets = np.zeros((t, k, k))
        self.sets[:, 0, 0] = 1.0
        self.count = np.zeros((t, n), np.intp)
        self.active = np.zeros(t, np.intp)
        a, others = np.arange(k), np.arange(n + 1)[:, None]
        possible = a <= others
        # a of the others are in, and the group of the row (and with it, in `two`, one that is now taken out of it)
        self.one = np.where(possible, beta(a + 1, np.maximum(others - a, 0) + 1), 0.0)
        self.two = np.where(possible, beta(a + 2, np.maximum(others - a, 0) + 1), 0.0)
        # shifts[u, s]: where s - u is found; k = nowhere
        shifted = np.arange(k) - np.arange(k + 1)[:, None]
        self.shifts = np.where(shifted >= 0, shifted, k)

    def row(self, group: Indices, hit: NDArray[np.bool_]) -> None:
        """One more row of each test point: its group (t,) and whether it has the right label (t,)."""
        t, k = self.t, self.k
        own = self.count[t, group]
        others = self.active - (own > 0)
        sets = self._without(self.sets[:, None], np.where(own > 0, own, k)[:, None])[:, 0]
        at_most = np.cumsum(sets, axis=2)
        if hit.any():
            limit = k - 1 - own  # so many nearer rows of other groups leave room for this one
            fits = at_most[t, :, limit]
            self.values[t, group] += hit * np.einsum("ta,ta->t", fits, self.one[others])
            pushed = self._pushed_out(sets, fits, limit, np.maximum(others - 1, 0)) * hit[:, None]
            nearer = self.count.copy()
            nearer[t, group] = 0
            self.values += pushed[t[:, None], nearer]
        self._come_nearer(sets, group, own)

    def _pushed_out(self, sets: Floats, fits: Floats, limit: Indices, others: Indices) -> Floats:
        """What a group with u nearer rows takes from this row when it comes: shape (t, K + 1), u = 0..K."""
        k, u = self.k, np.arange(1, self.k + 1)
        without = self._without(sets[:, None], np.broadcast_to(u, (len(sets), k)))
        at_most = np.cumsum(without, axis=3)
        room = limit[:, None] - u
        after = np.take_along_axis(at_most, np.maximum(room, 0)[:, :, None, None], axis=3)[..., 0]
        after *= (room >= 0)[:, :, None]
        before = np.take_along_axis(
            at_most, np.broadcast_to(limit[:, None, None, None], (*at_most.shape[:3], 1)), 3
        )
        loss = np.einsum("tua,ta->tu", after - before[..., 0], self.two[others])
        return np.concatenate([np.zeros((len(sets), 1)), loss], axis=1)

    def _without(self, sets: Floats, rows: Indices) -> Floats:
        """Sets (t, 1, K, K) without a group of so many nearer rows (t, u); K or more rows are in no such set."""
        k = self.k
        out = np.zeros((*rows.shape, k, k + 1))  # the last column stays 0: nowhere
        shift = self.shifts[rows]
        out[:, :, 0, :k] = sets[:, :, 0]
        for a in range(1, k):
            out[:, :, a, :k] = sets[:, :, a] - np.take_along_axis(out[:, :, a - 1], shift, axis=2)
        return out[..., :k]

    def _come_nearer(self, sets: Floats, group: Indices, own: Indices) -> None:
        """The row now is a nearer row: its group comes back with one more."""
        t = self.t
        padded = np.concatenate([sets, np.zeros((*sets.shape[:2], 1))], axis=2)
        shift = self.shifts[own + 1]
        more = np.take_along_axis(padded, np.broadcast_to(shift[:, None, :], sets.shape), axis=2)
        self.sets = sets.copy()
        self.sets[:, 1:] += more[:, :-1]
        self.count[t, group] = own + 1
        self.active = self.active + (own == 0)
