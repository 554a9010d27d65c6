"""Which operations of a recording may write over their first argument, because nobody looks at it afterwards.

A new tensor for every intermediate result costs as much as the arithmetic where there are many rows and few units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

_ATEN = torch.ops.aten


def _into_first(call: Any, name: str) -> Callable[..., torch.Tensor]:
    """The operation with its result in the first argument."""

    def over(first: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        made: torch.Tensor = call(first, *args, **options, **{name: first})
        return made

    return over


_OVER: dict[Any, Any] = {
    _ATEN.add.Tensor: _ATEN.add_.Tensor,
    _ATEN.sub.Tensor: _ATEN.sub_.Tensor,
    _ATEN.mul.Tensor: _ATEN.mul_.Tensor,
    _ATEN.div.Tensor: _ATEN.div_.Tensor,
    _ATEN.neg.default: _ATEN.neg_.default,
    _ATEN.exp.default: _ATEN.exp_.default,
    _ATEN.relu.default: _ATEN.relu_.default,
    _ATEN.tanh.default: _ATEN.tanh_.default,
    _ATEN.sigmoid.default: _ATEN.sigmoid_.default,
    _ATEN.threshold_backward.default: _into_first(_ATEN.threshold_backward.grad_input, "grad_input"),
    _ATEN.tanh_backward.default: _into_first(_ATEN.tanh_backward.grad_input, "grad_input"),
    _ATEN.sigmoid_backward.default: _into_first(_ATEN.sigmoid_backward.grad_input, "grad_input"),
}
"""Operations of one element at a time, and what does the same in place of the first argument."""


class Step(Protocol):
    """What is asked of an operation: see `torch_tape`."""

    call: Any
    args: list[Any]
    options: dict[str, Any]
    reads: list[int]
    fills: list[int]


def write_over(steps: Sequence[Step], tensors: Sequence[torch.Tensor], kept: set[int]) -> None:
    """Change the calls of those operations that may.

    Args:
        steps: in order; none of them changes a tensor yet.
        tensors: those of the recording, by their places.
        kept: places of tensors that must not be changed.
    """
    room = [tensor.untyped_storage().data_ptr() for tensor in tensors]  # views share it
    last: dict[int, int] = {}
    for number, step in enumerate(steps):
        last.update(dict.fromkeys((room[slot] for slot in step.reads), number))
    fixed = {room[slot] for slot in kept}
    for number, step in enumerate(steps):
        over = _OVER.get(step.call)
        if over is None or not step.reads or getattr(step.args[0], "at", None) != step.reads[0]:
            continue
        first, made = step.reads[0], step.fills[0]
        mine = room[first]
        alone = last[mine] == number and [room[slot] for slot in step.reads].count(mine) == 1
        if alone and mine not in fixed and room[made] != mine and _alike(tensors[first], tensors[made]):
            step.call = over
            last[mine] = last.get(room[made], number)
            room = [mine if other == room[made] else other for other in room]


def _alike(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether a tensor lies in memory as a new one does."""
    return (a.shape, a.stride(), a.dtype, a.device) == (b.shape, b.stride(), b.dtype, b.device)
