"""What a chunk of test points says of each point: the mean of its values and their sum of squared deviations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .knn_kernels import BLOCK, Floats, Worth


@dataclass(frozen=True)
class Block:
    """Mean and sum of squared deviations over a chunk of test points, each of shape (n,), and the mean ends (2,)."""

    points: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    ends: NDArray[np.float64]
    seconds: float
    failure: str | None = None


def moments(pieces: Iterable[Worth], n: int) -> tuple[Floats, Floats, Floats]:
    """Means (n,), sums of squared deviations (n,), and the mean ends (2,) over all test points.

    Deviations from the means of the first piece are summed: close enough to those of all that no digits are lost.

    Args:
        pieces: values of some test points each, which are overwritten.
        n: points.
    """
    points, ends = 0, np.zeros(2)
    middle, total, squares = np.zeros(n), np.zeros(n), np.zeros(n)
    for worth in pieces:
        ends += worth.empty.sum(), worth.full.sum()
        for a in range(0, n, BLOCK):
            part = slice(a, a + BLOCK)
            values = worth.values[:, part]
            if not points:
                middle[part] = values.mean(axis=0)
            values -= middle[part]
            total[part] += _sum(values)
            squares[part] += _sum(np.square(values, out=values))
        points += len(worth.values)
    total /= points
    squares -= points * total**2
    return middle + total, np.maximum(squares, 0.0, out=squares), ends / points


def _sum(values: Floats) -> Floats:
    found: Floats = values[0] if len(values) == 1 else values.sum(axis=0)
    return found
