"""TracIn: what each visit to a training point did to the test loss, over the checkpoints of a training."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ..errors import InputError
from .ensemble import Checkpoint, EnsembleInfluence, restored
from .grad_dot import GradDotInfluence
from .types import LossType


class TracInInfluence(EnsembleInfluence):
    """score = sum over checkpoints of learning rate x grad L(test) . grad L(train). `fit` is not needed.

    Each term is the fall of the test loss through a gradient step on the training point at that checkpoint, to first
    order: unlike the other scores it is not divided by n. Pruthi et al., Estimating training data influence by tracing
    gradient descent (NeurIPS 2020).

    Args:
        model: the architecture; with no checkpoints it is the only one.
        loss: see `InfluenceFunctionModel`.
        checkpoints: models, state dicts, or files of state dicts, of one training.
        learning_rates: the learning rate at each checkpoint (times the number of steps it stands for), by default 1.

    Raises:
        InputError: for no checkpoints, or another number of learning rates.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        checkpoints: Sequence[Checkpoint] | None = None,
        learning_rates: float | Sequence[float] | None = None,
    ) -> None:
        states: Sequence[Checkpoint] = [model] if checkpoints is None else checkpoints
        rates = [1.0 if learning_rates is None else learning_rates] * len(states)
        if isinstance(learning_rates, Sequence):
            if len(learning_rates) != len(states):
                raise InputError(
                    f"{len(learning_rates)} learning_rates were given for {len(states)} checkpoints."
                )
            rates = list(learning_rates)
        members = [GradDotInfluence(restored(model, state), loss) for state in states]
        super().__init__(members, [float(rate) for rate in rates])  # type: ignore[arg-type]
