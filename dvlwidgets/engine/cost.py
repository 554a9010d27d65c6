"""What a run will cost, in words and in steps: the announcement, the time left, how steps become rounds and tasks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .job import Job
from .journal_records import Piece
from .stopping import StoppingRule

if TYPE_CHECKING:
    from .parallel import Task
    from .run import Loop

TASK_SECONDS = 0.5
"""A task is at most so long: long against the cost of handing it out, short against a person's patience."""

LEAST_SECONDS = 0.02
"""Towards the end of a round tasks are as short as this: ten times the cost of handing one out."""


def schedule(pieces: Sequence[Piece], row_seconds: float, workers: int, divisible: bool) -> list[Task]:
    """Pieces of steps grouped, or cut, into tasks of at most about half a second.

    Rounds do not depend on the outcome, tasks do: short steps are put together, and a divisible step may be cut into
    row ranges so that all workers have something to do. Of what is left of the round a task takes a share: the last
    ones are short, and workers become idle at about the same time, whatever the single fits take.

    Args:
        pieces: (step, lo, hi), in order.
        row_seconds: measured or guessed seconds a row; 0 = not known.
        workers: how many workers share the round.
        divisible: whether a step may be cut.

    Returns:
        Tasks in order.
    """
    total = left = sum(hi - lo for _, lo, hi in pieces)
    tasks: list[Task] = []
    current: list[Piece] = []
    room = 0
    for step, lo, hi in pieces:
        at = lo
        while at < hi:
            if current and room < (1 if divisible else hi - lo):
                tasks.append(tuple(current))
                current = []
            if not current:
                room = _share(left if row_seconds > 0 else total, row_seconds, workers)
            end = min(hi, at + room) if divisible else hi
            current.append((step, at, end))
            left, room, at = left - (end - at), room - (end - at), end
    return [*tasks, tuple(current)] if current else tasks


def _share(rows: int, row_seconds: float, workers: int) -> int:
    """Rows of the next task, of so many that are left."""
    share = rows if workers == 1 else -(-rows // (2 * workers))
    if row_seconds > 0:
        share = min(max(share, int(LEAST_SECONDS / row_seconds)), int(TASK_SECONDS / row_seconds))
    return max(1, share)


def enough_steps(job: Job, rule: StoppingRule) -> int | None:
    """Steps that give all the updates, or all the units of work, that the rule ever wants, if that is certain."""
    updates, units = rule.max_updates(), rule.max_units()
    steps = [None if updates is None else job.steps_for_updates(updates)]
    steps.append(None if units is None else _steps_for_units(job, units))
    return min((s for s in steps if s is not None), default=None)


def _steps_for_units(job: Job, units: int) -> int | None:
    """The first steps that hold so many units; None if all steps together do not."""
    end, high = job.total_steps, 1
    while job.units(high if end is None else min(high, end)) < units:
        if high > 2**40 or (end is not None and high >= end):
            return None
        high *= 2
    return bisect_left(range(high), units, key=job.units)


def bounded_steps(job: Job, rule: StoppingRule) -> int | None:
    """At most so many steps, by the job's end or the rule's; None when neither says."""
    bounds = [s for s in (job.total_steps, enough_steps(job, rule)) if s is not None]
    return min(bounds) if bounds else None


def next_round(job: Job, rule: StoppingRule, step: int) -> range:
    """The steps from `step` to the end of its round, or to where the job or the rule surely ends before that.

    Plans hold from multiple to multiple of a round's steps, so a round that was cut short does not shift those behind.
    """
    end = (step // job.round_steps + 1) * job.round_steps
    if job.total_steps is not None:
        end = min(end, job.total_steps)
    enough = enough_steps(job, rule)
    return range(step, end if enough is None or step >= enough else min(end, enough))


def announce(job: Job, rule: StoppingRule, seconds: float, n_jobs: int) -> str:
    """The cost before the work, as an upper bound from one timed fit of everything."""
    if seconds <= 0:
        return ""
    steps = bounded_steps(job, rule)
    count = job.units(job.round_steps if steps is None else steps)
    where = " a round" if steps is None else ""
    workers = f"{n_jobs} worker{'s' if n_jobs != 1 else ''}"
    text = f"at most {count:,} {_fits(job)}{where} × {duration(seconds)} = "
    text += f"{duration(count * seconds / max(1, n_jobs))}{where} on {workers}"
    deadline = rule.deadline()
    return text + (f", and no longer than {duration(deadline)}" if deadline is not None else "")


def _fits(job: Job) -> str:
    return "fits" if job.unit == "evaluations" else job.unit


def duration(seconds: float) -> str:
    """`20 ms`, `4 s`, `3.5 min`, `2.1 h`: two digits that a person can use."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}" if seconds < 10 * size else f"{seconds / size:,.0f} {unit}"
    if seconds >= 1:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    size, unit = (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{seconds * size:.2g} {unit}" if seconds * size < 10 else f"{seconds * size:.0f} {unit}"


def time_left(loop: Loop, seconds: float) -> float | None:
    """Estimated active seconds to the end: by the bound, by the rule's completion, and by the time limit."""
    guesses = []
    total, tally = loop.total_units(), loop.tally
    workers = max(1, loop.workers.n_jobs)
    if total is not None and tally.fresh:
        guesses.append(max(0, total - tally.done) * tally.work_seconds / tally.fresh / workers)
    completion = loop.verdict.completion
    if total is None and completion > 0.02 and loop.rule.deadline() is None:
        guesses.append(seconds * (1.0 - completion) / completion)
    deadline = loop.rule.deadline()
    if deadline is not None:
        guesses.append(max(0.0, deadline - seconds))
    return min(guesses) if guesses else None
