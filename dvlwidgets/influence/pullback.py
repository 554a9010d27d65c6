"""Inputs of layers and gradients at their outputs, position by position, for any vectors at the model's output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.func import vjp, vmap

from .batches import Batch
from .capture import watched
from .layers import patches, rule_for
from .problem import Problem

Vectors: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(output (B, ...), target) -> vectors at the output, (K, B, ...)."""


@dataclass(frozen=True)
class Positions:
    """What a layer whose weight multiplies its input saw, for K vectors at the model's output.

    The vectors' pullbacks to the weight are sum over t of g_t a_t^T, group by group, and to the bias sum over t of g_t.

    Attributes:
        a: inputs, shape (B, T, groups, d).
        g: pullbacks to the layer's output, shape (K, B, T, groups, o).
    """

    a: Tensor
    g: Tensor


def multiplies(module: nn.Module) -> bool:
    """Whether a layer's weight multiplies its input, position by position."""
    return isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d))


class Pullback:
    """Pulls vectors at the model's output back to its layers.

    Args:
        problem: model and loss.
        layers: modules by block name, whose parameters are wanted, with the full names of those.
        factored: names of blocks that come as `Positions`; modules for which `multiplies` holds.
        general: names of blocks that come by automatic differentiation sample by sample; others have a rule.
        looped: those among them that cannot be vectorised over samples.
    """

    def __init__(
        self,
        problem: Problem,
        layers: Mapping[str, tuple[nn.Module, Sequence[str]]],
        *,
        factored: Sequence[str],
        general: Sequence[str] = (),
        looped: Sequence[str] = (),
    ) -> None:
        self.problem, self.layers = problem, dict(layers)
        self.factored, self.looped = list(factored), list(looped)
        self.general = [name for name in general if name not in looped]
        self.ruled = [name for name in self.layers if name not in {*factored, *general, *looped}]

    def __call__(self, batch: Batch, vectors: Vectors) -> dict[str, Positions | Tensor]:
        """For each block the positions, or the pullbacks themselves as a tensor (K, B, p_block); detached.

        Layers that the model did not call in this batch are left out.
        """
        hooked = [*self.factored, *self.ruled]
        modules = [self.layers[name][0] for name in hooked]
        found: dict[str, Positions | Tensor] = {}
        with torch.enable_grad(), watched(modules) as seen:
            output = self.problem.output(None, batch)
            wanted = vectors(output, batch.target)
            outputs = [out for module in modules for _, out in seen[module]]
            gradients = iter(pulled(output, outputs, wanted))
        for name, module in zip(hooked, modules, strict=True):
            calls = seen[module]
            gs = [next(gradients) for _ in calls]
            if calls:
                xs = [x.detach() for x, _ in calls]
                found[name] = self._layer(name, module, xs, gs)
        found.update(self._mapped(batch, wanted) if self.general else {})
        found.update(self._one_by_one(batch, wanted) if self.looped else {})
        return found

    def _layer(
        self, name: str, module: nn.Module, xs: Sequence[Tensor], gs: Sequence[Tensor]
    ) -> Positions | Tensor:
        names = self.layers[name][1]
        if name in self.factored:
            has_weight = any(n.rpartition(".")[2] == "weight" for n in names)
            return positions(module, xs, gs, has_weight=has_weight)
        rule = rule_for(module)
        assert rule is not None  # blocks without a rule are general
        return torch.stack([rule(module, names, xs, [g[k] for g in gs]).flat() for k in range(len(gs[0]))])

    def _mapped(self, batch: Batch, wanted: Tensor) -> dict[str, Tensor]:
        params = self.problem.params
        names = [n for block in self.general for n in self.layers[block][1]]
        moving = {n: params[n] for n in names}
        fixed = {n: t for n, t in params.items() if n not in moving}

        def one(vectors: Tensor, *tensors: Tensor) -> dict[str, Tensor]:
            lone = batch.with_tensors([t.unsqueeze(0) for t in tensors])
            back = vjp(lambda own: self.problem.output({**fixed, **own}, lone)[0], moving)[1]
            tree: dict[str, Tensor] = vmap(lambda v: back(v)[0])(vectors)
            return tree

        tree = vmap(one, in_dims=(1, *[0] * len(batch.tensors())), out_dims=1)(wanted, *batch.tensors())
        return {
            block: torch.cat([tree[n].reshape(*tree[n].shape[:2], -1) for n in names], dim=2).detach()
            for block, names in ((block, self.layers[block][1]) for block in self.general)
        }

    def _one_by_one(self, batch: Batch, wanted: Tensor) -> dict[str, Tensor]:
        parameters = dict(self.problem.model.named_parameters())
        names = [n for block in self.looped for n in self.layers[block][1]]
        inner = [parameters[n] for n in names]
        rows: dict[str, list[Tensor]] = {n: [] for n in names}
        for at in range(len(batch)):
            with torch.enable_grad():
                output = self.problem.output(None, batch[at : at + 1])
            singly = [pulled(output, inner, v.unsqueeze(0), keep=True) for v in wanted[:, at : at + 1]]
            for i, name in enumerate(names):
                rows[name].append(torch.cat([found[i].flatten(1) for found in singly]))
        return {
            block: torch.cat([torch.stack(rows[n], dim=1) for n in self.layers[block][1]], dim=2)
            for block in self.looped
        }


def positions(
    module: nn.Module, xs: Sequence[Tensor], gs: Sequence[Tensor], *, has_weight: bool
) -> Positions:
    """From a layer's inputs (B, ...) and the pullbacks (K, B, ...) to its outputs, call by call."""
    groups = 1
    if isinstance(module, nn.Linear):
        a = _joined([x.reshape(len(x), -1, x.shape[-1]) for x in xs], 1)
        g = _joined([v.reshape(*v.shape[:2], -1, v.shape[-1]) for v in gs], 2)
    else:
        groups = int(module.groups)  # type: ignore[arg-type]  # of a convolution
        a = _joined([patches(module, x) for x in xs], 1)
        g = _joined([v.flatten(3).transpose(2, 3) for v in gs], 2)
    a, g = a.unflatten(2, (groups, -1)), g.unflatten(3, (groups, -1))
    return Positions(a if has_weight else a[..., :0], g)


def _joined(tensors: Sequence[Tensor], axis: int) -> Tensor:
    """Along an axis; a lone one is not copied."""
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors), dim=axis)


def pulled(output: Tensor, inner: Sequence[Tensor], vectors: Tensor, *, keep: bool = False) -> list[Tensor]:
    """Pullbacks (K, *shape) of vectors (K, *output.shape) to each of the tensors that the output was made from.

    `keep` leaves the graph for another call.
    """
    if not inner:
        return []
    got: Sequence[Tensor | None]
    if len(vectors) == 1:
        one: Sequence[Tensor | None] = torch.autograd.grad(
            output, inner, vectors[0], allow_unused=True, retain_graph=keep
        )
        got = [None if g is None else g.unsqueeze(0) for g in one]
    else:
        got = torch.autograd.grad(output, inner, vectors, is_grads_batched=True, allow_unused=True)
    shape = (len(vectors),)
    return [
        x.new_zeros(shape + x.shape) if g is None else g.detach() for g, x in zip(got, inner, strict=True)
    ]
