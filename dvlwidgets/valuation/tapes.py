"""What journals recorded, read as one: the pieces of each step, the plans of rounds, whether the draws are still those.

Journals keep scores and statuses; the subsets are drawn again from the seeds, and compared with the checksums of then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..engine.job import NoReceipts
from ..engine.journal import Journal
from ..engine.records import Evaluations
from ..errors import IdentityError, JournalError


@dataclass(frozen=True)
class Tape:
    """The first steps of a journal; all whole ones if `steps` is None."""

    journal: Journal
    steps: int | None = None

    @property
    def seed(self) -> int:
        """The seed that its subsets are drawn from."""
        return int(self.journal.header["seed"])


class Tapes(NoReceipts):
    """The pieces of one seed from all journals that hold some; what is there twice is there in one order."""

    def __init__(self, tapes: list[Tape]) -> None:
        self.tapes = tapes

    def read(self, step: int) -> list[tuple[int, int, Any, float]]:
        """The pieces of a step."""
        found = [
            piece
            for tape in self.tapes
            if tape.steps is None or step < tape.steps
            for piece in tape.journal.read(step)
        ]
        # scores that are not reproducible may differ: which ones are taken must not depend on the order of journals
        return sorted(found, key=lambda piece: (piece[0], piece[1], _bytes(piece[2])))

    def plan(self, step: int) -> Mapping[str, Any] | None:
        """The plan of the round that begins here; journals of one seed must agree on who rests."""
        held = (
            tape.journal.rounds.get(step) for tape in self.tapes if tape.steps is None or step < tape.steps
        )
        plans: list[Mapping[str, Any]] = [entry["plan"] for entry in held if entry is not None]
        if len({str(plan.get("rest", "")) for plan in plans}) > 1:
            raise IdentityError(
                f"these journals of seed {self.tapes[0].seed} let other points rest from step {step} on, because "
                "their rules differ, so they are no parts of one run. Merge runs of different seeds, or one of these."
            )
        return plans[0] if plans else None


class Draws:
    """Compares the recorded checksums of a seed's rounds with the subsets that are drawn here, step by step."""

    def __init__(self, tapes: list[Tape]) -> None:
        self.rounds: dict[int, set[tuple[int, int]]] = {}
        for tape in tapes:
            for step, entry in list(tape.journal.rounds.items()):
                self.rounds.setdefault(step, set()).add((int(entry["steps"]), int(entry["checksum"])))
        self.where = tapes[0].journal
        self.open: list[tuple[int, int, int]] = []
        """(step after the round, what its checksum should be, what it is so far)"""

    def check(self, step: int, job: Any) -> None:
        """One more step.

        Raises:
            JournalError: at the end of a round that was drawn otherwise.
        """
        self.open += [(step + steps, crc, 0) for steps, crc in self.rounds.get(step, ())]
        one = range(step, step + 1)
        self.open = [(end, crc, job.checksum(one, so_far)) for end, crc, so_far in self.open]
        if any(end == step + 1 and crc != so_far for end, crc, so_far in self.open):
            raise JournalError(
                f"{self.where.path or 'the journal'}: the subsets of step {step} cannot be drawn again here. Use the "
                f"versions that wrote it ({self.where.header.get('versions', 'not recorded')})."
            )
        self.open = [entry for entry in self.open if entry[0] > step + 1]


def _bytes(evaluations: Evaluations) -> bytes:
    return evaluations.values.tobytes() + evaluations.status.tobytes()
