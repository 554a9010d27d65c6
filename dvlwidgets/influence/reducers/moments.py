"""Mean, sum, least, greatest, negatives and variance of each training point's influences."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .base import Arrays, Over, Reducer, Shape, as_numpy, block_of, check_labels, check_over, groups, suffix
from .base import missing_labels as missing

STATISTICS = ("mean", "sum", "min", "max", "negatives", "variance")


class Moments(Reducer):
    """Per training point, over test points: mean, sum, min, max, count of negatives, variance (of the population).

    Args:
        over: "all" test points, those of the same "label", or those of one class number.

    Sums are taken in float64. Without a test point in the group, `sum` and `negatives` are 0 and the rest is NaN.
    """

    def __init__(self, over: Over = "all") -> None:
        self.over = check_over(over)
        end = suffix(over)
        self.name = f"moments{end}"
        self.columns = tuple(f"{statistic}{end}" for statistic in STATISTICS)

    def check(self, shape: Shape) -> None:
        check_labels(shape, self.over, "Moments")

    def blank(self, shape: Shape) -> Arrays:
        return {name: np.full(shape.n_train, np.nan) for name in self.columns}

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        found = {name: np.full(scores.shape[1], np.nan) for name in self.columns}
        for rows, columns in groups(self.shape, train, self.over):
            for name, values in zip(self.columns, moments(block_of(scores, rows, columns)), strict=True):
                found[name][columns] = as_numpy(values)
        return found

    def notes(self) -> tuple[str, ...]:
        return missing(self.shape, self.over, self.columns[0])


def moments(scores: Tensor) -> list[Tensor]:
    """`STATISTICS` of the columns of (m, w), each of shape (w,) in float64."""
    m, w = scores.shape
    total = scores.sum(0, dtype=torch.float64)
    negatives = (scores < 0).sum(0).to(torch.float64)
    if m == 0:
        unknown = torch.full((w,), torch.nan, dtype=torch.float64)
        return [unknown, total, unknown, unknown, negatives, unknown]
    mean = total / m
    # differences from a mean that was rounded; what the rounding adds to their squares is known
    about = mean.to(scores.dtype)
    squares = (scores - about).square_().sum(0, dtype=torch.float64) / m
    variance = (squares - (mean - about.double()).square()).clamp(min=0.0)
    return [mean, total, scores.amin(0).double(), scores.amax(0).double(), negatives, variance]
