"""Arnoldi against the dense solve (full rank) and the truncated eigendecomposition (low rank), in float64."""

from __future__ import annotations

import warnings

import pytest
import torch
from influence.problems import (
    DENSE,
    case,
    dense_gradients,
    dense_influences,
    known_influences,
    relative_error,
)

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.influence import ArnoldiInfluence
from dvlwidgets.influence.solvers import products as work
from dvlwidgets.influence.solvers.lanczos import BlockLanczos, lowest_eigenvalue
from dvlwidgets.influence.solvers.low_rank import LowRank

DAMPING = 0.05


@pytest.fixture(params=["dense", "products"])
def path(request, monkeypatch):
    """Both ways to multiply, whatever the estimate of the work says."""
    monkeypatch.setattr(work, "prefers_matrix", lambda *_, **__: request.param == "dense")
    return request.param


def truncated(made, rank, damping, *, mode="hessian", complement=False):
    """V (D + damping)^-1 V^T g over the pairs of largest absolute value, and what is left over damping."""
    values, vectors = torch.linalg.eigh(DENSE[mode](made))
    order = values.abs().argsort(descending=True)[:rank]
    values, vectors = values[order], vectors[:, order]
    g = dense_gradients(made, made.test)
    inside = g @ vectors
    z = inside / (values + damping) @ vectors.T
    return z + (g - inside @ vectors.T) / damping if complement else z


def matrix_of(values, seed=0):
    p = len(values)
    draws = torch.randn(p, p, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    turn = torch.linalg.qr(draws)[0]
    return (turn * values) @ turn.T, turn


@pytest.mark.parametrize("name", ["mlp_tanh", "cnn", "frozen", "mlp_regression"])
def test_full_rank_equals_the_dense_solve(name, path):
    made = case(name)
    model = ArnoldiInfluence(made.model, made.loss, DAMPING, rank=10_000).fit(made.batches(30, 7, 1))
    got = model.influences(*made.test, *made.train)
    assert relative_error(got, known_influences(name, DAMPING)) < 1e-9
    assert model.path == {"": path}


@pytest.mark.parametrize("woodbury", [False, True])
@pytest.mark.parametrize("mode", DENSE)
def test_low_rank_equals_the_truncated_eigendecomposition(mode, woodbury, path):
    made = case("mlp_tanh")
    model = ArnoldiInfluence(
        made.model, made.loss, DAMPING, rank=7, tol=1e-10, second_order_mode=mode, use_woodbury=woodbury
    ).fit(made.batches(41, 3))
    wanted = truncated(made, 7, DAMPING, mode=mode, complement=woodbury)
    assert relative_error(model.influence_factors(*made.test), wanted) < 1e-7


def test_the_largest_absolute_values_are_found_and_ordered():
    values = torch.cat([torch.tensor([-9.0, 8.0, -7.0, 6.5]), torch.linspace(-1, 1, 396)]).double()
    matrix, turn = matrix_of(values)
    solver = BlockLanczos(lambda v: v @ matrix, block=4, dimension=40, tol=1e-9, restarts=30)
    pairs = solver(4, 400, matrix)
    assert pairs.converged
    assert torch.allclose(pairs.values, values[:4], atol=1e-10)
    assert relative_error((pairs.vectors @ turn[:, :4]).diagonal().abs(), torch.ones(4).double()) < 1e-9
    assert relative_error(pairs.vectors @ pairs.vectors.T, torch.eye(4).double()) < 1e-12


def test_a_full_basis_is_restarted_until_all_pairs_have_converged():
    values = torch.logspace(0, -3, 500, dtype=torch.float64)
    matrix, _ = matrix_of(values)
    solver = BlockLanczos(lambda v: v @ matrix, block=4, dimension=30, tol=1e-8, restarts=100)
    pairs = solver(10, 500, matrix)
    assert pairs.converged
    assert torch.allclose(pairs.values, values[:10], rtol=1e-12)
    once = BlockLanczos(lambda v: v @ matrix, block=4, dimension=30, tol=1e-8, restarts=1)(10, 500, matrix)
    assert not once.converged
    # a residual is what it says: the distance of A v from the multiple of v
    true = (once.vectors @ matrix - once.values[:, None] * once.vectors).norm(dim=1)
    assert torch.allclose(once.residuals, true)


@pytest.mark.parametrize("rank", [3, 8])
def test_a_matrix_of_lower_rank_and_repeated_eigenvalues_do_not_stop_it(rank):
    values = torch.zeros(60, dtype=torch.float64)
    values[:5] = torch.tensor([2.0, 2.0, 2.0, 2.0, 1.0])
    matrix, _ = matrix_of(values)
    pairs = BlockLanczos(lambda v: v @ matrix, block=4, dimension=20, tol=1e-9, restarts=5)(rank, 60, matrix)
    assert torch.allclose(pairs.values, values[:rank], atol=1e-12)


def test_all_copies_of_an_eigenvalue_are_found(path):
    # squared error of a linear model: the same moments of x for each of 20 outputs
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 3, dtype=torch.float64, generator=generator)
    y = torch.randn(50, 20, dtype=torch.float64, generator=generator)
    net = torch.nn.Linear(3, 20, bias=False).double()
    model = ArnoldiInfluence(net, torch.nn.MSELoss(), DAMPING, rank=20).fit((x, y))
    top = torch.linalg.eigvalsh(x.T @ x / 50)[-1] * 2 / 20
    assert relative_error(model.pairs[""].values, top.repeat(20)) < 1e-10


