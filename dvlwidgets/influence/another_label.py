"""A test point with another label than a run met: what its numbers would be, the others staying as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .batches import Batches
from .job import ScanJob
from .predictions import predictions
from .rows import Rows
from .scan import tile_scores
from .scanner import Scanner


@dataclass(frozen=True)
class AnotherLabel:
    """What follows from the label of a test point.

    Attributes:
        factor: its preconditioned gradient, one row.
        columns: `TEST_COLUMNS` of it.
        disagreement: see `reducers.Disagreement`.
    """

    factor: Rows
    columns: Mapping[str, float]
    disagreement: float


def with_label(job: ScanJob, position: int, target: Tensor, outputs: int | None) -> AnotherLabel:
    """The numbers of a test point if its label were another; the run's own stay what they are.

    Args:
        job: of the run; its model is fitted.
        position: of the test point.
        target: the label, as the loss takes it.
        outputs: how many classes the model has, None for numbers.
    """
    scanner = job.scanner
    at, batch = next(iter(scanner.test.since(position)))
    old = batch[position - at : position - at + 1]
    new = old.with_tensors([*old.tensors()[:-1], old.target.new_full(old.target.shape, target.item())])
    factor = scanner.model.precondition_for_scores(scanner.model.gradients(new))
    found = predictions(scanner.model.problem, Batches.of(new), outputs)
    scores = scores_of(job, position, factor)
    known = scores[np.isfinite(scores)].astype(np.float64)
    moved = np.abs(known).sum()
    share = -known[known < 0].sum() / moved if moved > 0 else np.nan
    return AnotherLabel(factor, {name: float(column[0]) for name, column in found.items()}, float(share))


def scores_of(job: ScanJob, position: int, factor: Rows | None = None) -> NDArray[np.float32]:
    """Influences of the training points on a test point, (n_train,); NaN of tiles that are not done.

    Args:
        job: of the run.
        position: of the test point.
        factor: its preconditioned gradient, where it is not the run's.
    """
    scores = np.full(job.n, np.nan, np.float32)
    done = job.ledger.done
    for step in range(job.total_steps):
        where = job.tile(step)
        if done[where].all():
            row = job.scanner.row(position, where) if factor is None else _row(job.scanner, factor, where)
            scores[where] = row.float().cpu().numpy()
    return scores


def on_them(job: ScanJob, train: int, others: Mapping[int, AnotherLabel]) -> NDArray[np.float32]:
    """Influences of a training point on the test points, (n_test,), some of which have other labels."""
    where = slice(train, train + 1)
    scores: NDArray[np.float32] = job.scanner.scores(where)[:, 0].float().cpu().numpy()
    for position, other in others.items():
        scores[position] = float(_row(job.scanner, other.factor, where)[0])
    return scores


def _row(scanner: Scanner, factor: Rows, where: slice) -> Tensor:
    return tile_scores(scanner.model, factor, scanner.rows(where), where)[0]
