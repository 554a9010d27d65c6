"""The scan as a job of the loop: a step is a tile of training points.

A training point's statistics are exact as soon as its tile is done, and unknown before; a run can pause between
tiles, and what a checkpoint holds is not computed again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..engine.records import Estimate
from ..errors import IdentityError
from .base import InfluenceFunctionModel
from .batches import Batches
from .reducers.base import Arrays, Reducer, Shape
from .reducers.self_influence import SelfInfluence
from .rows import Rows
from .scan import factors_of, precision, tile_scores
from .store import GradientStore
from .turns import Turns

PROBE = 8
"""So many test and training points are compared with the checkpoint's before anything is added to it."""

TIMED = 32
"""Training points of the timed first look."""

SAVES = 50
"""A run saves its state about so often."""

AGREEMENT = 1e-3
"""Scores computed again may differ by so much of the largest: other threads add in another order."""


@dataclass(frozen=True)
class First:
    """What the first look found.

    Attributes:
        probe: scores of the first test points and of a few training points, shape (<= PROBE, <= PROBE).
        seconds: of one training point.
    """

    probe: NDArray[np.float64]
    seconds: float


@dataclass(frozen=True)
class Tile:
    """What the reducers saw of a tile, in their order, and the losses (w,)."""

    points: int
    parts: tuple[Arrays, ...]
    losses: NDArray[np.float64]
    seconds: float
    failure: str | None = None


