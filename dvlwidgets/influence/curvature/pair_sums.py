"""Matrices that are sums over samples of Kronecker products, layer by layer, as a few large matrix products.

The block of layers l and l' is sum_n M_n (x) a_n a'_n^T, M_n small: (o o', n) times (n, d d') instead of one outer
product of p numbers for each sample and each direction. On the diagonal both factors are symmetric, which quarters it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .work_space import near_bytes, work_bytes

STRIPS = 4
"""The upper triangle of a product is computed in so many strips of columns; the lower one is its mirror image."""

GRAM_ROWS = 2048
"""Samples that are weighted at a time."""


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
        widest = max(max(layer.wide, layer.outputs) for layer in layers)
        # so many vectors at a time that what they move stays near the processor
        step = max(8, near_bytes(vectors.device) // (vectors.element_size() * len(self.a[0]) * widest))
        out = torch.empty_like(vectors)
        for at in range(0, len(vectors), step):
            out[at : at + step] = self._times(layers, vectors[at : at + step])
        return out

    def _times(self, layers: Sequence[Layer], vectors: Tensor) -> Tensor:
        """As `times`, with the vectors as the last axis of everything: matrix products, of all samples or of each."""
        k = len(vectors)
        v = [layer.split(vectors).permute(2, 1, 0).contiguous() for layer in layers]  # (wide, o, k)
        u = [_moved(a, x) for a, x in zip(self.a, v, strict=True)]  # (B, o, k)
        w, rest = [torch.zeros_like(x) for x in u], [torch.zeros_like(x) for x in v]
        for (i, j), m in self.second.items():
            w[i].baddbmm_(m, u[j])
            if i != j:
                w[j].baddbmm_(m.mT, u[i])
        for (i, j), d in self.inner.items():
            wide, g = layers[j].inputs, self.g[j]
            w[i].baddbmm_(d, _moved(g, v[j][:wide].permute(1, 0, 2).contiguous()))
            pulled = g.T @ torch.bmm(d.mT, u[i]).flatten(1)  # (o, d' k)
            rest[j][:wide] += pulled.unflatten(1, (wide, k)).permute(1, 0, 2)
        whole = torch.zeros_like(vectors)
        for layer, a, x, more in zip(layers, self.a, w, rest, strict=True):
            layer.join(whole, more.add_(_moved(a.T, x)).permute(2, 1, 0))
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


def _moved(matrix: Tensor, x: Tensor) -> Tensor:
    """A matrix (r, s) times the first axis of (s, o, k)."""
    moved: Tensor = (matrix @ x.flatten(1)).unflatten(1, x.shape[1:])
    return moved


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
        for (i, j), m in piece.second.items():
            so_far = self._sums.get((i, j))
            if i == j:
                rows, columns = torch.triu_indices(m.shape[1], m.shape[1], device=m.device)
                self._sums[i, i] = _product(so_far, m[:, rows, columns], piece.a[i], None)
            else:
                self._sums[i, j] = _product(so_far, m.flatten(1), piece.a[i], piece.a[j])
        for (i, j), d in piece.inner.items():
            new = _crossed(piece.a[i], piece.g[j], d)
            already = self._crossed.get((i, j))
            if already is not None and already.ndim != new.ndim:
                already, new = _spread(already), _spread(new)
            self._crossed[i, j] = new if already is None else already + new

    def matrix(self) -> Tensor:
        """Shape (p, p), symmetric."""
        like = next(iter(self._sums.values()))
        whole = like.new_zeros(self.p, self.p)
        for (i, j), total in self._sums.items():
            first, second = self.layers[i], self.layers[j]
            if i == j:
                self._place_square(whole, first, total)
                continue
            block = total.view(first.outputs, second.outputs, first.wide, second.wide).transpose(1, 2)
            if (i, j) in self._crossed:
                block = self._with_crossed(block.contiguous(), self._crossed[i, j], second.inputs)
            _place(whole, first, second, block)
        return whole

    @staticmethod
    def _place_square(whole: Tensor, layer: Layer, total: Tensor) -> None:
        """Writes a diagonal block from its sums over pairs, unit by unit: what is copied stays in the cache."""
        units, columns = _triangle(layer.outputs, whole.device), _triangle(layer.wide, whole.device).flatten()
        for i in range(layer.outputs):
            rows = total.index_select(0, units[i]).index_select(1, columns)
            rows = rows.view(layer.outputs, layer.wide, layer.wide).transpose(0, 1)  # (m, j, k)
            for top, m, high in layer.parts():
                for left, k, across in layer.parts():
                    there = whole[top + i * high : top + (i + 1) * high, left : left + layer.outputs * across]
                    there.unflatten(1, (-1, across)).copy_(rows[m : m + high, :, k : k + across])

    @staticmethod
    def _with_crossed(block: Tensor, crossed: Tensor, inputs: int) -> Tensor:
        """Block (i, m, j, k) plus crossed (i, m, j), where i = k, or (i, k, m, j)."""
        weight = block[..., :inputs]
        if crossed.ndim == 3:
            weight.diagonal(dim1=0, dim2=3).add_(crossed.movedim(0, -1))
        else:
            weight.add_(crossed.permute(0, 2, 3, 1))
        return block


def _crossed(a: Tensor, g: Tensor, d: Tensor) -> Tensor:
    """sum_n a[m] g[j] D[i, k] as (i, k, m, j); where D is diagonal, so a function of each unit alone, as (i, m, j)."""
    alone = d.shape[1] == d.shape[2] and not bool((d - torch.diag_embed(d.diagonal(dim1=1, dim2=2))).any())
    left = d.diagonal(dim1=1, dim2=2) if alone else d.flatten(1)
    sums = _product(None, left, a, g)
    shape = (
        (*left.shape[1:], *a.shape[1:], *g.shape[1:]) if alone else (*d.shape[1:], *a.shape[1:], *g.shape[1:])
    )
    return sums.view(shape)


def _spread(crossed: Tensor) -> Tensor:
    """(i, k, m, j) from (i, m, j)."""
    if crossed.ndim == 4:
        return crossed
    return torch.diag_embed(crossed.movedim(0, -1)).movedim((-2, -1), (0, 1))


def _product(total: Tensor | None, left: Tensor, a: Tensor, b: Tensor | None) -> Tensor:
    """Adds left^T (n, r) times products of columns of a and b (n, d d'), or of pairs of a's where b is None."""
    d, n = a.shape[1], len(a)
    widths = [d - m for m in range(d)] if b is None else [b.shape[1]] * d
    if total is None:
        total = a.new_zeros(left.shape[1], sum(widths))
    if b is None and 2 * left.shape[1] < d:
        return _gram_by_gram(total, left, a)
    room = max(1, work_bytes(a.device) // (a.element_size() * n))
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


def _gram_by_gram(total: Tensor, left: Tensor, a: Tensor) -> Tensor:
    """The same for pairs of a's, where few weights make weighted inputs smaller than products of inputs."""
    d = a.shape[1]
    rows, columns = torch.triu_indices(d, d, device=a.device)
    gram = a.new_empty(d, d)
    for r in range(left.shape[1]):
        gram.zero_()
        for lo in range(0, len(a), GRAM_ROWS):
            some = a[lo : lo + GRAM_ROWS]
            add_gram(gram, some, some * left[lo : lo + GRAM_ROWS, r : r + 1])
        total[r] += gram[rows, columns]
    return total


def add_gram(whole: Tensor, rows: Tensor, others: Tensor | None = None) -> None:
    """Adds rows^T others, or rows^T rows, to the strips of the upper triangle."""
    p, others = rows.shape[1], rows if others is None else others
    width = max(64, -(-p // STRIPS))
    for lo in range(0, p, width):
        hi = min(lo + width, p)
        whole[:hi, lo:hi].addmm_(rows[:, :hi].T, others[:, lo:hi])


def _triangle(size: int, device: torch.device) -> Tensor:
    """Where the pair (i, j) stands among those with i <= j, row by row: int64 (size, size), symmetric."""
    i, j = torch.triu_indices(size, size, device=device)
    place = torch.empty(size, size, dtype=torch.int64, device=device)
    count = torch.arange(len(i), device=device)
    place[i, j], place[j, i] = count, count
    return place


def _place(whole: Tensor, first: Layer, second: Layer, block: Tensor) -> None:
    """Writes a block (o, wide, o', wide') where weights and biases stand, and its transpose across the diagonal."""
    for top, m, high in first.parts():
        for left, k, across in second.parts():
            rows = slice(top, top + first.outputs * high)
            columns = slice(left, left + second.outputs * across)
            there = whole[rows, columns].unflatten(0, (-1, high)).unflatten(2, (-1, across))
            there.copy_(block[:, m : m + high, :, k : k + across])
            whole[columns, rows] = whole[rows, columns].T
