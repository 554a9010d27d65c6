"""How far the training points of a test point's own label speak against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .base import Arrays, Reducer, Shape, as_numpy


class Disagreement(Reducer):
    """Of the influence that the training points of its own label have on a test point, the share that hurts it.

    `result()`: `against` and `moved` (n_test,), in float64: the sums of |negative influences| and of |influences| over
    the training points of the test point's label; over all training points where there are no classes. `share()` is
    their ratio: near 0 where its class stands behind a test point, near 1 where its class speaks against it, as it does
    where the test point's label is wrong. (All training points together would say little: near an optimum their
    gradients sum to about zero, so about half of the influence hurts every test point.)
    """

    name = "disagreement"
    merges = True

    def blank(self, shape: Shape) -> Arrays:
        return {"against": np.zeros(shape.n_test), "moved": np.zeros(shape.n_test)}

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        own = scores
        if self.shape.has_labels:
            tests, trained = np.asarray(self.shape.test_labels), np.asarray(self.shape.train_labels)[train]
            same = torch.from_numpy(tests[:, None] == trained[None, :]).to(scores.device)
            own = scores * same
        against = own.clamp(max=0.0).sum(1, dtype=torch.float64).neg()
        return {
            "against": as_numpy(against),
            "moved": as_numpy(own.sum(1, dtype=torch.float64) + 2 * against),
        }

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
