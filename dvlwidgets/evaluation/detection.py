"""How many of the lowest-valued points are the ones that are known to be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..typing import Indices, Values


@dataclass(frozen=True)
class Detection:
    """What the `k` lowest values hold.

    Attributes:
        lowest: positions of the k lowest values, the lowest first.
        hits: how many of them are truly wrong.
        wrong: how many wrong points there are in all.
        n: number of points.
    """

    lowest: Indices
    hits: int
    wrong: int
    n: int

    @property
    def precision(self) -> float:
        """Share of the lowest that is wrong."""
        return self.hits / len(self.lowest)

    @property
    def chance(self) -> float:
        """The precision that picking at random has on average."""
        return self.wrong / self.n

    @property
    def recall(self) -> float:
        """Share of the wrong points that is among the lowest."""
        return self.hits / self.wrong

    def __str__(self) -> str:
        return (
            f"{self.hits} of the {len(self.lowest)} lowest values are wrong labels "
            f"({self.precision:.0%}; picking at random: {self.chance:.0%})"
        )


def precision_among_lowest(values: ArrayLike, wrong: ArrayLike, k: int | None = None) -> Detection:
    """Compare the lowest values with the points that are known to be wrong.

    Args:
        values: shape (n,); NaN means not known yet and counts as highest. Equal values keep their order.
        wrong: positions of the wrong points, at least one.
        k: how many of the lowest to look at; by default as many as are wrong.

    Raises:
        InputError: if `wrong` is empty, repeats a position or leaves 0..n-1, or k is not within 1..n.

    Example:
        >>> precision_among_lowest([0.3, -0.2, 0.1, -0.4], wrong=[1]).precision
        0.0
        >>> precision_among_lowest([0.3, -0.2, 0.1, -0.4], wrong=[1], k=2).precision
        0.5
    """
    numbers: Values = np.asarray(values, dtype=np.float64)
    positions = np.asarray(wrong)
    if numbers.ndim != 1 or not len(numbers):
        raise InputError(f"values must have shape (n,) with n > 0, not {numbers.shape}. Pass result.values.")
    n = len(numbers)
    if positions.ndim != 1 or not len(positions) or positions.dtype.kind not in "iu":
        raise InputError(
            f"wrong must be a list of at least one position, not an array of {positions.dtype} "
            f"with shape {positions.shape}. From a mask: np.flatnonzero(mask)."
        )
    if positions.min() < 0 or positions.max() >= n or len(np.unique(positions)) < len(positions):
        raise InputError(f"wrong must hold different positions from 0 to {n - 1}; check how they were made.")
    k = len(positions) if k is None else k
    if not 1 <= k <= n:
        raise InputError(f"k must lie between 1 and the number of points, {n}, not {k}.")
    lowest = np.argsort(numbers, kind="stable")[:k]  # NaN sorts last
    return Detection(lowest, int(np.isin(lowest, positions).sum()), len(positions), n)
