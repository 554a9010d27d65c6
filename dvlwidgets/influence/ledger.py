"""What a scan knows so far: the reducers' arrays, which points are done, and how a checkpoint is taken up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import IdentityError
from .reducers.base import Arrays, Reducer, Shape
from .reducers.disagreement import Disagreement

AGREEMENT = 1e-3
"""Scores computed again may differ by so much of the largest: other threads add in another order."""


class Ledger:
    """Arrays that grow tile by tile; any thread may read them.

    Args:
        shape: numbers of points, and their labels.
        reducers: what is kept.

    Attributes:
        lock: held while a tile is written or the columns are read.
        arrays: as last gathered or taken up.
    """

    def __init__(self, shape: Shape, reducers: Sequence[Reducer]) -> None:
        self.shape, self.reducers = shape, list(reducers)
        self.lock = threading.RLock()
        self._own: Arrays = {}
        self.arrays: Arrays = {}

    def begin(self, digests: NDArray[np.uint8], probe: NDArray[np.float64], probed: slice) -> Arrays:
        """Before the first tile.

        Args:
            digests: a hash of each training point, shape (n_train, 16).
            probe: scores that a resumed run must find again, shape (some test points, some training points).
            probed: the training points of the probe.
        """
        n = self.shape.n_train
        with self.lock:
            for reducer in self.reducers:
                reducer.begin(self.shape)
            self._own = {
                "done": np.zeros(n, np.bool_),
                "loss": np.full(n, np.nan),
                "samples": digests.copy(),
                "probe": probe,
                "probed": digests[probed][: probe.shape[1]].copy(),
            }
            return self.gathered()

    def write(
        self,
        where: slice,
        parts: Sequence[Arrays],
        losses: NDArray[np.float64],
        samples: NDArray[np.uint8],
        *,
        again: bool = False,
    ) -> None:
        """Take in what the reducers saw of these training points, whose hashes were `samples`.

        With `again` they were, or will be, in a tile: reducers that merge tiles take them once.
        """
        with self.lock:
            for reducer, part in zip(self.reducers, parts, strict=True):
                if not (again and reducer.merges):
                    reducer.fold(part, where)
            self._own["loss"][where] = losses
            self._own["samples"][where] = samples
            self._own["done"][where] = True

    def relabelled(self, labels: NDArray[np.int64] | None) -> None:
        """Other labels of the training points from now on."""
        with self.lock:
            self.shape = replace(self.shape, train_labels=labels)
            for reducer in self.reducers:
                reducer.shape = self.shape

    # --- reading ----------------------------------------------------------------------------------------------

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which training points are done: (n_train,)."""
        with self.lock:
            return self._own["done"].copy() if self._own else np.zeros(self.shape.n_train, np.bool_)

    def stale(self, digests: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Points that are done but were other samples then: positions."""
        with self.lock:
            return np.flatnonzero((self._own["samples"] != digests).any(axis=1) & self._own["done"])

    def columns(self) -> Arrays:
        """One number for each training point, by name; NaN where it is not known yet."""
        with self.lock:
            if not self._own:
                return {}
            found = {"loss": self._own["loss"].copy()}
            for reducer in self.reducers:
                result = reducer.result()
                found |= {name: result[name] for name in reducer.columns}
            return found

    def disagreement(self) -> NDArray[np.float64] | None:
        """See `Disagreement.share`; None before the first tile, and without that reducer."""
        with self.lock:
            kept = [r for r in self.reducers if isinstance(r, Disagreement)] if self._own else []
            return kept[0].share() if kept else None

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

    # --- checkpoints ------------------------------------------------------------------------------------------

    def take_up(self, arrays: Arrays) -> None:
        """Go on from the arrays of a checkpoint.

        Raises:
            IdentityError: if they hold other influences than the probe finds now.
        """
        with self.lock:
            self._compare(arrays)
            for i, reducer in enumerate(self.reducers):
                start = f"{i}/"
                reducer.load({k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)})
            self._own = {k: v for k, v in arrays.items() if "/" not in k}
            self.arrays = arrays

    def gathered(self) -> Arrays:
        """All arrays under names of their own: what a checkpoint holds."""
        with self.lock:
            several = enumerate(self.reducers)
            state = {f"{i}/{k}": values for i, r in several for k, values in r.state().items()}
            self.arrays = {**self._own, **state}
            return self.arrays

    def _compare(self, arrays: Arrays) -> None:
        now, then = self._own["probe"], arrays["probe"]
        if not now.size:
            return  # the checkpoint is whole: nothing will be added to it
        same = (arrays["probed"] == self._own["probed"]).all(axis=1)  # but for relabelled points
        if np.abs(then - now)[:, same].max(initial=0.0) > AGREEMENT * np.abs(then).max():
            raise IdentityError(
                "the checkpoint holds other influences than this model gives: another damping or method, a curvature "
                "of other data, or a method that draws at random without a seed. Resuming would mix the two: use what "
                "it was begun with, or another checkpoint folder."
            )
