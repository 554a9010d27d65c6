"""The loop: tasks, announcements, bounds, first frame, counts, time limits, the journal's refusals, the bar."""

from __future__ import annotations

import io
import json
import re
import struct
import time
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pytest
from engine_worlds import blobs
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier
from watch import Watch

from dvlwidgets import (
    BanzhafValuation,
    DeterministicUniformSampler,
    KNNShapleyValuation,
    LOOValuation,
    MaxTime,
    MaxUpdates,
    MinUpdates,
    MSRSampler,
    NoStopping,
    PermutationSampler,
    RankCorrelation,
    ShapleyValuation,
    Status,
    Utility,
)
from dvlwidgets.engine.bar import Bar, describe
from dvlwidgets.engine.cost import TASK_SECONDS, announce, duration, schedule
from dvlwidgets.engine.records import Progress, Verdict
from dvlwidgets.errors import IdentityError, JournalError

TRAIN, TEST = blobs(12)


def game(masks: np.ndarray) -> np.ndarray:
    return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))


def slow(masks: np.ndarray) -> np.ndarray:
    time.sleep(0.004)
    return game(masks)


def valuation(function: Any = game, rule: Any = None, sampler: Any = None) -> ShapleyValuation:
    utility = Utility.from_function(function, key="game")
    return ShapleyValuation(utility, sampler or PermutationSampler(seed=4), rule or MaxUpdates(10))


# --- tasks --------------------------------------------------------------------------------------------------------

PIECES = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 90)), min_size=0, max_size=12
)  # (gap to the step before, rows)


