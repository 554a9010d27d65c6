"""Marginals v(S with i) - v(S) of every point i, by strata of the sizes of S.

A pass gives one marginal to each point; its subset's size is drawn from the law of a stratum. A marginal to a set of k
points counts p[k] f[k], where p is the semivalue's law and the factors f make the strata add up to 1 at every size.
Marginals to the empty set and to all others are known after one fit each, so the first pass takes those, and strata
draw the sizes between only. The value is the sum over groups of their means, the squared error the sum of theirs:
passes are independent of each other, whatever law each draws from.
Maleki et al., Bounding the estimation error of sampling-based Shapley value approximation (2013).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import Memo, subsets_of_sizes, words
from ...engine.moments import Moments, merge
from ...engine.records import Estimate, Evaluations
from ...typing import Masks, SizeLaw
from ...utility.bound import BoundUtility, First
from .heavy_weights import too_few
from .mixture import Mixture, batch_moments, sizes_from_laws

WORDS = 4_000_000
"""A step draws at most about so many words (32 MB): above 2,000 points a pass takes several steps."""

NEGLIGIBLE = 1e-16
"""A size with less weight than rounding is not worth a fit of its own."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MarginalStats:
    """Moments of shape (groups, n), and the marginals to the empty set and to all others, shape (2, n)."""

    moments: Moments
    ends: Floats
    empty: float
    full: float


