"""A block of the curvature in an eigenbasis that is a Kronecker product, and the solves that this makes cheap.

The block's parameters are a stack of matrices (groups, rows, columns), with the bias, if there is one, as a last
column. In the basis left x right the curvature is a diagonal, so any damping is one more addition: no refit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

AT_ONCE = 4_000_000
"""Numbers of intermediate matrices that are made at once."""


@dataclass(frozen=True)
class Stack:
    """How a block's flat parameters are matrices.

    Attributes:
        groups: matrices.
        rows: of each; outputs of a layer.
        columns: of each; inputs of a layer, and one more if there is a bias.
        bias: whether the last column stands in the vector behind all the others.
    """

    groups: int
    rows: int
    columns: int
    bias: bool = False

    def join(self, flat: Tensor) -> Tensor:
        """Vectors (k, p) as matrices (k, groups, rows, columns)."""
        if not self.bias:
            return flat.reshape(len(flat), self.groups, self.rows, self.columns)
        width = self.groups * self.rows
        weight = flat[:, :-width].reshape(len(flat), self.groups, self.rows, self.columns - 1)
        bias = flat[:, -width:].reshape(len(flat), self.groups, self.rows, 1)
        return torch.cat([weight, bias], dim=3)

    def split(self, matrices: Tensor) -> Tensor:
        """Matrices (k, groups, rows, columns) as vectors (k, p)."""
        if not self.bias:
            return matrices.flatten(1)
        return torch.cat([matrices[..., :-1].flatten(1), matrices[..., -1].flatten(1)], dim=1)


@dataclass(frozen=True)
class KroneckerBlock:
    """(left x right) diag(values) (left x right)^T.

    Attributes:
        stack: the block's shape.
        left: orthogonal, shape (groups, rows, rows); None for the identity.
        right: orthogonal, shape (groups, columns, columns); None for the identity.
        values: the curvature along each pair of directions, shape (groups, rows, columns).
    """

    stack: Stack
    left: Tensor | None
    right: Tensor | None
    values: Tensor

    def rotate(self, matrices: Tensor) -> Tensor:
        """Into the eigenbasis; shape (k, groups, rows, columns)."""
        turned = matrices if self.right is None else matrices @ self.right
        return turned if self.left is None else self.left.mT @ turned

    def rotate_back(self, matrices: Tensor) -> Tensor:
        """Out of the eigenbasis."""
        turned = matrices if self.left is None else self.left @ matrices
        return turned if self.right is None else turned @ self.right.mT

    def rotate_factors(self, a: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """Factors (..., groups, d) and (..., groups, o) in the eigenbasis; ones are appended to a for the bias."""
        if self.stack.bias:
            a = torch.nn.functional.pad(a, (0, 1), value=1.0)
        return times(a, self.right), times(g, self.left)

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """Rows of (H + damping)^-1 rhs for rows of shape (k, p)."""
        turned = self.rotate(self.stack.join(rhs))
        return self.stack.split(self.rotate_back(turned * self.inverse(damping)))

    def solve_factors(self, a: Tensor, g: Tensor, damping: float) -> Tensor:
        """The same of the rows sum over t of g_t a_t^T, from (B, T, groups, d) and (B, T, groups, o): (B, p)."""
        inverse, rows = self.inverse(damping), max(1, AT_ONCE // self.values.numel())
        solved = [
            self.stack.split(
                self.rotate_back(self.scaled_factors(a[at : at + rows], g[at : at + rows], inverse))
            )
            for at in range(0, len(a), rows)
        ]
        return torch.cat(solved) if solved else a.new_zeros(0, self.values.numel())

    def scaled_factors(self, a: Tensor, g: Tensor, scale: Tensor) -> Tensor:
        """In the eigenbasis, times a number for each direction: (B, groups, rows, columns)."""
        right, left = self.rotate_factors(a, g)
        if a.shape[1] == 1:
            product = left[:, 0].unsqueeze(3) * right[:, 0].unsqueeze(2)
        else:
            product = torch.einsum("btgo,btgd->bgod", left, right)
        return product.mul_(scale)

    def quadratic(self, a: Tensor, g: Tensor, damping: float) -> Tensor:
        """u^T (H + damping)^-1 u of such rows u: (B,). Without their products where there is one position."""
        inverse = self.inverse(damping)
        right, left = self.rotate_factors(a, g)
        if a.shape[1] == 1:
            half = torch.einsum("bgo,god->bgd", left[:, 0].square(), inverse)
            return (half * right[:, 0].square()).sum((1, 2))
        product = torch.einsum("btgo,btgd->bgod", left, right)
        return (product.square() * inverse).sum((1, 2, 3))

    def inverse(self, damping: float) -> Tensor:
        """1 / (values + damping); without damping, 0 along directions that have no curvature."""
        if damping > 0:
            return (self.values + damping).reciprocal()
        eps = torch.finfo(self.values.dtype).eps
        floor = self.values.max() * eps * max(self.stack.rows, self.stack.columns)
        return torch.where(self.values > floor, self.values.reciprocal(), torch.zeros_like(self.values))

    @property
    def mean(self) -> float:
        """Mean eigenvalue: trace over size."""
        return float(self.values.double().mean())

    def dense(self) -> Tensor:
        """The matrix itself, shape (p, p)."""
        size = self.values.numel()
        eye = torch.eye(size, dtype=self.values.dtype, device=self.values.device)
        return self.stack.split(self.rotate_back(self.rotate(self.stack.join(eye)) * self.values))

    def to(self, device: torch.device) -> KroneckerBlock:
        """On another device."""

        def moved(t: Tensor | None) -> Tensor | None:
            return None if t is None else t.to(device)

        return replace(self, left=moved(self.left), right=moved(self.right), values=self.values.to(device))


def times(rows: Tensor, matrices: Tensor | None) -> Tensor:
    """(..., groups, k) times (groups, k, m), group by group: (..., groups, m); None is the identity."""
    if matrices is None:
        return rows
    if len(matrices) == 1:
        return (rows.reshape(-1, rows.shape[-1]) @ matrices[0]).reshape(*rows.shape[:-1], matrices.shape[2])
    return torch.einsum("...gi,gij->...gj", rows, matrices)
