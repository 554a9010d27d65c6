"""The problems that ours and the peers are measured on, as files: arrays, a model in three words, its parameters.

It needs torch and numpy only, and so runs in the peers' environments too. A problem is one .npz file:
`x_train y_train x_test y_test x_second y_second`, `spec` (JSON: sizes, activation, loss, l2) and one or more sets of
parameters `state/0/<name>`, `state/1/<name>`, ...; set 0 is the model that everybody explains.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


@dataclass(frozen=True)
class Spec:
    """A network of linear layers of these sizes, its loss ("cross_entropy", "mse") and the objective's own L2 term.

    The objective is the mean loss + l2 / 2 * |all parameters|^2, so that l2 is what the term adds to the Hessian.
    """

    sizes: tuple[int, ...]
    activation: str = "tanh"
    loss: str = "cross_entropy"
    l2: float = 0.0

    def network(self) -> nn.Sequential:
        """The network, freshly initialised."""
        layers: list[nn.Module] = []
        for wide, narrow in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            layers += [nn.Linear(wide, narrow), ACTIVATIONS[self.activation]()]
        return nn.Sequential(*layers[:-1])

    def losses(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Per-sample losses (B,)."""
        if self.loss == "cross_entropy":
            return functional.cross_entropy(output, target, reduction="none")
        return ((output - target) ** 2).sum(dim=-1)

    def mean_loss(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The mean over samples, as users hand it to a library."""
        if self.loss == "cross_entropy":
            return functional.cross_entropy(output, target)
        return functional.mse_loss(output, target)


@dataclass(frozen=True)
class Stated:
    """A problem as read from its file."""

    spec: Spec
    data: Mapping[str, torch.Tensor]
    states: Sequence[Mapping[str, torch.Tensor]] = field(default_factory=tuple)

    def pair(self, which: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets of "train", "test" or "second"."""
        return self.data[f"x_{which}"], self.data[f"y_{which}"]

    def model(self, checkpoint: int = 0) -> nn.Sequential:
        """The trained network, in eval mode."""
        network = self.spec.network()
        network.load_state_dict(dict(self.states[checkpoint]))
        return network.eval()


def save(
    path: Path, spec: Spec, data: Mapping[str, Any], states: Sequence[Mapping[str, torch.Tensor]]
) -> None:
    """Write a problem; numbers become float32, labels int64."""
    arrays: dict[str, Any] = {"spec": json.dumps(spec.__dict__)}
    for name, values in data.items():
        array = np.asarray(values)
        arrays[name] = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
    for place, state in enumerate(states):
        for name, tensor in state.items():
            arrays[f"state/{place}/{name}"] = tensor.detach().to(torch.float32).numpy()
    np.savez(path, **arrays)


def load(path: Path | str) -> Stated:
    """Read what `save` wrote."""
    with np.load(path) as file:
        spec = json.loads(str(file["spec"]))
        spec["sizes"] = tuple(spec["sizes"])
        states: dict[int, dict[str, torch.Tensor]] = {}
        data = {}
        for name in file.files:
            if name.startswith("state/"):
                _, place, parameter = name.split("/")
                states.setdefault(int(place), {})[parameter] = torch.from_numpy(file[name])
            elif name != "spec":
                data[name] = torch.from_numpy(file[name])
    return Stated(Spec(**spec), data, tuple(states[place] for place in sorted(states)))
