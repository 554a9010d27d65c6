"""Walks: subsets that grow, each holding the one before, as a permutation's prefixes do.

Whether masks are such is seen from the masks themselves, so that samplers say nothing and nobody guesses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...typing import Indices, Masks

LEAST = 8
"""Shorter walks are left to the batch."""
_SLAB = 4_000_000
"""Entries of masks that are compared in one go."""
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
    for begin, end in _runs(_holds_last(masks)):
        new, gained = _gains(masks[begin:end])
        ends = np.concatenate([[0], np.cumsum(gained)])
        for low, high in _runs(gained > 0):  # a subset that comes again ends a walk
            first = np.flatnonzero(masks[begin + low])
            order = np.concatenate([first, new[ends[low] : ends[high - 1]]])
            found.append((begin + low, Walk(order, len(first) + ends[low:high] - ends[low], masks.shape[1])))
            rest[begin + low : begin + high] = False
    return found, rest


def _runs(goes_on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where subsets go on from one to the next, `LEAST` or more of them: their first and last, plus one."""
    ends = np.concatenate([np.flatnonzero(~goes_on) + 1, [len(goes_on) + 1]])
    begins = np.concatenate([[0], ends[:-1]])
    long = ends - begins >= LEAST
    return list(zip(begins[long].tolist(), ends[long].tolist(), strict=True))


def _slabs(masks: Masks) -> Iterator[tuple[int, Masks, Masks]]:
    """Each mask beside the next, some of them at a time, and the position of the first."""
    width = max(1, _SLAB // max(1, masks.shape[1]))
    for low in range(0, len(masks) - 1, width):
        high = min(low + width, len(masks) - 1)
        yield low, masks[low:high], masks[low + 1 : high + 1]


def _holds_last(masks: Masks) -> NDArray[np.bool_]:
    """(B - 1,) whether each mask holds the one before it."""
    holds = np.ones(max(0, len(masks) - 1), np.bool_)
    for low, before, after in _slabs(masks):
        holds[low : low + len(after)] = ~(before > after).any(axis=1)
    return holds


def _gains(masks: Masks) -> tuple[Indices, Indices]:
    """The rows that come in from one mask to the next, one after the other, and how many there are each time."""
    new, gained = [], []
    for _, before, after in _slabs(masks):
        step, row = np.divmod(np.flatnonzero(after > before), masks.shape[1])
        new.append(row)
        gained.append(np.bincount(step, minlength=len(after)))
    return np.concatenate(new), np.concatenate(gained)
