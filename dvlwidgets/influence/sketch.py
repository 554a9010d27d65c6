"""Random projections of gradients that keep inner products: sparse Johnson-Lindenstrauss sketches."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..engine.draws import words

SKETCHES = 60
"""The stream of random words that sketches are drawn from."""

REPEATS = 4
"""Buckets that each coordinate is added to: one would be quicker and noisier."""


class Sketch:
    """A linear map from p to k numbers, drawn from a seed: each coordinate goes, with random signs, to a few buckets.

    Kane & Nelson, Sparser Johnson-Lindenstrauss transforms (J. ACM 2014). The map is never a p x k matrix: it is
    applied at p x 4 additions a row.

    Args:
        p: numbers that go in.
        k: numbers that come out.
        seed: decides the map.
        number: another map of the same seed.
    """

    def __init__(self, p: int, k: int, *, seed: int, number: int = 0) -> None:
        self.p, self.k = p, k
        raw = words(seed, SKETCHES, number, p * REPEATS)
        signs = (raw & np.uint64(1)).astype(np.float32) * 2.0 - 1.0
        # each repeat has buckets of its own, so that no coordinate cancels itself
        width = max(1, k // REPEATS)
        own = (raw >> np.uint64(1)) % np.uint64(width)
        first = (np.arange(p * REPEATS) // p) * width
        buckets = (own.astype(np.int64) + first) % k
        self._buckets = torch.from_numpy(buckets).reshape(REPEATS, p)
        self._signs = torch.from_numpy(signs / np.float32(np.sqrt(REPEATS))).reshape(REPEATS, p)

    def __call__(self, rows: Tensor) -> Tensor:
        """Rows of shape (B, p) as rows of shape (B, k)."""
        out = rows.new_zeros(len(rows), self.k)
        for buckets, signs in zip(self._buckets, self._signs, strict=True):
            out.index_add_(1, buckets.to(rows.device), rows * signs.to(rows))
        return out
