"""Influence in the span of the curvature's leading eigenvectors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..arguments import flag, whole
from .batches import Batches
from .block_influence import BlockInfluence, renamed, rounding_of, warn_indefinite
from .cg import tolerance
from .curvature import Curvature
from .layout import BlockStructure
from .solvers.lanczos import BlockLanczos, Eigenpairs
from .solvers.low_rank import LowRank
from .solvers.products import Products
from .types import BlockMode, LossType, SecondOrderMode

BLOCK = (16, 128)
"""Vectors that are multiplied at a time: the rank between these bounds. A block finds at most as many copies of an
eigenvalue as it has vectors, and copies are common: linear models with squared error have one for each output."""

BASIS_BYTES = 512_000_000
"""Memory for the basis and its products, where the rank does not ask for more."""

RESTARTS = 30
"""Times that the basis may be filled, unless told otherwise."""

RANK = "It is the number of eigenvectors to keep, such as 10."


class ArnoldiInfluence(BlockInfluence):
    """Keeps the eigenpairs of largest absolute value of the curvature (Schioppa et al. 2022).

    The inverse is V (D + damping)^-1 V^T: gradients are projected on the kept eigenvectors V, and what is orthogonal
    to them counts as without influence; with `use_woodbury` it is divided by the damping instead, as the damped
    curvature of that rank asks for. Eigenpairs come from a block Lanczos iteration with a fixed start: several vectors
    are multiplied in each pass over the data, and the result is deterministic. Another regularization needs no refit.

    Args:
        model: a trained torch module.
        loss: `loss(output, target)`.
        regularization: the damping added to the curvature's diagonal: a number, one for each block by name, or None.
        rank: eigenpairs to keep; all of a block with fewer parameters.
        krylov_dimension: vectors that the Lanczos basis may hold; by default what is sensible for the rank.
        tol: wanted residual |H v - d v| of each pair, relative to |d|; rounding is not gone below.
        max_iter: times that the basis may be filled anew; by default 30.
        eigen_computation_on_gpu: accepted for pyDVL's sake: the work is done where the model is.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        second_order_mode: a `SecondOrderMode`.
        use_woodbury: keep what is orthogonal to the eigenvectors; regularization must be positive then.
        hessian_regularization: an older name of `regularization`.
        rank_estimate: an older name of `rank`.

    Raises:
        InputError, InputTypeError: for arguments that cannot work.

    Warns:
        UserWarning: for pairs that have not converged, and for eigenvalues that the damping leaves below zero.

    References:
        [Schioppa et al. 2022](https://doi.org/10.1609/aaai.v36i8.20791), Scaling up influence functions.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        rank: int = 10,
        krylov_dimension: int | None = None,
        tol: float = 1e-6,
        max_iter: int | None = None,
        eigen_computation_on_gpu: bool = False,
        block_structure: BlockStructure = BlockMode.FULL,
        second_order_mode: SecondOrderMode | str = SecondOrderMode.HESSIAN,
        use_woodbury: bool = False,
        *,
        hessian_regularization: float | Mapping[str, float] | None = None,
        rank_estimate: int | None = None,
    ) -> None:
        self.use_woodbury = flag("use_woodbury", use_woodbury)
        self.positive_regularization = self.use_woodbury
        super().__init__(
            model,
            loss,
            regularization,
            block_structure=block_structure,
            second_order_mode=second_order_mode,
            hessian_regularization=hessian_regularization,
        )
        given = (
            rank if rank_estimate is None else renamed("rank", _given(rank), "rank_estimate", rank_estimate)
        )
        self.rank = whole("rank", given, 1, RANK)
        hint = "It is the size of the Lanczos basis, larger than the rank."
        self.krylov_dimension = (
            None if krylov_dimension is None else whole("krylov_dimension", krylov_dimension, self.rank, hint)
        )
        self.tol = tolerance("tol", tol)
        hint = "It is the number of times that the basis may be filled."
        self.max_iter = RESTARTS if max_iter is None else whole("max_iter", max_iter, 1, hint)
        self.eigen_computation_on_gpu = flag("eigen_computation_on_gpu", eigen_computation_on_gpu)
        self.path: dict[str, str] = {}
        self.pairs: dict[str, Eigenpairs] = {}

    def _learn(self, batches: Batches) -> None:
        self.path.clear()
        self.pairs.clear()
        super()._learn(batches)
        self._tell()

    def with_regularization(self, regularization: float | Mapping[str, float] | None) -> Any:
        """Another damping, in place and without a refit; returns self."""
        super().with_regularization(regularization)
        self._tell()
        return self

    def _factor(self, block: str, curvature: Curvature) -> LowRank:
        rank = min(self.rank, curvature.p)
        products = Products(curvature, 4 * rank + 100)
        self.path[block] = products.path
        if products.matrix is not None and 3 * rank >= curvature.p:
            pairs = _all_pairs(products.matrix, rank)
        else:
            solver = BlockLanczos(
                products,
                block=_block(rank),
                dimension=self.krylov_dimension or _dimension(rank, curvature.p, products.like),
                tol=self.tol,
                restarts=self.max_iter,
            )
            pairs = solver(rank, curvature.p, products.like)
        self.pairs[block] = pairs
        if not pairs.converged:
            _warn_unconverged(pairs, self.tol)
        return LowRank(pairs.values, pairs.vectors, self.use_woodbury)

    def _tell(self) -> None:
        for block, pairs in self.pairs.items():
            lowest, damping = float(pairs.values.min()), self._dampings[block]
            rounding = rounding_of(pairs.values.dtype, self.problem.dtype) * float(pairs.values.abs().max())
            if lowest + damping < -rounding:
                warn_indefinite(lowest, damping)


def _given(rank: int) -> int | None:
    """The default counts as not given."""
    return None if rank == 10 else rank


def _block(rank: int) -> int:
    return min(max(BLOCK[0], rank), BLOCK[1])


def _dimension(rank: int, p: int, like: torch.Tensor) -> int:
    """Sixteen blocks and twice the rank, if there is memory for them and their products; three blocks at least."""
    room, block = BASIS_BYTES // (2 * p * like.element_size()), _block(rank)
    return max(rank + 3 * block, min(2 * rank + 16 * block, room))


def _all_pairs(matrix: torch.Tensor, rank: int) -> Eigenpairs:
    """By decomposing the matrix, where most of its pairs are wanted."""
    values, vectors = torch.linalg.eigh(matrix)
    order = values.abs().argsort(descending=True, stable=True)[:rank]
    return Eigenpairs(
        values[order], vectors[:, order].T.contiguous(), torch.zeros_like(values[order]), 0, True
    )


def _warn_unconverged(pairs: Eigenpairs, tol: float) -> None:
    worst = float((pairs.residuals / pairs.values.abs().clamp(min=1e-30)).max())
    warnings.warn(
        f"Arnoldi: after {pairs.products:,} products the {len(pairs.values)} eigenpairs have residuals up to "
        f"{worst:.1e} of their eigenvalues, tol is {tol:.1e}. Raise max_iter, krylov_dimension or tol, or ask for a "
        "smaller rank.",
        UserWarning,
        stacklevel=6,
    )
