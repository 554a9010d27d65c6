"""Between tensors and numpy arrays, and from torch data sets to dask arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor
from torch.utils.data import default_collate

from ..arguments import whole
from ..devices import device_there
from ..errors import InputError, InputTypeError, InstallationError

T = TypeVar("T")

_PRECISIONS = {torch.bfloat16: torch.float32}
"""What numpy has no type for, and what it becomes."""


class NumpyConverter(ABC, Generic[T]):
    """How tensors of a kind become numpy arrays, and arrays tensors."""

    @abstractmethod
    def to_numpy(self, x: T) -> NDArray[Any]:
        """A tensor as an array."""

    @abstractmethod
    def from_numpy(self, x: NDArray[Any]) -> T:
        """An array as a tensor."""


class TorchNumpyConverter(NumpyConverter[Tensor]):
    """Between torch and numpy. bfloat16, which numpy lacks, becomes float32.

    Args:
        device: where tensors that are made of arrays go; by default they stay where arrays are.
    """

    def __init__(self, device: Any = None) -> None:
        self.device = device

    def to_numpy(self, x: Tensor) -> NDArray[Any]:
        """A tensor on any device as an array; on the CPU they share memory."""
        array: NDArray[Any] = x.detach().to("cpu", _PRECISIONS.get(x.dtype)).numpy()
        return array

    def from_numpy(self, x: NDArray[Any]) -> Tensor:
        """An array as a tensor on the converter's device; read-only arrays are copied."""
        array = np.ascontiguousarray(x)
        tensor = torch.from_numpy(array if array.flags.writeable else array.copy())
        return tensor if self.device is None else tensor.to(device_there(self.device))


def as_array(block: Any, converter: NumpyConverter[Any] | None) -> NDArray[Any]:
    """A block of scores as an array: by the converter, or without one whatever numpy and torch understand."""
    if converter is not None:
        return np.asarray(converter.to_numpy(block))
    return TorchNumpyConverter().to_numpy(block) if isinstance(block, Tensor) else np.asarray(block)


def check_converter(converter: Any) -> None:
    """Refuses what cannot convert.

    Raises:
        InputTypeError: if it has no `to_numpy`.
    """
    if converter is not None and not callable(getattr(converter, "to_numpy", None)):
        raise InputTypeError(
            f"converter={converter!r} was given; expected a NumpyConverter such as TorchNumpyConverter(), or None."
        )


def torch_dataset_to_dask_array(
    dataset: Any,
    chunk_size: int,
    total_size: int | None = None,
    resulting_dtype: DTypeLike | None = np.float32,
) -> tuple[Any, ...]:
    """A torch data set as dask arrays, one for each thing that a sample holds; samples are read when they are needed.

    Args:
        dataset: with `dataset[i]` -> (x, y) or any other tuple of tensors and numbers.
        chunk_size: samples in a chunk.
        total_size: samples in all, where the data set has no length.
        resulting_dtype: of the arrays that hold floats; whole numbers, such as classes and tokens, keep their type.
            None keeps all types.

    Returns:
        Dask arrays of shape (n, ...) with chunks along the first axis.

    Raises:
        InputError: for an empty data set, and for one without a length if there is no total_size.
        InstallationError: without dask.
    """
    da, delayed = _dask()
    whole("chunk_size", chunk_size, 1, "It is the number of samples in a chunk.")
    n = _length(dataset, total_size)
    sample = _collated(dataset, 0, 1, resulting_dtype)
    source = delayed(dataset, pure=True, traverse=False)
    read = delayed(_collated, pure=True, nout=len(sample))
    parts: list[list[Any]] = [[] for _ in sample]
    for lo in range(0, n, chunk_size):
        hi = min(n, lo + chunk_size)
        pieces = read(source, lo, hi, resulting_dtype)
        for k, like in enumerate(sample):
            parts[k].append(da.from_delayed(pieces[k], (hi - lo, *like.shape[1:]), like.dtype))
    return tuple(da.concatenate(own) for own in parts)


def _length(dataset: Any, total_size: int | None) -> int:
    if total_size is not None:
        return whole("total_size", total_size, 1, "It is the number of samples to read.")
    try:
        n = len(dataset)
    except TypeError as error:
        raise InputError(
            f"{type(dataset).__name__} has no length; pass total_size, the number of samples to read."
        ) from error
    if not n:
        raise InputError("the data set is empty; expected at least one sample.")
    return n


def _collated(dataset: Any, lo: int, hi: int, dtype: DTypeLike | None) -> tuple[NDArray[Any], ...]:
    """Samples lo to hi, as one array for each of the things that a sample holds."""
    columns = default_collate([dataset[i] for i in range(lo, hi)])
    arrays = [as_array(column, None) for column in columns]
    return tuple(a.astype(dtype) if dtype is not None and a.dtype.kind == "f" else a for a in arrays)


def _dask() -> tuple[Any, Any]:
    try:
        import dask.array
        from dask.delayed import delayed
    except ImportError as error:
        raise InstallationError(
            "dask arrays need dask, which is not installed. Run: pip install 'dvlwidgets[dask]'"
        ) from error
    return dask.array, delayed
