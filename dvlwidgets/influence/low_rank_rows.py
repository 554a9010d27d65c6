"""Rows times a low-rank damped inverse, kept as the rows that they were and what the low rank adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .rows import Flat, Outer, Rows
from .solvers.low_rank import LowRank


@dataclass(frozen=True)
class LowRankRows(Rows):
    """The rows in `parts` plus combinations of a few fixed rows.

    Inner products with factored rows of one position a sample stay products of factors, for any number of rows.

    Attributes:
        weights: of the fixed rows, shape (B, r).
        fixed: r flat rows of the same layout.
    """

    weights: Tensor
    fixed: Rows

    @staticmethod
    def pays(rows: Rows, low: LowRank) -> bool:
        """Whether inner products of such rows with others of their kind are cheaper than those of flat rows.

        In halves they are not: what is far smaller than the row itself would be taken away from it.
        """
        if any(tensor.dtype != low.vectors.dtype for tensor in rows.tensors().values()):
            return False
        factored = [part for part in rows.parts if not isinstance(part, Flat)]
        return bool(factored) and all(isinstance(part, Outer) and part.single for part in factored)

    @staticmethod
    def solved(rows: Rows, low: LowRank, damping: float) -> LowRankRows:
        """(V^T diag(values) V + damping)^-1 times rows, as `LowRank.solve` gives it with its complement."""
        low.require_inverse(damping)
        fixed = Rows.of_flat(rows.layout, low.vectors)
        scaled = rows.scaled(torch.full((len(rows),), 1 / damping).to(low.values))
        weights = fixed.dot(rows).T * (1 / (low.values + damping) - 1 / damping)
        return LowRankRows(rows.layout, scaled.parts, weights, fixed)

    def tensors(self) -> dict[str, Tensor]:
        return {**super().tensors(), "weights": self.weights}

    @property
    def is_flat(self) -> bool:
        return False

    def flat(self) -> Tensor:
        return torch.addmm(self.own.flat(), self.weights, self.fixed.flat())

    def dot(self, other: Rows) -> Tensor:
        return self.own.dot(other).addmm_(self.weights, self.fixed.dot(other))

    def pair(self, other: Rows) -> Tensor:
        return self.own.pair(other) + (self.weights * self.fixed.dot(other).T).sum(1)

    def columns(self, names: Sequence[str]) -> Tensor:
        return torch.addmm(self.own.columns(names), self.weights, self.fixed.columns(names))

    def scaled(self, weights: Tensor) -> LowRankRows:
        own = self.own.scaled(weights)
        return replace(self, parts=own.parts, weights=self.weights * weights.unsqueeze(1))

    @property
    def own(self) -> Rows:
        """Without what the fixed rows add."""
        return Rows(self.layout, self.parts)

    @classmethod
    def _joined(cls, several: Sequence[Any]) -> LowRankRows:
        first: LowRankRows = several[0]
        own = Rows.cat([rows.own for rows in several])
        return replace(first, parts=own.parts, weights=torch.cat([rows.weights for rows in several]))

    def _map(self, change: Any) -> LowRankRows:
        fixed = self.fixed
        moved = change(self.weights)
        if moved.device != self.weights.device or moved.dtype != self.weights.dtype:
            fixed = fixed.to(moved.device, moved.dtype)
        own = self.own._map(change)  # noqa: SLF001 - a Rows itself
        return replace(self, parts=own.parts, weights=moved, fixed=fixed)
