"""Size strata of what a cross-fitted regression leaves of the utility: fewer fits for the same answer.

A surrogate of the utility whose semivalues are known exactly is learned from the subsets seen so far; its values plus
the strata's estimate on the residuals are unbiased, because no row's residual comes from a surrogate that saw it.
Rows are learned from five folds; surrogates are made anew each time that the rows have doubled, until
`LEARNED` of them: later rows meet the last surrogates, which they had no part in, and are not kept.
Witter, Liu & Musco, Regression-adjusted Monte Carlo estimators for Shapley values and probabilistic values (2025);
cross-fitting: Chernozhukov et al., Double/debiased machine learning (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.records import Estimate, Evaluations
from ...typing import Masks
from ...utility.bound import First
from ...utility.votes import Votes
from .features import ROWS_A_POINT, Features
from .regression import FOLDS, Grams, cross_fitted
from .strata import SizeStrata, StrataStats, size_curve
from .surrogate import Surrogate, mean_surrogate, size_surrogate

FEWEST, MOST = 4, 600
"""Numbers of points for which a regression is learned; beyond, strata alone (Gram matrices have n^2 entries)."""

FIRST_ROWS = 128
"""Rows of the first regression; without votes of neighbours it waits for `ROWS_A_POINT`, too."""

GROWTH = 2.0
"""Surrogates are made anew when the rows have grown by this factor."""

LEARNED = 20_000
"""Rows that are learned from, and kept; 20,000 of 100 points are 0.4 MB."""


@dataclass(frozen=True)
class AdjustedStats:
    """Strata of residuals, and what the surrogates are made of.

    Attributes:
        strata: moments of utility minus surrogate; its ends are v(empty) - v(N) and 0.
        level: v(N), which is taken from all utilities.
        mean: the average of the folds' surrogates, which new rows meet; None before the first step.
        fitted: rows that it rests on.
        rows: all rows so far.
        grams: sums for the next regression; None once learning is over.
        packed: the rows' masks as bits, a list of steps, emptied when learning is over.
        utilities: their utilities.
        counted: their neighbours' votes.
    """

    strata: StrataStats
    level: float = 0.0
    mean: Surrogate | None = None
    fitted: int = 0
    rows: int = 0
    grams: Grams | None = None
    packed: list[NDArray[np.uint8]] = field(default_factory=list)
    utilities: list[NDArray[np.float64]] = field(default_factory=list)
    counted: list[NDArray[np.float64] | None] = field(default_factory=list)


@dataclass(frozen=True)
class AdjustedStrata(SizeStrata):
    """Random subsets with a law of sizes, their utilities adjusted by regression; see the module."""

    references: tuple[str, ...] = (
        "Witter, Liu & Musco, Regression-adjusted Monte Carlo estimators for Shapley values, 2025",
        "Wang & Jia, Data Banzhaf, AISTATS 2023",
    )
    votes: Votes | None = field(default=None, repr=False, compare=False)
    features: Features = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "features", Features(self.n, self._row_weights(), self.votes))

    def knowing(self, utility: Any) -> AdjustedStrata:
        """The same with the votes of neighbours, where the bound utility has such."""
        ask = getattr(utility, "votes", None)
        votes = None if ask is None else ask()
        return self if votes is None else replace(self, votes=votes)

    def _row_weights(self) -> NDArray[np.float64]:
        """How much a squared residual of each size 0..n adds to the variance of the values."""
        sizes = np.arange(1, self.n)
        sizes = sizes[self.draw_law[sizes] > 0]
        inside, outside = self.observation_weights(sizes)
        weights = np.zeros(self.n + 1)
        weights[sizes] = inside**2 * sizes / self.n + outside**2 * (1.0 - sizes / self.n)
        drawn = float(self.draw_law @ weights)
        return weights / drawn if drawn > 0 else np.ones(self.n + 1)

    def initial(self, first: First) -> AdjustedStats:  # type: ignore[override]
        full = float(first.full[0])
        # utilities are counted from v(N): a constant changes no value, and large ones would cost digits
        return AdjustedStats(
            self._empty_strata(float(first.empty[0]) - full, 0.0),
            level=full,
            grams=Grams.zeros(self.features.count),
        )

    def _empty_strata(self, empty: float, full: float) -> StrataStats:
        strata = super().initial(First(np.array([empty]), np.array([full]), 0.0))
        return replace(strata, curve=np.zeros(self.n + 1))  # sizes are the surrogate's business

    def fold(self, stats: AdjustedStats, step: int, evaluations: Evaluations) -> AdjustedStats:  # type: ignore[override]
        masks, utilities = self.masks(step), evaluations.values[:, 0] - stats.level
        mean = stats.mean
        if mean is None:
            mean = size_surrogate(size_curve(masks.sum(axis=1), utilities, stats.strata.full, self.n))
        heard = stats.grams is not None or (mean.heeds is not None and mean.heeds.any())
        counted = self.features.count_votes(masks) if heard else None
        strata = self.fold_rows(stats.strata, masks, utilities - mean(masks, counted))
        rows = stats.rows + len(masks)
        stats = replace(stats, strata=strata, mean=mean, rows=rows)
        if stats.grams is None:
            return stats
        folds = _folds(stats.rows - len(masks), len(masks))
        stats = replace(stats, grams=stats.grams.add(self.features, masks, utilities, folds, counted))
        stats.packed.append(np.packbits(masks, axis=1))
        stats.utilities.append(np.array(utilities))
        stats.counted.append(counted)
        enough = FIRST_ROWS if self.votes is not None else max(FIRST_ROWS, ROWS_A_POINT * self.n)
        if rows >= max(enough, GROWTH * stats.fitted):
            stats = self._learn(stats)
        if rows >= LEARNED:
            stats = replace(self._learn(stats), grams=None, packed=[], utilities=[], counted=[])
        return stats

    def _learn(self, stats: AdjustedStats) -> AdjustedStats:
        """New surrogates, and the strata of all rows' new residuals."""
        if stats.fitted == stats.rows or stats.grams is None:
            return stats
        surrogates = cross_fitted(self.features, stats.grams)
        strata = self._empty_strata(stats.strata.empty, stats.strata.full)
        begin = 0
        for packed, utilities, counted in zip(stats.packed, stats.utilities, stats.counted, strict=True):
            masks = np.unpackbits(packed, axis=1, count=self.n).astype(np.bool_)
            strata = self.fold_rows(strata, masks, utilities - _held_out(surrogates, masks, begin, counted))
            begin += len(masks)
        return replace(stats, strata=strata, mean=mean_surrogate(surrogates), fitted=stats.rows)

    def estimate(self, stats: AdjustedStats) -> Estimate:  # type: ignore[override]
        if stats.mean is None:
            return super().estimate(stats.strata)
        guessed_empty, guessed_full = stats.mean.ends()
        strata = replace(
            stats.strata, empty=stats.strata.empty - guessed_empty, full=stats.strata.full - guessed_full
        )
        left = super().estimate(strata)
        return replace(left, values=left.values + stats.mean.values(self.law))

    def exact(self, stats: AdjustedStats) -> bool:  # type: ignore[override]
        return self.n == 1


def _folds(begin: int, rows: int) -> NDArray[np.intp]:
    """The fold of each of the rows that begin at row `begin` of the run."""
    return (begin + np.arange(rows)) % FOLDS


def _held_out(
    surrogates: Sequence[Surrogate], masks: Masks, begin: int, counted: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Each row's guess by the surrogate that did not see it."""
    folds, guess = _folds(begin, len(masks)), np.empty(len(masks))
    for fold, surrogate in enumerate(surrogates):
        here = folds == fold
        guess[here] = surrogate(masks[here], None if counted is None else counted[here])
    return guess
