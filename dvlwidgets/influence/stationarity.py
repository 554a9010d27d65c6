"""The weight decay that a model was trained with, read off the trained model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .batches import Batches
from .output_curvature import class_axis
from .problem import Problem


@dataclass(frozen=True)
class Decay:
    """What the gradient of the mean loss says of the objective's own regularisation.

    Attributes:
        rate: w such that the gradient of mean loss + w / 2 |parameters|^2 is smallest; not below 0.
        cosine: between the mean loss's gradient and minus the parameters: 1 at a minimum of exactly such an objective,
            near 0 where the rate means nothing.
        mean_loss: on the data.
        outputs: numbers that the model gives for a sample, counting a distribution over classes as one.
        n: samples.
    """

    rate: float
    cosine: float
    mean_loss: float
    outputs: int
    n: int


def decay_of(problem: Problem, batches: Batches) -> Decay:
    """One look at the training data, one backward pass a batch.

    At a minimum of mean loss + w / 2 |parameters|^2 the gradient of the mean loss is -w times the parameters.
    """
    parameters = {n: t for n, t in problem.model.named_parameters() if n in problem.layout.sizes}
    total = torch.zeros(problem.p, dtype=torch.float64, device=problem.device)
    n, loss, outputs = 0, 0.0, 1
    for given in batches:
        batch = problem.place(given)
        with torch.enable_grad():
            output = problem.output(None, batch)
            losses = problem.loss(output, batch.target)
            grads: tuple[Tensor | None, ...] = torch.autograd.grad(
                losses.sum(), list(parameters.values()), allow_unused=True
            )
        outputs = output[0].numel()
        if problem.likelihood == "categorical":
            outputs //= output.shape[class_axis(output, batch.target)]
        tree = {
            k: torch.zeros_like(t) if g is None else g
            for (k, t), g in zip(parameters.items(), grads, strict=True)
        }
        total += problem.layout.flatten(tree).double()
        n += len(batch)
        loss += float(losses.detach().sum())
    gradient = total / n
    theta = problem.layout.flatten(problem.params).double()
    along, size = float(-(gradient @ theta)), float(theta @ theta)
    if size == 0 or along <= 0:
        return Decay(0.0, 0.0, loss / n, outputs, n)
    cosine = along / float(gradient.norm() * theta.norm())
    return Decay(along / size, cosine, loss / n, outputs, n)
