"""Fits and scores of many subsets together, for the utility of a model; and why, where they are made one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..typing import Indices, Masks
from .batch_scores import BatchScorer, asked
from .fits.covered import explain
from .fits.many import BLOCK, BatchedFits, batched_fits
from .time_limit import FitTimeoutError, time_limit

VERSION = 1
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
    def of(cls, model: Any, data: Dataset, scorer: Any) -> Together | str:
        """Batched fits and scores, or in words why there are none."""
        found = explain(model)
        if found.row is None:
            return found.why
        y = data.y
        two = found.row.classes and y.ndim == 1 and len(np.unique(np.asarray(y))) == 2
        want = asked(scorer, found.row.says, two=two)
        if isinstance(want, str):
            return want
        fits = batched_fits(model, data.x, y, scorer.test.x, sorted(want))
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

        Args:
            masks: (B, n).
            values: (B, m); rows without an answer stay as they are.
            at: positions of the subsets.
            seconds: what each fit may take; a batch may take so much together.
            done: hears (row, seconds) of each success.

        Returns:
            The positions that are left for a fit of their own.
        """
        left = []
        for low in range(0, len(at), BLOCK):
            rows = at[low : low + BLOCK]
            start = time.perf_counter()
            good = self._block(masks, values, rows, None if seconds is None else seconds * len(rows))
            spent = (time.perf_counter() - start) / len(rows)
            left.append(rows[~good])
            if done is not None:
                for b in rows[good].tolist():
                    done(b, spent)
        return np.concatenate(left) if left else at

    def _block(
        self, masks: Masks, values: NDArray[np.float64], rows: Indices, seconds: float | None
    ) -> NDArray[np.bool_]:
        block = masks[rows] if self.groups is None else masks[rows][:, self.groups]
        try:
            with time_limit(seconds):
                scores, good = self.scorer.scores(self.fits.predictions(block))
        except (
            FitTimeoutError,
            np.linalg.LinAlgError,
            MemoryError,
        ):  # each by itself: there it is a failure, or not
            return np.zeros(len(rows), np.bool_)
        values[rows[good]] = scores[good]
        return good

    def seconds_a_fit(self) -> float:
        """What a fit takes in a batch, measured once on all points."""
        everything = np.ones((BLOCK, len(self.fits.problem.x)), np.bool_)
        start = time.perf_counter()
        self.scorer.scores(self.fits.predictions(everything))
        return (time.perf_counter() - start) / BLOCK
