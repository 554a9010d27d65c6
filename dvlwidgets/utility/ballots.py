"""Counting votes of neighbours for 64 subsets at a time: a bit of a word is a subset.

Of each test point the training points are looked at from the nearest to the farthest. Word w of a training point says
which of 64 subsets hold it, so one logical operation serves 64 subsets, and the votes are counted in words, too, one
word a binary digit. Counting starts at 1: then the leading digit of the count says between which of the numbers of
neighbours 1, 3, 7, 15 the next one lies, and a carry out of the last digit that no more are wanted. Subsets are sorted
by size, and words are left where all of their subsets have had their neighbours: large ones soon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..typing import Masks

Words = NDArray[np.uint64]

LANES = 64
LOOK = 8
"""Ranks between two looks at which words are over."""


def ballots(order: NDArray[np.intp], hits: NDArray[np.bool_], masks: Masks, digits: int) -> NDArray[np.int64]:
    """Right votes among the nearest 1, 3, 7, ... members of each subset, summed over test points.

    Args:
        order: training points by distance for each test point, nearest first, shape (t, n).
        hits: whether they have the test point's label, in that order, shape (t, n).
        masks: the subsets, shape (B, n).
        digits: how many of the numbers 1, 3, 7, ...

    Returns:
        Shape (B, digits).
    """
    by_size = np.argsort(masks.sum(axis=1), kind="stable")
    words = _words(masks[by_size])
    count = _Count.nothing(len(words), len(order), digits)
    told = np.where(hits.T, ~np.uint64(0), np.uint64(0))  # (n, t): all lanes or none
    ranks = np.ascontiguousarray(order.T)
    over: list[NDArray[np.int64]] = []
    for low in range(0, len(ranks), LOOK):
        going = count.going()
        if 2 * going <= len(words):  # now and then: what is copied must be worth less than what is spared
            over.insert(0, count.totals(going))
            words, count = words[:going], count.first(going)
        if not going:
            break
        members = words.take(ranks[low : low + LOOK], axis=1)  # (words, LOOK, t)
        count.add(
            [np.ascontiguousarray(members[:, k]) for k in range(members.shape[1])], told[low : low + LOOK]
        )
    found = np.empty((len(masks), digits), np.int64)
    found[by_size] = np.concatenate([count.totals(0), *over])[: len(masks)]
    return found


@dataclass(frozen=True)
class _Count:
    """Members and their right votes so far, for each word of subsets and each test point; changed in place.

    Attributes:
        planes: binary digits, the lowest first; plane d is of shape (1 + digits - d, words, t) and holds digit d of the
            members' count plus one, then of the right votes between the numbers of neighbours, the largest first.
        wanted: which subsets still want members, shape (words, t).
    """

    planes: list[Words]
    wanted: Words

    @classmethod
    def nothing(cls, words: int, t: int, digits: int) -> _Count:
        """Before the first member."""
        planes = [np.zeros((1 + digits - d, words, t), np.uint64) for d in range(digits)]
        planes[0][0] = ~np.uint64(0)
        return cls(planes, planes[0][0].copy())

    def first(self, words: int) -> _Count:
        """That of the first so many words."""
        return _Count([plane[:, :words].copy() for plane in self.planes], self.wanted[:words].copy())

    def going(self) -> int:
        """Words up to the last one that still wants members."""
        left = np.flatnonzero(self.wanted.any(axis=1))
        return int(left[-1]) + 1 if len(left) else 0

    def add(self, members: list[Words], hits: Words) -> None:
        """The next nearest training points of each test point, one after the other.

        Args:
            members: which subsets hold them, each of shape (words, t).
            hits: whether their labels are right, a row of shape (t,) each, all lanes or none.
        """
        both, odd = np.bitwise_and, np.bitwise_xor
        digits, wanted = len(self.planes), self.wanted
        adds, carries = np.empty_like(self.planes[0]), [np.empty_like(plane) for plane in self.planes]
        add, left = adds[0], adds[digits]
        leading = [(self.planes[d][0], adds[digits - d]) for d in range(digits - 1, 0, -1)]
        higher = [*self.planes[1:], self.planes[-1][:1]]
        ripple = [
            (plane, carry, carry[: len(above)])
            for plane, carry, above in zip(self.planes, carries, higher, strict=True)
        ]
        for member, hit in zip(members, hits, strict=True):
            both(member, wanted, add)
            both(add, hit, left)
            for digit, found in leading:
                both(left, digit, found)
                odd(left, found, left)
            up = adds
            for plane, carry, above in ripple:
                both(plane, up, carry)
                odd(plane, up, plane)
                up = above
            odd(wanted, up[0], wanted)

    def totals(self, begin: int) -> NDArray[np.int64]:
        """Right votes among the nearest 1, 3, 7, ..., summed over test points, shape (64 words, digits).

        Args:
            begin: the first word.
        """
        digits, (_, words, t) = len(self.planes), self.planes[0].shape
        between = np.zeros((digits, (words - begin) * LANES), np.int64)
        for d, plane in enumerate(self.planes):
            for place in range(1, len(plane)):
                lanes = np.ascontiguousarray(plane[place, begin:]).view(np.uint8)
                bits = np.unpackbits(lanes, bitorder="little").reshape(words - begin, t, LANES)
                between[digits - place] += (1 << d) * bits.sum(axis=1, dtype=np.int64).reshape(-1)
        return between.cumsum(axis=0).T


def _words(masks: Masks) -> Words:
    """Which subsets hold each point, shape (words, n); the last word is filled up with full subsets."""
    missing = np.ones((-len(masks) % LANES, masks.shape[1]), np.bool_)
    packed = np.packbits(np.concatenate([masks, missing]), axis=0, bitorder="little")
    lanes = np.ascontiguousarray(packed.reshape(-1, LANES // 8, masks.shape[1]).transpose(0, 2, 1))
    return lanes.view(np.uint64)[:, :, 0]
