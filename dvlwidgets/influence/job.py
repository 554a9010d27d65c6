"""The scan as a job of the loop: a step is a tile of training points.

A training point's statistics are exact as soon as its tile is done, and unknown before; a run can pause between
tiles, and what a checkpoint holds is not computed again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.records import Estimate
from .ledger import Ledger
from .reducers.base import Arrays
from .scan import spread_order
from .scanner import Scanner
from .turns import Turns

PROBE = 8
"""So many test and training points are compared with the checkpoint's before anything is added to it."""

TIMED = 32
"""Training points of the timed first look."""

SAVES = 50
"""A run saves its state about so often."""


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
    """What the reducers saw of a tile, in their order; losses (w,); hashes of the samples (w, 16)."""

    points: int
    parts: tuple[Arrays, ...]
    losses: NDArray[np.float64]
    samples: NDArray[np.uint8]
    seconds: float
    failure: str | None = None


class ScanJob:
    """Influences of all training points on all test points, reduced.

    Args:
        scanner: computes tiles.
        ledger: keeps what the reducers see.
        column: the reducers' column that stands for a point's value.
        width: training points a tile.
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
        scanner: Scanner,
        ledger: Ledger,
        *,
        column: str,
        width: int,
        spread: bool = False,
        turns: Turns | None = None,
    ) -> None:
        self.scanner, self.ledger, self.column, self.width = scanner, ledger, column, width
        self.n = ledger.shape.n_train
        self.total_steps = -(-self.n // width)
        self.order = spread_order(self.total_steps) if spread else np.arange(self.total_steps)
        self.round_steps = max(1, self.total_steps // SAVES)
        self.turns = turns or Turns()
        self.data_key = scanner.train.fingerprint
        self.restored = 0

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
            look = self.tile(0)
            few = slice(look.start, min(look.stop, look.start + TIMED))
            _ = self.scanner.factors  # is not what a training point takes
            start = time.perf_counter()
            scores = self.scanner.scores(few)
            seconds = (time.perf_counter() - start) / scores.shape[1]
        return First(scores[:PROBE, :PROBE].double().cpu().numpy(), seconds)

    def pack(self, first: First) -> None:
        return None

    def unpack(self, payload: Any) -> First:
        raise NotImplementedError  # nothing is packed

    def initial(self, first: First) -> Arrays:
        return self.ledger.begin(self.scanner.train.digests, first.probe, self.tile(0))

    def plan(self, stats: Arrays) -> Mapping[str, Any]:
        self._take_up(stats)
        return {}

    def checksum(self, steps: range) -> int:
        return 0

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Tile:
        start = time.perf_counter()
        with self.turns.take():
            parts, losses, samples = self._look(self.tile(step))
        return Tile(hi - lo, parts, losses, samples, time.perf_counter() - start)

    def join(self, payloads: Sequence[Tile]) -> Tile:
        (whole,) = payloads
        return whole

    def fold(self, stats: Arrays, step: int, payload: Tile) -> Arrays:
        where = self.tile(step)
        self.ledger.write(where, payload.parts, payload.losses, payload.samples)
        if (payload.samples != self.scanner.train.digests[where]).any():
            self._renew()  # a point was relabelled since the look
        return self.ledger.gathered()

    def tally(self, payload: Tile) -> tuple[int, int, int]:
        return payload.points, 0, 0

    def check(self, stats: Any, rounds: int) -> None:
        return None

    def estimate(self, stats: Arrays) -> Estimate:
        """The column's values: exact where a tile is done, NaN elsewhere; each rests on all test points."""
        self._take_up(stats)
        with self.ledger.lock:
            done = self.ledger.done
            values = self.ledger.columns()[self.column].astype(np.float64)
        stderr = np.where(np.isfinite(values) & done, 0.0, np.nan)
        return Estimate(values, stderr, np.where(done, self.ledger.shape.n_test, 0).astype(np.int64))

    def exact(self, stats: Arrays) -> bool:
        return bool(stats["done"].all())

    def steps_for_updates(self, updates: int) -> int | None:
        return None

    def again(self, position: int) -> None:
        """Compute a training point anew, after a relabel; by whoever's turn it is.

        Reducers that merge tiles cannot take one back: this is for those that keep numbers of training points.
        """
        where = slice(position, position + 1)
        self.ledger.write(where, *self._look(where), again=True)

    def _look(self, where: slice) -> tuple[tuple[Arrays, ...], NDArray[np.float64], NDArray[np.uint8]]:
        parts, losses = self.scanner.look(where, self.ledger.reducers)
        return parts, losses, self.scanner.train.digests[where].copy()

    def _take_up(self, stats: Arrays) -> None:
        """Go on from a checkpoint, if that is where the statistics come from."""
        if stats is not self.ledger.arrays:
            self.ledger.take_up(stats)
            self._renew()

    def _renew(self) -> None:
        for position in self.ledger.stale(self.scanner.train.digests).tolist():
            with self.turns.take():
                self.again(position)
