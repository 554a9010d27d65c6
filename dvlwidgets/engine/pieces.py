"""The finished pieces of one round: some from the receipts, some from workers, put together step by step."""

from __future__ import annotations

from typing import Any

from .job import Job, Receipts
from .journal_records import Piece

FIRST_STEP = -1
"""Where the receipts keep the two ends, v(empty) and v(N)."""


def first_piece(job: Job, receipts: Receipts, seconds: float) -> Any:
    """The two ends that a job begins with, from the receipts or done now, `seconds` into the run.

    Raises:
        Whatever the first fit raises.
    """
    recorded = receipts.read(FIRST_STEP)
    if recorded:
        return job.unpack(recorded[0][2])
    first = job.first()
    payload = job.pack(first)
    if payload is not None:
        receipts.task([(FIRST_STEP, 0, 2)], [payload], seconds)
    return first


class Pieces:
    """What is there of a round, and what is missing.

    A step may have been cut into row ranges, and by two interrupted runs differently; rows that are there twice are
    taken once.

    Args:
        job: whose steps.
        steps: the round.
        receipts: what need not be done again.

    Attributes:
        recorded: the payloads that the receipts hold.
        missing: the row ranges that nobody has done, in order.
        clock: active seconds of the run when the last recorded piece was done; None if the round is not whole.
    """

    def __init__(self, job: Job, steps: range, receipts: Receipts) -> None:
        self._job = job
        self._parts: dict[int, dict[int, tuple[int, Any]]] = {step: {} for step in steps}
        self.recorded: list[Any] = []
        self.missing: list[Piece] = []
        self.clock: float | None = None
        for step in steps:
            self._take_up(step, receipts)
        if self.missing:
            self.clock = None

    def _take_up(self, step: int, receipts: Receipts) -> None:
        rows, at = self._job.rows(step), 0
        found = sorted(receipts.read(step), key=lambda piece: piece[:2])
        if not self._job.divisible:  # a step that must stay whole is whole or worthless
            found = [piece for piece in found if piece[:2] == (0, rows)][:1]
        for lo, hi, payload, clock in found:
            if lo < at:
                continue
            if lo > at:
                self.missing.append((step, at, lo))
            self.add((step, lo, hi), payload)
            self.recorded.append(payload)
            self.clock = max(clock, self.clock or 0.0)
            at = hi
        if at < rows:
            self.missing.append((step, at, rows))

    def add(self, piece: Piece, payload: Any) -> None:
        """One more finished piece."""
        step, lo, hi = piece
        self._parts[step][lo] = hi, payload

    def pop(self, step: int) -> Any:
        """The payload of a whole step, which is forgotten here; None while rows are missing."""
        parts = self._parts.get(step, {})
        if not parts or sum(hi - lo for lo, (hi, _) in parts.items()) < self._job.rows(step):
            return None
        del self._parts[step]
        return self._job.join([parts[lo][1] for lo in sorted(parts)])
