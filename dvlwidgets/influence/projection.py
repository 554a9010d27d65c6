"""Projections of layers' gradients from both sides, which never make a gradient in full."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .kronecker import Stack, times
from .pullback import Positions


@dataclass(frozen=True)
class TwoSided:
    """P_o G P_i^T of each of a layer's matrices G = sum over t of g_t a_t^T: (P_o g_t)(P_i a_t)^T, summed.

    Attributes:
        stack: the layer's matrices.
        left: P_o, shape (groups, k_o, o); None for the identity.
        right: P_i, shape (groups, k_i, d); None for the identity. d counts one more for the bias.
    """

    stack: Stack
    left: Tensor | None
    right: Tensor | None

    @property
    def shape(self) -> torch.Size:
        """(groups, k_o, k_i)."""
        rows = self.stack.rows if self.left is None else self.left.shape[1]
        columns = self.stack.columns if self.right is None else self.right.shape[1]
        return torch.Size((self.stack.groups, rows, columns))

    def of_positions(self, part: Positions) -> Tensor:
        """Projected pullbacks, shape (K, B, groups k_o k_i)."""
        a = torch.nn.functional.pad(part.a, (0, 1), value=1.0) if self.stack.bias else part.a
        right, left = (None if side is None else side.mT for side in (self.right, self.left))
        a, g = times(a, right), times(part.g, left)
        return torch.einsum("kbtgo,btgd->kbgod", g, a).flatten(2)

    def of_rows(self, flat: Tensor) -> Tensor:
        """The same of whole gradients (..., p)."""
        matrices = self.stack.join(flat.reshape(-1, flat.shape[-1]))
        made = matrices if self.right is None else matrices @ self.right.mT
        made = made if self.left is None else self.left @ made
        return made.flatten(1).reshape(*flat.shape[:-1], -1)

    def lift(self, rows: Tensor) -> Tensor:
        """The transpose: rows (q, groups k_o k_i) as rows (q, p) with the same inner products with gradients."""
        made = rows.reshape(len(rows), *self.shape)
        made = made if self.left is None else self.left.mT @ made
        made = made if self.right is None else made @ self.right
        return self.stack.split(made)

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """What decides the projection."""
        return self.left, self.right

    def to(self, like: Tensor) -> TwoSided:
        """On the device and in the precision of a tensor."""

        def cast(t: Tensor | None) -> Tensor | None:
            return None if t is None else t.to(like.device, like.dtype)

        return replace(self, left=cast(self.left), right=cast(self.right))


@dataclass(frozen=True)
class Buckets:
    """Parameters that are no matrix product: each is added, with a random sign, to one of k numbers.

    Attributes:
        stack: one row of p numbers.
        where: the number that each is added to, int64 (p,); None for the identity.
        signs: +1 or -1, shape (p,); None for the identity.
        k: numbers kept.
    """

    stack: Stack
    where: Tensor | None
    signs: Tensor | None
    k: int

    @staticmethod
    def drawn(stack: Stack, k: int, generator: torch.Generator) -> Buckets:
        """At random; the identity where k is not below p."""
        if k >= stack.columns:
            return Buckets(stack, None, None, stack.columns)
        where = torch.randint(0, k, (stack.columns,), generator=generator)
        return Buckets(
            stack, where, torch.randint(0, 2, (stack.columns,), generator=generator) * 2.0 - 1.0, k
        )

    @property
    def shape(self) -> torch.Size:
        """(k,)."""
        return torch.Size((self.k,))

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """What decides the projection."""
        return self.where, self.signs

    def of_rows(self, flat: Tensor) -> Tensor:
        """Whole gradients (..., p) as (..., k)."""
        if self.where is None or self.signs is None:
            return flat
        return flat.new_zeros(*flat.shape[:-1], self.k).index_add_(-1, self.where, flat * self.signs)

    def lift(self, rows: Tensor) -> Tensor:
        """The transpose: rows (q, k) as rows (q, p)."""
        return rows if self.where is None or self.signs is None else rows[:, self.where] * self.signs

    def to(self, like: Tensor) -> Buckets:
        """On the device and in the precision of a tensor."""
        if self.where is None or self.signs is None:
            return self
        return replace(self, where=self.where.to(like.device), signs=self.signs.to(like.device, like.dtype))


def random_side(groups: int, size: int, k: int, generator: torch.Generator) -> Tensor | None:
    """Some random orthogonal directions, scaled so that lengths are kept on average: (groups, k, size) in float64.

    None, the identity, where k is not below the size.
    """
    if k >= size:
        return None
    drawn = torch.randn(groups, size, k, generator=generator, dtype=torch.float64)
    basis: Tensor = torch.linalg.qr(drawn).Q.mT * (size / k) ** 0.5
    return basis


def principal_side(moments: Tensor, k: int) -> Tensor | None:
    """The k directions of most energy of second moments (groups, size, size): (groups, k, size)."""
    if k >= moments.shape[-1]:
        return None
    basis: Tensor = torch.linalg.eigh(moments).eigenvectors[..., -k:].mT.contiguous()
    return basis
