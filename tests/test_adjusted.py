"""The regression-adjusted estimator: exact surrogates, untouched held-out rows, honest errors, fewer fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conformance import Runs, check_coverage, check_unbiased, run_steps
from numpy.typing import NDArray
from oracles import LowOrderGame, semivalue_by_enumeration

from dvlwidgets import MaxUpdates, MSRSampler, ShapleyValuation, Utility
from dvlwidgets.engine.records import Evaluations
from dvlwidgets.utility.bound import First
from dvlwidgets.utility.votes import Votes
from dvlwidgets.valuation.samplers import adjusted
from dvlwidgets.valuation.samplers.adjusted import AdjustedStrata, _folds, _held_out
from dvlwidgets.valuation.samplers.features import ROWS_A_POINT, Features
from dvlwidgets.valuation.samplers.grams import FOLDS, Grams, Scored
from dvlwidgets.valuation.samplers.regression import cross_fitted
from dvlwidgets.valuation.samplers.ridge_paths import from_reflections, from_target
from dvlwidgets.valuation.samplers.strata import SizeStrata
from dvlwidgets.valuation.samplers.surrogate import Surrogate, mean_surrogate
from dvlwidgets.valuation.semivalue import banzhaf_law, beta_law, loo_law, shapley_law

LAWS: dict[str, Any] = {
    "shapley": shapley_law,
    "banzhaf": banzhaf_law,
    "beta(4,1)": lambda n: beta_law(n, 4, 1),
    "beta(1,4)": lambda n: beta_law(n, 1, 4),
    "loo": loo_law,
}


class Curved(LowOrderGame):
    """A game with interactions of every order, so that no surrogate fits it."""

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.tanh(super().__call__(masks) / 2) * 2


def bound(n: int, seed: int, law: str = "shapley", **kwargs: Any) -> Any:
    return MSRSampler(**kwargs).bind(n, LAWS[law](n), seed, "this method")


def some_surrogate(n: int, seed: int) -> Surrogate:
    rng = np.random.default_rng(seed)
    pairs = np.triu(rng.normal(size=(n, n)), 1)
    return Surrogate(
        rng.normal(size=n + 1), rng.normal(size=(3, n + 1)), rng.normal(size=(3, n)), pairs + pairs.T
    )


@pytest.mark.parametrize("law", list(LAWS))
@pytest.mark.parametrize("n", [2, 5, 8])
def test_semivalues_of_a_surrogate_are_exact(law: str, n: int) -> None:
    g, p = some_surrogate(n, n), LAWS[law](n)
    np.testing.assert_allclose(g.values(p), semivalue_by_enumeration(g, p), atol=1e-10)
    both = mean_surrogate([g, some_surrogate(n, 99)])
    np.testing.assert_allclose(both.values(p), semivalue_by_enumeration(both, p), atol=1e-10)


@pytest.mark.parametrize("n", [6, 40, 150])
def test_coefficients_mean_the_same_before_and_after_the_centring_is_taken_apart(n: int) -> None:
    features = Features(n, np.ones(n + 1))
    beta = np.random.default_rng(0).normal(size=features.count)
    masks = np.random.default_rng(1).random((50, n)) < 0.4
    np.testing.assert_allclose(features.rows(masks) @ beta, features.surrogate(beta)(masks), atol=1e-9)


def test_what_a_regression_can_express_it_finds() -> None:
    game, n = LowOrderGame(8, 0), 8
    values, stderr = run_steps(bound(n, 0), game, 16)
    plain, plain_stderr = run_steps(bound(n, 0, adjusted=False), game, 16)
    truth = game.values(shapley_law(n))
    assert np.abs(values - truth).max() < np.abs(plain - truth).max() / 20
    assert stderr.max() < plain_stderr.max() / 20


def test_no_row_is_judged_by_a_surrogate_that_saw_it() -> None:
    n, rows = 8, 320
    masks = np.concatenate([bound(n, 3).masks(s) for s in range(5)])
    utilities = np.asarray(Curved(n, 1)(masks))
    features = bound(n, 3).features

    def guesses(y: NDArray[np.float64]) -> NDArray[np.float64]:
        grams = Grams.zeros(features.count).add(features, Scored(masks, y, _folds(0, rows)))
        return _held_out(cross_fitted(features, grams), masks, 0)

    before = guesses(utilities)
    for row in (0, 17, 319):
        changed = utilities.copy()
        changed[row] += 100.0
        after = guesses(changed)
        own = np.arange(rows) % FOLDS == row % FOLDS
        shift, sizes = after - before, masks.sum(axis=1)
        for size in np.unique(sizes):  # parts and penalty included; what is said of a size is everybody's
            np.testing.assert_allclose(np.ptp(shift[own & (sizes == size)]), 0.0, atol=1e-10)
        assert np.ptp(shift[~own & (sizes == 4)]) > 1e-3


def test_a_size_that_one_fold_alone_has_met_is_not_given_back_by_the_others() -> None:
    # all three subsets of size 1 are in one fold: its surrogate has never met any, and guesses 13 for -1
    n, small = 8, 4
    curved = Curved(n, n)

    def failing(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.where(masks.sum(axis=1) < small, -1.0, 0.9 + 0.01 * curved(masks))

    failing.n = n  # type: ignore[attr-defined]
    values, stderr = run_steps(bound(n, 35, "banzhaf"), failing, 2)
    truth = semivalue_by_enumeration(failing, banzhaf_law(n))
    assert (np.abs(values - truth) < 4 * stderr).all()


@pytest.mark.parametrize(("law", "n"), [("shapley", 10), ("banzhaf", 12), ("beta(4,1)", 10)])
def test_adjusted_values_are_unbiased_and_their_errors_cover(law: str, n: int) -> None:
    game = Curved(n, n)
    found = [run_steps(bound(n, 1000 + r, law), game, 8) for r in range(200)]
    runs = Runs(
        np.array([v for v, _ in found]),
        np.array([s for _, s in found]),
        semivalue_by_enumeration(game, LAWS[law](n)),
    )
    check_unbiased(runs)
    check_coverage(runs)


def test_errors_of_surrogates_that_saw_their_rows_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    # the broken twin: every row is judged by all surrogates, four of which saw it
    monkeypatch.setattr(
        adjusted, "_held_out", lambda surrogates, masks, begin, counted: mean_surrogate(surrogates)(masks)
    )
    n = 12
    game = Curved(n, n)
    found = [run_steps(bound(n, 1000 + r), game, 8) for r in range(100)]
    runs = Runs(
        np.array([v for v, _ in found]),
        np.array([s for _, s in found]),
        semivalue_by_enumeration(game, shapley_law(n)),
    )
    with pytest.raises(AssertionError, match="cover"):
        check_coverage(runs)


def test_fewer_fits_for_the_same_answer() -> None:
    n = 12
    game = Curved(n, 5)
    truth = semivalue_by_enumeration(game, shapley_law(n))

    def squared(**kwargs: Any) -> NDArray[np.float64]:
        runs = [run_steps(bound(n, s, **kwargs), game, 16)[0] for s in range(20)]
        return np.array([((v - truth) ** 2).mean() for v in runs])

    ratio = squared() / squared(adjusted=False)
    # 20 runs on the same draws: half of the error is far outside of what chance does
    assert np.median(ratio) < 0.5


def test_learning_ends_and_memory_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjusted, "LEARNED", 512)
    n, game = 10, Curved(10, 10)
    sampler = bound(n, 0)
    stats = sampler.initial(First(game(np.zeros((1, n), bool)), game(np.ones((1, n), bool)), 0.0))
    for step in range(20):
        y = game(sampler.masks(step))
        stats = sampler.fold(stats, step, Evaluations(y[:, None], np.zeros(len(y), np.uint8)))
        if step == 7:
            last = stats.mean
    assert stats.grams is None
    assert not stats.learned
    assert stats.fitted == 512
    assert stats.mean is last
    truth = semivalue_by_enumeration(game, shapley_law(n))
    e = sampler.estimate(stats)
    assert (np.abs(e.values - truth) < 5 * e.stderr).all()


@pytest.mark.parametrize("n", [10, 130])  # surrogates of many shapes, and of exact sums
def test_who_looks_when_changes_no_bit(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjusted, "CHUNK", 1500)
    monkeypatch.setattr(adjusted, "LEARNED", 2 * ROWS_A_POINT * n if n > 100 else 1000)
    slope = np.cos(np.arange(n))

    def bits(looks: Any) -> bytes:
        sampler = bound(n, 5)
        stats = sampler.initial(First(np.zeros(1), np.ones(1), 0.0))
        for step in range(45):
            y = np.tanh(sampler.masks(step) @ slope)
            stats = sampler.fold(stats, step, Evaluations(y[:, None], np.zeros(len(y), np.uint8)))
            if step in looks:
                sampler.estimate(stats)
        assert stats.grams is None  # learning ended on the way
        e = sampler.estimate(stats)
        return e.values.tobytes() + e.stderr.tobytes()

    nobody = bits(())
    assert np.isfinite(np.frombuffer(nobody)).all()
    assert bits(range(45)) == bits((3, 18, 33)) == nobody


def test_sums_of_whole_numbers_are_those_of_the_features() -> None:
    n, votes = 130, Votes(np.argsort(np.random.default_rng(0).random((3, 130)), axis=1), np.ones((3, 130)))
    exact = Features(n, bound(n, 0).features.weights, votes)
    assert exact.levels is not None
    assert bound(n, 0, "banzhaf").features.levels is None  # weights of sizes differ too much
    general = Features(n, exact.levels**2, votes)
    general.__dict__["levels"] = None
    masks = np.concatenate(
        [bound(n, 3).masks(s) for s in range(90)]
    )  # more rows a fold than one product takes
    y, folds = np.random.default_rng(1).normal(size=len(masks)), _folds(0, len(masks))
    a, b = (Grams.zeros(f.count).add(f, Scored(masks, y, folds, votes(masks))) for f in (exact, general))
    for name in ("xx", "xy", "yy"):
        mine, theirs = getattr(a, name), getattr(b, name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-11 * np.abs(theirs).max())


def test_ridge_paths_solve_their_systems() -> None:
    rng, k = np.random.default_rng(0), 120
    x, target = rng.normal(size=(2000, k)), rng.normal(size=k)
    for rows in (2000, 60):  # well conditioned, and of less than full rank
        gram = x[:rows].T @ x[:rows]
        floors = np.geomspace(1e-6, 1e2, 5) * np.trace(gram) / k
        quick = from_target(lambda v, gram=gram: gram @ v, target, floors)
        assert (quick is None) == (rows == 60)  # the target is not in the span of 60 rows
        for found in [from_reflections(gram, target, floors)] + [quick] * (quick is not None):
            left = gram @ found + floors * found - target[:, None]
            assert np.abs(left).max() < 1e-7
    nothing = from_target(lambda v: v, np.zeros(k), floors)
    assert nothing is not None
    assert not nothing.any()


def test_who_is_adjusted() -> None:
    assert isinstance(bound(10, 0), AdjustedStrata)
    assert type(bound(10, 0, adjusted=False)) is SizeStrata
    assert type(bound(3, 0)) is SizeStrata
    assert type(bound(601, 0)) is SizeStrata


def test_a_constant_added_to_the_utility_changes_no_value() -> None:
    game = Curved(9, 2)
    values = [run_steps(bound(9, 0), g, 8)[0] for g in (game, Shifted(game))]
    np.testing.assert_allclose(values[0], values[1], atol=1e-7)


class Shifted:
    def __init__(self, game: Any) -> None:
        self.game, self.n = game, game.n

    def __call__(self, masks: Any) -> Any:
        return self.game(masks) + 1000.0


def test_groups_are_adjusted_like_points() -> None:
    valuation = ShapleyValuation(
        Utility.from_function(Curved(10, 4)), MSRSampler(seed=0), MaxUpdates(600)
    ).fit(range(10))
    truth = semivalue_by_enumeration(Curved(10, 4), shapley_law(10))
    result = valuation.result
    assert (np.abs(result.values - truth) < 5 * result.stderr).all()
    assert any("Regression-adjusted" in each for each in result.provenance.references)
