"""Beta, weighted and MSR Banzhaf, random and group-testing values: exact, unbiased, honest, resumable, reproducible."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from conformance import check_coverage, check_unbiased, many_runs
from oracles import all_masks, semivalue_by_enumeration
from scipy import stats
from test_methods_on_games import GAMES

from dvlwidgets import (
    DeterministicPermutationSampler,
    DeterministicUniformSampler,
    MaxUpdates,
    MSRSampler,
    NoStopping,
    PermutationSampler,
    Utility,
)
from dvlwidgets.engine.draws import SUBSETS
from dvlwidgets.errors import InputError
from dvlwidgets.valuation.games import PairwiseGame, ShoesGame
from dvlwidgets.valuation.methods.beta_shapley import BetaShapleyValuation
from dvlwidgets.valuation.methods.gt_shapley import GroupTestingShapleyValuation, compute_n_samples
from dvlwidgets.valuation.methods.msr_banzhaf import MSRBanzhafValuation
from dvlwidgets.valuation.methods.random import RandomValuation
from dvlwidgets.valuation.methods.semivalues import BanzhafValuation, ShapleyValuation
from dvlwidgets.valuation.methods.weighted_banzhaf import WeightedBanzhafValuation, weight_from_noise
from dvlwidgets.valuation.samplers.group_tests import GroupTests, agreement, group_test_law, harmonic
from dvlwidgets.valuation.samplers.strata import SizeStrata
from dvlwidgets.valuation.semivalue import beta_law, bound_draw_law, shapley_law, weighted_banzhaf_law

GAME = PairwiseGame(9, seed=1)


def bits(result: Any) -> tuple[bytes, bytes, bytes]:
    return result.values.tobytes(), result.stderr.tobytes(), result.counts.tobytes()


# Beta and weighted Banzhaf ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sampler"),
    [
        *((name, DeterministicUniformSampler()) for name in GAMES),
        ("airport", DeterministicPermutationSampler()),
    ],
    ids=str,
)
def test_laws_are_exact_under_exhaustive_samplers(name: str, sampler: Any) -> None:
    game = GAMES[name]()
    for method, law in [
        (BetaShapleyValuation(game.u, sampler, NoStopping(), 4, 1), beta_law(game.n, 4, 1)),
        (BetaShapleyValuation(game.u, sampler, NoStopping(), alpha=1, beta=16), beta_law(game.n, 1, 16)),
        (WeightedBanzhafValuation(game.u, sampler, NoStopping(), 0.3), weighted_banzhaf_law(game.n, 0.3)),
    ]:
        result = method.fit(game.data).result
        np.testing.assert_allclose(result.values, game.semivalue(law), atol=1e-10)
        assert (result.stderr == 0).all()


def test_laws_at_known_parameters() -> None:
    np.testing.assert_allclose(beta_law(7, 1, 1), np.full(7, 1 / 7))
    binomial = stats.binom(6, 0.2).pmf(np.arange(7))
    np.testing.assert_allclose(weighted_banzhaf_law(7, 0.2), binomial, rtol=1e-12)
    # Kwon & Zou: a large alpha looks at small subsets
    assert (np.diff(beta_law(20, 16, 1)) < 0).all()
    assert (np.diff(beta_law(20, 1, 16)) > 0).all()
    assert np.isfinite(weighted_banzhaf_law(5000, 0.01)).all()


def test_the_definition_of_a_weighted_banzhaf_value() -> None:
    # each other point is in with probability w, by enumeration of subsets rather than sizes
    game, w = ShoesGame(2, 3), 0.3
    masks = all_masks(game.n)
    worth = game.worth(masks)
    for i in range(game.n):
        without = np.flatnonzero(~masks[:, i])
        others = masks[without].sum(axis=1)
        chance = w**others * (1 - w) ** (game.n - 1 - others)
        mean = chance @ (worth[without | (1 << i)] - worth[without])
        assert mean == pytest.approx(game.semivalue(weighted_banzhaf_law(game.n, w))[i])


@pytest.mark.parametrize("name", ["shoes", "airport"])
@pytest.mark.parametrize(
    ("method", "sampler", "law"),
    [
        (lambda u, s, d: BetaShapleyValuation(u, s, d, 4, 1), MSRSampler, lambda n: beta_law(n, 4, 1)),
        (
            lambda u, s, d: BetaShapleyValuation(u, s, d, 2, 3),
            PermutationSampler,
            lambda n: beta_law(n, 2, 3),
        ),
        (
            lambda u, s, d: WeightedBanzhafValuation(u, s, d, 0.3),
            MSRSampler,
            lambda n: weighted_banzhaf_law(n, 0.3),
        ),
    ],
)
def test_sampled_values_are_unbiased(name: str, method: Any, sampler: Any, law: Any) -> None:
    game, runs = GAMES[name](), 24
    updates = 100 if sampler is MSRSampler else 60
    truth = game.semivalue(law(game.n))
    found = np.array(
        [
            method(game.u, sampler(seed=s), MaxUpdates(updates)).fit(game.data).result.values
            for s in range(runs)
        ]
    )
    error = found.std(axis=0, ddof=1) / np.sqrt(runs)
    t = np.abs(found.mean(axis=0) - truth) / np.maximum(error, 1e-12)
    assert t.max() < stats.t.ppf(1 - 1e-4 / (2 * len(truth)), runs - 1)


def test_beta_1_1_is_shapley_and_weight_a_half_is_banzhaf() -> None:
    pairs = [
        (BetaShapleyValuation(GAME.u, MSRSampler(seed=2), MaxUpdates(300)), ShapleyValuation),
        (WeightedBanzhafValuation(GAME.u, MSRSampler(seed=2), MaxUpdates(300)), BanzhafValuation),
    ]
    for mine, other in pairs:
        plain = other(GAME.u, MSRSampler(seed=2), MaxUpdates(300)).fit(GAME.data).result
        np.testing.assert_allclose(mine.fit(GAME.data).result.values, plain.values, rtol=1e-9)


def test_a_journal_tells_the_laws_with_a_parameter_too() -> None:
    def draws() -> Any:
        return MSRSampler(seed=2, law="uniform-size")

    shapley = ShapleyValuation(GAME.u, draws(), MaxUpdates(300)).fit(GAME.data)
    for method, parameters in [
        (BetaShapleyValuation, {"alpha": 3, "beta": 1}),
        (WeightedBanzhafValuation, {"weight": 0.4}),
    ]:
        told = shapley.reweight(method, **parameters)
        itself = method(GAME.u, draws(), MaxUpdates(300), **parameters).fit(GAME.data).result
        np.testing.assert_allclose(told.values, itself.values, rtol=1e-9)
        assert told.algorithm == itself.algorithm


def test_names_and_reprs_carry_the_parameters() -> None:
    beta = BetaShapleyValuation(GAME.u, None, None, 4, 0.5)
    assert beta.algorithm_name == "Beta(4, 0.5) Shapley"
    assert "alpha=4, beta=0.5" in repr(beta)
    assert WeightedBanzhafValuation(GAME.u, weight=0.25).algorithm_name == "Weighted Banzhaf (0.25)"


def test_laws_with_a_parameter_are_other_runs(tmp_path: Path) -> None:
    from dvlwidgets.errors import IdentityError

    BetaShapleyValuation(GAME.u, MSRSampler(seed=1, law="uniform-size"), MaxUpdates(50), 2, 1).fit(
        GAME.data, checkpoint=tmp_path
    )
    other = BetaShapleyValuation(GAME.u, MSRSampler(seed=1, law="uniform-size"), MaxUpdates(50), 3, 1)
    with pytest.raises(IdentityError, match="method"):
        other.fit(GAME.data, checkpoint=tmp_path)


def test_msr_banzhaf_is_banzhaf_with_msr() -> None:
    mine = MSRBanzhafValuation(GAME.u, MaxUpdates(200), seed=4).fit(GAME.data).result
    same = BanzhafValuation(GAME.u, MSRSampler(seed=4), MaxUpdates(200)).fit(GAME.data).result
    assert bits(mine) == bits(same)
    assert MSRBanzhafValuation(GAME.u, batch_size=16).sampler.batch_size == 16


# the weight that fits the noise -------------------------------------------------------------------------------------


@pytest.mark.parametrize("growth", [0.8, 1.0, 1.25])
def test_the_weight_is_that_of_the_noise(growth: float) -> None:
    rng = np.random.default_rng(5)
    masks = rng.random((300, 30)) < np.linspace(0.05, 0.95, 300)[:, None]
    scores = rng.normal(size=(10, 300)) * growth ** (masks.sum(axis=1) / 2)
    # information of log variance: 9 degrees of freedom / 2 a subset
    slope = math.log(1 / weight_from_noise(scores, masks) - 1)
    error = 1 / math.sqrt(300 * 9 / 2 * masks.sum(axis=1).var())
    assert abs(slope - math.log(growth)) < 4 * error


def test_no_other_weight_has_less_noise() -> None:
    # the docstring's claim: noise of independent scores with variance r^size, semivalue by semivalue
    n, r = 12, 1.4
    k = np.arange(n)

    def noise(law: np.ndarray) -> float:
        return float(np.sum(law**2 / np.array([math.comb(n - 1, j) for j in k]) * r**k * (1 + r)))

    best = noise(weighted_banzhaf_law(n, 1 / (1 + r)))
    rng = np.random.default_rng(0)
    rivals = [weighted_banzhaf_law(n, w) for w in np.linspace(0.05, 0.95, 19)] + [shapley_law(n)]
    rivals += [rng.dirichlet(np.ones(n)) for _ in range(50)]
    assert all(noise(law) >= best for law in rivals)


def test_zeros_are_fine_and_no_noise_is_refused() -> None:
    rng = np.random.default_rng(1)
    masks = rng.random((60, 10)) < np.linspace(0.1, 0.9, 60)[:, None]
    coarse = np.round(rng.normal(size=(4, 60)) * 0.6)  # like accuracy: many subsets score the same each time
    assert (coarse.var(axis=0) == 0).any()
    assert 0.3 < weight_from_noise(coarse, masks) < 0.7
    scores = rng.normal(size=(3, 60))
    assert weight_from_noise(scores * 1e-9, masks) == pytest.approx(weight_from_noise(scores, masks))
    for bad, m, words in [
        (np.ones((4, 60)), masks, "no noise"),
        (coarse, masks[:, :0], "one size"),
        (coarse[:1], masks, "at least 2"),
        (coarse[:, :5], masks, "shape"),
        (coarse * np.nan, masks, "finite"),
    ]:
        with pytest.raises(InputError, match=words):
            weight_from_noise(bad, m)


# random -------------------------------------------------------------------------------------------------------------


def test_random_values_are_a_function_of_the_seed(tmp_path: Path) -> None:
    data = PairwiseGame(400).data
    first = RandomValuation(3).fit(data).result
    assert bits(RandomValuation(3).fit(data, checkpoint=tmp_path).result) == bits(first)
    assert bits(RandomValuation(3).fit(data, checkpoint=tmp_path).result) == bits(first)
    assert bits(RandomValuation(4).fit(data).result) != bits(first)
    assert stats.kstest(first.values, stats.uniform(-1, 2).cdf).pvalue > 1e-4
    assert first.threshold is None
    assert "baseline" in first.describe()
    again = RandomValuation().fit(data).result  # the drawn seed is recorded
    assert bits(RandomValuation(again.provenance.seed).fit(data).result) == bits(again)


def test_random_values_stream() -> None:
    frames = list(RandomValuation(1).stream(GAME.data))
    assert np.isnan(frames[0].values).all()
    assert frames[-1].final
    assert np.isfinite(frames[-1].values).all()


# group testing ------------------------------------------------------------------------------------------------------


def test_group_tests_are_unbiased_with_honest_errors() -> None:
    runs = many_runs(lambda n, seed: GroupTests(n, 10**9, seed), shapley_law, n=10, steps=8, runs=400)
    check_unbiased(runs)
    check_coverage(runs)


def test_a_broken_twin_is_rejected() -> None:
    class UniformSizes(GroupTests):  # draws every size alike, and weights as if it had not
        @property
        def draw_law(self) -> Any:
            return np.r_[0.0, np.full(self.n - 1, 1 / (self.n - 1)), 0.0]

    runs = many_runs(lambda n, seed: UniformSizes(n, 10**9, seed), shapley_law, n=10, steps=8, runs=100)
    with pytest.raises(AssertionError, match="biased"):
        check_unbiased(runs)


def test_the_closed_form_meets_every_pairwise_difference() -> None:
    # it is feasible for Jia et al.'s problem at any epsilon: checked against their formulas, written out
    game, samples = GAME, 640
    valuation = GroupTestingShapleyValuation(game.u, samples, 0.1, progress=False, seed=3)
    values = valuation.fit(game.data).result.values
    tests = GroupTests(game.n, samples, 3)
    masks = np.concatenate([tests.masks(s)[: tests.rows(s)] for s in range(tests.total_steps)])
    ends = game.worth(np.array([np.zeros(game.n, bool), np.ones(game.n, bool)]))
    v, b = game.worth(masks) - ends.mean(), masks.astype(float)
    z = 2 * sum(1 / k for k in range(1, game.n))
    for i in range(game.n):
        for j in range(game.n):
            difference = z / samples * np.sum(v * (b[:, i] - b[:, j]))
            assert values[i] - values[j] == pytest.approx(difference, abs=1e-9)
    assert values.sum() == pytest.approx(ends[1] - ends[0], abs=1e-9)


def test_the_law_and_the_chance_of_agreement() -> None:
    law = group_test_law(6)
    assert law.sum() == pytest.approx(1)
    np.testing.assert_allclose(law[1:6], np.array([1 / k + 1 / (6 - k) for k in range(1, 6)]) / harmonic(6))
    masks = all_masks(6)
    sizes = masks.sum(axis=1)
    chance = law[sizes] / [math.comb(6, s) for s in sizes]
    assert agreement(6) == pytest.approx(chance @ (masks[:, 0] == masks[:, 1]))


@pytest.mark.parametrize("n", [2, 5, 40])
def test_so_many_tests_are_enough(n: int) -> None:
    # Bennett's inequality and a union bound over pairs, for errors of at most epsilon / sqrt(n) a pair
    for epsilon in (0.05, 1.0, 20.0):
        z, q = harmonic(n), agreement(n)
        variance, most, room = z * z * (1 - q), 2 * z, epsilon / math.sqrt(n)
        u = most * room / variance
        needed = math.log(n * (n - 1) / 0.05) / (variance / most**2 * ((1 + u) * math.log1p(u) - u))
        assert compute_n_samples(epsilon, 0.05, n) >= needed
    assert compute_n_samples(0.1, 0.05, n) > compute_n_samples(0.2, 0.05, n)
    assert compute_n_samples(0.1, 0.01, n) > compute_n_samples(0.1, 0.05, n)
    assert compute_n_samples(0.2, 0.05, n, utility_range=2.0) == compute_n_samples(0.1, 0.05, n)


def test_the_promise_holds_and_is_said() -> None:
    game = ShoesGame(2, 2)
    utility = Utility.from_function(lambda masks: game.worth(masks) / 2)  # scores within one unit
    truth, epsilon = game.shapley_values().values / 2, 2.0
    samples = compute_n_samples(epsilon, 0.1, 4)
    results = [
        GroupTestingShapleyValuation(utility, samples, epsilon, progress=False, seed=s).fit(game.data).result
        for s in range(20)
    ]
    assert all(np.linalg.norm(r.values - truth) <= epsilon for r in results)
    assert "within 2 of the true ones" in results[0].describe()
    assert "at least 90" in results[0].describe()
    few = GroupTestingShapleyValuation(utility, 100, 0.01, progress=False, seed=1).fit(game.data).result
    assert "guarantee nothing" in few.describe()
    assert f"{compute_n_samples(0.01, 0.05, 4):,}" in few.describe()


def test_constants_do_not_matter_and_points_may_come_in_any_order() -> None:
    def values(f: Any) -> Any:
        utility = Utility.from_function(f)
        return (
            GroupTestingShapleyValuation(utility, 500, 0.1, progress=False, seed=2)
            .fit(GAME.data)
            .result.values
        )

    np.testing.assert_allclose(values(lambda m: GAME.worth(m) + 1000.0), values(GAME.worth), atol=1e-9)
    np.testing.assert_allclose(values(lambda m: 2.0 * GAME.worth(m)), 2.0 * values(GAME.worth), atol=1e-9)


def test_one_point_and_few_tests() -> None:
    one = PairwiseGame(1, seed=3)
    result = GroupTestingShapleyValuation(one.u, 10, 0.1, progress=False).fit(one.data).result
    np.testing.assert_allclose(result.values, one.shapley_values().values)
    two = GroupTestingShapleyValuation(GAME.u, 70, 0.1, progress=False, seed=0).fit(GAME.data).result
    assert two.provenance.evaluations == 70  # the last step is cut
    assert (two.counts == 70).all()


def group_testing(samples: int = 1500) -> Any:
    return GroupTestingShapleyValuation(GAME.u, samples, 0.1, progress=False, seed=6)


def test_group_tests_give_the_same_bits_for_any_workers_and_resume(tmp_path: Path) -> None:
    whole = bits(group_testing().fit(GAME.data).result)
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            assert bits(group_testing().fit(GAME.data).result) == whole
    frames = group_testing().stream(GAME.data, checkpoint=tmp_path)
    for frame in frames:
        if frame.done >= 500:
            assert np.isfinite(frame.values).all()
            break
    frames.close()
    assert bits(group_testing().fit(GAME.data, checkpoint=tmp_path).result) == whole


def test_more_tests_go_on_where_fewer_ended(tmp_path: Path) -> None:
    group_testing(100).fit(GAME.data, checkpoint=tmp_path)
    longer = group_testing(1500).fit(GAME.data, checkpoint=tmp_path).result
    assert bits(longer) == bits(group_testing(1500).fit(GAME.data).result)


def test_semivalues_by_enumeration_agree_with_the_games() -> None:
    law = weighted_banzhaf_law(6, 0.7)
    game = PairwiseGame(6, seed=9)
    np.testing.assert_allclose(semivalue_by_enumeration(game.worth, law), game.semivalue(law), atol=1e-10)


@pytest.mark.parametrize("weight", [0.3, 0.7])
def test_errors_of_weighted_banzhaf_values_are_honest(weight: float) -> None:
    def make(n: int, seed: int) -> Any:
        law = weighted_banzhaf_law(n, weight)
        return SizeStrata(n, law, bound_draw_law(law), seed, SUBSETS)

    runs = many_runs(make, lambda n: weighted_banzhaf_law(n, weight), n=10, steps=24, runs=200)
    check_unbiased(runs)
    check_coverage(runs)