class ScanJob:
    """Influences of all training points on all test points, reduced.

    Args:
        model: is fitted on the training data in the first step, unless it is already.
        train: training points.
        test: test points.
        shape: their numbers and labels.
        reducers: what is kept.
        column: the reducers' column that stands for a point's value.
        width: training points a tile.
        make_store: from nothing to the gradient store, once the model is fitted.
        spread: whether tiles are visited all over the data, so that the first ones show what the rest will be like,
            or in order, as loaders give them.
        turns: who computes when.

    Attributes:
        data_key: what the training data are known by in checkpoints.
        restored: steps that a checkpoint has; when it has all, nothing is fitted.
    """

    unit = "training points"
    divisible = False
    threads_itself = True

    def __init__(
        self,
        model: InfluenceFunctionModel,
        train: Batches,
        test: Batches,
        shape: Shape,
        reducers: Sequence[Reducer],
        *,
        column: str,
        width: int,
        make_store: Callable[[], GradientStore],
        spread: bool = False,
        turns: Turns | None = None,
    ) -> None:
        self.model, self.train, self.test, self.shape = model, train, test, shape
        self.reducers, self.width, self.n = list(reducers), width, shape.n_train
        self.column, self.make_store = column, make_store
        self.total_steps = -(-self.n // width)
        self.order = spread_order(self.total_steps) if spread else np.arange(self.total_steps)
        self.round_steps = max(1, self.total_steps // SAVES)
        self.turns = turns or Turns()
        self.lock = threading.RLock()
        self.factors: Rows | None = None
        self.store: GradientStore | None = None
        self.store_key = ""
        self.data_key = train.fingerprint
        self.restored = 0
        self._own: Arrays = {}
        self._stats: Arrays = {}

    # --- the work -------------------------------------------------------------------------------------------

    def tile(self, step: int) -> slice:
        """The training points of a step."""
        at = int(self.order[step]) * self.width
        return slice(at, min(at + self.width, self.n))

    def rows(self, step: int) -> int:
        tile = self.tile(step)
        return int(tile.stop - tile.start)

    def units(self, steps: int) -> int:
        return sum(self.rows(step) for step in range(min(steps, self.total_steps)))

    def first(self) -> First:
        """Fit, test factors, and a timed look at a few training points.

        Raises:
            Whatever is wrong with model and data; influences that are not finite.
        """
        if self.restored >= self.total_steps:
            return First(np.full((0, 0), np.nan), 0.0)
        with self.turns.take():
            self.prepare()
            start = time.perf_counter()
            look = self.tile(0)
            scores = self.scores(slice(look.start, min(look.stop, look.start + TIMED)))
            seconds = (time.perf_counter() - start) / scores.shape[1]
        return First(scores[:PROBE, :PROBE].double().cpu().numpy(), seconds)

    def prepare(self) -> None:
        """The fitted model, the factors of the test points, the store."""
        if not self.model.is_fitted:
            self.model.fit(self.train)
        if self.factors is None:
            self.factors = factors_of(self.model, self.test)
        self.stored()

    def stored(self) -> GradientStore:
        """The store of these data; one that somebody else put other samples into is left to them."""
        if self.store is None or self.store.key != self.store_key:
            self.store = self.make_store()
            self.store_key = self.store.key
        return self.store

    def pack(self, first: First) -> None:
        return None

    def unpack(self, payload: Any) -> First:
        raise NotImplementedError  # nothing is packed

    def initial(self, first: First) -> Arrays:
        for reducer in self.reducers:
            reducer.begin(self.shape)
        self._own = {
            "probe": first.probe,
            "done": np.zeros(self.n, np.bool_),
            "loss": np.full(self.n, np.nan),
            "samples": self.train.digests.copy(),
            "probed": self.train.digests[self.tile(0)][: first.probe.shape[1]].copy(),
        }
        return self._gathered()

    def plan(self, stats: Arrays) -> Mapping[str, Any]:
        if stats is not self._stats:
            self._take_up(stats)
        return {}

    def checksum(self, steps: range) -> int:
        return 0

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Tile:
        start, where = time.perf_counter(), self.tile(step)
        with self.turns.take():
            parts, losses = self.look(where)
        return Tile(hi - lo, parts, losses, time.perf_counter() - start)

    def look(self, where: slice) -> tuple[tuple[Arrays, ...], NDArray[np.float64]]:
        """What each reducer sees of these training points, and their losses; by whoever's turn it is."""
        store = self.stored()
        rows = store.rows(where.start, where.stop).to(dtype=self.precision)
        scores = self._scores(rows, where)
        parts = tuple(
            reducer.reduce_rows(self.model, rows, where)
            if isinstance(reducer, SelfInfluence)
            else reducer.reduce(scores, where)
            for reducer in self.reducers
        )
        return parts, store.losses[where].double().cpu().numpy()

    def again(self, where: slice) -> None:
        """Compute these training points anew, after a relabel; by whoever's turn it is.

        Reducers that merge tiles cannot take one back: this is for those that keep numbers of training points.
        """
        self.prepare()
        parts, losses = self.look(where)
        with self.lock:
            self.write(where, parts, losses)

    def relabelled(self, labels: NDArray[np.int64] | None, train: Batches) -> None:
        """Other labels of the training points from now on; the store has them already."""
        with self.lock:
            self.shape = replace(self.shape, train_labels=labels)
            for reducer in self.reducers:
                reducer.shape = self.shape
            assert self.store is not None  # it has been asked for
            self.train, self.store_key = train, self.store.key

    def scores(self, where: slice) -> Tensor:
        """Scores (n_test, w) of these training points; by whoever's turn it is."""
        return self._scores(self.stored().rows(where.start, where.stop).to(dtype=self.precision), where)

    @property
    def precision(self) -> torch.dtype:
        """Of the scores."""
        assert self.factors is not None  # prepared
        return precision(self.factors)

    def _scores(self, rows: Rows, where: slice) -> Tensor:
        assert self.factors is not None  # prepared
        return tile_scores(self.model, self.factors, rows, where)

    def join(self, payloads: Sequence[Tile]) -> Tile:
        (whole,) = payloads
        return whole

    def fold(self, stats: Arrays, step: int, payload: Tile) -> Arrays:
        with self.lock:
            self.write(self.tile(step), payload.parts, payload.losses)
            return self._gathered()

    def write(self, where: slice, parts: Sequence[Arrays], losses: NDArray[np.float64]) -> None:
        """Take in what the reducers saw of these training points; `lock` is held."""
        for reducer, part in zip(self.reducers, parts, strict=True):
            reducer.fold(part, where)
        self._own["loss"][where] = losses
        self._own["done"][where] = True
        self._own["samples"][where] = self.train.digests[where]

    def tally(self, payload: Tile) -> tuple[int, int, int]:
        return payload.points, 0, 0

    def check(self, stats: Any, rounds: int) -> None:
        return None

    # --- what it says ---------------------------------------------------------------------------------------

    def estimate(self, stats: Arrays) -> Estimate:
        """The column's values: exact where a tile is done, NaN elsewhere; each rests on all test points."""
        if stats is not self._stats:
            self._take_up(stats)
        with self.lock:
            done = self._own["done"].copy()
            values = self.columns()[self.column].astype(np.float64)
        stderr = np.where(np.isfinite(values) & done, 0.0, np.nan)
        return Estimate(values, stderr, np.where(done, self.shape.n_test, 0).astype(np.int64))

    def exact(self, stats: Arrays) -> bool:
        return bool(stats["done"].all())

    def steps_for_updates(self, updates: int) -> int | None:
        return None

    def columns(self) -> Arrays:
        """One number for each training point, by name; NaN where it is not known yet."""
        with self.lock:
            found = {"loss": self._own["loss"].copy()} if self._own else {}
            for reducer in self.reducers:
                if reducer.columns and hasattr(reducer, "arrays"):
                    result = reducer.result()
                    found |= {name: result[name] for name in reducer.columns}
        return found

    def tables(self) -> dict[str, Arrays]:
        """What else the reducers keep, by reducer."""
        with self.lock:
            found = {
                r.name: {k: v for k, v in r.result().items() if k not in r.columns} for r in self.reducers
            }
        return {name: tables for name, tables in found.items() if tables}

    def notes(self) -> tuple[str, ...]:
        """What a reader of the result must know."""
        with self.lock:
            return tuple(note for reducer in self.reducers for note in reducer.notes())

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which training points are done: (n,)."""
        with self.lock:
            return self._own["done"].copy() if self._own else np.zeros(self.n, np.bool_)

    # --- state ----------------------------------------------------------------------------------------------

    def _gathered(self) -> Arrays:
        """All arrays under names of their own: what a checkpoint holds."""
        state = {f"{i}/{k}": values for i, r in enumerate(self.reducers) for k, values in r.state().items()}
        self._stats = {**self._own, **state}
        return self._stats

    def _take_up(self, stats: Arrays) -> None:
        """Go on from a checkpoint.

        Raises:
            IdentityError: if this model gives other influences than those that are there.
        """
        with self.lock:
            self._compare(stats)
            for i, reducer in enumerate(self.reducers):
                start = f"{i}/"
                reducer.load({k.removeprefix(start): v for k, v in stats.items() if k.startswith(start)})
            self._own = {k: v for k, v in stats.items() if "/" not in k}
            self._stats = stats
            other = (stats["samples"] != self.train.digests).any(axis=1) & stats["done"]
        for position in np.flatnonzero(other).tolist():  # relabelled while the checkpoint was written
            with self.turns.take():
                self.again(slice(position, position + 1))

    def _compare(self, stats: Arrays) -> None:
        now, then = self._own["probe"], stats["probe"]
        if not now.size:
            return  # the checkpoint is whole: nothing will be added to it
        same = (stats["probed"] == self._own["probed"]).all(axis=1)  # but for relabelled points
        if np.abs(then - now)[:, same].max(initial=0.0) > AGREEMENT * np.abs(then).max():
            raise IdentityError(
                "the checkpoint holds other influences than this model gives: another damping or method, a curvature "
                "of other data, or a method that draws at random without a seed. Resuming would mix the two: use what "
                "it was begun with, or another checkpoint folder."
            )


def spread_order(tiles: int) -> NDArray[np.int64]:
    """An order of tiles whose first k lie all over the data, for every k: binary digits of the place, mirrored."""
    digits = max(1, (tiles - 1).bit_length())
    places = [int(f"{k:0{digits}b}"[::-1], 2) for k in range(1 << digits)]
    return np.array([place for place in places if place < tiles], dtype=np.int64)
