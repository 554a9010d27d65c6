"""The trainable parameters of a model as one vector, and how they are cut into blocks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ..errors import InputError, InputTypeError
from .types import BlockMode, choose

BlockStructure: TypeAlias = BlockMode | str | Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Layout:
    """Names and shapes of parameters, in the order in which they stand in the vector of p numbers.

    Attributes:
        names: of the parameters.
        shapes: of the parameters.
    """

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]

    @staticmethod
    def of(parameters: Mapping[str, Tensor]) -> Layout:
        """The layout of named tensors, in their order."""
        return Layout(tuple(parameters), tuple(t.shape for t in parameters.values()))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Numbers in each parameter."""
        return {name: math.prod(shape) for name, shape in zip(self.names, self.shapes, strict=True)}

    @cached_property
    def starts(self) -> dict[str, int]:
        """First column of each parameter."""
        starts, at = {}, 0
        for name in self.names:
            starts[name] = at
            at += self.sizes[name]
        return starts

    @cached_property
    def p(self) -> int:
        """Numbers in all."""
        return sum(self.sizes.values())

    def columns(self, names: Iterable[str]) -> Tensor:
        """Positions in the vector of these parameters, in the order given: int64 of shape (k,)."""
        ranges = [torch.arange(self.starts[n], self.starts[n] + self.sizes[n]) for n in names]
        return torch.cat(ranges) if ranges else torch.empty(0, dtype=torch.int64)

    def flatten(self, tree: Mapping[str, Tensor]) -> Tensor:
        """Named tensors of shape (*lead, *shape) as one of shape (*lead, p)."""
        pieces = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            tensor = tree[name]
            lead = tensor.shape[: tensor.ndim - len(shape)]
            pieces.append(tensor.reshape(*lead, self.sizes[name]))
        return torch.cat(pieces, dim=-1)

    def unflatten(self, vectors: Tensor) -> dict[str, Tensor]:
        """A tensor of shape (*lead, p) as named tensors of shape (*lead, *shape)."""
        lead = vectors.shape[:-1]
        return {
            name: vectors[..., self.starts[name] : self.starts[name] + self.sizes[name]].reshape(
                (*lead, *shape)
            )
            for name, shape in zip(self.names, self.shapes, strict=True)
        }


def trainable(model: nn.Module) -> dict[str, Tensor]:
    """The parameters of a model that ask for gradients; shared ones count once, under their first name.

    Raises:
        InputError: if there are none.
    """
    found = {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
    if not found:
        raise InputError(
            f"{type(model).__name__} has no trainable parameter: influence is measured through parameters with "
            "requires_grad=True. Call parameter.requires_grad_(True) on those that were trained."
        )
    return found


def blocks_of(model: nn.Module, layout: Layout, structure: BlockStructure) -> dict[str, tuple[str, ...]]:
    """Names of the blocks with the names of their parameters.

    Args:
        model: whose direct children are the layers.
        layout: the trainable parameters.
        structure: a `BlockMode`, or a mapping of block names to parameter names. Trainable parameters that a mapping
            leaves out are held fixed; frozen ones that it names are left out, with a warning.

    Raises:
        InputError: for unknown names, names in two blocks, and empty blocks.
    """
    if isinstance(structure, Mapping):
        return _custom(model, layout, structure)
    mode = choose(BlockMode, structure, "block_structure")
    if mode is BlockMode.FULL:
        return {"": layout.names}
    if mode is BlockMode.PARAMETER_WISE:
        return {name: (name,) for name in layout.names}
    children = dict(model.named_children())
    blocks: dict[str, list[str]] = {}
    for name in layout.names:
        child = name.split(".", 1)[0]
        blocks.setdefault(child if child in children else "", []).append(name)
    return {name: tuple(members) for name, members in blocks.items()}


def _custom(
    model: nn.Module, layout: Layout, structure: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    known = {name for name, _ in model.named_parameters()}
    blocks: dict[str, tuple[str, ...]] = {}
    where: dict[str, str] = {}
    for block, members in structure.items():
        if isinstance(members, str) or not isinstance(members, Sequence):
            raise InputTypeError(
                f"block_structure[{block!r}] is {members!r}; expected a list of parameter names, such as "
                f"{list(layout.names[:2])}."
            )
        if unknown := [m for m in members if m not in known]:
            raise InputError(
                f"block_structure[{block!r}] names {unknown}, which the model does not have. Its trainable "
                f"parameters are {list(layout.names)}."
            )
        if frozen := [m for m in members if m not in layout.sizes]:
            warnings.warn(f"block {block!r}: {frozen} are frozen and left out.", UserWarning, stacklevel=5)
        kept = tuple(m for m in members if m in layout.sizes)
        if not kept:
            raise InputError(f"block_structure[{block!r}] holds no trainable parameter. Leave the block out.")
        for member in kept:
            if member in where:
                raise InputError(
                    f"{member!r} is in the blocks {where[member]!r} and {block!r}; a parameter has one block."
                )
            where[member] = block
        blocks[block] = kept
    if not blocks:
        raise InputError("block_structure is empty; expected at least one block, or BlockMode.FULL.")
    return blocks


def per_block(given: Any, blocks: Sequence[str], name: str, *, positive: bool) -> dict[str, float]:
    """One number for each block from a number, a mapping by block name, or None (then 0).

    Raises:
        InputError: for unknown or missing blocks, and for numbers that cannot be a damping.
        InputTypeError: for anything else.
    """
    if isinstance(given, Mapping):
        if unknown := [key for key in given if key not in blocks]:
            raise InputError(f"{name} names the blocks {unknown}; the blocks are {list(blocks)}.")
        if missing := [block for block in blocks if block not in given]:
            raise InputError(f"{name} lacks the blocks {missing}: give each block a number, or one for all.")
        return {block: damping(given[block], f"{name}[{block!r}]", positive=positive) for block in blocks}
    return dict.fromkeys(blocks, damping(given, name, positive=positive))


def damping(given: Any, name: str, *, positive: bool) -> float:
    """A damping as a float; None is 0.

    Raises:
        InputError: if it is negative, not finite, or 0 where it must be positive.
        InputTypeError: if it is no number.
    """
    if given is None:
        number = 0.0
    elif isinstance(given, bool) or (not isinstance(given, (int, float)) and not hasattr(given, "__float__")):
        raise InputTypeError(f"{name}={given!r} was given; expected a number, or a number for each block.")
    else:
        number = float(given)
    if not math.isfinite(number) or number < 0 or (positive and number == 0):
        wanted = "a positive number, such as 1e-3" if positive else "a number of at least 0"
        raise InputError(
            f"{name}={given!r} was given; expected {wanted}: it is added to the curvature's diagonal."
        )
    return number
