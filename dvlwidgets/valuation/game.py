"""A cooperative game whose semivalues are known: an oracle for every estimator of values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ..data.dataset import Dataset
from ..engine.records import Estimate
from ..errors import InputError
from ..typing import Masks, SizeLaw, Values
from ..utility.function import FunctionUtility
from .result import Status, ValuationResult
from .semivalue import banzhaf_law, shapley_law

UNIT = "units of the game"


MOST_LISTED = 20
"""Players of a game whose coalitions are listed one by one."""


class LeastCoreProblem(NamedTuple):
    """Payments x and a subsidy e solve it if A_lb x + e >= utility_values, none and all excepted, with the smallest e.

    Attributes:
        utility_values: worth of the 2**n coalitions, none first and all last; coalition c has the players that are
            bits of c.
        A_lb: shape (2**n, n), 1 where a player is in a coalition.
    """

    utility_values: NDArray[np.float64]
    A_lb: NDArray[np.float64]


class NoClosedFormError(InputError, NotImplementedError):
    """Nobody gave a formula for what was asked for."""


class Game(ABC):
    """n players and what each coalition of them is worth.

    Attributes:
        n: number of players.
    """

    def __init__(self, n: int) -> None:
        self.n = n

    @abstractmethod
    def worth(self, masks: Masks) -> NDArray[np.float64]:
        """Worth of coalitions, one a row of `masks`: (B, n) -> (B,)."""

    @abstractmethod
    def semivalue(self, law: SizeLaw) -> Values:
        """Exact semivalue of each player, shape (n,).

        Args:
            law: probabilities of the sizes 0..n-1 of the coalition that a player joins; see `valuation.semivalue`.
        """

    @cached_property
    def data(self) -> Dataset:
        """The players as the points of a data set; features and labels mean nothing."""
        numbers = np.arange(self.n)
        return Dataset(
            numbers[:, None].astype(float),
            np.zeros(self.n, int),
            data_names=self.players(),
            description=f"players of {self!r}",
        )

    @cached_property
    def u(self) -> FunctionUtility:
        """The game as a utility: `valuation = ShapleyValuation(game.u, ...)`, then `valuation.fit(game.data)`."""
        return FunctionUtility(self.worth, key=self.key())

    def players(self) -> list[str]:
        """A name for each player."""
        return [f"player {i}" for i in range(self.n)]

    def key(self) -> str:
        """A text that is the same for the same game only."""
        return repr(self)

    def shapley_values(self) -> ValuationResult:
        """Exact Shapley values."""
        return self._result(self.semivalue(shapley_law(self.n)), "Shapley values")

    def banzhaf_values(self) -> ValuationResult:
        """Exact Banzhaf values."""
        return self._result(self.semivalue(banzhaf_law(self.n)), "Banzhaf values")

    def least_core_values(self) -> ValuationResult:
        """A point of the least core, with the smallest `subsidy` as an extra value.

        The subsidy is the smallest e for which payments x that sum to the worth of all exist such that no coalition,
        other than none and all, could get more than e on top of what it is paid: sum of x over S + e >= v(S).

        Raises:
            NoClosedFormError: where there is no formula.
        """
        raise NoClosedFormError(
            f"no closed form of the least core of {self!r} is known here. Use ExactLeastCoreValuation for few players."
        )

    def least_core_problem(self) -> LeastCoreProblem:
        """Every coalition and what it is worth, the constraints of the least core's linear program.

        Raises:
            InputError: above 20 players.
        """
        if self.n > MOST_LISTED:
            raise InputError(
                f"{self!r} has 2**{self.n} coalitions; at most {MOST_LISTED} players can be listed. Use "
                "MonteCarloLeastCoreValuation for a sample of them."
            )
        coalitions: Masks = ((np.arange(2**self.n)[:, None] >> np.arange(self.n)) & 1) == 1
        return LeastCoreProblem(self.worth(coalitions), coalitions.astype(np.float64))

    def _result(self, values: Values, algorithm: str, **extra: Any) -> ValuationResult:
        exact = Estimate(values, np.zeros(self.n), np.ones(self.n, np.int64))
        return ValuationResult.from_estimate(
            exact,
            ids=self.data.ids,
            names=self.data.names,
            fingerprint=self.data.fingerprint,
            algorithm=algorithm,
            status=Status.Converged,
            provenance=None,
            unit=UNIT,
            extra_values=extra,
        )

    def _law(self, law: SizeLaw) -> SizeLaw:
        p = np.asarray(law, dtype=float)
        if p.shape != (self.n,) or not np.isfinite(p).all():
            raise InputError(
                f"a law of shape {p.shape} was given; expected a probability for each of the sizes 0..{self.n - 1}."
            )
        return p


class SizeGame(Game):
    """A game in which only the number of players counts; subclasses say what each number is worth."""

    @abstractmethod
    def worth_of_sizes(self) -> NDArray[np.float64]:
        """Worth of 0..n players, shape (n + 1,)."""

    def worth(self, masks: Masks) -> NDArray[np.float64]:
        worths: NDArray[np.float64] = self.worth_of_sizes()[np.asarray(masks, bool).sum(axis=1)]
        return worths

    def semivalue(self, law: SizeLaw) -> Values:
        return np.full(self.n, self._law(law) @ np.diff(self.worth_of_sizes()))

    def least_core_values(self) -> ValuationResult:
        """The same for everybody: averaging payments over all orders of the players needs no larger subsidy."""
        f, s = self.worth_of_sizes(), np.arange(self.n + 1)
        fair = (f[-1] - f[0]) / self.n
        subsidy = np.max((f - f[0] - s * fair)[1:-1]) if self.n > 1 else 0.0
        return self._result(np.full(self.n, fair), "least core", subsidy=float(subsidy))


def log_choose(n: int | NDArray[Any], k: int | NDArray[Any]) -> NDArray[np.float64]:
    """Logarithm of the binomial coefficient; -inf where k is outside of 0..n."""
    n, k = np.asarray(n, float), np.asarray(k, float)
    inside = (k >= 0) & (k <= n)
    k = np.where(inside, k, 0.0)
    m = np.where(inside, n, 0.0)
    return np.where(inside, gammaln(m + 1) - gammaln(k + 1) - gammaln(m - k + 1), -np.inf)


def chance_of_none(law: SizeLaw, others: int) -> float:
    """Chance that a coalition drawn by a law has none of so many given players, out of n - 1."""
    n = len(law)
    k = np.arange(n)
    return float(law @ np.exp(log_choose(n - 1 - others, k) - log_choose(n - 1, k)))
