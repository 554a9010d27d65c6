"""Walks along random permutations: each point's marginal is a difference of two neighbouring prefixes.

A walk's position of a point is uniform, so a marginal at position k (k points before it) counts n p[k] for a
semivalue p: once for Shapley. Castro, Gomez & Tejada (2009); Ghorbani & Zou, Data Shapley (ICML 2019); antithetic
pairs: Mitchell et al., Sampling permutations for Shapley value estimation (JMLR 2022).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import PERMUTATIONS, Memo, permutation, words
from ...engine.moments import Moments, add
from ...engine.records import TRUNCATED, Estimate, Evaluations, join_evaluations
from ...errors import InputError
from ...typing import Masks, SizeLaw
from ...utility.bound import BoundUtility, First
from .checks import check_batch_size, check_seed
from .msr import REFUSE_ABOVE, WARN_ABOVE
from .truncated import Spread, evaluate_walk, part
from .truncation import NoTruncation, Truncation, check_truncation, planned, walk_notes

MOST_PERMUTED = 8
"""8! = 40,320 walks; 9! would be 2.9 million evaluations."""


@dataclass(frozen=True)
class WalkStats:
    """Moments of shape (n,) over walks (or antithetic pairs), the two exact ends, and what policies want to know."""

    moments: Moments
    empty: float
    full: float
    spread: Spread | None = None


@dataclass(frozen=True)
class Walks:
    """Permutations as steps: `kind` is "random", "antithetic" (a walk and its reverse) or "all" (n! in order)."""

    n: int
    law: SizeLaw
    seed: int
    kind: str = "random"
    truncation: Truncation = field(default_factory=NoTruncation)
    stream: int = PERMUTATIONS
    references: tuple[str, ...] = ("Ghorbani & Zou, Data Shapley, ICML 2019",)
    places: Memo = field(init=False, repr=False, compare=False, default_factory=Memo)

    @property
    def walks(self) -> int:
        """Walks in a step."""
        return 2 if self.kind == "antithetic" else 1

    @property
    def round_steps(self) -> int:
        return {"random": 8, "antithetic": 4, "all": 256}[self.kind]

    @property
    def total_steps(self) -> int | None:
        return math.factorial(self.n) if self.kind == "all" else None

    @property
    def divisible(self) -> bool:
        return self.truncation.never

    @property
    def notes(self) -> tuple[str, ...]:
        return walk_notes(self.truncation)

    def rows(self, step: int) -> int:
        return self.walks * (self.n - 1)

    def units(self, steps: int) -> int:
        return steps * self.walks * (self.n - 1)

    def orders(self, step: int) -> NDArray[np.intp]:
        """The permutations of a step, shape (walks, n)."""
        return self.places.get(step, self._orders)

    def _orders(self, step: int) -> NDArray[np.intp]:
        if self.kind == "all":
            return _nth_permutation(step, self.n)[None, :]
        order = permutation(words(self.seed, self.stream, step, self.n))
        return np.stack([order, order[::-1]]) if self.kind == "antithetic" else order[None, :]

    def drawn(self, step: int) -> NDArray[np.intp]:
        """What the checksum of a step is of: its prefixes follow from the orders, and have n times their bytes."""
        return self.orders(step)

    def masks(self, step: int) -> Masks:
        """Proper prefixes, sizes 1..n-1, walk after walk."""
        return self._prefixes(step, 0, self.rows(step))

    def _prefixes(self, step: int, lo: int, hi: int) -> Masks:
        """Some of the prefixes, read-only. They are not kept: n^2 bytes are as soon made as fetched."""
        # n^2 comparisons: the less they read, the better
        small: Any = np.int16 if self.n < 2**15 else np.int64
        places = np.argsort(self.orders(step), axis=1, kind="stable").astype(small)
        masks = np.empty((hi - lo, self.n), np.bool_)
        for walk in range(self.walks):
            begin = walk * (self.n - 1)
            low, high = max(lo, begin), min(hi, begin + self.n - 1)
            sizes = np.arange(low - begin + 1, high - begin + 1, dtype=small)
            np.less(places[walk], sizes[:, None], out=masks[low - lo : max(low, high) - lo])
        masks.flags.writeable = False
        return masks

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        masks = self._prefixes(step, lo, hi)
        if self.truncation.never:
            return utility.evaluate(masks)
        policy, full = planned(self.truncation, plan), float(plan["full"])
        walks = masks.reshape(self.walks, self.n - 1, self.n)
        return join_evaluations([evaluate_walk(utility, walk, policy, full) for walk in walks])

    def initial(self, first: First) -> WalkStats:
        spread = Spread.none(self.n) if hasattr(self.truncation, "planned") else None
        return WalkStats(Moments.zeros(self.n), float(first.empty[0]), float(first.full[0]), spread)

    def plan(self, stats: Any) -> Mapping[str, Any]:
        """What policies may know of earlier rounds."""
        return {} if stats.spread is None else {"deviation": stats.spread.deviation()}

    def fold(self, stats: WalkStats, step: int, evaluations: Evaluations) -> WalkStats:
        prefixes = evaluations.values[:, 0].reshape(self.walks, self.n - 1)
        cut = evaluations.status.reshape(self.walks, self.n - 1)[:, -1] == TRUNCATED
        ends = np.where(cut, prefixes[:, -1], stats.full)
        walks = np.column_stack([np.full(self.walks, stats.empty), prefixes, ends])
        marginals = np.diff(walks, axis=1) * (self.n * self.law)
        observed = np.empty((self.walks, self.n))
        np.put_along_axis(observed, self.orders(step), marginals, axis=1)
        spread = stats.spread
        if spread is not None:
            for lo in range(0, len(evaluations.status), self.n - 1):
                spread = spread.seen(np.arange(1, self.n), part(evaluations, lo, lo + self.n - 1))
        return WalkStats(add(stats.moments, observed.mean(axis=0)), stats.empty, stats.full, spread)

    def estimate(self, stats: WalkStats) -> Estimate:
        seen = stats.moments.count
        counts = seen * self.walks
        if self.kind == "all":
            done = seen >= math.factorial(self.n)
            return Estimate(np.where(done, stats.moments.mean, np.nan), np.where(done, 0.0, np.nan), counts)
        values = np.where(seen > 0, stats.moments.mean, np.nan)
        return Estimate(values, np.sqrt(stats.moments.variance_of_mean()), counts)

    def exact(self, stats: WalkStats) -> bool:
        return self.kind == "all" and bool((stats.moments.count >= math.factorial(self.n)).all())

    def steps_for_updates(self, updates: int) -> int | None:
        return -(-updates // self.walks)

    def identity(self) -> dict[str, Any]:
        return {
            "draws": f"permutations ({self.kind}), orders",
            "truncation": repr(self.truncation),
            "step": self.walks,
        }


def _nth_permutation(index: int, n: int) -> NDArray[np.intp]:
    """The permutation with this index in lexicographic order."""
    left, order = list(range(n)), []
    for k in range(n - 1, -1, -1):
        place, index = divmod(index, math.factorial(k))
        order.append(left.pop(place))
    return np.array(order, np.intp)


@dataclass(frozen=True)
class PermutationSampler:
    """Random permutations, one a step.

    Args:
        truncation: a policy that cuts walks short; None evaluates every prefix.
        seed: integer, or None to draw one (it is recorded).
        batch_size: accepted for pyDVL's sake; a step is one permutation.

    Raises:
        InputTypeError: if truncation is no policy.
    """

    truncation: Truncation | None = None
    seed: int | None = None
    batch_size: int = 1

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_batch_size(self.batch_size)
        check_truncation(self.truncation)

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Walks:
        """Walks over n points for a semivalue.

        Raises:
            InputError: if the semivalue's sizes are met too rarely along permutations.
        """
        check_walk_inflation(law, method)
        return Walks(n, law, seed, "random", self.truncation or NoTruncation())


@dataclass(frozen=True)
class AntitheticPermutationSampler(PermutationSampler):
    """A random permutation and its reverse, as a pair: the pair is the unit of the variance."""

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Walks:
        """Pairs of walks over n points for a semivalue."""
        check_walk_inflation(law, method)
        return Walks(n, law, seed, "antithetic", self.truncation or NoTruncation())


@dataclass(frozen=True)
class DeterministicPermutationSampler(PermutationSampler):
    """All n! permutations in order: exact values for at most 8 points."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.truncation is not None and not self.truncation.never:
            raise InputError(
                f"DeterministicPermutationSampler is exact and takes no {self.truncation!r}: cut walks are biased. "
                "Use PermutationSampler(truncation)."
            )

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Walks:
        """All walks over n points.

        Raises:
            InputError: above 8 points.
        """
        if n > MOST_PERMUTED:
            raise InputError(
                f"DeterministicPermutationSampler walks along all {n}! permutations; at most {MOST_PERMUTED} points "
                "are feasible. Use DeterministicUniformSampler() up to 25 points, else PermutationSampler()."
            )
        return Walks(n, law, seed, "all", self.truncation or NoTruncation())


def check_walk_inflation(law: SizeLaw, method: str) -> None:
    """Warn above 10 times, refuse above 100 times the variance of uniform positions.

    Raises:
        InputError: with the factor and what to use instead.
    """
    factor = len(law) * float(np.sum(law**2))
    if factor <= WARN_ABOVE:
        return
    text = (
        f"permutations meet every size alike, but {method} looks at few sizes: with n = {len(law)} the variance "
        f"grows {factor:,.3g} times. Use MSRSampler(), which draws the sizes that {method} needs."
    )
    if factor > REFUSE_ABOVE:
        raise InputError(text)
    warnings.warn(text, UserWarning, stacklevel=2)
