"""All pairs in one pass over the training points: tiles outermost, all test points at once, nothing kept but reducers.

Test gradients are preconditioned once. A tile's scores S = factors rows^T go to every consumer and are forgotten, so
memory does not grow with n_train times n_test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from .base import InfluenceFunctionModel
from .batches import Batches
from .reducers.base import Consumer, Shape
from .reducers.self_influence import SelfInfluence
from .rows import Rows

BUDGET = 64_000_000
"""Bytes that a tile, with the gradients it is made of, may take unless asked otherwise."""

CHUNK = 256
"""Test gradients that are preconditioned in one call."""

TILES = 20
"""A scan has at least so many tiles, training points permitting: it must stream."""


def tile_width(n_train: int, n_test: int, p: int, *, itemsize: int = 4, budget: int | None = None) -> int:
    """Training points in a tile: as many as the bytes allow, but no more than leave `TILES` tiles.

    Args:
        n_train: training points.
        n_test: test points.
        p: numbers in a gradient.
        itemsize: bytes of a number.
        budget: bytes for scores and gradients of a tile; by default 64 MB, or an eighth of the test factors where
            that is more, since narrower tiles would not save much then.
    """
    allowed = max(BUDGET, n_test * p * itemsize // 8) if budget is None else budget
    fitting = allowed // (itemsize * (n_test + p))
    return int(max(1, min(fitting, -(-n_train // TILES))))


def spread_order(tiles: int) -> NDArray[np.int64]:
    """An order of tiles whose first k lie all over the data, for every k: binary digits of the place, mirrored."""
    digits = max(1, (tiles - 1).bit_length())
    places = [int(f"{k:0{digits}b}"[::-1], 2) for k in range(1 << digits)]
    return np.array([place for place in places if place < tiles], dtype=np.int64)


def factors_of(model: InfluenceFunctionModel, test: Batches, *, chunk: int = CHUNK) -> Rows:
    """Preconditioned gradients of all test points, computed once: `chunk` of them at a time.

    Raises:
        InputError: if one is not finite.
    """
    solved: list[Rows] = []
    waiting: list[Rows] = []

    def solve() -> None:
        rows = stacked(waiting)
        pieces = (rows[at : at + chunk] for at in range(0, len(rows), chunk))
        solved.extend(model.precondition_for_scores(piece) for piece in pieces)
        waiting.clear()

    for batch in test.joined(rows=chunk):
        waiting.append(model.gradients(batch))
        if sum(map(len, waiting)) >= chunk:
            solve()
    if waiting:
        solve()
    factors = stacked(solved)
    if not all(_finite(t) for t in factors.tensors().values()):
        raise InputError(
            "the preconditioned gradients of the test points are not all finite: the model has diverged, a test "
            "point holds NaN, or the curvature is singular. Look at the test losses, or raise the regularization."
        )
    return factors


def stacked(several: Sequence[Rows]) -> Rows:
    """`Rows.cat`, also of rows whose samples have other numbers of positions: those are made flat."""
    if len(several) == 1:
        return several[0]
    kinds = {(str(rows.spec), tuple(t.shape[1:] for t in rows.tensors().values())) for rows in several}
    if len(kinds) == 1:
        return Rows.cat(several)
    return Rows.of_flat(several[0].layout, torch.cat([rows.flat() for rows in several]))


def tile_scores(model: InfluenceFunctionModel, factors: Rows, rows: Rows, train: slice) -> Tensor:
    """Scores (n_test, w) of a tile, in float32 at least.

    Raises:
        InputError: if one is not finite, so that no statistic is NaN without a word.
    """
    scores = model.scores(factors, rows)
    if (
        scores.dtype.itemsize < 4
    ):  # statistics of half precision have too few digits, and numpy has no bfloat16
        scores = scores.float()
    if not _finite(scores):
        test, column = (int(k) for k in (~torch.isfinite(scores)).nonzero()[0])
        raise InputError(
            f"the influence of training point {train.start + column} on test point {test} is not finite: a gradient "
            "holds NaN or overflows. Look at that point's features and loss, or drop it."
        )
    return scores


def scan(
    model: InfluenceFunctionModel,
    factors: Rows,
    tiles: Iterable[tuple[slice, Rows]],
    consumers: Sequence[Consumer],
    shape: Shape,
    *,
    budget: int | None = None,
) -> list[Any]:
    """Show every tile to every consumer.

    Args:
        model: a fitted influence model.
        factors: preconditioned test gradients, `factors_of(model, test)`.
        tiles: training gradients by place, such as `store.tiles(width)`; they may come in any order.
        consumers: reducers, or whatever takes tiles.
        shape: what the whole matrix is.
        budget: bytes of scores at a time; wider tiles are cut. By default tiles are taken as they come.

    Returns:
        The consumers' results.
    """
    for consumer in consumers:
        consumer.begin(shape)
    like = precision(factors)
    for where, rows in tiles:
        width = len(rows) if budget is None else max(1, budget // (like.itemsize * shape.n_test))
        for lo in range(where.start, where.stop, width):
            train = slice(lo, min(lo + width, where.stop))
            part = rows[lo - where.start : train.stop - where.start].to(dtype=like)
            scores = tile_scores(model, factors, part, train)
            for consumer in consumers:
                if isinstance(consumer, SelfInfluence):
                    consumer.fold(consumer.reduce_rows(model, part, train), train)
                else:
                    consumer.take(scores, train)
            del scores
    return [consumer.result() for consumer in consumers]


def precision(rows: Rows) -> torch.dtype:
    """The precision of the numbers held."""
    return next(t.dtype for t in rows.tensors().values() if t.is_floating_point())


def _finite(values: Tensor) -> bool:
    # a sum in float64 of finite numbers of less precision is finite, and takes one pass without a mask
    if values.dtype != torch.float64:
        return bool(torch.isfinite(values.sum(dtype=torch.float64)))
    return bool(torch.isfinite(values).all())
