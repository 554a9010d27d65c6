"""EKFAC: the curvature of each layer as a Kronecker product, with the exact second moments in its eigenbasis."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import flag
from ..errors import DvlError, InputTypeError
from .batches import Batch, Batches
from .block_influence import BlockInfluence, renamed
from .ekfac_factors import FisherPasses, Watcher, block_of
from .ekfac_plan import BlockPlan, modules_of
from .ekfac_representation import EkfacRepresentation
from .fit_bar import fit_bar
from .kronecker import KroneckerBlock
from .output_curvature import LIMIT
from .rows import Flat, Outer, Rows
from .types import LossType, SecondOrderMode

__all__ = ["EkfacInfluence", "EkfacRepresentation", "NotImplementedLayerRepresentationException"]


class NotImplementedLayerRepresentationException(DvlError, NotImplementedError):  # noqa: N818 - pyDVL's name
    """A layer that EKFAC cannot represent. All layers can be; the name is there for code that catches it."""


class EkfacInfluence(BlockInfluence):
    """Influences through eigenvalue-corrected Kronecker factors of the Gauss-Newton matrix, layer by layer.

    Martens & Grosse, Optimizing neural networks with Kronecker-factored approximate curvature (ICML 2015); Grosse &
    Martens, A Kronecker-factored approximate Fisher matrix for convolution layers (ICML 2016); George et al., Fast
    approximate natural gradient descent in a Kronecker-factored eigenbasis (NeurIPS 2018); Grosse et al., Studying
    large language model generalization with influence functions (2023).

    The curvature is the exact Fisher matrix of losses with a known likelihood (cross-entropy: over all classes, no
    labels are drawn; squared error; binary cross-entropy), else the generalised Gauss-Newton matrix of the loss.

    Linear and convolution layers, applied once or often to a sample, are Kronecker products. The parameters of any
    other module (embeddings, norms, shared weights, attention's own) have a block of their own: the whole matrix up to
    1,024 numbers, else its diagonal; `block_kinds` says which after `fit`.

    Args:
        model: a trained module; parameters with requires_grad=False are held fixed.
        update_diagonal: replace the products of the factors' eigenvalues, which are KFAC's, by the second moments of
            the gradients in the eigenbasis: EKFAC proper. It takes a second look at the data and is recommended; False
            is pyDVL's default.
        hessian_regularization: an older name of `regularization`.
        progress: draw a progress bar during `fit`.
        loss: `loss(output, target)`; cross-entropy by default.
        regularization: the damping added to the curvature's eigenvalues: a number, one for each layer by name, or None
            for none. Without any, directions that have no curvature are left out. It decides the quality:
            `recommended_regularization(model)`.

    Attributes:
        block_kinds: "kronecker", "dense" or "diagonal" by layer, after `fit`.
        exact: whether `fit` went through the loss's whole curvature; False if it had more than 256 directions a
            sample (classes times tokens, say), of which 256 random combinations were taken.

    Raises:
        InputTypeError: for a loss in the place of `update_diagonal`, flags that are none, and two dampings.
        InputError: for a model without trainable parameters, and impossible dampings.
    """

    def __init__(
        self,
        model: nn.Module,
        update_diagonal: bool = False,
        hessian_regularization: float | Mapping[str, float] | None = 0.0,
        progress: bool = False,
        *,
        loss: LossType | None = None,
        regularization: float | Mapping[str, float] | None = None,
    ) -> None:
        if callable(update_diagonal):
            raise InputTypeError(
                f"EkfacInfluence got {update_diagonal!r} as its second argument, update_diagonal; pass a loss by "
                "name: EkfacInfluence(model, loss=...)."
            )
        old = None if hessian_regularization == 0.0 else hessian_regularization
        super().__init__(
            model,
            nn.CrossEntropyLoss() if loss is None else loss,
            renamed("regularization", regularization, "hessian_regularization", old),
            second_order_mode=SecondOrderMode.GAUSS_NEWTON,
        )
        self.update_diagonal = flag("update_diagonal", update_diagonal)
        self.progress = flag("progress", progress)
        self.block_kinds: dict[str, str] = {}
        self.exact = True
        self._kronecker: dict[str, KroneckerBlock] = {}

    # --- learning -------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._structure = modules_of(self.problem.model)
        super()._lay_out()

    def _learn(self, batches: Batches) -> None:
        path = self._gradients.found_path(batches.first()[:8])
        plan = BlockPlan.of(self.problem, self._blocks, path)
        second = self.update_diagonal and bool(plan.factored)
        passes = FisherPasses(self.problem, plan, limit=LIMIT, seen=self._bar(batches), twice=second)
        like = next(iter(self.problem.params.values()))
        blocks = {
            name: block_of(plan.kinds[name], passes.stack(name), sums, like)
            for name, sums in passes.moments(batches).items()
        }
        if second:
            for name, values in passes.second_moments(batches, blocks).items():
                blocks[name] = replace(blocks[name], values=values.to(like.dtype))
        self._kronecker, self.block_kinds, self.exact = blocks, dict(plan.kinds), passes.exact
        self._factors = dict(blocks)

    def _factor(self, block: str, curvature: Any) -> KroneckerBlock:
        raise NotImplementedError("EKFAC learns all blocks at once: _learn")

    def _bar(self, batches: Batches) -> Watcher | None:
        if not self.progress:
            return None
        looks = 2 if self.update_diagonal else 1
        return fit_bar("EKFAC", looks * len(batches), "samples", "learning the factors")

    def _move(self, device: torch.device) -> None:
        self._kronecker = {name: block.to(device) for name, block in self._kronecker.items()}
        self._factors = dict(self._kronecker)

    # --- solving --------------------------------------------------------------------------------------------

    def precondition(self, rows: Rows) -> Rows:
        """See `InfluenceFunctionModel`; factored rows are rotated, divided and rotated back as factors."""
        return Rows(rows.layout, tuple(self.solved(rows, name) for name in self._kronecker))

    def solved(self, rows: Rows, layer: str) -> Flat:
        """The share of one layer in `precondition`."""
        block, damping = self._kronecker[layer], self._dampings[layer]
        part = self.factors_of(rows, layer)
        if part is None:
            return Flat(self._blocks[layer], block.solve(rows.columns(self._blocks[layer]), damping))
        return Flat(self._blocks[layer], block.solve_factors(*part, damping))

    def factors_of(self, rows: Rows, layer: str) -> tuple[Tensor, Tensor] | None:
        """Inputs (B, T, 1, d) and output gradients (B, T, 1, o) of a layer, if the rows and its block have both."""
        for part in rows.parts:
            if part.names == self._blocks[layer] and isinstance(part, Outer):
                return _positions(part) if self.block_kinds[layer] == "kronecker" else None
        return None

    def block(self, layer: str) -> tuple[KroneckerBlock, float]:
        """What is kept of a layer, and its damping."""
        self.require_fit()
        return self._kronecker[layer], self._dampings[layer]

    def self_influences(self, rows: Rows) -> Tensor:
        """Each row's influence on itself, shape (B,), without making its matrices where it has one position."""
        total: Tensor | None = None
        for name, block in self._kronecker.items():
            damping, part = self._dampings[name], self.factors_of(rows, name)
            if part is None:
                flat = rows.columns(self._blocks[name])
                own = (block.solve(flat, damping) * flat).sum(1)
            else:
                own = block.quadratic(*part, damping)
            total = own if total is None else total + own
        assert total is not None  # a problem has at least one parameter
        return total

    def mean_eigenvalues(self) -> dict[str, float]:
        """Mean eigenvalue of each layer's curvature: its trace over its size."""
        self.require_fit()
        return {name: block.mean for name, block in self._kronecker.items()}

    # --- by layer, under pyDVL's names ------------------------------------------------------------------------

    @property
    def ekfac_representation(self) -> EkfacRepresentation:
        """Eigenvectors and eigenvalues of the layers that are Kronecker products."""
        self.require_fit()
        modules = dict(self.problem.model.named_modules())
        chosen = {n: b for n, b in self._kronecker.items() if self.block_kinds[n] == "kronecker"}
        return EkfacRepresentation(
            list(chosen),
            [modules[name] for name in chosen],
            [_lone(block.right) for block in chosen.values()],
            [_lone(block.left) for block in chosen.values()],
            [block.values.flatten() for block in chosen.values()],
        )

    def influence_factors_by_layer(self, x: Tensor, y: Tensor) -> OrderedDict[str, Tensor]:
        """As `influence_factors`, a tensor (B, p_layer) for each layer."""
        return self.influence_factors_by_block(x, y)

    def influences_by_layer(self, *args: Any, **kwargs: Any) -> OrderedDict[str, Tensor]:
        """As `influences`, the share of each layer; see `influences_by_block`."""
        return self.influences_by_block(*args, **kwargs)

    def influences_from_factors_by_layer(self, *args: Any, **kwargs: Any) -> OrderedDict[str, Tensor]:
        """As `influences_from_factors`, the share of each layer; see `influences_from_factors_by_block`."""
        return self.influences_from_factors_by_block(*args, **kwargs)

    def explore_hessian_regularization(
        self, x: Tensor, y: Tensor, regularization_values: Iterable[float]
    ) -> dict[float, dict[str, Tensor]]:
        """Influences of samples on each other, layer by layer, for several dampings: {damping: {layer: (B, B)}}.

        The model's own damping is left as it is. `explore_regularization` also says which to take.
        """
        self.require_fit()
        rows = self.gradients(Batch.of((x, y)))
        flat = {name: rows.columns(members) for name, members in self._blocks.items()}
        turned = {name: b.rotate(b.stack.join(flat[name])).flatten(1) for name, b in self._kronecker.items()}
        found: dict[float, dict[str, Tensor]] = {}
        for value in regularization_values:
            dampings = self._checked(value)
            found[value] = {
                name: (t * self._kronecker[name].inverse(dampings[name]).flatten()) @ t.T
                for name, t in turned.items()
            }
        return found


def _positions(part: Outer) -> tuple[Tensor, Tensor]:
    """(B, T, 1, d) and (B, T, 1, o)."""
    if part.single:
        return part.a[:, None, None], part.g[:, None, None]
    return part.a.unsqueeze(2), part.g.unsqueeze(2)


def _lone(basis: Tensor | None) -> Tensor:
    assert basis is not None  # of a product
    return basis[0] if len(basis) == 1 else basis
