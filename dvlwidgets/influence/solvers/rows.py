"""Small steps that all solvers share, on matrices whose rows are the vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

Product: TypeAlias = Callable[[Tensor], Tensor]
"""Rows v of shape (k, p) to rows A v, for a symmetric A."""


def orthonormal(rows: Tensor, *, floor: float = 0.0) -> Tensor:
    """Orthonormal rows with the span of the given ones.

    A row that depends on those before it, to within rounding of its own length, is left out.

    Args:
        rows: shape (k, p).
        floor: rows shorter than this count as zero.

    Returns:
        Shape (r, p), r at most min(k, p).
    """
    lengths = torch.linalg.vector_norm(rows, dim=1)
    kept = rows[lengths > max(floor, torch.finfo(rows.dtype).tiny)]
    if not len(kept):
        return kept
    kept = kept / torch.linalg.vector_norm(kept, dim=1, keepdim=True)
    q, r = torch.linalg.qr(kept.T)
    diagonal = r.diagonal().abs()
    independent: Tensor = q.T[diagonal > 10 * torch.finfo(rows.dtype).eps].contiguous()
    return independent


def gaussian(rows: int, p: int, like: Tensor, seed: int) -> Tensor:
    """Standard normal numbers of shape (rows, p), the same on every device and in every precision up to rounding."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(rows, p, generator=generator, dtype=torch.float64)
    return drawn.to(device=like.device, dtype=like.dtype)


class Basis:
    """Rows and their products side by side, in memory that is doubled when it is full.

    Args:
        p: length of a row.
        most: rows that it may hold.
        like: a tensor of the wanted precision and place.
    """

    def __init__(self, p: int, most: int, like: Tensor) -> None:
        self.most, self.size = most, 0
        self._room = (like.new_empty(0, p), like.new_empty(0, p))

    @property
    def rows(self) -> Tensor:
        """Shape (size, p)."""
        return self._room[0][: self.size]

    @property
    def products(self) -> Tensor:
        """Shape (size, p): A times the rows."""
        return self._room[1][: self.size]

    def add(self, rows: Tensor, products: Tensor) -> bool:
        """Append, if there is room; whether there was."""
        wanted = self.size + len(rows)
        if wanted > self.most:
            return False
        if wanted > len(self._room[0]):
            capacity = min(self.most, max(wanted, 2 * len(self._room[0])))
            grown = tuple(t.new_empty(capacity, t.shape[1]) for t in self._room)
            for new, old in zip(grown, self._room, strict=True):
                new[: self.size] = old[: self.size]
            self._room = (grown[0], grown[1])
        self._room[0][self.size : wanted] = rows
        self._room[1][self.size : wanted] = products
        self.size = wanted
        return True
