"""Walks of nearest neighbours: each test point keeps the ranks of its K nearest rows, and rows come in one by one.

The nearest so far is a running minimum of ranks. What does not get that place, or loses it, goes on to the second
place, whose running minimum is the second nearest; and so on: K scans for all test points and all subsets at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .neighbors import NearestClasses, NearestNumbers
from .predictions import Predictions
from .problem import Floats
from .walk import Walk, piece
from .walk_scan import running_minima


class _Places:
    """The ranks of all rows for each test point, as numbers that tell something of the row, too.

    Args:
        order: (n, t) rows by their rank, one column a test point.
        step: what ranks are multiplied by.
        told: (n, t) what is added, below `step`.
        k: places.
    """

    def __init__(self, order: NDArray[np.int32], step: int, told: NDArray[np.intp], k: int) -> None:
        n, self.t = order.shape
        self.none, self.k = n * step, k
        kind = next(a for a in (np.int16, np.int32, np.int64) if self.none <= np.iinfo(a).max)
        self.numbers = np.empty(order.shape, kind)
        by_rank = np.arange(n)[:, None] * step + told
        np.put_along_axis(self.numbers, order, by_rank.astype(kind), axis=0)

    def along(self, walk: Walk) -> Iterator[tuple[int, int, Iterator[NDArray[Any]]]]:
        """Pieces of a walk: the first and last subset, and the numbers (subsets, t) in each of the K places.

        A place that nobody has taken yet holds `none`. The places must be gone through before the next piece.
        """
        best = np.full((self.k, self.t), self.none, self.numbers.dtype)
        width = piece(self.t)
        done = 0
        for low in range(0, int(walk.sizes[-1]), width):
            rows = walk.order[low : low + width]
            last = int(np.searchsorted(walk.sizes, low + len(rows), side="right"))
            at = walk.sizes[done:last] - low
            places = self._places(self.numbers[rows], best)
            if last > done:
                yield done, last, (place[at] for place in places)
            for _ in places:  # also where nobody looks: the next piece goes on from here
                pass
            done = last

    def _places(self, new: NDArray[Any], best: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Numbers (rows + 1, t) in each place before the new rows and after each of them; `best` is carried on."""
        size = len(new) + 1
        coming = np.empty((size, self.t), new.dtype)
        coming[1:] = new
        for j in range(self.k):
            coming[0] = best[j]
            place = running_minima(coming)
            best[j] = place[-1]
            np.maximum(coming[1:], place[:-1], out=coming[1:])
            yield place


class NearestClassesWalk:
    """Walks of a KNeighborsClassifier."""

    def __init__(self, method: NearestClasses) -> None:
        problem = method.problem
        assert problem.classes is not None
        assert problem.codes is not None
        self.k, self.c, self.indicators = method.k, len(problem.classes), problem.indicators
        self.bits = (self.c - 1).bit_length()
        self.places = _Places(method.order, 1 << self.bits, problem.codes[method.order], self.k)

    def along(self, walk: Walk, want: frozenset[str]) -> Iterator[Predictions]:
        """Answers for the subsets in order, some at a time."""
        members = np.cumsum(self.indicators[walk.order], axis=0)
        for low, high, places in self.places.along(walk):
            votes = self._votes(places, high - low)
            sizes = walk.sizes[low:high]
            codes = (votes[1] > votes[0]).astype(np.intp) if self.c == 2 else votes.argmax(axis=0)
            proba = votes.transpose(1, 2, 0) / self.k if "predict_proba" in want else None
            seen = members[sizes - 1] > 0
            yield Predictions(sizes >= self.k, codes=codes, proba=proba, seen=seen)

    def _votes(self, places: Iterator[NDArray[Any]], rows: int) -> NDArray[Any]:
        """(c, rows, t) votes; of too few rows they mean nothing."""
        votes = np.zeros((self.c, rows, self.places.t), self.places.numbers.dtype)
        for place in places:
            code = place & (1 << self.bits) - 1
            for c in range(1, self.c):
                votes[c] += code if self.c == 2 else code == c
        votes[0] = self.k
        for c in range(1, self.c):
            votes[0] -= votes[c]
        return votes


class NearestNumbersWalk:
    """Walks of a KNeighborsRegressor."""

    def __init__(self, method: NearestNumbers) -> None:
        y = method.problem.y
        self.k, self.flat = method.k, y.ndim == 1
        n, t = method.order.shape
        # the number of a row's rank for a test point is where its value stands
        told = np.broadcast_to(np.arange(t), (n, t))
        self.places = _Places(method.order, t, told, self.k)
        values = y.reshape(n, -1)[method.order].reshape(n * t, -1)
        self.values = np.concatenate(
            [values, np.zeros((1, values.shape[1]))]
        )  # of places that nobody has taken

    def along(self, walk: Walk, want: frozenset[str]) -> Iterator[Predictions]:
        """Answers for the subsets in order, some at a time."""
        values = self.values[:, 0] if self.flat else self.values
        for low, high, places in self.places.along(walk):
            numbers: Floats = np.zeros((high - low, self.places.t, *values.shape[1:]))
            for place in places:
                numbers += values.take(place, axis=0)
            numbers /= self.k
            yield Predictions(walk.sizes[low:high] >= self.k, numbers=numbers)
