from __future__ import annotations

import copy
import warnings
from collections import OrderedDict
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from influence.problems import (
    CASES,
    DENSE,
    Case,
    case,
    dense_gradients,
    dense_influences,
    known_influences,
    linear_hessian,
    parameters,
    relative_error,
    train_to_minimum,
)
from torch import Tensor, nn

from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence import direct
from dvlwidgets.influence.aggregators import NestedTorchCatAggregator
from dvlwidgets.influence.arnoldi import ArnoldiInfluence
from dvlwidgets.influence.calculators import SequentialInfluenceCalculator
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.nystroem import NystroemSketchInfluence

MODES = tuple(DENSE)


def fitted(made: Case, regularization: Any, *args: Any, **options: Any) -> DirectInfluence:
    return DirectInfluence(made.model, made.loss, regularization, *args, **options).fit(
        made.batches(1, 37, 5)
    )


def solved(made: Case, block: slice | Tensor, damping: float) -> Tensor:
    """(n_test, n_train): the share of some columns, with the curvature of these alone."""
    h = DENSE["hessian"](made)[block][:, block]
    test, train = dense_gradients(made, made.test)[:, block], dense_gradients(made)[:, block]
    return test @ torch.linalg.solve(h + damping * torch.eye(len(h), dtype=h.dtype), train.T)


# --- right -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CASES)
def test_influences_equal_dense_algebra_and_any_regularization_needs_no_refit(name: str, mode: str):
    made = case(name)
    model = fitted(made, 0.1, second_order_mode=mode)
    assert (
        relative_error(model.influences(*made.test, *made.train), known_influences(name, 0.1, mode)) < 1e-11
    )
    model.with_regularization(0.5)
    assert (
        relative_error(model.influences(*made.test, *made.train), known_influences(name, 0.5, mode)) < 1e-11
    )


def test_linear_regression_without_damping_is_the_closed_form():
    made = case("linear")
    test, train = dense_gradients(made, made.test), dense_gradients(made)
    wanted = test @ torch.linalg.solve(linear_hessian(made.train[0], 2), train.T)
    assert relative_error(fitted(made, None).influences(*made.test, *made.train), wanted) < 1e-12


@pytest.mark.parametrize("name", ["linear", "logistic", "binary"])
def test_scores_over_n_are_what_retraining_without_a_point_does_to_a_loss(name: str):
    made = case(name, n=160)
    model = fitted(made, made.l2)  # nothing beyond the objective's own term
    predicted = model.influences(*made.test, *made.train) / made.n
    before, some = losses(made), range(0, made.n, 3)
    changes = []
    for out in some:
        kept = torch.arange(made.n) != out
        without = copy.deepcopy(made)
        object.__setattr__(without, "train", (made.train[0][kept], made.train[1][kept]))
        train_to_minimum(without, steps=15)
        changes.append(losses(without) - before)
    measured, predicted = torch.stack(changes, dim=1), predicted[:, list(some)]
    assert torch.corrcoef(torch.stack([predicted.flatten(), measured.flatten()]))[0, 1] > 0.99
    assert (predicted * measured).sum() / (measured**2).sum() == pytest.approx(1.0, abs=0.15)


def losses(made: Case) -> Tensor:
    with torch.no_grad():
        pairs = zip(*made.test, strict=True)
        return torch.stack([made.loss(made.model(x.unsqueeze(0)), y.unsqueeze(0)) for x, y in pairs])


@pytest.mark.parametrize("name", ["logistic", "mlp_tanh", "cnn"])
def test_float32_is_within_1e_5_where_the_damping_makes_the_solve_well_conditioned(name: str):
    made = case(name, torch.float32)
    got = fitted(made, 0.1).influences(*made.test, *made.train)
    assert got.dtype is torch.float32
    assert relative_error(got, dense_influences(made, 0.1)) < 1e-5


@pytest.mark.parametrize(
    "method",
    [DirectInfluence, partial(ArnoldiInfluence, rank=40), partial(NystroemSketchInfluence, rank=40)],
)
def test_a_model_in_half_precision_is_solved_in_single_precision(method):
    made = case("mlp_tanh", torch.bfloat16)
    model = method(made.model, made.loss, 0.5, second_order_mode="gauss_newton").fit(made.train)
    wanted = dense_influences(made, 0.5, mode="gauss_newton")
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 0.05
    lazy = SequentialInfluenceCalculator(model).influences([made.test], [made.train])
    assert relative_error(lazy.compute(NestedTorchCatAggregator()), wanted) < 0.05


