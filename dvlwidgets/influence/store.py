"""Per-sample gradients of a data set, computed once and used by every query, method, damping and click."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from ..errors import InputError, InputTypeError
from .base import InfluenceFunctionModel, require_model
from .batches import Batch, Batches, require_positions
from .rows import Rows
from .shelves import Form, MemoryShelf, Shelf, dtype_of, kept_dtype, name_of
from .store_files import FileShelf
from .store_passes import JOINED, layer_bytes, passes

_OPEN: WeakValueDictionary[tuple[str, str], GradientStore] = WeakValueDictionary()
_OPENING = threading.RLock()


class GradientStore:
    """Gradients of n samples as `model.gradients` gives them: factored, flat or projected.

    They are computed when they are first asked for, tile by tile, and kept. `GradientStore.of` finds a store that is
    there already.

    Args:
        model: whose `gradients` are stored.
        batches: the data.
        shelf: where they are kept.
        dtype: the precision they are kept in; they are handed out in the model's own.
        path: the folder that holds the store's folder, if any.
    """

    def __init__(
        self,
        model: InfluenceFunctionModel,
        batches: Batches,
        shelf: Shelf,
        *,
        dtype: torch.dtype,
        path: Path | None,
    ) -> None:
        self.model, self.batches, self.dtype, self.path = model, batches, dtype, path
        self._shelf, self._model_key = shelf, model.store_key
        self._lock = threading.RLock()
        self._work: Batches | None = None
        self._pass_bytes = 0
        self.key = key_of(model, batches, dtype)

    @classmethod
    def of(
        cls,
        model: InfluenceFunctionModel,
        data: Any,
        *,
        path: str | os.PathLike[str] | None = None,
        dtype: torch.dtype | str | None = None,
    ) -> GradientStore:
        """The store of a model's gradients on data: one of this process, one on disk, or a new one.

        Args:
            model: an influence model; what counts is its `store_key` (the network, its weights, the loss).
            data: what `Batches.of` takes; it is read once to know whether it is the same.
            path: a folder for stores, each in a folder of its own named by its key; None keeps them in memory for as
                long as somebody holds the store.
            dtype: "float32", "float64" or "bfloat16" (half the bytes, three digits); None for the model's own.

        Raises:
            StoreError: for a folder that cannot be written or has no room.
            InputError, InputTypeError: for a model, a path, a dtype or data that are none.
        """
        require_model(model)
        kept = kept_dtype(dtype, model.problem.dtype)
        batches = Batches.of(data)
        folder = folder_of(path)
        with _OPENING:
            key = key_of(model, batches, kept)
            found = _OPEN.get((key, str(folder)))
            if found is None and folder is None:
                found = next((store for (own, _), store in list(_OPEN.items()) if own == key), None)
            if found is None:
                n = len(batches)
                shelf: Shelf = (
                    MemoryShelf(n, model.device) if folder is None else FileShelf(folder / key[:20], key, n)
                )
                found = cls(model, batches, shelf, dtype=kept, path=folder)
                _OPEN[key, str(folder)] = found
            return found

    # --- what it is -----------------------------------------------------------------------------------------

    @property
    def n(self) -> int:
        """Samples."""
        return len(self.batches)

    def __len__(self) -> int:
        return self.n

    @property
    def spec(self) -> list[dict[str, Any]]:
        """See `Rows.spec`; computes the first tile if nothing is known yet."""
        return self._form.spec

    @property
    def nbytes(self) -> int:
        """Bytes that it takes when it is complete; computes the first tile if nothing is known yet."""
        return self._form.row_bytes * self.n

    @property
    def computed(self) -> int:
        """Samples that are there."""
        return int(self._shelf.done(0, self.n).sum())

    @property
    def complete(self) -> bool:
        """Whether all samples are there."""
        return self.computed == self.n

    @property
    def losses(self) -> Tensor:
        """The loss of each sample, shape (n,), NaN where it is not computed."""
        return self._shelf.losses().to(self.model.problem.dtype)

    @property
    def targets(self) -> Tensor:
        """What the loss compares outputs with, shape (n, ...)."""
        return self.batches.targets()

    def __repr__(self) -> str:
        where = "in memory" if self.path is None else f"in {self.path}"
        known = f"{self.computed:,} of {self.n:,} samples, {name_of(self.dtype)}, {where}"
        return f"GradientStore({known}, key {self.key[:12]})"

    # --- what it gives --------------------------------------------------------------------------------------

    def rows(self, lo: int, hi: int) -> Rows:
        """The gradients of samples lo to hi - 1; computes what is missing, and keeps it.

        They may share memory with the store: do not change them in place.

        Raises:
            InputError: for samples that are not there, data that changed since, or a model that was fitted anew.
        """
        if not 0 <= lo < hi <= self.n:
            raise InputError(f"rows {lo} to {hi} were asked for; the store holds samples 0 to {self.n}.")
        self._fill(lo, hi)
        form = self._form
        rows = Rows.of_tensors(self.model.layout, form.spec, self._shelf.read(lo, hi))
        return rows.to(self.model.device, dtype_of(form.working))

    def tiles(self, width: int) -> Iterator[tuple[slice, Rows]]:
        """All rows in pieces of `width` samples, in order.

        Raises:
            InputError: for a width below 1, and as `rows`.
        """
        if width < 1:
            raise InputError(f"width={width!r} was given; expected a positive integer.")
        for lo in range(0, self.n, width):
            hi = min(lo + width, self.n)
            yield slice(lo, hi), self.rows(lo, hi)

    def replace(self, positions: Any, batch: Any) -> None:
        """Other samples at these positions, after a relabel: only their gradients are computed again.

        Args:
            positions: int64 (k,), each once.
            batch: the k samples as they are now; see `Batch.of`.

        Raises:
            InputError: for positions that are not there, or another number of samples.
        """
        where, new = require_positions(positions, self.n), Batch.of(batch)
        if len(new) != len(where):
            raise InputError(f"{len(where)} positions and {len(new)} samples were given; expected as many.")
        with self._lock, _OPENING:
            self._require_same_model()
            rows, losses = self._compute(new)
            changed = self.batches.replaced(where, new)
            key = key_of(self.model, changed, self.dtype)
            self._shelf.forget(where)
            _OPEN.pop((self.key, str(self.path)), None)
            if isinstance(self._shelf, FileShelf):
                self._shelf = _moved(self._shelf, key)
            self.batches, self.key, self._work = changed, key, None
            _OPEN[key, str(self.path)] = self
            self._keep(where, rows, losses)
            self._shelf.flush()

    # --- filling it -----------------------------------------------------------------------------------------

    @property
    def _form(self) -> Form:
        if self._shelf.form is None:
            self._fill(0, 1)
        assert self._shelf.form is not None  # filling opens the shelf
        return self._shelf.form

    def _fill(self, lo: int, hi: int) -> None:
        if self._shelf.done(lo, hi).all():
            return
        with self._lock:
            missing = (~self._shelf.done(lo, hi)).nonzero()[0]
            if not len(missing):
                return
            first, last = lo + int(missing[0]), lo + int(missing[-1])
            self._require_same_model()
            if self._work is None:
                self._work = self.model.condensed(self.batches, path=self.path)
            try:
                for at, batch in passes(self._missing(self._work, first, last + 1), self._room):
                    self._keep(slice(at, at + len(batch)), *self._compute(batch))
            finally:
                self._shelf.flush()

    def _missing(self, work: Batches, lo: int, hi: int) -> Iterator[tuple[int, Batch]]:
        """Batches that hold samples which are not there."""
        for at, batch in work.reading(lo, hi):
            if self._shelf.done(at, at + len(batch)).all():
                continue
            if work is self.batches:  # what features are made of is checked when they are
                self.batches.check(at, batch)
            yield at, batch

    def _room(self, batch: Batch) -> int:
        """Samples of a kind whose gradients are computed in one pass, whatever the batches are.

        Files keep batch by batch what a kill or an error leaves behind.
        """
        form = self._shelf.form
        if form is None or self.path is not None or self.batches.ragged:
            return 0
        if self._pass_bytes == 0:
            self._pass_bytes = form.row_bytes + layer_bytes(self.model.problem, batch)
        return JOINED // self._pass_bytes

    def _require_same_model(self) -> None:
        if self.model.store_key != self._model_key:
            raise InputError(
                "the model was fitted again since this store was made, with other weights; its gradients do not go "
                "together with those stored. Make a new store: GradientStore.of(model, data)."
            )

    def _compute(self, batch: Batch) -> tuple[Rows, Tensor]:
        rows, losses = self.model.gradients_with_losses(batch)
        if self.batches.ragged and not rows.is_flat:  # factors have an axis of the batch's own length
            rows = Rows.of_flat(rows.layout, rows.flat())
        return rows, losses

    def _keep(self, where: slice | Tensor, rows: Rows, losses: Tensor) -> None:
        tensors = rows.tensors()
        if self._shelf.form is None:
            self._shelf.open(Form.of(rows.spec, tensors, self.dtype))
        if not self._form.takes(rows.spec, tensors):
            raise InputError(
                "gradients of these samples have other shapes than those stored; expected samples of one shape. Pad "
                "them to one length."
            )
        self._shelf.write(where, tensors, losses)


def folder_of(path: Any) -> Path | None:
    """The folder for stores that somebody named, or None for memory.

    Raises:
        InputTypeError: for what is no path.
    """
    if path is not None and not isinstance(path, str | os.PathLike):
        raise InputTypeError(
            f"path is {path!r:.60}; expected a folder for gradient stores, such as 'gradients', or None for memory."
        )
    return None if path is None else Path(path).expanduser().resolve()


def key_of(model: InfluenceFunctionModel, batches: Batches, dtype: torch.dtype) -> str:
    """What a store is of: the model's state and loss, the data, the precision."""
    named = f"{model.store_key}|{batches.fingerprint}|{dtype}"
    return hashlib.blake2b(named.encode(), digest_size=20).hexdigest()


def _moved(shelf: FileShelf, key: str) -> FileShelf:
    """The same numbers under another key; if a store of that key is there, that one."""
    folder = shelf.folder.parent / key[:20]
    if folder.exists():
        return FileShelf(folder, key, shelf.n)
    shelf.rename(folder, key)
    return shelf