@dataclass(frozen=True)
class Marginals:
    """Passes over all points; see the module. An item is a point in a pass; a step holds the next few items.

    Attributes:
        laws: the strata's laws of sizes 0..n-1, shape (L, n), 0 at both ends.
        factors: what a marginal of each size counts besides p, shape (L, n).
        groups: the group whose mean a stratum's marginals enter, shape (L,); 0, 1, ... without gaps.
        visits: the stratum of each pass; begins again at its end where `passes` is None.
        passes: how many there are, or None.
        inner: marginals of a point in a pass, averaged: they are one unit of the variance.
        paired: each with the complement of S, as one unit too.
        ends: whether marginals to the empty set, and to all others, have weight.
        batch: passes in a step.
    """

    n: int
    law: SizeLaw
    laws: Floats
    factors: Floats
    groups: NDArray[np.intp]
    visits: NDArray[np.intp]
    passes: int | None
    seed: int
    stream: int
    label: str
    inner: int = 1
    paired: bool = False
    ends: tuple[bool, bool] = (True, True)
    batch: int = 1
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    divisible: bool = True
    memo: Memo = field(init=False, repr=False, compare=False, default_factory=Memo)

    @property
    def items(self) -> int:
        """Items in a step."""
        return max(1, min(self.n * self.batch, WORDS // (self.inner * (self.n + 1))))

    @property
    def round_steps(self) -> int:
        return 4 * -(-self.n // self.items)

    @property
    def first_steps(self) -> int:
        """Steps of the first pass, which takes the ends."""
        return -(-self.n // self.items) if any(self.ends) else 0

    @property
    def total_steps(self) -> int | None:
        if len(self.laws) == 0:
            return self.first_steps
        return None if self.passes is None else self.first_steps - (-self.passes * self.n // self.items)

    @property
    def each(self) -> int:
        """Marginals of a point in a pass."""
        return self.inner * (2 if self.paired else 1)

    def place(self, step: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pass (-1 is the one that takes the ends) and the point of each item of a step."""
        if step < self.first_steps:
            points = np.arange(step * self.items, min(self.n, (step + 1) * self.items))
            return np.full(len(points), -1), points
        begin = (step - self.first_steps) * self.items
        end = begin + self.items if self.passes is None else min(begin + self.items, self.passes * self.n)
        turns, points = np.divmod(np.arange(begin, end), self.n)
        return turns, points

    def strata(self, turns: NDArray[np.intp], points: NDArray[np.intp]) -> NDArray[np.intp]:
        """The stratum that each item draws from."""
        return self.visits[turns % len(self.visits)]

    def rows(self, step: int) -> int:
        return self.units(step + 1) - self.units(step)

    def units(self, steps: int) -> int:
        first = min(self.n, min(steps, self.first_steps) * self.items)
        rest = max(0, steps - self.first_steps) * self.items
        if self.passes is not None:
            rest = min(rest, self.passes * self.n)
        return first * sum(self.ends) + rest * 2 * self.each

    def masks(self, step: int) -> Masks:
        """Rows of a point i: S, S with i; in the first pass {i} for all points, then all but i."""
        return self.memo.get(step, self._draw)

    def _draw(self, step: int) -> Masks:
        turns, points = self.place(step)
        own = np.arange(self.n) == points[:, None]
        if step < self.first_steps:
            return np.concatenate(
                [rows for rows, wanted in zip((own, ~own), self.ends, strict=True) if wanted]
            )
        many = self.inner * len(points)
        raw = words(self.seed, self.stream, step, many * (self.n + 1)).reshape(many, self.n + 1)
        strata = np.tile(self.strata(turns, points), self.inner)
        sizes = sizes_from_laws(raw[:, 0], self.laws, strata)
        own = np.tile(own, (self.inner, 1))
        tags = raw[:, 1:]
        tags[own] = np.iinfo(np.uint64).max  # a point is never in its own S
        sets = [subsets_of_sizes(tags, sizes) & ~own]
        if self.paired:
            sets.append(~sets[0] & ~own)
        return np.stack([m for s in sets for m in (s, s | own)], axis=1).reshape(-1, self.n)

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        return utility.evaluate(self.masks(step)[lo:hi])

    def initial(self, first: First) -> MarginalStats:
        groups = int(self.groups.max(initial=-1)) + 1
        unknown = np.where(np.array(self.ends)[:, None], np.nan, np.zeros((2, self.n)))
        return MarginalStats(
            Moments.zeros(groups, self.n), unknown, float(first.empty[0]), float(first.full[0])
        )

    def fold(self, stats: MarginalStats, step: int, evaluations: Evaluations) -> MarginalStats:
        turns, points = self.place(step)
        utilities = evaluations.values[:, 0]
        if step < self.first_steps:
            parts = iter(utilities.reshape(-1, len(points)))
            if self.ends[0]:
                stats.ends[0, points] = next(parts) - stats.empty
            if self.ends[1]:
                stats.ends[1, points] = stats.full - next(parts)
            return stats
        pairs = utilities.reshape(self.inner, len(points), -1, 2)
        sizes = self.masks(step)[::2].sum(axis=1).reshape(pairs.shape[:-1])
        strata = self.strata(turns, points)
        weights = self.law[sizes] * self.factors[strata[None, :, None], sizes]
        known = self.law[[0, -1]] * self.factors[strata][:, [0, -1]] * stats.ends[:, points].T
        observed = (weights * np.diff(pairs, axis=-1)[..., 0]).mean(axis=(0, 2)) + known.sum(axis=1)
        at = self.groups[strata] * self.n + points
        new = batch_moments(at, observed, stats.moments.mean.shape, self.counted(stats, points))
        return replace(stats, moments=merge(stats.moments, new))

    def counted(self, stats: MarginalStats, points: NDArray[np.intp]) -> Floats | None:
        """1 for items that are observed, 0 for the others; None if all are."""
        return None

    def spared(self) -> Any:
        """A variant of these passes that lets points rest, or None."""
        from .resting_marginals import spared_marginals  # a variant of this class

        return spared_marginals(self)

    def estimate(self, stats: MarginalStats) -> Estimate:
        m, seen = stats.moments, np.isfinite(stats.ends) & np.array(self.ends)[:, None]
        counts = self.each * m.count.sum(axis=0) + seen.sum(axis=0)
        if len(self.laws) == 0:
            values = self.law[[0, -1]] @ stats.ends
            return Estimate(values, np.where(np.isfinite(values), 0.0, np.nan), counts)
        values = np.where((m.count > 0).all(axis=0), m.mean.sum(axis=0), np.nan)
        error = np.sqrt(m.variance_of_mean().sum(axis=0))
        if too_few(self.means.draws(), self.means.masses(self.law), m.count.min(axis=1)):
            error[:] = np.nan
        return Estimate(values, error, counts)

    def exact(self, stats: MarginalStats) -> bool:
        return len(self.laws) == 0 and bool(np.isfinite(stats.ends).all())

    def steps_for_updates(self, updates: int) -> int | None:
        passes = -(-max(0, updates - sum(self.ends)) // self.each)
        return self.first_steps - (-passes * self.n // self.items)

    def identity(self) -> dict[str, Any]:
        arrays = (self.laws, self.factors, self.visits)
        return {
            "draws": f"marginals ({self.label})",
            "strata": zlib.crc32(b"".join(np.ascontiguousarray(a.round(12)).tobytes() for a in arrays)),
            "step": [self.items, self.inner, self.paired, *self.ends],
        }

    def effective_law(self) -> SizeLaw:
        """What the estimator's mean gives each size, shape (n,): the semivalue's law where it is unbiased."""
        effective: SizeLaw = self.means.masses(self.law).sum(axis=0)
        effective[[0, -1]] = self.law[[0, -1]] * self.means.ends()
        return effective

    def inflation_for(self, law: SizeLaw) -> float:
        """Mean squared weight of a marginal for another semivalue; infinite where it was never drawn."""
        missed = [law[end] > NEGLIGIBLE and not self.ends[end] for end in (0, -1)]
        return np.inf if any(missed) else self.means.inflation(law)

    @property
    def means(self) -> Mixture:
        """The strata as mixtures of sizes."""
        return Mixture(self.laws, self.factors, self.groups, self.paired)
