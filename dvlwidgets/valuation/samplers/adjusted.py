"""Size strata of what a cross-fitted regression leaves of the utility: fewer fits for the same answer.

A surrogate of the utility whose semivalues are known exactly is learned from the subsets seen so far; its values plus
the strata's estimate on the residuals are unbiased, because no row's residual comes from a surrogate that saw it.
Rows are learned from five folds; surrogates are made anew each time that the rows have doubled, up to
`LEARNED` of them: later rows meet the last surrogates, which they had no part in, and are not kept.
Witter, Liu & Musco, Regression-adjusted Monte Carlo estimators for Shapley values and probabilistic values (2025);
cross-fitting: Chernozhukov et al., Double/debiased machine learning (2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.records import Estimate, Evaluations
from ...typing import Masks
from ...utility.bound import First
from ...utility.votes import Votes
from .features import ROWS_A_POINT, Features
from .grams import FOLDS, Grams, Scored
from .regression import cross_fitted
from .strata import BLOCK, SizeStrata, StrataStats, joined, size_curve, waiting_rows
from .surrogate import Surrogate, mean_surrogate, size_surrogate

FEWEST, MOST = 4, 600
"""Numbers of points for which a regression is learned; beyond, strata alone (Gram matrices have n^2 entries)."""

FIRST_ROWS = 128
"""Rows of the first regression; without votes of neighbours it waits for `ROWS_A_POINT`, too."""

GROWTH = 2.0
"""Surrogates are made anew when the rows have grown by this factor."""

CHUNK = 4096
"""Rows that are learned from at a time."""

LEARNED = 20_000
"""At most so many rows are learned from, and kept; 20,000 of 100 points are 0.4 MB."""


@dataclass
class AdjustedStats:
    """Strata of residuals, and what the surrogates are made of; changed in place by whoever folds or looks.

    New surrogates take the place of the older ones in all sums. So they are made only when somebody looks, or when
    learning ends: which ones, and from which rows, follows from the number of rows alone.

    Attributes:
        strata: sums of utility minus surrogate, of the first `summed` blocks; its ends are v(empty) - v(N) and 0.
        level: v(N), which is taken from all utilities.
        mean: the average of the folds' surrogates, which new rows meet; None before anybody looked.
        fitted: rows that it rests on.
        rows: all rows in blocks so far.
        grams: sums for the next regression, of the first `grams.rows` rows; None once learning is over.
        learned: blocks of rows that are learned from, emptied when learning is over.
        summed: how many of them are in the strata.
        due: rows from which the newest surrogates are to be made.
        dues: after how many blocks surrogates were due that were not made.
        waiting: steps that are in no block yet: (masks, utilities minus level).
    """

    strata: StrataStats
    level: float = 0.0
    mean: Surrogate | None = None
    fitted: int = 0
    rows: int = 0
    grams: Grams | None = None
    learned: list[Block] = field(default_factory=list)
    summed: int = 0
    due: int = 0
    dues: list[int] = field(default_factory=list)
    waiting: list[tuple[Masks, NDArray[np.float64]]] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """Rows that are learned from: their masks as bits, their utilities, and their neighbours' votes once counted."""

    packed: NDArray[np.uint8]
    utilities: NDArray[np.float64]
    counted: NDArray[np.float64] | None = None

    def masks(self, n: int) -> Masks:
        """The masks, shape (B, n)."""
        return np.unpackbits(self.packed, axis=1, count=n).view(np.bool_)

    @classmethod
    def joined(cls, several: Sequence[Block]) -> Block:
        """Several blocks as one."""
        counted = [block.counted for block in several if block.counted is not None]
        return cls(
            np.concatenate([block.packed for block in several]),
            np.concatenate([block.utilities for block in several]),
            np.concatenate(counted) if len(counted) == len(several) else None,
        )


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
        stats.waiting.append((self.masks(step), evaluations.values[:, 0] - stats.level))
        rows = waiting_rows(stats.waiting)
        due = self._due(stats, stats.rows + rows)
        if rows >= BLOCK or due:
            self._take_in(stats, due=due)
        return stats

    def _due(self, stats: AdjustedStats, rows: int) -> bool:
        """Whether new surrogates are due once there are so many rows."""
        enough = FIRST_ROWS if self.votes is not None else max(FIRST_ROWS, ROWS_A_POINT * self.n)
        return stats.grams is not None and rows >= max(enough, GROWTH * stats.due)

    def _take_in(self, stats: AdjustedStats, *, due: bool) -> None:
        """A block of the steps that wait, and what it brings about."""
        masks, utilities = joined(stats.waiting)
        stats.waiting, stats.rows = [], stats.rows + len(masks)
        if stats.grams is None:
            assert stats.mean is not None
            stats.strata = self.fold_rows(stats.strata, masks, utilities - stats.mean(masks))
            return
        stats.learned.append(Block(np.packbits(masks, axis=1), utilities))
        if due:
            stats.due = stats.rows
            stats.dues.append(len(stats.learned))
            if GROWTH * stats.due > LEARNED:
                self._catch_up(stats)
                stats.grams, stats.learned, stats.summed = None, [], 0

    def _catch_up(self, stats: AdjustedStats) -> None:
        """All blocks into the sums, by the surrogates that were due last."""
        if stats.dues:
            self._count_votes(stats)
            surrogates = self._surrogates(stats)
            stats.mean, stats.fitted, stats.summed = mean_surrogate(surrogates), stats.due, stats.dues[-1]
            stats.strata = self._empty_strata(stats.strata.empty, stats.strata.full)
            for block, begin in _chunks(stats.learned[: stats.summed]):
                masks = block.masks(self.n)
                guess = _held_out(surrogates, masks, begin, block.counted)
                stats.strata = self.fold_rows(stats.strata, masks, block.utilities - guess)
            stats.dues = []
        if stats.mean is not None and stats.mean.heeds is not None and stats.mean.heeds.any():
            self._count_votes(stats)
        for block in stats.learned[stats.summed :]:
            masks = block.masks(self.n)
            if stats.mean is None:
                stats.mean = self._guess_from_sizes(stats, masks, block.utilities)
            guess = stats.mean(masks, block.counted)
            stats.strata = self.fold_rows(stats.strata, masks, block.utilities - guess)
        stats.summed = len(stats.learned)

    def _surrogates(self, stats: AdjustedStats) -> list[Surrogate]:
        """Those that were due last; sums grow from one to the next as if each had been made."""
        grams, begin = stats.grams, 0
        assert grams is not None
        for end in stats.dues:
            while begin < end and sum(len(b.utilities) for b in stats.learned[:begin]) < grams.rows:
                begin += 1
            for block, _ in _chunks(stats.learned[begin:end]):
                folds = _folds(grams.rows, len(block.utilities))
                masks = block.masks(self.n)
                grams = grams.add(self.features, Scored(masks, block.utilities, folds, block.counted))
        stats.grams = grams
        return cross_fitted(self.features, grams)

    def _count_votes(self, stats: AdjustedStats) -> None:
        """The votes of all blocks that lack them, together: that is quicker."""
        known = sum(block.counted is not None for block in stats.learned)
        todo = stats.learned[known:]
        if self.votes is None or not todo:
            return
        counted = np.concatenate([self.votes(block.masks(self.n)) for block, _ in _chunks(todo)])
        ends = np.cumsum([len(block.utilities) for block in todo])
        votes = np.split(counted, ends[:-1])
        stats.learned[known:] = [replace(b, counted=own) for b, own in zip(todo, votes, strict=True)]

    def _guess_from_sizes(
        self, stats: AdjustedStats, masks: Masks, utilities: NDArray[np.float64]
    ) -> Surrogate:
        return size_surrogate(size_curve(masks.sum(axis=1), utilities, stats.strata.full, self.n))

    def estimate(self, stats: AdjustedStats) -> Estimate:  # type: ignore[override]
        self._catch_up(stats)
        strata, mean = stats.strata, stats.mean
        if stats.waiting:  # in a copy: where blocks begin must not depend on who asks when
            masks, utilities = joined(stats.waiting)
            if mean is None:
                mean = self._guess_from_sizes(stats, masks, utilities)
            strata = replace(strata, sums=strata.sums.copy())
            strata = self.fold_rows(strata, masks, utilities - mean(masks))
        if mean is None:
            return super().estimate(strata)
        guessed_empty, guessed_full = mean.ends()
        strata = replace(strata, empty=strata.empty - guessed_empty, full=strata.full - guessed_full)
        left = super().estimate(strata)
        return replace(left, values=left.values + mean.values(self.law))

    def exact(self, stats: AdjustedStats) -> bool:  # type: ignore[override]
        return self.n == 1


def _chunks(blocks: Sequence[Block]) -> Iterator[tuple[Block, int]]:
    """Blocks joined to larger ones, which cost less a row, and the first row of each."""
    begin, several = 0, list(blocks)
    while several:
        rows = np.cumsum([len(block.utilities) for block in several])
        many = max(1, int(np.searchsorted(rows, CHUNK, side="right")))
        yield Block.joined(several[:many]), begin
        begin, several = begin + int(rows[many - 1]), several[many:]


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
