"""When a spread tells nothing yet: before sizes that are drawn rarely and count much have been seen.

A sample without its rare heavy observations looks calm, so its standard error is too small just where it matters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HEAVY = 4.0
"""A size is heavy when its observations count so many times their stratum's mean."""

ENOUGH = 20.0
"""Heavy sizes are believed once so many observations of them are expected."""

SHARE = 0.5
"""They matter where their mass exceeds this share of 1 / sqrt(observations), roughly a standard error."""


def too_few(draws: Floats, masses: Floats, seen: NDArray[np.int64]) -> bool:
    """Whether heavy sizes have too few observations for a standard error.

    Args:
        draws: law of the sizes in each stratum, shape (strata, n).
        masses: what each size adds to the value's weights there, shape (strata, n); all together about 1.
        seen: observations of each stratum, shape (strata,).
    """
    mean = masses.sum(axis=1, keepdims=True)
    ratio = np.divide(masses, draws * mean, out=np.zeros_like(draws), where=draws * mean > 0)
    order = np.argsort(-ratio, axis=1, kind="stable")
    heavy = np.take_along_axis(ratio, order, axis=1) > HEAVY
    if not heavy.any():
        return False
    drawn = np.cumsum(np.take_along_axis(draws, order, axis=1) * heavy, axis=1) * seen[:, None]
    missing = np.take_along_axis(masses, order, axis=1) * (heavy & (drawn < ENOUGH))
    return bool(missing.sum() > SHARE / np.sqrt(max(1.0, float(seen.sum()))))
