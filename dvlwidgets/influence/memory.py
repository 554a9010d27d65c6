"""How much of a computation fits at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

BUDGET = 512 << 20
"""Bytes that copies of intermediate results may take at once."""


@dataclass
class Saved:
    """Tensors that autograd saved for the backward pass.

    Attributes:
        seen: bytes by storage.
    """

    seen: dict[int, int] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of all of them."""
        return sum(self.seen.values())


@contextmanager
def watch_saved() -> Iterator[Saved]:
    """Counts what the operations within it save."""
    saved = Saved()

    def note(tensor: Tensor) -> Tensor:
        saved.seen[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield saved


def chunk_of(n: int, each: int, budget: int | None = None) -> int:
    """How many of n items, of `each` bytes, to take at once: at least 1."""
    return max(1, min(n, (BUDGET if budget is None else budget) // max(each, 1)))
