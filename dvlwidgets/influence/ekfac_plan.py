"""Which parameters share a block, and how each block of the curvature is approximated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from .layout import BlockStructure, trainable
from .problem import Problem
from .pullback import Pullback, multiplies

DENSE_LIMIT = 1_024
"""Parameters of a block that is no matrix product up to which its curvature is kept whole."""


@dataclass(frozen=True)
class BlockPlan:
    """How each block of a problem is approximated.

    Attributes:
        layers: modules by block name, with the full names of their trainable parameters.
        kinds: "kronecker", "dense" or "diagonal", by block name.
        general: blocks whose gradients only automatic differentiation gives.
        looped: those among them that it gives for one sample at a time only.
    """

    layers: Mapping[str, tuple[nn.Module, tuple[str, ...]]]
    kinds: Mapping[str, str]
    general: Sequence[str] = field(default_factory=tuple)
    looped: Sequence[str] = field(default_factory=tuple)

    @staticmethod
    def of(problem: Problem, blocks: Mapping[str, Sequence[str]], path: Mapping[str, str]) -> BlockPlan:
        """From the blocks by module name, and from how each parameter's gradient is had (`Gradients.path`)."""
        modules = dict(problem.model.named_modules())
        layers = {name: (modules[name], tuple(members)) for name, members in blocks.items()}
        kinds, general, looped = {}, [], []
        for name, (module, members) in layers.items():
            known = all(path[m] == "factors" for m in members)
            size = sum(problem.layout.sizes[m] for m in members)
            if known and multiplies(module):
                kinds[name] = "kronecker"
            else:
                kinds[name] = "dense" if size <= DENSE_LIMIT else "diagonal"
                if not known:
                    general.append(name)
                if any(path[m] == "loop" for m in members):
                    looped.append(name)
        return BlockPlan(layers, kinds, tuple(general), tuple(looped))

    @property
    def factored(self) -> list[str]:
        """Blocks that are Kronecker products."""
        return [name for name, kind in self.kinds.items() if kind == "kronecker"]

    def pullback(self, problem: Problem) -> Pullback:
        """Of all blocks."""
        return Pullback(
            problem, self.layers, factored=self.factored, general=self.general, looped=self.looped
        )


def modules_of(model: nn.Module) -> BlockStructure:
    """A block for each module that has trainable parameters itself, by its name."""
    blocks: dict[str, list[str]] = {}
    for name in trainable(model):
        blocks.setdefault(name.rpartition(".")[0], []).append(name)
    return blocks