def test_the_zero_matrix_has_zero_eigenvalues():
    zero = torch.zeros(30, 30, dtype=torch.float64)
    pairs = BlockLanczos(lambda v: v @ zero, block=4, dimension=20, tol=1e-9, restarts=5)(3, 30, zero)
    assert bool((pairs.values == 0).all())


def test_the_lowest_eigenvalue_is_found_for_the_warning():
    matrix, _ = matrix_of(torch.linspace(-0.3, 5, 100, dtype=torch.float64))
    assert abs(lowest_eigenvalue(lambda v: v @ matrix, 100, matrix) + 0.3) < 0.01


def test_the_same_twice_and_in_batches_of_any_sizes():
    made = case("mlp_tanh")
    first, again, other = (
        ArnoldiInfluence(made.model, made.loss, DAMPING, rank=5, tol=1e-10).fit(made.batches(*sizes))
        for sizes in ((30, 7), (30, 7), (1, 50))
    )
    z = first.influence_factors(*made.test)
    assert torch.equal(again.influence_factors(*made.test), z)
    assert relative_error(other.influence_factors(*made.test), z) < 1e-9


def test_each_block_has_its_own_pairs_and_damping_and_another_needs_no_refit():
    made = case("two_blocks")
    wanted = {"left": 0.3, "right": 0.02}
    options = {"rank": 10_000, "block_structure": "layer_wise"}
    anew = ArnoldiInfluence(made.model, made.loss, wanted, **options).fit(made.batches(25))
    moved = ArnoldiInfluence(made.model, made.loss, 1.0, **options).fit(made.batches(25))
    z = anew.influence_factors(*made.test)
    assert relative_error(moved.with_regularization(wanted).influence_factors(*made.test), z) < 1e-12
    same = moved.with_regularization(DAMPING).influences(*made.test, *made.train)
    assert relative_error(same, dense_influences(made, DAMPING)) < 1e-9  # the Hessian is block-diagonal


def test_a_negative_eigenvalue_is_said_at_fit_and_at_another_regularization():
    made = case("mlp_tanh")
    torch.manual_seed(0)
    for parameter in made.model.parameters():
        parameter.data += 0.5 * torch.randn_like(parameter)
    lowest = float(torch.linalg.eigvalsh(DENSE["hessian"](made))[0])
    with pytest.warns(UserWarning, match="indefinite.*gauss_newton"):
        model = ArnoldiInfluence(made.model, made.loss, -lowest / 2, rank=10_000).fit(made.batches(30))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.with_regularization(-2 * lowest)
    with pytest.warns(UserWarning, match="indefinite"):
        model.with_regularization(-lowest / 3)


def test_pairs_that_have_not_converged_are_said():
    made = case("mlp_tanh")
    model = ArnoldiInfluence(
        made.model, made.loss, DAMPING, rank=2, krylov_dimension=2, tol=1e-14, max_iter=1
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dvlwidgets.influence.arnoldi.BLOCK", (1, 1))
        patch.setattr(work, "prefers_matrix", lambda *_, **__: False)
        with pytest.warns(UserWarning, match="Arnoldi.*max_iter"):
            model.fit(made.batches(30))


def test_dividing_by_zero_is_refused():
    low = LowRank(torch.tensor([1.0, 0.0]), torch.eye(3)[:2], complement=False)
    with pytest.raises(InputError, match="regularization"):
        low.solve(torch.ones(1, 3), 0.0)
    assert bool(torch.isfinite(low.solve(torch.ones(1, 3), 1e-3)).all())
    with pytest.raises(InputError, match="positive"):
        LowRank(torch.ones(2), torch.eye(3)[:2], complement=True).solve(torch.ones(1, 3), 0.0)


def test_arguments():
    made = case("logistic")
    with pytest.raises(InputError, match="regularization"):
        ArnoldiInfluence(made.model, made.loss, use_woodbury=True)  # the complement is divided by it
    with pytest.raises(InputError, match="rank"):
        ArnoldiInfluence(made.model, made.loss, rank=0)
    with pytest.raises(InputError, match="krylov_dimension"):
        ArnoldiInfluence(made.model, made.loss, rank=5, krylov_dimension=4)
    with pytest.raises(InputTypeError, match="rank_estimate"):
        ArnoldiInfluence(made.model, made.loss, rank=5, rank_estimate=6)
    assert ArnoldiInfluence(made.model, made.loss).rank == 10
    assert ArnoldiInfluence(made.model, made.loss, rank_estimate=6).rank == 6
    model = ArnoldiInfluence(
        made.model, made.loss, 0.1, 4, 40, 1e-5, 7, True, "layer_wise", "gauss_newton", True
    )
    assert (model.rank, model.krylov_dimension, model.tol, model.max_iter) == (4, 40, 1e-5, 7)
    assert model.use_woodbury
