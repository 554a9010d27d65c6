"""A curvature known by some of its eigenpairs, and its damped inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError


@dataclass
class LowRank:
    """V^T diag(values) V with orthonormal rows V: the factors of Arnoldi and Nystroem.

    Attributes:
        values: shape (r,).
        vectors: orthonormal rows, shape (r, p).
        complement: whether the inverse acts on what is orthogonal to the vectors, as 1 / damping (the Woodbury
            formula), or gives zero there.
    """

    values: Tensor
    vectors: Tensor
    complement: bool

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """Rows of the damped inverse times rhs, shape (k, p).

        Raises:
            InputError: if an eigenvalue plus the damping is zero, or the complement asks for a positive damping.
        """
        self.require_inverse(damping)
        rows = rhs.to(self.vectors.dtype)  # gradients may be halves, and eigenpairs are not
        shifted, inside = self.values + damping, rows @ self.vectors.T
        if self.complement:
            solved = rows / damping + (inside * (1 / shifted - 1 / damping)) @ self.vectors
        else:
            solved = (inside / shifted) @ self.vectors
        return solved.to(rhs.dtype)

    def require_inverse(self, damping: float) -> None:
        """Refuses what has no inverse.

        Raises:
            InputError: see `solve`.
        """
        shifted = self.values + damping
        smallest = torch.finfo(shifted.dtype).eps * self.values.abs().max().clamp(min=damping)
        if len(shifted) and bool((shifted.abs() <= smallest).any()):
            raise InputError(
                f"an eigenvalue of the curvature plus the regularization of {damping:.2g} is zero, so there is no "
                "inverse. Pass a larger regularization, such as 1e-3, or a smaller rank."
            )
        if self.complement and damping <= 0:
            raise InputError(
                f"regularization={damping:.2g}, but what the low rank leaves out is divided by it: pass a positive one."
            )

    def to(self, device: Any) -> LowRank:
        """Moves itself; returns self."""
        self.values, self.vectors = self.values.to(device), self.vectors.to(device)
        return self
