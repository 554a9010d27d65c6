"""One batch of samples: what the model is called with, and what the loss compares its output with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, InputTypeError

TARGETS = ("labels", "label", "targets", "target", "y")
"""Keys under which a batch that is a mapping may keep what the loss compares the output with."""


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
            InputError: for tensors of different lengths, and mappings without a target.
        """
        if isinstance(item, Batch):
            return item
        if isinstance(item, Mapping):
            keys = [key for key in TARGETS if key in item]
            if not keys:
                raise InputError(
                    f"a batch is a mapping with the keys {list(item)}; expected one of {list(TARGETS)} among them."
                )
            rest = {k: _tensor(v, k) for k, v in item.items() if k != keys[0] and v is not None}
            return Batch((), _tensor(item[keys[0]], keys[0]), rest).checked()
        if isinstance(item, Sequence) and not isinstance(item, str) and len(item) >= 2:
            *given, target = item
            if len(given) == 1 and isinstance(given[0], Mapping):
                keywords = {k: _tensor(v, k) for k, v in given[0].items() if v is not None}
                return Batch((), _tensor(target, "the target"), keywords).checked()
            if len(given) == 1 and isinstance(given[0], (tuple, list)):
                given = list(given[0])
            inputs = tuple(_tensor(x, f"input {i}") for i, x in enumerate(given))
            return Batch(inputs, _tensor(target, "the target")).checked()
        raise InputTypeError(
            f"a batch is a {type(item).__name__}; expected (x, y), several inputs and a target, or a mapping of "
            "tensors with the target under 'labels'."
        )

    def checked(self) -> Batch:
        """Itself.

        Raises:
            InputError: if its tensors have different lengths.
        """
        lengths = {len(t) if t.ndim else -1 for t in self.tensors()}
        if len(lengths) > 1 or -1 in lengths:
            shapes = [tuple(t.shape) for t in self.tensors()]
            raise InputError(
                f"the tensors of a batch have the shapes {shapes}; the first axis of each must be the sample, and all "
                "must have as many."
            )
        return self

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: slice | Tensor) -> Batch:
        return self.map(lambda t: t[rows])

    def to(self, device: Any) -> Batch:
        """On another device."""
        return self.map(lambda t: t.to(device))

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

    def map(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """With each of its tensors changed by a function."""
        keywords = {k: change(v) for k, v in self.keywords.items()}
        return Batch(tuple(change(x) for x in self.inputs), change(self.target), keywords)

    def tensors(self) -> tuple[Tensor, ...]:
        """All of its tensors, in a fixed order: inputs, keywords by name, target."""
        return (*self.inputs, *(self.keywords[k] for k in sorted(self.keywords)), self.target)

    def with_tensors(self, tensors: Sequence[Tensor]) -> Batch:
        """The same names with other tensors, in the order of `tensors()`."""
        *given, target = tensors
        inputs, named = given[: len(self.inputs)], given[len(self.inputs) :]
        return Batch(tuple(inputs), target, dict(zip(sorted(self.keywords), named, strict=True)))


def cat(batches: Sequence[Batch]) -> Batch:
    """Several batches as one.

    Raises:
        InputError: if the samples of one have other shapes than those of another.
    """
    first = batches[0]
    columns = list(zip(*(b.tensors() for b in batches), strict=True))
    for column in columns:
        if len(shapes := {tuple(t.shape[1:]) for t in column}) > 1:
            raise InputError(
                f"samples have the shapes {sorted(shapes)}; expected one shape for all of them here. Pad them to one "
                "length (for targets with the loss's ignore_index)."
            )
    return first if len(batches) == 1 else first.with_tensors([torch.cat(column) for column in columns])


def bytes_of(tensor: Tensor) -> memoryview:
    """A tensor's numbers as bytes, in row order."""
    flat = tensor.detach().cpu().contiguous().flatten()
    if flat.stride() != (1,):  # one number, expanded
        flat = flat.clone(memory_format=torch.contiguous_format)
    return flat.view(torch.uint8).numpy().data


def _tensor(value: Any, name: str) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(np.ascontiguousarray(value))
    held = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
    raise InputTypeError(f"{name} of a batch is {held}; expected a tensor or a numeric array.")
