"""How much memory is free, and how much of a computation fits at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

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


def free_bytes(device: torch.device | str = "cpu") -> int:
    """Bytes that a device could still give without swapping."""
    kind = torch.device(device)
    if kind.type == "cuda":
        return int(torch.cuda.mem_get_info(kind)[0])
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # no Linux: half of what is built in is a guess that refuses what surely cannot fit
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError, AttributeError):
        return 1 << 62  # unknown: refuse nothing


def readable(count: float) -> str:
    """Bytes in the unit that people would use."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
