"""The steps of a run on a learned utility: first the budget's true evaluations, then a sampler's, predicted.

The budget goes through the loop like any other work: streamed, spread over workers, journaled and resumed. Predictions
cost so little that they are made at home when a step is folded: its task is an empty one, of one row that is counted
by nobody. So a journal holds the budget, and resuming learns from it again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engine.records import TRUNCATED, Estimate, Evaluations
from ..errors import InputError
from ..typing import Masks, SizeLaw
from .bound import BoundUtility, First

if TYPE_CHECKING:
    from .learned import BoundLearnedUtility

PAPER = (
    "Wang, Yang & Jia, Improving cooperative game theory-based data valuation via utility learning, ICLR 2022"
)

STEP_ROWS = 4
"""Evaluations of the budget in a step: few, so that a slow fit can be paused and shared out."""


NEVER = 2**40
"""No run has so many steps (they would share a stream with others)."""


@dataclass(frozen=True)
class LearningStats:
    """What the sampler folds, and the budget's utilities so far.

    Attributes:
        inner: the sampler's statistics.
        first: the true ends.
        utilities: of the budget, step by step; None once they were learned from.
    """

    inner: Any
    first: First
    utilities: tuple[NDArray[np.float64], ...] | None = ()


@dataclass
class _Round:
    """The sampler's plan of the present round."""

    plan: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LearningSteps:
    """A bound sampler whose subsets are scored by a learned utility.

    Args:
        inner: the bound sampler.
        learned: the bound learned utility, which is taught here.
        seed: of the sampler's draws; None leaves them as they are.
    """

    inner: Any
    learned: BoundLearnedUtility
    seed: int | None = None
    fixed_reason: str = (
        "most of its utilities were predicted when they were needed and never journaled; run the other method with "
        "the same learned utility and its budget in a cache, which costs no fit either"
    )
    now: _Round = field(init=False, repr=False, compare=False, default_factory=_Round)

    def __post_init__(self) -> None:
        own = (
            {f.name for f in dataclasses.fields(self.inner)}
            if dataclasses.is_dataclass(self.inner)
            else set()
        )
        if self.seed is not None and "seed" in own:
            object.__setattr__(self, "inner", dataclasses.replace(self.inner, seed=self.seed))

    # --- the sampler's own ------------------------------------------------------------------------------------

    @property
    def n(self) -> int:
        return int(self.inner.n)

    @property
    def law(self) -> SizeLaw | None:
        """The size law of the values, or None if the sampler has none."""
        law: SizeLaw | None = getattr(self.inner, "law", None)
        return law

    @property
    def stream(self) -> int:
        return int(self.inner.stream)

    @property
    def round_steps(self) -> int:
        return int(self.inner.round_steps)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self.inner.notes)

    @property
    def references(self) -> tuple[str, ...]:
        return (*self.inner.references, PAPER)

    @property
    def divisible(self) -> bool:
        return True

    # --- steps: the budget, then the sampler's -------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Evaluations of the budget."""
        return len(self.learned.budget)

    @property
    def before(self) -> int:
        """Steps before the sampler's first: whole rounds, so that its rounds are its own."""
        return -(-self.count // STEP_ROWS // self.round_steps) * self.round_steps

    @property
    def total_steps(self) -> int | None:
        steps: int | None = self.inner.total_steps
        return None if steps is None else self.before + steps

    def _budget(self, step: int) -> Masks:
        """The budget's subsets in a step; one row of nobody where it is used up."""
        found: Masks = self.learned.budget[step * STEP_ROWS : (step + 1) * STEP_ROWS]
        return found if len(found) else np.zeros((1, self.n), np.bool_)

    def rows(self, step: int) -> int:
        return len(self._budget(step)) if step < self.before else 1

    def units(self, steps: int) -> int:
        """True evaluations; predictions are none.

        Raises:
            InputError: if more steps are asked for than any run has: a rule looks for evaluations that never come.
        """
        if steps > NEVER and self.inner.total_steps is None:
            raise InputError(
                f"the stopping rule counts evaluations, but a learned utility makes {self.count:,} of them and then "
                "predicts, so the run would never end. Use MaxUpdates(1000), AbsoluteStandardError(...) or MaxTime(60)."
            )
        return min(self.count, steps * STEP_ROWS)

    def masks(self, step: int) -> Masks:
        if step < self.before:
            return self._budget(step)
        masks: Masks = self.inner.masks(step - self.before)
        return masks

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        """True utilities of the budget; one row that stands for nothing where the utility is predicted at home."""
        if step >= self.before or step * STEP_ROWS >= self.count:
            return Evaluations(np.zeros((1, 1)), np.full(1, TRUNCATED, np.uint8))
        found = self.learned.true.evaluate(self._budget(step)[lo:hi])
        return dataclasses.replace(found, values=found.values[:, :1])

    def plan(self, stats: LearningStats) -> dict[str, Any]:
        """The sampler's plan, once it is its turn."""
        make = getattr(self.inner, "plan", None)
        mine = dict(make(stats.inner)) if make is not None and stats.utilities is None else {}
        first = stats.first
        self.now.plan = {"empty": float(first.empty[0]), "full": float(first.full[0]), **mine}
        return mine

    def initial(self, first: First) -> LearningStats:
        return LearningStats(self.inner.initial(first), first)

    def fold(self, stats: LearningStats, step: int, evaluations: Evaluations) -> LearningStats:
        if step < self.before:
            return self._gather(stats, step, evaluations)
        at = step - self.before
        plan = self.now.plan or {"empty": float(stats.first.empty[0]), "full": float(stats.first.full[0])}
        predicted = self.inner.evaluate(self.learned, plan, at, 0, self.inner.rows(at))
        return dataclasses.replace(stats, inner=self.inner.fold(stats.inner, at, predicted))

    def _gather(self, stats: LearningStats, step: int, evaluations: Evaluations) -> LearningStats:
        """One more step of the budget; after the last the utility is learned."""
        if stats.utilities is None:  # another journal of the same budget
            return stats
        found = stats.utilities
        if step * STEP_ROWS < self.count:
            found = (*found, evaluations.values[:, 0].copy())
        if step < self.before - 1:
            return dataclasses.replace(stats, utilities=found)
        self.learned.learn(np.concatenate(found))
        return dataclasses.replace(stats, utilities=None)

    def settle(self, stats: LearningStats, converged: NDArray[np.bool_]) -> LearningStats:
        """Points at rest, if the sampler lets them."""
        settle = getattr(self.inner, "settle", None)
        if settle is None or stats.utilities is not None:
            return stats
        return dataclasses.replace(stats, inner=settle(stats.inner, converged))

    def estimate(self, stats: LearningStats) -> Estimate:
        estimate: Estimate = self.inner.estimate(stats.inner)
        return estimate

    def exact(self, stats: LearningStats) -> bool:
        return stats.utilities is None and bool(self.inner.exact(stats.inner))

    def steps_for_updates(self, updates: int) -> int | None:
        steps: int | None = self.inner.steps_for_updates(updates)
        return None if steps is None else self.before + steps

    def identity(self) -> dict[str, Any]:
        inner = self.inner.identity()
        return {**inner, "draws": f"learned from a budget, then {inner.get('draws')}", "budget": self.count}
