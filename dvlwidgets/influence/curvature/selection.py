"""Columns of the flat parameter vector as whole parameters, which products and blocks are computed for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..layout import Layout


@dataclass(frozen=True)
class Selection:
    """Some columns, and the parameters that they are of.

    Attributes:
        columns: positions in the vector of all parameters, int64 (k,) on the CPU.
        cover: layout of the parameters that hold them.
        within: their positions in the cover's vector, or None where they are all of it, in order.
    """

    columns: Tensor
    cover: Layout
    within: Tensor | None

    @staticmethod
    def of(layout: Layout, columns: Tensor) -> Selection:
        """Columns in any order; whole parameters, one after the other, need no copies later."""
        columns = columns.detach().cpu()
        order = _touched(layout, columns)
        cover = Layout(order, tuple(layout.shapes[layout.names.index(name)] for name in order))
        spanned = layout.columns(order)
        if torch.equal(spanned, columns):
            return Selection(columns, cover, None)
        place = torch.full((layout.p,), -1)
        place[spanned] = torch.arange(len(spanned))
        return Selection(columns, cover, place[columns])

    def widen(self, v: Tensor) -> Tensor:
        """Vectors (k, columns) among zeros in the cover's (k, cover.p)."""
        if self.within is None:
            return v
        wide = v.new_zeros(len(v), self.cover.p)
        wide[:, self.within.to(v.device)] = v
        return wide

    def narrow(self, v: Tensor) -> Tensor:
        """The columns of (k, cover.p)."""
        return v if self.within is None else v[:, self.within.to(v.device)]


def _touched(layout: Layout, columns: Tensor) -> tuple[str, ...]:
    """Names of the parameters that hold the columns, in the order in which they first appear."""
    starts = torch.tensor([layout.starts[name] for name in layout.names])
    owner = torch.searchsorted(starts, columns, right=True) - 1
    seen: dict[int, None] = dict.fromkeys(
        owner[torch.cat([torch.ones(1, dtype=torch.bool), owner.diff() != 0])].tolist()
    )
    return tuple(layout.names[i] for i in seen)
