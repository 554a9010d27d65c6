"""Points at rest (`skip_converged`): fewer fits, unbiased values, plans in the journal, the same bits on resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from conformance import Runs, check_unbiased
from engine_worlds import blobs
from numpy.typing import NDArray
from oracles import LowOrderGame, semivalue_by_enumeration
from scipy import stats

from dvlwidgets import (
    AbsoluteStandardError,
    AntitheticPermutationSampler,
    MaxTime,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    RelativeTruncation,
    ShapleyValuation,
    Utility,
)
from dvlwidgets.engine.draws import words
from dvlwidgets.engine.journal import Journal
from dvlwidgets.errors import IdentityError, InputError
from dvlwidgets.valuation.samplers.permutation import Walks
from dvlwidgets.valuation.samplers.resting import RestingWalks, packed, unpacked
from dvlwidgets.valuation.semivalue import shapley_law

N = 12


class HalfSure:
    """A game whose first points add up exactly and whose last ones depend on one another: half converge at once."""

    def __init__(self) -> None:
        self.n = N
        self.a = np.linspace(-1.0, 1.0, N)
        self.inner = LowOrderGame(N // 2, 7)

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return masks @ self.a + self.hard(masks[:, N // 2 :])

    def hard(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return self.inner(masks) ** 2 / 5  # antithetic pairs would be exact on pairs of points

    def values(self) -> NDArray[np.float64]:
        hard = semivalue_by_enumeration(self.hard, shapley_law(N // 2))
        return self.a + np.concatenate([np.zeros(N // 2), hard])


GAME = HalfSure()


def game(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    return GAME(masks)


def valuation(rule: Any, seed: int = 0, *, skip: bool = True, sampler: Any = None) -> ShapleyValuation:
    sampler = sampler or PermutationSampler(seed=seed)
    return ShapleyValuation(Utility.from_function(game), sampler, rule, skip_converged=skip)


DATA = blobs(N)[0]
SURE = AbsoluteStandardError(0.05)


def bits(result: Any) -> tuple[bytes, bytes, bytes]:
    return result.values.tobytes(), result.stderr.tobytes(), result.counts.tobytes()


@pytest.mark.parametrize("sampler", [PermutationSampler, AntitheticPermutationSampler])
def test_points_at_rest_cost_no_fits_and_the_others_go_on(sampler: Any) -> None:
    with_rest = valuation(SURE, sampler=sampler(seed=1)).fit(DATA).result
    without = valuation(SURE, sampler=sampler(seed=1), skip=False).fit(DATA).result
    assert (with_rest.stderr < 0.05).all()
    assert len(set(with_rest.counts.tolist())) > 1
    assert with_rest.provenance.evaluations < 0.9 * without.provenance.evaluations
    # a point that rested at the end of the first round has that round's observations and no more
    assert with_rest.counts[: N // 2].max() <= 8 < with_rest.counts[N // 2 :].max()
    assert any("rested" in note for note in with_rest.provenance.notes)


def test_without_converged_points_nothing_changes() -> None:
    rule = MaxUpdates(40)  # content with nobody before the end
    assert bits(valuation(rule).fit(DATA).result) == bits(valuation(rule, skip=False).fit(DATA).result)


def run_with(rest: Any, cls: type, seed: int, steps: int, utility: Any) -> tuple[Any, Any]:
    """A run in which points rest by a function of what was estimated, decided every eight steps."""
    sampler = cls(N, shapley_law(N), seed)
    bound = Utility.from_function(utility).with_dataset(DATA)
    folded = sampler.initial(bound.first())
    for step in range(steps):
        if step % 8 == 0 and step:
            folded = sampler.settle(folded, rest(sampler.estimate(folded)))
        plan = {"empty": 0.0, "full": 0.0, **sampler.plan(folded)}
        folded = sampler.fold(folded, step, sampler.evaluate(bound, plan, step, 0, sampler.rows(step)))
    e = sampler.estimate(folded)
    return e.values, e.stderr


def alternate(estimate: Any) -> NDArray[np.bool_]:
    """Who rests depends on counts alone: half of the points, those that were seen most often."""
    return estimate.counts > np.median(estimate.counts) - (np.arange(N) % 2 == 0)


def many(rest: Any, cls: type, utility: Any, truth: NDArray[np.float64], runs: int = 120) -> Runs:
    """Runs of 40 walks, for the points whose marginals vary."""
    found = [run_with(rest, cls, 500 + r, 40, utility) for r in range(runs)]
    values, stderr = (np.array(a)[:, N // 2 :] for a in zip(*found, strict=True))
    return Runs(values, stderr, truth[N // 2 :])


def test_values_stay_unbiased_and_their_errors_right() -> None:
    r = many(alternate, RestingWalks, game, GAME.values())
    check_unbiased(r)
    ratio = r.values.var(axis=0, ddof=1) / (r.stderr**2).mean(axis=0)
    low, high = stats.chi2.ppf([1e-5, 1 - 1e-5], len(r.values) - 1) / (len(r.values) - 1)
    assert (ratio > low).all()
    assert (ratio < high).all()


class _TakesFreeMarginals(RestingWalks):
    """The broken twin: a point at rest takes a marginal wherever both of its prefixes happen to be there."""

    def fold(self, stats_: Any, step: int, evaluations: Any) -> Any:
        import dataclasses

        known = np.concatenate([[True], self.needed(step, stats_.rest), [True]])
        free = known[:-1] & known[1:]
        order = self.orders(step)[0]
        rest = np.ones(N, bool)
        rest[order[free]] = False
        new = super().fold(dataclasses.replace(stats_, rest=rest), step, evaluations)
        return dataclasses.replace(new, rest=stats_.rest)


ALWAYS_AT_REST = np.arange(N) % 2 == 0


def welcome_while_alone(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Points at rest add the more, the more of them are there, as long as nobody who is awake is."""
    return masks[:, ALWAYS_AT_REST].sum(axis=1) ** 2.0 * ~masks[:, ~ALWAYS_AT_REST].any(axis=1)


