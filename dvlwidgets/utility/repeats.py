"""The utility of a subset as the mean of several fits of a stochastic model.

All repetitions of a subset are made at once, seeded by the subset and the repetition's number, and their number
follows from their scores. So the mean is a function of the subset: the same in every process, cached or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .cache_config import CachedFuncConfig
from .seeding import may_draw_globally, seedable


@dataclass(frozen=True)
class Repeats:
    """When the mean of repetitions is good enough.

    Attributes:
        least: repetitions at least.
        most: repetitions at most.
        rtol: ends once the standard error of each mean is at most this share of it.
    """

    least: int
    most: int
    rtol: float

    def mean(self, score: Callable[[int], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Mean of the scores (m,) of repetitions 0, 1, ... until it is good enough."""
        scores = [score(repetition) for repetition in range(self.least)]
        while len(scores) < self.most and not self._enough(np.stack(scores)):
            scores.append(score(len(scores)))
        mean: NDArray[np.float64] = np.stack(scores).mean(axis=0)
        return mean

    def _enough(self, scores: NDArray[np.float64]) -> bool:
        stderr = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
        return bool((stderr <= self.rtol * np.abs(scores.mean(axis=0))).all())


def repeats_of(config: CachedFuncConfig, model: Any) -> Repeats | None:
    """The repetitions that a configuration asks for.

    Raises:
        InputError: for a model that gives the same score each time.
    """
    if not config.allow_repeated_evaluations:
        return None
    if not seedable(model) and not may_draw_globally(model):
        raise InputError(
            f"allow_repeated_evaluations=True, but {type(model).__name__} has no random_state that is None: it gives "
            "the same score each time. Set random_state=None in the model, or leave the repetitions out."
        )
    return Repeats(config.min_repetitions, config.max_repetitions, config.rtol_stderr)
