"""Conjugate gradients for many right-hand sides that share one growing space of search directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .block_residual import BlockResidual
from .rows import Basis, Product, orthonormal

KEPT_BYTES = 512_000_000
"""Memory for the search directions that later ones are kept conjugate to."""

SLACK = 3
"""Times p directions that are tried where not all of them are kept, before the residual is computed anew."""

MARGIN = 0.8
"""Updated residuals are brought this far below the limit, so that rounding does not lift the true ones above it."""

CHECKS = 4
"""Times that the residual is computed anew before rounding is blamed."""


@dataclass(frozen=True)
class Solution:
    """What `block_cg` found.

    Attributes:
        x: shape (k, p).
        residuals: lengths of rhs - A x, computed from x, shape (k,).
        converged: which are within their tolerance, shape (k,).
        iterations: products with a block of rows, those that check residuals included.
        products: products with single rows, in all.
        lowest: where a direction of negative curvature was met, v A v / v v of the lowest one; else None.
    """

    x: Tensor
    residuals: Tensor
    converged: Tensor
    iterations: int
    products: int
    lowest: float | None


class BlockCg:
    """Solve A x_j = b_j for all j at once (O'Leary 1980), A symmetric.

    Each iteration multiplies A by all right-hand sides that have not converged, and every solution is the best one in
    the space of all directions so far: k right-hand sides need far fewer iterations than one, because they find the
    extreme eigenvectors together. New directions are made conjugate to those kept, as many as fit in memory, and to
    the last ones; in low precision this is what keeps the number of iterations near the ideal.

    Args:
        product: rows v to rows A v.
        rtol: a right-hand side b has converged when its residual is at most max(rtol |b|, atol).
        atol: see `rtol`.
        maxiter: most iterations.
        precondition: rows v to rows M v, M close to the inverse of A and positive definite.
        each: called after each iteration with how many right-hand sides have converged.

    References:
        [O'Leary 1980](https://doi.org/10.1016/0024-3795(80)90247-5), The block conjugate gradient algorithm.
        [Ji & Li 2017](https://doi.org/10.1007/s10543-016-0631-z), A breakdown-free block conjugate gradient method.
    """

    def __init__(
        self,
        product: Product,
        *,
        rtol: float,
        atol: float,
        maxiter: int,
        precondition: Product | None = None,
        each: Callable[[int], None] | None = None,
    ) -> None:
        self.product, self.precondition, self.each = product, precondition, each
        self.rtol, self.atol, self.maxiter = rtol, atol, maxiter

    def __call__(self, rhs: Tensor) -> Solution:
        """Solutions for the rows of `rhs`, shape (k, p), beginning at zero; NaN for a row that is not finite."""
        sound = rhs.isfinite().all(dim=1)
        if not bool(sound.all()):
            return self._without(rhs, sound)
        lengths = torch.linalg.vector_norm(rhs, dim=1)
        if len(lengths.unique()) < len(rhs):  # equal rows are equally long; comparing all is dear
            distinct, place = torch.unique(rhs, dim=0, return_inverse=True)
            if len(distinct) < len(rhs):  # a repeated one adds directions of rounding alone
                one = self(distinct)
                x, residuals, converged = (each[place] for each in (one.x, one.residuals, one.converged))
                return replace(one, x=x, residuals=residuals, converged=converged)
        p = rhs.shape[1]
        limits = (self.rtol * lengths).clamp(min=self.atol)
        x, residual = torch.zeros_like(rhs), rhs.clone()
        self._most = min(p, max(2 * len(rhs), KEPT_BYTES // (2 * p * rhs.element_size())))
        self._kept, self._last = Basis(p, self._most, rhs), Basis(p, 0, rhs)
        self._iterations, self._products, self._broken = 0, 0, False
        self._lowest: float | None = None
        before = float("inf")
        for _ in range(CHECKS):
            self._descend(x, residual, MARGIN * limits)
            if self._broken:
                self._fall_back(rhs, x, residual, MARGIN * limits)
            residual = rhs - self._multiply(x)
            lengths = torch.linalg.vector_norm(residual, dim=1)
            over = lengths > limits
            worst = float((lengths[over] / limits[over]).max()) if bool(over.any()) else 0.0
            if not worst or self._iterations >= self.maxiter or not worst < 0.5 * before:
                break
            before = worst
            self._project(x, residual)
        return Solution(x, lengths, ~over, self._iterations, self._products, self._lowest)

    def _without(self, rhs: Tensor, sound: Tensor) -> Solution:
        """Rows that hold NaN, of a sample that does, would spoil the directions of all others."""
        found = self(rhs[sound])
        x, lengths = torch.full_like(rhs, torch.nan), rhs.new_full((len(rhs),), torch.nan)
        x[sound], lengths[sound] = found.x, found.residuals
        converged = ~sound  # as far as they ever will
        converged[sound] = found.converged
        return replace(found, x=x, residuals=lengths, converged=converged)

    def _descend(self, x: Tensor, residual: Tensor, limits: Tensor) -> None:
        """Iterate until the updated residuals are within their limits; changes x and residual in place."""
        active = torch.nonzero(torch.linalg.vector_norm(residual, dim=1) > limits).flatten()
        left, p = residual[active], residual.shape[1]
        # p directions are all there are; where not all are kept, or the last are lost to rounding, it takes some more
        enough = self._products + (p if self._most >= p else SLACK * p) + len(limits)
        while len(active) and self._iterations < self.maxiter and not self._broken:
            if self._products >= enough:  # rounding is in the way: the residual must be looked at
                break
            found = self._directions(left)
            if found is None:
                break
            rows, products = found
            steps = left @ rows.T
            x[active] += steps @ rows
            left = left - steps @ products
            residual[active] = left
            still = torch.linalg.vector_norm(left, dim=1) > limits[active]
            active, left = active[still], left[still]
            if self.each is not None:
                self.each(len(limits) - len(active))

    def _directions(self, residual: Tensor) -> tuple[Tensor, Tensor] | None:
        """Rows with row_i A row_j = 1 if i = j else 0, also with those before; and their products."""
        rows = residual if self.precondition is None else self.precondition(residual)
        eps = torch.finfo(rows.dtype).eps
        rows = rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True)
        for known in (self._kept, self._last):
            rows = rows - (rows @ known.products.T) @ known.rows
        rows = orthonormal(rows, floor=100 * eps)
        if not len(rows):
            return None
        products = self._multiply(rows)
        inner = rows @ products.T
        inner = 0.5 * (inner + inner.T)
        factor, failed = torch.linalg.cholesky_ex(inner)
        if failed:
            values = torch.linalg.eigvalsh(inner)
            self._broken = True
            if float(values[0]) < -100 * eps * float(values.abs().max()):
                self._lowest = float(values[0])
            return None
        rows, products = (torch.linalg.solve_triangular(factor, t, upper=False) for t in (rows, products))
        if not self._kept.add(rows, products):
            self._last = Basis(rows.shape[1], len(rows), rows)
            self._last.add(rows, products)
        return rows, products

    def _fall_back(self, rhs: Tensor, x: Tensor, residual: Tensor, limits: Tensor) -> None:
        """A is not positive definite, or not in this precision: conjugate residuals go on."""
        worse = torch.linalg.vector_norm(residual, dim=1) > torch.linalg.vector_norm(rhs, dim=1)
        x[worse], residual[worse] = 0.0, rhs[worse]
        rest = BlockResidual(
            self.product,
            maxiter=self.maxiter - self._iterations,
            most=self._most,
            precondition=self.precondition,
        )
        rest(x, residual, limits)
        self._iterations += rest.iterations
        self._products += rest.products

    def _project(self, x: Tensor, residual: Tensor) -> None:
        """Takes out of the residuals what the known directions can; changes both in place."""
        for known in (self._kept, self._last):
            steps = residual @ known.rows.T
            x += steps @ known.rows
            residual -= steps @ known.products

    def _multiply(self, rows: Tensor) -> Tensor:
        self._iterations += 1
        self._products += len(rows)
        return self.product(rows)
