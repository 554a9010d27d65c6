"""How far the training points speak against a test point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import Arrays, Reducer, Shape, as_numpy


class Disagreement(Reducer):
    """Of the influence that the training points have on a test point, the share that hurts it.

    `result()`: `against` and `moved` (n_test,), in float64: the sums of |negative influences| and of |influences|.
    `share()` is their ratio. Where a test point's label is right most of the influence helps it; where it is wrong its
    true neighbours hurt it, and the share is above a half. At an optimum without weight decay the training points'
    gradients sum to zero, and so do their influences on a test point: then all shares are near a half.
    """

    name = "disagreement"
    merges = True

    def blank(self, shape: Shape) -> Arrays:
        return {"against": np.zeros(shape.n_test), "moved": np.zeros(shape.n_test)}

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        against = scores.clamp(max=0.0).sum(1, dtype=torch.float64).neg()
        total = scores.sum(1, dtype=torch.float64)
        return {"against": as_numpy(against), "moved": as_numpy(total + 2 * against)}

    def fold(self, part: Mapping[str, NDArray[Any]], train: slice) -> None:
        for name, sums in part.items():
            self.arrays[name] = self.arrays[name] + sums

    def share(self) -> NDArray[np.float64]:
        """The share that hurts, (n_test,), of the training points looked at so far; NaN where nothing moves one."""
        against, moved = self.arrays["against"], self.arrays["moved"]
        known = moved > 0
        found = np.full(len(moved), np.nan)
        found[known] = np.clip(against[known] / moved[known], 0.0, 1.0)
        return found
