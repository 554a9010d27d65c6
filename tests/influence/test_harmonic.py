"""The mean of inverses against an explicit loop of dense inverses in float64."""

from __future__ import annotations

import pytest
import torch
from influence.problems import case, dense_gradients, relative_error

from dvlwidgets.errors import InputError
from dvlwidgets.influence import InverseHarmonicMeanInfluence

DAMPING = 0.05


def mean_of_inverses(g, damping):
    eye = torch.eye(g.shape[1], dtype=torch.float64)
    return torch.stack([torch.linalg.inv(torch.outer(r, r) + damping * eye) for r in g]).mean(0)


@pytest.mark.parametrize("sizes", [(60,), (30,), (31, 7, 1)])
@pytest.mark.parametrize("name", ["mlp_tanh", "mlp_no_bias", "cnn", "tokens", "frozen", "mlp_regression"])
def test_defect_2_the_mean_is_over_data_points_whatever_the_batches(name, sizes):
    made = case(name)
    model = InverseHarmonicMeanInfluence(made.model, made.loss, DAMPING).fit(made.batches(*sizes))
    train, test = dense_gradients(made), dense_gradients(made, made.test)
    inverse = mean_of_inverses(train, DAMPING)
    assert relative_error(model.influence_factors(*made.test), test @ inverse) < 1e-12
    assert relative_error(model.influences(*made.test, *made.train), test @ inverse @ train.T) < 1e-12
    x, y = made.test
    assert relative_error(model.influence_factors(x[:1], y[:1]), test[:1] @ inverse) < 1e-12


def test_blocks_have_their_own_lengths_and_dampings_and_another_needs_no_refit():
    made = case("deep")
    wanted = {"0": 0.3, "2": 0.02, "4": 0.1}
    model = InverseHarmonicMeanInfluence(made.model, made.loss, wanted, "layer_wise").fit(made.batches(25))
    train, test = dense_gradients(made), dense_gradients(made, made.test)
    z = model.influence_factors(*made.test)
    at = 0
    for name, layer in made.model.named_children():
        size = sum(t.numel() for t in layer.parameters())
        if size:
            own = slice(at, at + size)
            block = test[:, own] @ mean_of_inverses(train[:, own], wanted[name])
            assert relative_error(z[:, own], block) < 1e-12
            at += size
    moved = InverseHarmonicMeanInfluence(made.model, made.loss, 1.0, "layer_wise").fit(made.batches(25))
    assert torch.equal(moved.with_regularization(wanted).influence_factors(*made.test), z)


def test_large_damping_gives_inner_products():
    made = case("mlp_tanh")
    model = InverseHarmonicMeanInfluence(made.model, made.loss, 1e8).fit(made.batches(25))
    assert relative_error(1e8 * model.influence_factors(*made.test), dense_gradients(made, made.test)) < 1e-6


def test_arguments():
    made = case("two_blocks")
    for bad in (None, 0, -1.0, {"left": 0.1, "right": 0.0}):
        blocks = "layer_wise" if isinstance(bad, dict) else "full"
        with pytest.raises(InputError, match="positive"):
            InverseHarmonicMeanInfluence(made.model, made.loss, bad, blocks)
    old = InverseHarmonicMeanInfluence(made.model, made.loss, hessian_regularization=1)
    assert old.regularization == {"": 1.0}
    assert old.second_order_mode == "empirical_fisher"