@settings(max_examples=10)
@given(dampings=st.lists(st.sampled_from([0.05, 0.1, 1.0, 30.0]), min_size=1, max_size=4))
def test_the_order_of_regularizations_does_not_matter(dampings: list[float]):
    made = case("mlp_tanh")
    model = fitted(made, 0.2)
    for damping in dampings:
        got = model.with_regularization(damping).influences(*made.test, *made.train)
        assert relative_error(got, known_influences("mlp_tanh", damping)) < 1e-11


def test_without_training_samples_the_test_samples_are_meant_and_scores_are_symmetric():
    made = case("mlp_tanh")
    got = fitted(made, 0.1).influences(*made.test)
    assert got.shape == (12, 12)
    assert relative_error(got, got.T) < 1e-12
    assert bool((got.diagonal() > 0).all())


def test_factors_then_influences_are_influences():
    made = case("mlp_tanh")
    model = fitted(made, 0.1)
    z = model.influence_factors(*made.test)
    assert z.shape == (12, made.p)
    assert (
        relative_error(model.influences_from_factors(z, *made.train), known_influences("mlp_tanh", 0.1))
        < 1e-11
    )


# --- blocks -------------------------------------------------------------------------------------------------------


HALVES = {
    "one": ["right.0.weight", "right.0.bias", "right.2.weight", "right.2.bias"],
    "two": ["left.bias", "left.weight"],
}


@pytest.mark.parametrize("structure", ["full", "layer_wise", HALVES])
def test_blocks_are_the_whole_where_the_curvature_is_block_diagonal(structure: Any):
    made = case("two_blocks")
    model = fitted(made, 0.1, structure)
    assert (
        relative_error(model.influences(*made.test, *made.train), known_influences("two_blocks", 0.1)) < 1e-11
    )


def test_layers_and_parameters_are_blocks_of_their_own():
    made = case("mlp_tanh")
    layers = fitted(made, 0.1, "layer_wise")
    assert layers.block_names == ["0", "2"]
    shares = layers.influences_by_block(*made.test, *made.train)
    assert isinstance(shares, OrderedDict)
    assert relative_error(shares["0"], solved(made, slice(0, 25), 0.1)) < 1e-11
    assert relative_error(shares["2"], solved(made, slice(25, 43), 0.1)) < 1e-11
    assert relative_error(layers.influences(*made.test, *made.train), sum(shares.values())) < 1e-12
    each = fitted(made, 0.1, "parameter_wise")
    assert each.block_names == ["0.weight", "0.bias", "2.weight", "2.bias"]
    shares = each.influences_by_block(*made.test, *made.train)
    assert relative_error(shares["2.weight"], solved(made, slice(25, 40), 0.1)) < 1e-11


def test_blocks_may_have_dampings_of_their_own():
    made = case("mlp_tanh")
    model = fitted(made, {"0": 0.1, "2": 0.7}, "layer_wise")
    wanted = solved(made, slice(0, 25), 0.1) + solved(made, slice(25, 43), 0.7)
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 1e-11


def test_a_custom_block_leaves_the_other_parameters_fixed():
    made = case("mlp_tanh")
    model = fitted(made, 0.1, OrderedDict(head=["2.bias", "2.weight"]))
    columns = torch.cat([torch.arange(40, 43), torch.arange(25, 40)])
    assert relative_error(model.influences(*made.test, *made.train), solved(made, columns, 0.1)) < 1e-11


def test_frozen_parameters_are_left_out():
    made = case("frozen")
    model = fitted(made, 0.1)
    assert model.n_parameters == 23
    with pytest.warns(UserWarning, match="frozen"):
        custom = DirectInfluence(made.model, made.loss, 0.1, {"first": ["0.weight", "0.bias"]}).fit(
            made.batches()
        )
    assert len(custom.block_columns("first")) == 5


# --- pyDVL's defects, which are not ours ---------------------------------------------------------------------------


def test_defect_1_gauss_newton_works_with_one_batch():
    made = case("mlp_tanh")
    model = DirectInfluence(made.model, made.loss, 0.1, second_order_mode="gauss_newton").fit([made.train])
    got = model.influences(*made.test, *made.train)
    assert relative_error(got, known_influences("mlp_tanh", 0.1, "gauss_newton")) < 1e-11


def test_defect_3_unequal_batches_give_the_influences_of_equal_ones():
    made = case("mlp_tanh")
    several = [
        DirectInfluence(made.model, made.loss, 0.1)
        .fit(made.batches(*sizes))
        .influences(*made.test, *made.train)
        for sizes in [(60,), (59,), (1, 1, 40)]
    ]
    assert relative_error(several[1], several[0]) < 1e-12
    assert relative_error(several[2], several[0]) < 1e-12


