"""How each kind of layer's per-sample gradient follows from its input and the gradient at its output."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own shorthand

from .rows import Flat, Outer, Part

Rule = Callable[[nn.Module, Sequence[str], Sequence[Tensor], Sequence[Tensor]], Part]
"""(module, full names of its trainable parameters, inputs by call, output gradients by call) -> a part."""


def rule_for(module: nn.Module) -> Rule | None:
    """How to write a layer's gradient as a part, or None where only the general path can."""
    if type(module) is nn.Linear:
        return _linear
    if type(module) in (nn.Conv1d, nn.Conv2d):
        return _convolution
    if type(module) is nn.LayerNorm:
        return _layer_norm
    if type(module) is nn.Embedding and module.max_norm is None and not module.scale_grad_by_freq:
        return _embedding
    return None


def _linear(_: nn.Module, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    return _outer(names, _positions(xs), _positions(gs))


def _convolution(module: nn.Module, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    groups = module.groups  # patches: (B, T, C_in k), gradients: (B, T, C_out)
    a = torch.cat([_patches(module, x) for x in xs], dim=1)
    g = torch.cat([grad.flatten(2).transpose(1, 2) for grad in gs], dim=1)
    if groups == 1:
        return _outer(names, a, g)
    split = torch.einsum(
        "btgo,btgd->bgod",
        g.unflatten(2, (groups, -1)),
        a.unflatten(2, (groups, -1)),
    ).flatten(1)
    return _flat(names, {"weight": split, "bias": g.sum(1)})


def _layer_norm(module: nn.Module, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    weight, bias = [], []
    for x, g in zip(xs, gs, strict=True):
        normed = F.layer_norm(x, module.normalized_shape, eps=module.eps)
        over = tuple(range(1, g.ndim - len(module.normalized_shape)))
        product = g * normed
        weight.append((product.sum(over) if over else product).flatten(1))
        bias.append((g.sum(over) if over else g).flatten(1))
    return _flat(names, {"weight": torch.stack(weight).sum(0), "bias": torch.stack(bias).sum(0)})


def _embedding(module: nn.Module, names: Sequence[str], xs: Sequence[Tensor], gs: Sequence[Tensor]) -> Part:
    tokens = torch.cat([x.reshape(len(x), -1) for x in xs], dim=1)
    g = torch.cat([grad.reshape(len(grad), -1, grad.shape[-1]) for grad in gs], dim=1)
    if module.padding_idx is not None:
        g = g * (tokens != module.padding_idx).unsqueeze(-1)
    weight = g.new_zeros(len(g), module.num_embeddings, module.embedding_dim)
    weight.scatter_add_(1, tokens.unsqueeze(-1).expand_as(g), g)
    return _flat(names, {"weight": weight.flatten(1)})


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
    kept = [values[name.rpartition(".")[2]] for name in names]
    return Flat(tuple(names), torch.cat(kept, dim=1))


def _patches(module: nn.Module, x: Tensor) -> Tensor:
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
    return F.unfold(x, size, dilation=dilation, padding=padding, stride=stride).transpose(1, 2)
