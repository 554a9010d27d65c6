"""What an edit of the training data changes in threshold KNN-Shapley values: O(n) for each test point near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.dataset import Dataset
from ...typing import Indices
from ...utility.knn_neighbours import Neighbours
from .knn_kernels import Floats, RadiusKernel


@dataclass(frozen=True)
class Edit:
    """Old and new training data as parts of one table.

    Attributes:
        data: the new training data.
        union: rows of the old and the new.
        changed: rows of the union that the edit changed, added or took away.
        before: rows of the union that were the old data, in their order.
        after: rows of the union that are the new data, in their order.
    """

    data: Dataset
    union: Dataset
    changed: Indices
    before: Indices
    after: Indices


def change(
    edit: Edit, test: Dataset, model: Any, old: RadiusKernel, new: RadiusKernel, chunk: int
) -> tuple[Floats, float]:
    """What the edit adds to the mean values of the new data's points, shape (n,), and to v(N).

    Args:
        edit: what changed.
        test: the test points.
        model: the metric and radius.
        old: the kernel before.
        new: the kernel after; with the same score without neighbours.
        chunk: test points at a time.
    """
    every = Neighbours(edit.union, test, model, exact=True)
    found, full = np.zeros(every.n_rows), 0.0
    touched = _touched(edit, every, new.radius, chunk)
    for at in np.split(touched, range(chunk, len(touched), chunk)):
        near = every.distances(at) <= new.radius
        for rows, kernel, sign in ((edit.before, old, -1.0), (edit.after, new, 1.0)):
            codes, present = np.zeros(every.n_rows, np.intp), np.zeros(every.n_rows, np.bool_)
            codes[rows], present[rows] = kernel.codes, True
            worth = kernel.from_near(near & present, codes, at)
            found += sign * worth.values.sum(axis=0)
            full += sign * float(worth.full.sum())
    return np.asarray(found[edit.after] / every.n_test), full / every.n_test


def _touched(edit: Edit, every: Neighbours, radius: float, chunk: int) -> Indices:
    """Test points within the radius of a row that changed."""
    changed = every.of_rows(edit.changed)
    found = []
    for a in range(0, every.n_test, chunk) if len(edit.changed) else ():
        at = np.arange(a, min(a + chunk, every.n_test))
        found.append(at[(changed.distances(at) <= radius).any(axis=1)])
    return np.concatenate([np.zeros(0, np.intp), *found])
