"""How influences change with the training inputs, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError, InputTypeError
from .batches import Batch
from .memory import chunk_of, watch_saved
from .problem import Problem


def perturbations(problem: Problem, factors: Tensor, batch: Batch) -> Tensor:
    """The gradient with respect to the training input x of the influence <v, grad L(x, y)>, for each factor v.

    A positive number: a training point with a little more there would help the test prediction more. Where x is moved
    by d, `(result * d).sum() / n` estimates by how much less the loss on the test point is after training on x + d.
    Koh & Liang, Understanding black-box predictions via influence functions (ICML 2017), section 2.2.

    For each v it is one backward pass through the gradient of the loss; nothing of shape (B, *x, p) is made.

    Args:
        problem: model and loss.
        factors: rows v of (H + damping)^-1 grad L(test), shape (q, p).
        batch: training samples.

    Returns:
        Shape (q, B, *x.shape[1:]), where x is the model's first input.

    Raises:
        InputTypeError: for inputs that are integers.
        InputError: for factors of another length, and models that cannot be differentiated twice.
    """
    if factors.ndim != 2 or factors.shape[1] != problem.p:
        raise InputError(
            f"perturbation needs factors over the model's {problem.p:,} parameters, of shape (q, {problem.p}); "
            f"{tuple(factors.shape)} were given. Methods that project gradients know mode='up' only."
        )
    if not batch.x.is_floating_point():
        raise InputTypeError(
            f"perturbation asks how influence changes with the input, and this input holds {batch.x.dtype}; expected "
            "floats. For tokens, pass a model that takes their embeddings."
        )
    batch = problem.place(batch)
    x = batch.x.detach().requires_grad_(True)
    moved = Batch((x, *batch.inputs[1:]), batch.target, batch.keywords)
    params = {name: t.requires_grad_(True) for name, t in problem.params.items()}
    with torch.enable_grad(), watch_saved() as saved:
        # a sample's loss depends on its own input only, so that the sum over samples keeps them apart
        total = problem.losses(params, moved).sum()
        slopes = torch.autograd.grad(
            total, list(params.values()), create_graph=True, allow_unused=True, materialize_grads=True
        )
    out = factors.new_empty(len(factors), *x.shape)
    if not any(slope.requires_grad for slope in slopes):
        return out.zero_()  # the gradient is the same for every input
    step = chunk_of(len(factors), saved.nbytes)
    for lo in range(0, len(factors), step):
        directions = problem.layout.unflatten(factors[lo : lo + step].to(x))
        out[lo : lo + step] = _backward(slopes, x, [directions[name] for name in params])
    return out


def _backward(slopes: Sequence[Tensor], x: Tensor, directions: Sequence[Tensor]) -> Tensor:
    """Slopes in x of sum(slopes * direction) for each of the directions, along their first axis."""
    kept = [(s, d) for s, d in zip(slopes, directions, strict=True) if s.requires_grad]
    outputs, along = [s for s, _ in kept], [d for _, d in kept]
    options: dict[str, Any] = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
    try:
        (found,) = torch.autograd.grad(outputs, x, along, is_grads_batched=True, **options)
        return found
    except RuntimeError:  # an operation without vmap: one direction after the other
        try:
            rows = [
                torch.autograd.grad(outputs, x, [d[i] for d in along], **options)[0]
                for i in range(len(along[0]))
            ]
        except RuntimeError as error:
            raise InputError(
                f"this model cannot be differentiated twice ({error}), which perturbation needs. Replace the operation "
                "that the message names, or ask for mode='up'."
            ) from error
        return torch.stack(rows)
