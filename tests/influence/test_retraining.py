"""Influence scores against models that were really trained again, on problems of tests/bench/influence_worlds.py.

`tests/bench/influence_quality.py` prints the whole table, peers beside ours; here are the lines that must hold. The
objective's own L2 term, l2 / 2 |theta|^2, is no part of the loss that a library gets; it adds l2 to the Hessian's
diagonal, so `regularization=l2` states it exactly and is all the damping there is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
from influence_truth import correlation, lds
from influence_worlds import World, network, ridge, softmax

from dvlwidgets.influence import DirectInfluence, EkfacInfluence


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def linear() -> World:
    return ridge(subsets=50, checkpoints=1)


@pytest.fixture(scope="module")
def logistic() -> World:
    return softmax(n=400, tests=60, subsets=50, checkpoints=1)


@pytest.fixture(scope="module")
def deep() -> World:
    return network(n=400, tests=60, subsets=50, checkpoints=1, seeds=1, left_out=40)


def points(world: World) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """Training and test points in float32, as users have them."""
    of = lambda x, y: (x.float(), y if y.dtype == torch.int64 else y.float())
    return of(world.model.x, world.model.y), of(world.x_test, world.y_test)


def scores(world: World, model: Any) -> Any:
    """Scores (tests, n) of a model that is fitted here."""
    train, test = points(world)
    return model.fit(train).influences(*test, *train).double().numpy()


def direct(world: World) -> Any:
    loss = nn.MSELoss() if world.spec.loss == "mse" else nn.CrossEntropyLoss()
    return scores(world, DirectInfluence(world.network(), loss, regularization=world.spec.l2))


def test_the_truth_of_ridge_regression_is_its_closed_form(linear: World) -> None:
    x = np.c_[linear.model.x.numpy(), np.ones(len(linear.model.x))]
    y, n = linear.model.y.numpy()[:, 0], len(x)

    def solved(seen: Any) -> Any:
        return np.linalg.solve(
            2 / n * x[seen].T @ x[seen] + linear.spec.l2 * np.eye(11), 2 / n * x[seen].T @ y[seen]
        )

    x_test, y_test = np.c_[linear.x_test.numpy(), np.ones(len(linear.x_test))], linear.y_test.numpy()[:, 0]
    loss = lambda theta: (x_test @ theta - y_test) ** 2
    everything = np.arange(n)
    for point in (0, 7, n - 1):
        change = loss(solved(everything != point)) - loss(solved(everything >= 0))
        np.testing.assert_allclose(linear.changes[:, point], change, atol=1e-10)


@pytest.mark.parametrize("name", ["linear", "logistic"])
def test_direct_influence_is_what_leaving_a_point_out_does_to_convex_models(
    name: str, request: pytest.FixtureRequest
) -> None:
    world = request.getfixturevalue(name)
    found, slope = correlation(direct(world) / len(world.model.x), world.changes)
    assert found >= 0.99
    assert 1.0 <= slope <= 1.2, (
        "the change itself, not a multiple: a little more, by each point's own leverage"
    )


@pytest.mark.parametrize("name", ["linear", "logistic"])
def test_a_positive_score_means_that_the_loss_on_the_test_point_rises_without_the_training_point(
    name: str, request: pytest.FixtureRequest
) -> None:
    world = request.getfixturevalue(name)
    found = direct(world) / len(world.model.x)
    strong = np.abs(found) > np.quantile(np.abs(found), 0.9)
    ratio = world.changes[strong] / found[strong]
    assert (ratio > 0).mean() > 0.99
    assert 0.95 <= np.median(ratio) <= 1.15


def test_direct_influence_follows_the_minimum_of_a_network_when_a_point_is_left_out(deep: World) -> None:
    found, slope = correlation(direct(deep) / len(deep.model.x), deep.changes)
    assert found >= 0.93
    assert 1.0 <= slope <= 1.4


def test_the_exact_hessian_predicts_what_halves_of_the_digits_do_to_a_logistic_model(logistic: World) -> None:
    exact = direct(logistic)
    assert lds(exact, logistic.subsets, logistic.losses)[0] >= 0.6
    others = np.random.default_rng(0).permutation(exact.shape[1])
    assert abs(lds(exact[:, others], logistic.subsets, logistic.losses)[0]) < 0.2, "by chance it would not"


def test_ekfac_with_recommended_damping_predicts_halves_nearly_as_well_as_the_exact_hessian(
    logistic: World,
) -> None:
    train, test = points(logistic)
    model = EkfacInfluence(logistic.network(), update_diagonal=True).fit(train)
    model.with_regularization(model.explore_regularization(test, train).recommended)
    found = model.influences(*test, *train).double().numpy()
    exact, _ = lds(direct(logistic), logistic.subsets, logistic.losses)
    assert lds(found, logistic.subsets, logistic.losses)[0] >= exact - 0.1


def test_influences_in_a_network_predict_what_training_on_halves_gives(deep: World) -> None:
    assert lds(direct(deep), deep.subsets, deep.losses)[0] >= 0.6
