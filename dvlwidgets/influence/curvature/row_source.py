"""Matrices that are sums of outer products of rows: products by two matrix products, the matrix by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor

from ..layout import Layout
from ..rows import Rows
from .resident import RESIDENT_BYTES, Resident

STRIPS = 4
"""The upper triangle of a product is computed in so many strips of columns; the lower one is its mirror image."""


class RowSource(ABC):
    """Source of a matrix sum_r r r^T; subclasses give the rows r, by pieces of the data."""

    def __init__(self, resident: Resident) -> None:
        self.resident = resident
        self._kept: list[Group] | None = None

    @abstractmethod
    def _pieces(self) -> Iterator[Iterator[Rows]]:
        """The rows of pieces of the data, computed anew: for each piece one row a sample, again and again."""

    def groups(self) -> Iterator[Group]:
        """The rows by pieces of the data; those that fit are kept from the first pass on."""
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[Group] | None = []
        held = 0
        for piece in self._pieces():
            group = Group.of(piece)
            held += group.nbytes
            kept = None if kept is None or held > RESIDENT_BYTES else [*kept, group]
            yield group
        self._kept = kept

    def rows(self, sub: Layout) -> Iterator[Tensor] | None:
        """See `Source`."""
        layout = self.resident.problem.layout
        if sub.names == layout.names:
            return (rows.flat() for rows in self.pieces())
        columns = layout.columns(sub.names).to(self.resident.problem.device)
        return (rows.flat()[:, columns] for rows in self.pieces())

    def products(self, sub: Layout, vectors: Tensor) -> Tensor:
        """See `Source`."""
        out = torch.zeros_like(vectors)
        for rows in self.rows(sub) or ():
            out += (vectors @ rows.T) @ rows
        return out

    def dense(self, sub: Layout) -> Tensor:
        """See `Source`."""
        problem = self.resident.problem
        whole = torch.zeros(sub.p, sub.p, dtype=problem.dtype, device=problem.device)
        for rows in self.rows(sub) or ():
            add_gram(whole, rows)
        return mirror(whole)

    def forget(self) -> None:
        """Rows are of other data from now on."""
        self._kept = None

    def to(self, device: torch.device) -> None:
        """See `Source`."""
        self.resident.to(device)
        if self._kept is not None:
            self._kept = [rows.to(device) for rows in self._kept]


def add_gram(whole: Tensor, rows: Tensor) -> None:
    """Adds rows^T rows to the strips of the upper triangle."""
    p = rows.shape[1]
    width = max(64, -(-p // STRIPS))
    for lo in range(0, p, width):
        hi = min(lo + width, p)
        whole[:hi, lo:hi].addmm_(rows[:, :hi].T, rows[:, lo:hi])


def mirror(whole: Tensor) -> Tensor:
    """A symmetric matrix from its upper triangle, in place."""
    p = len(whole)
    width = 512
    for lo in range(0, p, width):
        hi = min(lo + width, p)
        whole[lo:hi, :lo] = whole[:lo, lo:hi].T
        square = whole[lo:hi, lo:hi]
        whole[lo:hi, lo:hi] = square.triu() + square.triu(1).T
    return whole
