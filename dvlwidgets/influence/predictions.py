"""What a model says of points: loss, prediction, probability of the label."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from .batches import Batches
from .problem import Problem

TEST_COLUMNS = ("loss", "predicted", "p_label")


def outputs_of(problem: Problem, batches: Batches, labels: int | None, highest: int) -> int | None:
    """How many classes a model has outputs for: its logits, or two for a single one.

    Args:
        problem: the model.
        batches: points to try it on.
        labels: how many classes the data name; None where they are numbered.
        highest: the highest class number.

    Raises:
        InputError: if the data have more classes.
    """
    output = problem.called(batches.first()[:1])
    several = output.ndim == 2 and output.shape[1] > 1 and problem.likelihood != "bernoulli"
    outputs = int(output.shape[1]) if several else 2
    most = max(highest + 1, labels or 0)
    if most > outputs:
        raise InputError(
            f"the labels make {most} classes, and the model has outputs for {outputs}; expected one for each class."
        )
    return outputs


def predictions(problem: Problem, batches: Batches, outputs: int | None) -> dict[str, NDArray[np.float64]]:
    """`TEST_COLUMNS` of all points, each (n,).

    `predicted` is a class number, or the number predicted; `p_label` is NaN where there are no classes.
    """
    pieces: list[list[Tensor]] = []
    with torch.no_grad():
        for batch in batches:
            placed = problem.place(batch)
            output = problem.output(None, placed)
            pieces.append([problem.loss(output, placed.target), *_predicted(output, placed.target, outputs)])
    columns = [torch.cat([piece[k].double() for piece in pieces]).cpu().numpy() for k in range(3)]
    return dict(zip(TEST_COLUMNS, columns, strict=True))


def _predicted(output: Tensor, target: Tensor, outputs: int | None) -> tuple[Tensor, Tensor]:
    """Class numbers and the label's probability; or numbers and NaN."""
    nothing = output.new_full((len(output),), torch.nan)
    if outputs is None:
        flat = output.reshape(len(output), -1)
        return (flat[:, 0] if flat.shape[1] == 1 else nothing), nothing
    labels = target.reshape(-1).long()
    if output.ndim == 2 and output.shape[1] == outputs:
        return output.argmax(1), output.softmax(1).gather(1, labels[:, None])[:, 0]
    logit = output.reshape(-1)
    return (logit > 0).long(), torch.sigmoid(logit * (2 * labels - 1))
