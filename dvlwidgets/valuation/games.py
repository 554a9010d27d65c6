"""Games with closed forms, for whoever writes or checks a method of valuation.

    game = ShoesGame(left=2, right=3)
    valuation = ShapleyValuation(game.u, PermutationSampler(), MaxUpdates(1000)).fit(game.data)
    game.shapley_values().values  # what the valuation should find

Each knows every semivalue (`game.semivalue(law)`, of which Shapley and Banzhaf are two) by a formula of its own; tests
compare the formulas with enumeration. Games and their Shapley values: Castro, Gomez & Tejada, Polynomial calculation of
the Shapley value based on sampling (Computers & Operations Research, 2009).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arguments import whole
from ..data.identity import digest
from ..errors import InputError
from ..typing import Masks, SizeLaw, Values
from .cost_games import AirportGame, MinimumSpanningTreeGame
from .game import Game, NoClosedFormError, SizeGame, log_choose
from .result import ValuationResult

__all__ = [
    "AirportGame",
    "AsymmetricVotingGame",
    "Game",
    "MinerGame",
    "MinimumSpanningTreeGame",
    "NoClosedFormError",
    "PairwiseGame",
    "ShoesGame",
    "SymmetricVotingGame",
]

ELECTORS = np.repeat(
    [45, 41, 27, 26, 25, 21, 17, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3],
    [1, 1, 1, 2, 1, 1, 2, 1, 2, 3, 1, 4, 4, 2, 4, 4, 1, 9, 7],
)
"""Electors of the 50 states and Washington, D.C. in the 1970s, 538 in all."""


class SymmetricVotingGame(SizeGame):
    """A vote that more than half of the players win; worth 1 then, else 0.

    Args:
        n: number of players, even.
    """

    def __init__(self, n: int) -> None:
        if whole("n", n, 2, "It is the number of players, and even.") % 2:
            raise InputError(f"n must be even, not {n}: with an odd number there is no tie to break.")
        super().__init__(n)

    def worth_of_sizes(self) -> NDArray[np.float64]:
        return (np.arange(self.n + 1) > self.n / 2).astype(float)

    def __repr__(self) -> str:
        return f"SymmetricVotingGame(n={self.n})"


class MinerGame(SizeGame):
    """Miners who carry gold bars, two miners a bar.

    Args:
        n: number of miners, at least 3.

    Raises:
        InputError, InputTypeError: for another number.
    """

    def __init__(self, n: int) -> None:
        super().__init__(whole("n", n, 3, "It is the number of miners: MinerGame(7), for example."))

    def worth_of_sizes(self) -> NDArray[np.float64]:
        return (np.arange(self.n + 1) // 2).astype(float)

    def __repr__(self) -> str:
        return f"MinerGame(n={self.n})"


class ShoesGame(Game):
    """Owners of one left or one right shoe each; a coalition is worth its pairs.

    Args:
        left: owners of a left shoe; they are the first players.
        right: owners of a right shoe.

    Raises:
        InputError, InputTypeError: for numbers below 1.
    """

    def __init__(self, left: int, right: int) -> None:
        for side, owners in (("left", left), ("right", right)):
            whole(side, owners, 1, "It is how many own such a shoe: ShoesGame(left=2, right=3), for example.")
        super().__init__(left + right)
        self.left, self.right = left, right

    def players(self) -> list[str]:
        return [f"left {i}" for i in range(self.left)] + [f"right {i}" for i in range(self.right)]

    def worth(self, masks: Masks) -> NDArray[np.float64]:
        m = np.asarray(masks, bool)
        pairs: NDArray[np.int64] = np.minimum(m[:, : self.left].sum(axis=1), m[:, self.left :].sum(axis=1))
        return pairs.astype(float)

    def semivalue(self, law: SizeLaw) -> Values:
        p = self._law(law)
        sides = [
            self._chance_of_a_pair(p, self.left, self.right),
            self._chance_of_a_pair(p, self.right, self.left),
        ]
        return np.repeat(sides, [self.left, self.right])

    def _chance_of_a_pair(self, law: SizeLaw, own: int, other: int) -> float:
        """Chance that the coalition joined has more shoes of the other side (b) than of one's own (a)."""
        a, b = np.arange(own)[:, None], np.arange(other + 1)[None, :]
        log = log_choose(own - 1, a) + log_choose(other, b) - log_choose(self.n - 1, a + b)
        return float(np.sum(np.where(b > a, np.exp(log) * law[np.minimum(a + b, self.n - 1)], 0.0)))

    def least_core_values(self) -> ValuationResult:
        """The scarce side gets all; with as many shoes on each side, everybody gets a half."""
        if self.left == self.right:
            # two lone players can be kept together for less than nothing: each alone is worth 0, and is paid a half
            values, subsidy = np.full(self.n, 0.5), -0.5 if self.n == 2 else 0.0
        else:
            values, subsidy = (
                np.repeat([self.left < self.right, self.right < self.left], [self.left, self.right]),
                0.0,
            )
        return self._result(values.astype(float), "least core", subsidy=subsidy)

    def __repr__(self) -> str:
        return f"ShoesGame(left={self.left}, right={self.right})"


