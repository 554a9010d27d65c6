"""Per-sample gradients of a batch: flat, or as the factors that backpropagation gives them in.

The gradient of a linear layer's weight for one sample is g a^T, the outer product of the gradient at its output with
its input: o + d numbers instead of o d. With several positions a sample (tokens, pixels) it is the sum over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from .contraction import contract
from .layout import Layout
from .tokens import Tokens


@dataclass(frozen=True)
class Flat:
    """Gradients as they are.

    Attributes:
        names: parameters, in layout order.
        values: shape (B, k).
    """

    names: tuple[str, ...]
    values: Tensor

    @property
    def spec(self) -> dict[str, Any]:
        """What it is, without the numbers."""
        return {"kind": "flat", "names": list(self.names)}

    def tensors(self) -> dict[str, Tensor]:
        """The numbers by name."""
        return {"values": self.values}

    def flat(self) -> Tensor:
        """Shape (B, k)."""
        return self.values

    def dot(self, other: Flat) -> Tensor:
        """Inner products of all pairs: shape (B, B')."""
        return self.values @ other.values.T

    def pair(self, other: Flat) -> Tensor:
        """Inner products row by row: shape (B,)."""
        return torch.einsum("bk,bk->b", self.values, other.values)

    def scaled(self, weights: Tensor) -> Flat:
        """Each row times a number, weights of shape (B,)."""
        return Flat(self.names, self.values * weights.unsqueeze(1))

    def map(self, change: Any) -> Flat:
        """With its numbers changed by a function of tensors that keeps or selects rows."""
        return Flat(self.names, change(self.values))


@dataclass(frozen=True)
class Outer:
    """Gradients of a layer's weight, sum over t of g_t a_t^T, and of its bias, sum over t of g_t.

    Attributes:
        names: (weight,) or (weight, bias).
        a: inputs, shape (B, d) or (B, T, d).
        g: gradients at the output, shape (B, o) or (B, T, o).
    """

    names: tuple[str, ...]
    a: Tensor
    g: Tensor

    @property
    def spec(self) -> dict[str, Any]:
        """What it is, without the numbers."""
        return {"kind": "outer", "names": list(self.names)}

    def tensors(self) -> dict[str, Tensor]:
        """The numbers by name."""
        return {"a": self.a, "g": self.g}

    @property
    def single(self) -> bool:
        """Whether there is one position a sample."""
        return self.a.ndim == 2

    def flat(self) -> Tensor:
        """Shape (B, o d) or (B, o d + o): the weight's columns, then the bias's."""
        g, a = (self.g.unsqueeze(1), self.a.unsqueeze(1)) if self.single else (self.g, self.a)
        weight = torch.einsum("bto,btd->bod", g, a).flatten(1)
        return weight if len(self.names) == 1 else torch.cat([weight, g.sum(1)], dim=1)

    def dot(self, other: Outer) -> Tensor:
        """Inner products of all pairs: shape (B, B'). Products of factors where each sample has one position."""
        if self.single and other.single:
            inner = self.a @ other.a.T
            if len(self.names) == 2:
                inner += 1.0
            return inner * (self.g @ other.g.T)
        return self.flat() @ other.flat().T

    def pair(self, other: Outer) -> Tensor:
        """Inner products row by row: shape (B,)."""
        if self.single and other.single:
            inner = torch.einsum("bd,bd->b", self.a, other.a)
            if len(self.names) == 2:
                inner += 1.0
            return inner * torch.einsum("bo,bo->b", self.g, other.g)
        return torch.einsum("bk,bk->b", self.flat(), other.flat())

    def scaled(self, weights: Tensor) -> Outer:
        """Each row times a number, weights of shape (B,)."""
        return Outer(self.names, self.a, self.g * weights.reshape(-1, *[1] * (self.g.ndim - 1)))

    def map(self, change: Any) -> Outer:
        """With its numbers changed by a function of tensors that keeps or selects rows."""
        return Outer(self.names, change(self.a), change(self.g))


Part: TypeAlias = Flat | Outer | Tokens
PARTS: dict[str, Any] = {"flat": Flat, "outer": Outer, "tokens": Tokens}


def with_numbers(spec: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Part:
    """A part from its spec and its tensors."""
    others = {k: v for k, v in spec.items() if k not in ("kind", "names")}
    part: Part = PARTS[spec["kind"]](tuple(spec["names"]), **tensors, **others)
    return part


@dataclass(frozen=True)
class Rows:
    """Gradients of B samples with respect to the parameters of a layout.

    Attributes:
        layout: what the columns of `flat()` are.
        parts: one after the other they hold every parameter of the layout once, in any order.
    """

    layout: Layout
    parts: tuple[Part, ...]

    @staticmethod
    def of_flat(layout: Layout, values: Tensor) -> Rows:
        """From a tensor of shape (B, p)."""
        return Rows(layout, (Flat(layout.names, values),))

    @staticmethod
    def of_tensors(layout: Layout, spec: Sequence[Mapping[str, Any]], tensors: Mapping[str, Tensor]) -> Rows:
        """Back from `spec` and `tensors()`."""
        parts = []
        for i, said in enumerate(spec):
            own = {key.split("/", 1)[1]: t for key, t in tensors.items() if key.split("/", 1)[0] == str(i)}
            parts.append(with_numbers(said, own))
        return Rows(layout, tuple(parts))

    @staticmethod
    def cat(several: Sequence[Rows]) -> Rows:
        """The rows of several, one below the other; their parts must be of the same kinds."""
        return type(several[0])._joined(several)  # noqa: SLF001 - of its own kind

    @classmethod
    def _joined(cls, several: Sequence[Any]) -> Rows:
        first = several[0]
        parts = []
        for i, part in enumerate(first.parts):
            own = [rows.parts[i].tensors() for rows in several]
            parts.append(with_numbers(part.spec, {k: torch.cat([t[k] for t in own]) for k in own[0]}))
        return Rows(first.layout, tuple(parts))

    @property
    def spec(self) -> list[dict[str, Any]]:
        """The kinds and names of the parts: what a file must know besides the numbers."""
        return [part.spec for part in self.parts]

    def tensors(self) -> dict[str, Tensor]:
        """The numbers, named "part/factor"; the first axis of each is the sample."""
        return {f"{i}/{k}": t for i, part in enumerate(self.parts) for k, t in part.tensors().items()}

    def __len__(self) -> int:
        return len(next(iter(self.parts[0].tensors().values())))

    def __getitem__(self, rows: slice | Tensor) -> Rows:
        return self._map(lambda t: t[rows])

    def to(self, device: Any = None, dtype: torch.dtype | None = None) -> Rows:
        """On another device, or in another precision."""
        return self._map(lambda t: t.to(device=device, dtype=dtype if t.is_floating_point() else None))

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers held."""
        return sum(t.nbytes for t in self.tensors().values())

    @property
    def is_flat(self) -> bool:
        """Whether it is one tensor in layout order already."""
        return (
            len(self.parts) == 1
            and isinstance(self.parts[0], Flat)
            and self.parts[0].names == self.layout.names
        )

    def flat(self) -> Tensor:
        """Shape (B, p), in layout order."""
        if self.is_flat:
            return self.parts[0].flat()
        pieces = {}
        for part in self.parts:
            columns, at = part.flat(), 0
            for name in part.names:
                pieces[name] = columns[:, at : at + self.layout.sizes[name]]
                at += self.layout.sizes[name]
        return torch.cat([pieces[name] for name in self.layout.names], dim=1)

    def dot(self, other: Rows) -> Tensor:
        """Inner products of all pairs of rows: shape (B, B')."""
        if type(other) is not Rows:
            return other.dot(self).T  # it is more than its parts, and knows how
        if self._alike(other):
            total = self.parts[0].dot(other.parts[0])  # type: ignore[arg-type]  # of one kind: _alike
            for mine, its in zip(self.parts[1:], other.parts[1:], strict=True):
                total += mine.dot(its)  # type: ignore[arg-type]
            return total
        if all(isinstance(part, Flat) for part in self.parts):
            return self._against(other)
        if all(isinstance(part, Flat) for part in other.parts):
            return other._against(self).T
        return self.flat() @ other.flat().T

    def _against(self, other: Rows) -> Tensor:
        """Inner products of flat rows with rows whose parts are of any kind, without making those flat."""
        shares = []
        for part in other.parts:
            mine = self.columns(part.names)
            if isinstance(part, Flat):
                shares.append(mine @ part.values.T)
            elif isinstance(part, Tokens):
                shares.append(part.against(mine))
            else:
                shares.append(contract(mine, part.a, part.g, bias=len(part.names) == 2))
        return sum(shares[1:], shares[0])

    def columns(self, names: Sequence[str]) -> Tensor:
        """The columns of some parameters, in the order given: shape (B, k)."""
        pieces: dict[str, Tensor] = {}
        for part in self.parts:
            if set(part.names).isdisjoint(names):
                continue
            flat, sizes = part.flat(), [self.layout.sizes[name] for name in part.names]
            at = part.names.index(names[0]) if names[0] in part.names else 0
            if part.names[at : at + len(names)] == tuple(names):  # side by side already: no copy
                return flat[:, sum(sizes[:at]) : sum(sizes[: at + len(names)])]
            pieces.update(zip(part.names, flat.split(sizes, dim=1), strict=True))
        return torch.cat([pieces[name] for name in names], dim=1)

    def pair(self, other: Rows) -> Tensor:
        """Inner products row by row: shape (B,)."""
        if type(other) is not Rows:
            return other.pair(self)
        if self._alike(other):
            total = self.parts[0].pair(other.parts[0])  # type: ignore[arg-type]
            for mine, its in zip(self.parts[1:], other.parts[1:], strict=True):
                total += mine.pair(its)  # type: ignore[arg-type]
            return total
        return torch.einsum("bp,bp->b", self.flat(), other.flat())

    def scaled(self, weights: Tensor) -> Rows:
        """Each row times a number, weights of shape (B,)."""
        return Rows(self.layout, tuple(part.scaled(weights) for part in self.parts))

    def squares(self) -> Tensor:
        """Squared lengths: shape (B,)."""
        return self.pair(self)

    def _alike(self, other: Rows) -> bool:
        return self.spec == other.spec

    def _map(self, change: Any) -> Rows:
        return Rows(self.layout, tuple(part.map(change) for part in self.parts))
