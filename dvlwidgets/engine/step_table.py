"""What a journal remembers of its own content: where each step's pieces lie and what each round's plan was.

A long run has a hundred thousand pieces. As Python objects they would take hundreds of bytes each and the garbage
collector would walk them again and again; as columns of integers they take 32 bytes and it does not see them.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


class StepTable:
    """Rows of integers by step, in the order in which they were added within a step. Threads may read and add.

    Args:
        width: integers in a row, beside the step.
    """

    def __init__(self, width: int) -> None:
        self._lock = threading.Lock()
        self._columns = [array("q") for _ in range(1 + width)]
        self._ordered = True

    def add(self, step: int, *row: int) -> None:
        """One more row; nearly always of the newest step, so that order costs nothing."""
        with self._lock:
            steps = self._columns[0]
            self._ordered = self._ordered and (not steps or steps[-1] <= step)
            for column, number in zip(self._columns, (step, *row), strict=True):
                column.append(number)

    def rows(self, step: int) -> list[tuple[int, ...]]:
        """The rows of a step."""
        with self._lock:
            self._order()
            steps, *rest = self._columns
            found = range(bisect_left(steps, step), bisect_right(steps, step))
            return [tuple(column[i] for column in rest) for i in found]

    def steps(self) -> list[int]:
        """All steps with at least one row, ascending."""
        with self._lock:
            self._order()
            numbers: list[int] = np.unique(np.array(self._columns[0])).tolist()
            return numbers

    def _order(self) -> None:
        if not self._ordered:
            order = np.argsort(np.array(self._columns[0]), kind="stable")
            self._columns = [array("q", np.array(column)[order].tobytes()) for column in self._columns]
            self._ordered = True


class Rounds(Mapping[int, dict[str, Any]]):
    """First step of a round -> {"step", "steps", "checksum", "plan"}; equal plans of neighbours are kept once."""

    def __init__(self) -> None:
        self._table = StepTable(3)
        self._plans: list[Any] = []
        self._length = 0

    def add(self, entry: Mapping[str, Any]) -> None:
        """One more round; a step that is there already keeps its place in the order and gets the new entry."""
        if not self._plans or self._plans[-1] != entry["plan"]:
            self._plans.append(entry["plan"])
        self._length += entry["step"] not in self
        self._table.add(entry["step"], entry["steps"], entry["checksum"], len(self._plans) - 1)

    def __getitem__(self, step: int) -> dict[str, Any]:
        rows = self._table.rows(step)
        if not rows:
            raise KeyError(step)
        steps, checksum, plan = rows[-1]
        return {"step": step, "steps": steps, "checksum": checksum, "plan": self._plans[plan]}

    def __iter__(self) -> Iterator[int]:
        return iter(self._table.steps())

    def __len__(self) -> int:
        return self._length
