"""The background run: states, pause, resume, stop, wait, await, subscribers, interrupts, active time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_worlds import blobs
from sklearn.neighbors import KNeighborsClassifier
from watch import Watch

from dvlwidgets import (
    KNNShapleyValuation,
    MaxTime,
    MaxUpdates,
    NoStopping,
    PermutationSampler,
    Run,
    ShapleyValuation,
    Status,
    Utility,
)
from dvlwidgets.errors import FirstFitError, NotFittedError, RunError

TRAIN, TEST = blobs(12)
STATES = ("pending", "running", "paused", "stopped", "finished", "failed")


class Game:
    """A utility that counts its calls, waits at a gate which it may close itself, and fails from a certain call on."""

    def __init__(self, fails_at: int | None = None, closes_at: int | None = None) -> None:
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()
        self.calls, self.fails_at, self.closes_at = 0, fails_at, closes_at

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        self.calls += 1
        if self.calls == self.closes_at:
            self.open.clear()
        self.reached.set()
        if self.fails_at is not None and self.calls >= self.fails_at:
            raise ArithmeticError(f"call {self.calls}")
        assert self.open.wait(30)
        time.sleep(0.002)
        return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))


def valuation(game: Any = None, rule: Any = None) -> ShapleyValuation:
    utility = Utility.from_function(game or Game(), key="game")
    return ShapleyValuation(utility, PermutationSampler(seed=4), rule or MaxUpdates(24))


def until(truth: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for something that must happen; only a failure takes the whole time."""
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def held(game: Game) -> None:
    """Wait until the run stands at the gate that its game has closed: it cannot be over before a test is ready."""
    until(lambda: not game.open.is_set())


def reach(run: Run, state: str) -> None:
    until(lambda: run.state == state or run.over)
    assert run.state == state, run.error


# --- from pending to finished -----------------------------------------------------------------------------------


def test_a_run_goes_from_pending_over_running_to_finished() -> None:
    v = valuation()
    run = v.prepare_run(TRAIN, name="mine")
    seen: list[str] = []
    run.subscribe(lambda r: seen.append(r.state))
    assert (run.state, run.progress, run.result, run.over, run.name) == ("pending", None, None, False, "mine")
    assert run.start() is run
    result = run.wait(30)
    assert run.state == "finished"
    assert run.over
    assert run.error is None
    assert [s for k, s in enumerate(seen) if k == 0 or s != seen[k - 1]] == ["running", "finished"]
    assert run.progress is not None
    assert run.progress.final
    np.testing.assert_array_equal(result.values, v.result.values)
    np.testing.assert_array_equal(run.progress.values, result.values)
    assert result.status is Status.Converged
    assert "mine" in repr(run)


def test_a_background_run_equals_fit() -> None:
    run = valuation().start(TRAIN)
    assert run.wait(30).values.tobytes() == valuation().fit(TRAIN).result.values.tobytes()


def test_the_closed_form_runs_in_the_background_too() -> None:
    method = KNNShapleyValuation(KNeighborsClassifier(3), TEST, progress=False)
    run = method.start(TRAIN)
    assert np.isfinite(run.wait(30).values).all()
    assert run.progress is not None
    assert run.progress.unit == "test points"


def test_frames_are_numbered_and_the_history_grows_with_the_work() -> None:
    run = valuation().prepare_run(TRAIN)
    frames: list[Any] = []
    run.subscribe(lambda r: frames.append(r.progress))
    run.start().wait(30)
    numbers = [p.seq for p in frames if p is not None]
    assert numbers == sorted(numbers)
    done = [h[0] for h in run.history]
    assert done == sorted(set(done))
    assert done[-1] == 24 * 11
    assert all(len(h) == 3 for h in run.history)


def test_results_can_be_read_while_running() -> None:
    game = Game()
    v = valuation(game, NoStopping())
    with pytest.raises(NotFittedError):
        v.result  # noqa: B018
    run = v.start(TRAIN)
    until(lambda: run.progress is not None and run.progress.counts.min() >= 4)
    result = run.result
    assert result.status is Status.Pending
    assert np.isfinite(result.values).all()
    values = result.values.copy()
    seen = run.progress.done
    until(lambda: run.progress.done > seen + 100)
    np.testing.assert_array_equal(result.values, values)  # a result does not move under its reader
    run.stop()
    run.wait(30)


# --- pause, resume, stop ----------------------------------------------------------------------------------------


