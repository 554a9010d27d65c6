"""Data of any kind as batches in one order that never changes.

Rows of an influence matrix are data points, so their order must be the same whenever the data are read. A loader that
shuffles is pinned to the order of its data set, with a warning.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
from ..errors import InputError, InputTypeError

TARGETS = ("labels", "label", "targets", "target", "y")
"""Keys under which a batch that is a mapping may keep what the loss compares the output with."""

BATCH = 256


@dataclass(frozen=True)
class Batch:
    """B samples: what the model is called with, and what the loss compares its output with.

    Attributes:
        inputs: positional arguments of the model, the first axis of each is the sample.
        target: shape (B, ...).
        keywords: arguments of the model by name.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor
    keywords: Mapping[str, Tensor] = field(default_factory=dict)

    @staticmethod
    def of(item: Any) -> Batch:
        """From what a loader gives: (x, y), (x1, x2, ..., y), ((x1, x2), y), ({...}, y) or {..., "labels": y}.

        Raises:
            InputTypeError: for anything else.
            InputError: for tensors of different lengths.
        """
        if isinstance(item, Batch):
            return item
        if isinstance(item, Mapping):
            keys = [key for key in TARGETS if key in item]
            if not keys:
                raise InputError(
                    f"a batch is a mapping with the keys {list(item)}; expected one of {list(TARGETS)} among them."
                )
            rest = {k: _tensor(v) for k, v in item.items() if k != keys[0] and v is not None}
            return Batch((), _tensor(item[keys[0]]), rest)._checked()
        if isinstance(item, Sequence) and not isinstance(item, str) and len(item) >= 2:
            *given, target = item
            if len(given) == 1 and isinstance(given[0], Mapping):
                return Batch((), _tensor(target), {k: _tensor(v) for k, v in given[0].items()})._checked()
            if len(given) == 1 and isinstance(given[0], (tuple, list)):
                given = list(given[0])
            return Batch(tuple(_tensor(x) for x in given), _tensor(target))._checked()
        raise InputTypeError(
            f"a batch is a {type(item).__name__}; expected (x, y), several inputs and a target, or a mapping of "
            "tensors with the target under 'labels'."
        )

    def _checked(self) -> Batch:
        lengths = {len(t) if t.ndim else -1 for t in (*self.inputs, *self.keywords.values(), self.target)}
        if len(lengths) > 1 or -1 in lengths:
            raise InputError(
                f"the tensors of a batch have the lengths {sorted(lengths)}; the first axis of each must be the sample."
            )
        return self

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: slice | Tensor) -> Batch:
        return self._map(lambda t: t[rows])

    def to(self, device: Any) -> Batch:
        """On another device."""
        return self._map(lambda t: t.to(device))

    @property
    def x(self) -> Tensor:
        """The model's first input.

        Raises:
            InputError: if it is called with keywords only.
        """
        if not self.inputs:
            raise InputError(
                "these batches are mappings; what asks for the input x needs a model that is called with one tensor."
            )
        return self.inputs[0]

    def _map(self, change: Callable[[Tensor], Tensor]) -> Batch:
        keywords = {k: change(v) for k, v in self.keywords.items()}
        return Batch(tuple(change(x) for x in self.inputs), change(self.target), keywords)

    def tensors(self) -> tuple[Tensor, ...]:
        """All of its tensors, in a fixed order."""
        return (*self.inputs, *(self.keywords[k] for k in sorted(self.keywords)), self.target)


