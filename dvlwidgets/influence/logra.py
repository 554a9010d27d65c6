"""LoGra: influences in a small space that each layer's gradients are projected to, from both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Size, Tensor, nn

from ..arguments import whole
from ..errors import InputError
from .batches import Batch, Batches, bytes_of
from .block_influence import BlockInfluence
from .curvature.factored import DenseFactors
from .ekfac_factors import FisherPasses, Moments
from .ekfac_plan import BlockPlan, modules_of
from .layout import Layout
from .output_curvature import LIMIT
from .perturbation import perturbations
from .projection import Buckets, TwoSided, principal_side, random_side
from .pullback import Positions, Pullback
from .rows import Rows
from .types import InfluenceMode, LossType, SecondOrderMode, choose

PROJECTIONS = ("random", "pca")


class LograInfluence(BlockInfluence):
    """Influences in projected gradients: (P_o g)(P_i a)^T for each linear or convolution layer, never d x o numbers.

    Choe et al., What is your data worth to GPT? LLM-scale data valuation with influence functions (2024). A layer's
    gradient is a sum of outer products g a^T; with k directions on either side k x k numbers of it are kept, the
    curvature is a matrix of these, and stored training gradients are small. Parameters of other modules are kept
    whole up to k x k numbers, above they are projected to as many.

    With `rank` not below any layer's width nothing is lost: influences are those of the exact curvature, layer by
    layer.

    Args:
        model: a trained module; parameters with requires_grad=False are held fixed.
        loss: `loss(output, target)`.
        regularization: the damping added to the curvature of the projected gradients: a number, one for each layer by
            name, or None.
        rank: directions kept on either side of a layer.
        projection: "random" directions, or "pca" for those in which the curvature's Kronecker factors have most
            energy, which takes another look at the data and keeps more.
        seed: of random directions.
        second_order_mode: "gauss_newton", or "empirical_fisher", which takes one backward pass a batch.
        hessian_regularization: an older name of `regularization`.

    Raises:
        InputError: for a rank below 1, an unknown projection, and "hessian", of which no rows can be projected.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        rank: int = 64,
        *,
        projection: str = "random",
        seed: int = 0,
        second_order_mode: SecondOrderMode | str = SecondOrderMode.GAUSS_NEWTON,
        hessian_regularization: float | Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(
            model,
            loss,
            regularization,
            second_order_mode=second_order_mode,
            hessian_regularization=hessian_regularization,
        )
        if self.second_order_mode is SecondOrderMode.HESSIAN:
            raise InputError(
                "second_order_mode='hessian' was given; LoGra projects gradients, and a Hessian is not made of these. "
                "Pass 'gauss_newton' or 'empirical_fisher'."
            )
        if projection not in PROJECTIONS:
            raise InputError(f"projection={projection!r} was given; expected 'random' or 'pca'.")
        self.rank = whole("rank", rank, 1, "It is the number of directions kept on either side of a layer.")
        self.seed = whole("seed", seed, 0, "It decides the random directions.")
        self.projection = projection
        self._projections: dict[str, TwoSided | Buckets] = {}
        self._pullback: Pullback | None = None

    # --- the small space ------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """Projected numbers, layer by layer.

        Raises:
            NotFittedError: before `fit`, which chooses the directions.
        """
        if not self._projections:
            self.require_fit()
        return self._layout

    @cached_property
    def _layout(self) -> Layout:
        return Layout(tuple(self._projections), tuple(p.shape for p in self._projections.values()))

    @property
    def store_key(self) -> str:
        """What projected gradients depend on besides the data: the model, and the directions."""
        hasher = hashlib.blake2b(f"{self.problem.key}|logra".encode(), digest_size=20)
        for name, own in self._projections.items():
            hasher.update(f"|{name}:{tuple(own.shape)}".encode())
            for side in own.tensors:
                hasher.update(b"-" if side is None else bytes_of(side))
        return hasher.hexdigest()

    def block_columns(self, name: str) -> Tensor:
        """Columns of a layer in the vector of projected numbers: int64 (k,)."""
        return self.layout.columns((name,)).to(self.device)

    def gradients(self, batch: Batch) -> Rows:
        """Projected per-sample gradients.

        Raises:
            NotFittedError: before `fit`, which chooses the directions.
        """
        self.layout  # noqa: B018 - refuses before `fit`
        assert self._pullback is not None  # made with the layout
        batch = self.problem.place(batch)
        rows = self._passes.rows_at_once(batch, self._slopes)
        pieces = [
            self._projected(self._pullback(batch[at : at + rows], self._slopes), len(batch[at : at + rows]))
            for at in range(0, len(batch), rows)
        ]
        return Rows.of_flat(self.layout, torch.cat(pieces, dim=1)[0])

    def lift(self, rows: Rows) -> Tensor:
        """Projected rows as rows (q, p) of the parameters that have the same inner products with gradients."""
        flat, layout = rows.flat(), self.problem.layout
        whole_rows = flat.new_zeros(len(flat), layout.p)
        for name, own in self._projections.items():
            whole_rows[:, layout.columns(self._blocks[name]).to(flat.device)] = own.lift(
                flat[:, self.block_columns(name)]
            )
        return whole_rows

    def mean_eigenvalues(self) -> dict[str, float]:
        """Mean eigenvalue of each layer's curvature in the small space."""
        self.require_fit()
        return {name: factors.mean_eigenvalue for name, factors in self._dense.items()}

    # --- learning -------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._structure = modules_of(self.problem.model)
        super()._lay_out()

    def _learn(self, batches: Batches) -> None:
        self._gradients(batches.first()[:8])  # tells which layers' gradients are had as factors
        plan = BlockPlan.of(self.problem, self._blocks, self._gradients.path)
        fisher = self.second_order_mode is SecondOrderMode.GAUSS_NEWTON
        self._passes = FisherPasses(self.problem, plan, limit=LIMIT, vectors=None if fisher else self._slopes)
        self._pullback = plan.pullback(self.problem)
        sums = self._passes.moments(batches) if self.projection == "pca" else {}
        self._projections = self._directions(plan, sums)
        self.__dict__.pop("_layout", None)
        totals = {
            name: torch.zeros(2 * (s.numel(),), dtype=torch.float64) for name, s in self._shapes().items()
        }
        n = 0
        for size, found in self._passes.pieces(batches):
            n += size
            flat = self._projected(found, size).flatten(0, 1)
            for name in totals:
                own = flat[:, self.block_columns(name)]
                totals[name] += (own.T @ own).double().cpu()
        dtype, device = self.problem.dtype, self.device
        self._dense = {
            name: DenseFactors((total / n).to(device, dtype), f"the curvature of layer {name!r}")
            for name, total in totals.items()
        }
        self._factors = dict(self._dense)

    def _directions(self, plan: BlockPlan, sums: Mapping[str, Moments]) -> dict[str, TwoSided | Buckets]:
        generator, like = torch.Generator().manual_seed(self.seed), next(iter(self.problem.params.values()))
        found: dict[str, TwoSided | Buckets] = {}
        for name in self._blocks:
            stack, own = self._passes.stack(name), sums.get(name)
            left: Tensor | None
            right: Tensor | None
            if plan.kinds[name] != "kronecker":
                found[name] = Buckets.drawn(stack, self.rank**2, generator).to(like)
                continue
            if own is not None and own.left is not None and own.right is not None:
                left, right = principal_side(own.left, self.rank), principal_side(own.right, self.rank)
            else:
                left = random_side(stack.groups, stack.rows, self.rank, generator)
                right = random_side(stack.groups, stack.columns, self.rank, generator)
            found[name] = TwoSided(stack, left, right).to(like)
        return found

    def _projected(self, found: Mapping[str, Positions | Tensor], samples: int) -> Tensor:
        """All layers' pullbacks in the small space: (K, B, k)."""
        count = next((len(p.g if isinstance(p, Positions) else p) for p in found.values()), 1)
        pieces = []
        for name, own in self._projections.items():
            part = found.get(name)
            if isinstance(part, Positions):
                assert isinstance(own, TwoSided)  # of a product
                pieces.append(own.of_positions(part))
            elif part is not None:
                pieces.append(own.of_rows(part))
            else:  # a layer that the model did not call
                like = next(iter(self.problem.params.values()))
                pieces.append(like.new_zeros(count, samples, own.shape.numel()))
        return torch.cat(pieces, dim=2)

    def _slopes(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss's gradient at the output, as one vector a sample."""
        with torch.enable_grad():
            free = output.detach().requires_grad_(True)
            (slope,) = torch.autograd.grad(self.problem.loss(free, target).sum(), free)
        return slope.unsqueeze(0)

    def _shapes(self) -> dict[str, Size]:
        return {name: own.shape for name, own in self._projections.items()}

    def _factor(self, block: str, curvature: Any) -> DenseFactors:
        raise NotImplementedError("LoGra learns all blocks at once: _learn")

    def _from_factors(self, factors: Rows, batch: Batch, mode: InfluenceMode | str) -> Tensor:
        if choose(InfluenceMode, mode, "mode") is InfluenceMode.Up:
            return self.scores(factors, self.gradients(batch))
        return perturbations(self.problem, self.lift(factors), batch)

    def _move(self, device: torch.device) -> None:
        super()._move(device)
        like = torch.empty(0, dtype=self.problem.dtype, device=device)
        self._projections = {name: own.to(like) for name, own in self._projections.items()}
