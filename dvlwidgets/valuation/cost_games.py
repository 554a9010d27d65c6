"""Games in which a coalition's worth is what it costs: shared runways and shared roads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arguments import whole
from ..errors import InputError
from ..typing import Masks, SizeLaw, Values
from .game import Game, chance_of_none
from .result import ValuationResult

RUNWAYS = np.repeat(np.arange(1, 11), [8, 12, 6, 14, 8, 9, 13, 10, 10, 10])
"""Runway that each of 100 aircraft movements needs, in units of cost."""


class AirportGame(Game):
    """Aircraft that share a runway: a coalition costs what its most demanding member needs.

    Littlechild & Owen, A simple expression for the Shapley value in a special case (Management Science, 1973).

    Args:
        n: number of players; 100 without `costs`.
        costs: what each player needs alone, not negative.
    """

    def __init__(self, n: int = 100, costs: Sequence[float] | None = None) -> None:
        given = np.asarray(RUNWAYS if costs is None else costs, dtype=float)
        if given.shape != (whole("n", n, 1, "It is the number of aircraft."),):
            raise InputError(
                f"n={n}, but there are {given.size} costs. Pass one cost a player, or n=100 without."
            )
        if not (given >= 0).all() or not np.isfinite(given).all():
            raise InputError("costs must be finite and not negative.")
        super().__init__(n)
        self.costs = given

    def worth(self, masks: Masks) -> NDArray[np.float64]:
        costs: NDArray[np.float64] = np.where(np.asarray(masks, bool), self.costs, 0.0).max(axis=1)
        return costs

    def semivalue(self, law: SizeLaw) -> Values:
        """A player pays each piece of runway that nobody in the coalition joined needs."""
        p = self._law(law)
        ends = np.unique(self.costs)
        users = [int((self.costs >= end).sum()) for end in ends]
        pieces = np.diff(ends, prepend=0.0) * [chance_of_none(p, m - 1) for m in users]
        return np.cumsum(pieces)[np.searchsorted(ends, self.costs)]

    def least_core_values(self) -> ValuationResult:
        """Everybody pays what it needs alone, less the same rebate, but never less than nothing.

        With payments that are not negative, a coalition lacks most where it is one player alone: nobody adds to the
        runway of a more demanding one. So the subsidy is the e for which the sum of max(cost - e, 0) is the largest
        cost.
        """
        e = 0.0
        if self.n > 1 and self.costs.any():
            ordered = np.sort(self.costs)[::-1]
            rebates = (np.cumsum(ordered) - ordered[0]) / np.arange(1, self.n + 1)  # if so many pay
            e = float(rebates[np.flatnonzero(rebates <= ordered)[-1]])
        return self._result(np.maximum(self.costs - e, 0.0), "least core", subsidy=e)

    def __repr__(self) -> str:
        own = "" if np.array_equal(self.costs, RUNWAYS) else f", costs={self.costs.tolist()}"
        return f"AirportGame(n={self.n}{own})"


class MinimumSpanningTreeGame(Game):
    """Houses on a ring road that want to be connected to a source, as cheaply as may be.

    Links between neighbours cost 1, a link to the source n + 1, so every unbroken stretch of the coalition pays one
    link to the source: v(S) = |S| + n x number of stretches.

    Args:
        n: number of houses, at least 3.
    """

    def __init__(self, n: int = 100) -> None:
        super().__init__(whole("n", n, 3, "It is the number of houses; fewer make no ring."))

    def worth(self, masks: Masks) -> NDArray[np.float64]:
        m = np.asarray(masks, bool)
        stretches = (m & ~np.roll(m, 1, axis=1)).sum(axis=1) + m.all(axis=1)
        costs: NDArray[np.float64] = m.sum(axis=1) + float(self.n) * stretches
        return costs

    def semivalue(self, law: SizeLaw) -> Values:
        """Joining k others opens a stretch and closes one per neighbour, 2k / (n - 1) of them on average.

        The last house of the ring is the exception: its two neighbours are of the same stretch already.
        """
        p = self._law(law)
        opened = 1.0 - 2.0 * np.arange(self.n) / (self.n - 1)
        opened[-1] = 0.0
        return np.full(self.n, p.sum() + self.n * (p @ opened))

    def least_core_values(self) -> ValuationResult:
        """2 for everybody, by symmetry; every second house on its own lacks most, n - 1 each."""
        subsidy = float((self.n - 1) * (self.n // 2))
        return self._result(np.full(self.n, 2.0), "least core", subsidy=subsidy)

    def __repr__(self) -> str:
        return f"MinimumSpanningTreeGame(n={self.n})"
