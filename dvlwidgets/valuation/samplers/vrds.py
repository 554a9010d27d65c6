"""Two stages: a pilot learns how much marginals vary at each size, the rest goes where that lowers the variance most.

For strata with masses and standard deviations s[g] of their weighted marginals, passes in proportion to s[g] are
best (Neyman, 1934). An allocation that looked at the marginals that it then averages would bias their mean; so points
are halved at random, and each half is allocated by what the pilot saw of the other half. Given the allocation, a
point's marginals are then independent of it, and values and standard errors are those of any stratified sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import whole
from ...engine.draws import VARIANCE_STRATA, permutation, words
from ...engine.records import Evaluations
from ...typing import SizeLaw
from ...utility.bound import BoundUtility
from .checks import check_batch_size, check_seed
from .marginal_strata import Drawing, cut_sizes, ends_of, inner_law, strata_of_sizes
from .marginals import Floats, Marginals, MarginalStats
from .sample_sizes import apportion
from .size_iterations import RoundRobinSizeIteration

HALVES_STEP = 2**40 - 1
"""The draw that halves the points: no sampler gets to this step."""

FLOOR = 0.05
"""A stratum in which the pilot saw no variation still counts with this share of the mean deviation."""


@dataclass(frozen=True)
class TwoStages(Marginals):
    """Passes whose strata are decided by the plan, from the end of the pilot on.

    A round's plan says from which pass on which half visits which strata how often. The loop makes it before the round
    is drawn, and a worker gets it with each task; what was made or sent last is kept, for `masks`.

    Attributes:
        pilot: passes before anything is decided.
    """

    pilot: int = 0
    halves: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    decided: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    fixed_reason = "what was drawn was decided by what earlier rounds saw, in view of this method's values"

    def __post_init__(self) -> None:
        order = permutation(words(self.seed, self.stream, HALVES_STEP, self.n))
        object.__setattr__(self, "halves", order < self.n // 2)

    def strata(self, turns: NDArray[np.intp], points: NDArray[np.intp]) -> NDArray[np.intp]:
        piloted = super().strata(turns, points)
        if "visits" not in self.decided:
            return piloted
        at = turns - self.decided["from"]
        one, other = (visits[np.maximum(at, 0)] for visits in self.decided["visits"])
        return np.where(at < 0, piloted, np.where(self.halves[points], one, other))

    def plan(self, stats: MarginalStats) -> Mapping[str, Any]:
        """The allocation of the passes that are left, decided at the first round start after the pilot."""
        counts = stats.moments.count.sum(axis=0)
        begun, left = int(counts.max(initial=0)), (self.passes or 0) - int(counts.max(initial=0))
        if "from" not in self.decided and len(self.laws) and counts.min() >= self.pilot and left > 0:
            deviations = np.sqrt(stats.moments.m2 / np.maximum(stats.moments.count - 1, 1))
            seen = np.bincount(self.visits[:begun], minlength=len(self.laws))
            allocations = []
            for half in (~self.halves, self.halves):  # each by what was seen of the other
                spread = np.sqrt(np.mean(deviations[:, half] ** 2, axis=1))
                allocations.append(allocation(spread, seen, left).tolist())
            self._keep({"from": begun, "allocation": allocations})
        return {key: self.decided.get(key) for key in ("from", "allocation")}  # None while undecided

    def spared(self) -> None:
        """What is left to draw is allocated to all points at once: none can rest."""
        return

    def _keep(self, plan: Mapping[str, Any]) -> None:
        if plan.get("allocation") is not None and self.decided.get("allocation") != plan["allocation"]:
            order = RoundRobinSizeIteration.visits
            visits = tuple(order(np.array(counts, np.intp)) for counts in plan["allocation"])
            self.decided.update({"from": plan["from"], "visits": visits, "allocation": plan["allocation"]})

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        self._keep(plan)
        return super().evaluate(utility, plan, step, lo, hi)

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "pilot": self.pilot, "passes": self.passes}


@dataclass(frozen=True)
class VRDSSampler:
    """Variance-reduced stratified sampling: half of the marginals go to sizes evenly, half where values vary most.

    Args:
        n_samples_per_index: marginals of each point in all, at least 10; the sampler ends after them. Marginals to
            the empty set and to all others are exact after one each.
        batch_size: marginals of every point in a step. It belongs to the journal's key.
        seed: integer, or None to draw one (it is recorded).

    Raises:
        InputError: for fewer samples.

    References:
        Wu, Jia, Lin, Huang & Chang, Variance reduced Shapley value estimation for trustworthy data valuation (Computers
        & Operations Research, 2023); Castro, Gomez, Molina & Tejada (2017), for the two stages.
    """

    n_samples_per_index: int
    batch_size: int = 1
    seed: int | None = None

    def __post_init__(self) -> None:
        whole("n_samples_per_index", self.n_samples_per_index, 10, "VRDSSampler(200), for example.")
        check_seed(self.seed)
        check_batch_size(self.batch_size)

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Marginals:
        """Passes over n points for a semivalue."""
        draw = inner_law(law)
        passes = self.n_samples_per_index - sum(ends_of(law))
        starts = cut_sizes(_even(draw), passes / 2)
        each = max(2, passes // (2 * max(1, len(starts))))
        pilot = RoundRobinSizeIteration.visits(np.full(len(starts), each, np.intp))
        visits = np.resize(pilot, max(passes, len(pilot)))
        drawing = Drawing(law, draw, seed, VARIANCE_STRATA, "two stages", self.batch_size)
        bound = strata_of_sizes(drawing, starts, visits, passes=len(visits), kind=TwoStages)
        object.__setattr__(bound, "pilot", len(pilot))
        object.__setattr__(
            bound,
            "references",
            (*bound.references, "Wu et al., Variance reduced Shapley value estimation, 2023"),
        )
        return bound


def _even(draw: Floats) -> Floats:
    """The same for every size that is drawn, so that strata are cut by the number of sizes."""
    drawn: Floats = (draw > 0).astype(np.float64)
    return drawn / max(1.0, float(drawn.sum()))


def allocation(spread: Floats, seen: NDArray[np.int64], left: int) -> NDArray[np.intp]:
    """How many more passes each stratum gets, such that all together are in proportion to the deviations.

    Args:
        spread: standard deviations of the strata's weighted marginals.
        seen: passes that each has had.
        left: passes to give.
    """
    spread = spread + FLOOR * spread.mean() if spread.any() else np.ones(len(spread))
    open_ = np.ones(len(spread), np.bool_)
    while True:
        share = np.where(open_, spread, 0.0)
        wanted = share / share.sum() * (left + seen[open_].sum()) - seen
        full = open_ & (wanted <= 0)
        if not full.any():
            return apportion(np.where(open_, np.maximum(wanted, 0.0), 0.0), left)
        open_ &= ~full