def pieces(shape: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    steps = np.cumsum([gap for gap, _ in shape])
    return [(int(step), 0, rows) for step, (_, rows) in zip(steps, shape, strict=True)]


@given(PIECES, st.floats(0, 2), st.integers(1, 9), st.booleans())
def test_tasks_cover_the_pieces_exactly_and_in_order(
    shape: list[tuple[int, int]], row_seconds: float, workers: int, divisible: bool
) -> None:
    given_ = pieces(shape)
    tasks = schedule(given_, row_seconds, workers, divisible)
    flat = [piece for task in tasks for piece in task]
    rows = [(step, row) for step, lo, hi in flat for row in range(lo, hi)]
    assert rows == [(step, row) for step, lo, hi in given_ for row in range(lo, hi)]
    assert all(lo < hi for _, lo, hi in flat)
    assert all(tasks)
    if not divisible:
        assert flat == given_


@given(PIECES, st.floats(1e-6, 2), st.integers(1, 9))
def test_tasks_are_about_half_a_second(
    shape: list[tuple[int, int]], row_seconds: float, workers: int
) -> None:
    for task in schedule(pieces(shape), row_seconds, workers, divisible=True):
        rows = sum(hi - lo for _, lo, hi in task)
        assert rows == 1 or rows * row_seconds <= TASK_SECONDS * (1 + 1e-9)


@given(st.integers(1, 500), st.integers(2, 9))
def test_all_workers_have_something_to_do(rows: int, workers: int) -> None:
    tasks = schedule([(0, 0, rows)], 0.0, workers, divisible=True)
    assert len(tasks) >= min(rows, workers)


def test_steps_of_other_rows_are_only_cut_at_the_pieces_given() -> None:
    assert schedule([(3, 5, 9), (4, 0, 2)], 0.0, 1, divisible=True) == [((3, 5, 9), (4, 0, 2))]
    assert schedule([], 1.0, 2, divisible=True) == []


def test_a_batched_utility_always_gets_whole_steps() -> None:
    seen: list[tuple[int, int]] = []

    def noted(masks: np.ndarray) -> np.ndarray:
        seen.append(masks.shape)
        return slow(masks)

    with joblib.parallel_config(backend="threading", n_jobs=3):
        valuation(noted).fit(TRAIN)
        valuation(noted, MaxUpdates(100), MSRSampler(seed=0)).fit(TRAIN)
    assert set(seen) == {(2, 12), (11, 12), (64, 12)}


def test_the_rounds_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    def rounds(n_jobs: int) -> Any:
        with joblib.parallel_config(backend="threading", n_jobs=n_jobs):
            return valuation(rule=RankCorrelation(0.2)).fit(TRAIN).result.journal.rounds

    assert rounds(1) == rounds(2) == rounds(5)
    assert len(rounds(1)) >= 2


# --- announcements, bounds, first frame -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4e-7, "0.4 µs"),
        (2.5e-4, "250 µs"),
        (0.0123, "12 ms"),
        (0.12, "120 ms"),
        (3.14, "3.1 s"),
        (59.4, "59 s"),
        (119, "119 s"),
        (240, "4 min"),
        (3599, "60 min"),
        (7200, "2 h"),
        (360000, "100 h"),
    ],
)
def test_durations_are_two_digits_that_a_person_can_use(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def job(**kwargs: Any) -> Any:
    parts = {"n": 10, "unit": "evaluations", "round_steps": 8, "total_steps": None, **kwargs}
    return SimpleNamespace(
        **parts, units=lambda steps: steps * 64, steps_for_updates=lambda n: kwargs.get("steps")
    )


@pytest.mark.parametrize(
    ("job_", "rule", "n_jobs", "text"),
    [
        (job(total_steps=10), NoStopping(), 1, "at most 640 fits × 20 ms = 13 s on 1 worker"),
        (job(steps=100), MaxUpdates(100), 2, "at most 6,400 fits × 20 ms = 64 s on 2 workers"),
        (job(), RankCorrelation(), 2, "at most 512 fits a round × 20 ms = 5.1 s a round on 2 workers"),
        (
            job(),
            RankCorrelation() | MaxTime(60),
            1,
            "at most 512 fits a round × 20 ms = 10 s a round on 1 worker, and no longer than 60 s",
        ),
        (job(total_steps=1, unit="test points"), NoStopping(), 1, "at most 64 test points × 20 ms = 1.3 s"),
    ],
)
def test_the_announcement_is_an_upper_bound_in_words(job_: Any, rule: Any, n_jobs: int, text: str) -> None:
    assert announce(job_, rule, 0.02, n_jobs).startswith(text)


def test_without_a_timed_fit_nothing_is_announced() -> None:
    assert announce(job(), NoStopping(), 0.0, 1) == ""


def test_the_first_frame_comes_after_the_first_fit_with_the_announcement() -> None:
    calls: list[int] = []

    def noted(masks: np.ndarray) -> np.ndarray:
        calls.append(len(masks))
        return slow(masks)

    frames = valuation(noted).stream(TRAIN)
    assert calls == []
    first = next(frames)
    assert calls == [2]  # the empty and the full set
    assert (first.seq, first.done, first.total, first.final) == (0, 0, 110, False)
    assert re.match(r"at most 110 fits × \d+(\.\d+)? ms = .* on 1 worker$", first.announcement)
    assert np.isnan(first.values).all()
    assert np.isnan(first.certainty)
    assert (first.counts == 0).all()
    rest = list(frames)
    said = {f.announcement for f in rest} - {first.announcement}
    assert len(said) <= 1  # refined once, by the fits of the first round
    assert all(a.startswith("at most 110 fits ×") for a in said)
    assert [f.seq for f in rest] == list(range(1, len(rest) + 1))
    assert [f.final for f in rest] == [False] * (len(rest) - 1) + [True]


@pytest.mark.parametrize(
    ("sampler", "rule", "total"),
    [
        (PermutationSampler(seed=1), MaxUpdates(24), 24 * 11),
        (PermutationSampler(seed=1), MinUpdates(5), 55),
        (PermutationSampler(seed=1), MaxUpdates(24) | MinUpdates(7), 77),
        (PermutationSampler(seed=1), MaxUpdates(24) & MinUpdates(7), 24 * 11),
        (DeterministicUniformSampler(), NoStopping(), 2**12 - 2),
    ],
)
def test_frames_keep_to_their_bounds(sampler: Any, rule: Any, total: int) -> None:
    frames = list(valuation(slow if total < 300 else game, rule, sampler).stream(TRAIN))
    done = [f.done for f in frames]
    assert done == sorted(done)
    assert all(f.total == total for f in frames)
    assert done[-1] == total
    assert frames[-1].seconds_left == 0.0
    for f in frames[1:-1]:
        assert f.done <= total
        assert f.done == 0 or f.seconds_left is not None  # nothing was timed before the first task
        assert f.seconds_left is None or f.seconds_left >= 0
    seconds = [f.seconds for f in frames]
    assert seconds == sorted(seconds)


def test_without_a_bound_there_is_no_total() -> None:
    frames = valuation(rule=RankCorrelation(0.3), sampler=MSRSampler(seed=0)).stream(TRAIN)
    assert all(f.total is None for f in frames)


def test_the_time_left_is_never_more_than_the_limit() -> None:
    frames = list(valuation(slow, MaxTime(0.5) | MaxUpdates(10**6)).stream(TRAIN))
    assert all(0 <= f.seconds_left <= 0.5 for f in frames)


# --- counts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("updates", [1, 7, 8, 10, 17])
def test_max_updates_of_permutations_is_exact(updates: int) -> None:
    v = valuation(rule=MaxUpdates(updates)).fit(TRAIN)
    assert (v.result.counts == updates).all()
    assert v.result.provenance.evaluations == updates * 11
    assert v.result.status is Status.Converged


def test_leave_one_out_does_n_fits_and_both_ends() -> None:
    calls: list[int] = []

    def noted(masks: np.ndarray) -> np.ndarray:
        calls.append(len(masks))
        return game(masks)

    LOOValuation(Utility.from_function(noted)).fit(TRAIN)
    assert sum(calls) == 12 + 2


def test_one_point_needs_no_subset() -> None:
    for method in (ShapleyValuation, BanzhafValuation, LOOValuation):
        result = method(Utility.from_function(lambda m: 3.0 * m.sum(axis=1) + 1.0)).fit(TRAIN[:1]).result
        assert result.values.tolist() == [3.0]
        assert result.stderr.tolist() == [0.0]


# --- time limits --------------------------------------------------------------------------------------------------


def test_a_time_limit_stops_between_tasks_with_whole_steps_in_order(watch: Watch) -> None:
    def a_second(masks: np.ndarray) -> np.ndarray:
        watch.now += 1.0
        return game(masks)

    v = valuation(a_second, MaxTime(4.5), MSRSampler(seed=0, batch_size=4))
    frames = list(v.stream(TRAIN))
    result = v.result
    assert result.status is Status.Stopped
    assert frames[-1].verdict.reason.startswith("stopped by time")
    assert frames[-1].final
    (_, first, last) = result.provenance.steps[0]
    assert (first, last) == (0, 4)  # one second for the first fit, one for each step, a step is a task
    assert any("ended by time" in note for note in result.provenance.notes)
    # the same as folding exactly these steps
    bound = v.sampler.bind(12, v.size_law(12), 0, "x")
    job_ = v._job(TRAIN, 0)
    stats = job_.initial(job_.first())
    for step in range(last):
        stats = job_.fold(stats, step, job_.task(job_.plan(stats), step, 0, bound.rows(step)))
    np.testing.assert_array_equal(result.values, job_.estimate(stats).values)


def test_a_time_limit_that_is_met_at_a_round_end_is_a_time_limit_too(watch: Watch) -> None:
    """The first fit is quick, so that the round becomes one task; it is over the limit when it comes back."""

    def slow_later(masks: np.ndarray) -> np.ndarray:
        watch.now += 0.05 if len(masks) > 2 else 0.0
        return game(masks)

    for rule in (MaxTime(0.2), MaxTime(0.2) | RankCorrelation(0.001)):
        v = valuation(slow_later, rule).fit(TRAIN)
        assert v.result.status is Status.Stopped
        assert v.result.provenance.stopped.startswith("stopped by time")
        assert (v.result.counts == 8).all()
        assert any("ended by time" in note for note in v.result.provenance.notes)
    within = valuation(slow_later, MaxTime(0.2) | MaxUpdates(8)).fit(TRAIN).result
    assert within.status is Status.Converged  # both at once: the rule was met, too


def test_a_rule_that_is_met_within_its_time_has_converged() -> None:
    result = valuation(rule=MaxUpdates(10) | MaxTime(600)).fit(TRAIN).result
    assert result.status is Status.Converged
    assert "10 of 10 updates" in result.provenance.stopped


# --- the journal --------------------------------------------------------------------------------------------------


def records(path: Path) -> list[bytes]:
    body, at, found = path.read_bytes(), 8, []
    while at < len(body):
        length = int.from_bytes(body[at : at + 4], "little")
        found.append(body[at + 8 : at + 8 + length])
        at += 8 + length
    return found


def rewrite(path: Path, change: Any) -> None:
    """Write the journal again with `change` applied to every round's entry."""
    body = path.read_bytes()[:8]
    for record in records(path):
        payload = record
        if record[:1] == b"R":
            payload = b"R" + json.dumps(change(json.loads(record[1:]))).encode()
        body += struct.pack("<II", len(payload), zlib.crc32(payload)) + payload
    path.write_bytes(body)


def tampered(folder: Path, change: Any) -> None:
    valuation().fit(TRAIN, checkpoint=folder)
    path = folder / "journal.dvl"
    rewrite(path, lambda entry: entry)
    valuation().fit(TRAIN, checkpoint=folder)  # writing it again changes nothing
    rewrite(path, change)
    valuation().fit(TRAIN, checkpoint=folder)


def test_a_journal_of_other_draws_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="draws other subsets"):
        tampered(tmp_path, lambda entry: {**entry, "checksum": entry["checksum"] ^ 1})


