"""Matrices that are sums over samples of Kronecker products, layer by layer, as a few large matrix products.

The block of layers l and l' is sum_n M_n (x) a_n a'_n^T, M_n small: (o o', n) times (n, d d') instead of one outer
product of p numbers for each sample and each direction. On the diagonal both factors are symmetric, which quarters it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .resident import WORK_BYTES


@dataclass(frozen=True)
class Layer:
    """Where the parameters of a linear layer stand in a vector.

    Attributes:
        outputs: units.
        inputs: columns of the weight; 0 where it is held fixed.
        weight: its first position, or None.
        bias: its first position, or None.
    """

    outputs: int
    inputs: int
    weight: int | None
    bias: int | None

    @property
    def wide(self) -> int:
        """Columns of the inputs with a one for the bias."""
        return self.inputs + (self.bias is not None)

    def widened(self, a: Tensor) -> Tensor:
        """Inputs (B, d) as the parameters see them: (B, wide)."""
        kept = a if self.inputs else a[:, :0]
        return kept if self.bias is None else torch.cat([kept, kept.new_ones(len(a), 1)], dim=1)

    def split(self, vectors: Tensor) -> Tensor:
        """Its share of vectors (k, p), as (k, outputs, wide)."""
        pieces = [
            vectors[:, start : start + self.outputs * columns].unflatten(1, (self.outputs, columns))
            for start, _, columns in self.parts()
        ]
        return torch.cat(pieces, dim=2)

    def join(self, vectors: Tensor, share: Tensor) -> None:
        """Writes its share (k, outputs, wide) into vectors (k, p)."""
        for start, first, columns in self.parts():
            vectors[:, start : start + self.outputs * columns] = share[..., first : first + columns].flatten(
                1
            )

    def parts(self) -> list[tuple[int, int, int]]:
        """(position in the vector, first column of the widened inputs, columns) of weight and bias."""
        found = [] if self.weight is None else [(self.weight, 0, self.inputs)]
        return found if self.bias is None else [*found, (self.bias, self.inputs, 1)]


@dataclass(frozen=True)
class Piece:
    """Some samples, layer by layer.

    Attributes:
        a: inputs of each layer, widened: (B, wide).
        second: M for pairs of layers l <= l', shape (B, o, o').
        g: gradients at the outputs, shape (B, o); empty where `inner` is.
        inner: D for pairs l < l', shape (B, o, d').
    """

    a: tuple[Tensor, ...]
    second: dict[tuple[int, int], Tensor]
    g: tuple[Tensor, ...] = ()
    inner: dict[tuple[int, int], Tensor] = field(default_factory=dict)

    def times(self, layers: Sequence[Layer], vectors: Tensor) -> Tensor:
        """The matrix of these samples times vectors (k, p)."""
        v = [layer.split(vectors) for layer in layers]
        u = [torch.einsum("kow,bw->kbo", x, a) for x, a in zip(v, self.a, strict=True)]
        w, out = [torch.zeros_like(x) for x in u], [torch.zeros_like(x) for x in v]
        for (l, r), m in self.second.items():
            w[l] += torch.einsum("bij,kbj->kbi", m, u[r])
            if l != r:
                w[r] += torch.einsum("bij,kbi->kbj", m, u[l])
        for (l, r), d in self.inner.items():
            wide = layers[r].inputs
            w[l] += torch.einsum("bic,bj,kjc->kbi", d, self.g[r], v[r][..., :wide])
            out[r][..., :wide] += torch.einsum("bj,bic,kbi->kjc", self.g[r], d, u[l])
        whole = torch.zeros_like(vectors)
        for layer, a, x, rest in zip(layers, self.a, w, out, strict=True):
            layer.join(whole, rest + torch.einsum("kbo,bw->kow", x, a))
        return whole

    @staticmethod
    def cat(pieces: Sequence[Piece]) -> Piece:
        """The samples of several."""
        first = pieces[0]
        return Piece(
            tuple(torch.cat(xs) for xs in zip(*(p.a for p in pieces), strict=True)),
            {pair: torch.cat([p.second[pair] for p in pieces]) for pair in first.second},
            tuple(torch.cat(xs) for xs in zip(*(p.g for p in pieces), strict=True)),
            {pair: torch.cat([p.inner[pair] for p in pieces]) for pair in first.inner},
        )


class PairSums:
    """Adds up pieces and gives the matrix.

    Args:
        layers: in the order of the pieces.
        p: parameters in all.
    """

    def __init__(self, layers: Sequence[Layer], p: int) -> None:
        self.layers, self.p = list(layers), p
        self._sums: dict[tuple[int, int], Tensor] = {}
        self._crossed: dict[tuple[int, int], Tensor] = {}

    def add(self, piece: Piece) -> None:
        """Add samples."""
        for (l, r), m in piece.second.items():
            if l == r:
                self._add_square(l, piece.a[l], m)
            else:
                self._sums[l, r] = _product(self._sums.get((l, r)), m.flatten(1), piece.a[l], piece.a[r])
        for (l, r), d in piece.inner.items():
            self._cross(l, r, piece.a[l], piece.g[r], d)

    def _add_square(self, at: int, a: Tensor, m: Tensor) -> None:
        i, j = torch.triu_indices(m.shape[1], m.shape[1], device=m.device)
        self._sums[at, at] = _product(self._sums.get((at, at)), m[:, i, j], a, None)

    def _cross(self, l: int, r: int, a: Tensor, g: Tensor, d: Tensor) -> None:
        """sum_n a[m] g[j] D[i, k]; between layers with only a function of each unit, D is diagonal."""
        alone = d.shape[1] == d.shape[2] and not bool(
            (d - torch.diag_embed(d.diagonal(dim1=1, dim2=2))).any()
        )
        already = self._crossed.get((l, r))
        if alone and (already is None or already.ndim == 3):
            own = d.diagonal(dim1=1, dim2=2)
            new = _product(None, own, a, g).unflatten(1, (a.shape[1], g.shape[1]))  # (i, m, j)
        else:
            new = _product(None, d.flatten(1), a, g)
            new = new.unflatten(1, (a.shape[1], g.shape[1])).unflatten(0, d.shape[1:])  # (i, k, m, j)
            if already is not None and already.ndim == 3:
                already = torch.diag_embed(already.movedim(0, -1)).movedim((-2, -1), (0, 1))
        self._crossed[l, r] = new if already is None else already + new

    def matrix(self) -> Tensor:
        """Shape (p, p), symmetric."""
        like = next(iter(self._sums.values()))
        whole = like.new_zeros(self.p, self.p)
        for (l, r), total in self._sums.items():
            first, second = self.layers[l], self.layers[r]
            o, wide = first.outputs, first.wide
            if l == r:
                units, columns = _triangle(o, like.device), _triangle(wide, like.device)
                total = total.index_select(1, columns.flatten()).index_select(0, units.flatten())
            block = total.view(o, second.outputs, wide, second.wide).transpose(1, 2)
            if (l, r) in self._crossed:
                block = self._with_crossed(block.contiguous(), self._crossed[l, r], second.inputs)
            _place(whole, first, second, block, twice=l != r)
        return whole

    @staticmethod
    def _with_crossed(block: Tensor, crossed: Tensor, inputs: int) -> Tensor:
        """Block (i, m, j, k) plus crossed (i, m, j), where i = k, or (i, k, m, j)."""
        weight = block[..., :inputs]
        if crossed.ndim == 3:
            weight.diagonal(dim1=0, dim2=3).add_(crossed.movedim(0, -1))
        else:
            weight.add_(crossed.permute(0, 2, 3, 1))
        return block


def _product(total: Tensor | None, left: Tensor, a: Tensor, b: Tensor | None) -> Tensor:
    """total + left^T (n, r) times products of columns of a and b (n, d d'), or of pairs of a's where b is None."""
    d, n = a.shape[1], len(a)
    widths = [d - m for m in range(d)] if b is None else [b.shape[1]] * d
    if total is None:
        total = a.new_zeros(left.shape[1], sum(widths))
    room = max(1, WORK_BYTES // (a.element_size() * n))
    lo = at = 0
    while lo < d:
        hi, columns = lo, 0
        while hi < d and (hi == lo or columns + widths[hi] <= room):
            columns += widths[hi]
            hi += 1
        products, here = a.new_empty(n, columns), 0
        for m in range(lo, hi):
            other = a[:, m:] if b is None else b
            torch.mul(a[:, m : m + 1], other, out=products[:, here : here + widths[m]])
            here += widths[m]
        total[:, at : at + columns].addmm_(left.T, products)
        lo, at = hi, at + columns
    return total


def _triangle(size: int, device: torch.device) -> Tensor:
    """Where the pair (i, j) stands among those with i <= j, row by row: int64 (size, size), symmetric."""
    i, j = torch.triu_indices(size, size, device=device)
    place = torch.empty(size, size, dtype=torch.int64, device=device)
    count = torch.arange(len(i), device=device)
    place[i, j], place[j, i] = count, count
    return place


def _place(whole: Tensor, first: Layer, second: Layer, block: Tensor, *, twice: bool) -> None:
    """Writes a block (o, wide, o', wide') where weights and biases stand, and its transpose across the diagonal."""
    for top, m, high in first.parts():
        for left, k, across in second.parts():
            part = block[:, m : m + high, :, k : k + across]
            rows = slice(top, top + first.outputs * high)
            columns = slice(left, left + second.outputs * across)
            _view(whole[rows, columns], first.outputs, second.outputs).copy_(part)
            if twice:
                whole[columns, rows] = whole[rows, columns].T


def _view(matrix: Tensor, rows: int, columns: int) -> Tensor:
    return matrix.unflatten(0, (rows, -1)).unflatten(2, (columns, -1))
