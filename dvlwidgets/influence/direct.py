"""Influence by solving with the curvature matrix itself."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from ..errors import InputError
from .batches import Batches
from .block_influence import BlockInfluence, warn_indefinite
from .curvature import Curvature
from .curvature.factored import DenseFactors
from .free_memory import free_bytes, readable
from .layout import BlockStructure
from .rows import Rows
from .types import BlockMode, LossType, SecondOrderMode

COPIES = 3
"""Matrices of p x p numbers held at a time: the curvature, its factor, and what is being worked on."""


class DirectInfluence(BlockInfluence):
    """Exact influences: the whole curvature matrix, factored once.

    Koh and Liang, Understanding black-box predictions via influence functions (ICML 2017). The matrix takes p^2
    numbers and the factorisation p^3 / 3 multiplications, so this is for up to some ten thousand parameters a block;
    every other method is an approximation of this one. Another regularization needs no refit: the second one asked
    for decomposes the matrix into eigenvectors, after which any is free.

    Args:
        model: a trained torch module.
        loss: `loss(output, target)`.
        regularization: the damping added to the curvature's diagonal: a number, one for each block by name, or None.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        second_order_mode: a `SecondOrderMode`.
        hessian_regularization: an older name of `regularization`.

    Raises:
        InputError, InputTypeError: for arguments that cannot work.

    Warns:
        UserWarning: at `fit`, or at the first use of another regularization or of none, if the curvature so damped is
            indefinite.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        block_structure: BlockStructure = BlockMode.FULL,
        second_order_mode: SecondOrderMode | str = SecondOrderMode.HESSIAN,
        *,
        hessian_regularization: float | Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(
            model,
            loss,
            regularization,
            block_structure=block_structure,
            second_order_mode=second_order_mode,
            hessian_regularization=hessian_regularization,
        )
        self._warned: set[tuple[str, float]] = set()

    def bytes_needed(self) -> int:
        """Most memory that `fit` and solves take for matrices: those of all blocks, and the work on the largest."""
        sizes = [len(self.block_columns(name)) for name in self.block_names]
        width = max(self.problem.dtype.itemsize, 4)
        return width * ((COPIES - 1) * sum(k * k for k in sizes) + max(sizes) ** 2)

    def _learn(self, batches: Batches) -> None:
        self._require_memory()
        self._warned.clear()
        super()._learn(batches)

    def _factor(self, block: str, curvature: Curvature) -> DenseFactors:
        what = f"the curvature of block {block!r}" if block else "the curvature"
        factors = DenseFactors(curvature.dense(), what)
        # without a damping, one may still be chosen: the first solve looks at it
        if self._dampings[block] > 0:
            factors.prepare(self._dampings[block])
            self._tell(block, factors)
        return factors

    def precondition(self, rows: Rows) -> Rows:
        """See `InfluenceFunctionModel`."""
        solved = super().precondition(rows)
        for block, factors in self._factors.items():
            assert isinstance(factors, DenseFactors)  # made by _factor
            self._tell(block, factors)
        return solved

    def _tell(self, block: str, factors: DenseFactors) -> None:
        for damping, lowest in factors.indefinite.items():
            if (block, damping) not in self._warned:
                self._warned.add((block, damping))
                warn_indefinite(lowest, damping)

    def _require_memory(self) -> None:
        needed, free = self.bytes_needed(), free_bytes(self.device)
        if needed <= free:
            return
        largest = max(len(self.block_columns(name)) for name in self.block_names)
        raise InputError(
            f"the curvature of {largest:,} parameters and its factor take {readable(needed)} as matrices; "
            f"{readable(free)} are free on {self.device}. Use EkfacInfluence or NystroemSketchInfluence, which never "
            "hold that matrix, cut it into blocks (block_structure='layer_wise'), or freeze all but the last layers "
            "(parameter.requires_grad_(False))."
        )
