"""Per-sample gradients of an embedding: rows of the table that a sample uses, and nothing for the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .memory import BUDGET


@dataclass(frozen=True)
class Tokens:
    """Gradients of an embedding's table: the row of token t gets the sum of g over the places where t stands.

    Attributes:
        names: (weight,).
        tokens: int64 or int32 (B, T).
        g: gradients at the output, shape (B, T, d).
        rows: of the table, V.
    """

    names: tuple[str, ...]
    tokens: Tensor
    g: Tensor
    rows: int

    @property
    def spec(self) -> dict[str, Any]:
        """What it is, without the numbers."""
        return {"kind": "tokens", "names": list(self.names), "rows": self.rows}

    def tensors(self) -> dict[str, Tensor]:
        """The numbers by name."""
        return {"tokens": self.tokens, "g": self.g}

    def flat(self) -> Tensor:
        """Shape (B, V d): as large as the table for each sample."""
        return self._dense(self.tokens.long(), self.rows).flatten(1)

    def dot(self, other: Tokens) -> Tensor:
        """Inner products of all pairs: shape (B, B'), over the tokens that both sides use, some at a time."""
        shared = self.tokens.unique()
        shared = shared[torch.isin(shared, other.tokens)]
        total = self.g.new_zeros(len(self.g), len(other.g))
        each = (len(self.g) + len(other.g)) * self.g.shape[-1] * self.g.element_size()
        for some in shared.split(max(1, BUDGET // max(each, 1))) if len(shared) else ():
            total += self._columns(some) @ other._columns(some).T
        return total

    def pair(self, other: Tokens) -> Tensor:
        """Inner products row by row: shape (B,)."""
        same = self.tokens.unsqueeze(2) == other.tokens.unsqueeze(1)
        return (torch.bmm(self.g, other.g.mT) * same).sum((1, 2))

    def against(self, flat: Tensor) -> Tensor:
        """Inner products of flat rows (Q, V d) with these: shape (Q, B)."""
        b, t, d = self.g.shape
        sample = torch.arange(b, device=self.g.device).repeat_interleave(t * d)
        column = (self.tokens.long().unsqueeze(-1) * d + torch.arange(d, device=self.g.device)).flatten()
        sparse = torch.sparse_coo_tensor(
            torch.stack([sample, column]), self.g.flatten(), (b, flat.shape[1]), check_invariants=False
        )
        found: Tensor = torch.sparse.mm(sparse, flat.T)
        return found.T

    def scaled(self, weights: Tensor) -> Tokens:
        """Each row times a number, weights of shape (B,)."""
        return Tokens(self.names, self.tokens, self.g * weights.reshape(-1, 1, 1), self.rows)

    def map(self, change: Any) -> Tokens:
        """With its numbers changed by a function of tensors that keeps or selects rows."""
        return Tokens(self.names, change(self.tokens), change(self.g), self.rows)

    def _columns(self, some: Tensor) -> Tensor:
        """The rows of some tokens, sorted: shape (B, len(some) d)."""
        places = torch.searchsorted(some, self.tokens).clamp(max=len(some) - 1)
        found = some[places] == self.tokens
        return self._dense(torch.where(found, places, len(some)), len(some) + 1)[:, :-1].flatten(1)

    def _dense(self, places: Tensor, rows: int) -> Tensor:
        out = self.g.new_zeros(len(self.g), rows, self.g.shape[-1])
        return out.scatter_add_(1, places.unsqueeze(-1).expand_as(self.g), self.g)
