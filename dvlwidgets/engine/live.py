"""A run in the background: it works while the notebook cell has returned.

It is a thread, or a task of the event loop where there are no threads (`runner`). Others only ask: `pause`, `resume`
and `stop` set a gate that the loop looks at between tasks. A program that waits uses `wait()`, a notebook cell
`await run`; Ctrl-C in either leaves the run alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from ..errors import RunError
from . import runs
from .gate import Gate
from .listeners import Listeners
from .records import Progress, Verdict
from .rules import StoppingRule, check_rule
from .runner import Runner, Steps, choose

Callback = Callable[["Run"], None]

PENDING, RUNNING, PAUSED = "pending", "running", "paused"
STOPPED, FINISHED, FAILED = "stopped", "finished", "failed"
LAST_WORD = 5.0
"""Seconds that `wait` gives subscribers, after the end, to hear of it. They are quick; one that hangs stops nobody."""


class Run:
    """The handle of one background run.

    Attributes:
        name: what to call it.
        valuation: the method that runs.
        state: pending, running, paused, stopped, finished or failed.
        progress: the newest `Progress`, or None.
        history: (done, certainty, completion), append-only, denser at the beginning than later.
        error: what made the run fail.
        kept: whether all that it did is on disk, in a checkpoint that another run may go on from.
    """

    def __init__(
        self,
        frames: Callable[[Gate, Callable[[bool], None]], Iterator[Progress]],
        result: Callable[[], Any],
        *,
        name: str,
        valuation: Any,
        change_rule: Callable[[StoppingRule], None] | None = None,
        kept: bool = False,
    ) -> None:
        self.name, self.valuation, self.kept = name, valuation, kept
        self.state = PENDING
        self.progress: Progress | None = None
        self.history: list[tuple[int, float, float]] = []
        self.error: BaseException | None = None
        self._frames, self._result = frames, result
        self._change_rule = change_rule
        self._gate = Gate()
        self._over, self._told = threading.Event(), threading.Event()
        self._teller: int | None = None
        self._lock = threading.Lock()
        self._listeners: Listeners[Run] = Listeners()
        self._runner: Runner | None = None

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self._over.is_set()

    @property
    def alive(self) -> bool:
        """Whether it was started and is not over."""
        return self._runner is not None and not self.over

    @property
    def verdict(self) -> Verdict | None:
        """The stopping rule's last word, or None before any."""
        return None if self.progress is None else self.progress.verdict

    @property
    def result(self) -> Any:
        """The values so far as a ValuationResult, or None before there are any."""
        return None if self.progress is None else self._result()

    @property
    def pausing(self) -> bool:
        """Whether a pause was asked for that the run has not reached yet."""
        return self._gate.paused and self.state == RUNNING

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for that the run has not reached yet."""
        return self._gate.stopped and not self.over

    def start(self) -> Run:
        """Begin in the background.

        Raises:
            RunError: if it was started or stopped before, or there are neither threads nor a running event loop.
        """
        with self._lock:
            if self._runner is not None or self.over:
                raise RunError(
                    f"run {self.name!r} was begun already; it is {self.state}. Start a new one instead."
                )
            self._runner = runner = choose()
        runs.enter(self)
        try:
            runner.begin(self._steps(runner), self.name, self._gate.stop)
        except RunError:
            self._runner = None
            raise
        return self

    def pause(self) -> None:
        """Hand out no new work; finished work is kept. The state becomes paused when the last task is in."""
        self._refuse_when_over("pause")
        self._gate.pause()
        self._tell()

    def resume(self) -> None:
        """Go on after a pause."""
        self._refuse_when_over("resume")
        self._gate.resume()
        self._wake()
        self._tell()

    def stop(self) -> None:
        """End here with the values so far; stopping twice does nothing."""
        self._gate.stop()
        self._wake()
        if self._runner is None and not self.over:
            self._set(STOPPED)
            self._end()

    def make_way(self, timeout: float) -> None:
        """Leaves processors and files to another run: pauses, or ends where a checkpoint has it all.

        Args:
            timeout: seconds to wait for that end, so that the other run finds the checkpoint free.
        """
        with contextlib.suppress(RunError):  # it came to its end meanwhile
            if not self.kept:
                self.pause()
                return
            self.stop()
            if self._runner is not None and self._runner.may_block:
                self._over.wait(timeout)

    @property
    def has_rule(self) -> bool:
        """Whether a stopping rule ends it and can be changed, now."""
        return self._change_rule is not None and not self.over

    def change_rule(self, rule: StoppingRule) -> None:
        """Stops by another rule from now on, which becomes the valuation's own.

        The values at a step are the same bits under every rule. A rule on the work done, the errors or the time ends
        the run where it would have ended it from the beginning, if that still lies ahead, and else at the end of the
        round in hand. A rule that looks back over rounds (`RankCorrelation` wants two in a row, `HistoryDeviation`
        several) begins with the next round.

        Raises:
            RunError: the run is over, or its work has no rule.
            InputTypeError: `rule` is no stopping rule.
        """
        check_rule(rule)
        self._refuse_when_over("stop by another rule")
        if self._change_rule is None:
            raise RunError(f"run {self.name!r} has no stopping rule that could be changed.")
        self._change_rule(rule)
        self._wake()
        self._tell()

    def wait(self, timeout: float | None = None) -> Any:
        """Block until the run is over and its subscribers know, and return its result; Ctrl-C leaves the run alive.

        Raises:
            RunError: if the run was never started, is not over after `timeout` seconds, or cannot go on while this
                waits because there are no threads.
            Whatever made the run fail.
        """
        self._refuse_when_not_started()
        if not self.over and self._runner is not None and not self._runner.may_block:
            raise RunError(
                f"run {self.name!r} cannot go on while this waits, because this Python has no threads: "
                "write `await run` (of a panel `await panel.run`) instead."
            )
        if not self._over.wait(timeout):
            raise RunError(f"run {self.name!r} is still {self.state} after {timeout:g} s; it goes on.")
        if threading.get_ident() != self._teller:  # else a subscriber asks, and would wait for itself
            self._told.wait(LAST_WORD)
        return self._outcome()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._finished().__await__()

    async def _finished(self) -> Any:
        self._refuse_when_not_started()
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell(run: Run) -> None:
            if run.over:
                loop.call_soon_threadsafe(done.set)

        forget = self.subscribe(tell)
        try:
            if not self.over:
                await done.wait()
        finally:
            forget()
        return self._outcome()

    def _outcome(self) -> Any:
        """The result of a run that is over, or what made it fail."""
        if self.error is not None:
            raise self.error
        return self.result

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call back after every new progress and state; returns how to unsubscribe.

        Calls come from the run's thread, and from the thread that asks for a pause or a resume. A callback must be
        quick and must not raise; one that raises is dropped (`callback_error` has what it raised).
        """
        return self._listeners.add(callback)

    @property
    def callback_error(self) -> Exception | None:
        """What the last dropped subscriber raised, or None."""
        return self._listeners.error

    def _steps(self, runner: Runner) -> Steps:
        """The run's work; between two frames others have their turn."""
        state = FINISHED
        try:
            self._set(RUNNING)
            self._tell()
            yield from self._turn(runner)
            for progress in self._frames(self._gate, self._on_pause):
                self.progress = progress
                self._remember(progress)
                if not progress.final:
                    self._tell()
                    yield from self._turn(runner)
            state = STOPPED if self._gate.stopped else FINISHED
        except GeneratorExit:  # the event loop ends, and the run with it
            state = STOPPED
        except BaseException as error:  # nobody is there to raise to: `wait` does
            self.error, state = error, FAILED
        finally:
            self._set(state)
            self._end()

    def _end(self) -> None:
        """Nothing changes any more; the subscribers are told before those who wait go on."""
        self._teller = threading.get_ident()
        self._over.set()
        self._tell()
        self._told.set()

    def _turn(self, runner: Runner) -> Steps:
        """Others' turn. A loop of events must not be blocked: where there is one, a pause is waited for here."""
        yield 0
        paused = False
        while self._gate.paused and not runner.may_block:
            if not paused:
                paused = True
                self._on_pause(True)
            yield None
        if paused:
            self._on_pause(False)
            yield from self._turn(runner)  # whoever was told may have paused it again

    def _remember(self, progress: Progress) -> None:
        # steps grow with the run, so that days of work do not make a list of millions
        last = self.history[-1][0] if self.history else -1
        if progress.final or progress.done >= last + max(1, last // 200):
            self.history.append((progress.done, progress.certainty, progress.verdict.completion))

    def _on_pause(self, paused: bool) -> None:
        self._set(PAUSED if paused else RUNNING)
        self._tell()

    def _set(self, state: str) -> None:
        self.state = state

    def _tell(self) -> None:
        self._listeners.tell(self)

    def _wake(self) -> None:
        if self._runner is not None:
            self._runner.wake()

    def _refuse_when_not_started(self) -> None:
        if self._runner is None and not self.over:
            raise RunError(f"run {self.name!r} was not started; call start() first.")

    def _refuse_when_over(self, action: str) -> None:
        if self.over:
            raise RunError(
                f"run {self.name!r} is {self.state}; there is nothing to {action}. Start a new one."
            )

    def __repr__(self) -> str:
        p = self.progress
        where = "" if p is None else f", {p.done:,} {p.unit}, {p.verdict.reason}"
        return f"Run({self.name!r}, {self.state}{where})"
