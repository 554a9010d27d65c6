"""Fits and scores of many subsets together, for the utility of a model; and why, where they are made one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..typing import Indices, Masks
from .batch_scores import BatchScorer, asked
from .fits.covered import explain
from .fits.many import BLOCK, BatchedFits, batched_fits
from .fits.walk import Walk, walks_in
from .fits.walkers import Walker, refusal, walker_of
from .time_limit import FitTimeoutError, time_limit

VERSION = 2
"""Part of the utility's key where fits may be made together; a new one where their bits change."""


@dataclass(frozen=True)
class Together:
    """Batched fits with the scores of their predictions.

    Attributes:
        fits: the model on the training data and the test points.
        scorer: scores its predictions.
        groups: (n_rows,) group of each row, or None where points are rows.
    """

    fits: BatchedFits
    scorer: BatchScorer
    groups: Indices | None

    @classmethod
    def of(cls, model: Any, data: Dataset, scorer: Any, weights: Any = None) -> Together | str:
        """Batched fits and scores, or in words why there are none."""
        found = explain(model, sample_weight=weights is not None)
        if found.row is None:
            return found.why
        y = data.y
        two = found.row.classes and y.ndim == 1 and len(np.unique(np.asarray(y))) == 2
        want = asked(scorer, found.row.says, two=two)
        if isinstance(want, str):
            return want
        fits = batched_fits(model, data.x, y, scorer.test.x, sorted(want), weights)
        if isinstance(fits, str):
            return fits
        scores = BatchScorer.of(scorer, fits.problem.classes)
        if isinstance(scores, str):
            return scores
        groups = data.logical_indices() if isinstance(data, GroupedDataset) else None
        return cls(fits, scores, groups)

    def score(
        self,
        masks: Masks,
        values: NDArray[np.float64],
        at: Indices,
        *,
        seconds: float | None = None,
        done: Callable[[int, float], None] | None = None,
    ) -> Indices:
        """Fit and score the subsets `masks[at]`, none of them empty, and write their scores into `values`.

        Subsets that grow from one to the next are walks, where the method has a walk of its own.

        Args:
            masks: (B, n).
            values: (B, m); rows without an answer stay as they are.
            at: positions of the subsets.
            seconds: what each fit may take; a batch may take so much together.
            done: hears (row, seconds) of each success.

        Returns:
            The positions that are left for a fit of their own.
        """
        left, at = self._walked(masks, values, at, seconds, done)
        for low in range(0, len(at), BLOCK):
            rows = at[low : low + BLOCK]
            start = time.perf_counter()
            good = self._block(masks, values, rows, None if seconds is None else seconds * len(rows))
            spent = (time.perf_counter() - start) / len(rows)
            left.append(rows[~good])
            if done is not None:
                for b in rows[good].tolist():
                    done(b, spent)
        return np.sort(np.concatenate(left)) if left else at

    @cached_property
    def walker(self) -> Walker | None:
        """Walks of the method, or None."""
        every = self.groups is None or bool(np.bincount(self.groups).all())
        return walker_of(self.fits.method) if every else None

    def refusal(self, mask: Masks) -> Hashable | None:
        """Why the estimator refuses a subset, if that is known; subsets with the same refusal fail alike."""
        return refusal(self.fits.method, mask if self.groups is None else mask[self.groups])

    def _walked(
        self,
        masks: Masks,
        values: NDArray[np.float64],
        at: Indices,
        seconds: float | None,
        done: Callable[[int, float], None] | None,
    ) -> tuple[list[Indices], Indices]:
        """Score the walks; returns where subsets need fits of their own, and where they are still to be tried."""
        if self.walker is None:
            return [], at
        walks, rest = walks_in(masks if len(at) == len(masks) else masks[at])
        if not walks:
            return [], at
        refused, still = [], [at[rest]]
        for begin, walk in walks:
            rows = at[begin : begin + len(walk.sizes)]
            own = walk if self.groups is None else walk.of_rows(self.groups)
            left = self._along(self.walker, own, values, rows, seconds, done)
            known = np.array([self.refusal(masks[b]) is not None for b in left.tolist()], np.bool_)
            refused.append(left[known])
            still.append(left[~known])
        return refused, np.concatenate(still)

    def _along(
        self,
        walker: Walker,
        walk: Walk,
        values: NDArray[np.float64],
        rows: Indices,
        seconds: float | None,
        done: Callable[[int, float], None] | None,
    ) -> Indices:
        """Score one walk piece by piece; returns which of its `rows` have no score."""
        left, low, pieces = [], 0, walker.along(walk, self.fits.want)
        while low < len(rows):
            start = time.perf_counter()
            try:
                with time_limit(None if seconds is None else seconds * len(rows)):
                    scores, good = self.scorer.scores(next(pieces))
            except (FitTimeoutError, np.linalg.LinAlgError, MemoryError):  # the rest without a walk
                break
            spent = (time.perf_counter() - start) / len(good)
            here, low = rows[low : low + len(good)], low + len(good)
            values[here[good]] = scores[good]
            left.append(here[~good])
            if done is not None:
                for b in here[good].tolist():
                    done(b, spent)
        return np.concatenate([*left, rows[low:]])

    def _block(
        self, masks: Masks, values: NDArray[np.float64], rows: Indices, seconds: float | None
    ) -> NDArray[np.bool_]:
        block = masks[rows] if self.groups is None else masks[rows][:, self.groups]
        try:
            with time_limit(seconds):
                scores, good = self.scorer.scores(self.fits.predictions(block))
        except (FitTimeoutError, np.linalg.LinAlgError, MemoryError):
            # each by itself: there it is a failure, or not
            return np.zeros(len(rows), np.bool_)
        values[rows[good]] = scores[good]
        return good

    def seconds_a_fit(self) -> float:
        """What a fit takes in a batch, measured once on all points."""
        everything = np.ones((BLOCK, len(self.fits.problem.x)), np.bool_)
        start = time.perf_counter()
        self.scorer.scores(self.fits.predictions(everything))
        return (time.perf_counter() - start) / BLOCK
