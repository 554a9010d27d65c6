"""Data of any kind as batches in one order that never changes.

Rows of an influence matrix are data points, so their order must be the same whenever the data are read. A loader that
shuffles is pinned to the order of its data set, with a warning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError, InputTypeError
from .batch import TARGETS, Batch, bytes_of, cat
from .contents import Contents
from .readers import BATCH, Patched, Reader, reader_of, tensors_of

__all__ = ["BATCH", "TARGETS", "Batch", "Batches", "bytes_of", "cat", "tensors_of"]

JOINED = 8 << 20
"""Bytes of batches that `Batches.joined` puts together."""


class Batches:
    """Data that can be read again and again, always in the same order and the same pieces.

    Args:
        reader: gives the batches from any sample on.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._sizes: tuple[int, ...] | None = None
        self._contents: Contents | None = None
        self._cursor: tuple[int, Iterator[tuple[int, Batch]]] | None = None

    @staticmethod
    def of(data: Any, batch_size: int | None = None) -> Batches:
        """From a DataLoader, a torch or dvlwidgets Dataset, a tuple of tensors, a batch, or an iterable of batches.

        Args:
            data: what to read; see `Batch.of` for what a batch may be.
            batch_size: where the data are not in batches already: by default 256.

        Raises:
            InputTypeError: for anything else.
        """
        return data if isinstance(data, Batches) else Batches(reader_of(data, batch_size))

    @property
    def batch_size(self) -> int | None:
        """Samples of all batches but the last, or None where the pieces are of any size."""
        return self._reader.batch_size

    def __iter__(self) -> Iterator[Batch]:
        sizes = []
        for _, batch in self._reader.since(0):
            if len(batch):
                sizes.append(len(batch))
                yield batch
        if not sizes:
            raise InputError("the data are empty; expected at least one sample.")
        if self._sizes is not None and self._sizes != tuple(sizes):
            raise InputError(
                f"the data gave {sum(sizes):,} samples in {len(sizes)} batches, {sum(self._sizes):,} in "
                f"{len(self._sizes)} before; expected the same each time. A generator can be read only once: pass a "
                "list."
            )
        self._sizes = tuple(sizes)

    def since(self, first: int) -> Iterator[tuple[int, Batch]]:
        """(position of its first sample, batch) from the batch that holds the sample `first` to the end."""
        return ((at, batch) for at, batch in self._reader.since(first) if len(batch))

    def reading(self, lo: int, hi: int) -> Iterator[tuple[int, Batch]]:
        """(position, batch) of those that hold the samples lo to hi - 1; goes on where the last reading ended."""
        cursor, self._cursor = self._cursor, None
        at, source = cursor or (0, iter(()))
        if cursor is None or not at <= lo <= at + (self.batch_size or len(self)):
            source = self.since(lo)
        for start, batch in source:
            end = start + len(batch)
            if end > lo:
                yield start, batch
            if end >= hi:
                self._cursor = (end, source)
                return

    @property
    def sizes(self) -> tuple[int, ...]:
        """Samples in each batch; reads the data once if that is not known yet."""
        if self._sizes is None:
            for _ in self:
                pass
        return self._sizes or ()

    def __len__(self) -> int:
        """Samples in all."""
        return sum(self.sizes)

    def first(self) -> Batch:
        """The first batch.

        Raises:
            InputError: if there is none.
        """
        for _, batch in self.since(0):
            return batch
        raise InputError("the data are empty; expected at least one sample.")

    def joined(self, nbytes: int = JOINED, rows: int | None = None) -> Iterator[Batch]:
        """All samples in order, with neighbouring batches of one shape put together.

        For passes whose work for a batch is small beside what beginning one costs.

        Args:
            nbytes: that batches put together may take.
            rows: samples that they may have.
        """
        held: list[Batch] = []
        sizes = samples = 0
        for batch in self:
            size = sum(t.nbytes for t in batch.tensors())
            many = rows is not None and samples + len(batch) > rows
            if held and (many or sizes + size > nbytes or _form(batch) != _form(held[0])):
                yield cat(held)
                held, sizes, samples = [], 0, 0
            held.append(batch)
            sizes, samples = sizes + size, samples + len(batch)
        yield cat(held)

    def whole(self) -> Batch:
        """All samples as one batch."""
        return cat(list(self))

    def targets(self) -> Tensor:
        """What the loss compares outputs with: shape (n, ...).

        Raises:
            InputError: for targets of other shapes in other batches.
        """
        if self._contents is not None and self._contents.targets is not None:
            return self._contents.targets
        found = [batch.target for batch in self]
        if len({t.shape[1:] for t in found}) > 1:
            raise InputError(
                "the targets have other shapes in other batches; expected one shape. Pad them with the loss's "
                "ignore_index."
            )
        return torch.cat(found)

    @property
    def fingerprint(self) -> str:
        """A hash of all numbers in their order, whatever the sizes of the batches; reads the data once."""
        return hashlib.blake2b(self.digests.tobytes(), digest_size=20).hexdigest()

    @property
    def input_fingerprint(self) -> str:
        """As `fingerprint`, of the inputs without the targets."""
        return hashlib.blake2b(self._read_once().input_digests.tobytes(), digest_size=20).hexdigest()

    @property
    def digests(self) -> NDArray[np.uint8]:
        """A hash of each sample, shape (n, 16); reads the data once."""
        return self._read_once().digests

    @property
    def ragged(self) -> bool:
        """Whether samples have other shapes in other batches, such as sentences padded batch by batch."""
        return self._read_once().ragged

    @property
    def known_targets(self) -> Tensor | None:
        """The targets, where they are small and of one shape; reads the data once."""
        return self._read_once().targets

    def _read_once(self) -> Contents:
        if self._contents is None:
            self._contents = Contents.of(self)
        return self._contents

    def check(self, at: int, batch: Batch) -> None:
        """That samples read again are what they were when the fingerprint was taken.

        Raises:
            InputError: if they are not, as with random augmentation.
        """
        self._read_once().check(at, batch)

    def replaced(self, positions: Tensor, batch: Batch) -> Batches:
        """The same data with other samples at these positions, after a relabel; these data stay as they are."""
        contents, where = self._read_once(), positions.cpu()
        new = Batches(Patched(self._reader, where, batch.to("cpu")))
        new._sizes, new._contents = self._sizes, contents.replaced(where, batch)
        return new


def require_positions(positions: Any, n: int) -> Tensor:
    """Positions of samples as int64 (k,).

    Raises:
        InputTypeError, InputError: for what are none.
    """
    found = torch.as_tensor(positions)
    if found.is_floating_point() or found.is_complex() or found.dtype is torch.bool or found.ndim != 1:
        raise InputTypeError(f"positions are {positions!r}; expected a vector of integers.")
    if len(found) and not 0 <= int(found.min()) <= int(found.max()) < n:
        raise InputError(
            f"positions run from {int(found.min())} to {int(found.max())}; there are {n:,} samples."
        )
    if len(found.unique()) < len(found):
        raise InputError("positions hold one sample twice; expected each once.")
    return found.long()


def _form(batch: Batch) -> object:
    return [(t.shape[1:], t.dtype) for t in batch.tensors()], len(batch.inputs), sorted(batch.keywords)
