"""Methods through their public interface on games with closed forms: exact where exhaustive, unbiased where sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from dvlwidgets import (
    AntitheticPermutationSampler,
    BanzhafValuation,
    DeterministicPermutationSampler,
    DeterministicUniformSampler,
    LOOValuation,
    MaxUpdates,
    MSRSampler,
    NoStopping,
    PermutationSampler,
    SemivalueValuation,
    ShapleyValuation,
)
from dvlwidgets.valuation.games import (
    AirportGame,
    AsymmetricVotingGame,
    MinerGame,
    MinimumSpanningTreeGame,
    ShoesGame,
    SymmetricVotingGame,
)
from dvlwidgets.valuation.semivalue import beta_law

GAMES: dict[str, Any] = {
    "shoes": lambda: ShoesGame(3, 4),
    "voting": lambda: SymmetricVotingGame(6),
    "weighted voting": lambda: AsymmetricVotingGame(7, weights=[3, 5, 7, 9, 11, 13, 21]),
    "miner": lambda: MinerGame(7),
    "airport": lambda: AirportGame(7, costs=[1, 1, 2, 3, 5, 8, 13]),
    "spanning tree": lambda: MinimumSpanningTreeGame(7),
}


@pytest.mark.parametrize("name", GAMES)
def test_exhaustive_samplers_are_exact(name: str) -> None:
    game = GAMES[name]()
    for method, truth in [
        (ShapleyValuation, game.shapley_values()),
        (BanzhafValuation, game.banzhaf_values()),
    ]:
        for sampler in (DeterministicUniformSampler(), DeterministicPermutationSampler()):
            result = method(game.u, sampler, NoStopping()).fit(game.data).values()
            np.testing.assert_allclose(result.values, truth.values, atol=1e-10)
            assert (result.stderr == 0).all()
            assert result.status.name == "Converged"


@pytest.mark.parametrize("name", ["shoes", "airport", "weighted voting"])
@pytest.mark.parametrize(
    ("method", "sampler"),
    [
        (ShapleyValuation, MSRSampler),
        (ShapleyValuation, PermutationSampler),
        (ShapleyValuation, AntitheticPermutationSampler),
        (BanzhafValuation, MSRSampler),
    ],
)
def test_sampled_values_are_unbiased(name: str, method: Any, sampler: Any) -> None:
    # rare pivots make any standard error blind here, so only the bias is judged, over independent runs
    game, runs = GAMES[name](), 40
    updates = 200 if sampler is MSRSampler else 60
    truth = (game.shapley_values() if method is ShapleyValuation else game.banzhaf_values()).values
    found = np.array(
        [
            method(game.u, sampler(seed=s), MaxUpdates(updates)).fit(game.data).values().values
            for s in range(runs)
        ]
    )
    error = found.std(axis=0, ddof=1) / np.sqrt(runs)
    t = np.abs(found.mean(axis=0) - truth) / np.maximum(error, 1e-12)
    assert t.max() < stats.t.ppf(1 - 1e-4 / (2 * len(truth)), runs - 1)


def test_shapley_values_sum_to_the_whole_along_permutations() -> None:
    game = GAMES["airport"]()
    values = ShapleyValuation(game.u, PermutationSampler(seed=1), MaxUpdates(5)).fit(game.data).values()
    full = np.ones((1, game.n), bool)
    assert values.values.sum() == pytest.approx(float(game.u.with_dataset(game.data)(full)[0]))


def test_any_semivalue_by_its_law() -> None:
    game = GAMES["shoes"]()
    law = beta_law(game.n, 2, 3)
    by_array = SemivalueValuation(game.u, DeterministicUniformSampler(), NoStopping(), law=law).fit(game.data)
    by_function = SemivalueValuation(
        game.u, DeterministicPermutationSampler(), NoStopping(), law=lambda n: beta_law(n, 2, 3)
    ).fit(game.data)
    np.testing.assert_allclose(by_array.values().values, game.semivalue(law), atol=1e-10)
    np.testing.assert_allclose(by_function.values().values, game.semivalue(law), atol=1e-10)


def test_leave_one_out_of_a_game_without_slack() -> None:
    game = GAMES["weighted voting"]()
    values = LOOValuation(game.u).fit(game.data).values()
    assert (values.values == 0).all()  # no single voter turns the grand coalition
    assert values.provenance.evaluations == game.n


def test_points_may_come_in_any_order() -> None:
    # permutation equivariance, exactly: the exhaustive value of a point does not hang on its place
    game = GAMES["shoes"]()
    order = np.array([4, 0, 6, 2, 1, 5, 3])
    bound = game.u.with_dataset(game.data)
    from dvlwidgets import Utility

    shuffled = Utility.from_function(lambda masks: bound(masks[:, np.argsort(order)]))
    plain = ShapleyValuation(game.u, DeterministicUniformSampler()).fit(game.data).values().values
    moved = ShapleyValuation(shuffled, DeterministicUniformSampler()).fit(game.data).values().values
    np.testing.assert_allclose(moved, plain[order], atol=1e-12)
