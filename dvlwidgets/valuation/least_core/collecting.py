"""Any sampler's subsets as the constraints of a least core: a sampler for the loop, and its job."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.records import TRUNCATED, Estimate, Evaluations
from ...typing import Masks
from ...utility.bound import BoundUtility, First
from ..samplers.plans import BoundSampler
from ..subset_job import SubsetJob
from .constraints import Constraints
from .subsidy import least_subsidy
from .vertex import most_equal

SHARE = 0.05
"""What the programs of partial values may take of a run's time. What frames show may hang on it, the end does not."""


@dataclass
class Collection:
    """Subsets and their worth, and the last solution; it belongs to the loop that folds it.

    `rows` are kept, of `seen` ones; `solved_at` were seen when the programs were solved last, in `seconds`; `spent`
    are the seconds of all solutions so far, `began` is when the run did (or went on).
    """

    empty: float
    full: float
    packed: list[NDArray[np.uint8]] = field(default_factory=list)
    worth: list[NDArray[np.float64]] = field(default_factory=list)
    rows: int = 0
    seen: int = 0
    solved: Estimate | None = None
    solved_at: int = 0
    seconds: float = 0.0
    spent: float = 0.0
    began: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True)
class Collecting:
    """At most `n_samples` evaluations of an inner sampler, kept as constraints.

    Attributes:
        inner: who draws.
        seed: of its draws.
        n_samples: None takes all there are.
        non_negative: whether the subsidy must not be negative.
        options: of SciPy's HiGHS.
    """

    inner: BoundSampler
    seed: int
    n_samples: int | None
    non_negative: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = (
        "Yan & Procaccia, If you like Shapley then you'll love the core, AAAI 2021",
    )
    fixed_reason = "the least core weighs no sizes"

    def __post_init__(self) -> None:
        if getattr(self.inner, "seed", self.seed) != self.seed:  # replaced, to fold a journal of another seed
            object.__setattr__(self, "inner", replace(self.inner, seed=self.seed))  # type: ignore[type-var]

    @property
    def n(self) -> int:
        return self.inner.n

    @property
    def stream(self) -> int:
        return self.inner.stream

    @property
    def round_steps(self) -> int:
        return self.inner.round_steps

    @property
    def divisible(self) -> bool:
        return self.inner.divisible

    @property
    def notes(self) -> tuple[str, ...]:
        return self.inner.notes

    @cached_property
    def total_steps(self) -> int | None:
        """Steps that hold n_samples evaluations, or all there are."""
        end, units, high = self.inner.total_steps, self.inner.units, 1
        if self.n_samples is None or (end is not None and units(end) <= self.n_samples):
            return end
        while units(high) < self.n_samples:
            high *= 2
        return bisect_left(range(high), self.n_samples, key=units)

    def rows(self, step: int) -> int:
        whole = self.inner.rows(step)
        if self.n_samples is None or not self.inner.divisible:  # a walk that may be cut short stays whole
            return whole
        return max(0, min(whole, self.n_samples - self.inner.units(step)))

    def units(self, steps: int) -> int:
        whole = self.inner.units(steps)
        return whole if self.n_samples is None or not self.inner.divisible else min(whole, self.n_samples)

    def masks(self, step: int) -> Masks:
        return self.inner.masks(step)

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        return self.inner.evaluate(utility, plan, step, lo, hi)

    def initial(self, first: First) -> Collection:
        return Collection(float(first.empty[0]), float(first.full[0]))

    def fold(self, stats: Collection, step: int, evaluations: Evaluations) -> Collection:
        worth = evaluations.values[:, 0] - stats.empty
        masks = self.masks(step)[: len(worth)]
        sizes = masks.sum(axis=1)
        # none and all are no constraints, and what was cut off was not scored
        keep = (sizes > 0) & (sizes < self.n) & (evaluations.status != TRUNCATED)
        stats.packed.append(np.packbits(masks[keep], axis=1))
        stats.worth.append(worth[keep])
        stats.rows += int(keep.sum())
        stats.seen += len(worth)
        return stats

    def estimate(self, stats: Collection) -> Estimate:
        """Payments; their standard errors are 0 if every subset was scored, and else not known."""
        if stats.solved is None or (stats.seen > stats.solved_at and self._due(stats)):
            start = time.perf_counter()
            stats.solved = self._solve(stats)
            stats.solved_at, stats.seconds = stats.seen, time.perf_counter() - start
            stats.spent += stats.seconds
        return stats.solved

    def _due(self, stats: Collection) -> bool:
        """Whether the programs should be solved again: at the end, or if that takes a small share of the run."""
        expected = stats.seconds * (stats.seen / max(1, stats.solved_at)) ** 2
        affordable = stats.spent + expected <= SHARE * (time.perf_counter() - stats.began)
        return affordable or self._complete(stats)

    def _solve(self, stats: Collection) -> Estimate:
        nothing = np.full(self.n, np.nan)
        if not stats.rows:
            return Estimate(nothing, nothing.copy(), np.zeros(self.n, np.int64))
        stats.packed, stats.worth = [np.concatenate(stats.packed)], [np.concatenate(stats.worth)]
        c = Constraints(self.n, stats.packed[0], stats.worth[0], stats.full - stats.empty)
        # nothing is taken over from earlier solutions: when they were made is an accident, and would show in the bits
        found = least_subsidy(c, non_negative=self.non_negative, options=self.options)
        equal = most_equal(c, found)
        payments = found.payments if equal is None else equal.payments
        stderr = np.zeros(self.n) if self.exact(stats) else nothing
        extra = {
            "subsidy": found.subsidy,
            "constraints": len(c),
            "bounded": found.bounded,
            "residual": float("nan") if equal is None else equal.residual,
        }
        return Estimate(payments, stderr, np.full(self.n, stats.rows, np.int64), extra)

    def _complete(self, stats: Collection) -> bool:
        total = self.total_steps
        return total is not None and stats.seen >= self.units(total)

    def exact(self, stats: Collection) -> bool:
        every = getattr(self.inner, "kind", "") == "all" and self.inner.total_steps is not None
        return every and stats.seen >= self.inner.units(self.inner.total_steps or 0)

    def steps_for_updates(self, updates: int) -> int | None:
        return None

    def identity(self) -> dict[str, Any]:
        return self.inner.identity()


class LeastCoreJob(SubsetJob):
    """The job of a least core, which says in its notes what became of the programs.

    Attributes:
        notes: what a reader of the newest values must know.
    """

    sampler: Collecting

    def __init__(self, utility: BoundUtility, sampler: Collecting) -> None:
        super().__init__(utility, sampler)
        self.notes: tuple[str, ...] = ()

    def estimate(self, stats: Any) -> Estimate:
        found = super().estimate(stats)
        if self.n == 1:
            extra = {"subsidy": 0.0, "constraints": 0, "bounded": True, "residual": 0.0}
            return replace(found, extra=extra)
        self.notes = tuple(_notes(found.extra, self.n))
        return found


def _notes(extra: Mapping[str, Any], n: int) -> list[str]:
    said = []
    if extra:
        said.append(f"subsidy {extra['subsidy']:.4g} over {extra['constraints']:,} subsets")
    if extra and not extra["bounded"]:
        said.append(
            f"so few subsets do not keep the subsidy from falling for ever, so that 0 was taken; about {3 * n:,} "
            "random ones are enough, or pass non_negative_subsidy=True"
        )
    if extra and np.isnan(extra["residual"]):
        said.append("the most equal payments were not found; these are other ones of the least core")
    return said
