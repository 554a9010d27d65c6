"""Results that are computed when they are asked for: one after the other, in lists, or straight to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, InputTypeError
from .aggregators import (
    ListAggregator,
    NestedListAggregator,
    NestedSequenceAggregator,
    SequenceAggregator,
)
from .converters import NumpyConverter, as_array, check_converter
from .strip_writer import StripWriter


class LazyChunkSequence:
    """Blocks of rows that are computed when they are read; each reading computes them again.

    Args:
        generator_factory: gives a fresh generator of blocks, each of shape (b, ...).
        len_generator: how many blocks it gives, or a function that says so; None if it is not known.

    Raises:
        InputTypeError: if the factory is none.
    """

    def __init__(
        self,
        generator_factory: Callable[[], Iterator[Any]],
        len_generator: int | Callable[[], int] | None = None,
    ) -> None:
        _check_factory(generator_factory)
        self.generator_factory = generator_factory
        self._length = len_generator

    @property
    def len_generator(self) -> int | None:
        """How many blocks there are, or None if that is not known."""
        return self._length() if callable(self._length) else self._length

    def __iter__(self) -> Iterator[Any]:
        yield from self.generator_factory()

    def __len__(self) -> int:
        return _known(self.len_generator)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the blocks as one array; computes them.

        Raises:
            InputError: if there are none.
        """
        shapes = [tuple(block.shape) for block in self]
        if not shapes:
            raise InputError("there are no blocks, so they have no shape; expected at least one.")
        return (sum(s[0] for s in shapes), *shapes[0][1:])

    def compute(self, aggregator: SequenceAggregator | None = None) -> Any:
        """All blocks, by default in a list.

        Args:
            aggregator: makes something else of them, for example `TorchCatAggregator()`.
        """
        return (aggregator or ListAggregator())(self)

    def to_zarr(
        self,
        path_or_store: Any,
        converter: NumpyConverter[Any] | None = None,
        *,
        return_stored: bool = True,
        overwrite: bool = False,
        chunks: tuple[int, ...] | None = None,
    ) -> Any:
        """Write the blocks to a zarr array, one at a time.

        Args:
            path_or_store: a folder's name, a URL, or a zarr store.
            converter: makes numpy arrays of blocks; by default torch tensors and arrays are understood.
            return_stored: return the array, which reads from the file what is asked of it.
            overwrite: replace an array that is there.
            chunks: of the stored array; by default those of the first block.

        Returns:
            The `zarr.Array`, or None.

        Raises:
            IdentityError: if there is an array of something else and overwrite is False.
            InstallationError: without zarr.
        """
        check_converter(converter)
        writer = StripWriter(
            path_or_store,
            axis=0,
            length=self._rows(),
            key=self._key(),
            overwrite=overwrite,
            chunks=chunks,
        )
        for block in self._blocks_from(writer.position):
            array = as_array(block, converter)
            writer.put(array, array.shape)
        array = writer.finish()
        return array if return_stored else None

    # --- what calculators know and a bare factory does not ----------------------------------------------------

    def _rows(self) -> int | None:
        """Rows in all, or None if that is not known."""
        return None

    def _key(self) -> str | None:
        """What the blocks are of; with it a killed `to_zarr` can be gone on with."""
        return None

    def _blocks_from(self, row: int) -> Iterator[Any]:
        """The blocks from a row on."""
        assert not row, "only what has a key is gone on with"
        return iter(self)


class NestedLazyChunkSequence:
    """Rows of blocks that are computed when they are read; each reading computes them again.

    Args:
        generator_factory: gives a fresh generator that gives, for each row, a generator of its blocks (b, b', ...).
        len_outer_generator: how many rows it gives, or a function that says so; None if it is not known.

    Raises:
        InputTypeError: if the factory is none.
    """

    def __init__(
        self,
        generator_factory: Callable[[], Iterator[Iterator[Any]]],
        len_outer_generator: int | Callable[[], int] | None = None,
    ) -> None:
        _check_factory(generator_factory)
        self.generator_factory = generator_factory
        self._length = len_outer_generator

    @property
    def len_outer_generator(self) -> int | None:
        """How many rows of blocks there are, or None if that is not known."""
        return self._length() if callable(self._length) else self._length

    def __iter__(self) -> Iterator[Iterator[Any]]:
        yield from self.generator_factory()

    def __len__(self) -> int:
        return _known(self.len_outer_generator)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the blocks as one array; computes them where that must be."""
        rows = [[tuple(block.shape) for block in row] for row in self]
        return (sum(row[0][0] for row in rows), sum(s[1] for s in rows[0]), *rows[0][0][2:])

    def blocks(self) -> list[list[Any]]:
        """All blocks, a list for each row."""
        return [list(row) for row in self]

    def whole(self) -> Tensor:
        """All blocks as one tensor."""
        return torch.cat([torch.cat(row, dim=1) for row in self.blocks()])

    def compute(self, aggregator: NestedSequenceAggregator | None = None) -> Any:
        """All blocks, by default in a list for each row.

        Args:
            aggregator: makes something else of them, for example `NestedTorchCatAggregator()`.
        """
        return (aggregator or NestedListAggregator())(self)

    def to_zarr(
        self,
        path_or_store: Any,
        converter: NumpyConverter[Any] | None = None,
        *,
        return_stored: bool = True,
        overwrite: bool = False,
        chunks: tuple[int, ...] | None = None,
    ) -> Any:
        """Write the blocks to a zarr array; see `LazyChunkSequence.to_zarr`. A row of blocks is held at a time."""
        check_converter(converter)
        writer = StripWriter(path_or_store, axis=0, overwrite=overwrite, chunks=chunks)
        for row in self:
            blocks = [as_array(block, converter) for block in row]
            writer.put(np.concatenate(blocks, axis=1), blocks[0].shape)
        array = writer.finish()
        return array if return_stored else None


def _check_factory(factory: Any) -> None:
    if not callable(factory):
        raise InputTypeError(
            f"generator_factory={factory!r} was given; expected a function that returns a fresh generator: a "
            "generator itself can be read only once."
        )


def _known(length: int | None) -> int:
    if length is None:
        raise InputTypeError(
            "the number of blocks is not known before they are read; pass it to the constructor."
        )
    return length
