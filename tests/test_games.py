"""Closed forms against enumeration of all coalitions, by code that shares nothing with the games."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
from scipy.optimize import linprog

from dvlwidgets.data.identity import digest
from dvlwidgets.errors import InputError
from dvlwidgets.valuation.games import (
    AirportGame,
    AsymmetricVotingGame,
    MinerGame,
    MinimumSpanningTreeGame,
    PairwiseGame,
    ShoesGame,
    SymmetricVotingGame,
)
from dvlwidgets.valuation.semivalue import banzhaf_law, beta_law, loo_law, shapley_law

SMALL = [
    SymmetricVotingGame(2),
    SymmetricVotingGame(6),
    MinerGame(3),
    MinerGame(4),
    MinerGame(7),
    ShoesGame(1, 1),
    ShoesGame(2, 2),
    ShoesGame(3, 3),
    ShoesGame(1, 2),
    ShoesGame(2, 3),
    ShoesGame(4, 1),
    ShoesGame(5, 2),
    AsymmetricVotingGame(1, weights=[3]),
    AsymmetricVotingGame(4, weights=[4, 3, 2, 1]),
    AsymmetricVotingGame(7, weights=[9, 2, 2, 2, 1, 1, 1]),
    AsymmetricVotingGame(6, weights=[1, 1, 2, 2, 3, 3]),
    AirportGame(1, costs=[2.0]),
    AirportGame(5, costs=[1.0, 3.0, 3.0, 0.0, 7.5]),
    AirportGame(6, costs=[2.0] * 6),
    MinimumSpanningTreeGame(3),
    MinimumSpanningTreeGame(4),
    MinimumSpanningTreeGame(7),
    PairwiseGame(1, seed=1),
    PairwiseGame(2, seed=2),
    PairwiseGame(7, seed=3),
    PairwiseGame(7, seed=3, interaction=0.0),
]
FULL_SIZE = [
    SymmetricVotingGame(100),
    MinerGame(100),
    ShoesGame(40, 60),
    AsymmetricVotingGame(),
    AirportGame(),
    MinimumSpanningTreeGame(),
    PairwiseGame(100, seed=5),
]
LAWS = {
    "shapley": shapley_law,
    "banzhaf": banzhaf_law,
    "loo": loo_law,
    "beta(4, 1)": lambda n: beta_law(n, 4, 1),
    "own": lambda n: np.arange(1.0, n + 1) / np.arange(1.0, n + 1).sum(),
}


def coalitions(n: int) -> list[frozenset[int]]:
    return [frozenset(c) for k in range(n + 1) for c in itertools.combinations(range(n), k)]


def worths(game) -> dict[frozenset[int], float]:
    """Worth of every coalition, one mask at a time."""
    table = {}
    for coalition in coalitions(game.n):
        mask = np.array([[i in coalition for i in range(game.n)]])
        table[coalition] = float(game.worth(mask)[0])
    return table


def enumerated(game, law: np.ndarray) -> list[float]:
    """The definition of a semivalue, coalition by coalition."""
    v = worths(game)
    values = []
    for i in range(game.n):
        terms = [law[len(c)] / math.comb(game.n - 1, len(c)) * (v[c | {i}] - v[c]) for c in v if i not in c]
        values.append(math.fsum(terms))
    return values


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("game", SMALL, ids=repr)
def test_every_semivalue_equals_enumeration(game, law):
    p = LAWS[law](game.n)
    np.testing.assert_allclose(game.semivalue(p), enumerated(game, p), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("game", SMALL, ids=repr)
def test_named_values_are_results_over_the_games_data(game):
    for result, law in ((game.shapley_values(), shapley_law), (game.banzhaf_values(), banzhaf_law)):
        np.testing.assert_allclose(result.values, enumerated(game, law(game.n)), rtol=1e-11, atol=1e-11)
        assert (result.stderr == 0).all()
        assert len(game.data.drop(result[:0])) == game.n


@pytest.mark.parametrize("game", SMALL + FULL_SIZE, ids=repr)
def test_shapley_values_sum_to_what_all_add_to_nothing(game):
    ends = game.worth(np.array([np.zeros(game.n, bool), np.ones(game.n, bool)]))
    assert game.shapley_values().values.sum() == pytest.approx(ends[1] - ends[0], rel=1e-12, abs=1e-12)


def least_subsidy(game) -> float:
    """The smallest subsidy by linear programming over all coalitions."""
    v, n = worths(game), game.n
    proper = [c for c in v if 0 < len(c) < n]
    rows = [[*(-1.0 if i in c else 0.0 for i in range(n)), -1.0] for c in proper]
    if not proper:
        return 0.0
    found = linprog(
        [0.0] * n + [1.0], A_ub=rows, b_ub=[-v[c] for c in proper], A_eq=[[1.0] * n + [0.0]],
        b_eq=[v[frozenset(range(n))]], bounds=[(None, None)] * (n + 1),
    )  # fmt: skip
    assert found.success, found.message
    return float(found.fun)


LEAST_CORES = [
    *SMALL[:12],
    *[
        AirportGame(len(c), c)
        for c in ([2.0], [0.0, 0.0], [1.0, 3.0], [1.0, 3.0, 3.0, 0.0, 7.5], [2.0] * 6, [5, 5, 1, 1, 1])
    ],
    *[MinimumSpanningTreeGame(n) for n in (3, 4, 5, 7, 8)],
]


@pytest.mark.parametrize("game", LEAST_CORES, ids=repr)
def test_least_core_is_feasible_and_no_subsidy_is_smaller(game):
    result, v = game.least_core_values(), worths(game)
    assert result.values.sum() == pytest.approx(v[frozenset(range(game.n))])
    lacks = [w - sum(result.values[i] for i in c) for c, w in v.items() if 0 < len(c) < game.n]
    short = max(lacks, default=0.0)
    assert short <= result.subsidy + 1e-12
    assert result.subsidy == pytest.approx(least_subsidy(game), abs=1e-9)


@pytest.mark.parametrize("game", [*SMALL[12:16], PairwiseGame(3)], ids=repr)
def test_an_unknown_least_core_says_so(game):
    with pytest.raises(NotImplementedError, match="no closed form of the least core of"):
        game.least_core_values()


def test_least_core_at_full_size():
    airport = AirportGame().least_core_values()
    assert airport.values.sum() == pytest.approx(10.0)
    assert (airport.values >= 0).all()
    assert MinimumSpanningTreeGame().least_core_values().subsidy == 99 * 50


def test_the_least_core_problem_lists_every_coalition():
    game = ShoesGame(1, 2)
    problem = game.least_core_problem()
    v = worths(game)
    for row, worth in zip(problem.A_lb, problem.utility_values, strict=True):
        assert worth == v[frozenset(np.flatnonzero(row).tolist())]
    assert len({tuple(row) for row in problem.A_lb}) == 8
    assert not problem.A_lb[0].any()
    assert problem.A_lb[-1].all()
    with pytest.raises(InputError, match="at most 20"):
        MinerGame(30).least_core_problem()


def test_published_values():
    # Castro, Gomez & Tejada (2009) print four digits and cut off the rest
    voters = AsymmetricVotingGame().shapley_values().values
    np.testing.assert_allclose(voters[[0, 50]], [0.08831, 0.005412], rtol=2e-4)
    # Littlechild & Owen (1973): everybody who needs a piece of runway pays the same for it
    shares = np.cumsum([1 / (AirportGame().costs >= c).sum() for c in range(1, 11)])
    np.testing.assert_allclose(
        AirportGame().shapley_values().values, shares[AirportGame().costs.astype(int) - 1]
    )
    np.testing.assert_allclose(MinimumSpanningTreeGame().shapley_values().values, 2.0)
    np.testing.assert_allclose(SymmetricVotingGame(6).banzhaf_values().values, 0.3125)
    np.testing.assert_allclose(
        ShoesGame(2, 3).shapley_values().values, [0.65, 0.65, 0.7 / 3, 0.7 / 3, 0.7 / 3]
    )
    np.testing.assert_allclose(MinerGame(7).shapley_values().values, 3 / 7)
    assert AsymmetricVotingGame().weights.sum() == 538


@pytest.mark.parametrize("game", [*SMALL, *FULL_SIZE], ids=repr)
def test_the_utility_is_the_game_and_can_be_sent_and_named(game):
    masks = np.random.default_rng(0).random((20, game.n)) < 0.5
    bound = game.u.with_dataset(game.data)
    expected = game.worth(masks)
    assert expected.shape == (20,)
    assert expected.dtype == np.float64
    np.testing.assert_array_equal(bound(masks), expected)
    np.testing.assert_array_equal(np.concatenate([bound(m[None]) for m in masks]), expected)
    sent = pickle.loads(pickle.dumps(game))
    np.testing.assert_array_equal(sent.u.with_dataset(sent.data)(masks), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(bound))(masks), expected)
    assert bound.key_parts() == sent.u.with_dataset(sent.data).key_parts()


def test_games_are_told_apart():
    keys = [digest(game.u.key) for game in SMALL + FULL_SIZE]
    assert len(set(keys)) == len(keys)
    assert PairwiseGame(5, 1).u.key == PairwiseGame(5, 1).u.key


def test_a_pairwise_game_is_exact_to_the_bit_for_any_batch():
    game = PairwiseGame(100, seed=4)
    masks = np.random.default_rng(0).random((64, 100)) < 0.5
    together = game.worth(masks)
    for size in (1, 3, 17):
        parts = [game.worth(masks[b : b + size]) for b in range(0, 64, size)]
        assert (np.concatenate(parts) == together).all()
    by_hand = [
        math.fsum([game.base[0], *game.alone[m], *(game.together[np.ix_(m, m)] / 2).ravel()]) for m in masks
    ]
    assert together.tolist() == by_hand


def test_players_have_names():
    assert ShoesGame(1, 2).data.names.tolist() == ["left 0", "right 0", "right 1"]
    assert len(MinerGame(5).data) == 5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SymmetricVotingGame(5), "even"),
        (lambda: SymmetricVotingGame(0), "even"),
        (lambda: MinerGame(2), "at least 3"),
        (lambda: ShoesGame(0, 2), "left must be at least 1"),
        (lambda: AsymmetricVotingGame(50), "51"),
        (lambda: AsymmetricVotingGame(2, weights=[1, 0]), "positive whole"),
        (lambda: AsymmetricVotingGame(2, weights=[1.5, 1]), "positive whole"),
        (lambda: AirportGame(99), "100"),
        (lambda: AirportGame(2, costs=[1.0, -1.0]), "not negative"),
        (lambda: AirportGame(1, costs=[np.inf]), "finite"),
        (lambda: MinimumSpanningTreeGame(2), "at least 3"),
        (lambda: PairwiseGame(0), "at least 1"),
        (lambda: MinerGame(3).semivalue(np.ones(4)), "sizes 0..2"),
    ],
)
def test_wrong_arguments_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
