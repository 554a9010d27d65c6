"""What the engine asks of a utility once it is bound to a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..counts import many
from ..engine.records import Evaluations
from ..errors import InputError
from ..typing import Masks, Utilities


@dataclass(frozen=True)
class First:
    """The ends of every walk, evaluated and checked before anything else.

    Attributes:
        empty: utility of no points, shape (m,).
        full: utility of all points, shape (m,).
        seconds: time of the full fit, the announced cost of one evaluation.
    """

    empty: NDArray[np.float64]
    full: NDArray[np.float64]
    seconds: float
    failure: str | None = None


class BoundUtility(Protocol):
    """A function of subsets: `utility(masks)` gives scores, `evaluate(masks)` gives them with their status.

    Attributes:
        n: logical points.
        metrics: names of the m scores.
        notes: what a reader of the values must know.
        batched: whether the last bits of a score may depend on which subsets are scored together with it; such a
            utility is always given whole steps, whatever the workers.
    """

    n: int
    metrics: tuple[str, ...]
    notes: tuple[str, ...]
    batched: bool

    def first(self) -> First:
        """The empty and the full set, errors raised."""
        ...

    def evaluate(self, masks: Masks) -> Evaluations:
        """Scores of subsets, shape (B, m), failures as data."""
        ...

    def __call__(self, masks: Masks) -> Utilities:
        """Scores of subsets: (B,) with one metric, (B, m) with several."""
        ...

    def key_parts(self) -> dict[str, str]:
        """What the utility is, part by part, as hashes; raises UnhashableError if that cannot be said."""
        ...


def check_masks(masks: Any, n: int) -> Masks:
    """Masks as a boolean array of shape (B, n), or a refusal.

    Raises:
        InputError: for another shape, or numbers that are not all 0 and 1.
    """
    array = np.asarray(masks)
    if array.ndim != 2 or array.shape[1] != n:
        raise InputError(
            f"masks must have shape (B, {n}), one row a subset of {many(n, 'point')}, not {array.shape}. "
            "For one subset pass mask[None, :]."
        )
    if array.dtype != np.bool_:
        if not np.isin(array, (0, 1)).all():
            raise InputError(
                "masks must be boolean (True = in the subset); these hold other numbers. "
                "To pass indices, use Utility.from_set_function or build a mask."
            )
        array = array.astype(np.bool_)
    return array
