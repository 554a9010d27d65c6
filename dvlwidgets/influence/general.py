"""Per-sample gradients of any model: gradients of single samples, vectorised where torch can, else one by one."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import grad, vmap

from .batches import Batch
from .memory import chunk_of, watch_saved
from .problem import Problem
from .rows import Flat


def mapped(problem: Problem, batch: Batch, names: Sequence[str]) -> Flat:
    """Gradients (B, k) of the named parameters by vmap, as many samples at a time as memory allows."""
    params = problem.params
    fixed = {n: t for n, t in params.items() if n not in names}
    moving = {n: params[n] for n in names}

    def loss(own: dict[str, Tensor], *tensors: Tensor) -> Tensor:
        one = batch.with_tensors([t.unsqueeze(0) for t in tensors])
        return problem.losses({**fixed, **own}, one)[0]

    each = saved_bytes(problem, batch[:1]) + 4 * sum(t.nbytes for t in moving.values())
    each_row = vmap(grad(loss), in_dims=(None, *[0] * len(batch.tensors())))
    step, found = chunk_of(len(batch), each), []
    with warnings.catch_warnings():
        # torch maps an operation without a rule one by one, as we should have to
        warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
        for lo in range(0, len(batch), step):
            tree = each_row(moving, *batch[lo : lo + step].tensors())
            columns = [tree[n].reshape(-1, moving[n].numel()).to(moving[n].dtype) for n in names]
            found.append(torch.cat(columns, dim=1).detach())
    return Flat(tuple(names), torch.cat(found))


def looped(problem: Problem, batch: Batch, names: Sequence[str]) -> Flat:
    """Gradients (B, k) of the named parameters, one sample after the other: the definition."""
    params = dict(problem.model.named_parameters())
    moving = [params[n] for n in names]
    rows = []
    with torch.enable_grad():
        for i in range(len(batch)):
            loss = problem.losses(None, batch[i : i + 1])[0]
            rows.append(torch.cat([g.flatten() for g in gradient(loss, moving)]))
    return Flat(tuple(names), torch.stack(rows))


def gradient(value: Tensor, params: Sequence[Tensor]) -> list[Tensor]:
    """Gradients of a number, zero for what it does not depend on, dense and detached."""
    if not value.requires_grad:
        return [torch.zeros_like(t, requires_grad=False) for t in params]
    found = torch.autograd.grad(value, list(params), allow_unused=True)
    made = []
    for t, g in zip(params, found, strict=True):
        dense: Tensor | None = g  # torch's types do not know that it may be None
        made.append(torch.zeros_like(t, requires_grad=False) if dense is None else dense.to_dense().detach())
    return made


def saved_bytes(problem: Problem, batch: Batch) -> int:
    """What the backward pass of a batch keeps in memory."""
    with torch.enable_grad(), watch_saved() as saved:
        problem.losses(None, batch)
    own = {t.data_ptr() for t in problem.model.parameters()}
    return sum(size for at, size in saved.seen.items() if at not in own)
