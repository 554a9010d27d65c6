"""What dropping points does to a score on data that neither the model nor the values have seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.dataset import Dataset
from ..engine.draws import permutation, words
from ..errors import InputError
from ..utility.model import ModelUtility
from ..utility.scorer import SupervisedScorer

_STREAM = 64
"""Random removals never share draws with a sampler."""


@dataclass(frozen=True)
class DropJudgement:
    """Scores of a model fitted with and without some points, all on the same unseen data.

    Attributes:
        metric: what the scores are.
        before: with all points.
        after: without the chosen points.
        random: without as many points drawn at random, once per repeat; shape (repeats,).
        dropped: how many points.
    """

    metric: str
    before: float
    after: float
    random: NDArray[np.float64]
    dropped: int

    @property
    def better_than_random(self) -> bool:
        """Whether dropping the chosen points is at least as good as the mean random removal."""
        return bool(self.after >= self.random.mean())

    def __str__(self) -> str:
        return (
            f"{self.metric}: {self.before:.3f} with all points, {self.after:.3f} without the {self.dropped} chosen; "
            f"without {self.dropped} at random {self.random.mean():.3f} "
            f"({self.random.min():.3f} to {self.random.max():.3f} in {len(self.random)} draws)"
        )


def judge_dropping(
    model: Any, scorer: SupervisedScorer, train: Dataset, drop: ArrayLike, *, repeats: int = 5, seed: int = 0
) -> tuple[DropJudgement, ...]:
    """Refit without the points in `drop`, and without as many random ones, and score each fit.

    Args:
        model: as for `ModelUtility`.
        scorer: scores on the judging data: a third split, not the one that the values were computed on.
        train: the training data.
        drop: positions of the points to drop, shape (k,).
        repeats: random removals to compare with.
        seed: of the random removals.

    Returns:
        One judgement per metric of the scorer, in its order.

    Raises:
        InputError: if `drop` is empty, holds all points, repeats one or leaves 0..n-1, or repeats < 1.
    """
    n, chosen = len(train), np.asarray(drop)
    if chosen.ndim != 1 or not 0 < len(chosen) < n or chosen.dtype.kind not in "iu":
        raise InputError(
            f"drop must hold between 1 and {n - 1} positions of the {n} training points, "
            f"not {chosen.dtype} of shape {chosen.shape}. From a mask: np.flatnonzero(mask)."
        )
    if chosen.min() < 0 or chosen.max() >= n or len(np.unique(chosen)) < len(chosen):
        raise InputError(f"drop must hold different positions from 0 to {n - 1}; check how they were made.")
    if repeats < 1:
        raise InputError(f"repeats must be at least 1, not {repeats}: one random removal to compare with.")
    masks = np.ones((2 + repeats, n), np.bool_)
    masks[1, chosen] = False
    for r in range(repeats):
        masks[2 + r, permutation(words(seed, _STREAM, r, n))[: len(chosen)]] = False
    scores = ModelUtility(model, scorer, catch_errors=False).with_dataset(train).evaluate(masks).values
    return tuple(
        DropJudgement(name, float(column[0]), float(column[1]), column[2:].copy(), len(chosen))
        for name, column in zip(scorer.names, scores.T, strict=True)
    )
