"""How a torch module is trained: the recipe, checked, and the plain loop over epochs and batches for one model."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ... import arguments
from ...data.arrays import as_numpy
from ...devices import device_there
from ...engine.draws import TRAININGS, permutation, words
from ...errors import InputError, InputTypeError
from .torch_losses import Loss, loss_of

OPTIMIZERS = ("adam", "adamw", "sgd")
_AT_ONCE = 4096
"""Test rows that a module is asked about at once."""


@dataclass(frozen=True)
class Recipe:
    """Checked arguments of `TorchClassifier` and `TorchRegressor`; see there."""

    module: Any
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    epochs: int
    batch_size: int | None
    loss: Loss
    device: torch.device
    seed: int

    @classmethod
    def of(cls, model: Any, *, classes: bool) -> Recipe:
        """The recipe of an estimator.

        Raises:
            InputTypeError: for an argument of the wrong type.
            InputError: for one that cannot work.
        """
        size = model.batch_size
        momentum = _share("momentum", model.momentum)
        if model.optimizer not in OPTIMIZERS:
            raise InputError(
                f"optimizer must be one of {', '.join(map(repr, OPTIMIZERS))}, not {model.optimizer!r}."
            )
        if momentum and model.optimizer != "sgd":
            raise InputError(
                f"momentum={momentum} is for optimizer='sgd'; {model.optimizer!r} has its own. Leave it out."
            )
        lr = arguments.number("lr", model.lr, "It is the learning rate, 0.01 for example.")
        decay = arguments.number("weight_decay", model.weight_decay, "0 has none.")
        if lr <= 0 or decay < 0:
            raise InputError(f"lr must be positive and weight_decay not negative, not {lr} and {decay}.")
        return cls(
            _checked_module(model.module),
            model.optimizer,
            lr,
            momentum,
            decay,
            arguments.whole("epochs", model.epochs, 1, "30 for example."),
            None
            if size is None
            else arguments.whole("batch_size", size, 1, "None takes all rows of a subset at once."),
            loss_of(model.loss, classes=classes),
            device_there(model.device),
            arguments.whole(
                "random_state", model.random_state, 0, "The order of rows must be the same at each fit."
            ),
        )

    def made(self) -> nn.Module:
        """A module of its own, at its first weights: a copy, or what the function makes."""
        if isinstance(self.module, nn.Module):
            return copy.deepcopy(self.module).to(self.device)
        with self.seeded():
            module = self.module()
        if not isinstance(module, nn.Module):
            raise InputTypeError(
                f"module must be a torch.nn.Module, or a function that makes one; it made a {type(module).__name__}."
            )
        return module.to(self.device)

    @contextlib.contextmanager
    def seeded(self) -> Iterator[None]:
        """Torch's global generators, seeded, and afterwards as they were."""
        cuda = self.device.type == "cuda"
        with torch.random.fork_rng([self.device] if cuda else []):
            torch.default_generator.manual_seed(self.seed)
            if cuda:
                torch.cuda.manual_seed(self.seed)
            yield

    def optimizer_of(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Torch's own optimizer."""
        if self.optimizer == "sgd":
            return torch.optim.SGD(parameters, self.lr, self.momentum, weight_decay=self.weight_decay)
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.AdamW
        return kind(parameters, self.lr, weight_decay=self.weight_decay)

    def order(self, epoch: int, rows: int) -> NDArray[np.intp]:
        """The order of so many rows in an epoch: that of more rows without those beyond."""
        return permutation(words(self.seed, TRAININGS, epoch, rows))

    def batches(self, epoch: int, rows: int) -> Iterator[slice | torch.Tensor]:
        """Places of the rows of each batch."""
        if self.batch_size is None or self.batch_size >= rows:
            yield slice(None)
            return
        order = torch.as_tensor(self.order(epoch, rows), device=self.device)
        yield from torch.split(order, self.batch_size)


def trained(recipe: Recipe, module: nn.Module, x: torch.Tensor, y: torch.Tensor) -> nn.Module:
    """The module itself, trained on all rows: the plain loop, with which trainings of many at once are compared.

    Raises:
        FloatingPointError: if weights are not finite at the end.
    """
    module.train()
    parameters = weights_of(module)
    optimizer = recipe.optimizer_of(parameters)
    with recipe.seeded(), torch.enable_grad():
        for epoch in range(recipe.epochs):
            for batch in recipe.batches(epoch, len(x)):
                loss = recipe.loss.checked(module(x[batch]), y[batch]).mean()
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    if not all(bool(torch.isfinite(p).all()) for p in parameters):
        raise FloatingPointError(
            f"the training diverged on {len(x):,} rows: weights are not finite numbers after {recipe.epochs} epochs. "
            f"Take a smaller lr than {recipe.lr:g}, or scale the features first."
        )
    return module.eval()


def weights_of(module: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained.

    Raises:
        InputError: if there are none, or they are not all of one type of real numbers.
    """
    found = [p for p in module.parameters() if p.requires_grad]
    kinds = {p.dtype for p in found}
    if len(kinds) != 1 or not next(iter(kinds)).is_floating_point:
        said = ", ".join(sorted(map(str, kinds))) or "none"
        raise InputError(f"module must have trainable parameters of one floating type, not {said}.")
    return found


def numbers(values: Any, what: str, module: nn.Module, device: torch.device) -> torch.Tensor:
    """Features or targets as a tensor of the type of the module's parameters.

    Raises:
        InputError: for what is no finite number.
    """
    table = as_numpy(values)
    if table.dtype.kind not in "iufb" or not np.isfinite(table).all():
        raise InputError(
            f"{what} must be finite numbers, not {table.dtype} or with gaps. Encode and fill them first."
        )
    return torch.as_tensor(np.array(table)).to(device, weights_of(module)[0].dtype)


def outputs(module: nn.Module, x: torch.Tensor) -> NDArray[np.float64]:
    """What a trained module gives for each row, in double precision."""
    with torch.no_grad():
        found = torch.cat([module(part) for part in torch.split(x, _AT_ONCE)])
    return np.asarray(found.double().cpu().numpy())


def _checked_module(module: Any) -> nn.Module | Callable[[], nn.Module]:
    if not callable(module):
        raise InputTypeError(
            f"module must be a torch.nn.Module, or a function without arguments that makes one, not "
            f"{type(module).__name__}."
        )
    return module  # type: ignore[no-any-return]


def _share(name: str, value: Any) -> float:
    share = arguments.number(name, value, "0.9 for example; 0 has none.")
    if not 0 <= share < 1:
        raise InputError(f"{name} must be at least 0 and below 1, not {share}.")
    return share
