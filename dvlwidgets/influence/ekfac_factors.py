"""Kronecker factors of the Gauss-Newton matrix, their eigenbasis, and its second moments: two looks at the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from .batches import Batch, Batches
from .ekfac_plan import BlockPlan
from .kronecker import KroneckerBlock, Stack
from .output_curvature import LIMIT, output_roots, root_count
from .problem import Problem
from .pullback import Positions, Vectors

BUDGET = 32_000_000
"""Numbers that a piece of a batch may hold at once, over all vectors and layers."""

KEPT = 8_000_000
"""Numbers up to which what the first look gave is kept for the second one, which then costs no passes of its own."""

Piece: TypeAlias = tuple[int, dict[str, Positions | Tensor]]
"""Samples, and what `Pullback` gives for them."""

Watcher = Callable[[int], None]
"""Told how many more samples were looked at."""


@dataclass
class Moments:
    """Sums over the data for one block.

    Attributes:
        samples: looked at.
        positions: looked at; several a sample where a layer is applied to each of several tokens or pixels.
        right: sum of a a^T, shape (groups, d, d), in float64.
        left: sum of g g^T, shape (groups, o, o), in float64; for blocks that are no product, of the whole gradients.
    """

    samples: int = 0
    positions: int = 0
    right: Tensor | None = None
    left: Tensor | None = None

    def add(self, left: Tensor, right: Tensor | None = None, *, positions: int = 0) -> None:
        """Add a piece's sums."""
        self.positions += positions
        self.left = left.double() if self.left is None else self.left.add_(left)
        if right is not None:
            self.right = right.double() if self.right is None else self.right.add_(right)


