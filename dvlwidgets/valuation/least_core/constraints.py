"""What subsets are worth, packed: n / 8 + 8 bytes a subset, and what payments give them, without unpacking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...typing import Masks, Values

CHUNK = 65_536
"""Subsets looked at together: the sums of a chunk stay in the processor's cache."""


@dataclass(frozen=True)
class Constraints:
    """Every subset S scored so far should be paid at least its worth, up to the subsidy: x(S) + e >= v(S).

    Attributes:
        n: points.
        packed: the subsets, shape (T, ceil(n / 8)), bits in NumPy's order.
        worth: v(S) - v(empty), shape (T,).
        total: v(N) - v(empty), which the payments sum to.
    """

    n: int
    packed: NDArray[np.uint8]
    worth: NDArray[np.float64]
    total: float

    @classmethod
    def of(cls, masks: Masks, worth: NDArray[np.float64], total: float) -> Constraints:
        """From masks of shape (T, n)."""
        return cls(masks.shape[1], np.packbits(masks, axis=1), np.asarray(worth, float), float(total))

    def __len__(self) -> int:
        return len(self.worth)

    @property
    def scale(self) -> float:
        """What tolerances are relative to; 1 for a game that is worth nothing."""
        largest = max(abs(self.total), float(np.abs(self.worth).max(initial=0.0)))
        return largest if largest > 0.0 else 1.0

    def rows(self, at: NDArray[np.intp]) -> NDArray[np.float64]:
        """Some subsets as 0 and 1, shape (k, n)."""
        return np.unpackbits(self.packed[at], axis=1, count=self.n).astype(np.float64)

    def missing(self, x: Values) -> NDArray[np.float64]:
        """v(S) - x(S), what each subset lacks, shape (T,).

        The sum of a byte's eight payments is looked up in a table of its 256 values.
        """
        padded = np.zeros(8 * self.packed.shape[1])
        padded[: self.n] = x
        bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float64)
        tables = padded.reshape(-1, 8) @ bits.T
        lacks = self.worth.copy()
        for start in range(0, len(self), CHUNK):
            part = slice(start, start + CHUNK)
            for column, table in zip(self.packed[part].T, tables, strict=True):
                lacks[part] -= table[column]
        return lacks
