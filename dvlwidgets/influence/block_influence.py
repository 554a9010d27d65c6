"""Methods that solve one damped linear system for each block of the curvature."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..errors import InputError, InputTypeError
from .base import InfluenceFunctionModel, require_both_or_none
from .batches import Batch, Batches
from .layout import BlockStructure, blocks_of, per_block
from .problem import Problem
from .rows import Rows
from .types import InfluenceMode, LossType, SecondOrderMode, choose


class Factors(Protocol):
    """What a method keeps of a block's curvature."""

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """Rows of (H + damping)^-1 rhs for rows of shape (k, p); any damping, no refit."""
        ...


class BlockInfluence(InfluenceFunctionModel):
    """A method that solves one damped linear system for each block of the curvature.

    Args:
        model: see `InfluenceFunctionModel`.
        loss: see `InfluenceFunctionModel`.
        regularization: the damping added to the curvature's diagonal: a number, one for each block by name, or None.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        second_order_mode: a `SecondOrderMode`.
        hessian_regularization: an older name of `regularization`.
    """

    positive_regularization = False

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        *,
        block_structure: BlockStructure = "full",
        second_order_mode: SecondOrderMode | str = SecondOrderMode.HESSIAN,
        hessian_regularization: float | Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(model, loss)
        self.second_order_mode = choose(SecondOrderMode, second_order_mode, "second_order_mode")
        self._structure = block_structure
        self._given = renamed(
            "regularization", regularization, "hessian_regularization", hessian_regularization
        )
        self._lay_out()
        self._factors: dict[str, Factors] = {}

    @abstractmethod
    def _factor(self, block: str, curvature: Any) -> Factors:
        """What to keep of a block's curvature; called once a block by `fit`."""

    def _learn(self, batches: Batches) -> None:
        from .curvature import curvature_of

        whole = curvature_of(self.problem, batches, self.second_order_mode)
        self._factors = {
            name: self._factor(name, whole.restrict(self.block_columns(name))) for name in self._blocks
        }

    def _take_over(self, problem: Problem) -> None:
        super()._take_over(problem)
        self._lay_out()  # parameters may have been frozen since

    def _lay_out(self) -> None:
        self._blocks = blocks_of(self.problem.model, self.problem.layout, self._structure)
        self._dampings = self._checked(self._given)

    @property
    def block_names(self) -> list[str]:
        """Names of the blocks; the single block of `BlockMode.FULL` is ""."""
        return list(self._blocks)

    @property
    def regularization(self) -> dict[str, float]:
        """The damping of each block."""
        return dict(self._dampings)

    def block_columns(self, name: str) -> Tensor:
        """Columns of a block in the flat parameter vector: int64 (p_block,)."""
        return self.problem.layout.columns(self._blocks[name]).to(self.device)

    def with_regularization(self: Any, regularization: float | Mapping[str, float] | None) -> Any:
        """Another damping, in place and without a refit; returns self.

        Raises:
            InputError, InputTypeError: for what cannot be a damping, and for unknown or missing blocks.
        """
        self._dampings = self._checked(regularization)
        self._given = regularization
        return self

    def precondition(self, rows: Rows) -> Rows:
        """See `InfluenceFunctionModel`; parameters outside all blocks count as fixed."""
        flat = rows.flat()
        solved = torch.zeros_like(flat)
        for name, factors in self._factors.items():
            columns = self.block_columns(name)
            solved[:, columns] = factors.solve(flat[:, columns], self._dampings[name])
        return Rows.of_flat(rows.layout, solved)

    def influence_factors_by_block(self, x: Tensor, y: Tensor) -> OrderedDict[str, Tensor]:
        """As `influence_factors`, a tensor (B, p_block) for each block."""
        z = self.influence_factors(x, y)
        return OrderedDict((name, z[:, self.block_columns(name)]) for name in self._blocks)

    def influences_by_block(
        self,
        x_test: Tensor,
        y_test: Tensor,
        x: Tensor | None = None,
        y: Tensor | None = None,
        mode: InfluenceMode | str = InfluenceMode.Up,
    ) -> OrderedDict[str, Tensor]:
        """As `influences`, also in what is raised; the share of each block, which add up to it."""
        require_both_or_none(x, y)
        z = self.influence_factors_by_block(x_test, y_test)
        return self.influences_from_factors_by_block(
            z, x_test if x is None else x, y_test if y is None else y, mode
        )

    def influences_from_factors_by_block(
        self,
        z_test_factors: Mapping[str, Tensor],
        x: Tensor,
        y: Tensor,
        mode: InfluenceMode | str = InfluenceMode.Up,
    ) -> OrderedDict[str, Tensor]:
        """As `influences_from_factors`, the share of each block.

        Raises:
            NotFittedError: before `fit`.
            InputError: for factors of blocks that there are not, or of another shape.
        """
        self.require_fit()
        if unknown := [name for name in z_test_factors if name not in self._blocks]:
            raise InputError(
                f"factors of the blocks {unknown} were given; the blocks are {self.block_names}."
            )
        shares: OrderedDict[str, Tensor] = OrderedDict()
        up = choose(InfluenceMode, mode, "mode") is InfluenceMode.Up
        rows = self.gradients(Batch.of((x, y))) if up else None  # once for all blocks
        for name, z in z_test_factors.items():
            if z.ndim != 2 or z.shape[1] != len(self.block_columns(name)):
                raise InputError(
                    f"factors of shape {tuple(z.shape)} were given for the block {name!r}; expected (B_test, "
                    f"{len(self.block_columns(name))}), as influence_factors_by_block(x, y) returns them."
                )
            whole = torch.zeros(len(z), self.n_parameters, dtype=z.dtype, device=self.device)
            whole[:, self.block_columns(name)] = z.to(self.device)
            if rows is None:
                shares[name] = self.influences_from_factors(whole, x, y, mode)
            else:
                shares[name] = self.scores(Rows.of_flat(self.layout, whole), rows)
        return shares

    def _move(self, device: torch.device) -> None:
        for factors in self._factors.values():
            move = getattr(factors, "to", None)
            if move is not None:
                move(device)

    def _checked(self, regularization: Any) -> dict[str, float]:
        return per_block(
            regularization, list(self._blocks), "regularization", positive=self.positive_regularization
        )


def renamed(name: str, value: Any, old: str, old_value: Any) -> Any:
    """The value of an argument that has an older name.

    Raises:
        InputTypeError: if both are given.
    """
    if value is not None and old_value is not None:
        raise InputTypeError(f"{name} and {old} are two names of one argument; pass one of them.")
    return old_value if value is None else value


def rounding_of(kept: torch.dtype, multiplied: torch.dtype) -> float:
    """Eigenvalues below so much of the largest are rounding: of what is kept, and of a model in halves."""
    return max(100 * torch.finfo(kept).eps, 4 * torch.finfo(multiplied).eps)


def warn_indefinite(lowest: float, damping: float) -> None:
    """Says that the damped curvature is not positive definite, and what to do."""
    warnings.warn(
        f"the Hessian is indefinite: its lowest eigenvalue is {lowest:.2g}, {lowest + damping:.2g} with the "
        f"regularization of {damping:.2g}. The model is not at a minimum of the loss (or ends in a softmax before "
        "cross-entropy), and influences mean little. Train on, raise regularization above "
        f"{max(-lowest, 0.0):.2g}, or pass second_order_mode='gauss_newton', which cannot be indefinite.",
        UserWarning,
        stacklevel=4,
    )