class Batches:
    """Data that can be read again and again, always in the same order and the same pieces.

    Attributes:
        batch_size: of all batches but the last, or None where the pieces are of any size.
    """

    def __init__(self, source: Callable[[], Iterable[Any]], batch_size: int | None = None) -> None:
        self._source, self.batch_size = source, batch_size
        self._sizes: tuple[int, ...] | None = None
        self._fingerprint: str | None = None

    @staticmethod
    def of(data: Any, batch_size: int | None = None) -> Batches:
        """From a DataLoader, a torch or dvlwidgets Dataset, a tuple of tensors, a batch, or an iterable of batches.

        Args:
            data: what to read; see `Batch.of` for what a batch may be.
            batch_size: where the data are not in batches already: by default 256.

        Raises:
            InputTypeError: for anything else.
        """
        size = batch_size or BATCH
        if isinstance(data, Batches):
            return data
        if isinstance(data, DataLoader):
            return _of_loader(data)
        if isinstance(data, Dataset):
            return _resident(Batch.of(tensors_of(data)), size)
        if isinstance(data, IterableDataset):
            raise InputTypeError(
                "an IterableDataset may give another order each time; pass a DataLoader over a list."
            )
        if isinstance(data, TensorDataset):
            return _resident(Batch.of(data.tensors), size)
        if isinstance(data, TorchDataset):
            return Batches(lambda: DataLoader(data, size), size)
        if isinstance(data, (Batch, Mapping)):
            return _resident(Batch.of(data), size)
        if (
            isinstance(data, (tuple, list))
            and data
            and all(isinstance(t, (Tensor, np.ndarray)) for t in data)
        ):
            return _resident(Batch.of(data), size)
        if isinstance(data, Iterable) and not isinstance(data, (str, Tensor, np.ndarray)):
            batches = data if iter(data) is not data else list(data)
            return Batches(lambda: batches)
        raise InputTypeError(
            f"{type(data).__name__} was given as data; expected a DataLoader, a Dataset, (x, y) or an iterable of batches."
        )

    def __iter__(self) -> Iterator[Batch]:
        sizes = []
        for item in self._source():
            batch = Batch.of(item)
            if len(batch):
                sizes.append(len(batch))
                yield batch
        if not sizes:
            raise InputError("the data are empty; expected at least one sample.")
        if self._sizes is not None and self._sizes != tuple(sizes):
            raise InputError(
                f"the data gave {sum(sizes):,} samples in {len(sizes)} batches, {sum(self._sizes):,} in "
                f"{len(self._sizes)} before; expected the same each time. A generator can be read only once: pass a list."
            )
        self._sizes = tuple(sizes)

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
        """The first batch."""
        return Batch.of(next(iter(self._source())))

    def whole(self) -> Batch:
        """All samples as one batch."""
        return cat(list(self))

    def targets(self) -> Tensor:
        """What the loss compares outputs with: shape (n, ...)."""
        return torch.cat([batch.target for batch in self])

    @property
    def fingerprint(self) -> str:
        """A hash of all numbers in their order, whatever the sizes of the batches; reads the data once."""
        if self._fingerprint is None:
            hashes: list[Any] = []
            for batch in self:
                tensors = batch.tensors()
                hashes = hashes or [hashlib.blake2b(_kind(t), digest_size=20) for t in tensors]
                for hasher, tensor in zip(hashes, tensors, strict=True):
                    hasher.update(bytes_of(tensor))
            self._fingerprint = hashlib.blake2b(
                b"".join(h.digest() for h in hashes), digest_size=20
            ).hexdigest()
        return self._fingerprint


def cat(batches: Sequence[Batch]) -> Batch:
    """Several batches as one."""
    first = batches[0]
    return Batch(
        tuple(torch.cat(xs) for xs in zip(*(b.inputs for b in batches), strict=True)),
        torch.cat([b.target for b in batches]),
        {k: torch.cat([b.keywords[k] for b in batches]) for k in first.keywords},
    )


def tensors_of(data: Dataset) -> tuple[Tensor, Tensor]:
    """A data set's x as floats and y as class numbers (int64) or floats.

    Raises:
        InputTypeError: for features or labels that are no numbers.
    """
    x, y = data.data()
    pair = []
    for name, values in (("x", x), ("y", y)):
        if not isinstance(values, Tensor):
            dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
            if dense.dtype.kind not in "fiub":
                raise InputTypeError(
                    f"the data set's {name} holds {dense.dtype}; a torch model takes numbers. Encode them first, "
                    "for example by scikit-learn's LabelEncoder or OrdinalEncoder."
                )
            values = torch.from_numpy(np.ascontiguousarray(dense))
        pair.append(values)
    features, target = pair
    features = features if features.is_floating_point() else features.float()
    return features, target if target.is_floating_point() else target.long()


def bytes_of(tensor: Tensor) -> memoryview:
    """A tensor's numbers as bytes, in row order."""
    return memoryview(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())


def _kind(tensor: Tensor) -> bytes:
    return f"{tensor.dtype}{tuple(tensor.shape[1:])}".encode()


def _tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(value)
    raise InputTypeError(f"a batch holds a {type(value).__name__}; expected tensors or numeric arrays.")


def _resident(batch: Batch, size: int) -> Batches:
    return Batches(lambda: (batch[at : at + size] for at in range(0, len(batch), size)), size)


def _of_loader(loader: DataLoader[Any]) -> Batches:
    dataset, size = loader.dataset, loader.batch_size
    if isinstance(dataset, IterableDataset):
        return Batches(lambda: loader, size)
    plain = isinstance(loader.sampler, SequentialSampler) and type(loader.batch_sampler) is BatchSampler
    if not plain or loader.drop_last:
        what = "shuffles" if isinstance(loader.sampler, RandomSampler) else "leaves out or draws samples"
        order = (
            "in the order of its data set"
            if isinstance(loader.sampler, RandomSampler) or plain
            else "as drawn now"
        )
        warnings.warn(
            f"this DataLoader {what}; rows of the result are its data {order}, all of them. Pass shuffle=False and "
            "drop_last=False to say so.",
            UserWarning,
            stacklevel=4,
        )
    if plain or isinstance(loader.sampler, RandomSampler):
        if isinstance(dataset, TensorDataset) and loader.collate_fn is default_collate:
            return _resident(Batch.of(dataset.tensors), size or BATCH)
        again: dict[str, Any] = {"batch_size": size or BATCH, "shuffle": False}
    else:
        again = {"batch_sampler": [list(drawn) for drawn in loader.batch_sampler or ()]}
    kept = DataLoader(dataset, num_workers=loader.num_workers, collate_fn=loader.collate_fn, **again)
    return Batches(lambda: kept, size)
