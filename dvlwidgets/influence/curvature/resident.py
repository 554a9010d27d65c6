"""Training data on the model's device, read once and cut into pieces that fit the work at hand."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..batches import Batch, Batches, cat
from ..problem import Problem
from .work_space import work_bytes

RESIDENT_BYTES = 2 << 30
"""Data up to so many bytes stay on the device; larger ones are read again in each pass."""


class Resident:
    """The data of a fit.

    Args:
        problem: whose device the data are placed on.
        batches: the data.

    Attributes:
        problem: model and loss.
        n: data points.
        activations: numbers that the layers give for one sample, with its own.
        outputs: numbers that the model gives for one sample.
    """

    def __init__(self, problem: Problem, batches: Batches) -> None:
        self.problem, self._batches = problem, batches
        self._kept: list[Batch] | None = []
        self.n, held = 0, 0
        for batch in batches:
            self.n += len(batch)
            if self._kept is None:
                continue
            placed = problem.place(batch)
            held += sum(t.nbytes for t in placed.tensors())
            self._kept.append(placed)
            if held > RESIDENT_BYTES:
                self._kept = None
        if self._kept is not None:
            self._kept = _merged(self._kept)
        self.activations, self.outputs = sizes_of(problem, self.first()[:1])

    @property
    def kept(self) -> bool:
        """Whether the data stay on the device."""
        return self._kept is not None

    @property
    def work(self) -> int:
        """Bytes that a pass may hold at a time."""
        return work_bytes(self.problem.device)

    def first(self) -> Batch:
        """The first piece of the data, on the device."""
        return next(iter(self.pieces(None)))

    def pieces(self, rows: int | None) -> Iterator[Batch]:
        """All data in order, in batches of at most so many rows."""
        placed = map(self.problem.place, self._batches) if self._kept is None else iter(self._kept)
        for batch in placed:
            size = rows or len(batch)
            for at in range(0, len(batch), size):
                yield batch[at : at + size]

    def take(self, rows: Tensor) -> Resident:
        """Some of the data points, by position: int64 (k,).

        Raises:
            InputError: if the data are not kept.
        """
        if self._kept is None:
            raise InputError(
                f"the data are larger than {RESIDENT_BYTES >> 30} GiB and are not kept on the device, so that single "
                "points of them cannot be looked up. Pass batch_size=None for whole passes over the data."
            )
        rows, at, taken = rows.to(self.problem.device), 0, []
        for batch in self._kept:
            own = rows[(rows >= at) & (rows < at + len(batch))] - at
            at += len(batch)
            if len(own):
                taken.append(batch[own])
        some = copy.copy(self)
        some.__dict__.update(_kept=taken, n=len(rows))
        return some

    def rows_for(self, numbers: int) -> int:
        """How many rows a piece may have where each row needs so many numbers of work space."""
        return max(1, self.work // (self.problem.dtype.itemsize * max(1, numbers)))

    def to(self, device: torch.device) -> None:
        """Move what is kept."""
        if self._kept is not None:
            self._kept = [batch.to(device) for batch in self._kept]


def _merged(batches: list[Batch]) -> list[Batch]:
    """Neighbours of equal shapes as one batch."""
    groups: list[list[Batch]] = []
    for batch in batches:
        if groups and _shape(groups[-1][-1]) == _shape(batch):
            groups[-1].append(batch)
        else:
            groups.append([batch])
    return [group[0] if len(group) == 1 else cat(group) for group in groups]


def _shape(batch: Batch) -> object:
    return [(t.shape[1:], t.dtype) for t in batch.tensors()], sorted(batch.keywords)


def sizes_of(problem: Problem, one: Batch) -> tuple[int, int]:
    """(numbers that the layers give for one sample, numbers that the model gives)."""
    seen = [0]

    def count(_: nn.Module, __: object, output: object) -> None:
        if isinstance(output, Tensor):
            seen[0] += output.numel()

    handles = [m.register_forward_hook(count) for m in problem.model.modules() if not list(m.children())]
    try:
        with torch.no_grad():
            outputs = problem.output(None, one).numel()
    finally:
        for handle in handles:
            handle.remove()
    return seen[0] + sum(t.numel() for t in one.tensors()), outputs
