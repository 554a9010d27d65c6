"""Influence through a randomised low-rank approximation of the curvature."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from torch import nn

from ..arguments import whole
from ..errors import InputTypeError
from .arnoldi import RANK
from .block_influence import BlockInfluence, renamed, rounding_of
from .curvature import Curvature
from .layout import BlockStructure
from .low_rank_rows import LowRankRows
from .rows import Rows
from .solvers.low_rank import LowRank
from .solvers.products import Products
from .solvers.sketch import nystroem_sketch
from .types import BlockMode, LossType, SecondOrderMode

PART = 4
"""The random vectors are turned by the Hessian of every fourth data point: the sketch is as good (measured) ..."""

FEWEST = 256
"""... unless these are fewer than so many, or than four times the rank."""


class NystroemSketchInfluence(BlockInfluence):
    """Sketches the curvature by its products with random vectors, and inverts the sketch by the Woodbury formula.

    The sketch (Hataya & Yamada 2023) is Nystroem's in its stable form (Tropp et al. 2017) after one step that turns
    the random vectors towards the leading eigenvectors; they are seeded, so the result is deterministic. A Hessian
    turns them by a quarter of the data (256 points and four times the rank at least), which serves as well. The sketch
    approximates positive semi-definite curvatures: a Hessian that is indefinite among the leading directions is
    noticed, and only its positive part is kept. Another regularization needs no refit.

    Args:
        model: a trained torch module.
        loss: `loss(output, target)`.
        regularization: the damping added to the curvature's diagonal: a positive number, or one for each block by
            name. What the sketch leaves out is divided by it.
        rank: of the sketch, at least 1; all of a block with fewer parameters.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        second_order_mode: a `SecondOrderMode`; "gauss_newton" and "empirical_fisher" are never indefinite.
        hessian_regularization: an older name of `regularization`.
        rank_estimate: an older name of `rank`.

    Attributes:
        path: by block, "dense" or "products": whether the curvature's matrix was made.

    Raises:
        InputError, InputTypeError: for arguments that cannot work, and without a rank or a regularization.

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

    def precondition_for_scores(self, rows: Rows) -> Rows:
        """As `precondition`; factored rows of one position a sample stay factored, where one block is all."""
        low = self._factors.get("")
        if (
            isinstance(low, LowRank)
            and len(low.vectors[0]) == self.n_parameters
            and LowRankRows.pays(rows, low)
        ):
            return LowRankRows.solved(rows, low, self._dampings[""])
        return self.precondition(rows)

    def _factor(self, block: str, curvature: Curvature) -> LowRank:
        rank = min(self.rank, curvature.p)
        part = part_of(curvature, rank)
        share = 1.0 if part is None else part.n / curvature.n
        products = Products(curvature, (1 + share) * rank)
        self.path[block] = products.path
        turn = None if part is None or products.path == "dense" else part.matmul
        sketch = nystroem_sketch(products, curvature.p, rank, products.like, turn=turn)
        top = float(sketch.values[0]) if len(sketch.values) else 0.0
        rounding = rounding_of(sketch.values.dtype, curvature.dtype) * max(top, -sketch.lowest)
        if sketch.lowest < -rounding:
            _warn_indefinite(sketch.lowest)
        return LowRank(sketch.values, sketch.vectors, True)


def part_of(curvature: Curvature, rank: int) -> Curvature | None:
    """The Hessian of some of the data points, drawn once and for all, or None where all of them are to be used.

    That is where the data are few, or not kept; and for sums of outer products, whose rows are computed once for both
    passes.
    """
    size = max(-(-curvature.n // PART), FEWEST, 4 * rank)
    if curvature.mode is not SecondOrderMode.HESSIAN or 2 * size > curvature.n or not curvature.kept:
        return None
    order = torch.randperm(curvature.n, generator=torch.Generator().manual_seed(0))
    return curvature.batch(order[:size].sort().values)


def _warn_indefinite(lowest: float) -> None:
    """Not in the words of the other methods: no damping brings back what the sketch leaves out."""
    warnings.warn(
        f"the Hessian is indefinite: its lowest eigenvalue among the leading directions is {lowest:.2g}. The model is "
        "not at a minimum of the loss (or ends in a softmax before cross-entropy), and a Nystroem sketch keeps no "
        "directions of negative curvature. Train on, pass second_order_mode='gauss_newton', which cannot be "
        "indefinite, or use ArnoldiInfluence, which keeps them.",
        UserWarning,
        stacklevel=5,
    )
