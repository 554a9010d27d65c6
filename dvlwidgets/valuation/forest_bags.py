"""The bags of a forest's trees, drawn again: scikit-learn's own draws in less than half of its time.

A forest keeps a seed for each tree, and scikit-learn draws the rows again whenever it is asked: by a new generator for
each tree, as numbers below a power of two, of which those that are rows are kept, one after the other. NumPy promises
that the numbers of this generator never change, so one generator, seeded again for each tree, gives the same numbers
many at once. The first and the last bag are compared with scikit-learn's; should one differ, all are scikit-learn's.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def drawn_again(model: Any, rows: int, whole: int) -> tuple[NDArray[np.bool_], list[NDArray[np.intp]]] | None:
    """Which rows each tree of a fitted forest has not seen, and some whole bags.

    Args:
        model: a fitted bagging model of scikit-learn.
        rows: of the data.
        whole: of so many trees the bags are wanted.

    Returns:
        Booleans (trees, rows) and arrays of the rows drawn, with repetitions; None where the draws are not known to be
        scikit-learn's: other models than forests, weights of rows, one row, other versions.
    """
    seeds = _seeds(model, rows)
    if seeds is None:
        return None
    stream, size = np.random.RandomState(0), int(model._n_samples_bootstrap)  # noqa: SLF001
    out = np.empty((len(seeds), rows), np.bool_)
    bags = []
    for at, seed in enumerate(seeds):
        stream.seed(seed)
        words = _words(stream, rows, size)
        if at < whole or at == len(seeds) - 1:
            bags.append(words[words < rows])
        missed = np.ones(_room(rows), np.bool_)
        missed[words] = False
        out[at] = missed[:rows]
    for at, bag in ((0, bags[0]), (-1, bags[-1])):
        if not np.array_equal(bag, _asked(model, at)):
            return None
    return out, bags[:whole]


def _seeds(model: Any, rows: int) -> Sequence[int] | None:
    """The seeds of a forest's bags, if they are drawn as is known here."""
    from sklearn.ensemble._forest import BaseForest

    if not isinstance(model, BaseForest) or not model.bootstrap or rows < 2:
        return None
    known = getattr(model, "_n_samples", None) == rows and hasattr(model, "_n_samples_bootstrap")
    if not known or getattr(model, "_sample_weight", None) is not None:
        return None
    seeds: list[Any] = [getattr(tree, "random_state", None) for tree in model.estimators_]
    return seeds if seeds and all(isinstance(seed, int | np.integer) for seed in seeds) else None


def _room(rows: int) -> int:
    """The power of two below which numbers are drawn."""
    return 1 << (rows - 1).bit_length()


def _words(stream: np.random.RandomState, rows: int, size: int) -> NDArray[np.intp]:
    """Numbers below a power of two, so many that `size` of them are below `rows`; the last one is.

    They are the generator's 32-bit words without their upper bits, as `randint(0, rows)` looks at them.
    """
    room = _room(rows)
    share = rows / room
    parts, missing = [], size
    while missing > 0:
        likely = int(missing / share + 5 * np.sqrt(missing * (1 - share)) / share) + 8
        parts.append(stream.randint(0, room, likely))
        missing -= int(np.count_nonzero(parts[-1] < rows))
    words = parts[0] if len(parts) == 1 else np.concatenate(parts)
    # of the last ones that are rows, -missing are too many
    tail = 4 * (8 - missing)
    last = np.flatnonzero(words[-tail:] < rows)
    if len(last) <= -missing:
        tail, last = len(words), np.flatnonzero(words < rows)
    return words[: max(0, len(words) - tail) + int(last[missing - 1]) + 1]


def _asked(model: Any, at: int) -> NDArray[Any]:
    """The bag of one tree, by scikit-learn."""
    one = copy.copy(model)
    one.estimators_ = [model.estimators_[at]]
    return np.asarray(one.estimators_samples_[0])
