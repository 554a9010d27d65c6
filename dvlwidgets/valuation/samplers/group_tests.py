"""Group tests: random subsets whose utilities estimate all differences of Shapley values at once.

Subsets of size k = 1..n-1 are drawn with probability q(k) proportional to 1/k + 1/(n - k). With Z = 2 (1 + 1/2 + ... +
1/(n - 1)), the mean of Z v(S) ([i in S] - [j in S]) is the difference of the Shapley values of i and j (Jia et al.,
Towards efficient data valuation based on the Shapley value, AISTATS 2019). Jia et al. then look for any values that sum
to v(N) - v(empty) and differ as estimated, up to epsilon / (2 sqrt(n)). No solver is needed: the estimated differences
are differences of d_i, the mean of Z v(S) [i in S], so that d_i minus its mean, plus (v(N) - v(empty)) / n, meets all
constraints with nothing to spare. It is the centre of their feasible region, the least-squares solution, unbiased, and
a mean of independent terms, hence with honest standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import number, whole
from ...engine.draws import SUBSETS, Memo, random_subsets
from ...engine.moments import Moments, merge
from ...engine.records import Estimate, Evaluations
from ...errors import InputError
from ...typing import DrawLaw, Masks, SizeLaw
from ...utility.bound import BoundUtility, First


@dataclass(frozen=True)
class TestStats:
    """Moments of each test's terms, shape (n,), and the two exact ends."""

    __test__ = False  # pytest, this is no test

    moments: Moments
    empty: float
    full: float


