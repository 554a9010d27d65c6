"""Points at rest: walks that spend no fit on points which the stopping rule is content with (`skip_converged`).

At the start of a round the rule's last verdict says who rests; that is part of the round's plan and stands in the
journal. A prefix is left out when the points before and behind its end both rest, so k of n points at rest save about
(k / n)^2 of the fits. A point at rest gets no observation at all, even where its marginal would come free: it does
so only beside points that are awake, and subsets that hold certain points rather than others are no fair sample.
The decision looks at earlier rounds only, so what the others observe stays unbiased.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.moments import Moments, add
from ...engine.records import TRUNCATED, Evaluations
from ...utility.bound import BoundUtility, First
from .permutation import Walks, WalkStats

Rest = NDArray[np.bool_]
"""Points at rest, shape (n,)."""


@dataclass(frozen=True)
class RestingStats(WalkStats):
    """Those of walks, and who rests in this round."""

    rest: Rest = dataclasses.field(default_factory=lambda: np.zeros(0, np.bool_))


@dataclass(frozen=True)
class RestingWalks(Walks):
    """Walks that leave out what only points at rest would need."""

    fixed_reason = (
        "points that had converged were at rest, and which ones had was decided by this method's values"
    )

    def initial(self, first: First) -> RestingStats:
        return RestingStats(**_fields(super().initial(first)), rest=np.zeros(self.n, np.bool_))

    def settle(self, stats: RestingStats, converged: Rest) -> RestingStats:
        """Statistics of a round in which these points rest; none does if all would, for then nothing could change."""
        return dataclasses.replace(stats, rest=converged & ~converged.all())

    def plan(self, stats: RestingStats) -> dict[str, str]:
        """Who rests, for the workers and the journal."""
        return {**super().plan(stats), "rest": packed(stats.rest)}

    def needed(self, step: int, rest: Rest) -> NDArray[np.bool_]:
        """Which prefixes of a step are needed, shape (rows,)."""
        awake = ~rest[self.orders(step)]
        return (awake[:, :-1] | awake[:, 1:]).reshape(-1)

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        wanted = self.needed(step, unpacked(plan["rest"], self.n))[lo:hi]
        if wanted.all():
            return utility.evaluate(self.masks(step)[lo:hi])
        if not wanted.any():
            return nothing(hi - lo, len(utility.metrics))
        return spread(utility.evaluate(self.masks(step)[lo:hi][wanted]), wanted)

    def fold(self, stats: Any, step: int, evaluations: Evaluations) -> RestingStats:
        alone = dataclasses.replace(stats, moments=Moments.zeros(self.n))
        observed = super().fold(WalkStats(**_fields(alone)), step, evaluations).moments.mean
        moments = add(stats.moments, observed, (~stats.rest).astype(np.float64))
        return dataclasses.replace(stats, moments=moments)  # type: ignore[no-any-return]

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            *super().notes,
            "points rested while the rule was content with them (skip_converged): counts differ",
        )

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "skip_converged": True}


def spared(sampler: Any) -> Any:
    """The sampler that lets points rest, or None where that saves nothing.

    It does not where every subset informs on all points, and where a walk cut short needs its prefixes in a row.
    """
    if type(sampler) is Walks and sampler.kind != "all" and sampler.truncation.never:
        return RestingWalks(
            **{f.name: getattr(sampler, f.name) for f in dataclasses.fields(sampler) if f.init}
        )
    own = getattr(sampler, "spared", None)
    return None if own is None else own()


def packed(rest: Rest) -> str:
    """Points at rest as hexadecimal digits; "" if there are none."""
    return np.packbits(rest).tobytes().hex() if rest.any() else ""


def unpacked(text: str, n: int) -> Rest:
    """The inverse of `packed`."""
    if not text:
        return np.zeros(n, np.bool_)
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8), count=n).astype(np.bool_)


def spread(found: Evaluations, wanted: NDArray[np.bool_]) -> Evaluations:
    """Evaluations of the wanted rows among all rows; the others are TRUNCATED with a score of 0 that nobody uses."""
    all_rows = nothing(len(wanted), found.values.shape[1])
    values, status = all_rows.values, all_rows.status
    values[wanted], status[wanted] = found.values, found.status
    return dataclasses.replace(found, values=values, status=status)


def nothing(rows: int, metrics: int) -> Evaluations:
    """Rows that were left out."""
    return Evaluations(np.zeros((rows, metrics)), np.full(rows, TRUNCATED, np.uint8))


def _fields(stats: WalkStats) -> dict[str, Any]:
    return {f.name: getattr(stats, f.name) for f in dataclasses.fields(WalkStats)}
