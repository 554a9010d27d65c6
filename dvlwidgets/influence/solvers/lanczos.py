"""Extreme eigenpairs of a symmetric matrix from its products with a few vectors at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .rows import Basis, Product, gaussian, orthonormal

CHECK = 1.15
"""Convergence is looked at each time that the basis has grown by this factor."""

ROUNDING = 2.0
"""Residuals of this times sqrt(p) roundings of the largest eigenvalue are as small as they get."""


@dataclass(frozen=True)
class Eigenpairs:
    """Approximate eigenpairs of a symmetric matrix A.

    Attributes:
        values: shape (r,), the largest in absolute value first.
        vectors: orthonormal rows, shape (r, p).
        residuals: lengths of A v - value v, shape (r,).
        products: products with single rows that it took.
        converged: whether all residuals are within the tolerance.
    """

    values: Tensor
    vectors: Tensor
    residuals: Tensor
    products: int
    converged: bool


class BlockLanczos:
    """The eigenpairs of largest absolute value, by Rayleigh-Ritz in a block Krylov space (Golub & Underwood 1977).

    All basis vectors are kept orthogonal, twice, and their products are kept too, so that residuals are those of the
    vectors themselves. A full basis is replaced by its best vectors (thick restart, Wu & Simon 2000). The first block
    is pseudo-random with a fixed seed: the same matrix gives the same pairs.

    Args:
        product: rows v to rows A v.
        block: vectors multiplied at a time.
        dimension: vectors that the basis may hold; at least rank + 2 block is sensible.
        tol: wanted residuals, relative to each eigenvalue; rounding of the largest is not gone below.
        restarts: times that the basis may be filled.
        each: called after each product with how many pairs have converged.

    References:
        [Wu & Simon 2000](https://doi.org/10.1137/S0895479898334605), Thick-restart Lanczos method.
    """

    def __init__(
        self,
        product: Product,
        *,
        block: int,
        dimension: int,
        tol: float,
        restarts: int,
        seed: int = 0,
        each: Callable[[int], None] | None = None,
    ) -> None:
        self.product, self.each, self.seed = product, each, seed
        self.block, self.dimension, self.tol, self.restarts = block, dimension, tol, restarts

    def __call__(self, rank: int, p: int, like: Tensor) -> Eigenpairs:
        """The `rank` pairs of a p x p matrix, in the precision and place of `like`."""
        rank, dimension = min(rank, p), min(p, max(self.dimension, rank + 2 * self.block))
        block = orthonormal(gaussian(min(self.block, p), p, like, self.seed))
        basis, products, draws, checked = Basis(p, dimension, like), 0, 0, 0.0
        for _ in range(self.restarts):
            while len(block) and basis.size < dimension:
                block = block[: dimension - basis.size]
                image = self.product(block)
                products += len(block)
                basis.add(block, image)
                if basis.size >= min(dimension, max(rank, CHECK * checked)):
                    checked = basis.size
                    pairs, met = self._ritz(basis, rank, products)
                    if self.each is not None:
                        self.each(met)
                    if pairs.converged:
                        return pairs
                block = self._outside(basis, image)
                if not len(block):  # an invariant space: what is left is orthogonal to it
                    draws += 1
                    block = self._outside(basis, gaussian(min(self.block, p), p, like, self.seed + draws))
            basis, block = self._restarted(basis, rank, dimension)
            checked = basis.size
        return pairs

    def _ritz(self, basis: Basis, rank: int, products: int) -> tuple[Eigenpairs, int]:
        """The best pairs in the basis, and how many have converged."""
        values, turn = _rayleigh(basis)
        values, turn = values[:rank], turn[:, :rank].T
        vectors = turn @ basis.rows
        residuals = torch.linalg.vector_norm(turn @ basis.products - values[:, None] * vectors, dim=1)
        p = vectors.shape[1]
        rounding = ROUNDING * p**0.5 * torch.finfo(values.dtype).eps * float(values.abs().max())
        met = residuals <= (self.tol * values.abs()).clamp(min=rounding)
        return Eigenpairs(values, vectors, residuals, products, bool(met.all()) or basis.size == p), int(
            met.sum()
        )

    def _restarted(self, basis: Basis, rank: int, dimension: int) -> tuple[Basis, Tensor]:
        """A basis of the best Ritz vectors, and the block that goes on from it."""
        _, turn = _rayleigh(basis)
        kept = max(rank, min(rank + self.block, dimension - 2 * self.block))
        rows, products = turn.T[:kept] @ basis.rows, turn.T[:kept] @ basis.products
        short = Basis(rows.shape[1], dimension, rows)
        short.add(rows, products)
        return short, self._outside(basis, products)[: self.block]

    @staticmethod
    def _outside(basis: Basis, rows: Tensor) -> Tensor:
        """Orthonormal rows that span what is orthogonal to the basis."""
        floor = (
            100 * torch.finfo(rows.dtype).eps * float(torch.linalg.vector_norm(basis.products, dim=1).max())
        )
        for _ in range(2):
            rows = rows - (rows @ basis.rows.T) @ basis.rows
            rows = orthonormal(rows, floor=floor)
            floor = 0.5  # the second time rows have length one: what shrinks was not outside
        return rows


def _rayleigh(basis: Basis) -> tuple[Tensor, Tensor]:
    """Ritz values, the largest in absolute value first, and the coefficients of their vectors in columns."""
    inner = basis.rows @ basis.products.T
    values, turn = torch.linalg.eigh(0.5 * (inner + inner.T))
    order = values.abs().argsort(descending=True, stable=True)
    return values[order], turn[:, order]


def lowest_eigenvalue(product: Product, p: int, like: Tensor) -> float:
    """An estimate from above of the lowest eigenvalue, to be told to people."""

    def largest(of: Product) -> float:
        solver = BlockLanczos(of, block=2, dimension=40, tol=1e-3, restarts=3)
        return float(solver(1, p, like).values[0])

    top = abs(largest(product))
    return top - largest(lambda rows: top * rows - product(rows))