def test_a_paused_run_stands_still_and_goes_on_to_the_same_bits() -> None:
    game = Game(closes_at=4)
    run = valuation(game).start(TRAIN)
    held(game)
    run.pause()
    game.open.set()
    reach(run, "paused")
    calls, seconds = game.calls, run.progress.seconds
    time.sleep(0.1)
    assert game.calls == calls
    assert run.state == "paused"
    run.resume()
    result = run.wait(30)
    assert run.state == "finished"
    assert game.calls > calls
    assert run.progress.seconds >= seconds
    assert result.values.tobytes() == valuation().fit(TRAIN).result.values.tobytes()


def test_a_pause_is_pending_until_the_task_is_in() -> None:
    game = Game(closes_at=3)
    run = valuation(game).start(TRAIN)
    held(game)
    run.pause()
    assert run.pausing
    assert run.state == "running"
    game.open.set()
    reach(run, "paused")
    assert not run.pausing
    run.stop()
    run.wait(30)


def test_pauses_and_resumes_may_come_in_any_number() -> None:
    run = valuation(rule=NoStopping()).start(TRAIN)
    for _ in range(5):
        run.pause()
        run.pause()
        reach(run, "paused")
        run.resume()
        run.resume()
    until(lambda: run.progress.counts.min() >= 5)
    run.stop()
    result = run.wait(30)
    again = valuation(rule=MaxUpdates(int(result.counts.min()))).fit(TRAIN).result
    assert result.values.tobytes() == again.values.tobytes()


def test_stop_keeps_whole_steps() -> None:
    game = Game()
    run = valuation(game, NoStopping()).start(TRAIN)
    until(lambda: run.progress is not None and run.progress.counts.min() >= 5)
    run.stop()
    result = run.wait(30)
    assert run.state == "stopped"
    assert result.status is Status.Stopped
    walks = set(result.counts.tolist())
    assert len(walks) == 1
    steps = walks.pop()
    assert steps >= 5
    again = valuation(rule=MaxUpdates(steps)).fit(TRAIN).result
    np.testing.assert_allclose(result.values, again.values, rtol=0, atol=0)
    assert "stopped by hand" in run.progress.verdict.reason
    assert any("ended by stop" in note for note in result.provenance.notes)
    run.stop()  # stopping twice does nothing
    assert run.state == "stopped"


def test_a_paused_run_can_be_stopped() -> None:
    run = valuation(rule=NoStopping()).start(TRAIN)
    until(lambda: run.progress is not None and run.progress.counts.min() >= 1)
    run.pause()
    reach(run, "paused")
    run.stop()
    run.wait(30)
    assert run.state == "stopped"


def test_a_run_that_is_stopped_before_it_begins_does_nothing() -> None:
    game = Game()
    run = valuation(game).prepare_run(TRAIN)
    run.stop()
    assert run.state == "stopped"
    assert run.wait(1) is None
    with pytest.raises(RunError, match="stopped"):
        run.start()
    assert game.calls == 0


def test_a_run_that_is_paused_before_it_begins_does_one_fit_and_waits() -> None:
    game = Game()
    run = valuation(game).prepare_run(TRAIN)
    run.pause()
    run.start()
    reach(run, "paused")
    assert game.calls == 1
    assert run.progress.announcement
    run.resume()
    assert run.wait(30).values.tobytes() == valuation().fit(TRAIN).result.values.tobytes()


# --- what is refused --------------------------------------------------------------------------------------------


def test_a_run_starts_once() -> None:
    run = valuation().start(TRAIN)
    with pytest.raises(RunError, match="begun already"):
        run.start()
    run.wait(30)
    with pytest.raises(RunError, match="begun already"):
        run.start()
    for action in (run.pause, run.resume):
        with pytest.raises(RunError, match="finished"):
            action()


def test_one_valuation_runs_once_at_a_time() -> None:
    game = Game()
    v = valuation(game)
    game.open.clear()
    run = v.start(TRAIN)
    for begin in (v.fit, v.start, v.prepare_run, v.stream):
        with pytest.raises(RunError, match="running already"):
            begin(TRAIN)
    game.open.set()
    run.wait(30)
    assert v.fit(TRAIN).result.values.tobytes() == run.result.values.tobytes()


def test_of_two_prepared_runs_each_can_be_started_but_not_both_at_once() -> None:
    game = Game(closes_at=2)
    v = valuation(game)
    first, second = v.prepare_run(TRAIN), v.prepare_run(TRAIN)
    first.start()
    held(game)
    second.start()
    with pytest.raises(RunError, match="running already"):
        second.wait(30)
    game.open.set()
    assert first.wait(30).values.tobytes() == v.result.values.tobytes()
    third = v.prepare_run(TRAIN)
    assert np.isfinite(first.result.values).all()  # its own, whatever was prepared since
    assert first.result.values.tobytes() == third.start().wait(30).values.tobytes()


