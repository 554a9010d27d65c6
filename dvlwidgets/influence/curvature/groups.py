"""Rows of some samples, several to a sample, with what they share: the inputs of linear layers are held once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from ..layout import Layout
from ..rows import Outer, Part, Rows
from .pair_sums import Layer, Piece


@dataclass(frozen=True)
class Plain:
    """Rows as they were given.

    Attributes:
        rows: of each sample, once and again.
    """

    rows: tuple[Part, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters."""
        return self.rows[0].names

    @property
    def nbytes(self) -> int:
        """Of the numbers."""
        return sum(t.nbytes for part in self.rows for t in part.tensors().values())

    def row(self, c: int) -> Part:
        """Row c of each sample."""
        return self.rows[c]

    def to(self, device: torch.device) -> Plain:
        """On another device."""
        return Plain(tuple(part.map(lambda t: t.to(device)) for part in self.rows))


@dataclass(frozen=True)
class Shared:
    """Rows sum_t g_t a_t^T of a layer's weight (and sum_t g_t of its bias) that have the inputs a in common.

    Attributes:
        names: (weight,) or (weight, bias).
        a: shape (B, d) or (B, T, d).
        g: shape (c, B, o) or (c, B, T, o).
    """

    names: tuple[str, ...]
    a: Tensor
    g: Tensor

    @staticmethod
    def of(parts: Sequence[Outer]) -> Shared:
        """From one part for each row of a sample."""
        return Shared(parts[0].names, parts[0].a, torch.stack([part.g for part in parts]))

    @property
    def nbytes(self) -> int:
        """Of the numbers."""
        return self.a.nbytes + self.g.nbytes

    @property
    def single(self) -> bool:
        """Whether there is one position a sample."""
        return self.a.ndim == 2

    def row(self, c: int) -> Outer:
        """Row c of each sample."""
        return Outer(self.names, self.a, self.g[c])

    def to(self, device: torch.device) -> Shared:
        """On another device."""
        return replace(self, a=self.a.to(device), g=self.g.to(device))

    def layer(self, sub: Layout) -> Layer:
        """Where its parameters stand in a layout's vector."""
        bias = sub.starts[self.names[1]] if len(self.names) == 2 else None
        return Layer(self.g.shape[-1], self.a.shape[-1], sub.starts[self.names[0]], bias)


Held: TypeAlias = Plain | Shared


@dataclass(frozen=True)
class Group:
    """c rows for each of B samples.

    Attributes:
        layout: of all parameters.
        parts: that hold them.
        count: c.
    """

    layout: Layout
    parts: tuple[Held, ...]
    count: int

    @staticmethod
    def of(several: Iterator[Rows]) -> Group:
        """From rows of the same samples again and again."""
        found = list(several)
        parts = [_together([rows.parts[i] for rows in found]) for i in range(len(found[0].parts))]
        return Group(found[0].layout, tuple(parts), len(found))

    @property
    def nbytes(self) -> int:
        """Of the numbers."""
        return sum(part.nbytes for part in self.parts)

    def to(self, device: torch.device) -> Group:
        """On another device."""
        return replace(self, parts=tuple(part.to(device) for part in self.parts))

    def flat(self, sub: Layout) -> Iterator[Tensor]:
        """Rows (B, sub.p), c times."""
        for c in range(self.count):
            yield Rows(self.layout, tuple(part.row(c) for part in self.parts)).columns(sub.names)

    def linear(self, sub: Layout) -> list[Shared] | None:
        """The parts of these parameters, if all are of layers with one position a sample."""
        wanted, found = set(sub.names), []
        for part in self.parts:
            if not wanted.intersection(part.names):
                continue
            if not isinstance(part, Shared) or not part.single or not wanted.issuperset(part.names):
                return None
            found.append(part)
        return found

    def piece(self, parts: Sequence[Shared], sub: Layout) -> tuple[list[Layer], Piece]:
        """The sum of outer products of these rows, layer by layer, as `PairSums` adds it."""
        layers = [part.layer(sub) for part in parts]
        g = [part.g.movedim(0, 1) for part in parts]  # (B, c, o)
        second = {(i, j): torch.bmm(g[i].mT, g[j]) for i in range(len(parts)) for j in range(i, len(parts))}
        a = tuple(layer.widened(part.a) for layer, part in zip(layers, parts, strict=True))
        return layers, Piece(a, second)


def _together(parts: Sequence[Part]) -> Held:
    alike = [part for part in parts if isinstance(part, Outer)]
    return Shared.of(alike) if len(alike) == len(parts) else Plain(tuple(parts))