def test_a_journal_of_another_plan_is_refused(tmp_path: Path) -> None:
    def other(entry: Any) -> Any:
        return {**entry, "plan": {**entry["plan"], "full": entry["plan"]["full"] + 1e-9}}

    with pytest.raises(JournalError, match="utility of the full set"):
        tampered(tmp_path, other)


def test_a_refused_journal_leaves_the_valuation_usable(tmp_path: Path) -> None:
    v = valuation()
    v.fit(TRAIN, checkpoint=tmp_path)
    holder = valuation(slow, NoStopping()).stream(TRAIN, checkpoint=tmp_path)
    next(holder)
    with pytest.raises(JournalError, match="another run is writing"):
        v.fit(TRAIN, checkpoint=tmp_path)
    assert np.isfinite(v.fit(TRAIN).result.values).all()
    holder.close()
    v.fit(TRAIN, checkpoint=tmp_path)


def test_continuing_does_no_fit_twice() -> None:
    calls: list[int] = []

    def noted(masks: np.ndarray) -> np.ndarray:
        calls.append(len(masks))
        return game(masks)

    early = valuation(noted, MaxUpdates(8)).fit(TRAIN).result
    calls.clear()
    more = valuation(noted, MaxUpdates(24)).fit(TRAIN, continue_from=early).result
    assert sum(calls) in (16 * 11, 16 * 11 + 2)  # v(empty) and v(N) may be asked again
    assert more.values.tobytes() == valuation(rule=MaxUpdates(24)).fit(TRAIN).result.values.tobytes()
    with pytest.raises(IdentityError, match="sampler"):
        valuation(noted, sampler=MSRSampler(seed=4)).fit(TRAIN, continue_from=early)


