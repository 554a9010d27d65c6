"""Marginals that are left out for points at rest (`skip_converged`): each is one point's alone, so all are saved.

See `resting` for who rests and why; decisions look at earlier rounds only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.records import Evaluations
from ...utility.bound import BoundUtility, First
from .marginals import Marginals, MarginalStats
from .resting import Rest, RestingWalks, nothing, packed, spread, unpacked


@dataclass(frozen=True)
class RestingStats(MarginalStats):
    """Those of marginals, and who rests in this round."""

    rest: Rest = dataclasses.field(default_factory=lambda: np.zeros(0, np.bool_))


@dataclass(frozen=True)
class RestingMarginals(Marginals):
    """Passes that leave out the points at rest."""

    fixed_reason = RestingWalks.fixed_reason

    def initial(self, first: First) -> RestingStats:
        plain = super().initial(first)
        fields = {f.name: getattr(plain, f.name) for f in dataclasses.fields(plain)}
        return RestingStats(**fields, rest=np.zeros(self.n, np.bool_))

    def settle(self, stats: RestingStats, converged: Rest) -> RestingStats:
        """Statistics of a round in which these points rest; none does if all would, for then nothing could change."""
        return dataclasses.replace(stats, rest=converged & ~converged.all())

    def plan(self, stats: RestingStats) -> dict[str, str]:
        """Who rests, for the workers and the journal."""
        return {"rest": packed(stats.rest)}

    def needed(self, step: int, rest: Rest) -> NDArray[np.bool_]:
        """Which rows of a step are needed, shape (rows,)."""
        if step < self.first_steps:
            return np.ones(self.rows(step), np.bool_)
        awake = ~rest[self.place(step)[1]]
        return np.repeat(np.tile(awake, self.inner), 4 if self.paired else 2)

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        wanted = self.needed(step, unpacked(plan["rest"], self.n))[lo:hi]
        if not wanted.any():
            return nothing(hi - lo, len(utility.metrics))
        return spread(utility.evaluate(self.masks(step)[lo:hi][wanted]), wanted)

    def counted(self, stats: Any, points: NDArray[np.intp]) -> NDArray[np.float64]:
        awake: NDArray[np.bool_] = ~stats.rest[points]
        return awake.astype(np.float64)

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "skip_converged": True}

    def spared(self) -> None:
        """It is the variant that spares."""
        return


def spared_marginals(bound: Marginals) -> RestingMarginals:
    """The variant of these passes that lets points rest."""
    note = "points rested while the rule was content with them (skip_converged): counts differ"
    fields = {f.name: getattr(bound, f.name) for f in dataclasses.fields(Marginals) if f.init}
    return RestingMarginals(**{**fields, "notes": (*bound.notes, note)})
