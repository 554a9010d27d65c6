"""Rules that count checks and evaluations, and rules that look back: states as values, composed, resumed, reset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stopping import done, view

from dvlwidgets import MSRSampler, PermutationSampler, RelativeTruncation, ShapleyValuation
from dvlwidgets.engine.cost import enough_steps
from dvlwidgets.engine.stopping import (
    History,
    HistoryDeviation,
    MaxChecks,
    MaxSamples,
    MaxTime,
    MaxUpdates,
    MinUpdates,
    NoStopping,
    RuleView,
    StoppingRule,
)
from dvlwidgets.errors import InputError
from dvlwidgets.valuation.games import PairwiseGame

GAME = PairwiseGame(9, seed=1)


def at(done_: int, values: Any = (0.0, 1.0)) -> RuleView:
    v = np.asarray(values, float)
    return RuleView(v, np.full(len(v), 0.1), np.full(len(v), 5), 1.0, False, done_)


def told(rule: StoppingRule, views: list[RuleView]) -> list[Any]:
    """The verdicts of rounds one after the other."""
    state, verdicts = rule.init(len(views[0].values)), []
    for v in views:
        state, verdict = rule.update(state, v)
        verdicts.append(verdict)
    return verdicts


def fitted(rule: StoppingRule, sampler: Any = None, **kwargs: Any) -> ShapleyValuation:
    valuation = ShapleyValuation(GAME.u, sampler or MSRSampler(seed=1), rule)
    valuation.fit(GAME.data, **kwargs)
    return valuation


def test_checks_are_counted_in_the_state_not_in_the_rule() -> None:
    rule = MaxChecks(3)
    assert [v.done for v in told(rule, [at(0)] * 3)] == [False, False, True]
    assert [v.done for v in told(rule, [at(0)] * 3)] == [False, False, True]
    assert [v.completion for v in told(rule, [at(0)] * 4)] == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert not told(rule, [at(0)])[0].converged.any()
    assert rule.init(2) == rule.init(2)


def test_a_run_of_so_many_checks_has_so_many_rounds() -> None:
    valuation = fitted(MaxChecks(3))
    assert valuation.result.provenance.evaluations == 3 * 8 * 64
    assert valuation.result.status.name == "Converged"
    assert "3 of 3 checks" in valuation.result.verdict.reason
    assert valuation.is_done.count == 3


@pytest.mark.parametrize(
    ("wanted", "step", "got"), [(64, 64, 64), (100, 64, 128), (640, 64, 640), (7, 5, 10)]
)
def test_samples_are_evaluations_in_whole_steps(wanted: int, step: int, got: int) -> None:
    valuation = fitted(MaxSamples(None, wanted), MSRSampler(seed=1, batch_size=step))
    assert valuation.result.provenance.evaluations == got
    assert valuation._loop.total_units() == got  # the bound was known before


def test_truncated_samples_are_not_counted() -> None:
    sampler = PermutationSampler(RelativeTruncation(0.5, 0.3), seed=1)
    evaluations = fitted(MaxSamples(sampler, 200), sampler).result.provenance.evaluations
    assert 200 <= evaluations < 200 + 8 * 8


@given(st.integers(1, 5000), st.integers(1, 70))
def test_enough_steps_are_the_fewest(units: int, rows: int) -> None:
    class Job:
        total_steps = 30

        def units(self, steps: int) -> int:
            return steps * rows

    steps = enough_steps(Job(), MaxSamples(None, units))  # type: ignore[arg-type]
    assert steps == (-(-units // rows) if -(-units // rows) <= 30 else None)
    Job.total_steps = None  # type: ignore[assignment]
    assert enough_steps(Job(), MaxSamples(None, units)) == -(-units // rows)  # type: ignore[arg-type]


def test_bounds_compose() -> None:
    a, b, c = MaxSamples(None, 5), MaxSamples(None, 9), MaxUpdates(3)
    assert ((a | b).max_units(), (a & b).max_units()) == (5, 9)
    assert ((a | c).max_units(), (a | c).max_updates()) == (5, 3)
    assert ((a & c).max_units(), (a & c).max_updates(), (~a).max_units()) == (None, None, None)
    # both must hold: nothing ends the run before the later one
    both = fitted(MaxSamples(None, 900) & MinUpdates(5))
    assert both.result.provenance.evaluations >= 900


def test_history_keeps_the_last_checks() -> None:
    rule = History(2, skip_steps=1)
    views = [at(0, [k, -k]) for k in range(4)]
    verdicts = told(rule, views)
    assert [v.values.tolist() for v in verdicts] == [[], [[1, -1]], [[1, -1], [2, -2]], [[2, -2], [3, -3]]]
    assert not any(v.done for v in verdicts)
    assert rule.values.shape == (0, 0)
    rule.note(verdicts[-1])
    assert rule[-1].tolist() == [3, -3]
    assert np.array(rule).tolist() == [[2, -2], [3, -3]]
    with pytest.raises(ValueError, match="read-only"):
        rule.values[0] = 0
    rule.reset()
    assert rule.values.shape == (0, 0)
    assert bool(rule)  # a rule is never taken for none


def test_the_history_of_a_run_ends_in_its_values() -> None:
    history = History(50)
    rule = MaxChecks(4) | history
    first = fitted(rule)
    assert history.values.shape == (4, 9)
    np.testing.assert_array_equal(history[-1], first.result.values)
    before = history.values
    fitted(rule)  # a second run starts from nothing
    np.testing.assert_array_equal(history.values, before)
    alone = History(3)
    run = ShapleyValuation(GAME.u, MSRSampler(seed=1), alone).start(GAME.data)
    while len(alone.values) < 3:
        assert run.alive
    run.stop()
    run.wait(30)
    assert alone.values.shape == (3, 9)  # the run's own last word does not wipe it


def test_deviation_compares_with_so_many_checks_ago() -> None:
    rule = HistoryDeviation(2, 0.1)
    values = [[1.0, 1.0], [5.0, 1.0], [1.05, 2.0], [5.0, 1.0], [5.0, 2.0]]
    verdicts = told(rule, [at(0, v) for v in values])
    assert [v.converged.tolist() for v in verdicts] == [
        [False, False],
        [False, False],
        [True, False],
        [True, True],
        [True, True],
    ]
    assert [v.done for v in verdicts] == [False, False, False, True, True]
    assert "warming up: 2 of 3" in verdicts[1].reason
    assert [v.completion for v in verdicts] == [0, 0, 0.5, 1, 1]


def test_without_pins_all_must_rest_at_once() -> None:
    values = [[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 2.0]]
    pinned = told(HistoryDeviation(1, 0.1), [at(0, v) for v in values])
    free = told(HistoryDeviation(1, 0.1, pin_converged=False), [at(0, v) for v in values])
    assert [v.done for v in pinned] == [False, False, True, True]
    assert [v.done for v in free] == [False, False, False, True]
    assert free[2].converged.tolist() == [False, True]


def test_deviation_at_zero_and_at_unknown_values() -> None:
    rule = HistoryDeviation(1, 0.1)
    (_, verdict) = told(rule, [at(0, [0.05, 0.5, np.nan, 1.0]), at(0, [0.0, 0.0, 1.0, np.nan])])
    assert verdict.converged.tolist() == [True, False, False, False]


def test_deviation_stops_on_noise_as_its_docstring_says() -> None:
    # the reason why it is not the default: D8 of pyDVL
    rng = np.random.default_rng(0)
    means = np.cumsum(rng.normal(size=(400, 5)), axis=0) / np.arange(1, 401)[:, None]
    assert any(v.done for v in told(HistoryDeviation(1, 0.2), [at(0, m) for m in means]))


@pytest.mark.parametrize(
    "rule",
    [MaxChecks(4), MaxSamples(None, 1500), HistoryDeviation(2, 0.4), History(3) | MaxChecks(5)],
    ids=repr,
)
def test_resumed_runs_stop_where_uninterrupted_ones_do(rule: StoppingRule, tmp_path: Path) -> None:
    whole = fitted(rule)
    part = ShapleyValuation(GAME.u, MSRSampler(seed=1), rule)
    frames = part.stream(GAME.data, checkpoint=tmp_path)
    for frame in frames:
        if frame.done >= 600:
            break
    frames.close()
    again = fitted(rule, checkpoint=tmp_path)
    assert again.result.values.tobytes() == whole.result.values.tobytes()
    assert again.result.provenance.evaluations == whole.result.provenance.evaluations
    assert again.result.verdict.reason == whole.result.verdict.reason
    assert rule.completion() == 1.0


def test_parts_of_composed_rules_are_reset_by_every_run() -> None:
    # D6: a second fit starts from nothing
    checks = MaxChecks(2)
    rule = (checks | MaxTime(1000)) & ~NoStopping()
    for _ in range(2):
        assert fitted(rule).result.provenance.evaluations == 2 * 8 * 64
        assert checks.count == 2
        assert checks.completion() == 1.0
    rule.reset()
    assert checks.count == 0
    assert checks.completion() == 0.0


def test_asking_a_composed_rule_changes_none_of_its_parts() -> None:
    checks, history = MaxChecks(2), History(3)
    rule = (checks & MaxTime(5)) | ~history
    state = rule.init(2)
    _, verdict = rule.update(state, at(3))
    assert checks.count == history.count == 0
    rule.note(verdict)
    assert checks.count == history.count == 1
    assert checks.completion() == 0.5
    assert history.values.shape == (1, 2)


def test_a_time_limit_counts_as_one_check_too() -> None:
    checks = MaxChecks(10_000)
    rule = checks | MaxTime(0.2)
    result = fitted(rule).result
    assert result.status.name in ("Stopped", "Converged")
    assert f"{checks.count:,} of 10,000 checks" in str(checks._last.reason)


def test_truth_tables() -> None:
    yes, no = MaxSamples(None, 1), MaxSamples(None, 1000)
    v = at(10)
    assert done(yes | no, v)
    assert not done(yes & no, v)
    assert done(~no, v)
    assert not done(MaxChecks(2), view())
    assert done(MaxChecks(1), view())


def test_a_run_stopped_by_hand_says_how_many_checks_there_were() -> None:
    valuation = ShapleyValuation(GAME.u, MSRSampler(seed=1), MaxChecks(10_000) & MaxSamples(None, 10**9))
    frames = valuation.stream(GAME.data)
    for frame in frames:
        if "3 of 10,000 checks" in frame.verdict.reason:
            valuation._loop.gate.stop()
    assert "stopped by hand" in valuation.result.verdict.reason
    assert (
        "3 of 10,000 checks" in valuation.result.verdict.reason
    )  # nothing was done since, so nobody asked again


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MaxChecks(0), "at least 1"),
        (lambda: MaxSamples(None, 0), "at least 1"),
        (lambda: History(0), "at least 1"),
        (lambda: History(1, -1), "at least 0"),
        (lambda: HistoryDeviation(0, 0.1), "at least 1"),
        (lambda: HistoryDeviation(5, 0.0), "rtol above 0"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
