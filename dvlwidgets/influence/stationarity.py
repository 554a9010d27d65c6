"""The weight decay that a model was trained with, read off the trained model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .batches import Batches
from .problem import Problem


@dataclass(frozen=True)
class Decay:
    """What the gradient of the mean loss says of the objective's own regularisation.

    Attributes:
        rate: w such that the gradient of mean loss + w / 2 |parameters|^2 is smallest; not below 0.
        cosine: between the mean loss's gradient and minus the parameters: 1 at a minimum of exactly such an objective,
            near 0 where the rate means nothing.
    """

    rate: float
    cosine: float


def decay_of(problem: Problem, batches: Batches) -> Decay:
    """One look at the training data, one backward pass a batch.

    At a minimum of mean loss + w / 2 |parameters|^2 the gradient of the mean loss is -w times the parameters.
    """
    parameters = {n: t for n, t in problem.model.named_parameters() if n in problem.layout.sizes}
    total = torch.zeros(problem.p, dtype=torch.float64, device=problem.device)
    n = 0
    for given in batches:
        batch = problem.place(given)
        with torch.enable_grad():
            losses = problem.losses(None, batch)
            grads: tuple[Tensor | None, ...] = torch.autograd.grad(
                losses.sum(), list(parameters.values()), allow_unused=True
            )
        tree = {
            k: torch.zeros_like(t) if g is None else g
            for (k, t), g in zip(parameters.items(), grads, strict=True)
        }
        total += problem.layout.flatten(tree).double()
        n += len(batch)
    gradient = total / n
    theta = problem.layout.flatten(problem.params).double()
    along, size = float(-(gradient @ theta)), float(theta @ theta)
    if size == 0 or along <= 0:
        return Decay(0.0, 0.0)
    return Decay(along / size, along / float(gradient.norm() * theta.norm()))