@dataclass(frozen=True)
class GroupTests:
    """At most `n_samples` tests of n points."""

    n: int
    n_samples: int
    seed: int
    step_rows: int = 64
    round_steps: int = 8
    divisible: bool = True
    stream: int = SUBSETS
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ("Jia et al., Towards efficient data valuation, AISTATS 2019",)
    memo: Memo = field(init=False, repr=False, compare=False, default_factory=Memo)

    @property
    def draw_law(self) -> DrawLaw:
        return group_test_law(self.n)

    @property
    def total_steps(self) -> int:
        return -(-self.n_samples // self.step_rows)

    def rows(self, step: int) -> int:
        return min(self.step_rows, self.n_samples - step * self.step_rows)

    def units(self, steps: int) -> int:
        return min(self.n_samples, steps * self.step_rows)

    def masks(self, step: int) -> Masks:
        return self.memo.get(step, self._draw)

    def _draw(self, step: int) -> Masks:
        # the whole step, so that a longer run draws the same
        return random_subsets(self.seed, self.stream, step, self.step_rows, self.draw_law)

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        return utility.evaluate(self.masks(step)[lo:hi])

    def initial(self, first: First) -> TestStats:
        return TestStats(Moments.zeros(self.n), float(first.empty[0]), float(first.full[0]))

    def fold(self, stats: TestStats, step: int, evaluations: Evaluations) -> TestStats:
        utilities = evaluations.values[:, 0]
        masks = self.masks(step)[: len(utilities)]
        # a constant taken off changes no mean, and much of the spread; this one makes values blind to constants
        surplus = utilities - (stats.empty + stats.full) / 2.0
        lean = masks - masks.mean(axis=1, keepdims=True)
        terms = harmonic(self.n) * surplus[:, None] * lean
        return TestStats(merge(stats.moments, _moments(terms)), stats.empty, stats.full)

    def estimate(self, stats: TestStats) -> Estimate:
        m, share = stats.moments, (stats.full - stats.empty) / self.n
        values = np.where(m.count > 0, m.mean + share, np.nan)
        return Estimate(values, np.sqrt(m.variance_of_mean()), m.count)

    def exact(self, stats: TestStats) -> bool:
        return False

    def steps_for_updates(self, updates: int) -> int | None:
        return min(self.total_steps, -(-updates // self.step_rows))

    def identity(self) -> dict[str, Any]:
        return {"draws": "subsets by size, 32 bits", "sizes": self.draw_law.tolist(), "step": self.step_rows}


@dataclass(frozen=True)
class GroupTesting:
    """So many group tests, and how close all values together are wanted."""

    n_samples: int
    epsilon: float
    seed: int | None = None

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> GroupTests:
        """Tests for n points; the law is Shapley's."""
        return GroupTests(n, self.n_samples, seed, notes=(self._promise(n),) if n > 1 else ())

    def _promise(self, n: int) -> str:
        """What the number of tests guarantees, in words."""
        doubt = failure_chance(self.n_samples, self.epsilon, n)
        if doubt < 0.5:
            return (
                f"all values together are within {self.epsilon:g} of the true ones (Euclidean norm) with probability "
                f"at least {math.floor((1.0 - doubt) * 1000) / 10:g} %, if all scores lie within one unit"
            )
        return (
            f"{self.n_samples:,} tests guarantee nothing at epsilon={self.epsilon:g}; "
            f"{compute_n_samples(self.epsilon, 0.05, n):,} would, with probability 95 %. The standard errors hold"
        )


def _moments(rows: NDArray[np.float64]) -> Moments:
    """Moments of the rows of an array, each of weight 1."""
    mean, seen = rows.mean(axis=0), np.full(rows.shape[1], len(rows))
    weight = seen.astype(np.float64)
    return Moments(seen, weight, weight, mean, ((rows - mean) ** 2).sum(axis=0))


def group_test_law(n: int) -> DrawLaw:
    """q(k) proportional to 1/k + 1/(n - k) for k = 1..n-1, shape (n + 1,)."""
    k = np.arange(1, n)
    law = np.zeros(n + 1)
    law[1:n] = (1.0 / k + 1.0 / (n - k)) / harmonic(n)
    return law


def harmonic(n: int) -> float:
    """Z = 2 (1 + 1/2 + ... + 1/(n - 1)), which makes the law sum to 1."""
    return 2.0 * math.fsum(1.0 / k for k in range(1, n))


def agreement(n: int) -> float:
    """Chance that a test has both or neither of two given points."""
    k = np.arange(1, n)
    return float(group_test_law(n)[1:n] @ (1.0 + 2.0 * k * (k - n) / (n * (n - 1.0))))


def compute_n_samples(epsilon: float, delta: float, n_obs: int, utility_range: float = 1.0) -> int:
    """Group tests that bring all Shapley values together within epsilon, with probability 1 - delta.

    T >= 8 log(n (n - 1) / (2 delta)) / ((1 - q^2) h(epsilon / (Z r sqrt(n) (1 - q^2)))), where
    h(u) = (1 + u) log(1 + u) - u, q is the chance that a test treats two points alike, and r the range of the utility.
    It is a worst case; the standard errors of a run are usually far smaller.

    Args:
        epsilon: Euclidean norm of the error of all values, above 0.
        delta: chance of a larger error, between 0 and 1.
        n_obs: points, at least 2.
        utility_range: largest minus smallest possible score.

    Raises:
        InputTypeError, InputError: for anything else.

    References:
        Jia et al., Towards efficient data valuation based on the Shapley value (AISTATS 2019).
    """
    hint = "compute_n_samples(0.1, 0.05, 100), for example."
    n = whole("n_obs", n_obs, 2, hint)
    if not number("epsilon", epsilon, hint) > 0:
        raise InputError(f"epsilon must be above 0, not {epsilon}. {hint}")
    if not 0 < number("delta", delta, hint) < 1:
        raise InputError(f"delta must lie between 0 and 1, not {delta}. {hint}")
    if not number("utility_range", utility_range, hint) > 0:
        raise InputError(f"utility_range must be above 0, not {utility_range}. {hint}")
    return math.ceil(math.log(n * (n - 1) / (2.0 * delta)) / _per_test(epsilon, n, utility_range))


def failure_chance(n_samples: int, epsilon: float, n: int) -> float:
    """Bound on the chance that so many tests err by more than epsilon: the inverse of `compute_n_samples`."""
    return min(1.0, n * (n - 1) / 2.0 * math.exp(-n_samples * _per_test(epsilon, n, 1.0)))


def _per_test(epsilon: float, n: int, utility_range: float) -> float:
    """What each test takes off the logarithm of the chance of a larger error."""
    room = 1.0 - agreement(n) ** 2
    u = epsilon / (harmonic(n) * utility_range * math.sqrt(n) * room)
    # the difference would lose all digits of a small u
    h = u * u / 2.0 - u**3 / 6.0 if u < 1e-4 else (1.0 + u) * math.log1p(u) - u
    return room * h / 8.0
