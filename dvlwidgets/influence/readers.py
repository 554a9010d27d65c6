"""How data of each kind are read again and again in one order: resident tensors, pinned loaders, lists of batches."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    default_collate,
)
from torch.utils.data import Dataset as TorchDataset

from ..data.dataset import Dataset
from ..errors import InputTypeError
from .batch import Batch

BATCH = 256
"""Samples a batch where the data are not in batches already."""


class Reader(Protocol):
    """Data in a fixed order of batches."""

    @property
    def batch_size(self) -> int | None:
        """Samples of all batches but the last, where that is known."""
        ...

    def since(self, first: int) -> Iterator[tuple[int, Batch]]:
        """(position of its first sample, batch) from the batch that holds the sample `first` to the end."""
        ...


@dataclass(frozen=True)
class Resident:
    """Tensors in memory, cut into batches."""

    batch: Batch
    batch_size: int

    def since(self, first: int) -> Iterator[tuple[int, Batch]]:
        start = first - first % self.batch_size
        for at in range(start, len(self.batch), self.batch_size):
            yield at, self.batch[at : at + self.batch_size]


class Loaded:
    """A data set with an order of its own, read by a DataLoader; reading can begin at any batch.

    Args:
        dataset: with a length and positions.
        order: positions of each batch.
        options: further arguments of the DataLoader.
    """

    def __init__(self, dataset: Any, order: list[list[int]], **options: Any) -> None:
        self.dataset, self.order, self._options = dataset, order, options
        self.batch_size = len(order[0]) if order else None
        self._ends = np.cumsum([len(positions) for positions in order])

    def since(self, first: int) -> Iterator[tuple[int, Batch]]:
        number = int(np.searchsorted(self._ends, first, side="right"))
        loader = DataLoader(self.dataset, batch_sampler=self.order[number:], **self._options)
        at = int(self._ends[number - 1]) if number else 0
        for item in loader:
            batch = Batch.of(item)
            yield at, batch
            at += len(batch)


@dataclass(frozen=True)
class Listed:
    """Something that gives batches whenever it is iterated over."""

    batches: Iterable[Any]
    batch_size: int | None = None

    def since(self, first: int) -> Iterator[tuple[int, Batch]]:
        at = 0
        for item in self.batches:
            batch = Batch.of(item)
            if at + len(batch) > first:
                yield at, batch
            at += len(batch)


class Patched:
    """A reader with some samples replaced.

    Args:
        reader: gives the others.
        positions: int64 (k,) of the samples.
        batch: what they are now.
    """

    def __init__(self, reader: Reader, positions: Tensor, batch: Batch) -> None:
        self._reader, self._positions, self._batch = reader, positions, batch
        self.batch_size = reader.batch_size

    def since(self, first: int) -> Iterator[tuple[int, Batch]]:
        for at, batch in self._reader.since(first):
            mine = ((self._positions >= at) & (self._positions < at + len(batch))).nonzero().flatten()
            if len(mine):
                where = self._positions[mine] - at
                tensors = []
                for old, new in zip(batch.tensors(), self._batch[mine].tensors(), strict=True):
                    changed = old.clone()
                    changed[where.to(old.device)] = new.to(old)
                    tensors.append(changed)
                batch = batch.with_tensors(tensors)  # noqa: PLW2901 - the changed one takes its place
            yield at, batch


def reader_of(data: Any, batch_size: int | None) -> Reader:
    """How to read data; see `Batches.of`.

    Raises:
        InputTypeError: for what is no data.
    """
    size = batch_size or BATCH
    if isinstance(data, DataLoader):
        return _of_loader(data)
    if isinstance(data, Dataset):
        return Resident(Batch.of(tensors_of(data)), size)
    if isinstance(data, IterableDataset):
        raise InputTypeError(
            "an IterableDataset may give another order each time; pass a DataLoader over a list, or a list of batches."
        )
    if isinstance(data, TensorDataset):
        return Resident(Batch.of(data.tensors), size)
    if isinstance(data, TorchDataset):
        return Loaded(data, _cut(_length(data), size))
    if isinstance(data, (Batch, Mapping)) or _is_batch(data):
        return Resident(Batch.of(data), size)
    if isinstance(data, Iterable) and not isinstance(data, (str, Tensor, np.ndarray)):
        return Listed(list(data) if isinstance(data, Iterator) else data)
    raise InputTypeError(
        f"{type(data).__name__} was given as data; expected a DataLoader, a Dataset, (x, y) or an iterable of batches."
    )


def tensors_of(data: Dataset) -> tuple[Tensor, Tensor]:
    """A data set's x as floats and y as class numbers (int64) or floats.

    Raises:
        InputTypeError: for features or labels that are no numbers.
    """
    x, y = data.data()
    features, target = _numbers("x", x), _numbers("y", y)
    features = features if features.is_floating_point() else features.float()
    return features, target if target.is_floating_point() else target.long()


def _numbers(name: str, values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    if dense.dtype.kind not in "fiub":
        raise InputTypeError(
            f"the data set's {name} holds {dense.dtype}; a torch model takes numbers. Encode them first, for example "
            "by scikit-learn's LabelEncoder or OrdinalEncoder."
        )
    return torch.from_numpy(np.array(dense))


def _is_batch(data: Any) -> bool:
    """Whether a pair or more is one batch of tensors, and not a list of batches."""
    if not isinstance(data, (tuple, list)) or len(data) < 2:
        return False
    *given, target = data
    if not isinstance(target, (Tensor, np.ndarray)):
        return False  # two mappings are two batches, and so are two pairs
    if len(given) == 1 and isinstance(given[0], (Mapping, tuple, list)):
        return True
    return all(isinstance(t, (Tensor, np.ndarray)) for t in given)


def _of_loader(loader: DataLoader[Any]) -> Reader:
    dataset, batched = loader.dataset, loader.batch_sampler
    if isinstance(dataset, IterableDataset):
        return Listed(loader)
    usual = batched is None or type(batched) is BatchSampler
    # a loader that was given batches has a sampler, too, and it does not use it
    sampler: Any = batched.sampler if isinstance(batched, BatchSampler) else loader.sampler
    size = batched.batch_size if isinstance(batched, BatchSampler) else BATCH
    sequential = isinstance(sampler, SequentialSampler) and usual
    whole = sequential or (usual and _draws_each_once(sampler, dataset))
    if not sequential or getattr(batched, "drop_last", False):
        _warn_of_order(sampler if usual else batched, sequential=sequential, whole=whole)
    again: dict[str, Any] = {
        "num_workers": loader.num_workers,
        "collate_fn": loader.collate_fn,
        "worker_init_fn": loader.worker_init_fn,
        "multiprocessing_context": loader.multiprocessing_context,
    }
    if batched is None:  # each item of the data set is a batch already
        numbers = range(_length(dataset)) if whole else list(sampler)
        return Listed(DataLoader(dataset, batch_size=None, sampler=numbers, **again))
    if not whole:
        return Loaded(dataset, [list(positions) for positions in batched], **again)
    if isinstance(dataset, TensorDataset) and loader.collate_fn is default_collate:
        return Resident(Batch.of(dataset.tensors), size)
    return Loaded(dataset, _cut(_length(dataset), size), **again)


def _warn_of_order(drawn_by: Any, *, sequential: bool, whole: bool) -> None:
    if whole:
        what = "drops its last batch" if sequential else "shuffles"
        order = "in the order of its data set, all of them"
    else:
        what, order = f"draws its samples by {type(drawn_by).__name__}", "as drawn now, once and for all"
    warnings.warn(
        f"this DataLoader {what}; rows of the result are its data {order}. Pass a DataLoader with shuffle=False and "
        "drop_last=False to say so.",
        UserWarning,
        stacklevel=6,
    )


def _draws_each_once(sampler: Any, dataset: Any) -> bool:
    return (
        isinstance(sampler, RandomSampler)
        and not sampler.replacement
        and sampler.num_samples == _length(dataset)
    )


def _length(dataset: Any) -> int:
    try:
        return len(dataset)
    except TypeError:
        raise InputTypeError(
            f"{type(dataset).__name__} has no length; expected a data set with __len__ and __getitem__, or a list of "
            "batches."
        ) from None


def _cut(n: int, size: int) -> list[list[int]]:
    return [list(range(at, min(at + size, n))) for at in range(0, n, size)]