class FisherPasses:
    """Looks at the data through the square root of the loss's curvature.

    Args:
        problem: model and loss.
        plan: of its blocks.
        limit: see `output_roots`.
        seen: told of progress.
        vectors: others than the square root of the loss's curvature.
        twice: whether a second look at the same data follows.

    Attributes:
        exact: whether all vectors of the square root were used; False after samples had too many.
    """

    def __init__(
        self,
        problem: Problem,
        plan: BlockPlan,
        *,
        limit: int = LIMIT,
        seen: Watcher | None = None,
        vectors: Vectors | None = None,
        twice: bool = False,
    ) -> None:
        self.problem, self.plan, self.limit = problem, plan, limit
        self.exact = True
        self._seen, self._vectors = seen, vectors
        self._kept: list[Piece] | None = [] if twice else None
        self._room = KEPT
        self._pullback = plan.pullback(problem)

    def moments(self, batches: Batches) -> dict[str, Moments]:
        """The first look: sums from which the factors follow."""
        sums = {name: Moments() for name in self.plan.kinds}
        for size, found in self.pieces(batches):
            self._keep(size, found)
            for name, own in sums.items():
                own.samples += size
                part = found.get(name)
                if isinstance(part, Positions):
                    _add_positions(own, part, bias=self.stack(name).bias)
                elif part is not None:
                    rows = part.flatten(0, 1)
                    whole = self.plan.kinds[name] == "dense"
                    own.add(rows.T @ rows if whole else rows.square().sum(0))
        return sums

    def second_moments(self, batches: Batches, blocks: Mapping[str, KroneckerBlock]) -> dict[str, Tensor]:
        """The second look: means of squared gradients in the eigenbases, (groups, rows, columns), in float64."""
        sums = {
            name: torch.zeros_like(blocks[name].values, dtype=torch.float64) for name in self.plan.factored
        }
        n = 0
        for size, found in self._again() if self._kept else self.pieces(batches):
            n += size
            for name in sums:
                part = found.get(name)
                if isinstance(part, Positions):
                    sums[name] += squares_in_basis(blocks[name], part)
        return {name: total / n for name, total in sums.items()}

    def _keep(self, size: int, found: dict[str, Positions | Tensor]) -> None:
        """Keep a piece of the first look, as long as all of them have room; drawn vectors are drawn anew instead."""
        if self._kept is None:
            return
        parts: dict[str, Positions | Tensor] = {}
        for name, part in found.items():
            if isinstance(part, Positions):
                parts[name] = part
                self._room -= part.a.numel() + part.g.numel()
        self._kept.append((size, parts))
        if self._room < 0 or not self.exact:
            self._kept = None

    def _again(self) -> Iterator[Piece]:
        """The pieces that were kept, which are let go."""
        kept, self._kept = self._kept or [], None
        for size, found in kept:
            yield size, found
            if self._seen is not None:
                self._seen(size)

    def stack(self, name: str) -> Stack:
        """The shape of a block's matrices."""
        module, members = self.plan.layers[name]
        kinds = [m.rpartition(".")[2] for m in members]
        if self.plan.kinds[name] != "kronecker":
            return Stack(1, 1, sum(self.problem.layout.sizes[m] for m in members))
        groups = int(getattr(module, "groups", 1))
        weight: Tensor = module.weight  # type: ignore[assignment]  # of a layer that multiplies
        rows = len(weight) // groups
        columns = weight[0].numel() if "weight" in kinds else 0
        return Stack(groups, rows, columns + ("bias" in kinds), bias="bias" in kinds)

    def pieces(self, batches: Batches) -> Iterator[Piece]:
        """Samples in each piece of the data, and what `Pullback` gives for them."""
        vectors = self._vectors or self._roots()
        rows = 0
        for given in batches.joined():
            batch = self.problem.place(given)
            rows = rows or self.rows_at_once(batch, self._vectors)
            for at in range(0, len(batch), rows):
                piece = batch[at : at + rows]
                yield len(piece), self._pullback(piece, vectors)
                if self._seen is not None:
                    self._seen(len(piece))

    def rows_at_once(self, batch: Batch, vectors: Vectors | None) -> int:
        """Samples of such a batch that may be pulled back at once, with these vectors or, for None, the roots."""
        count = 1

        def one(output: Tensor, target: Tensor) -> Tensor:
            nonlocal count
            if vectors is not None:
                return vectors(output, target)
            count = min(self.limit, root_count(self.problem.loss, output, target))
            return torch.zeros_like(output).unsqueeze(
                0
            )  # stands for them: how many numbers they give is all we ask

        numbers = 0
        for part in self._pullback(batch[:1], one).values():
            numbers += part.a.numel() if isinstance(part, Positions) else 0
            numbers += count * (part.g if isinstance(part, Positions) else part).numel()
        return max(1, BUDGET // max(1, numbers))

    def _roots(self) -> Vectors:
        signs = torch.Generator().manual_seed(0)

        def vectors(output: Tensor, target: Tensor) -> Tensor:
            if root_count(self.problem.loss, output, target) > self.limit:
                self.exact = False
            return output_roots(self.problem.loss, output, target, limit=self.limit, generator=signs)

        return vectors


def _add_positions(own: Moments, part: Positions, *, bias: bool) -> None:
    a = torch.nn.functional.pad(part.a, (0, 1), value=1.0) if bias else part.a
    own.add(_outer_sum(part.g), _outer_sum(a), positions=a.shape[0] * a.shape[1])


def _outer_sum(rows: Tensor) -> Tensor:
    """Sum of outer products over all axes but the last two, (..., groups, k) -> (groups, k, k)."""
    stacked = rows.flatten(0, -3).transpose(0, 1)
    return stacked.mT @ stacked


def squares_in_basis(block: KroneckerBlock, part: Positions) -> Tensor:
    """Sum over samples and vectors of the squared gradients in the block's basis: (groups, rows, columns)."""
    right, left = block.rotate_factors(part.a, part.g)
    if right.shape[1] == 1:
        weights = left[:, :, 0].square().sum(0)
        return torch.einsum("bgo,bgd->god", weights, right[:, 0].square())
    total = torch.zeros_like(block.values)
    rows = max(1, BUDGET // (len(left) * block.values.numel()))
    for at in range(0, len(right), rows):
        own = torch.einsum("kbtgo,btgd->kbgod", left[:, at : at + rows], right[at : at + rows])
        total += own.square_().sum((0, 1))
    return total


def block_of(kind: str, stack: Stack, sums: Moments, like: Tensor) -> KroneckerBlock:
    """A block from its sums: KFAC for products (Martens & Grosse 2015), else the curvature itself or its diagonal.

    Args:
        kind: "kronecker", "dense" or "diagonal".
        stack: the block's shape.
        sums: of the first look.
        like: a tensor on the device and in the precision wanted.
    """

    def cast(t: Tensor) -> Tensor:
        return t.to(like.device, like.dtype)

    shape = (stack.groups, stack.rows, stack.columns)
    if sums.left is None:  # the model never called this layer: no curvature
        return KroneckerBlock(stack, None, None, like.new_zeros(shape))
    left = sums.left / sums.samples
    if kind == "diagonal":
        return KroneckerBlock(stack, None, None, cast(left.reshape(shape)))
    if kind == "dense":
        values, vectors = torch.linalg.eigh(left)
        return KroneckerBlock(
            stack, None, cast(vectors.unsqueeze(0)), cast(values.clamp(min=0).reshape(shape))
        )
    assert sums.right is not None  # of a product
    right_values, right_basis = torch.linalg.eigh(sums.right / sums.positions)
    left_values, left_basis = torch.linalg.eigh(left)
    values = left_values.clamp(min=0).unsqueeze(2) * right_values.clamp(min=0).unsqueeze(1)
    return KroneckerBlock(stack, cast(left_basis), cast(right_basis), cast(values))
