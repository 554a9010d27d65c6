"""Influence through a randomised low-rank approximation of the curvature."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from ..arguments import whole
from ..errors import InputTypeError
from .arnoldi import RANK
from .block_influence import BlockInfluence, renamed, warn_indefinite
from .curvature import Curvature
from .layout import BlockStructure
from .solvers.low_rank import LowRank
from .solvers.products import Products
from .solvers.sketch import nystroem_sketch
from .types import BlockMode, LossType, SecondOrderMode


class NystroemSketchInfluence(BlockInfluence):
    """Sketches the curvature by its products with random vectors, and inverts the sketch by the Woodbury formula.

    The sketch (Hataya & Yamada 2023) is Nystroem's in its stable form (Tropp et al. 2017) after one step that turns
    the random vectors towards the leading eigenvectors; they are seeded, so the result is deterministic. It
    approximates positive semi-definite curvatures: a Hessian that is indefinite among the leading directions is
    noticed, and only its positive part is kept. Another regularization needs no refit.

    Args:
        model: a trained torch module.
        loss: `loss(output, target)`.
        regularization: the damping added to the curvature's diagonal: a positive number, or one for each block by
            name. What the sketch leaves out is divided by it.
        rank: of the sketch; all of a block with fewer parameters.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        second_order_mode: a `SecondOrderMode`; "gauss_newton" and "empirical_fisher" are never indefinite.
        hessian_regularization: an older name of `regularization`.
        rank_estimate: an older name of `rank`.

    Attributes:
        path: by block, "dense" or "products": whether the curvature's matrix was made.

    Warns:
        UserWarning: for a curvature that is indefinite.

    References:
        [Hataya & Yamada 2023](https://arxiv.org/abs/2302.09726), Nystroem method for accurate and scalable implicit
        differentiation.
        [Tropp, Yurtsever, Udell & Cevher 2017](https://arxiv.org/abs/1706.05736).
    """

    positive_regularization = True

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        rank: int | None = None,
        block_structure: BlockStructure = BlockMode.FULL,
        second_order_mode: SecondOrderMode | str = SecondOrderMode.HESSIAN,
        *,
        hessian_regularization: float | Mapping[str, float] | None = None,
        rank_estimate: int | None = None,
    ) -> None:
        super().__init__(
            model,
            loss,
            regularization,
            block_structure=block_structure,
            second_order_mode=second_order_mode,
            hessian_regularization=hessian_regularization,
        )
        given = renamed("rank", rank, "rank_estimate", rank_estimate)
        if given is None:
            raise InputTypeError("rank is missing: pass the rank of the sketch, such as rank=50.")
        self.rank = whole("rank", given, 1, RANK)
        self.path: dict[str, str] = {}

    def _factor(self, block: str, curvature: Curvature) -> LowRank:
        rank = min(self.rank, curvature.p)
        products = Products(curvature, 2 * rank)
        self.path[block] = products.path
        sketch = nystroem_sketch(products, curvature.p, rank, products.like)
        top = float(sketch.values[0]) if len(sketch.values) else 0.0
        rounding = 100 * torch.finfo(sketch.values.dtype).eps * max(top, -sketch.lowest)
        if sketch.lowest < -rounding:
            warn_indefinite(sketch.lowest, self._dampings[block])
        return LowRank(sketch.values, sketch.vectors, True)
