"""Gradients and outputs of many copies of a module, whose weights are the rows of one table: vmap of torch.func."""

from __future__ import annotations

import contextlib
import copy
import functools
import threading
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .torch_losses import Loss, weighted
from .torch_tape import NotRecordedError, Tape

_TAPES = 64
"""So many shapes are recorded; others are differentiated at each call."""


class _RowsLast(TorchFunctionMode):
    """Linear layers whose results have the rows last in memory: biases, activations and sums run along them.

    With few units and many rows everything but the matrix products is several times quicker.
    """

    def __torch_function__(
        self, func: Any, _types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The layer as weights times turned inputs; whatever else as it is."""
        if func is not functional.linear or args[0].ndim != 2 or kwargs:
            return func(*args, **(kwargs or {}))
        turned = args[1] @ args[0].transpose(0, 1)
        if len(args) > 2 and args[2] is not None:
            turned = turned + args[2][:, None]
        return turned.transpose(0, 1)


@functools.cache
def keep_freed_memory() -> None:
    """Let the C library keep what is freed at every step, once a process.

    It returns memory above a threshold to the system, and gets it anew page by page at the next step; it raises the
    threshold to the size of a large block that is freed. That saves 5 to 20 % of small trainings.
    """
    del_soon = torch.empty(31_000_000, dtype=torch.uint8)
    del del_soon


class Gradient:
    """Copies of a module; each has a row of a table of weights.

    Args:
        loss: of rows.
        module: gives structure, first weights, and what is not trained.
        example: (1, ...) a row of features.
        turned: whether linear layers have rows last.
        recorded: whether operations are recorded.

    Attributes:
        start: (1, p) the first weights.
        outputs: numbers that the module gives for a row.
    """

    def __init__(
        self, loss: Loss, module: nn.Module, example: Tensor, *, turned: bool, recorded: bool
    ) -> None:
        keep_freed_memory()
        self.loss, self.module = loss, module
        self.turned, self.recorded = turned, recorded
        trained = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}
        every = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        self.rest = {name: value.detach() for name, value in every.items() if name not in trained}
        self.names = tuple(trained)
        self.shapes = [value.shape for value in trained.values()]
        self.start = torch.cat([value.reshape(1, -1) for value in trained.values()], dim=1)
        with torch.no_grad():
            self.outputs = int(copy.deepcopy(module)(example).numel())
        self._tapes: dict[tuple[Any, ...], Tape | None] = {}
        self._lock = threading.Lock()  # a functional call puts the weights into the module for a while

    @classmethod
    def kinds(cls, loss: Loss, module: nn.Module, example: Tensor) -> list[Gradient]:
        """From the quickest to the one that can most."""
        choices = [(True, True), (False, True), (False, False)]
        return [cls(loss, module, example, turned=a, recorded=b) for a, b in choices]

    def __call__(self, weights: Tensor, x: Tensor, *targets: Tensor) -> Tensor:
        """Gradients (b, p) of the weighted losses of b models on their own rows x (b, s, ...)."""
        given = (weights, x, *targets)
        tape = self._tape(given) if self.recorded else None
        if tape is not None:
            return tape(*given)
        with self._lock:
            return self._differentiated(*given)

    def _tape(self, given: tuple[Tensor, ...]) -> Tape | None:
        shapes = tuple(tensor.shape for tensor in given)
        if shapes not in self._tapes:
            if len(self._tapes) >= _TAPES:
                return None
            with self._lock:
                try:
                    self._tapes[shapes] = Tape(self._differentiated, given)
                except NotRecordedError:
                    self._tapes[shapes] = None
        return self._tapes[shapes]

    def _differentiated(self, weights: Tensor, x: Tensor, *targets: Tensor) -> Tensor:
        each = vmap(grad(self._loss), randomness="error")(self._parts(weights), x, *targets)
        return torch.cat([part.reshape(len(weights), -1) for part in each], dim=1)

    def _loss(self, parts: tuple[Tensor, ...], x: Tensor, *targets: Tensor) -> Tensor:
        return weighted(self.loss, self._called(parts, x), *targets)

    def _called(self, parts: tuple[Tensor, ...], x: Tensor) -> Tensor:
        with _RowsLast() if self.turned else contextlib.nullcontext():
            values = {**dict(zip(self.names, parts, strict=True)), **self.rest}
            found: Tensor = functional_call(self.module, values, (x,))
            return found

    def _parts(self, weights: Tensor) -> tuple[Tensor, ...]:
        """The table of weights (b, p) as stacked parameters, in place."""
        cut = torch.split(weights, [shape.numel() for shape in self.shapes], dim=1)
        return tuple(part.view(len(weights), *shape) for part, shape in zip(cut, self.shapes, strict=True))

    def outputs_of(self, weights: Tensor, x: Tensor, shift: Tensor | None, scale: Tensor | None) -> Tensor:
        """(b, k, ...) what each model gives for the same rows x, scaled for each where there is a scaler."""
        own = shift is not None and scale is not None
        if shift is not None and scale is not None:
            x = (x - shift[:, None]) / scale[:, None]
        with self._lock, torch.no_grad():
            found: Tensor = vmap(self._called, in_dims=(0, 0 if own else None), randomness="error")(
                self._parts(weights), x
            )
        return found
