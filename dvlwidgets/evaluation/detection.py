"""How well low values tell the points that are known to be wrong: by a count, by the whole order, and by a cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    numbers, positions = _checked(values, wrong)
    n = len(numbers)
    k = len(positions) if k is None else k
    if not 1 <= k <= n:
        raise InputError(f"k must lie between 1 and the number of points, {n}, not {k}.")
    lowest = np.argsort(numbers, kind="stable")[:k]  # NaN sorts last
    return Detection(lowest, int(np.isin(lowest, positions).sum()), len(positions), n)


@dataclass(frozen=True)
class DetectionScores:
    """Three scores of how low values tell wrong points, each between 0 and 1.

    Attributes:
        precision: share of wrong points among the k lowest values, k being the number of wrong points.
        average_precision: mean over the wrong points of the precision among all values up to theirs.
        f1: of calling wrong what `two_means_split` puts into the low cluster.
    """

    precision: float
    average_precision: float
    f1: float


def detection_scores(values: ArrayLike, wrong: ArrayLike) -> DetectionScores:
    """The three scores by which methods are compared on injected label noise.

    Args:
        values: shape (n,); NaN means not known and counts as highest.
        wrong: positions of the wrong points, at least one.

    Raises:
        InputError: as `precision_among_lowest`.

    References:
        Jiang et al., OpenDataVal: a unified benchmark for data valuation (NeurIPS 2023), for precision and F1.

    Example:
        >>> detection_scores([0.3, -0.2, 0.1, -0.4], wrong=[1])
        DetectionScores(precision=0.0, average_precision=0.5, f1=0.6666666666666666)
    """
    numbers, positions = _checked(values, wrong)
    is_wrong = np.zeros(len(numbers), np.bool_)
    is_wrong[positions] = True
    low = two_means_split(numbers)
    hits = int((low & is_wrong).sum())
    f1 = 2.0 * hits / (int(low.sum()) + len(positions))
    return DetectionScores(
        precision_among_lowest(numbers, positions).precision, _average_precision(numbers, is_wrong), f1
    )


def two_means_split(values: ArrayLike) -> NDArray[np.bool_]:
    """The low one of the two clusters with the least sum of squared deviations, found exactly.

    In one dimension the best two clusters are a prefix and a suffix of the sorted values, so all n - 1 are tried.

    Args:
        values: shape (n,); NaN is in no cluster.

    Returns:
        Shape (n,): which points are in the low cluster; none if all values are equal.
    """
    numbers = np.asarray(values, dtype=np.float64)
    low = np.zeros(numbers.shape, np.bool_)
    known = np.flatnonzero(~np.isnan(numbers))
    if len(known) < 2 or np.ptp(numbers[known]) == 0.0:
        return low
    order = known[np.argsort(numbers[known], kind="stable")]
    ascending = numbers[order] - numbers[known].mean()  # sums about zero keep their digits
    sizes, sums = np.arange(1, len(order)), np.cumsum(ascending)[:-1]
    total = ascending.sum()
    between = sums**2 / sizes + (total - sums) ** 2 / (len(order) - sizes)
    low[order[: int(np.argmax(between)) + 1]] = True
    return low


def _average_precision(numbers: Values, is_wrong: NDArray[np.bool_]) -> float:
    """Equal values are taken together, so that their order does not matter."""
    numbers = np.where(np.isnan(numbers), np.inf, numbers)
    order = np.argsort(numbers, kind="stable")
    ends = np.ones(len(order), np.bool_)  # the last of each group of equal values
    ends[:-1] = numbers[order[1:]] != numbers[order[:-1]]
    last = np.flatnonzero(ends)
    hits = np.cumsum(is_wrong[order])[last]
    gained = np.diff(hits, prepend=0)
    return float(gained @ (hits / (last + 1)) / is_wrong.sum())


def _checked(values: ArrayLike, wrong: ArrayLike) -> tuple[Values, Indices]:
    """Numbers and positions, or a refusal in words."""
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
    return numbers, positions.astype(np.intp)
