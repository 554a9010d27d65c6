"""Losses of rows: what a training minimises the mean of, by name or as the user's function."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import InputError, InputTypeError

Rows = Callable[[Tensor, Tensor], Tensor]


def _squares(output: Tensor, y: Tensor) -> Tensor:
    return (output - y) ** 2


def _distances(output: Tensor, y: Tensor) -> Tensor:
    return (output - y).abs()


def _classes(output: Tensor, y: Tensor) -> Tensor:
    return functional.cross_entropy(output, y, reduction="none")


NAMED: dict[str, Rows] = {"cross_entropy": _classes, "mse": _squares, "l1": _distances}
FOR_CLASSES, FOR_NUMBERS = ("cross_entropy",), ("mse", "l1")


@dataclass(frozen=True)
class Loss:
    """A loss of each row.

    Attributes:
        name: as it was given, or the function's name.
        rows: (outputs (rows, ...), targets (rows, ...)) -> losses (rows, ...).
        classes: whether targets are positions of classes.
    """

    name: str
    rows: Rows
    classes: bool

    def __call__(self, output: Tensor, y: Tensor) -> Tensor:
        """Losses (rows,); several of a row are averaged."""
        losses = self.rows(output, y if self.classes or y.shape == output.shape else y.reshape(output.shape))
        return losses if losses.ndim == 1 else losses.reshape(len(losses), -1).mean(1)

    def checked(self, output: Tensor, y: Tensor) -> Tensor:
        """Losses (rows,).

        Raises:
            InputError: where the module's outputs do not go with the labels, or the loss is not one of rows.
        """
        if self.classes and (output.ndim != 2 or len(output) != len(y)):
            raise InputError(
                f"module gave an array of shape {tuple(output.shape)} for {len(y)} rows; expected one number for each "
                "class and row. Let it end with nn.Linear(..., number of classes)."
            )
        if not self.classes and output.numel() != y.numel():
            raise InputError(
                f"module gave an array of shape {tuple(output.shape)} for targets of shape {tuple(y.shape)}; expected "
                "one number for each target."
            )
        losses = self.rows(output, y if self.classes else y.reshape(output.shape))
        if losses.ndim == 0 or len(losses) != len(y):
            raise InputError(
                f"loss {self.name!r} gave an array of shape {tuple(losses.shape)} for {len(y)} rows; expected one loss "
                "a row. Use reduction='none' in it: the mean over the rows is made here."
            )
        return losses if losses.ndim == 1 else losses.reshape(len(losses), -1).mean(1)


def loss_of(given: Any, *, classes: bool) -> Loss:
    """A loss by its name, or of the user's function or module.

    Raises:
        InputError: for an unknown name, or a module whose mean is none over rows.
        InputTypeError: for what cannot be called.
    """
    names = FOR_CLASSES if classes else FOR_NUMBERS
    if isinstance(given, str):
        if given not in names:
            raise InputError(
                f"loss must be {' or '.join(map(repr, names))}, or a function of (outputs, targets) that gives one "
                f"loss a row, not {given!r}."
            )
        return Loss(given, NAMED[given], classes)
    if not callable(given) or isinstance(given, type):
        raise InputTypeError(
            f"loss must be {' or '.join(map(repr, names))} or a function of (outputs, targets), not {given!r}."
        )
    if isinstance(given, nn.Module):
        return Loss(type(given).__name__, _by_rows(given), classes)
    return Loss(getattr(given, "__name__", type(given).__name__), given, classes)


def _by_rows(given: nn.Module) -> Rows:
    """A loss module without its mean over the rows."""
    if not hasattr(given, "reduction") or given.reduction == "none":
        return given
    if given.reduction != "mean" or getattr(given, "weight", None) is not None:
        raise InputError(
            f"{type(given).__name__} with reduction={given.reduction!r} and weights of classes is no mean over rows. "
            "Pass a function that gives one loss a row."
        )
    alone: Any = copy.copy(given)
    alone.reduction = "none"
    found: Rows = alone
    return found


def prepared(loss: Loss, y: Tensor, weights: Tensor, outputs: int) -> tuple[Tensor, ...]:
    """Targets (b, rows, ...) of many models as `weighted` takes them."""
    if loss.rows is not _classes:
        return y, weights
    shares = torch.zeros(len(y), outputs, y.shape[1], dtype=weights.dtype, device=y.device)
    return (shares.scatter_(1, y[:, None, :], weights[:, None, :]),)


def weighted(loss: Loss, output: Tensor, *targets: Tensor) -> Tensor:
    """The weighted sum of one model's losses; rows stand last where that makes quicker sums."""
    if loss.rows is _classes:
        return -(torch.log_softmax(output.transpose(0, 1).contiguous(), 0) * targets[0]).sum()
    y, weights = targets
    return (loss(output, y) * weights).sum()
