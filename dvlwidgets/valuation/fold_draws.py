"""Which fold each point falls into: seeded, balanced, stratified."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def folds(raw: NDArray[np.uint64], cv: int, classes: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """A fold for each point: sizes differ by at most one, and so does each class's share of the folds.

    Points are put in random order, class after class, and dealt out like cards.

    Args:
        raw: one random word a point, shape (n,).
        cv: number of folds, at most n.
        classes: class of each point, or None.

    Returns:
        Shape (n,), each between 0 and cv - 1.
    """
    order = np.argsort(raw, kind="stable") if classes is None else np.lexsort((raw, classes))
    found = np.empty(len(raw), np.intp)
    found[order] = np.arange(len(raw)) % cv
    return found
