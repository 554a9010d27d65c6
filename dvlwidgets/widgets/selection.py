"""Which points a copy holds: all where they fit, else the lowest, the highest, the edited ones and a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEED = 0
"""Of the sample: the same values give the same copy."""
SHARE = 4
"""The lowest, the highest and the edited points get at most one part in so many each."""


@dataclass(frozen=True)
class Selection:
    """Some of n points.

    Attributes:
        n: all points.
        positions: of those that are held, ascending.
        lowest: how many are held because their values are the lowest.
        highest: the same for the highest.
        edited: how many more are held because they were edited.
        sample: how many are drawn from the others.
    """

    n: int
    positions: NDArray[np.intp]
    lowest: int = 0
    highest: int = 0
    edited: int = 0
    sample: int = 0

    @property
    def whole(self) -> bool:
        """Whether all points are held."""
        return self.positions.size == self.n

    def sentence(self) -> str:
        """The same in words."""
        if self.whole:
            return "all points"
        if not self.positions.size:
            return "no single points"
        words = [f"the {self.lowest:,} lowest", f"the {self.highest:,} highest"]
        if self.edited:
            words.append(f"{self.edited:,} more that were edited")
        rest = self.n - self.lowest - self.highest - self.edited
        return f"{', '.join(words)} and {self.sample:,} of the other {rest:,}, drawn uniformly (seed {SEED})"


def everything(n: int) -> Selection:
    """All points."""
    return Selection(n, np.arange(n))


def choose(order: NDArray[np.intp], known: int, edited: NDArray[np.intp], k: int) -> Selection:
    """K of the points.

    Args:
        order: positions in the order of their values, those without a value last.
        known: how many have a value.
        edited: positions of the points that were edited.
        k: how many to hold, fewer than there are.
    """
    n = order.size
    part = k // SHARE
    lowest = order[: min(part, known)]
    highest = order[max(lowest.size, known - part) : known]
    held = np.zeros(n, dtype=bool)
    held[lowest] = held[highest] = True
    more = edited[~held[edited]][:part]
    held[more] = True
    rest = np.flatnonzero(~held)
    count = min(k - lowest.size - highest.size - more.size, rest.size)
    drawn = rest[np.random.default_rng(SEED).choice(rest.size, count, replace=False, shuffle=False)]
    held[drawn] = True
    return Selection(n, np.flatnonzero(held), lowest.size, highest.size, more.size, count)
