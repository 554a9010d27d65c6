"""Folding recorded utilities again: of several journals as one, or under another size law. Nothing is fitted.

Rows are taken in the order of (seed, step), each step once and only when it is whole, so that the outcome has the same
bits whatever journals held them.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.job import Settling
from ..engine.pieces import FIRST_STEP, Pieces
from ..engine.records import Estimate, Provenance
from ..errors import IdentityError, InputError, JournalError
from .result import Status, ValuationResult
from .result_columns import Ends
from .tapes import Draws, Tape, Tapes

TOLD_APART_BY = 64
"""So many steps are compared to see whether two seeds draw the same: an exhaustive sampler draws nothing."""


@dataclass(frozen=True)
class Told:
    """What a result made from recorded utilities says of its method.

    Attributes:
        algorithm: the method's name.
        method: name and parameters, as in a run's header.
        efficient: whether exact values sum to v(N) - v(empty).
        threshold: the value that separates helpful from harmful points, or None.
        references: the papers behind it.
    """

    algorithm: str
    method: str
    efficient: bool
    threshold: float | None
    references: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """Recorded utilities and what it takes to fold them: the job that drew them, the data that they are about.

    Attributes:
        job: the job; its seed does not matter, its size law is that of the values.
        tapes: the journals.
        told: what is said of the method.
        utility: the user's utility.
        data: the data set.
        unit: what the values are measured in.
        configuration: the run in words.
    """

    job: Any
    tapes: tuple[Tape, ...]
    told: Told
    utility: Any
    data: Any
    unit: str
    configuration: dict[str, str]

    def result(self, status: Status, stopped: str, notes: tuple[str, ...] = ()) -> ValuationResult:
        """The values that these utilities give.

        Args:
            status: what to say of them, unless everything there is was evaluated.
            stopped: where they come from, in words.
            notes: what a reader must know besides.

        Raises:
            JournalError: if the subsets cannot be drawn again here, or a journal holds no whole step.
        """
        runs, last = [], None
        folding = _Folding(self.job)
        for tapes in self._by_seed():
            tally = folding.fold(self._seeded(tapes[0].seed), tapes)
            runs.append(self._provenance(tapes, tally, stopped, notes))
            last = tally
        if last is None or folding.stats is None:
            raise InputError("there is no journal to estimate from. Pass checkpoint folders or results.")
        job, stats = self.job, folding.stats
        estimate: Estimate = job.estimate(stats)
        every = np.arange(job.n)
        empty, full = job.ends(stats)
        result = ValuationResult.from_estimate(
            estimate,
            ids=getattr(self.data, "ids", every),
            names=getattr(self.data, "names", every.astype(str)),
            fingerprint=str(getattr(self.data, "fingerprint", "")),
            algorithm=self.told.algorithm,
            status=Status.Converged if job.exact(stats) else status,
            provenance=tuple(runs),
            threshold=self.told.threshold,
            unit=self.unit,
            extra_values=estimate.extra,
            ends=Ends(empty, full, job.n, self.told.efficient),
        )
        result.replay = self
        return result

    def _seeded(self, seed: int) -> Any:
        return variant(self.job, seed=seed)

    def _by_seed(self) -> Iterator[list[Tape]]:
        """The tapes of each seed, in the order of the seeds; those of an exhaustive sampler are all of one."""
        groups: dict[int, list[Tape]] = {}
        for tape in self.tapes:
            groups.setdefault(tape.seed, []).append(tape)
        seeds = sorted(groups)
        if len(seeds) > 1 and self._first_draws(seeds[0]) == self._first_draws(seeds[1]):
            yield [tape for seed in seeds for tape in groups[seed]]
            return
        yield from (groups[seed] for seed in seeds)

    def _first_draws(self, seed: int) -> int:
        total = self.job.total_steps
        few = TOLD_APART_BY if total is None else min(total, TOLD_APART_BY)
        return int(self._seeded(seed).checksum(range(few)))

    def _provenance(
        self, tapes: list[Tape], tally: _Folded, stopped: str, notes: tuple[str, ...]
    ) -> Provenance:
        header, sampler = tapes[0].journal.header, self.job.sampler
        said = [*notes, *self.job.utility.notes, *sampler.notes]
        if tally.failures:
            said.append(f"{tally.failures:,} fits failed and counted with the default score")
        keys = {name: key for name, key in header["keys"].items() if name in ("utility", "journal")}
        return Provenance(
            algorithm=self.told.algorithm,
            seed=tapes[0].seed,
            versions=dict(header["versions"]),
            configuration=self.configuration,
            keys={**keys, "run": "", "method": self.told.method},
            seconds=max(tape.journal.seconds for tape in tapes),
            evaluations=tally.evaluations,
            steps=((int(sampler.stream), 0, tally.steps),),
            stopped=stopped,
            notes=tuple(dict.fromkeys(said)),
            references=(*self.told.references, *sampler.references),
        )


@dataclass
class _Folded:
    """What one seed gave."""

    steps: int = 0
    evaluations: int = 0
    failures: int = 0


class _Folding:
    """Statistics over all seeds, in order."""

    def __init__(self, job: Any) -> None:
        self.job = job
        self.stats: Any = None

    def fold(self, job: Any, tapes: list[Tape]) -> _Folded:
        """Fold the whole steps of one seed, from the first one on."""
        receipts, done = Tapes(tapes), _Folded()
        ends = receipts.read(FIRST_STEP)
        if not ends:
            raise JournalError(
                f"{tapes[0].journal.path or 'the journal'} holds no finished work yet, not even the full fit. "
                "Leave it out, or let its run go on first."
            )
        if self.stats is None:
            self.stats = self.job.initial(self.job.unpack(ends[0][2]))
        draws = Draws(tapes)
        while job.total_steps is None or done.steps < job.total_steps:
            step = done.steps
            whole = Pieces(job, range(step, step + 1), receipts).pop(step)
            if whole is None:
                break
            if step % job.round_steps == 0:
                self._begin_round(job, receipts, step)  # before drawing: adaptive samplers draw by the plan
            draws.check(step, job)
            self.stats = job.fold(self.stats, step, whole)
            evaluations, failures, _ = job.tally(whole)
            done = _Folded(step + 1, done.evaluations + evaluations, done.failures + failures)
        return done

    def _begin_round(self, job: Any, receipts: Tapes, step: int) -> None:
        """Follow the recorded plan; draws that were decided by what was seen before can follow their own only."""
        plan = receipts.plan(step)
        nobody = np.zeros(self.job.n, np.bool_)
        self.stats = job.settle(self.stats, nobody, plan) if isinstance(job, Settling) else self.stats
        made = job.plan(self.stats)
        ends = ("empty", "full")  # not the same where a score is not reproducible
        if plan is not None and any(made[k] != v for k, v in plan.items() if k not in ends):
            raise IdentityError(
                "these runs decided what to draw by what they had seen, each for itself, so that their journals cannot "
                "be folded as one. Add their results: a + b."
            )


def variant(job: Any, **changes: Any) -> Any:
    """The same job with another seed or size law of its sampler.

    Raises:
        InputError: if its draws are no function of a seed and a law.
    """
    sampler = getattr(job, "sampler", None)
    names = {f.name for f in dataclasses.fields(sampler)} if dataclasses.is_dataclass(sampler) else set()
    changes = {name: new for name, new in changes.items() if name in names or name != "seed"}
    if sampler is None or not set(changes) <= names:
        raise InputError(
            f"{type(job if sampler is None else sampler).__name__} keeps no utilities that could be folded in another "
            "way. Run the other method itself."
        )
    new = copy.copy(job)
    new.sampler = dataclasses.replace(sampler, **changes)
    return new
