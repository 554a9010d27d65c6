"""The training points at both ends of a test point's influences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from .reducers.top import extremes


@dataclass(frozen=True)
class Ranked:
    """The training points that help and harm a test point most, among those that are known.

    Attributes:
        helpful: positions, highest influence first, shape (k,).
        helpful_scores: their influences.
        harmful: positions, lowest influence first, shape (k,).
        harmful_scores: their influences.
        scores: of all training points, shape (n_train,), NaN where not known yet.
    """

    helpful: NDArray[np.int64]
    helpful_scores: NDArray[np.float32]
    harmful: NDArray[np.int64]
    harmful_scores: NDArray[np.float32]
    scores: NDArray[np.float32]

    @staticmethod
    def of(scores: NDArray[np.float32], k: int) -> Ranked:
        """From all scores; among equal ones the lowest positions come first."""
        return Ranked(*_ends(scores, k, largest=True), *_ends(scores, k, largest=False), scores)


def _ends(
    scores: NDArray[np.float32], k: int, *, largest: bool
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Positions and values of the k most extreme known scores."""
    positions = np.flatnonzero(np.isfinite(scores))
    if not len(positions):
        return positions, scores[positions]
    at, values = extremes(torch.from_numpy(scores[positions])[None], k, largest=largest)
    return positions[at[0].numpy()], values[0].numpy()
