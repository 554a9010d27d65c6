"""Rules: truth tables, states as values, reasons in words, and no stopping on noise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dvlwidgets.engine.stopping import (
    AbsoluteStandardError,
    MaxTime,
    MaxUpdates,
    MinUpdates,
    NoStopping,
    RankCorrelation,
    RuleView,
    StoppingRule,
    certainty,
    check_rule,
)
from dvlwidgets.errors import InputError, InputTypeError


def view(
    values: object = (0.0, 1.0),
    stderr: object = 0.1,
    counts: object = 10,
    seconds: float = 1.0,
    exact: bool = False,
) -> RuleView:
    v = np.asarray(values, float)
    return RuleView(
        v,
        np.broadcast_to(np.asarray(stderr, float), v.shape),
        np.broadcast_to(np.asarray(counts), v.shape),
        seconds,
        exact,
    )


def done(rule: StoppingRule, v: RuleView) -> bool:
    return rule.update(rule.init(len(v.values)), v)[1].done


YES, NO = MaxUpdates(1), MaxUpdates(1000)


@pytest.mark.parametrize(("a", "b"), list(itertools.product([YES, NO], repeat=2)))
def test_truth_tables(a: StoppingRule, b: StoppingRule) -> None:
    v = view()
    assert done(a | b, v) == (done(a, v) or done(b, v))
    assert done(a & b, v) == (done(a, v) and done(b, v))
    assert done(~a, v) == (not done(a, v))
    assert done(~(a | b), v) == done(~a & ~b, v)


def test_reset_of_a_composed_rule_resets_its_parts() -> None:
    rule = (MaxTime(5) | MaxUpdates(3)) & ~NoStopping()
    rule.note(rule.update(rule.init(2), view(seconds=9))[1])
    assert rule.count == 1
    assert rule.left.count == 1  # type: ignore[attr-defined]
    assert rule.left.left.completion() == 1.0  # type: ignore[attr-defined]
    rule.reset()
    assert rule.left.left.completion() == 0.0  # type: ignore[attr-defined]
    assert rule.count == rule.left.count == rule.left.right.count == 0  # type: ignore[attr-defined]


def test_init_twice_is_equal_and_update_leaves_the_old_state_alone() -> None:
    rule = RankCorrelation() | MaxTime(60)
    first, second = rule.init(3), rule.init(3)
    assert first == second
    rule.update(first, view((0.0, 1.0, 2.0), 0.01, 99))
    assert first == second


def test_max_time_counts_the_seconds_it_is_given() -> None:
    assert not done(MaxTime(2), view(seconds=1.9))
    assert done(MaxTime(2), view(seconds=2.0))
    assert (MaxTime(2) | MaxTime(5)).deadline() == 2
    assert (MaxTime(2) & MaxTime(5)).deadline() == 5
    assert (MaxTime(2) & MaxUpdates(5)).deadline() is None
    assert (MaxTime(2) | MaxUpdates(5)).deadline() == 2


def test_updates() -> None:
    v = view((0.0, 0.0), counts=(3, 9))
    assert done(MaxUpdates(9), v)
    assert not done(MinUpdates(9), v)
    assert done(MinUpdates(3), v)
    verdict = MinUpdates(9).update(None, v)[1]
    assert verdict.completion == pytest.approx(3 / 9)
    assert verdict.converged.tolist() == [False, True]
    assert (MaxUpdates(9) | MinUpdates(4)).max_updates() == 4
    assert (MaxUpdates(9) & RankCorrelation()).max_updates() is None


def test_absolute_standard_error_waits_for_burn_in_and_ignores_unknown() -> None:
    rule = AbsoluteStandardError(0.1, fraction=0.5)
    assert done(rule, view((0.0, 0.0), (0.05, np.nan), (4, 0)))
    assert not done(rule, view((0.0, 0.0), (0.05, np.nan), (3, 0)))
    assert not done(AbsoluteStandardError(0.1), view((0.0, 0.0), (0.05, np.nan), (4, 0)))


def test_certainty_is_the_expected_correlation_of_two_runs() -> None:
    rng = np.random.default_rng(0)
    truth, noise = rng.normal(size=4000), 0.7
    runs = truth + noise * rng.normal(size=(2, 4000))
    seen = np.corrcoef(runs)[0, 1]
    predicted = certainty(runs[0], np.full(4000, noise))
    # both estimate 1 / (1 + 0.49); a correlation of 4,000 pairs has this standard error
    assert abs(predicted - seen) < 4 * 2 * (1 - seen**2) / np.sqrt(4000)
    assert predicted == pytest.approx(1 / (1 + noise**2), abs=0.05)


def test_certainty_at_the_edges() -> None:
    assert np.isnan(certainty(np.array([0.0, np.nan]), np.array([0.1, np.nan])))
    assert certainty(np.array([1.0, 1.0]), np.zeros(2), exact=True) == 1.0
    assert certainty(np.array([1.0, 1.0]), np.zeros(2)) == 0.0
    assert certainty(np.array([0.0, 1.0]), np.zeros(2)) == 1.0


def test_rank_correlation_needs_two_rounds_in_a_row_and_burn_in() -> None:
    rule = RankCorrelation(rtol=0.05, burn_in=8)
    sure, unsure = view((0.0, 1.0, 2.0), 0.01, 8), view((0.0, 1.0, 2.0), 0.9, 8)
    state, first = rule.update(rule.init(3), sure)
    assert not first.done
    state, verdict = rule.update(state, unsure)
    assert not verdict.done
    state, verdict = rule.update(state, sure)
    assert not verdict.done
    state, verdict = rule.update(state, sure)
    assert verdict.done
    assert "certain" in verdict.reason
    state, verdict = rule.update(1, view((0.0, 1.0, 2.0), 0.01, 7))
    assert not verdict.done
    assert "warming up" in verdict.reason


def test_rank_correlation_never_stops_on_pure_noise() -> None:
    rng = np.random.default_rng(3)
    rule = RankCorrelation()
    state = rule.init(50)
    for rounds in range(8, 2000, 8):
        # means of noise around a common value: their standard errors explain all of the spread
        stderr = np.full(50, 1 / np.sqrt(rounds))
        state, verdict = rule.update(state, view(stderr * rng.normal(size=50), stderr, rounds))
        assert not verdict.done


def test_rank_correlation_judges_only_the_points_that_are_ready() -> None:
    values, stderr = np.array([0.0, 1.0, 2.0, np.nan]), np.array([0.01, 0.01, 0.01, np.nan])
    rule = RankCorrelation(fraction=0.75)
    state, _ = rule.update(rule.init(4), view(values, stderr, (9, 9, 9, 0)))
    assert rule.update(state, view(values, stderr, (9, 9, 9, 0)))[1].done


def test_completion_runs_forward_as_the_error_falls() -> None:
    rule = RankCorrelation()
    views = [view((0.0, 1.0, 2.0), stderr, 10) for stderr in (0.9, 0.7, 0.5, 0.3, 0.2)]
    seen = [rule.update(0, v)[1].completion for v in views]
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] <= 1


def test_wrong_rules_are_refused_in_words() -> None:
    with pytest.raises(InputTypeError, match="pass an instance"):
        check_rule(RankCorrelation)
    with pytest.raises(InputTypeError, match="a stopping rule was expected"):
        RankCorrelation() | 60  # type: ignore[operator]
    for make, words in [
        (lambda: MaxUpdates(0), "at least 1"),
        (lambda: MaxTime(-1), "positive"),
        (lambda: RankCorrelation(rtol=1.5), "0 < rtol < 1"),
        (lambda: AbsoluteStandardError(0), "above 0"),
        (lambda: RankCorrelation(burn_in=1), "burn_in"),
        (lambda: AbsoluteStandardError(1, fraction=0), "fraction"),
    ]:
        with pytest.raises(InputError, match=words):
            make()
