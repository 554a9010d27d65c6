"""Exact quantiles of each training point's influences, by selection within its tile."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...arguments import number
from ...errors import InputError
from .base import Arrays, Over, Reducer, Shape, as_numpy, block_of, check_labels, check_over, groups
from .base import missing_labels as missing


class Quantile(Reducer):
    """Per training point, the quantile of its influences over test points, as `numpy.quantile` defines it (linear).

    A low quantile over test points of the same label says that the point harms most of those that it should help: a
    candidate for a wrong label.

    Args:
        fraction: from 0 to 1.
        over: test points of the same "label", "all", or those of one class number.
        name: of the column; by default quantile, quantile_all or quantile_of_3.

    The whole column is in one tile, so nothing is approximated; a group without a test point gives NaN.
    """

    def __init__(self, fraction: float = 0.25, *, over: Over = "label", name: str | None = None) -> None:
        self.fraction = number("fraction", fraction, "It is from 0 to 1, such as 0.25.")
        if not 0.0 <= self.fraction <= 1.0:
            raise InputError(f"fraction={fraction} was given; expected a number from 0 to 1, such as 0.25.")
        self.over = check_over(over)
        own = {"label": "quantile", "all": "quantile_all"}.get(str(over), f"quantile_of_{over}")
        self.name = own if name is None else name
        self.columns = (self.name,)

    def check(self, shape: Shape) -> None:
        check_labels(shape, self.over, "Quantile")

    def blank(self, shape: Shape) -> Arrays:
        return {self.name: np.full(shape.n_train, np.nan)}

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        found = np.full(scores.shape[1], np.nan)
        for rows, columns in groups(self.shape, train, self.over):
            found[columns] = quantiles(block_of(scores, rows, columns), self.fraction)
        return {self.name: found}

    def notes(self) -> tuple[str, ...]:
        return missing(self.shape, self.over, self.name)


def quantiles(scores: Tensor, fraction: float) -> NDArray[np.float64]:
    """The quantile of each column of (m, w): shape (w,), NaN for m = 0."""
    m, w = scores.shape
    if m == 0:
        return np.full(w, np.nan)
    at = (m - 1) * fraction
    below = math.floor(at)
    low, high = neighbours(scores, below)
    share = at - below
    step = high - low
    # from the nearer end, as numpy does it, so that the bits are numpy's
    found: NDArray[np.float64] = low + step * share if share < 0.5 else high - step * (1.0 - share)
    return found


def neighbours(scores: Tensor, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The k-th smallest (from 0) of each column and the one above it (itself for the last), each (w,)."""
    m = len(scores)
    if scores.device.type == "cpu":
        columns = np.array(scores.detach().numpy().T, order="C", dtype=_wide(scores.dtype))
        columns.partition(k, axis=1)  # what lies behind k is no smaller: its least is the next
        low = columns[:, k]
        high = columns[:, k + 1 :].min(axis=1) if k + 1 < m else low
        return low.astype(np.float64), high.astype(np.float64)
    turned = scores.T.contiguous()
    picked = [torch.kthvalue(turned, at + 1, dim=1).values for at in (k, min(k + 1, m - 1))]
    return as_numpy(picked[0].double()), as_numpy(picked[1].double())


def _wide(dtype: torch.dtype) -> type[np.floating]:
    return np.float64 if dtype == torch.float64 else np.float32
