"""The sum of each test point's influences over all training points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import Arrays, Reducer, Shape, as_numpy


class RowSums(Reducer):
    """`row_sums` (n_test,), in float64: what all training points together do to a test point."""

    name = "row_sums"
    merges = True

    def blank(self, shape: Shape) -> Arrays:
        return {"row_sums": np.zeros(shape.n_test)}

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        return {"row_sums": as_numpy(scores.sum(1, dtype=torch.float64))}

    def fold(self, part: Mapping[str, NDArray[Any]], train: slice) -> None:
        self.arrays["row_sums"] = self.arrays["row_sums"] + part["row_sums"]
