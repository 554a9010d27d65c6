"""Per-sample gradients from one forward and one backward pass: each layer's input, and the gradient at its output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .batches import Batch
from .layers import rule_for
from .problem import Problem
from .rows import Part

Calls = list[tuple[Tensor, Tensor]]
"""(input, output) of each call of a module."""


def captured(problem: Problem, batch: Batch, names: Sequence[str]) -> tuple[list[Part], Tensor]:
    """The parts of those of the named parameters whose layers give them, and the losses (B,), all detached.

    Raises:
        InputError: for a loss that is not one number a sample.
    """
    layers = owners(problem.model, names)
    with torch.enable_grad(), watched(layers) as seen:
        losses = problem.losses(None, batch)
        if losses.ndim != 1 or len(losses) != len(batch):
            raise InputError(
                f"the loss gave the shape {tuple(losses.shape)} for {len(batch)} samples; expected one a sample. Where "
                "a model squeezes its output, name the axis, as in output.squeeze(1)."
            )
        outputs = [out for calls in seen.values() for _, out in calls if out.requires_grad]
        found = torch.autograd.grad(losses.sum(), outputs, allow_unused=True) if outputs else ()
    slopes: dict[int, Tensor | None] = dict(zip(map(id, outputs), found, strict=True))
    parts: list[Part] = []
    for module, owned in layers.items():
        pairs = [_by_sample(x, _slope(slopes, out), len(batch)) for x, out in seen[module]]
        rule = rule_for(module)
        if rule is not None and pairs and all(pair is not None for pair in pairs):
            dtype = next(module.parameters(recurse=False)).dtype  # under autocast, layers work in a lower one
            xs = [_as(pair[0].detach(), dtype) for pair in pairs if pair is not None]
            parts.append(rule(module, owned, xs, [_as(pair[1], dtype) for pair in pairs if pair is not None]))
    return parts, losses.detach()


def owners(model: nn.Module, names: Sequence[str]) -> dict[nn.Module, list[str]]:
    """Modules with a rule, with the full names of their wanted parameters; tensors of two modules are left out."""
    wanted = set(names)
    times: dict[int, int] = {}
    for module in model.modules():
        for p in module.parameters(recurse=False):
            times[id(p)] = times.get(id(p), 0) + 1
    found: dict[nn.Module, list[str]] = {}
    for prefix, module in model.named_modules():
        if rule_for(module) is None:
            continue
        own = [(f"{prefix}.{n}" if prefix else n, p) for n, p in module.named_parameters(recurse=False)]
        kept = [n for n, _ in own if n in wanted]
        if kept and all(times[id(p)] == 1 for _, p in own):
            found[module] = kept
    return found


@contextmanager
def watched(modules: Iterable[nn.Module]) -> Iterator[dict[nn.Module, Calls]]:
    """(input, output) of every call of the modules."""
    seen: dict[nn.Module, Calls] = {module: [] for module in modules}

    def note(module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor) -> Tensor:
        seen[module].append((inputs[0] if inputs else named["input"], output))
        return output.clone()  # what follows may change it in place, and the gradient is wanted before that

    handles = [module.register_forward_hook(note, with_kwargs=True) for module in seen]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _by_sample(x: Tensor, g: Tensor, n: int) -> tuple[Tensor, Tensor] | None:
    """With the sample as the first axis; (n T, d) is (n, T, d), as where tokens are rows, if the check agrees."""
    if len(g) == n and len(x) == n:
        return x, g
    rows = g.shape[0]
    if g.ndim <= 2 and n and rows > n and rows % n == 0 and len(x) == rows:
        return x.unflatten(0, (n, -1)), g.unflatten(0, (n, -1))
    return None


def _slope(slopes: dict[int, Tensor | None], output: Tensor) -> Tensor:
    found = slopes.get(id(output))
    return torch.zeros_like(output) if found is None else found.detach()


def _as(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
