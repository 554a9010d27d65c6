"""The loop, written once: a generator of `Progress` over a job, a rule and some workers.

Rounds have a fixed number of steps, whatever the workers; steps are folded in order; rules decide at round ends.
So the values are the same bits for any number of workers, pauses, kills and resumes. Only a time limit and a stop by
hand end a run between tasks; then the whole in-order steps that are finished are folded.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .cost import announce, bounded_steps, next_round, schedule
from .gate import Gate
from .job import Job, Receipts, Settling
from .judge import Judge
from .newest import Newest
from .parallel import Task, Workers
from .pieces import Pieces, first_piece
from .records import Estimate, Progress, Verdict
from .rules import LazyView, StoppingRule
from .tally import Clock, Tally
from .threads import capped, lifted
from .undivided import Undivided


class Loop:
    """One run of a job; `frames()` may be iterated once.

    Attributes:
        newest: the newest values, with what they rest on.
        judge: its rule, and the rule's last word.
        step: the next step, so `range(0, step)` was folded.
        ended: "" while going on, then "rule", "complete", "time", "stop", "interrupt" or "failed".
        lift: whether the consumer of the frames gets its own inner threads back while it looks at one.
        active: whether `frames()` is being iterated.
        whole: folds and looks, which an interrupt does not cut in half while it is `heard()` by this.
    """

    def __init__(
        self,
        job: Job,
        rule: StoppingRule,
        *,
        workers: Workers | None = None,
        receipts: Receipts,
        gate: Gate | None = None,
        on_pause: Callable[[bool], None] | None = None,
    ) -> None:
        self.job, self.receipts = job, receipts
        self.judge = Judge(rule, job.n)
        self.workers = workers or Workers()
        self.gate = gate or Gate()
        self.on_pause = on_pause or _ignore
        self.clock = Clock(receipts.seconds)
        self.tally = Tally()
        self.stats: Any = None
        self.step = 0
        self.rounds = 0
        self.ended = ""
        self.active = False
        self.announcement = ""
        self._announced: StoppingRule | None = None
        self.lift = False
        self.whole = Undivided()
        self.newest = Newest(job, self.whole)
        self._caps = not getattr(job, "threads_itself", False)
        self._plan: Mapping[str, Any] | None = None
        self._replayed_clock: float | None = None

    def change_rule(self, rule: StoppingRule) -> None:
        """Stop by another rule from now on; from any thread.

        It is taken between two tasks and asked at the next round end. Draws and values do not depend on it, only where
        the run ends (and, with `skip_converged`, which points are left out). Rules that look at the work done, the
        errors or the time end the run where they would have ended it from the beginning, or at the next round end
        where that has passed; those that look back over rounds begin with the next one.
        """
        self.judge.change(rule)

    @property
    def rule(self) -> StoppingRule:
        """The rule that is asked now."""
        return self.judge.rule

    @property
    def estimate(self) -> Estimate:
        """The newest values."""
        return self.newest.estimate

    @property
    def verdict(self) -> Verdict:
        """The rule's last word."""
        return self.judge.verdict

    def frames(self) -> Iterator[Progress]:
        """Do the work and yield a `Progress` now and then; the last one has `final=True`.

        Raises:
            Whatever the first fit or a refusing utility raises; finished work is in the receipts by then.
        """
        self.receipts.begin()  # refuses while another run has them
        self.active = True
        try:
            with capped(self._caps):
                yield from self._frames()
        except GeneratorExit:  # whoever looked at the frames breaks off
            if self.stats is not None and not self.ended:
                self.receipts.save(self.step, self.stats, self.clock.seconds)
            raise
        except Exception as error:
            if self.rounds:
                with contextlib.suppress(Exception):  # the error that is on its way says more
                    self._take_in()
            self.ended = "failed"
            words = str(error).strip().partition("\n")[0]
            self.judge.broken_off(f"failed: {type(error).__name__}{': ' if words else ''}{words}")
            raise
        finally:
            self.clock.stop()
            self.active = False
            try:
                self.workers.close()
            finally:
                self.receipts.end()

    def _frames(self) -> Iterator[Progress]:
        self.judge.begin()
        self.clock.start()
        yield from self._shown(self._begin())
        while not self._exhausted():
            if not self._gate_open():
                break
            yield from self._shown(self._round(self._next_round()))
            if self._over():
                break
            self.rounds += 1
            if self.rounds == 1 and self.tally.unit_seconds:
                self._announce(self.tally.unit_seconds)
            self.job.check(self.stats, self.rounds)
            self.ended = self.judge.asks(self.step, self._view())
            self.receipts.save(self.step, self.stats, self.clock.seconds)
            if self._over():
                break
            if not self._exhausted() and self.newest.due(round_end=True):
                self._look()
                yield from self._shown(iter([self.newest.frame(self)]))
        self._finish()
        yield from self._shown(iter([self.newest.frame(self, final=True)]))

    def interrupted(self) -> None:
        """Take in what was folded before an interrupt, so that `newest` shows it."""
        if self.stats is not None and not self.ended:
            self.ended = "interrupt"
            self._take_in()
            self.judge.broken_off("interrupted")

    def _take_in(self) -> None:
        """The newest estimate of a run that is broken off."""
        if not self.whole.broken:  # a fold, or a look, cut in half is no statistic: the last one stands
            self._look()

    def _shown(self, frames: Iterator[Progress]) -> Iterator[Progress]:
        """The frames, with the clock standing and (in a stream) the consumer's own threads while it looks at one."""
        # threads at work share our process and would lose their cap
        mine = self.lift and self._caps and (self.workers.backend is None or self.workers.shipped)
        for frame in frames:
            self.clock.stop()
            with lifted(mine):
                yield frame
            self.clock.start()

    def _begin(self) -> Iterator[Progress]:
        first = first_piece(self.job, self.receipts, self.clock.seconds)
        self.stats = self.job.initial(first)
        restored = self.receipts.restore()
        if restored is not None:
            self.step, self.stats = restored
        self.tally.done = self.job.units(self.step)
        seconds = float(getattr(first, "seconds", 0.0))
        self._announce(seconds)
        self._row_seconds = seconds
        yield self.newest.frame(self)

    def _over(self) -> bool:
        return self.ended != ""

    def _exhausted(self) -> bool:
        return self.job.total_steps is not None and self.step >= self.job.total_steps

    def _next_round(self) -> range:
        self.judge.take()  # the rule that somebody wants may shorten it
        return next_round(self.job, self.rule, self.step)

    def _round(self, steps: range) -> Iterator[Progress]:
        plan = self._plan_of(steps.start)
        self.receipts.round(steps.start, len(steps), self.job.checksum(steps), plan)
        pieces = Pieces(self.job, steps, self.receipts)
        for payload in pieces.recorded:
            self._count(payload, fresh=False)
        self._replayed_clock = pieces.clock
        workers = 1 if self.workers.backend is None else self.workers.n_jobs
        tasks = deque(schedule(pieces.missing, self._row_seconds, workers, self.job.divisible))
        yield from self._fold_ready(pieces)
        while tasks and self._may_go_on():
            for task, payloads in self.workers.imap(self.job, plan, self._handed_out(tasks)):
                self.receipts.task(task, payloads, self.clock.seconds)
                for piece, payload in zip(task, payloads, strict=True):
                    pieces.add(piece, payload)
                    self._count(payload, fresh=True)
                yield from self._fold_ready(pieces)

    def _plan_of(self, step: int) -> Mapping[str, Any]:
        """The plan of the round at a step, made from earlier rounds only."""
        if step % self.job.round_steps == 0 or self._plan is None:
            if isinstance(self.job, Settling):
                recorded = self.receipts.plan(step)
                self.stats = self.job.settle(self.stats, self.verdict.converged, recorded)
            self._plan = self.job.plan(self.stats)
        return self._plan

    def _handed_out(self, tasks: deque[Task]) -> Iterator[Task]:
        while tasks and self.gate.is_open and not self.judge.late(self.clock.seconds):
            yield tasks.popleft()

    def _may_go_on(self) -> bool:
        """Wait while paused; False ends the run here."""
        if self._gate_open() and self.judge.late(self.clock.seconds):
            self.ended = "time"
        return not self.ended

    def _gate_open(self) -> bool:
        """Wait while paused; False when stopped by hand."""
        if self.gate.paused:
            self.receipts.save(self.step, self.stats, self.clock.seconds)
            self.clock.stop()
            with lifted(self._caps):
                self.on_pause(True)
                self.gate.wait()
                self.on_pause(False)
            self.clock.start()
        if self.gate.stopped:
            self.ended = "stop"
        return not self.ended

    def _fold_ready(self, pieces: Pieces) -> Iterator[Progress]:
        while (whole := pieces.pop(self.step)) is not None:
            with self.whole:
                self.stats = self.job.fold(self.stats, self.step, whole)
                self.step += 1
        if self.rule is not self._announced:  # its bounds are others
            self._announce(self._row_seconds)
        if self.newest.due(round_end=False) and self._replayed_clock is None:
            self._look()
            yield self.newest.frame(self)

    def _count(self, payload: Any, *, fresh: bool) -> None:
        self.tally.add(self.job.tally(payload), payload, fresh=fresh)
        self._row_seconds = self.tally.unit_seconds or self._row_seconds

    def _announce(self, seconds: float) -> None:
        self.announcement = announce(self.job, self.rule, seconds, self.workers.n_jobs)
        self._announced = self.rule

    def _look(self) -> None:
        self.newest.look(self.stats, self.step, self.tally)

    def _view(self) -> LazyView:
        seconds = self.clock.seconds if self._replayed_clock is None else self._replayed_clock
        exact = self.job.exact(self.stats)
        return LazyView(self._newest, self.job.n, seconds=seconds, exact=exact, done=self.tally.done)

    def _newest(self) -> Estimate:
        self._look()
        return self.estimate

    def _finish(self) -> None:
        self._look()
        self.receipts.save(self.step, self.stats, self.clock.seconds)
        if not self.ended:
            self.ended = "complete"
            self.judge.complete()
        elif self.ended in ("time", "stop"):
            self.judge.cut(self.ended, self.step, self._view)

    def total_units(self) -> int | None:
        """At most so many units of work, or None when neither the job nor the rule gives a bound."""
        steps = bounded_steps(self.job, self.rule)
        return None if steps is None else self.job.units(steps)


def _ignore(_: bool) -> None:
    """Nobody wants to hear of pauses."""
