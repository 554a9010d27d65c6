"""The empirical Fisher matrix: outer products of the training points' own gradients."""

from __future__ import annotations

from collections.abc import Iterator

from ..gradients import Gradients
from ..rows import Rows
from .resident import Resident
from .row_source import RowSource


class Fisher(RowSource):
    """Rows are the per-sample gradients."""

    def __init__(self, resident: Resident) -> None:
        super().__init__(resident)
        self._gradients = Gradients(resident.problem)

    def _pieces(self) -> Iterator[Iterator[Rows]]:
        for batch in self.resident.pieces(self.resident.rows_for(2 * self.resident.problem.p)):
            yield iter([self._gradients(batch)])
