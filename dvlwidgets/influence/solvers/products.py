"""Products with a curvature, by passes over the data or by its matrix, whichever is less work."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ..finite import require_finite
from .rows import Product

MATRIX_BYTES = 1 << 30
"""Larger matrices are not made."""

PER_PARAMETER = {"hessian": 12.0, "gauss_newton": 10.0, "empirical_fisher": 4.0}
"""Operations of a product for each data point, parameter and vector, for models that use a parameter once a sample."""

LEAST_COST = 1 / 24
"""No matrix costs fewer products than this times p; what a curvature says is asked for only beyond it."""

GEMM = 3.0
"""One operation of a matrix product takes so much less time than one of a pass through the model."""


class Products:
    """H v for rows v, counted.

    Args:
        curvature: see `curvature.Curvature`.
        vectors: how many vectors will be multiplied, about.
        share: the part of the data that a product without the matrix looks at.
        wide: work in float64 where the matrix is made: an iteration in the model's float32 comes to a halt far above
            the rounding of the matrix. On processors only, as graphics cards are slow at it.

    Attributes:
        path: "dense" if the matrix was made, else "products".
        matrix: shape (p, p), or None.
        passes: calls so far.
        vectors: vectors multiplied so far.
    """

    def __init__(self, curvature: Any, vectors: float, *, share: float = 1.0, wide: bool = False) -> None:
        self.curvature = curvature
        dense = prefers_matrix(curvature, vectors, share=share)
        self.path: Literal["dense", "products"] = "dense" if dense else "products"
        widened = wide and dense and torch.device(curvature.device).type == "cpu"
        self._dtype = torch.float64 if widened else precision(curvature)
        self.matrix: Tensor | None = curvature.dense().to(self._dtype) if dense else None
        self.passes, self.vectors = 0, 0
        self._sound = False

    @property
    def p(self) -> int:
        """Size of the curvature."""
        return int(self.curvature.p)

    @property
    def like(self) -> Tensor:
        """An empty tensor of the precision and place of the work."""
        return torch.empty(0, dtype=self._dtype, device=self.curvature.device)

    def __call__(self, v: Tensor) -> Tensor:
        """Rows H v, shape (k, p).

        Raises:
            InputError: NaN or infinity in the curvature.
        """
        self.passes, self.vectors = self.passes + 1, self.vectors + len(v)
        product: Tensor = self.curvature.matmul(v) if self.matrix is None else v @ self.matrix
        if not self._sound and bool(v.isfinite().all()):  # later ones overflow where an iteration diverges
            require_finite(product, "the curvature")
            self._sound = True
        return product.to(v.dtype)

    def damped(self, damping: float) -> Product:
        """Rows (H + damping) v."""
        return lambda v: self(v).add_(v, alpha=damping)

    def to(self, device: Any) -> Products:
        """Moves the matrix and the data of the curvature; returns self."""
        self.curvature.to(device)
        if torch.device(device).type != "cpu":
            self._dtype = precision(self.curvature)
        if self.matrix is not None:
            self.matrix = self.matrix.to(device=device, dtype=self._dtype)
        return self


def precision(curvature: Any) -> torch.dtype:
    """What to solve in: the model's own precision, but not below float32."""
    low = curvature.dtype in (torch.float16, torch.bfloat16)
    dtype: torch.dtype = torch.float32 if low else curvature.dtype
    return dtype


def prefers_matrix(curvature: Any, vectors: float, *, share: float = 1.0) -> bool:
    """Whether making the matrix and multiplying by it is less work than so many products.

    The matrix is worth `curvature.matrix_cost` products, by p where it does not say.
    """
    p = curvature.p
    if p * p * precision(curvature).itemsize > MATRIX_BYTES:
        return False
    product = PER_PARAMETER.get(str(curvature.mode), 12.0) * curvature.n * p
    saved = vectors * (product * share - 2.0 * p * p / GEMM)
    if saved < LEAST_COST * p * product:
        return False
    return bool(float(getattr(curvature, "matrix_cost", p)) * product <= saved)
