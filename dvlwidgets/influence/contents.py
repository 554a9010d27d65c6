"""What one reading of data tells: a hash of each sample, whether their shapes differ, and small targets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from .batch import Batch, bytes_of

SMALL = 256 << 20
"""Targets of up to so many bytes stay in memory once they were read."""

DIGEST = 16
"""Bytes of a sample's hash."""


@dataclass(frozen=True)
class Contents:
    """What was read.

    Attributes:
        digests: a hash of each sample, shape (n, 16).
        input_digests: of its inputs without the target, shape (n, 16).
        pieces: a hash of each batch, by the position of its first sample.
        ragged: whether samples have other shapes in other batches.
        targets: shape (n, ...), where they are small and of one shape.
    """

    digests: NDArray[np.uint8]
    input_digests: NDArray[np.uint8]
    pieces: Mapping[int, bytes]
    ragged: bool
    targets: Tensor | None

    @staticmethod
    def of(batches: Iterable[Batch]) -> Contents:
        """Reads them once."""
        found, shapes, targets, size, at = [], set(), [], 0, 0
        pieces: dict[int, bytes] = {}
        for batch in batches:
            pieces[at] = digest_of(batch)
            at += len(batch)
            found.append(digests_of(batch))
            shapes.add(tuple(t.shape[1:] for t in batch.tensors()))
            size += batch.target.nbytes
            if size <= SMALL:
                targets.append(batch.target.cpu())
        ragged = len(shapes) > 1
        return Contents(
            digests=np.concatenate([whole for whole, _ in found]),
            input_digests=np.concatenate([inputs for _, inputs in found]),
            pieces=pieces,
            ragged=ragged,
            targets=torch.cat(targets) if size <= SMALL and not ragged else None,
        )

    def check(self, at: int, batch: Batch) -> None:
        """That samples read again, from position `at` on, are what they were.

        Raises:
            InputError: if they are not, as with random augmentation.
        """
        then = self.digests[at : at + len(batch)]
        if self.pieces.get(at) == digest_of(batch):
            return  # the same piece as then, at once; sample by sample it takes ten times as long
        same = (then == digests_of(batch)[0]).all(axis=1) if len(then) == len(batch) else np.zeros(1, bool)
        if not same.all():
            raise InputError(
                f"sample {at + int(np.argmin(same)):,} is not what it was when the data were read before: they change "
                "from one reading to the next, as with random augmentation. Pass the data as the model is to see them, "
                "without random transformations."
            )

    def replaced(self, positions: Tensor, batch: Batch) -> Contents:
        """With other samples at these positions."""
        at = positions.numpy()
        samples, inputs = self.digests.copy(), self.input_digests.copy()
        samples[at], inputs[at] = digests_of(batch)
        targets = self.targets
        if targets is not None:
            targets = targets.index_copy(0, positions, batch.target.to(targets))
        return Contents(samples, inputs, {}, self.ragged, targets)


def digests_of(batch: Batch) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Hashes of each sample, and of its inputs: numbers, types and shapes, (B, 16) each."""
    begun, columns = hashlib.blake2b(digest_size=DIGEST), []
    for tensor in batch.tensors():
        begun.update(f"{tensor.dtype}{tuple(tensor.shape[1:])};".encode())
        columns.append((bytes_of(tensor), tensor[:1].nbytes))
    *inputs, (target, size) = columns
    wholes, without = [], []
    for i in range(len(batch)):
        hasher = begun.copy()
        for column, width in inputs:
            hasher.update(column[i * width : (i + 1) * width])
        without.append(hasher.digest())
        hasher.update(target[i * size : (i + 1) * size])
        wholes.append(hasher.digest())
    whole, inner = (np.frombuffer(b"".join(d), np.uint8).reshape(-1, DIGEST) for d in (wholes, without))
    return whole, inner


def digest_of(batch: Batch) -> bytes:
    """One hash of all samples."""
    hasher = hashlib.blake2b(digest_size=DIGEST)
    for tensor in batch.tensors():
        hasher.update(f"{tensor.dtype}{tuple(tensor.shape)};".encode())
        hasher.update(bytes_of(tensor))
    return hasher.digest()