def test_a_stream_that_was_left_can_be_followed_by_another_run() -> None:
    v = valuation()
    stream = v.stream(TRAIN)
    next(stream)
    with pytest.raises(RunError, match="running already"):
        v.fit(TRAIN)
    stream.close()
    v.fit(TRAIN)


def test_waiting_has_a_time_limit_and_leaves_the_run_alive() -> None:
    game = Game(closes_at=1)
    run = valuation(game).start(TRAIN)
    with pytest.raises(RunError, match="it goes on"):
        run.wait(0.05)
    game.open.set()
    run.wait(30)
    with pytest.raises(RunError, match="not started"):
        valuation().prepare_run(TRAIN).wait()


# --- errors -----------------------------------------------------------------------------------------------------


def test_an_error_surfaces_in_wait_and_in_await_and_keeps_what_was_computed() -> None:
    # the utility is one call a task at first; by the 5th some walks are folded
    run = valuation(Game(fails_at=5)).start(TRAIN)
    with pytest.raises(ArithmeticError, match="call 5"):
        run.wait(30)
    assert run.state == "failed"
    assert isinstance(run.error, ArithmeticError)

    async def cell() -> None:
        await run

    with pytest.raises(ArithmeticError, match="call 5"):
        asyncio.run(cell())
    with pytest.raises(ArithmeticError):
        run.wait()


def test_a_first_fit_that_fails_fails_the_run() -> None:
    run = valuation(Game(fails_at=1)).start(TRAIN)
    with pytest.raises(FirstFitError, match="call 1"):
        run.wait(30)
    assert run.state == "failed"
    assert run.result is None


def test_a_failed_run_leaves_the_valuation_usable() -> None:
    game = Game(fails_at=4)
    v = valuation(game)
    with pytest.raises(ArithmeticError):
        v.start(TRAIN).wait(30)
    game.fails_at = None
    assert v.fit(TRAIN).result.values.tobytes() == valuation().fit(TRAIN).result.values.tobytes()


# --- await ------------------------------------------------------------------------------------------------------


def test_await_gives_the_result_and_lets_other_tasks_run() -> None:
    game, ticks = Game(closes_at=2), []

    async def clock() -> None:
        while True:
            ticks.append(1)
            if len(ticks) == 10:
                game.open.set()  # the run goes on only if this task does
            await asyncio.sleep(0.001)

    async def cell() -> Any:
        run = valuation(game).start(TRAIN)
        held(game)
        other = asyncio.create_task(clock())
        result = await run
        assert (await run).values.tobytes() == result.values.tobytes()  # also when it is over
        other.cancel()
        return result

    result = asyncio.run(cell())
    assert np.isfinite(result.values).all()
    assert len(ticks) >= 10


def test_a_cancelled_await_leaves_the_run_alive() -> None:
    game = Game()

    async def cell(run: Run) -> None:
        await asyncio.wait_for(asyncio.ensure_future(_awaited(run)), 0.05)

    game.open.clear()
    run = valuation(game).start(TRAIN)
    with pytest.raises(TimeoutError):
        asyncio.run(cell(run))
    assert run.state == "running"
    assert len(run._listeners) == 0
    game.open.set()
    run.wait(30)


async def _awaited(run: Run) -> Any:
    return await run


# --- subscribers ------------------------------------------------------------------------------------------------


def test_a_subscriber_that_raises_is_dropped_and_does_not_hurt() -> None:
    run = valuation().prepare_run(TRAIN)
    calls: list[str] = []

    def bad(_: Run) -> None:
        calls.append("bad")
        raise ValueError("page is gone")

    run.subscribe(bad)
    run.subscribe(lambda _: calls.append("good"))
    run.start().wait(30)
    assert run.state == "finished"
    assert calls.count("bad") == 1
    assert calls.count("good") >= 3


def test_who_waited_for_the_run_finds_its_subscribers_told_of_the_end() -> None:
    run = valuation().prepare_run(TRAIN)
    heard: list[str] = []

    def late(r: Run) -> None:
        if r.over:
            time.sleep(0.05)  # long enough for the waiting thread to go on, if it could
            assert r.wait(0) is not None  # a subscriber may ask for the result: it waits for nobody
        heard.append(r.state)

    run.subscribe(late)
    run.start().wait(30)
    assert heard[-1] == "finished"


