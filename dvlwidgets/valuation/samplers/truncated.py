"""Walks that a policy cuts short, and what earlier rounds tell it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.moments import Moments, add
from ...engine.records import TRUNCATED, Evaluations, join_evaluations
from ...typing import Masks
from ...utility.bound import BoundUtility
from .truncation import Truncation


@dataclass(frozen=True)
class Spread:
    """How much utilities of sets of one size differ: moments by size, shape (n + 1,), of what was evaluated."""

    moments: Moments

    @classmethod
    def none(cls, n: int) -> Spread:
        """Of nothing."""
        return cls(Moments.zeros(n + 1))

    def seen(self, sizes: NDArray[np.intp], evaluations: Evaluations) -> Spread:
        """With the utilities of one more walk, of sets of these sizes."""
        x, weight = np.zeros(self.moments.mean.shape), np.zeros(self.moments.mean.shape)
        x[sizes], weight[sizes] = evaluations.values[:, 0], evaluations.status != TRUNCATED
        return Spread(add(self.moments, x, weight))

    def deviation(self) -> float | None:
        """The standard deviation from the mean of the size, or None before two sets of one size."""
        free = int(np.maximum(self.moments.count - 1, 0).sum())
        return float(np.sqrt(self.moments.m2.sum() / free)) if free else None


def evaluate_walk(utility: BoundUtility, masks: Masks, policy: Truncation, full: float) -> Evaluations:
    """Growing sets one after the other until the policy stops; the rest repeats the last utility."""
    done: list[Evaluations] = []
    for j in range(len(masks)):
        done.append(utility.evaluate(masks[j : j + 1]))
        if policy.stops(int(masks[j].sum()), masks.shape[1], float(done[-1].values[0, 0]), full):
            break
    rest = len(masks) - len(done)
    cut = Evaluations(np.repeat(done[-1].values, rest, axis=0), np.full(rest, TRUNCATED, np.uint8))
    return join_evaluations([*done, cut])


def part(evaluations: Evaluations, lo: int, hi: int) -> Evaluations:
    """Some rows, for their values and status."""
    return Evaluations(evaluations.values[lo:hi], evaluations.status[lo:hi])
