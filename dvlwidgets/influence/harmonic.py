"""Influence with each point's own curvature inverted: the mean of inverses instead of the inverse of the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .block_influence import BlockInfluence
from .curvature import Curvature
from .finite import require_finite
from .layout import BlockStructure
from .solvers.products import precision
from .types import BlockMode, LossType, SecondOrderMode


class InverseHarmonicMeanInfluence(BlockInfluence):
    """Replaces (mean of g g^T + damping)^-1 by the mean of (g g^T + damping)^-1 over the training points' gradients g.

    Each term has a closed form (Sherman & Morrison), so there is no matrix and no iteration: two products with the
    gradients for all test points. The approximation is DataInf's (Kwon et al. 2024); it is good where the damping is
    large beside |g|^2 / n, and keeps order better than scale elsewhere.

    Args:
        model: a trained torch module.
        loss: `loss(output, target)`.
        regularization: the damping: a positive number, or one for each block by name.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        hessian_regularization: an older name of `regularization`.

    Raises:
        InputError, InputTypeError: for arguments that cannot work, and without a regularization.

    References:
        [Kwon, Wu, Wu & Zou 2024](https://arxiv.org/abs/2310.00902), DataInf.
    """

    positive_regularization = True

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        block_structure: BlockStructure = BlockMode.FULL,
        *,
        hessian_regularization: float | Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(
            model,
            loss,
            regularization,
            block_structure=block_structure,
            second_order_mode=SecondOrderMode.EMPIRICAL_FISHER,
            hessian_regularization=hessian_regularization,
        )

    def _factor(self, block: str, curvature: Curvature) -> HarmonicFactors:
        return HarmonicFactors(curvature)


@dataclass
class HarmonicFactors:
    """The gradients of the training points, as the empirical Fisher matrix of a block keeps them."""

    curvature: Curvature

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """Mean over points of (v - g (g v) / (damping + |g|^2)) / damping, for rows v of shape (k, p)."""
        vectors = rhs.to(precision(self.curvature))
        total = torch.zeros_like(vectors)
        for tile in self.curvature.row_gradients() or ():
            g = tile.to(vectors.dtype)
            weights = 1.0 / (damping + torch.einsum("bp,bp->b", g, g))
            total += ((vectors @ g.T) * weights) @ g
        if bool(vectors.isfinite().all()):
            require_finite(total, "the curvature")
        return ((vectors - total / self.curvature.n) / damping).to(rhs.dtype)

    def to(self, device: Any) -> HarmonicFactors:
        """Moves itself; returns self."""
        self.curvature.to(device)
        return self
