"""How each kind of layer's per-sample gradient follows from its input and the gradient at its output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own shorthand

from .memory import chunk_of
from .rows import Flat, Outer, Part
from .tokens import Tokens

Rule = Callable[[Any, Sequence[str], Sequence[Tensor], Sequence[Tensor]], Part]
"""(module, full names of its trainable parameters, inputs by call, output gradients by call) -> a part."""

SPARSE = 4
"""An embedding's gradient is kept by tokens where that takes less than a quarter of the table."""

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm)


def rule_for(module: nn.Module) -> Rule | None:
    """How to write a layer's gradient as a part, or None where only the general path can.

    Classes derived from torch's layers count as these; what they add is seen when the first batch is checked.
    """
    own = {name for name, _ in module.named_parameters(recurse=False)}
    # parameters of other names are made into a weight where no hook sees it, as by weight_norm
    if not own or not own <= {"weight", "bias"}:
        return None
    if isinstance(module, nn.Linear):
        return _linear
    if isinstance(module, (nn.Conv1d, nn.Conv2d)):
        return _convolution
    if isinstance(module, nn.LayerNorm):
        return _layer_norm
    if isinstance(module, _NORMS) and getattr(module, "track_running_stats", True):
        return _channel_norm
    if isinstance(module, nn.Embedding) and module.max_norm is None and not module.scale_grad_by_freq:
        return _embedding
    return None


def _linear(_: nn.Module, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    return _outer(names, _positions(xs), _positions(gs))


def _convolution(module: Any, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    """Patches (B, T, C_in k) are the inputs of a linear layer; each of several groups has a layer of its own."""
    g = torch.cat([grad.flatten(2).transpose(1, 2) for grad in gs], dim=1)
    kinds = [name.rpartition(".")[2] for name in names]
    if "weight" not in kinds:
        return Flat(tuple(names), g.sum(1))
    width = module.weight[0].numel() * module.groups
    if module.groups == 1 and g.shape[1] * (width + g.shape[2]) < width * g.shape[2]:
        return _outer(names, torch.cat([patches(module, x) for x in xs], dim=1), g)
    found = []
    step = chunk_of(len(g), g.shape[1] * width * g.element_size())
    for lo in range(0, len(g), step):
        a = torch.cat([patches(module, x[lo : lo + step]) for x in xs], dim=1)
        mine = g[lo : lo + step].unflatten(2, (module.groups, -1))
        found.append(torch.einsum("btgo,btgd->bgod", mine, a.unflatten(2, (module.groups, -1))).flatten(1))
    return _flat(names, {"weight": torch.cat(found), "bias": g.sum(1)})


def _layer_norm(module: Any, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    normed = [F.layer_norm(x, module.normalized_shape, eps=module.eps) for x in xs]
    axes = len(module.normalized_shape)
    weight = [
        (g * x).reshape(len(g), -1, *g.shape[g.ndim - axes :]).sum(1) for g, x in zip(gs, normed, strict=True)
    ]
    bias = [g.reshape(len(g), -1, *g.shape[g.ndim - axes :]).sum(1) for g in gs]
    return _flat(names, {"weight": sum(weight[1:], weight[0]), "bias": sum(bias[1:], bias[0])})


def _channel_norm(
    module: nn.Module, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]
) -> Part:
    """Norms with a weight for each channel, the second axis; batch norms by their running statistics."""

    def normed(x: Tensor) -> Tensor:
        if isinstance(module, nn.GroupNorm):
            return F.group_norm(x, module.num_groups, eps=module.eps)
        statistics: Any = module
        return F.batch_norm(x, statistics.running_mean, statistics.running_var, eps=statistics.eps)

    def by_channel(g: Tensor) -> Tensor:
        return g.reshape(*g.shape[:2], -1).sum(2)

    weight = [by_channel(g * normed(x)) for x, g in zip(xs, gs, strict=True)]
    bias = [by_channel(g) for g in gs]
    return _flat(names, {"weight": sum(weight[1:], weight[0]), "bias": sum(bias[1:], bias[0])})


def _embedding(module: Any, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    tokens = torch.cat([x.reshape(len(x), -1) for x in xs], dim=1)
    g = torch.cat([grad.reshape(len(grad), -1, grad.shape[-1]) for grad in gs], dim=1)
    if module.padding_idx is not None:
        g = g * (tokens != module.padding_idx).unsqueeze(-1)
    part = Tokens(tuple(names), tokens, g, module.num_embeddings)
    numbers = tokens.shape[1] * (module.embedding_dim + 1)
    if SPARSE * numbers < module.num_embeddings * module.embedding_dim:
        return part
    return Flat(part.names, part.flat())


def _positions(tensors: Sequence[Tensor]) -> Tensor:
    """(B, ..., d) of each call as one tensor (B, d) or (B, T, d)."""
    if len(tensors) == 1 and tensors[0].ndim == 2:
        return tensors[0]
    return torch.cat([t.reshape(len(t), -1, t.shape[-1]) for t in tensors], dim=1)


def _outer(names: Sequence[str], a: Tensor, g: Tensor) -> Part:
    """Factors where they are smaller than what they make, else the product."""
    kinds = [name.rpartition(".")[2] for name in names]
    if "weight" not in kinds:
        return Flat(tuple(names), g if g.ndim == 2 else g.sum(1))
    part = Outer(tuple(sorted(names, key=lambda n: n.endswith("bias"))), a, g)
    positions = 1 if part.single else a.shape[1]
    if positions * (a.shape[-1] + g.shape[-1]) < a.shape[-1] * g.shape[-1]:
        return part
    return Flat(part.names, part.flat())


def _flat(names: Sequence[str], values: dict[str, Tensor]) -> Flat:
    kept = [values[name.rpartition(".")[2]].flatten(1) for name in names]
    return Flat(tuple(names), torch.cat(kept, dim=1))


def patches(module: Any, x: Tensor) -> Tensor:
    """The inputs that each output position sees: (B, T, C_in k), channels outermost."""
    size, stride, dilation = module.kernel_size, module.stride, module.dilation
    if isinstance(module.padding, str) or module.padding_mode != "zeros":
        mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
        x, padding = F.pad(x, module._reversed_padding_repeated_twice, mode=mode), (0,) * len(size)  # noqa: SLF001
    else:
        padding = module.padding
    if len(size) == 1:
        x, size, stride = x.unsqueeze(2), (1, *size), (1, *stride)
        dilation, padding = (1, *dilation), (0, *padding)
    unfolded: Tensor = F.unfold(x, size, dilation=dilation, padding=padding, stride=stride)
    return unfolded.transpose(1, 2)