def test_the_check_rejects_marginals_that_come_free() -> None:
    truth = semivalue_by_enumeration(welcome_while_alone, shapley_law(N))
    check_unbiased(many(lambda _: ALWAYS_AT_REST, RestingWalks, welcome_while_alone, truth))
    with pytest.raises(AssertionError, match="biased"):
        check_unbiased(many(lambda _: ALWAYS_AT_REST, _TakesFreeMarginals, welcome_while_alone, truth))


@pytest.mark.parametrize("cut", [0.3, 0.8])
def test_a_torn_journal_resumes_to_the_same_bits(tmp_path: Path, cut: float) -> None:
    whole = valuation(SURE).fit(DATA, checkpoint=tmp_path / "whole").result
    body = (tmp_path / "whole" / "journal.dvl").read_bytes()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "journal.dvl").write_bytes(body[: int(len(body) * cut)])
    again = valuation(SURE).fit(DATA, checkpoint=tmp_path / "torn").result
    assert bits(again) == bits(whole)
    plans = [entry["plan"]["rest"] for entry in Journal(tmp_path / "torn" / "journal.dvl").rounds.values()]
    assert plans[0] == ""
    assert unpacked(plans[-1], N)[: N // 2].all()


def test_a_run_under_another_rule_follows_the_recorded_plans(tmp_path: Path) -> None:
    first = valuation(SURE | MaxUpdates(20)).fit(DATA, checkpoint=tmp_path).result
    strict = valuation(AbsoluteStandardError(0.01) | MaxUpdates(60))
    longer = strict.fit(DATA, checkpoint=tmp_path).result
    assert longer.provenance.evaluations > first.provenance.evaluations
    # points that had rested under the first rule are awake again under the stricter one where it is not content
    assert (longer.counts >= first.counts).all()
    replayed = valuation(AbsoluteStandardError(0.01) | MaxUpdates(60)).fit(DATA, checkpoint=tmp_path).result
    assert bits(replayed) == bits(longer)


def test_workers_do_not_matter(tmp_path: Path) -> None:
    serial = valuation(SURE).fit(DATA).result
    with joblib.parallel_config("threading", n_jobs=3):
        parallel = valuation(SURE).fit(DATA).result
    assert bits(parallel) == bits(serial)


def test_a_run_with_rest_is_not_one_without(tmp_path: Path) -> None:
    valuation(MaxUpdates(20), skip=False).fit(DATA, checkpoint=tmp_path)
    with pytest.raises(IdentityError, match="sampler"):
        valuation(MaxUpdates(20)).fit(DATA, checkpoint=tmp_path)


@pytest.mark.parametrize(
    "sampler", [MSRSampler(seed=0), PermutationSampler(RelativeTruncation(0.01), seed=0)]
)
def test_where_nothing_can_be_saved_that_is_said_and_the_run_goes_on(sampler: Any) -> None:
    rule = MaxUpdates(20)
    with pytest.warns(UserWarning, match="skip_converged=True saves nothing"):
        found = valuation(rule, sampler=sampler).fit(DATA).result
    assert bits(found) == bits(valuation(rule, sampler=sampler, skip=False).fit(DATA).result)


def test_nobody_rests_when_all_would() -> None:
    sampler = RestingWalks(N, shapley_law(N), 0)
    folded = sampler.initial(Utility.from_function(game).with_dataset(DATA).first())
    assert not sampler.settle(folded, np.ones(N, bool)).rest.any()
    assert sampler.settle(folded, np.arange(N) < 3).rest.sum() == 3
    # a rule that is content with all and yet never stops does not make the run spin without work
    run = valuation(AbsoluteStandardError(50.0) & MaxTime(0.2)).fit(DATA).result
    assert run.provenance.evaluations > 8 * (N - 1)


def test_such_a_journal_is_not_reweighted() -> None:
    run = valuation(SURE).fit(DATA)
    with pytest.raises(InputError, match="at rest"):
        run.reweight("banzhaf")


@pytest.mark.parametrize("n", [1, 7, 8, 9, 100])
def test_who_rests_survives_the_journal(n: int) -> None:
    rest = words(1, 1, n, n) % np.uint64(3) == 0
    assert (unpacked(packed(rest), n) == rest).all()
    assert packed(np.zeros(n, bool)) == ""


def test_resting_walks_are_walks_when_nobody_rests() -> None:
    plain, resting = Walks(N, shapley_law(N), 3), RestingWalks(N, shapley_law(N), 3)
    assert all((plain.masks(s) == resting.masks(s)).all() for s in range(3))
