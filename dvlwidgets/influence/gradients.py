"""Per-sample gradients of a batch, by one forward and one backward pass where the layers allow it.

Layers that are known (`layers.py`) give their gradients as factors; the first batch is checked against automatic
differentiation, and parameters for which the factors do not answer (shared tensors, samples that are not on the first
axis, functional calls) take the general path: gradients of single samples, vectorised by `torch.func`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import grad, vmap

from ..errors import InputError
from .batches import Batch
from .layers import rule_for
from .problem import Problem
from .rows import Flat, Part, Rows

CHECK_ROWS = 8
"""Samples of the first batch that the factors are checked on."""


class Gradients:
    """Per-sample gradients: called with a batch, gives `Rows`.

    Args:
        problem: model and loss.
        factored: False for flat rows only.

    Attributes:
        path: how each parameter's gradient is had, "factors" or "vmap"; known after the first batch.
    """

    def __init__(self, problem: Problem, *, factored: bool = True) -> None:
        self.problem, self.factored = problem, factored
        self.path: dict[str, str] = {}

    def __call__(self, batch: Batch) -> Rows:
        """The rows of a batch, detached."""
        return self.with_losses(batch)[0]

    def with_losses(self, batch: Batch) -> tuple[Rows, Tensor]:
        """The rows and the losses (B,) of a batch, detached."""
        batch = self.problem.place(batch)
        if not self.path:
            self._choose(batch)
        parts, losses = self._captured(batch, [n for n, way in self.path.items() if way == "factors"])
        general = [n for n, way in self.path.items() if way == "vmap"]
        if general:
            parts.append(self._mapped(batch, general))
        rows = Rows(self.problem.layout, tuple(parts))
        return (rows if self.factored else Rows.of_flat(rows.layout, rows.flat())), losses

    def losses(self, batch: Batch) -> Tensor:
        """Losses of shape (B,), detached."""
        with torch.no_grad():
            return self.problem.losses(None, self.problem.place(batch))

    # --- which way ------------------------------------------------------------------------------------------

    def _choose(self, batch: Batch) -> None:
        names = self.problem.layout.names
        few = batch[:CHECK_ROWS]
        parts, _ = self._captured(few, names)
        self.path = dict.fromkeys(names, "vmap")
        weights = torch.linspace(1.0, 2.0, len(few), dtype=self.problem.dtype, device=self.problem.device)
        with torch.enable_grad():
            params = {
                n: t for n, t in self.problem.model.named_parameters() if n in self.problem.layout.sizes
            }
            total = (weights * self.problem.losses(None, few)).sum()
            exact = torch.autograd.grad(total, list(params.values()), allow_unused=True)
        wanted = {
            n: torch.zeros_like(params[n]) if g is None else g for n, g in zip(params, exact, strict=True)
        }
        for part in parts:
            columns, at = weights.to(part.flat().dtype) @ part.flat(), 0
            for name in part.names:
                size = self.problem.layout.sizes[name]
                mine, its = columns[at : at + size], wanted[name].flatten()
                at += size
                scale = its.abs().max().clamp(min=torch.finfo(its.dtype).tiny)
                # products in lower precision differ in their last bits; a wrong layer is off by its own size
                if bool((mine - its).abs().max() <= 1e-3 * scale):
                    self.path[name] = "factors"
        for part in parts:  # a layer goes one way
            if any(self.path[name] == "vmap" for name in part.names):
                self.path.update(dict.fromkeys(part.names, "vmap"))

    # --- by hooks -------------------------------------------------------------------------------------------

    def _captured(self, batch: Batch, names: Sequence[str]) -> tuple[list[Part], Tensor]:
        owners = _owners(self.problem.model, names)
        with torch.enable_grad(), _watch(owners) as seen:
            losses = self.problem.losses(None, batch)
            if losses.ndim != 1 or len(losses) != len(batch):
                raise InputError(
                    f"the loss gave the shape {tuple(losses.shape)} for {len(batch)} samples; expected one a sample."
                )
            outputs = [out for calls in seen.values() for _, out in calls]
            grads = iter(torch.autograd.grad(losses.sum(), outputs, allow_unused=True) if outputs else ())
        parts: list[Part] = []
        for module, owned in owners.items():
            calls = seen[module]
            gs = [_or_zeros(next(grads), out) for _, out in calls]
            if calls and all(len(g) == len(batch) for g in gs):
                rule = rule_for(module)
                assert rule is not None  # _owners leaves others out
                parts.append(rule(module, owned, [x.detach() for x, _ in calls], gs))
        return parts, losses.detach()

    # --- in general -----------------------------------------------------------------------------------------

    def _mapped(self, batch: Batch, names: Sequence[str]) -> Flat:
        params = self.problem.params
        fixed = {n: t for n, t in params.items() if n not in names}
        moving = {n: params[n] for n in names}
        keywords = sorted(batch.keywords)

        def loss(own: dict[str, Tensor], *tensors: Tensor) -> Tensor:
            lone = [t.unsqueeze(0) for t in tensors]
            *given, target = lone
            inputs, named = given[: len(batch.inputs)], given[len(batch.inputs) :]
            one = Batch(tuple(inputs), target, dict(zip(keywords, named, strict=True)))
            return self.problem.losses({**fixed, **own}, one)[0]

        tree = vmap(grad(loss), in_dims=(None, *[0] * len(batch.tensors())))(moving, *batch.tensors())
        return Flat(tuple(names), torch.cat([tree[n].flatten(1) for n in names], dim=1).detach())


def _owners(model: nn.Module, names: Sequence[str]) -> dict[nn.Module, list[str]]:
    """Modules with a rule of their own, with the full names of their wanted parameters; shared tensors are left out."""
    wanted, times = set(names), {}
    for _, p in model.named_parameters(remove_duplicate=False):
        times[id(p)] = times.get(id(p), 0) + 1
    owners: dict[nn.Module, list[str]] = {}
    for prefix, module in model.named_modules():
        if rule_for(module) is None:
            continue
        own = [(f"{prefix}.{n}" if prefix else n, p) for n, p in module.named_parameters(recurse=False)]
        if any(times[id(p)] > 1 for _, p in own):
            continue
        if kept := [n for n, _ in own if n in wanted]:
            owners[module] = kept
    return owners


@contextmanager
def _watch(modules: dict[nn.Module, Any]) -> Iterator[dict[nn.Module, list[tuple[Tensor, Tensor]]]]:
    """(input, output) of every call of the modules."""
    seen: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {module: [] for module in modules}

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        seen[module].append((inputs[0], output))
        return output.clone()  # what follows may change it in place, and the gradient is wanted before that

    handles = [module.register_forward_hook(note) for module in modules]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _or_zeros(gradient: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if gradient is None else gradient.detach()
