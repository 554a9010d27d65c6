"""Nets whose trainable parameters are those of linear layers, one position a sample: second derivatives by units.

With s_l = W_l a_l + b_l the output of layer l, a small change of W_l[j, k] acts as one of s_l[j], a_l[k] times as
large. So second derivatives in all parameters follow from those in the layers' outputs, one direction for each unit
instead of one for each parameter: for l before l', with m, k columns of the inputs,

    d^2 L / dW_l[i, m] dW_l'[j, k] = a_l[m] (M[i, j] a_l'[k] + g_l'[j] D[k, i])

where g = dL/ds, M = d^2 L / ds_l ds_l' and D = d a_l' / ds_l.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import grad, jvp, vmap

from ..batches import Batch
from ..layout import Layout
from ..problem import Problem
from .pair_sums import Layer, Piece
from .work_space import near_bytes


class NotLinearError(Exception):
    """A net does not have the shape that this file is about; whoever asked takes the general path."""


@dataclass
class Seen:
    """What the hooks saw of one forward pass.

    Attributes:
        order: positions of the layers in the order of their calls.
        inputs: by the same positions.
    """

    order: list[int] = field(default_factory=list)
    inputs: dict[int, Tensor] = field(default_factory=dict)


class LinearNet:
    """Linear layers of a model that hold some parameters, in the order in which the model calls them.

    Args:
        problem: model and loss.
        sub: the parameters.
        few: samples to look at the calls with.

    Attributes:
        layers: where their parameters stand in the vector of `sub`.

    Raises:
        NotLinearError: where a parameter belongs to something else, or a layer is not called once with (B, d).
    """

    def __init__(self, problem: Problem, sub: Layout, few: Batch) -> None:
        self.problem = problem
        owners = linear_owners(problem.model, sub)
        self._modules = list(owners)
        seen = self._run(None, few)[1]
        self._modules = [self._modules[i] for i in seen.order]
        self.layers = [layer_of(owners[module], sub, module) for module in self._modules]

    @property
    def numbers(self) -> int:
        """Numbers of a piece, for one sample."""
        units = sum(layer.outputs for layer in self.layers)
        return units * (units + sum(layer.wide for layer in self.layers))

    @property
    def kept_numbers(self) -> int:
        """Numbers of second derivatives in a piece, for one sample."""
        sizes = [(layer.outputs, layer.wide) for layer in self.layers]
        return sum(
            o * (other + (wide if to > at else 0))
            for at, (o, _) in enumerate(sizes)
            for to, (other, wide) in enumerate(sizes)
            if to >= at
        )

    def piece(self, batch: Batch, activations: int) -> Piece:
        """Inputs, slopes and second derivatives of a batch.

        Args:
            batch: placed samples.
            activations: numbers that the model's layers give for one sample.
        """
        width = max(layer.outputs for layer in self.layers)
        # tangents of all units of a layer, of so many samples that they stay near the processor
        room = near_bytes(batch.target.device)
        rows = max(1, room // (self.problem.dtype.itemsize * width * activations))
        parts = [self._small(batch[at : at + rows]) for at in range(0, len(batch), rows)]
        return parts[0] if len(parts) == 1 else Piece.cat(parts)

    def _small(self, batch: Batch) -> Piece:
        a, g = self._slopes(batch)
        second: dict[tuple[int, int], Tensor] = {}
        inner: dict[tuple[int, int], Tensor] = {}
        for at in range(len(self.layers)):
            moved = self._tangents(batch, at, [torch.zeros_like(s) for s in g[at:]])
            for to, (slope, into) in enumerate(zip(*moved, strict=True), start=at):
                second[at, to] = slope.movedim(0, 1)  # (B, o, o')
                if to > at and self.layers[to].inputs:
                    inner[at, to] = into.movedim(0, 1)  # (B, o, d')
        inputs = tuple(layer.widened(x) for layer, x in zip(self.layers, a, strict=True))
        return Piece(inputs, second, tuple(g), inner)

    def _slopes(self, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Inputs and gradients at the outputs of each layer."""
        zeros = [
            torch.zeros(len(batch), layer.outputs, dtype=self.problem.dtype, device=batch.target.device)
            for layer in self.layers
        ]
        g, a = self._grad(batch, 0, zeros)
        return [x.detach() for x in a], [s.detach() for s in g]

    def _grad(self, batch: Batch, at: int, shifts: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Gradients at the outputs of layers `at` and later, and the inputs of those layers."""

        def total(moving: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            losses, seen = self._run({at + i: shift for i, shift in enumerate(moving)}, batch)
            return losses.sum(), [seen.inputs[i] for i in range(at, len(self.layers))]

        found: tuple[list[Tensor], list[Tensor]] = grad(total, has_aux=True)(list(shifts))
        return found

    def _tangents(self, batch: Batch, at: int, zeros: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """How gradients and inputs of the layers from `at` on answer to a change of each of its units, (o, B, ...)."""
        first, *rest = zeros

        def one(direction: Tensor) -> tuple[list[Tensor], list[Tensor]]:
            tangent = direction.expand_as(first)
            moved: tuple[list[Tensor], list[Tensor]] = jvp(
                lambda shift: self._grad(batch, at, [shift, *rest]), (first,), (tangent,)
            )[1]
            return moved

        found: tuple[list[Tensor], list[Tensor]] = vmap(one)(
            torch.eye(first.shape[1], dtype=first.dtype, device=first.device)
        )
        return found

    def _run(self, shifts: dict[int, Tensor] | None, batch: Batch) -> tuple[Tensor, Seen]:
        """Losses with the layers' outputs shifted, and what the layers saw."""
        seen = Seen()
        with _hooked(self._modules, seen, shifts or {}):
            losses = self.problem.losses(self.problem.params, batch)
        once = sorted(seen.order) == list(range(len(self._modules)))
        if not once or any(x.ndim != 2 or len(x) != len(batch) for x in seen.inputs.values()):
            raise NotLinearError
        return losses, seen


@contextmanager
def _hooked(modules: Sequence[nn.Module], seen: Seen, shifts: dict[int, Tensor]) -> Iterator[None]:
    def hook(at: int) -> Any:
        def note(_: nn.Module, given: tuple[Tensor, ...], named: dict[str, Tensor], output: Tensor) -> Tensor:
            seen.order.append(at)
            seen.inputs[at] = given[0] if given else named["input"]
            return output + shifts[at] if at in shifts else output

        return note

    handles = [m.register_forward_hook(hook(at), with_kwargs=True) for at, m in enumerate(modules)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def linear_owners(model: nn.Module, sub: Layout) -> dict[nn.Linear, dict[str, str]]:
    """The linear layers that own all parameters of a layout: {layer: {"weight": name, "bias": name}}.

    Raises:
        NotLinearError: where a parameter belongs to another kind of layer, or to two.
    """
    times: dict[int, int] = {}
    for _, parameter in model.named_parameters(remove_duplicate=False):
        times[id(parameter)] = times.get(id(parameter), 0) + 1
    owners: dict[nn.Linear, dict[str, str]] = {}
    for name in sub.names:
        path, _, kind = name.rpartition(".")
        module = model.get_submodule(path)
        if type(module) is not nn.Linear or times[id(getattr(module, kind))] > 1:
            raise NotLinearError
        owners.setdefault(module, {})[kind] = name
    return owners


def layer_of(own: dict[str, str], sub: Layout, module: nn.Module) -> Layer:
    """Where a linear layer's parameters stand in a layout's vector."""
    starts = {kind: sub.starts[name] for kind, name in own.items()}
    return Layer(
        outputs=int(module.out_features),  # type: ignore[arg-type]  # of nn.Linear
        inputs=int(module.in_features) if "weight" in own else 0,  # type: ignore[arg-type]
        weight=starts.get("weight"),
        bias=starts.get("bias"),
    )
