"""Walks: subsets that grow, each holding the one before, as a permutation's prefixes do.

Whether masks are such is seen from the masks themselves, so that samplers say nothing and nobody guesses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...typing import Indices, Masks

LEAST = 8
"""Shorter walks are left to the batch."""
_PAIRS = 32_768
"""Pairs of a subset and a test point that are looked at in one go: calls are few, and arrays stay in the caches."""


@dataclass(frozen=True)
class Walk:
    """Growing subsets.

    Attributes:
        order: (r,) rows in the order in which they come in; those of the first subset by their position.
        sizes: (s,) how many of them each subset holds: at least 1, each more than the last.
        n: how many rows there are in all.
    """

    order: Indices
    sizes: Indices
    n: int

    def masks(self, low: int, high: int) -> Masks:
        """Some of the subsets as masks, shape (high - low, n)."""
        # rows that do not come in have a place beyond the last
        place = np.full(self.n, self.sizes[-1], np.int32)
        place[self.order] = np.arange(len(self.order), dtype=np.int32)
        return np.asarray(place < self.sizes[low:high, None].astype(np.int32))

    def of_rows(self, groups: Indices) -> Walk:
        """The same walk where each point stands for the rows of its group.

        Args:
            groups: (rows,) the group of each row; every group has a row.
        """
        by_group = np.argsort(groups, kind="stable")
        count = np.bincount(groups, minlength=self.n)
        begin = np.cumsum(count) - count
        rows = np.concatenate([by_group[begin[g] : begin[g] + count[g]] for g in self.order.tolist()])
        return Walk(rows, np.cumsum(count[self.order])[self.sizes - 1], len(groups))


def piece(test_points: int) -> int:
    """Subsets that are answered for in one go."""
    return min(512, max(32, _PAIRS // test_points))


def walks_in(masks: Masks) -> tuple[list[tuple[int, Walk]], NDArray[np.bool_]]:
    """The walks among masks that follow one another.

    Args:
        masks: (B, n) non-empty subsets.

    Returns:
        The walks with the position of their first mask, and (B,) which masks belong to none.
    """
    rest = np.ones(len(masks), np.bool_)
    found: list[tuple[int, Walk]] = []
    if len(masks) < LEAST:
        return found, rest
    n = masks.shape[1]
    new = np.flatnonzero(masks[1:] > masks[:-1])
    gained = np.bincount(new // n, minlength=len(masks) - 1)
    grows = (gained > 0) & ~(masks[:-1] > masks[1:]).any(axis=1)
    ends, begin = np.concatenate([[0], np.cumsum(gained)]), 0
    for last in [*np.flatnonzero(~grows).tolist(), len(masks) - 1]:
        if last + 1 - begin >= LEAST:
            first = np.flatnonzero(masks[begin])
            order = np.concatenate([first, new[ends[begin] : ends[last]] % n])
            sizes = len(first) + ends[begin : last + 1] - ends[begin]
            found.append((begin, Walk(order, sizes, n)))
            rest[begin : last + 1] = False
        begin = last + 1
    return found, rest
