"""Dask arrays as chunks of samples: what can be used, and how results are put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import InputError, InputTypeError


class InvalidDimensionChunksError(InputError):
    """A dask array is cut along another axis than the first."""


class UnalignedChunksError(InputError):
    """Inputs and targets are cut at different samples."""


def delayed(thing: Any, **options: Any) -> Any:
    """A call, or a thing, of a graph that is computed later."""
    from dask.delayed import delayed as later

    return later(thing, **options)


def is_array(thing: Any) -> bool:
    """Whether it is a dask array."""
    from dask.array import Array

    return isinstance(thing, Array)


def refuse_arrays(*things: Any) -> None:
    """Refuses dask arrays where loaders are.

    Raises:
        InputTypeError: saying so.
    """
    if any(is_array(thing) for thing in things):
        raise InputTypeError("dask arrays and loaders were given together; expected one kind for all data.")


def check_array(array: Any, name: str) -> None:
    """Refuses what is no dask array in chunks of samples.

    Raises:
        InvalidDimensionChunksError: for other chunks.
        InputError, InputTypeError: for arrays of unknown size or without samples, and for other things.
    """
    if not is_array(array):
        raise InputTypeError(f"{name}: {type(array).__name__} was given; expected a dask array.")
    if any(math.isnan(size) for size in array.shape):
        raise InputError(f"{name} has chunks of unknown sizes; call compute_chunk_sizes() on it first.")
    if not array.ndim or not array.shape[0] or 0 in array.chunks[0]:
        raise InputError(f"{name} is empty or has empty chunks; call rechunk() on what is left of it.")
    if cut := [axis for axis, chunks in enumerate(array.chunks) if axis and len(chunks) > 1]:
        raise InvalidDimensionChunksError(
            f"{name} is cut along the axes {cut}; expected chunks of samples only: call "
            f"rechunk({{axis: -1 for axis in {cut}}}) on it."
        )


def check_chunks(x: Any, y: Any, names: str) -> None:
    """Refuses inputs and targets that are not cut at the same samples.

    Raises:
        UnalignedChunksError: for those; else see `check_array`.
    """
    first, second = names.split(" and ")
    check_array(x, first)
    check_array(y, second)
    if x.chunks[0] != y.chunks[0]:
        raise UnalignedChunksError(
            f"{names} are cut at different samples: {x.chunks[0]} and {y.chunks[0]}; call "
            f"{second}.rechunk({{0: {first}.chunks[0]}})."
        )


def pairs(x: Any, y: Any) -> list[tuple[Any, Any]]:
    """Chunks of x and y that belong together."""
    return list(zip(x.to_delayed().ravel(), y.to_delayed().ravel(), strict=True))


def joined(blocks: Sequence[Any], shapes: Sequence[tuple[int, ...]], like: Any, *, axis: int) -> Any:
    """One array of the delayed blocks, one after the other along an axis."""
    import dask.array as da

    pieces = [da.from_delayed(block, shape, meta=like) for block, shape in zip(blocks, shapes, strict=True)]
    return da.concatenate(pieces, axis=axis)