class AsymmetricVotingGame(Game):
    """A vote with weights: a coalition is worth 1 with more than half of all weight, else 0.

    Args:
        n: number of players; 51 without `weights`, the electoral college of the United States in the 1970s.
        weights: positive whole numbers, one a player.
    """

    def __init__(self, n: int = 51, weights: Sequence[int] | None = None) -> None:
        given = ELECTORS if weights is None else np.asarray(weights)
        if given.shape != (whole("n", n, 1, "It is the number of players."),):
            raise InputError(
                f"n={n}, but there are {given.size} weights. Pass one weight a player, or n=51 without."
            )
        if given.dtype.kind not in "iu" or (given < 1).any():
            raise InputError(
                "weights must be positive whole numbers: the formula counts coalitions by their weight."
            )
        super().__init__(n)
        self.weights = given.astype(np.int64)

    def worth(self, masks: Masks) -> NDArray[np.float64]:
        weight: NDArray[np.int64] = np.asarray(masks, bool) @ self.weights
        wins: NDArray[np.bool_] = 2 * weight > self.weights.sum()
        return wins.astype(float)

    def semivalue(self, law: SizeLaw) -> Values:
        p = self._law(law)
        share = p * np.exp(-log_choose(self.n - 1, np.arange(self.n)))  # chance of one coalition of each size
        by_weight = {w: float(self._swings(w) @ share) for w in np.unique(self.weights).tolist()}
        return np.array([by_weight[w] for w in self.weights.tolist()])

    def _swings(self, weight: int) -> NDArray[np.float64]:
        """How many coalitions of each size 0..n-1 lose without, and win with, a player of this weight."""
        others = self.weights.tolist()
        others.remove(weight)
        total = int(self.weights.sum())
        count = np.zeros((self.n, total + 1))  # coalitions of the others by size and weight
        count[0, 0] = 1.0
        for w in others:
            count[1:, w:] += count[:-1, : total + 1 - w].copy()
        losing = total // 2
        swings: NDArray[np.float64] = count[:, max(0, losing - weight + 1) : losing + 1].sum(axis=1)
        return swings

    def __repr__(self) -> str:
        own = "" if np.array_equal(self.weights, ELECTORS) else f", weights={self.weights.tolist()}"
        return f"AsymmetricVotingGame(n={self.n}{own})"


class PairwiseGame(Game):
    """A smooth random game: every player and every pair of players adds its own random amount.

    Its coefficients are multiples of 2^-24, so that worths are exact sums: the same bits for any batch of coalitions.

    Args:
        n: number of players.
        seed: of the coefficients.
        interaction: how much the pairs matter; 0 makes the game additive.
    """

    def __init__(self, n: int, seed: int = 0, *, interaction: float = 1.0) -> None:
        super().__init__(whole("n", n, 1, "It is the number of players."))
        self.seed, self.interaction = seed, interaction
        rng = np.random.default_rng(seed)
        self.base, self.alone = _on_grid(rng.normal(size=1)), _on_grid(rng.normal(size=n))
        half = np.triu(_on_grid(rng.normal(size=(n, n)) * (interaction / np.sqrt(n))), k=1)
        self.together = half + half.T

    def worth(self, masks: Masks) -> NDArray[np.float64]:
        m = np.asarray(masks, bool).astype(float)
        worths: NDArray[np.float64] = self.base + m @ self.alone + ((m @ self.together) * m).sum(axis=1) / 2
        return worths

    def semivalue(self, law: SizeLaw) -> Values:
        """Another player is in a coalition of k out of n - 1 with chance k / (n - 1)."""
        p = self._law(law)
        met = p @ np.arange(self.n) / max(self.n - 1, 1)
        values: Values = p.sum() * self.alone + met * self.together.sum(axis=1)
        return values

    def key(self) -> str:
        return f"{self!r} {digest([self.base, self.alone, self.together])}"  # NumPy may draw other numbers one day

    def __repr__(self) -> str:
        return f"PairwiseGame(n={self.n}, seed={self.seed}, interaction={self.interaction:g})"


def _on_grid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(x * 2.0**24) / 2.0**24
