"""Chains of torch's own layers under losses that are known: their samples are apart and their factors right, unlooked.

What `agreement.py` finds out by trial holds by construction for an `nn.Sequential` of linear layers and functions of
single numbers, each called once with (B, d), as nothing can be inserted that the types do not show.
"""

from __future__ import annotations

from torch import nn
from torch.nn.modules import module as registry

from .batches import Batch
from .problem import Problem

POINTWISE = (
    nn.ReLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.GELU,
    nn.SiLU,
    nn.ELU,
    nn.LeakyReLU,
    nn.Softplus,
    nn.Identity,
    nn.Dropout,  # in eval mode
)

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def is_plain_chain(problem: Problem, batch: Batch) -> bool:
    """Whether per-sample gradients by factors are right for a model whatever its numbers are."""
    known = getattr(problem.loss, "likelihood", None) is not None
    if not known or len(batch.inputs) != 1 or batch.keywords or batch.x.ndim != 2:
        return False
    if any(getattr(registry, f"_global{name}", None) for name in HOOKS):
        return False
    layers = _layers(problem.model)
    if layers is None or len({id(layer) for layer in layers}) < len(layers):
        return False
    tensors = [id(t) for layer in layers for t in layer.parameters()]
    return len(set(tensors)) == len(tensors)


def _layers(module: nn.Module) -> list[nn.Module] | None:
    """The layers in the order of their calls, or None where one is of another kind, or was changed."""
    changed = "forward" in vars(module) or any(getattr(module, name, None) for name in HOOKS)
    if changed or module.training:
        return None
    if type(module) is nn.Linear or type(module) in POINTWISE:
        return [module]
    if type(module) is not nn.Sequential:
        return None
    found: list[nn.Module] = []
    for child in module:
        inner = _layers(child)
        if inner is None:
            return None
        found += inner
    return found
