"""A function of tensors, recorded once for given shapes and played again without automatic differentiation.

vmap and grad of torch.func find the operations to be done anew at each call, which takes several times as long as
small operations themselves. The operations are the same while shapes and devices are, so they are written down once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .torch_in_place import write_over

_VIEWS = {
    "view",
    "_unsafe_view",
    "expand",
    "transpose",
    "t",
    "permute",
    "unsqueeze",
    "squeeze",
    "alias",
    "detach",
}
"""Operations that only look at their first argument in another way."""
_LIKE = {"ones_like", "zeros_like"}
"""Operations that look at a shape only."""


class NotRecordedError(Exception):
    """The function cannot be written down; says why."""


@dataclass(frozen=True)
class _Slot:
    """The place of a tensor among those of a tape."""

    at: int


@dataclass
class _Step:
    """One operation: what is called, with slots in the place of tensors, and what it fills and lets go."""

    call: Any
    args: list[Any]
    options: dict[str, Any]
    reads: list[int]
    fills: list[int]
    several: bool
    changes: bool
    drops: list[int] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    nested: bool = False

    def finish(self) -> None:
        """Settle where tensors have to be put in."""
        self.places = [(at, arg.at) for at, arg in enumerate(self.args) if isinstance(arg, _Slot)]
        self.nested = len(self.places) < len(self.reads)


class Tape:
    """What a function did with its tensors; calling it does the same with others of the same shapes.

    Args:
        function: takes tensors and gives one tensor.
        examples: tensors to record it with.

    Raises:
        NotRecordedError: where numbers leave the tensors, or the result is no tensor of its own.
    """

    def __init__(self, function: Callable[..., torch.Tensor], examples: Sequence[torch.Tensor]) -> None:
        recorder, result = _recorded(function, examples, fold=True)
        changes = any(step.changes for step in recorder.steps)
        if changes:
            recorder, result = _recorded(function, examples, fold=False)
        self.result = recorder.slot_of(result)
        self.steps = _needed(recorder.steps, self.result)
        self.constants = recorder.constants
        self.size = recorder.size
        if not changes:
            write_over(self.steps, recorder.tensors, {*range(len(examples)), *self.constants})
        self._let_go(len(examples))

    def _let_go(self, inputs: int) -> None:
        """Note after which step a tensor is not needed any more, so that its memory is used again."""
        last: dict[int, int] = {}
        for number, step in enumerate(self.steps):
            for slot in (*step.reads, *step.fills):
                last[slot] = number
            step.finish()
        for slot, number in last.items():
            if slot >= inputs and slot != self.result and slot not in self.constants:
                self.steps[number].drops.append(slot)

    def __call__(self, *tensors: torch.Tensor) -> torch.Tensor:
        """The function's result for tensors of the recorded shapes."""
        slots: list[Any] = [*tensors, *[None] * (self.size - len(tensors))]
        for slot, constant in self.constants.items():
            slots[slot] = constant
        for step in self.steps:
            if step.nested:
                args, options = _filled(step.args, slots), _filled(step.options, slots)
            else:
                args, options = [*step.args], step.options
                for at, slot in step.places:
                    args[at] = slots[slot]
            made = step.call(*args, **options)
            if step.several:
                for slot, tensor in zip(step.fills, made, strict=True):
                    slots[slot] = tensor
            else:
                slots[step.fills[0]] = made
            for slot in step.drops:
                slots[slot] = None
        found: torch.Tensor = slots[self.result]
        return found


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down the operations of a block, below vmap and grad; views of the same numbers are one tensor."""

    def __init__(self, inputs: Sequence[torch.Tensor], *, fold: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.fold = fold
        self.tensors: list[torch.Tensor] = [*inputs]  # by their places
        self.kept: list[torch.Tensor] = []  # alive, so that no other tensor gets the same id
        self.known = {id(tensor): at for at, tensor in enumerate(inputs)}
        self.views = {_look(tensor): at for at, tensor in enumerate(inputs)}
        self.steps: list[_Step] = []
        self.constants: dict[int, torch.Tensor] = {}

    def slot_of(self, tensor: Any) -> int:
        """The place of a tensor; one that comes from elsewhere is a constant."""
        if not isinstance(tensor, torch.Tensor):
            raise NotRecordedError(f"a {type(tensor).__name__} is no tensor")
        if id(tensor) not in self.known:
            self.constants[self._new(tensor)] = tensor
        return self.known[id(tensor)]

    @property
    def size(self) -> int:
        """The number of tensors."""
        return len(self.tensors)

    def _new(self, tensor: torch.Tensor) -> int:
        self.known[id(tensor)] = self.size
        self.tensors.append(tensor)
        return self.size - 1

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do the operation and write it down."""
        made, name = func(*args, **(kwargs or {})), func._schema.name.split("::")[-1]  # noqa: SLF001 — there is no other way to know
        outputs = [*made] if isinstance(made, (tuple, list)) else [made]
        if not all(isinstance(tensor, torch.Tensor) for tensor in outputs):
            raise NotRecordedError(f"{name} takes numbers out of tensors")
        reads: list[int] = []
        slotted, options = self._slots([*args], reads), self._slots(dict(kwargs or {}), reads)
        if name in _VIEWS and len(outputs) == 1 and made.numel():
            same = self.views.setdefault(_look(made), self.size)
            if same < self.size:
                self.kept.append(made)
                self.known[id(made)] = same
                return made
        if self.fold and self._same_each_time(func, name, reads):
            for tensor in outputs:
                self.views.setdefault(_look(tensor), self.slot_of(tensor))
            return made
        fills = [self.known[id(t)] if id(t) in self.known else self._new(t) for t in outputs]
        for tensor, slot in zip(outputs, fills, strict=True):
            self.views.setdefault(_look(tensor), slot)
        changes = bool(func._schema.is_mutable)  # noqa: SLF001
        several = isinstance(made, (tuple, list))
        self.steps.append(_Step(func, slotted, options, reads, fills, several, changes))
        return made

    def _same_each_time(self, func: Any, name: str, reads: list[int]) -> bool:
        """Whether an operation gives the same whatever the inputs of the function."""
        if func._schema.is_mutable or torch.Tag.nondeterministic_seeded in func.tags:  # noqa: SLF001
            return False
        return name in _LIKE or (bool(reads) and all(slot in self.constants for slot in reads))

    def _slots(self, part: Any, reads: list[int]) -> Any:
        if isinstance(part, torch.Tensor):
            reads.append(self.slot_of(part))
            return _Slot(reads[-1])
        if isinstance(part, dict):
            return {key: self._slots(value, reads) for key, value in part.items()}
        if isinstance(part, (list, tuple)):
            return [self._slots(value, reads) for value in part]
        return part


def _recorded(
    function: Callable[..., torch.Tensor], examples: Sequence[torch.Tensor], *, fold: bool
) -> tuple[_Recorder, torch.Tensor]:
    """A recording, and what the function gave; folded, what is the same each time is done once.

    That is safe only where no operation changes a tensor in place.
    """
    recorder = _Recorder(examples, fold=fold)
    with recorder:
        result = function(*examples)
    return recorder, result


def _look(tensor: torch.Tensor) -> tuple[Any, ...]:
    """What makes two views the same."""
    return (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype, tensor.device)


def _filled(part: Any, slots: list[Any]) -> Any:
    if isinstance(part, _Slot):
        return slots[part.at]
    if isinstance(part, dict):
        return {key: _filled(value, slots) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, slots) for value in part]
    return part


def _needed(steps: list[_Step], result: int) -> list[_Step]:
    """The steps that the result depends on; those that change a tensor in place stay."""
    wanted, kept = {result}, []
    for step in reversed(steps):
        if step.changes or not wanted.isdisjoint(step.fills):
            wanted.update(step.reads)
            kept.append(step)
    return kept[::-1]
