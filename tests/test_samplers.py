"""Samplers conform: coverage and unbiasedness on smooth games; exact ones equal enumeration; twins are rejected."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conformance import check_sampler, many_runs, run_loop, run_steps
from numpy.typing import NDArray
from oracles import LowOrderGame, semivalue_by_enumeration

from dvlwidgets import (
    AntitheticPermutationSampler,
    DeterministicPermutationSampler,
    DeterministicUniformSampler,
    LOOSampler,
    MSRSampler,
    PermutationSampler,
    RelativeTruncation,
)
from dvlwidgets.engine.moments import Moments
from dvlwidgets.errors import InputError
from dvlwidgets.utility.function import FunctionUtility
from dvlwidgets.valuation.samplers.permutation import Walks
from dvlwidgets.valuation.samplers.strata import SizeStrata
from dvlwidgets.valuation.semivalue import banzhaf_law, beta_law, loo_law, named_draw_law, shapley_law
from dvlwidgets.valuation.subset_job import SubsetJob

Law = Callable[[int], NDArray[np.float64]]

LAWS: dict[str, Law] = {
    "shapley": shapley_law,
    "banzhaf": banzhaf_law,
    "beta41": lambda n: beta_law(n, 4, 1),
}


def binder(sampler: type, size_law: Law, **kwargs: Any) -> Callable[[int, int], Any]:
    return lambda n, seed: sampler(**kwargs).bind(n, size_law(n), seed, "this method")


@pytest.mark.parametrize(("law", "n"), [("shapley", 10), ("shapley", 20), ("banzhaf", 20), ("beta41", 10)])
def test_msr_is_unbiased_and_covers(law: str, n: int) -> None:
    # 8 steps of 64 subsets
    check_sampler(binder(MSRSampler, LAWS[law], adjusted=False), LAWS[law], n=n, steps=8)


@pytest.mark.parametrize("law", ["shapley"])
def test_msr_with_wide_strata_is_unbiased_and_covers(law: str) -> None:
    # above 300 points sizes share bins; here bins are forced at n = 20
    def make(n: int, seed: int) -> SizeStrata:
        bound = MSRSampler(adjusted=False).bind(n, LAWS[law](n), seed, "this method")
        object.__setattr__(bound, "bins", np.minimum(bound.bins // 5, 3))
        return bound

    check_sampler(make, LAWS[law], n=20, steps=8)


@pytest.mark.parametrize(("law", "n"), [("shapley", 10), ("banzhaf", 20)])
def test_permutations_are_unbiased_and_cover(law: str, n: int) -> None:
    check_sampler(binder(PermutationSampler, LAWS[law]), LAWS[law], n=n, steps=80)


def test_antithetic_pairs_are_the_unit_of_their_variance() -> None:
    # pairwise games are exact under antithetic pairs, so a third-order one is needed
    n = 10

    class Cubed(LowOrderGame):
        def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
            return super().__call__(masks) ** 2 / 10

    game = Cubed(n, 0)
    truth = semivalue_by_enumeration(game, shapley_law(n))
    found = [
        run_steps(AntitheticPermutationSampler().bind(n, shapley_law(n), s, "x"), game, 80)
        for s in range(200)
    ]
    z = np.array([(v - truth) / e for v, e in found])
    share = float((np.abs(z) < 1.959964).mean())
    assert 0.93 <= share <= 0.97
    assert np.abs(z.mean(axis=0)).max() < 4.5 / np.sqrt(200)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_exhaustive_samplers_equal_enumeration(law: str, n: int) -> None:
    game = LowOrderGame(n, seed=5)
    truth = semivalue_by_enumeration(game, LAWS[law](n))
    np.testing.assert_allclose(game.values(LAWS[law](n)), truth, atol=1e-10)
    for sampler in (DeterministicUniformSampler, DeterministicPermutationSampler):
        bound = sampler().bind(n, LAWS[law](n), 0, "x")
        loop = run_loop(SubsetJob(FunctionUtility(game).with_dataset(range(n)), bound))
        np.testing.assert_allclose(loop.estimate.values, truth, atol=1e-10)
        assert (loop.estimate.stderr == 0).all()
        assert loop.ended == "complete"


@pytest.mark.parametrize("n", [1, 2, 9, 130])
def test_leave_one_out_equals_its_definition(n: int) -> None:
    game = LowOrderGame(n, seed=6)
    full = np.ones((1, n), bool)
    expected = [float((game(full) - game(full & (np.arange(n) != i)))[0]) for i in range(n)]
    loop = run_loop(
        SubsetJob(FunctionUtility(game).with_dataset(range(n)), LOOSampler().bind(n, loo_law(n), 0, "x"))
    )
    np.testing.assert_allclose(loop.estimate.values, expected, atol=1e-10)
    assert loop.tally.done == (n if n > 1 else 0)


def test_adding_a_constant_to_the_utility_changes_no_value() -> None:
    game = LowOrderGame(12, 3)
    for sampler in (MSRSampler(seed=0), PermutationSampler(seed=0)):
        bound = sampler.bind(12, shapley_law(12), 0, "x")
        plain, _ = run_steps(bound, game, 20)
        shifted_game = LowOrderGame(12, 3)
        shifted_game.__class__ = type("Shifted", (LowOrderGame,), {"__call__": lambda _, m: game(m) + 1000.0})
        shifted, _ = run_steps(bound, shifted_game, 20)
        np.testing.assert_allclose(shifted, plain, atol=1e-9)


def test_unknown_values_are_nan_and_never_zero() -> None:
    values, stderr = run_steps(
        MSRSampler(batch_size=2, adjusted=False).bind(40, shapley_law(40), 0, "x"), LowOrderGame(40, 0), 1
    )
    assert np.isnan(values).all()
    assert np.isnan(stderr).all()


def test_truncated_walks_stop_near_the_full_score_and_say_so() -> None:
    n, seen = 30, []

    def flat_after_ten(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        seen.append(len(masks))
        return np.minimum(masks.sum(axis=1), 10) / 10.0

    flat_after_ten.n = n  # type: ignore[attr-defined]
    bound = PermutationSampler(RelativeTruncation(0.01)).bind(n, shapley_law(n), 0, "x")
    values, _ = run_steps(bound, flat_after_ten, 300)
    assert sum(seen) == 2 + 300 * 10
    assert values.sum() == pytest.approx(1.0)
    assert any("cut short" in note for note in bound.notes)


# --- broken twins: the suite must reject each ---------------------------------------------------------------------


class _TooSure(SizeStrata):
    def estimate(self, stats: Any) -> Any:
        e = super().estimate(stats)
        return dataclasses.replace(e, stderr=e.stderr * 0.8)


class _Swapped(SizeStrata):
    def estimate(self, stats: Any) -> Any:
        e = super().estimate(stats)
        order = np.arange(self.n)
        order[:2] = 1, 0
        return dataclasses.replace(e, values=e.values[order], stderr=e.stderr[order])


class _Unweighted(SizeStrata):
    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "bins", np.minimum(self.bins // 10, 1))  # weights matter in wide strata

    def observation_weights(self, sizes: Any) -> Any:
        return np.ones(len(sizes)), np.ones(len(sizes))


class _UncorrectedLaw(Walks):
    def fold(self, stats: Any, step: int, evaluations: Any) -> Any:
        return Walks(self.n, shapley_law(self.n), self.seed).fold(stats, step, evaluations)


class _SizesTogether(SizeStrata):
    def estimate(self, stats: Any) -> Any:
        # E[x^2] - mean^2 over everything, sizes ignored
        stats = self._settled(stats)
        m = stats.moments
        merged = Moments(
            *(a.sum(axis=1, keepdims=True) for a in (m.count, m.weight, m.squares, m.mean, m.m2))
        )
        e = super().estimate(stats)
        return dataclasses.replace(e, stderr=np.sqrt(merged.variance_of_mean().sum(axis=(0, 1))))


def _twin(cls: type) -> Callable[[int, int], Any]:
    def make(n: int, seed: int) -> Any:
        good = MSRSampler(adjusted=False).bind(n, shapley_law(n), seed, "x")
        return cls(**{f.name: getattr(good, f.name) for f in dataclasses.fields(good) if f.init})

    return make


@pytest.mark.parametrize("cls", [_TooSure, _Swapped, _Unweighted, _SizesTogether])
def test_the_suite_rejects_broken_strata(cls: type) -> None:
    with pytest.raises(AssertionError):
        check_sampler(
            _twin(cls),
            shapley_law,
            n=20 if cls is _Unweighted else 10,
            steps=8,
            runs=400 if cls is _Unweighted else 200,
        )


def test_the_suite_rejects_walks_without_the_semivalues_weights() -> None:
    def make(n: int, seed: int) -> Any:
        return _UncorrectedLaw(n, beta_law(n, 4, 1), seed)

    with pytest.raises(AssertionError, match="biased"):
        check_sampler(make, LAWS["beta41"], n=10, steps=200, runs=50)


def test_the_suite_rejects_folding_what_finishes_first() -> None:
    """Cost that grows with the utility, and stopping on whatever came in first: biased low."""
    game = LowOrderGame(10, 10)

    def first_finished(n: int, seed: int) -> Any:
        bound = PermutationSampler().bind(n, shapley_law(n), seed, "x")
        cost = [float(game(bound.masks(step)).sum()) for step in range(300)]
        quick = np.argsort(cost)[:200]

        class Reordered(Walks):
            def orders(self, step: int) -> Any:
                return super().orders(int(quick[step]))

        return Reordered(n, shapley_law(n), seed)

    with pytest.raises(AssertionError, match="biased"):
        check_sampler(first_finished, shapley_law, n=10, steps=200, runs=60)


@pytest.mark.parametrize("sampler", [PermutationSampler, AntitheticPermutationSampler])
def test_prefixes_are_the_same_whole_and_in_pieces(sampler: Any) -> None:
    n, seen = 6, []

    def game(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        seen.append(masks)
        return masks.sum(axis=1).astype(float)

    bound, utility = binder(sampler, shapley_law)(n, 3), FunctionUtility(game).with_dataset(range(n))
    whole, rows = bound.masks(2), bound.rows(2)
    place = np.argsort(bound.orders(2), axis=1)
    expected = [place[walk] < size for walk in range(bound.walks) for size in range(1, n)]
    np.testing.assert_array_equal(whole, expected)
    for lo in range(rows + 1):
        for hi in range(lo, rows + 1):
            bound.evaluate(utility, {}, 2, lo, hi)
            np.testing.assert_array_equal(seen[-1], whole[lo:hi])
    with pytest.raises(ValueError, match="read-only"):
        whole[0] = True


def test_checksums_of_walks_are_of_their_orders() -> None:
    jobs = [
        SubsetJob(
            FunctionUtility(len).with_dataset(range(7)), binder(PermutationSampler, shapley_law)(7, seed)
        )
        for seed in (0, 1)
    ]
    one, other = (job.checksum(range(2)) for job in jobs)
    assert one != other
    assert jobs[0].checksum(range(1, 2), jobs[0].checksum(range(1))) == one


# --- pairs that can never be right ------------------------------------------------------------------------------


def test_shapley_weights_on_binomial_sizes_are_refused_where_they_cannot_work() -> None:
    assert MSRSampler(law="binomial").bind(8, shapley_law(8), 0, "Shapley")
    with pytest.raises(InputError, match="variance grows"):
        MSRSampler(law="binomial").bind(100, shapley_law(100), 0, "Shapley")
    with pytest.warns(UserWarning, match="variance grows"):
        MSRSampler(law="binomial").bind(14, shapley_law(14), 0, "Shapley")
    with pytest.raises(InputError, match="LOOValuation"):
        LOOSampler().bind(10, shapley_law(10), 0, "Shapley")
    with pytest.raises(InputError, match="feasible"):
        DeterministicUniformSampler().bind(26, shapley_law(26), 0, "Shapley")
    with pytest.raises(InputError, match="feasible"):
        DeterministicPermutationSampler().bind(9, shapley_law(9), 0, "Shapley")


def test_a_law_that_never_draws_needed_sizes_is_refused() -> None:
    law = np.zeros(21)
    law[10] = 1.0
    with pytest.raises(InputError, match="never drawn"):
        MSRSampler(law=law).bind(20, shapley_law(20), 0, "Shapley")


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_standard_errors_hold_where_the_spread_depends_on_the_size(power: float) -> None:
    # strata of many sizes at n = 100: small subsets have the large weights and the large spread
    n, runs = 100, 60
    salt = np.random.default_rng(0).random(n) * 1e6

    class Noisy:
        def __init__(self) -> None:
            self.n = n

        def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
            sizes = np.maximum(masks.sum(axis=1), 1)
            return ((masks @ salt) % 1.0 - 0.5) * sizes**-power

    found = [
        run_steps(MSRSampler(adjusted=False).bind(n, shapley_law(n), seed, "x"), Noisy(), 8)
        for seed in range(runs)
    ]
    values, stderr = np.array([v for v, _ in found]), np.array([e for _, e in found])
    squares = (values - values.mean(axis=0)) ** 2 * runs / (runs - 1)
    # by run: points of one run share subsets, runs are independent
    ratio = squares.mean(axis=1) / (stderr**2).mean(axis=1)
    error = ratio.std(ddof=1) / np.sqrt(runs)
    assert (
        abs(ratio.mean() - 1.0) < 4.0 * error + 0.05
    )  # the jackknife is right to a few percent of the variance


def test_a_law_with_all_its_mass_at_size_one_gives_values_above_300_points() -> None:
    n = 400
    law = 0.5 ** np.arange(n)
    bound = MSRSampler(adjusted=False).bind(n, law / law.sum(), 0, "x")
    values, stderr = run_steps(bound, LowOrderGame(n, 0), 60)
    assert np.isfinite(values).all()
    assert np.isfinite(stderr).all()


@pytest.mark.parametrize(("n", "steps", "adjusted"), [(12, 3, False), (100, 6, True), (310, 10, True)])
def test_a_point_whose_only_subset_that_counts_was_not_drawn_has_no_value(
    n: int, steps: int, adjusted: bool
) -> None:
    # leave-one-out looks at all points but one; subsets of other sizes must not speak for those not drawn yet
    game, law = LowOrderGame(n, n), loo_law(n)
    bound = MSRSampler(adjusted=adjusted).bind(n, law, 0, "leave-one-out")
    if not adjusted:  # as a journal of a Shapley run is re-weighted
        bound = SizeStrata(n, law, named_draw_law("uniform-size", n), 0, 1)
    drawn = np.concatenate([bound.masks(step) for step in range(steps)])
    met = ~drawn[drawn.sum(axis=1) == n - 1].all(axis=0)
    assert 0 < met.sum() < n
    values, stderr = run_steps(bound, game, steps)
    assert np.isnan(values[~met]).all()
    assert np.isnan(stderr[~met]).all()
    np.testing.assert_allclose(values[met], game.values(law)[met], atol=1e-8)


def test_banzhaf_from_uniform_sizes_is_right() -> None:
    r = many_runs(
        binder(MSRSampler, banzhaf_law, law="uniform-size", adjusted=False),
        banzhaf_law,
        n=10,
        steps=16,
        runs=100,
    )
    assert np.abs((r.values.mean(axis=0) - r.truth) / (r.values.std(axis=0, ddof=1) / 10)).max() < 4.5
