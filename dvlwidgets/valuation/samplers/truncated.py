"""Walks that a policy cuts short, and what earlier rounds tell it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...engine.moments import Moments, add
from ...engine.records import FAILED, TRUNCATED, Evaluations, join_evaluations
from ...typing import Masks
from ...utility.bound import BoundUtility
from .truncation import Truncation

_AHEAD = 16
"""The first chunk of a walk that may be stopped."""


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
    """Growing sets until the policy stops; the rest repeats the last utility.

    They are evaluated one after the other, or, where the utility says that it `looks_ahead`, in chunks that double:
    what a chunk holds beyond the stop is forgotten.
    """
    done: list[Evaluations] = []
    ahead = bool(getattr(utility, "looks_ahead", False))
    low, size, stopped = 0, _AHEAD if ahead else 1, False
    while low < len(masks) and not stopped:
        found, stopped = _until(utility, masks[low : low + size], policy, full)
        done.append(found)
        low, size = low + len(found.status), 2 * size if ahead else 1
    rest = len(masks) - low
    cut = Evaluations(np.repeat(done[-1].values[-1:], rest, axis=0), np.full(rest, TRUNCATED, np.uint8))
    return join_evaluations([*done, cut])


def _until(utility: BoundUtility, masks: Masks, policy: Truncation, full: float) -> tuple[Evaluations, bool]:
    """Some growing sets up to the one after which the policy stops, and whether it stops."""
    try:
        found = utility.evaluate(masks)
    except Exception:
        if len(masks) == 1:
            raise
        return _one_by_one(utility, masks, policy, full)  # the set that raises may lie beyond the stop
    for j, size in enumerate(masks.sum(axis=1).tolist()):
        if policy.stops(size, masks.shape[1], float(found.values[j, 0]), full):
            status = found.status[: j + 1]
            failure = found.failure if (status == FAILED).any() else None
            return replace(found, values=found.values[: j + 1], status=status, failure=failure), True
    return found, False


def _one_by_one(
    utility: BoundUtility, masks: Masks, policy: Truncation, full: float
) -> tuple[Evaluations, bool]:
    done, stopped = [], False
    for j in range(len(masks)):
        found, stopped = _until(utility, masks[j : j + 1], policy, full)
        done.append(found)
        if stopped:
            break
    return join_evaluations(done), stopped


def part(evaluations: Evaluations, lo: int, hi: int) -> Evaluations:
    """Some rows, for their values and status."""
    return Evaluations(evaluations.values[lo:hi], evaluations.status[lo:hi])
