"""LoGra: projections from both sides against explicit products, and the unprojected method at full rank."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from influence.problems import Case, case, dense_gradients, relative_error
from torch import Tensor

from dvlwidgets.errors import InputError, NotFittedError
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.damping import explore_regularization, recommended_regularization
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.logra import LograInfluence

DAMPING = 1e-2
MODES = ["gauss_newton", "empirical_fisher"]


def fitted(made: Case, *sizes: int, **options: Any) -> LograInfluence:
    options = {"regularization": DAMPING, **options}
    return LograInfluence(made.model, made.loss, **options).fit(made.batches(*sizes or (made.n,)))


def layers(made: Case) -> dict[str, list[str]]:
    blocks: dict[str, list[str]] = {}
    for name, t in made.model.named_parameters():
        if t.requires_grad:
            blocks.setdefault(name.rpartition(".")[0], []).append(name)
    return blocks


def lifted(model: LograInfluence, made: Case) -> Tensor:
    """The projection as a matrix (k, p), from the lifts of unit vectors."""
    from dvlwidgets.influence.rows import Rows

    eye = torch.eye(model.n_parameters, dtype=torch.float64)
    return model.lift(Rows.of_flat(model.layout, eye))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["mlp_tanh", "mlp_no_bias", "cnn", "layer_norm", "tokens", "frozen"])
def test_at_full_rank_it_is_the_exact_method_layer_by_layer(name: str, mode: str) -> None:
    made = case(name)
    exact = DirectInfluence(
        made.model, made.loss, DAMPING, block_structure=layers(made), second_order_mode=mode
    ).fit(made.train)
    model = fitted(made, 13, second_order_mode=mode)
    wanted = exact.influences(*made.test, *made.train)
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 1e-8


@pytest.mark.parametrize("projection", ["random", "pca"])
@pytest.mark.parametrize("name", ["mlp_tanh", "cnn", "layer_norm", "tokens"])
def test_projected_gradients_are_the_projections_of_whole_ones(name: str, projection: str) -> None:
    made = case(name)
    model = fitted(made, rank=2, projection=projection)
    assert model.n_parameters < made.p
    rows = model.gradients(Batch.of(made.test)).flat()
    P = lifted(model, made)
    torch.testing.assert_close(rows, dense_gradients(made, made.test) @ P.T)


def test_scores_are_those_of_the_projected_curvature() -> None:
    made = case("mlp_tanh")
    model = fitted(made, 20, rank=3, second_order_mode="empirical_fisher")
    P, train, test = lifted(model, made), dense_gradients(made), dense_gradients(made, made.test)
    total = torch.zeros(len(test), len(train), dtype=torch.float64)
    for name in model.block_names:
        own = P[model.block_columns(name)]
        g, h = train @ own.T, test @ own.T
        total += h @ torch.linalg.solve(g.T @ g / len(g) + DAMPING * torch.eye(g.shape[1]).double(), g.T)
    torch.testing.assert_close(model.influences(*made.test, *made.train), total)


def test_random_directions_keep_lengths_on_average_and_depend_on_the_seed_only() -> None:
    made = case("mlp_tanh")
    whole = dense_gradients(made).square().sum(1)
    lengths = torch.stack(
        [
            fitted(made, rank=3, seed=seed).gradients(Batch.of(made.train)).squares() / whole
            for seed in range(40)
        ]
    )
    assert abs(float(lengths.mean()) - 1.0) < 0.15
    same, other = fitted(made, rank=3, seed=1), fitted(made, rank=3, seed=2)
    assert same.store_key == fitted(made, 9, rank=3, seed=1).store_key
    assert len({same.store_key, other.store_key, fitted(made, rank=2, seed=1).store_key}) == 3
    assert same.problem.key not in (same.store_key, other.store_key)


def test_principal_directions_come_nearer_to_the_exact_scores_than_random_ones_on_average() -> None:
    made = case("mlp_tanh")
    exact = fitted(made).influences(*made.test, *made.train)
    principal = relative_error(
        fitted(made, rank=3, projection="pca").influences(*made.test, *made.train), exact
    )
    random = [
        relative_error(fitted(made, rank=3, seed=s).influences(*made.test, *made.train), exact)
        for s in range(5)
    ]
    assert principal < sum(random) / len(random)


@pytest.mark.parametrize("rank", [2, 100])
def test_perturbations_are_those_of_the_lifted_factors(rank: int) -> None:
    made = case("mlp_tanh")
    model = fitted(made, rank=rank)
    few = made.train[0][:3].clone(), made.train[1][:3]
    got = model.influences(*made.test, *few, mode="perturbation")
    assert got.shape == (12, 3, 4)
    for j in range(4):
        step = torch.zeros(3, 4, dtype=torch.float64)
        step[:, j] = 1e-5
        up, down = (model.influences(*made.test, few[0] + s, few[1]) for s in (step, -step))
        torch.testing.assert_close(got[:, :, j], (up - down) / 2e-5, rtol=1e-5, atol=1e-5)


def test_another_damping_needs_no_refit_and_layers_add_up() -> None:
    made = case("deep")
    model = fitted(made, rank=2)
    again = fitted(made, rank=2, regularization={"0": 0.1, "2": 0.2, "4": 0.3})
    model.with_regularization({"0": 0.1, "2": 0.2, "4": 0.3})
    whole = model.influences(*made.test, *made.train)
    torch.testing.assert_close(whole, again.influences(*made.test, *made.train))
    shares = model.influences_by_block(*made.test, *made.train)
    assert list(shares) == ["0", "2", "4"]
    torch.testing.assert_close(sum(shares.values()), whole)


def test_large_batches_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    made = case("cnn")
    rows = fitted(made, rank=2).gradients(Batch.of(made.train)).flat()
    monkeypatch.setattr("dvlwidgets.influence.ekfac_factors.BUDGET", 500)
    torch.testing.assert_close(fitted(made, rank=2).gradients(Batch.of(made.train)).flat(), rows)


def test_its_damping_is_explored_by_lifting() -> None:
    made = case("mlp_tanh")
    model = fitted(made, rank=3, projection="pca")
    found = explore_regularization(model, made.test, made.train)
    assert found.recommended in found.values
    assert found.agreement.max() == 1.0
    assert set(recommended_regularization(model)) == {"0", "2"}


def test_what_it_cannot_do_is_refused_in_words() -> None:
    made = case("mlp_tanh")
    with pytest.raises(InputError, match="hessian"):
        LograInfluence(made.model, made.loss, second_order_mode="hessian")
    with pytest.raises(InputError, match="projection='svd'"):
        LograInfluence(made.model, made.loss, projection="svd")
    with pytest.raises(InputError, match="rank must be at least 1"):
        LograInfluence(made.model, made.loss, rank=0)
    with pytest.raises(NotFittedError):
        LograInfluence(made.model, made.loss).gradients(Batch.of(made.test))