# --- the bar ------------------------------------------------------------------------------------------------------


def frame(**kwargs: Any) -> Progress:
    nothing = np.zeros(3)
    verdict = Verdict(False, 0.5, np.zeros(3, bool), "ranking 91 % certain (95 % wanted)")
    usual = {"done": 60, "total": 120, "unit": "evaluations", "seconds": 3.0, "seconds_left": 21.0}
    return Progress(0, nothing, nothing, nothing.astype(int), verdict, 0.91, **{**usual, **kwargs})


def test_a_frame_in_words() -> None:
    assert describe(frame()) == (
        "[#####.....] 60 of at most 120 evaluations, 21 s left, ranking 91 % certain (95 % wanted)"
    )
    assert describe(frame(total=None, seconds_left=None, failures=1200)) == (
        "[#####.....] 60 evaluations in 3 s, ranking 91 % certain (95 % wanted), 1,200 failed"
    )
    assert describe(frame(done=240)).startswith("[##########] 240")
    assert "in 3 s" in describe(frame(final=True))


def test_fit_draws_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    v = valuation(slow)
    v.progress = True
    v.fit(TRAIN)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0].startswith("Shapley: at most 110 fits × ")
    assert lines[-1].startswith("Shapley [##########] 110 of at most 110 evaluations in ")
    assert "10 of 10 updates" in lines[-1]
    assert "\r" not in captured.err
    assert "\033" not in captured.err
    assert len(lines) <= 4  # one line every few seconds, and the last


def test_fit_without_progress_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    valuation(slow).fit(TRAIN)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    bar = Bar("Shapley", terminal)
    bar.update(frame(announcement="at most 120 fits"))
    bar.update(frame(done=90))
    bar.update(frame(done=120, final=True))
    text = terminal.getvalue()
    assert text.startswith("Shapley: at most 120 fits\n")
    assert text.count("\r\033[K") == 3
    assert text.count("\n") == 2
    assert text.endswith("\n")


def test_the_closed_form_announces_and_draws_too(capsys: pytest.CaptureFixture[str]) -> None:
    KNNShapleyValuation(KNeighborsClassifier(3), TEST, progress=True).fit(TRAIN)
    assert "30 of at most 30 test points" in capsys.readouterr().err.splitlines()[-1]