@pytest.mark.parametrize("value", [1, 0.1, torch.tensor(0.1), None])
def test_defect_4_regularization_may_be_any_number(value: Any):
    made = case("linear")
    got = fitted(made, value).influences(*made.test, *made.train)
    assert relative_error(got, dense_influences(made, float(value or 0))) < 1e-6


def test_defect_4_regularization_by_block_takes_the_blocks_and_nothing_else():
    made = case("mlp_tanh")
    model = DirectInfluence(made.model, made.loss, {"0": 1, "2": 0.5}, "layer_wise")
    assert model.regularization == {"0": 1.0, "2": 0.5}
    with pytest.raises(InputError, match=r"bogus.*\['0', '2'\]"):
        DirectInfluence(made.model, made.loss, {"bogus": 1.0}, "layer_wise")
    with pytest.raises(InputError, match="lacks"):
        DirectInfluence(made.model, made.loss, {"0": 1.0}, "layer_wise")
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="at least 0"):
            DirectInfluence(made.model, made.loss, bad)
    for wrong in ("much", True):
        with pytest.raises(InputTypeError):
            DirectInfluence(made.model, made.loss, wrong)


def test_defect_10_regularization_may_be_set_before_fit():
    made = case("mlp_tanh")
    model = DirectInfluence(made.model, made.loss).with_regularization(0.1)
    assert not model.is_fitted
    with pytest.raises(NotFittedError, match="fit"):
        model.influences(*made.test)
    model.fit(made.batches(20))
    got = model.influences(*made.test, *made.train)
    assert relative_error(got, known_influences("mlp_tanh", 0.1)) < 1e-11


def test_arguments_have_the_order_and_the_old_name_that_pydvl_gave_them():
    made = case("mlp_tanh")
    model = DirectInfluence(made.model, made.loss, 0.1, "layer_wise", "gauss_newton")
    assert model.block_names == ["0", "2"]
    assert model.second_order_mode == "gauss_newton"
    old = DirectInfluence(made.model, made.loss, hessian_regularization=0.1)
    assert old.regularization == {"": 0.1}
    with pytest.raises(InputTypeError, match="two names"):
        DirectInfluence(made.model, made.loss, 0.1, hessian_regularization=0.2)


# --- indefinite, singular, infinite ----------------------------------------------------------------------------------


def saddle() -> Case:
    """A model that was not trained: its Hessian is indefinite."""
    made = case("mlp_tanh")
    torch.manual_seed(3)
    for layer in (made.model[0], made.model[2]):
        nn.init.normal_(layer.weight, std=1.5)
    return made


def test_an_indefinite_hessian_is_said_with_its_lowest_eigenvalue_and_still_solved_exactly():
    made = saddle()
    lowest = float(torch.linalg.eigvalsh(DENSE["hessian"](made))[0])
    assert lowest < -0.02
    with pytest.warns(UserWarning, match=f"indefinite.*{lowest:.2g}.*gauss_newton") as caught:
        model = fitted(made, 0.01)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it was said once
        got = model.influences(*made.test, *made.train)
        assert relative_error(got, dense_influences(made, 0.01)) < 1e-9
        model.with_regularization(2.0 * abs(lowest)).influences(*made.test)
        fitted(made, 0.01, second_order_mode="gauss_newton")
    with pytest.warns(UserWarning, match="indefinite"):
        model.with_regularization(0.5 * abs(lowest)).influences(*made.test)


def test_an_indefinite_block_is_said_of_that_block_only():
    made = saddle()
    lowest = {
        name: float(torch.linalg.eigvalsh(DENSE["hessian"](made)[part, part])[0])
        for name, part in (("0", slice(0, 25)), ("2", slice(25, 43)))
    }
    assert lowest["0"] < -0.01 < lowest["2"]
    with pytest.warns(UserWarning, match="indefinite") as caught:
        fitted(made, 0.01, "layer_wise")
    assert len(caught) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mode", MODES)
def test_a_singular_curvature_is_refused_with_what_to_do(mode: str, dtype: torch.dtype):
    made = case("logistic", dtype)  # equal shifts of all logits change nothing
    undecided = fitted(made, None, second_order_mode=mode)  # a damping may be chosen after the fit
    with pytest.raises(InputError, match=r"singular with regularization=0.*Pass a larger regularization"):
        undecided.influences(*made.test)
    model = fitted(made, 0.1, second_order_mode=mode).with_regularization(0.0)
    with pytest.raises(InputError, match="singular"):
        model.influences(*made.test)
    model.with_regularization(0.2).influences(*made.test)
    expected = undecided.with_regularization(0.2).influences(*made.test)
    torch.testing.assert_close(model.influences(*made.test), expected, rtol=1e-3, atol=1e-4)


