"""Conjugate residuals for many right-hand sides: what is left of conjugate gradients when the matrix is indefinite."""

from __future__ import annotations

import torch
from torch import Tensor

from .rows import Basis, Product


class BlockResidual:
    """Makes residuals of A x_j = b_j as short as they can be in a growing space; they never get longer.

    Products A v are kept orthonormal (generalised conjugate residuals, Eisenstat, Elman & Schultz 1983), which needs
    no positive definite A.

    Args:
        product: rows v to rows A v.
        maxiter: most iterations.
        most: directions that are kept.
        precondition: rows v to rows M v.

    References:
        [Eisenstat, Elman & Schultz 1983](https://doi.org/10.1137/0720023).
    """

    def __init__(
        self, product: Product, *, maxiter: int, most: int, precondition: Product | None = None
    ) -> None:
        self.product, self.maxiter, self.most, self.precondition = product, maxiter, most, precondition
        self.iterations, self.products = 0, 0

    def __call__(self, x: Tensor, residual: Tensor, limits: Tensor) -> None:
        """Go on from x with these residuals until they are within their limits; changes both in place."""
        kept = Basis(x.shape[1], self.most, x)
        active = torch.nonzero(torch.linalg.vector_norm(residual, dim=1) > limits).flatten()
        left = residual[active]
        while len(active) and self.iterations < self.maxiter:
            rows = left if self.precondition is None else self.precondition(left)
            rows = rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True)
            images = self.product(rows)
            self.iterations, self.products = self.iterations + 1, self.products + len(rows)
            for _ in range(2):
                inside = images @ kept.products.T
                rows, images = rows - inside @ kept.rows, images - inside @ kept.products
            rows, images = _orthonormal_images(rows, images)
            if not len(rows):
                return
            steps = left @ images.T
            x[active] += steps @ rows
            left = left - steps @ images
            residual[active] = left
            kept.add(rows, images)
            still = torch.linalg.vector_norm(left, dim=1) > limits[active]
            active, left = active[still], left[still]


def _orthonormal_images(rows: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """The same space of rows, with orthonormal images; rows whose images depend on others' are left out."""
    tiny = 100 * torch.finfo(images.dtype).eps
    lengths = torch.linalg.vector_norm(images, dim=1, keepdim=True)
    long = lengths.flatten() > tiny
    rows, images = rows[long] / lengths[long], images[long] / lengths[long]
    for _ in range(2):  # once more if some were left out
        q, r = torch.linalg.qr(images.T)
        usable = r.diagonal().abs() > tiny
        if len(usable) == len(rows) and bool(usable.all()):
            break
        keep = torch.nonzero(usable).flatten()
        rows, images = rows[keep], images[keep]
    return torch.linalg.solve_triangular(r.T, rows, upper=False), q.T.contiguous()
