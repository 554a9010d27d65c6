"""The influence of each training point on itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..base import InfluenceFunctionModel
from ..rows import Rows
from .base import Arrays, Reducer, Shape, as_numpy

BLOCK = 32
"""Points at a time, where a model has scores of its own and only blocks of pairs can be asked for."""


class SelfInfluence(Reducer):
    """Per training point grad L^T (H + damping)^-1 grad L of its own loss: how much the model had to bend for it.

    It needs no test point but the preconditioned training gradients: one solve a training point, which is dear for
    iterative methods.

    References:
        Koh and Liang, Understanding Black-box Predictions via Influence Functions (ICML 2017); Feldman and Zhang,
        What Neural Networks Memorize and Why (NeurIPS 2020).
    """

    name = "self_influence"
    columns = ("self_influence",)

    def blank(self, shape: Shape) -> Arrays:
        return {"self_influence": np.full(shape.n_train, np.nan)}

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        return {}  # scores of test points say nothing of it: see reduce_rows

    def reduce_rows(self, model: InfluenceFunctionModel, rows: Rows, train: slice) -> Arrays:
        """What to keep of the training gradients of a tile."""
        return {"self_influence": of_rows(model, rows)}


def of_rows(model: InfluenceFunctionModel, rows: Rows) -> NDArray[np.float64]:
    """Self-influences of training gradients: shape (w,)."""
    own = getattr(model, "self_influences", None)
    if own is not None:  # the method has a shorter way
        return as_numpy(own(rows).double())
    solved = model.precondition(rows)
    if type(model).scores is InfluenceFunctionModel.scores:
        return as_numpy(solved.pair(rows).double())
    blocks = [slice(at, at + BLOCK) for at in range(0, len(rows), BLOCK)]
    return np.concatenate([as_numpy(model.scores(solved[b], rows[b]).diagonal().double()) for b in blocks])


def self_influence(model: InfluenceFunctionModel, store: Any, width: int = 256) -> NDArray[np.float64]:
    """Self-influences of all training points of a gradient store: shape (n,), `width` at a time."""
    return np.concatenate([of_rows(model, rows) for _, rows in store.tiles(width)])