def test_a_damping_below_the_precision_is_refused_in_float32_and_good_in_float64():
    made = case("logistic")
    got = fitted(made, 1e-8).influences(*made.test, *made.train)
    assert relative_error(got, dense_influences(made, 1e-8)) < 1e-5
    with pytest.raises(InputError, match=r"float32.*model\.double\(\)"):
        fitted(case("logistic", torch.float32), 1e-8)


def test_a_curvature_that_is_not_finite_is_refused():
    made = case("mlp_tanh")
    with torch.no_grad():
        next(parameters(made.model))[0, 0] = torch.nan
    with pytest.raises(InputError, match="not finite"):
        fitted(made, 0.1)


def test_a_softmax_before_cross_entropy_is_noticed():
    made = case("logistic")
    net = nn.Sequential(made.model, nn.Softmax(dim=1))
    with pytest.warns(UserWarning, match="softmax") as caught:
        DirectInfluence(net, made.loss, 0.5).fit(made.batches(20))
    assert "logits" in str(caught[0].message)


# --- memory ----------------------------------------------------------------------------------------------------------


def test_a_matrix_that_cannot_fit_is_refused_with_other_ways(monkeypatch: pytest.MonkeyPatch):
    made = case("mlp_tanh")
    model = DirectInfluence(made.model, made.loss, 0.1)
    assert model.bytes_needed() == 3 * 8 * 43**2
    monkeypatch.setattr(direct, "free_bytes", lambda device: 3 * 8 * 43**2 - 1)
    with pytest.raises(InputError, match=r"43 parameters.*EkfacInfluence.*layer_wise"):
        model.fit(made.batches(20))
    layers = DirectInfluence(made.model, made.loss, 0.1, "layer_wise")
    assert layers.bytes_needed() == 8 * (2 * (25**2 + 18**2) + 25**2)
    layers.fit(made.batches(20))


def test_free_memory_is_some_gigabytes_here():
    from dvlwidgets.influence.free_memory import free_bytes, readable

    assert 10**7 < free_bytes("cpu") < 10**15
    assert readable(23_300_000) == "23 MB"
    assert readable(1_500) == "1.5 kB"


# --- one factorisation ------------------------------------------------------------------------------------------


def test_one_cholesky_serves_the_first_damping_and_one_decomposition_all_others(
    monkeypatch: pytest.MonkeyPatch,
):
    counts = {"cholesky_ex": 0, "eigh": 0}
    for name in counts:
        real = getattr(torch.linalg, name)

        def counted(*args: Any, _real: Any = real, _name: str = name, **options: Any) -> Any:
            counts[_name] += 1
            return _real(*args, **options)

        monkeypatch.setattr(torch.linalg, name, counted)
    made = case("mlp_tanh")
    model = fitted(made, 0.1)
    for _ in range(3):
        model.influences(*made.test, *made.train)
    assert counts == {"cholesky_ex": 1, "eigh": 0}
    for damping in (0.2, 0.3, 0.1, 5.0):
        model.with_regularization(damping).influences(*made.test, *made.train)
    assert counts == {"cholesky_ex": 1, "eigh": 1}


# --- clean -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_the_users_model_is_left_as_it_was(mode: str):
    made = case("mlp_relu")
    state = {k: v.clone() for k, v in made.model.state_dict().items()}
    made.model.register_forward_hook(lambda *_: None)
    model = fitted(made, 0.1, second_order_mode=mode).to("cpu")
    model.with_regularization(0.3).influences(*made.test, *made.train)
    assert made.model.training
    assert len(made.model._forward_hooks) == 1
    assert all(p.grad is None for p in made.model.parameters())
    assert all(p.grad is None for p in model.problem.model.parameters())
    assert all(torch.equal(v, state[k]) for k, v in made.model.state_dict().items())


def test_moving_keeps_everything():
    made = case("mlp_tanh")
    model = fitted(made, 0.1)
    before = model.influences(*made.test, *made.train)
    model.with_regularization(0.2).influences(*made.test)
    again = model.to("cpu").with_regularization(0.1).influences(*made.test, *made.train)
    assert relative_error(again, before) < 1e-12


def test_integers_and_samples_that_are_single_numbers_are_inputs_too():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(5, 2), nn.Linear(2, 3)).double()
    x, y = torch.arange(9) % 5, torch.arange(9) % 3
    made = Case("ids", net, nn.CrossEntropyLoss(), (x, y), (x[:2], y[:2]))
    got = fitted(made, 0.5).influences(*made.test, *made.train)
    assert got.shape == (2, 9)
    assert relative_error(got, dense_influences(made, 0.5)) < 1e-11
    one = fitted(made, 0.5).influences(x[:1], y[:1], x[3:4], y[3:4])
    assert one.shape == (1, 1)
    assert float(one) == pytest.approx(float(got[0, 3]))
