"""Matrices that are sums of outer products of rows: products by two matrix products, the matrix by a few."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..layout import Layout
from ..rows import Rows
from .groups import Group, Shared
from .pair_sums import Layer, PairSums, add_gram
from .resident import RESIDENT_BYTES, Resident

BY_UNITS = 24
"""The matrix of layers with one position a sample takes as long as products with about p / 24 vectors (measured)."""


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

    def matrix_cost(self, sub: Layout) -> float:
        """See `Source`; a flat row takes p^2 operations for the matrix, 4 p for a product."""
        linear = next(iter(self.groups())).linear(sub) is not None
        return sub.p / (BY_UNITS if linear else 3)

    def forget(self) -> None:
        """Drop the kept rows: the data are others now."""
        self._kept = None

    def rows(self, sub: Layout) -> Iterator[Tensor] | None:
        """See `Source`."""
        return (rows for group in self.groups() for rows in group.flat(sub))

    def products(self, sub: Layout, vectors: Tensor) -> Tensor:
        """See `Source`."""
        out = torch.zeros_like(vectors)
        for group in self.groups():
            parts = group.linear(sub)
            if parts is None:
                for rows in group.flat(sub):
                    out += (vectors @ rows.T) @ rows
            else:
                out += _factored_products(parts, sub, vectors)
        return out

    def dense(self, sub: Layout) -> Tensor:
        """See `Source`."""
        sums: PairSums | None = None
        whole: Tensor | None = None
        for group in self.groups():
            parts = group.linear(sub)
            if parts is None:
                like = next(group.flat(sub))
                whole = like.new_zeros(sub.p, sub.p) if whole is None else whole
                for rows in group.flat(sub):
                    add_gram(whole, rows)
            else:
                layers, piece = group.piece(parts, sub)
                sums = PairSums(layers, sub.p) if sums is None else sums
                sums.add(piece)
        if whole is None:
            assert sums is not None  # there are data
            return sums.matrix()
        return mirror(whole) if sums is None else mirror(whole).add_(sums.matrix())

    def to(self, device: torch.device) -> None:
        """See `Source`."""
        self.resident.to(device)
        if self._kept is not None:
            self._kept = [group.to(device) for group in self._kept]


def _factored_products(parts: Sequence[Shared], sub: Layout, vectors: Tensor) -> Tensor:
    """Products with the sum of outer products of factored rows, which are never written out."""
    layers: list[Layer] = [part.layer(sub) for part in parts]
    inputs = [layer.widened(part.a) for layer, part in zip(layers, parts, strict=True)]
    weights = vectors.new_zeros(len(vectors), *parts[0].g.shape[:2])  # (k, c, B)
    for layer, part, a in zip(layers, parts, inputs, strict=True):
        moved = torch.einsum("kow,bw->kob", layer.split(vectors), a)
        weights += torch.einsum("kob,cbo->kcb", moved, part.g)
    out = torch.zeros_like(vectors)
    for layer, part, a in zip(layers, parts, inputs, strict=True):
        pushed = torch.einsum("kcb,cbo->kob", weights, part.g)
        layer.join(out, pushed @ a)
    return out


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
