"""What the loop needs to know of a method: the `Job` protocol, and the receipts of its finished work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .journal import Journal
from .journal_records import Piece
from .records import Estimate, Evaluations


class Job(Protocol):
    """A method on a data set, as three functions (`task`, `fold`, `estimate`) and a few numbers.

    `task` runs anywhere and is a function of (plan, step, rows); `fold` runs at home, in step order; `estimate`
    looks at the folded statistics. Statistics belong to the loop that folds them. Payloads, be they `Evaluations` or
    blocks of a closed form, have `seconds` (spent on them) and `failure` (the first one's traceback, or None).

    A job whose tasks are large matrix products says so by an attribute `threads_itself = True`: its run does not cap
    the inner pools at one thread (a run beside it that does still caps them for the whole process).
    """

    @property
    def n(self) -> int: ...

    @property
    def unit(self) -> str: ...

    @property
    def round_steps(self) -> int: ...

    @property
    def total_steps(self) -> int | None: ...

    @property
    def divisible(self) -> bool: ...

    def rows(self, step: int) -> int:
        """Units of work in a step."""
        ...

    def units(self, steps: int) -> int:
        """Units of work in the first so many steps."""
        ...

    def first(self) -> Any:
        """The checked first piece of work, done with errors raised; None if there is nothing to check."""
        ...

    def pack(self, first: Any) -> Any:
        """The first piece of work as a payload of two rows for the receipts, or None."""
        ...

    def unpack(self, payload: Any) -> Any:
        """The first piece of work from its payload."""
        ...

    def initial(self, first: Any) -> Any:
        """Statistics before the first step."""
        ...

    def plan(self, stats: Any) -> Mapping[str, Any]:
        """What tasks of the next round may know: small, sent with each task, recorded with the round."""
        ...

    def checksum(self, steps: range) -> int:
        """A checksum of what the steps draw."""
        ...

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Any:
        """Rows `lo:hi` of a step, as a payload."""
        ...

    def join(self, payloads: Sequence[Any]) -> Any:
        """The payload of a whole step from those of its rows."""
        ...

    def fold(self, stats: Any, step: int, payload: Any) -> Any:
        """Statistics with one more step."""
        ...

    def tally(self, payload: Any) -> tuple[int, int, int]:
        """(units of work, failures, warnings) in a payload."""
        ...

    def check(self, stats: Any, rounds: int) -> None:
        """Raise if what was folded so far makes going on pointless."""
        ...

    def estimate(self, stats: Any) -> Estimate:
        """Values, standard errors and counts."""
        ...

    def exact(self, stats: Any) -> bool:
        """Whether the values are complete and exact."""
        ...

    def steps_for_updates(self, updates: int) -> int | None:
        """How many steps give every point so many updates, if that is certain."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A job that may spare points that the rule is content with; who rests is part of the round's plan."""

    def settle(self, stats: Any, converged: NDArray[np.bool_], recorded: Mapping[str, Any] | None) -> Any:
        """Statistics at the start of a round; `recorded` is the plan that the receipts have of it, which then holds."""
        ...


class Receipts(Protocol):
    """Finished work that need not be done again."""

    seconds: float

    def begin(self) -> None:
        """One run takes them; another run at the same time is refused."""
        ...

    def end(self) -> None:
        """The run lets go."""
        ...

    def round(self, step: int, steps: int, checksum: int, plan: Mapping[str, Any]) -> None:
        """A round begins."""
        ...

    def plan(self, step: int) -> Mapping[str, Any] | None:
        """The plan of the round that begins with a step, if there was one."""
        ...

    def read(self, step: int) -> list[tuple[int, int, Any, float]]:
        """Recorded pieces of a step: (lo, hi, payload, active seconds of the run at that time)."""
        ...

    def task(self, pieces: Sequence[Piece], payloads: Sequence[Any], seconds: float) -> None:
        """A task is finished."""
        ...

    def restore(self) -> tuple[int, Any] | None:
        """Folded statistics to go on from, with the next step."""
        ...

    def save(self, step: int, stats: Any, seconds: float) -> None:
        """A round ended, or the run pauses or ends."""
        ...


class JournalReceipts:
    """Receipts of jobs whose payloads are utilities: the journal itself. Resuming replays it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.seconds = journal.seconds

    def begin(self) -> None:
        self.journal.lock()

    def end(self) -> None:
        self.journal.unlock()

    def round(self, step: int, steps: int, checksum: int, plan: Mapping[str, Any]) -> None:
        self.journal.append_round(step, steps, checksum, plan)

    def plan(self, step: int) -> Mapping[str, Any] | None:
        entry = self.journal.rounds.get(step)
        return None if entry is None else entry["plan"]

    def read(self, step: int) -> list[tuple[int, int, Evaluations, float]]:
        return self.journal.read(step)

    def task(self, pieces: Sequence[Piece], payloads: Sequence[Any], seconds: float) -> None:
        self.journal.append_task(pieces, payloads, seconds)

    def restore(self) -> None:
        return None

    def save(self, step: int, stats: Any, seconds: float) -> None:
        self.journal.flush()


class NoReceipts:
    """Nothing is kept: for closed forms without a checkpoint."""

    seconds = 0.0

    def begin(self) -> None:
        return None

    def end(self) -> None:
        return None

    def round(self, step: int, steps: int, checksum: int, plan: Mapping[str, Any]) -> None:
        return None

    def plan(self, step: int) -> Mapping[str, Any] | None:
        return None

    def read(self, step: int) -> list[tuple[int, int, Any, float]]:
        return []

    def task(self, pieces: Sequence[Piece], payloads: Sequence[Any], seconds: float) -> None:
        return None

    def restore(self) -> tuple[int, Any] | None:
        return None

    def save(self, step: int, stats: Any, seconds: float) -> None:
        return None
