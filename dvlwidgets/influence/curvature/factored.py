"""A dense symmetric matrix, factored once, that answers solves with any damping."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError
from ..finite import require_finite

ROUNDING = 16.0
"""Times the precision: eigenvalues closer to 0 than that, beside a largest one of 1, say nothing."""


class DenseFactors:
    """Solves (H + damping) x = b: by Cholesky at the first damping, by the eigenvectors at any other.

    One eigendecomposition, made when a second damping is asked for or when the first one leaves H indefinite, answers
    all dampings from then on.

    Args:
        matrix: symmetric, shape (p, p); kept.
        where: how errors call it.
    """

    def __init__(self, matrix: Tensor, where: str = "the curvature") -> None:
        low = matrix.dtype in (torch.float16, torch.bfloat16)
        self.matrix, self._where = (matrix.float() if low else matrix), where
        self._cholesky: tuple[float, Tensor] | None = None
        self._eigen: tuple[Tensor, Tensor] | None = None
        self._sound: set[float] = set()
        self.indefinite: dict[float, float] = {}

    @property
    def mean_eigenvalue(self) -> float:
        """The trace over p: a yardstick for dampings."""
        return float(self.matrix.diagonal().mean())

    def prepare(self, damping: float) -> None:
        """Do now what the first solve would do.

        Raises:
            InputError: if the damped matrix is singular to working precision.
        """
        if self._cholesky is None and self._eigen is None:
            norm = float(torch.linalg.matrix_norm(self.matrix))
            if not math.isfinite(norm):
                require_finite(torch.tensor(norm), self._where)
            self._try_cholesky(damping, norm)
        if self._cholesky is None or self._cholesky[0] != damping:
            self._examine(damping)

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """Rows of (H + damping)^-1 rhs, for rows (k, p).

        Where the damped matrix is indefinite the solve is still the exact one, and `indefinite` holds its lowest
        eigenvalue.

        Raises:
            InputError: if the damped matrix is singular to working precision.
        """
        self.prepare(damping)
        b = rhs.to(self.matrix)
        if self._cholesky is not None and self._cholesky[0] == damping:
            return torch.cholesky_solve(b.T, self._cholesky[1]).T.to(rhs.dtype)
        values, vectors = self.eigen
        return ((b @ vectors / (values + damping)) @ vectors.T).to(rhs.dtype)

    @property
    def eigen(self) -> tuple[Tensor, Tensor]:
        """Eigenvalues (p,), ascending, and eigenvectors as columns (p, p)."""
        if self._eigen is None:
            try:
                values, vectors = torch.linalg.eigh(self.matrix)
            except torch.linalg.LinAlgError:  # type: ignore[attr-defined]  # float32 with many equal eigenvalues
                values, vectors = (t.to(self.matrix) for t in torch.linalg.eigh(self.matrix.double()))
            self._eigen = values, vectors
        return self._eigen

    def to(self, device: Any) -> DenseFactors:
        """Move everything."""
        self.matrix = self.matrix.to(device)
        if self._cholesky is not None:
            self._cholesky = self._cholesky[0], self._cholesky[1].to(device)
        if self._eigen is not None:
            self._eigen = self._eigen[0].to(device), self._eigen[1].to(device)
        return self

    def _try_cholesky(self, damping: float, norm: float) -> None:
        """Keeps the factor, if there is one that solves are worth something with."""
        diagonal = self.matrix.diagonal()
        before = diagonal.clone()
        try:
            diagonal.add_(damping)
            factor, failed = torch.linalg.cholesky_ex(self.matrix)
        finally:
            diagonal.copy_(before)
        if int(failed) == 0 and condition(norm + damping, factor) < 0.5 / self._precision:
            self._cholesky = damping, factor

    def _examine(self, damping: float) -> None:
        """Looks at the eigenvalues for what a solve with them would hide."""
        if damping in self._sound:
            return
        values = self.eigen[0]
        shifted, largest = values + damping, float(values.abs().max())
        smallest = float(shifted.abs().min())
        if smallest <= self._precision * (largest + damping):
            raise InputError(self._singular(damping, smallest, largest))
        if float(shifted[0]) < 0:
            self.indefinite[damping] = float(values[0])
        self._sound.add(damping)

    @property
    def _precision(self) -> float:
        """Eigenvalues below so much of the largest are rounding."""
        return ROUNDING * torch.finfo(self.matrix.dtype).eps

    def _singular(self, damping: float, smallest: float, largest: float) -> str:
        more = "" if self.matrix.dtype is torch.float64 else ", or pass model.double() and float64 data"
        return (
            f"{self._where} is singular with regularization={damping:.3g}: an eigenvalue of {smallest:.2g} beside one "
            f"of {largest:.2g} is rounding in {str(self.matrix.dtype).removeprefix('torch.')}, so that influences "
            f"would be noise. Some directions of the parameters do not change the loss. Pass a larger regularization, "
            f"for example {max(0.1 * abs(self.mean_eigenvalue), 1e-6 * largest):.1g} (a tenth of the mean "
            f"eigenvalue){more}."
        )


def condition(norm: float, factor: Tensor, steps: int = 3) -> float:
    """About the ratio of the extreme eigenvalues of a positive definite matrix.

    Args:
        norm: at least its largest eigenvalue, such as its Frobenius norm.
        factor: its Cholesky factor; the smallest eigenvalue is had by inverse iteration.
        steps: of the iteration.
    """
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(len(factor), 1, generator=generator, dtype=torch.float64).to(factor)
    for _ in range(steps):
        v = torch.cholesky_solve(v / v.norm(), factor)
    return norm * float(v.norm())
