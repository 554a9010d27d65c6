"""The Hessian of the loss: products by forward mode over reverse mode, many vectors at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.func import grad, jvp, vjp, vmap

from ..batches import Batch
from ..layout import Layout
from .linear_net import LinearNet, NotLinearError, linear_owners
from .pair_sums import PairSums, Piece
from .resident import Resident
from .row_source import BY_UNITS

ROWS = 2048
"""Most samples in a pass: a call costs some ten milliseconds however few there are."""

CHECK_ROWS = 4
"""Samples on which a short cut is compared with the general path."""

PIECES_BYTES = 256 << 20
"""Second derivatives in the units are kept up to so many bytes."""

ENOUGH = 4
"""Times as many vectors as units, from which on second derivatives in the units are worth their passes."""

TANGENTS = 6
"""A product holds about so many copies of the activations."""


class Hessian:
    """Source of products with the Hessian (sum over data points), and of the matrix."""

    def __init__(self, resident: Resident) -> None:
        self.resident = resident
        self._product: Callable[[Batch, Layout, Tensor], Tensor] | None = None
        self._nets: dict[tuple[str, ...], LinearNet | None] = {}
        self._pieces: dict[tuple[str, ...], list[Piece]] = {}
        self._asked: dict[tuple[str, ...], int] = {}

    def products(self, sub: Layout, vectors: Tensor) -> Tensor:
        """See `Source`."""
        pieces = self._by_units(sub, len(vectors))
        if pieces is not None:
            net = self._linear_net(sub)
            assert net is not None  # _by_units
            return torch.stack([piece.times(net.layers, vectors) for piece in pieces]).sum(0)
        out = torch.zeros_like(vectors)
        rows = min(ROWS, self.resident.rows_for(TANGENTS * self.resident.activations))
        for batch in self.resident.pieces(rows):
            for lo, hi in self._shares(len(vectors), len(batch), sub):
                out[lo:hi] += self._times(batch, sub, vectors[lo:hi])
        return out

    def _times(self, batch: Batch, sub: Layout, vectors: Tensor) -> Tensor:
        """By the way that works, which is known from the first product on."""
        if self._product is None:
            try:
                found = self._forward(batch, sub, vectors)
            except (NotImplementedError, RuntimeError):
                self._product = self._choose(sub)
            else:
                self._product = self._forward
                return found
        return self._product(batch, sub, vectors)

    def _by_units(self, sub: Layout, vectors: int) -> list[Piece] | None:
        """Second derivatives of all samples, once many more vectors were asked for than linear layers have units.

        They take a pass for each unit, after which a product is a few matrix products.
        """
        self._asked[sub.names] = self._asked.get(sub.names, 0) + vectors
        if sub.names in self._pieces:
            return self._pieces[sub.names]
        if self._asked[sub.names] < ENOUGH:
            return None
        if self._asked[sub.names] < ENOUGH * self._units(sub):
            return None  # before the net is looked at, which costs as much as a pass over few samples
        net = self._linear_net(sub)
        if net is None:
            return None
        if self.resident.n * net.kept_numbers * self._dtype.itemsize > PIECES_BYTES:
            return None
        batches = self.resident.pieces(self.resident.rows_for(2 * net.numbers))
        self._pieces[sub.names] = [net.piece(batch, self.resident.activations) for batch in batches]
        return self._pieces[sub.names]

    def forget(self) -> None:
        """Samples are others from now on."""
        self._pieces, self._asked = {}, {}

    def dense(self, sub: Layout) -> Tensor:
        """See `Source`."""
        net = self._linear_net(sub)
        if net is None:
            return self._column_by_column(sub)
        sums = PairSums(net.layers, sub.p)
        for batch in self.resident.pieces(self.resident.rows_for(2 * net.numbers)):
            sums.add(net.piece(batch, self.resident.activations))
        return sums.matrix()

    def _column_by_column(self, sub: Layout) -> Tensor:
        whole = self.products(sub, torch.eye(sub.p, dtype=self._dtype, device=self.resident.problem.device))
        return (whole + whole.T).div_(2.0)

    def matrix_cost(self, sub: Layout) -> float:
        """See `Source`."""
        return float(sub.p) if self._linear_net(sub) is None else sub.p / BY_UNITS

    def rows(self, sub: Layout) -> Iterator[Tensor] | None:
        """See `Source`."""
        return None

    def to(self, device: torch.device) -> None:
        """See `Source`."""
        self.resident.to(device)
        self.forget()

    @property
    def _dtype(self) -> torch.dtype:
        return self.resident.problem.dtype

    def _units(self, sub: Layout) -> float:
        """Of the linear layers that hold the parameters; infinite where others do."""
        try:
            return sum(module.out_features for module in linear_owners(self.resident.problem.model, sub))
        except NotLinearError:
            return math.inf

    def _linear_net(self, sub: Layout) -> LinearNet | None:
        if sub.names not in self._nets:
            self._nets[sub.names] = self._seen_by_units(sub)
        return self._nets[sub.names]

    def _seen_by_units(self, sub: Layout) -> LinearNet | None:
        """The net seen by its units, where that gives the same products as the general path."""
        few = self.resident.first()[:CHECK_ROWS]
        try:
            net = LinearNet(self.resident.problem, sub, few)
            piece = net.piece(few, self.resident.activations)
        except (NotLinearError, NotImplementedError, RuntimeError):
            return None
        generator = torch.Generator().manual_seed(0)
        v = torch.randn(2, sub.p, generator=generator, dtype=torch.float64).to(few.target.device, self._dtype)
        wanted, got = self._times(few, sub, v), piece.times(net.layers, v)
        # roundings differ in the last bits; a net that is not what it looks like is off by its own size
        alike = bool((got - wanted).norm() <= 1e-3 * wanted.norm())
        return net if alike else None

    def _shares(self, k: int, rows: int, sub: Layout) -> Iterator[tuple[int, int]]:
        """Vectors to take at a time so that their tangents fit the work space."""
        each = self._dtype.itemsize * (TANGENTS * rows * self.resident.activations + 3 * sub.p)
        size = max(1, self.resident.work // each)
        size = -(-k // -(-k // size))  # no small rest, which would cost a call of its own
        return ((lo, min(lo + size, k)) for lo in range(0, k, size))

    def _choose(self, sub: Layout) -> Callable[[Batch, Layout, Tensor], Tensor]:
        """Forward over reverse mode, or reverse over reverse where a layer knows no forward mode."""
        few = self.resident.first()[:2]
        try:
            self._forward(few, sub, torch.zeros(1, sub.p, dtype=self._dtype, device=few.target.device))
        except (NotImplementedError, RuntimeError):
            return self._reverse
        return self._forward

    def _forward(self, batch: Batch, sub: Layout, vectors: Tensor) -> Tensor:
        slope, own = self._slope(batch, sub)
        out = vmap(lambda t: jvp(slope, (own,), (t,))[1])(sub.unflatten(vectors))
        return sub.flatten(out).detach()

    def _reverse(self, batch: Batch, sub: Layout, vectors: Tensor) -> Tensor:
        slope, own = self._slope(batch, sub)
        (out,) = vmap(vjp(slope, own)[1])(sub.unflatten(vectors))
        return sub.flatten(out).detach()

    def _slope(
        self, batch: Batch, sub: Layout
    ) -> tuple[Callable[[dict[str, Tensor]], dict[str, Tensor]], dict[str, Tensor]]:
        """The gradient of the summed loss as a function of some parameters, and those."""
        problem = self.resident.problem
        params = problem.params
        own = {name: params[name] for name in sub.names}

        def total(moving: dict[str, Tensor]) -> Tensor:
            return problem.losses({**params, **moving}, batch).sum()

        return grad(total), own