def test_subscribers_can_leave_also_twice_and_from_within() -> None:
    run = valuation().prepare_run(TRAIN)
    calls: list[str] = []

    def once(_: Run) -> None:
        calls.append("once")
        forget()

    forget = run.subscribe(once)
    never = run.subscribe(lambda _: calls.append("never"))
    never()
    never()
    run.start().wait(30)
    assert calls == ["once"]


def test_a_subscriber_may_pause_and_stop() -> None:
    run = valuation(rule=NoStopping()).prepare_run(TRAIN)
    run.subscribe(lambda r: r.stop() if r.progress is not None and r.progress.done >= 50 else None)
    run.start().wait(30)
    assert run.state == "stopped"
    assert run.progress.done >= 50


# --- active time ------------------------------------------------------------------------------------------------


def test_max_time_counts_active_seconds_without_pauses(watch: Watch) -> None:
    game = Game(closes_at=4)

    def a_tenth_of_a_second(masks: np.ndarray) -> np.ndarray:
        if len(masks) > 2:
            watch.now += 0.1
        return game(masks)

    run = valuation(a_tenth_of_a_second, MaxTime(5.0)).start(TRAIN)
    held(game)
    run.pause()
    game.open.set()
    reach(run, "paused")
    calls, stood = game.calls, run.valuation._loop.clock.seconds
    assert stood == pytest.approx(0.1 * (calls - 1))  # the first call was the first fit
    watch.now += 1000.0  # much longer than the limit
    assert run.valuation._loop.clock.seconds == stood
    run.resume()
    result = run.wait(30)
    assert run.state == "finished"
    assert game.calls > calls, "the pause was counted"
    assert 5.0 <= run.progress.seconds < 6.0
    assert result.status is Status.Stopped
    assert "stopped by time" in run.progress.verdict.reason


def test_a_consumer_that_takes_its_time_is_not_counted(watch: Watch) -> None:
    frames = valuation(rule=MaxTime(5.0) | MaxUpdates(16)).stream(TRAIN)
    for frame in frames:
        assert frame.seconds == 0.0
        watch.now += 1000.0
    assert frame.seconds == 0.0
    assert "16 of 16 updates" in frame.verdict.reason


# --- Ctrl-C -----------------------------------------------------------------------------------------------------

SCRIPT = """
import signal, sys, time
import numpy as np
signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background inherits it ignored
sys.path.insert(0, {tests!r})
from engine_worlds import blobs
from dvlwidgets import MaxUpdates, NoStopping, PermutationSampler, ShapleyValuation, Utility

def slow(masks):
    time.sleep(0.002 * len(masks))
    return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))

train, _ = blobs(12)
method = ShapleyValuation(Utility.from_function(slow), PermutationSampler(seed=4), NoStopping())
"""

WAIT = """
run = method.prepare_run(train)

def tell(r):
    if r.progress and r.progress.counts.min() >= 3:
        forget()
        print("ready", flush=True)

forget = run.subscribe(tell)
run.start()
try:
    run.wait()
except KeyboardInterrupt:
    at = run.progress.done
    while run.progress.done <= at + 20:
        time.sleep(0.01)
    print("alive", run.state, flush=True)
    run.stop()
    result = run.wait()
    print("kept", run.state, np.isfinite(result.values).all(), flush=True)
"""

FIT = """
class Rule(MaxUpdates):
    def update(self, state, view):
        print("ready", flush=True)
        return super().update(state, view)

method.is_done = Rule(10**6)
try:
    method.fit(train)
except KeyboardInterrupt:
    r = method.result
    steps = int(r.counts.min())
    assert steps == r.counts.max()
    whole = ShapleyValuation(Utility.from_function(slow), PermutationSampler(seed=4), MaxUpdates(steps)).fit(train)
    same = whole.result.values.tobytes() == r.values.tobytes()
    print("kept", steps >= 8, same, r.status.name, flush=True)
"""


def interrupted(body: str) -> list[str]:
    """The lines that a script prints when SIGINT hits it after its first 'ready'."""
    source = SCRIPT.format(tests=str(Path(__file__).parent)) + body
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "ready"
        os.kill(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
    return [line for line in rest.splitlines() if line != "ready"]


def test_ctrl_c_in_wait_leaves_the_run_alive() -> None:
    assert interrupted(WAIT) == ["alive running", "kept stopped True"]


def test_ctrl_c_in_fit_keeps_what_was_computed() -> None:
    assert interrupted(FIT) == ["kept True True Stopped"]
