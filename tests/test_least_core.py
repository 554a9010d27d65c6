"""The least core against closed forms, brute force and optimality conditions that share nothing with its solvers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles import all_masks
from scipy.optimize import linprog

from dvlwidgets import (
    Dataset,
    DeterministicPermutationSampler,
    DeterministicUniformSampler,
    GroupedDataset,
    MSRSampler,
    PermutationSampler,
    RelativeTruncation,
    Utility,
)
from dvlwidgets.errors import InputError, RunError
from dvlwidgets.valuation.games import (
    AirportGame,
    AsymmetricVotingGame,
    MinerGame,
    MinimumSpanningTreeGame,
    PairwiseGame,
    ShoesGame,
    SymmetricVotingGame,
)
from dvlwidgets.valuation.least_core import collecting as collecting_module
from dvlwidgets.valuation.least_core import egalitarian as egalitarian_module
from dvlwidgets.valuation.least_core import subsidy as subsidy_module
from dvlwidgets.valuation.least_core.constraints import Constraints
from dvlwidgets.valuation.least_core.egalitarian import egalitarian, kkt_residual
from dvlwidgets.valuation.least_core.subsidy import least_subsidy
from dvlwidgets.valuation.least_core.vertex import single_point
from dvlwidgets.valuation.methods.least_core import (
    ExactLeastCoreValuation,
    LeastCoreValuation,
    MonteCarloLeastCoreValuation,
)

Floats = NDArray[np.float64]


# oracles ------------------------------------------------------------------------------------------------------------


def program(masks: Any, worth: Floats, total: float, e: float | None, cost: Floats) -> Any:
    """Minimise cost x + c e over payments with x(S) + e >= v(S), written out densely; e is free if None."""
    n = masks.shape[1]
    rows = np.column_stack([-masks.astype(float), -np.ones(len(masks))])
    bounds = [(None, None)] * n + [(e, e)]
    sum_row = np.r_[np.ones(n), 0.0][None, :]
    return linprog(cost, rows, -worth, sum_row, [total], bounds=bounds, method="highs-ds")


def least_subsidy_by_hand(masks: Any, worth: Floats, total: float) -> float:
    found = program(masks, worth, total, None, np.r_[np.zeros(masks.shape[1]), 1.0])
    assert found.status == 0
    return float(found.fun)


def is_most_equal(x: Floats, masks: Any, worth: Floats, total: float, e: float, room: float = 1e-7) -> bool:
    """Whether x has the least norm of the payments that need no more than e.

    On a convex set that is so exactly when no other point of it has a smaller product with x: another linear program.
    """
    scale = max(1.0, float(np.abs(worth).max()), abs(total))
    feasible = (masks @ x + e >= worth - room * scale).all() and abs(x.sum() - total) < room * scale
    other = program(masks, worth, total, e + 1e-9 * scale, np.r_[x, 0.0])
    return bool(feasible and other.status == 0 and other.fun >= x @ x - room * scale**2)


def proper(n: int) -> NDArray[np.bool_]:
    return all_masks(n)[1:-1]


def exact(game: Any, **kwargs: Any) -> Any:
    return ExactLeastCoreValuation(game.u, progress=False, **kwargs).fit(game.data).result


def bits(result: Any) -> tuple[bytes, bytes, float, int]:
    return result.values.tobytes(), result.counts.tobytes(), result.subsidy, result.constraints


# the exact method on games -------------------------------------------------------------------------------------------

GAMES = [
    ShoesGame(1, 1),
    ShoesGame(2, 2),
    ShoesGame(3, 3),
    ShoesGame(1, 2),
    ShoesGame(2, 3),
    ShoesGame(5, 2),
    MinerGame(3),
    MinerGame(4),
    MinerGame(9),
    SymmetricVotingGame(2),
    SymmetricVotingGame(8),
    AirportGame(6, costs=[1, 1, 2, 3, 5, 8]),
    AirportGame(5, costs=[5, 5, 1, 1, 0]),
    MinimumSpanningTreeGame(3),
    MinimumSpanningTreeGame(8),
]


@pytest.mark.parametrize("game", GAMES, ids=repr)
def test_exact_values_are_those_of_the_closed_forms(game: Any) -> None:
    result, truth = exact(game), game.least_core_values()
    assert result.subsidy == pytest.approx(truth.subsidy, abs=1e-9)
    scale = max(1.0, float(np.abs(truth.values).max()))
    np.testing.assert_allclose(result.values, truth.values, atol=1e-8 * scale)
    assert (result.stderr == 0).all()
    assert result.constraints == 2**game.n - 2
    assert result.residual < 1e-8
    assert result.status.name == "Converged"
    assert result.threshold is None


@pytest.mark.parametrize(
    "game",
    [
        AsymmetricVotingGame(7, weights=[3, 5, 7, 9, 11, 13, 21]),
        AsymmetricVotingGame(5, weights=[9, 1, 1, 1, 1]),
        PairwiseGame(7, seed=2),
        PairwiseGame(8, seed=3, interaction=5.0),
        PairwiseGame(6, seed=4, interaction=0.0),
    ],
    ids=repr,
)
def test_exact_values_against_brute_force_where_there_is_no_formula(game: Any) -> None:
    masks, empty = proper(game.n), float(game.worth(np.zeros((1, game.n), bool))[0])
    worth, total = game.worth(masks) - empty, float(game.worth(np.ones((1, game.n), bool))[0]) - empty
    result = exact(game)
    assert result.subsidy == pytest.approx(least_subsidy_by_hand(masks, worth, total), abs=1e-8)
    assert is_most_equal(result.values, masks, worth, total, result.subsidy)
    assert result.values.sum() == pytest.approx(total)


def test_an_additive_game_pays_everybody_its_own() -> None:
    game = PairwiseGame(8, seed=1, interaction=0.0)
    result = exact(game)
    np.testing.assert_allclose(result.values, game.alone, atol=1e-8)
    assert result.subsidy == pytest.approx(0.0, abs=1e-9)


def test_a_negative_subsidy_can_be_forbidden() -> None:
    free, held = exact(ShoesGame(1, 1)), exact(ShoesGame(1, 1), non_negative_subsidy=True)
    assert (free.subsidy, held.subsidy) == (pytest.approx(-0.5), 0.0)
    game = PairwiseGame(6, seed=0, interaction=-3.0)
    masks = proper(6)
    # a game that is worth more together than in parts: e < 0 is possible, and with e = 0 payments get more equal
    convex = Utility.from_function(lambda m: m.sum(axis=1) ** 2.0 + 0.3 * game.worth(m))
    bound = convex.with_dataset(game.data)
    empty, total = float(bound(masks[:1] & False)[0]), float(bound(masks[:1] | True)[0])
    free, held = (
        ExactLeastCoreValuation(convex, flag, progress=False).fit(game.data).result for flag in (False, True)
    )
    assert free.subsidy < 0.0 == held.subsidy
    assert held.values.var() < free.values.var()
    for r in (free, held):
        assert is_most_equal(r.values, masks, bound(masks) - empty, total - empty, r.subsidy)


# the solvers, property by property -----------------------------------------------------------------------------------

worths = st.one_of(
    st.integers(0, 2).map(float),  # ties everywhere
    st.integers(-3, 3).map(float),
    st.floats(-1, 1, allow_nan=False, width=32),
)


@st.composite
def problems(draw: Any) -> Constraints:
    n = draw(st.integers(2, 6))
    masks = proper(n)
    if draw(st.booleans()):
        keep = draw(st.lists(st.booleans(), min_size=len(masks), max_size=len(masks)))
        masks = masks[np.array(keep)]
    kind = draw(st.integers(0, 1))
    one = worths if kind else st.sampled_from([0.0, 0.1, 1.0])
    worth = np.array(draw(st.lists(one, min_size=len(masks), max_size=len(masks))))
    factor = draw(st.sampled_from([1.0, 1e-6, 1e6]))
    return Constraints.of(masks.reshape(-1, n), worth * factor, draw(worths) * factor)


@settings(max_examples=120)
@given(problems(), st.booleans())
def test_any_game_is_solved(c: Constraints, non_negative: bool) -> None:
    if not len(c):
        return
    found = least_subsidy(c, non_negative=non_negative)
    masks = c.rows(np.arange(len(c))).astype(bool)
    if not non_negative:
        by_hand = program(masks, c.worth / c.scale, c.total / c.scale, None, np.r_[np.zeros(c.n), 1.0])
        assert found.bounded == (by_hand.status == 0)
        if found.bounded:
            assert found.subsidy / c.scale == pytest.approx(by_hand.fun, abs=1e-7)
        else:
            assert found.subsidy == 0.0
    else:
        assert found.subsidy >= 0.0
    equal = egalitarian(c, found.subsidy)
    assert equal is not None
    assert equal.residual < 1e-8
    assert is_most_equal(
        equal.payments / c.scale, masks, c.worth / c.scale, c.total / c.scale, found.subsidy / c.scale
    )


@settings(max_examples=40)
@given(problems(), st.floats(-5, 5), st.randoms())
def test_names_of_points_and_units_do_not_matter(c: Constraints, unit: float, random: Any) -> None:
    if not len(c):
        return
    order = list(range(c.n))
    random.shuffle(order)
    masks = c.rows(np.arange(len(c))).astype(bool)
    factor = 2.0**unit
    moved = Constraints.of(masks[:, order], c.worth * factor, c.total * factor)
    plain, other = (egalitarian(k, least_subsidy(k).subsidy) for k in (c, moved))
    assert plain is not None
    assert other is not None
    np.testing.assert_allclose(other.payments / factor, plain.payments[order], atol=1e-6 * c.scale)


def random_problem(n: int, subsets: int, seed: int) -> Constraints:
    rng = np.random.default_rng(seed)
    masks = rng.random((subsets, n)) < rng.random((subsets, 1))
    masks = masks[masks.any(axis=1) & ~masks.all(axis=1)]
    weights = rng.normal(size=n)

    def score(m: Any) -> Floats:
        return np.round(1.0 / (1.0 + np.exp(-(m @ weights) / np.sqrt(n))), 2)

    return Constraints.of(masks, score(masks) - 0.5, float(score(np.ones((1, n)))[0]) - 0.5)


@pytest.mark.parametrize(("n", "subsets"), [(12, 3000), (40, 4000)])
def test_working_sets_find_what_the_whole_program_finds(
    n: int, subsets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = random_problem(n, subsets, seed=n)
    found = least_subsidy(c)
    assert len(found.working) < len(c)
    monkeypatch.setattr(subsidy_module, "ALL_AT_ONCE", 10**9)
    whole = least_subsidy(c)
    assert found.subsidy == pytest.approx(whole.subsidy, abs=1e-9)
    equal = egalitarian(c, found.subsidy)
    assert equal is not None
    assert equal.residual < 1e-8
    masks = c.rows(np.arange(len(c))).astype(bool)
    assert is_most_equal(equal.payments, masks, c.worth, c.total, found.subsidy)


@pytest.mark.parametrize("digits", [1, 16])
def test_a_least_core_of_a_single_point_is_found_at_once(digits: int) -> None:
    rng, at_once = np.random.default_rng(digits), 0
    for n in np.tile([2, 5, 9], 10):
        masks = rng.random((12 * n, n)) < 0.5
        masks = masks[(masks.sum(axis=1) > 0) & (masks.sum(axis=1) < n)]
        c = Constraints.of(masks, rng.random(len(masks)).round(digits), 1.0)
        found = least_subsidy(c)
        one, equal = single_point(c, found), egalitarian(c, found.subsidy)
        assert equal is not None
        if one is not None:
            at_once += 1
            assert one.residual <= 1e-8
            np.testing.assert_allclose(one.payments, equal.payments, atol=1e-7)
    assert digits == 1 or at_once > 8  # worths that tie leave a choice


def test_the_residual_sees_what_is_wrong() -> None:
    # broken twins: the check must be able to fail
    c = random_problem(12, 400, seed=1)
    e = least_subsidy(c).subsidy
    good = egalitarian(c, e)
    assert good is not None
    x, at, w = good.payments, good.binding, good.weights
    assert kkt_residual(c, e, x, at, w) < 1e-8
    nudge = np.zeros(12)
    nudge[:2] = 1e-4, -1e-4
    assert kkt_residual(c, e, x + nudge, at, w) > 1e-5
    assert kkt_residual(c, e, x + 1e-4, at, w) > 1e-5
    assert kkt_residual(c, e - 1e-4, x, at, w) > 1e-5
    assert kkt_residual(c, e, x, at, w * 1.001) > 1e-5
    assert kkt_residual(c, e, x, at, -w) > 1e-5
    lp = least_subsidy(c).payments
    masks = c.rows(np.arange(len(c))).astype(bool)
    assert not is_most_equal(lp + 0.01 * (lp - x) + nudge, masks, c.worth, c.total, e)


def test_what_payments_give_a_subset_is_their_sum() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 7, 8, 9, 30):
        masks = rng.random((70_000 if n == 9 else 50, n)) < 0.5
        worth, x = rng.normal(size=len(masks)), rng.normal(size=n)
        c = Constraints.of(masks, worth, 1.0)
        np.testing.assert_allclose(c.missing(x), worth - masks @ x, atol=1e-12)


# sampled ------------------------------------------------------------------------------------------------------------

GAME = PairwiseGame(9, seed=1)


def monte_carlo(samples: int = 1200, **kwargs: Any) -> Any:
    return MonteCarloLeastCoreValuation(GAME.u, samples, progress=False, seed=3, **kwargs)


def test_sampled_values_solve_the_sampled_problem() -> None:
    result = monte_carlo(300).fit(GAME.data).result
    assert result.provenance.evaluations == 300
    assert (result.counts == 300).all()
    assert np.isnan(result.stderr).all()
    whole = exact(GAME)
    # fewer constraints, no larger subsidy
    assert result.subsidy <= whole.subsidy + 1e-9
    assert result.values.sum() == pytest.approx(whole.values.sum())


def test_with_every_subset_seen_sampled_values_are_exact() -> None:
    game = ShoesGame(2, 3)
    result = MonteCarloLeastCoreValuation(game.u, 2000, progress=False, seed=0).fit(game.data).result
    np.testing.assert_allclose(result.values, game.least_core_values().values, atol=1e-8)
    assert np.isnan(result.stderr).all()  # nobody knows that every subset was seen


@pytest.mark.parametrize(
    "sampler",
    [
        DeterministicUniformSampler(),
        DeterministicPermutationSampler(),
        PermutationSampler(seed=1),
        MSRSampler(seed=1, law="uniform-size"),
        MSRSampler(seed=1, batch_size=17),
    ],
    ids=repr,
)
def test_any_sampler_will_do(sampler: Any) -> None:
    game = ShoesGame(2, 3)
    finite = isinstance(sampler, DeterministicUniformSampler | DeterministicPermutationSampler)
    valuation = LeastCoreValuation(game.u, sampler, None if finite else 1000, progress=False)
    result = valuation.fit(game.data).result
    np.testing.assert_allclose(result.values, game.least_core_values().values, atol=1e-8)
    assert (result.stderr == 0).all() == finite
    if not finite:
        assert result.provenance.evaluations == 1000


def test_more_samples_than_there_are_take_all_there_are() -> None:
    game = ShoesGame(2, 3)
    result = (
        LeastCoreValuation(game.u, DeterministicUniformSampler(), 10_000, progress=False)
        .fit(game.data)
        .result
    )
    assert result.provenance.evaluations == 30
    assert (result.stderr == 0).all()
    part = (
        LeastCoreValuation(game.u, DeterministicUniformSampler(batch_size=8), 20, progress=False)
        .fit(game.data)
        .result
    )
    assert part.provenance.evaluations == 20
    assert np.isnan(part.stderr).all()


def test_what_truncation_leaves_out_is_no_constraint() -> None:
    sampler = PermutationSampler(RelativeTruncation(0.5, 0.3), seed=1)
    valuation = LeastCoreValuation(GAME.u, sampler, 400, progress=False)
    result = valuation.fit(GAME.data).result
    assert result.constraints == result.provenance.evaluations < 400
    assert "cut short" in result.describe()


def test_a_constant_changes_no_value() -> None:
    shifted = Utility.from_function(lambda m: GAME.worth(m) + 1000.0)
    result = ExactLeastCoreValuation(shifted, progress=False).fit(GAME.data).result
    plain = exact(GAME)
    np.testing.assert_allclose(result.values, plain.values, atol=1e-7)
    assert result.subsidy == pytest.approx(plain.subsidy, abs=1e-9)


def test_too_few_subsets_are_said_and_paid_without_a_subsidy() -> None:
    few = monte_carlo(4).fit(GAME.data).result
    assert few.subsidy == 0.0
    assert not few.bounded
    assert "so few subsets" in few.describe()
    assert np.isfinite(few.values).all()
    held = monte_carlo(4, non_negative_subsidy=True).fit(GAME.data).result
    np.testing.assert_allclose(held.values, few.values, atol=1e-9)
    assert "so few" not in held.describe()


def test_one_point_and_worthless_games() -> None:
    one = PairwiseGame(1, seed=3)
    for method in (
        ExactLeastCoreValuation(one.u, progress=False),
        MonteCarloLeastCoreValuation(one.u, 5, progress=False),
    ):
        result = method.fit(one.data).result
        np.testing.assert_allclose(result.values, one.alone)
        assert result.subsidy == 0.0
    nothing = Utility.from_function(lambda m: np.zeros(len(m)))
    result = ExactLeastCoreValuation(nothing, progress=False).fit(GAME.data).result
    assert (result.values == 0).all()
    assert result.subsidy == 0.0


def test_a_model_and_groups() -> None:
    from sklearn.naive_bayes import GaussianNB

    from dvlwidgets import SupervisedScorer

    rng = np.random.default_rng(0)
    y = np.arange(36) % 2
    x = rng.normal(size=(36, 2)) + y[:, None]
    groups = GroupedDataset(x[:24], y[:24], np.repeat(list("abcdef"), 4))
    utility = Utility(GaussianNB(), SupervisedScorer("accuracy", Dataset(x[24:], y[24:])))
    result = ExactLeastCoreValuation(utility, progress=False).fit(groups).result
    bound = utility.with_dataset(groups)
    masks, ends = proper(6), bound(np.array([[False] * 6, [True] * 6]))
    worth, total = bound(masks) - ends[0], float(ends[1] - ends[0])
    assert result.subsidy == pytest.approx(least_subsidy_by_hand(masks, worth, total), abs=1e-8)
    assert is_most_equal(result.values, masks, worth, total, result.subsidy)
    assert result.unit == "points of accuracy"


# through the loop ---------------------------------------------------------------------------------------------------


def test_values_stream_and_the_last_frame_is_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        collecting_module, "SHARE", np.inf
    )  # however slow the machine, values are worth their time
    valuation = monte_carlo(1200)
    frames = list(valuation.stream(GAME.data))
    assert np.isnan(frames[0].values).all()
    assert [f.done for f in frames][-1] == 1200
    assert any(0 < f.done < 1200 and np.isfinite(f.values).all() for f in frames)
    assert frames[-1].values.tobytes() == valuation.result.values.tobytes()
    assert valuation.result.constraints == 1200


def test_the_same_bits_for_any_workers() -> None:
    alone = bits(monte_carlo().fit(GAME.data).result)
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            assert bits(monte_carlo().fit(GAME.data).result) == alone


def test_resumed_equals_uninterrupted_and_more_samples_go_on(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(masks: Any) -> Floats:
        calls.append(len(masks))
        return GAME.worth(masks)

    def make(samples: int) -> Any:
        return MonteCarloLeastCoreValuation(
            Utility.from_function(counted, key="counted"), samples, progress=False, seed=3
        )

    frames = make(1200).stream(GAME.data, checkpoint=tmp_path)
    for frame in frames:
        if frame.done >= 512:
            break
    frames.close()
    calls.clear()
    resumed = make(1200).fit(GAME.data, checkpoint=tmp_path).result
    assert sum(calls) < 1200
    assert bits(resumed) == bits(monte_carlo(1200).fit(GAME.data).result)
    calls.clear()
    longer = make(2000).fit(GAME.data, continue_from=resumed).result
    assert sum(calls) <= 2000 - 1200 + 64
    assert bits(longer) == bits(monte_carlo(2000).fit(GAME.data).result)


def test_journals_of_two_seeds_are_one_sample(tmp_path: Path) -> None:
    def make(seed: int) -> Any:
        return MonteCarloLeastCoreValuation(GAME.u, 128, progress=False, seed=seed)

    parts = [make(s).fit(GAME.data, checkpoint=tmp_path / str(s)).result for s in (1, 2)]
    merged = make(1).merge([tmp_path / "1", tmp_path / "2"], GAME.data)
    assert merged.constraints == 256
    assert merged.subsidy >= max(p.subsidy for p in parts) - 1e-9  # all constraints of both hold


def solutions(share: float, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], Any]:
    """How many subsets each solution of the programs rests on, and the result."""
    solved: list[int] = []
    plain = collecting_module.least_subsidy

    def counted(c: Constraints, **kwargs: Any) -> Any:
        solved.append(len(c))
        return plain(c, **kwargs)

    valuation = monte_carlo(6000)
    with monkeypatch.context() as patched:
        patched.setattr(collecting_module, "least_subsidy", counted)
        patched.setattr(collecting_module, "SHARE", share)
        for frame in valuation.stream(GAME.data):
            assert frame.counts.max() in (0, *solved)
    return solved, valuation.result


def test_partial_values_take_a_share_of_the_run_and_the_end_rests_on_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, frugal = solutions(0.0, monkeypatch)
    many, lavish = solutions(np.inf, monkeypatch)
    assert len(few) == 2  # the first, and that of all
    assert len(many) > 5  # every frame
    assert few[-1] == many[-1] == 6000
    assert bits(frugal) == bits(lavish)


def test_another_kind_of_subsidy_is_another_run(tmp_path: Path) -> None:
    from dvlwidgets.errors import IdentityError

    monte_carlo(200).fit(GAME.data, checkpoint=tmp_path)
    with pytest.raises(IdentityError, match="method"):
        monte_carlo(200, non_negative_subsidy=True).fit(GAME.data, checkpoint=tmp_path)


def test_results_can_be_saved(tmp_path: Path) -> None:
    from dvlwidgets import load_result, save_result

    result = exact(ShoesGame(2, 3))
    save_result(result, tmp_path / "r.npz")
    again = load_result(tmp_path / "r.npz")
    assert again == result
    assert again.subsidy == result.subsidy


# refusals -----------------------------------------------------------------------------------------------------------


def test_a_sampler_without_an_end_needs_a_number_of_samples() -> None:
    with pytest.raises(InputError, match="n_samples must say"):
        LeastCoreValuation(GAME.u, MSRSampler(), progress=False).fit(GAME.data)
    big = PairwiseGame(30)
    with pytest.raises(InputError, match="at most 25"):
        ExactLeastCoreValuation(big.u, progress=False).fit(big.data)


def test_a_solver_that_gives_up_says_so() -> None:
    valuation = ExactLeastCoreValuation(
        GAME.u, solver_options={"maxiter": 0, "presolve": False}, progress=False
    )
    with pytest.raises(RunError, match="was not solved"):
        valuation.fit(GAME.data)


def test_options_of_other_solvers_are_refused() -> None:
    with pytest.raises(InputError, match="'solver'"):
        MonteCarloLeastCoreValuation(GAME.u, 10, solver_options={"solver": "CLARABEL"})


def test_payments_are_still_given_when_the_quadratic_program_does_not_arrive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(egalitarian_module, "MOST_STEPS", 0)
    result = exact(PairwiseGame(6, seed=2))
    assert np.isnan(result.residual)
    assert "most equal payments were not found" in result.describe()
    monkeypatch.undo()
    whole = exact(PairwiseGame(6, seed=2))
    assert result.subsidy == whole.subsidy
    assert result.values.sum() == pytest.approx(whole.values.sum())
    assert (result.values**2).sum() >= (whole.values**2).sum() - 1e-9
