"""Walks of models that are made of sums over rows: the sums run on from subset to subset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .predictions import Predictions
from .problem import Floats, Problem
from .walk import Walk, piece


class Summed(Protocol):
    """A method whose models are made of sums.

    Attributes:
        problem: the data.
        sums: (n, q) what is summed over the rows of a subset, each times its weight.
    """

    @property
    def problem(self) -> Problem: ...

    @property
    def sums(self) -> Floats: ...

    def of_sums(self, sums: Floats, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        """Answers from sums (b, q) of the subsets `masks` (b, n)."""
        ...


class SummedWalk:
    """Walks of a method that is made of sums."""

    def __init__(self, method: Summed) -> None:
        self.method = method

    def along(self, walk: Walk, want: frozenset[str]) -> Iterator[Predictions]:
        """Answers for the subsets in order, some at a time."""
        weights = self.method.problem.weights
        begin, before = 0, np.zeros(self.method.sums.shape[1])
        width = piece(len(self.method.problem.x_test))
        for low in range(0, len(walk.sizes), width):
            sizes = walk.sizes[low : low + width]
            rows = walk.order[begin : sizes[-1]]
            sums = self.method.sums[rows]
            if weights is not None:
                sums *= weights[rows, None]
            if len(sums) > len(sizes):  # several rows come in at once
                sums = np.add.reduceat(sums, np.concatenate([[0], sizes[:-1] - begin]), axis=0)
            sums[0] += before
            np.cumsum(sums, axis=0, out=sums)
            begin, before = int(sizes[-1]), sums[-1].copy()
            yield self.method.of_sums(sums, walk.masks(low, low + len(sizes)), want)
