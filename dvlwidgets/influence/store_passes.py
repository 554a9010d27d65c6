"""Which samples have their gradients computed in one pass: each pass costs half a millisecond, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .batches import Batch, cat
from .curvature.resident import sizes_of
from .problem import Problem

JOINED = 4 << 20
"""Bytes of gradients and of what layers give, in a pass of joined batches."""


def layer_bytes(problem: Problem, batch: Batch) -> int:
    """Bytes of what the layers give for one sample of a batch."""
    return sizes_of(problem, problem.place(batch[:1]))[0] * problem.dtype.itemsize


def passes(batches: Iterable[tuple[int, Batch]], room: Callable[[Batch], int]) -> Iterator[tuple[int, Batch]]:
    """Batches with neighbours put together where their gradients are small.

    Args:
        batches: (position of its first sample, batch), in order; samples between them may be missing.
        room: samples like those of a batch that one pass takes; 0 leaves each batch to itself.
    """
    held: list[Batch] = []
    start = end = 0
    for at, batch in batches:
        most = room(batch)
        if held and (at != end or at + len(batch) - start > most):
            yield start, cat(held)
            held = []
        start, end = (start if held else at), at + len(batch)
        held.append(batch)
        if end - start >= most:  # nothing waits for a batch that may never come
            yield start, cat(held)
            held = []
    if held:
        yield start, cat(held)
