"""All pairs of an EKFAC model at the cost of its factors: approximate scores, exact ones for those that matter.

In the eigenbasis of a layer, with test factors (g, a) and training factors (h, b), a score is the sum over i, j of
M_ij (g_i h_i) (a_j b_j), where M = 1 / (eigenvalues + damping) is one matrix for all pairs. A sum of r products
M_ij = sum_k u_ki v_kj turns it into r pairs of inner products: 2 q n r (d + o) multiplications in place of 2 q n d o.
The r products are the best ones where the energy is: of the matrix rms(g_i h_i) M_ij rms(a_j b_j), by its singular
value decomposition. M alone would spend them on directions in which no gradient lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ..arguments import whole
from ..errors import InputError, InputTypeError
from .ekfac import EkfacInfluence
from .kronecker import KroneckerBlock
from .rows import Flat, Rows

Tiles: TypeAlias = Iterable[tuple[slice, Rows]]

TILE = 4_096
"""Training points that are taken from a store at once."""


@dataclass(frozen=True)
class _Layer:
    """A layer whose scores are sums of products.

    Attributes:
        name: of the layer.
        block: its eigenbasis.
        inverse: M, shape (o, d).
        g: test factors in the basis, (q, o).
        a: the same of the inputs, (q, d).
        u: (r, o).
        v: (r, d).
    """

    name: str
    block: KroneckerBlock
    inverse: Tensor
    g: Tensor
    a: Tensor
    u: Tensor
    v: Tensor

    def approximate(self, h: Tensor, b: Tensor, total: Tensor) -> None:
        """Add approximate scores to (q, w)."""
        for u, v in zip(self.u, self.v, strict=True):
            total.addcmul_((self.g * u) @ h.T, (self.a * v) @ b.T)

    def exact(self, tests: Tensor, h: Tensor, b: Tensor) -> Tensor:
        """Scores of pairs: of test positions (m,) with training factors (m, o) and (m, d)."""
        return torch.einsum("mo,od,md->m", self.g[tests] * h, self.inverse, self.a[tests] * b)


class SeparableScan:
    """Scores of an EKFAC model for all pairs, approximately; layers that cannot be separated are exact.

    A layer can be separated where it is applied once to a sample and its rows are kept as factors.

    Args:
        model: fitted.
        tests: gradients of the test points, as `model.gradients` gives them.
        sample: gradients of some training points, from which the sizes of their factors are estimated.
        rank: products a layer; 2 to 4 find the same top as exact scores nearly always, see `relative_error`.

    Raises:
        InputError: for a rank below 1.
        NotFittedError: if the model was not fitted.
    """

    def __init__(self, model: EkfacInfluence, tests: Rows, sample: Rows, *, rank: int = 4) -> None:
        if not isinstance(model, EkfacInfluence):
            raise InputTypeError(f"SeparableScan got a {type(model).__name__}; expected an EkfacInfluence.")
        self.rank = whole("rank", rank, 1, "It is the number of products that a layer's scores are a sum of.")
        self.model, self._tests = model, tests
        self._layers: list[_Layer] = []
        self._others: list[Flat] = []
        for name in model.block_names:
            layer = self._separated(name, sample)
            if layer is None:
                self._others.append(model.solved(tests, name))
            else:
                self._layers.append(layer)

    @property
    def separated(self) -> list[str]:
        """Layers whose scores are approximate."""
        return [layer.name for layer in self._layers]

    def _separated(self, name: str, sample: Rows) -> _Layer | None:
        block, damping = self.model.block(name)
        mine = _in_basis(self.model, self._tests, name)
        theirs = _in_basis(self.model, sample, name)
        if mine is None or theirs is None or block.stack.groups > 1:
            return None
        inverse = block.inverse(damping)[0]
        (a, g), (b, h) = mine, theirs
        rows, columns = _rms(g) * _rms(h), _rms(a) * _rms(b)
        left, sizes, right = torch.linalg.svd(
            (rows.unsqueeze(1) * inverse * columns).double(), full_matrices=False
        )
        r = min(self.rank, len(sizes))
        # directions without any energy get nothing rather than infinitely much
        u = (left[:, :r] * sizes[:r] * _inverted(rows).unsqueeze(1)).T.to(g.dtype)
        v = (right[:r] * _inverted(columns)).to(g.dtype)
        return _Layer(name, block, inverse, g, a, u, v)

    def scores(self, rows: Rows) -> Tensor:
        """Approximate influences (q, w) of training rows on the test points."""
        total = self._tests_zeros(len(rows))
        for layer in self._layers:
            b, h = self._factors(rows, layer.name)
            layer.approximate(h, b, total)
        if self._others:
            total += self._exact_parts(self._others, rows)
        return total

    def exact_pairs(self, tests: Tensor, rows: Rows) -> Tensor:
        """Exact influences (m,) of training rows (m of them) on the test points at positions (m,)."""
        total = self._tests_zeros(len(tests))[0]
        for layer in self._layers:
            b, h = self._factors(rows, layer.name)
            total += layer.exact(tests, h, b)
        for part in self._others:
            total += (part.values[tests] * rows.columns(part.names)).sum(1)
        return total

    def relative_error(self, rows: Rows) -> float:
        """Of the approximate scores of some training rows, in the Frobenius norm; makes the exact ones."""
        exact = self.model.scores(self.model.precondition(self._tests), rows)
        return float((self.scores(rows) - exact).norm() / exact.norm())

    def _factors(self, rows: Rows, name: str) -> tuple[Tensor, Tensor]:
        found = _in_basis(self.model, rows, name)
        if found is None:
            raise InputError(
                f"layer {name!r} came with one position a sample as factors, and now it does not; pass rows as "
                "model.gradients gives them."
            )
        return found

    def _exact_parts(self, parts: list[Flat], rows: Rows) -> Tensor:
        sums = self._tests_zeros(len(rows))
        for part in parts:
            own = tuple(p for p in rows.parts if set(p.names) <= set(part.names))
            if sum(len(p.names) for p in own) == len(part.names):
                sums += Rows(rows.layout, (part,)).dot(Rows(rows.layout, own))
            else:
                sums += part.values @ rows.columns(part.names).T
        return sums

    def _tests_zeros(self, width: int) -> Tensor:
        like = next(iter(self._tests.tensors().values()))
        return torch.zeros(len(self._tests), width, device=like.device, dtype=self.model.problem.dtype)

    # --- the pairs that matter ------------------------------------------------------------------------------

    def top_of_tests(
        self, train: Any, k: int, *, largest: bool = True, oversample: int = 4
    ) -> tuple[Tensor, Tensor]:
        """The k most helpful training points of each test point, or the most harmful ones.

        Found among the k times `oversample` best approximate scores, then scored exactly; the training rows are read
        twice.

        Args:
            train: a GradientStore, or a list of (slice, Rows).
            k: how many.
            largest: False for the most harmful.
            oversample: candidates for each place.

        Returns:
            Positions int64 (q, k) and exact scores (q, k), best first.
        """
        tiles = _again(train)
        values, where = self._candidates(tiles, k * oversample, largest=largest)
        exact = torch.full_like(values, -torch.inf if largest else torch.inf)
        for at, rows in tiles():
            inside = (where >= at.start) & (where < at.start + len(rows))
            tests, places = inside.nonzero(as_tuple=True)
            if len(tests):
                own = rows[where[tests, places] - at.start]
                exact[tests, places] = self.exact_pairs(tests, own)
        best, order = exact.topk(min(k, exact.shape[1]), dim=1, largest=largest)
        return where.gather(1, order), best

    def top_of_trains(
        self, rows: Rows, k: int, *, largest: bool = True, oversample: int = 4
    ) -> tuple[Tensor, Tensor]:
        """The k test points that each of some training points helps most, or harms most: as `top_of_tests`, (w, k)."""
        count = min(k * oversample, len(self._tests))
        tests = self.scores(rows).T.topk(count, dim=1, largest=largest).indices
        owner = torch.arange(len(rows), device=tests.device).repeat_interleave(count)
        exact = self.exact_pairs(tests.flatten(), rows[owner]).reshape(tests.shape)
        best, order = exact.topk(min(k, count), dim=1, largest=largest)
        return tests.gather(1, order), best

    def _candidates(self, tiles: Any, count: int, *, largest: bool) -> tuple[Tensor, Tensor]:
        values, where = self._tests_zeros(0), self._tests_zeros(0).long()
        for at, rows in tiles():
            own = self.scores(rows)
            some = own.topk(min(count, own.shape[1]), dim=1, largest=largest)
            values = torch.cat([values, some.values], dim=1)
            where = torch.cat([where, some.indices + at.start], dim=1)
            kept = values.topk(min(count, values.shape[1]), dim=1, largest=largest)
            values, where = kept.values, where.gather(1, kept.indices)
        return values, where


def _again(train: Any) -> Any:
    """A function that begins a new pass over (slice, Rows)."""
    if hasattr(train, "tiles"):
        return lambda: train.tiles(TILE)
    if isinstance(train, Iterator):
        raise InputTypeError(
            "an iterator of tiles was given, which can be read once only; pass a list or a GradientStore."
        )
    return lambda: iter(train)


def _in_basis(model: EkfacInfluence, rows: Rows, layer: str) -> tuple[Tensor, Tensor] | None:
    """Inputs (B, d) and output gradients (B, o) in a layer's eigenbasis, where it has one position a sample."""
    part = model.factors_of(rows, layer)
    if part is None or part[0].shape[1] != 1:
        return None
    right, left = model.block(layer)[0].rotate_factors(*part)
    return right[:, 0, 0], left[:, 0, 0]


def _rms(rows: Tensor) -> Tensor:
    return rows.double().square().mean(0).sqrt()


def _inverted(sizes: Tensor) -> Tensor:
    floor = sizes.max() * 1e-10
    return torch.where(sizes > floor, sizes.clamp(min=torch.finfo(sizes.dtype).tiny).reciprocal(), 0.0)
