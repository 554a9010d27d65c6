"""Conjugate gradients against the dense solve in float64; they ask for tolerances and are held to them."""

from __future__ import annotations

import warnings

import pytest
import torch
from influence.problems import DENSE, case, dense_gradients, known_influences, relative_error

from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence import CgInfluence, DirectInfluence
from dvlwidgets.influence.solvers import products as work
from dvlwidgets.influence.solvers.block_cg import BlockCg

DAMPING = 0.05


@pytest.fixture(params=["dense", "products"])
def path(request, monkeypatch):
    """Both ways to multiply, whatever the estimate of the work says."""
    monkeypatch.setattr(work, "prefers_matrix", lambda *_, **__: request.param == "dense")
    return request.param


def dense_factors(made, damping=DAMPING, mode="hessian"):
    damped = DENSE[mode](made) + damping * torch.eye(made.p, dtype=torch.float64)
    return torch.linalg.solve(damped, dense_gradients(made, made.test).T).T


def spectrum(p, lowest, highest, seed=0):
    """A symmetric matrix with eigenvalues evenly spread over the orders of magnitude."""
    turn = torch.linalg.qr(
        torch.randn(p, p, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    )[0]
    values = torch.logspace(lowest, highest, p, dtype=torch.float64)
    return (turn * values) @ turn.T


def right_hand_sides(k, p):
    return torch.randn(k, p, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", ["mlp_tanh", "mlp_no_bias", "cnn", "layer_norm", "tokens", "frozen"])
def test_influences_equal_the_dense_solve_to_the_tolerance_asked_for(name, path):
    made = case(name)
    model = CgInfluence(made.model, made.loss, DAMPING, rtol=1e-9, atol=0.0).fit(made.batches(30, 7, 1))
    assert relative_error(model.influence_factors(*made.test), dense_factors(made)) < 1e-7
    got = model.influences(*made.test, *made.train)
    assert relative_error(got, known_influences(name, DAMPING)) < 1e-8
    assert model.path == {"": path}


@pytest.mark.parametrize("mode", ["gauss_newton", "empirical_fisher"])
def test_other_curvatures_are_means_over_data_points(mode, path):
    made = case("mlp_tanh")
    model = CgInfluence(made.model, made.loss, DAMPING, rtol=1e-9, atol=0.0, second_order_mode=mode)
    got = model.fit(made.batches(41, 3)).influence_factors(*made.test)
    assert relative_error(got, dense_factors(made, mode=mode)) < 1e-7


def test_each_right_hand_side_is_within_its_own_tolerance(path):
    made = case("mlp_tanh")
    x, y = made.test
    g = dense_gradients(made, made.test)
    model = CgInfluence(made.model, made.loss, DAMPING, rtol=1e-3, atol=0.0).fit(made.batches(30))
    damped = dense = DENSE["hessian"](made) + DAMPING * torch.eye(made.p, dtype=torch.float64)
    residual = g - model.influence_factors(x, y) @ dense
    assert bool((residual.norm(dim=1) <= 1.0001e-3 * g.norm(dim=1)).all())
    assert damped.shape == (made.p, made.p)


def test_a_matrix_is_solved_with_below_the_rounding_of_the_model_s_float32(monkeypatch):
    monkeypatch.setattr(work, "prefers_matrix", lambda *_, **__: True)
    made, exact = case("mlp_tanh", torch.float32), case("mlp_tanh")
    model = CgInfluence(made.model, made.loss, 1e-3, rtol=1e-7, atol=0.0, second_order_mode="gauss_newton")
    got = model.fit(made.batches(30)).influence_factors(*made.test)  # who does not converge warns
    assert got.dtype is torch.float32
    assert relative_error(got.double(), dense_factors(exact, 1e-3, "gauss_newton")) < 1e-4


def test_defect_8_the_tolerance_is_of_the_residual_and_is_not_run_far_past():
    matrix = spectrum(53, -2, 1)
    b = right_hand_sides(1, 53)
    needed = {}
    for rtol in (1e-2, 1e-4, 1e-8):
        solution = BlockCg(lambda v: v @ matrix, rtol=rtol, atol=0.0, maxiter=530)(b)
        assert float(solution.residuals / b.norm()) <= rtol
        needed[rtol] = solution.products
    # pyDVL took 159 products for p=53 and rtol=1e-4; the last one of ours checks the residual
    assert needed[1e-2] < needed[1e-4] < needed[1e-8] <= 54 + 1
    assert needed[1e-4] <= 50


def test_many_right_hand_sides_share_their_directions():
    matrix, b = spectrum(200, -3, 1), right_hand_sides(20, 200)
    alone = [BlockCg(lambda v: v @ matrix, rtol=1e-4, atol=0.0, maxiter=999)(one[None]) for one in b]
    together = BlockCg(lambda v: v @ matrix, rtol=1e-4, atol=0.0, maxiter=999)(b)
    assert bool(together.converged.all())
    assert together.products <= 200 + 2 * 20 < sum(s.products for s in alone) / 4
    assert together.iterations <= 12 < min(s.iterations for s in alone)


def test_single_precision_takes_hardly_more_iterations_than_double():
    matrix = spectrum(400, -3, 1)
    b = right_hand_sides(30, 400) @ spectrum(400, -1.5, 0.5)  # its square root, as gradients are distributed
    double = BlockCg(lambda v: v @ matrix, rtol=1e-4, atol=0.0, maxiter=400)(b)
    low = matrix.float()
    single = BlockCg(lambda v: v @ low, rtol=1e-4, atol=0.0, maxiter=400)(b.float())
    assert bool(single.converged.all())
    assert single.iterations <= double.iterations + 3


def test_a_tolerance_below_the_precision_is_given_up_soon_and_said_to_be():
    matrix, b = spectrum(400, -4, 1).float(), right_hand_sides(30, 400).float()
    solution = BlockCg(lambda v: v @ matrix, rtol=1e-6, atol=0.0, maxiter=10_000)(b)
    assert not bool(solution.converged.any())
    assert solution.iterations < 100
    assert bool((solution.residuals < 0.1 * b.norm(dim=1)).all())
    true = (b.double() - solution.x.double() @ matrix.double()).norm(dim=1)
    assert bool((solution.residuals.double() > 0.3 * true).all())


def test_a_small_memory_of_directions_still_converges(monkeypatch):
    monkeypatch.setattr("dvlwidgets.influence.solvers.block_cg.KEPT_BYTES", 0)
    matrix, b = spectrum(300, -3, 1), right_hand_sides(5, 300)
    solution = BlockCg(lambda v: v @ matrix, rtol=1e-8, atol=0.0, maxiter=999)(b)
    assert bool(solution.converged.all())
    assert relative_error(solution.x, torch.linalg.solve(matrix, b.T).T) < 1e-6


@pytest.mark.parametrize("k", [1, 60, 130])
def test_more_right_hand_sides_than_parameters_and_repeated_ones_are_solved(k):
    matrix, b = spectrum(60, -2, 0), right_hand_sides(k, 60)
    b = torch.cat([b, b[:1], torch.zeros(1, 60, dtype=torch.float64)])
    solution = BlockCg(lambda v: v @ matrix, rtol=1e-9, atol=1e-15, maxiter=200)(b)
    assert relative_error(solution.x, torch.linalg.solve(matrix, b.T).T) < 1e-6
    assert bool((solution.x[-1] == 0).all())


def test_the_order_of_right_hand_sides_and_of_batches_does_not_matter():
    made = case("mlp_tanh")
    options = {"rtol": 1e-9, "atol": 0.0}
    model = CgInfluence(made.model, made.loss, DAMPING, **options).fit(made.batches(30, 17))
    other = CgInfluence(made.model, made.loss, DAMPING, **options).fit(made.batches(7, 50)[::-1])
    x, y = made.test
    turned = torch.arange(len(y)).flip(0)
    assert (
        relative_error(other.influence_factors(x[turned], y[turned])[turned], model.influence_factors(x, y))
        < 1e-7
    )


def test_a_single_row_gives_what_it_gives_among_others():
    made = case("mlp_tanh")
    model = CgInfluence(made.model, made.loss, DAMPING, rtol=1e-9, atol=0.0).fit(made.batches(30))
    x, y = made.test
    assert relative_error(model.influence_factors(x[4:5], y[4:5]), model.influence_factors(x, y)[4:5]) < 1e-7


def test_blocks_equal_the_whole_where_the_hessian_is_block_diagonal(path):
    made = case("two_blocks")
    options = {"rtol": 1e-9, "atol": 0.0}
    whole = CgInfluence(made.model, made.loss, DAMPING, **options).fit(made.batches(25))
    blocks = CgInfluence(made.model, made.loss, DAMPING, block_structure="layer_wise", **options)
    blocks.fit(made.batches(25))
    assert blocks.block_names == ["left", "right"]
    assert relative_error(blocks.influence_factors(*made.test), whole.influence_factors(*made.test)) < 1e-7


def test_each_block_has_its_own_damping_and_another_needs_no_refit(path):
    made = case("two_blocks")
    wanted = {"left": 0.3, "right": 0.02}
    options = {"rtol": 1e-9, "atol": 0.0, "block_structure": "layer_wise"}
    anew = CgInfluence(made.model, made.loss, wanted, **options).fit(made.batches(25))
    moved = (
        CgInfluence(made.model, made.loss, 1.0, **options).fit(made.batches(25)).with_regularization(wanted)
    )
    z = anew.influence_factors(*made.test)
    assert relative_error(moved.influence_factors(*made.test), z) < 1e-7
    direct = DirectInfluence(made.model, made.loss, wanted, block_structure="layer_wise").fit(
        made.batches(25)
    )
    assert relative_error(z, direct.influence_factors(*made.test)) < 1e-7


def test_an_indefinite_hessian_is_said_and_solved_all_the_same(path):
    made = case("mlp_tanh")
    lowest = float(torch.linalg.eigvalsh(DENSE["hessian"](made))[0])
    torch.manual_seed(0)
    for parameter in made.model.parameters():
        parameter.data += 0.5 * torch.randn_like(parameter)
    values = torch.linalg.eigvalsh(DENSE["hessian"](made))
    assert float(values[0]) < -0.02 < lowest  # away from the minimum
    model = CgInfluence(made.model, made.loss, 0.011, rtol=1e-8, atol=0.0).fit(made.batches(30))
    with pytest.warns(UserWarning, match="indefinite.*gauss_newton") as told:
        z = model.influence_factors(*made.test)
    assert f"{float(values[0]):.2g}" in str(told[0].message)
    assert relative_error(z, dense_factors(made, 0.011)) < 1e-5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.influence_factors(*made.test)  # said once


def test_indefinite_systems_in_single_precision_stay_finite():
    matrix = (spectrum(200, -3, 1) - 0.5 * torch.eye(200, dtype=torch.float64)).float()
    b = right_hand_sides(10, 200).float()
    solution = BlockCg(lambda v: v @ matrix, rtol=1e-4, atol=0.0, maxiter=400)(b)
    assert solution.lowest is not None
    assert solution.lowest < 0
    assert bool((solution.residuals <= b.norm(dim=1)).all())


def test_those_that_have_not_converged_are_counted():
    made = case("mlp_tanh")
    model = CgInfluence(made.model, made.loss, 1e-6, rtol=1e-12, atol=0.0, maxiter=1).fit(made.batches(30))
    with pytest.warns(UserWarning, match=r"12 of 12 right-hand sides.*maxiter"):
        model.influence_factors(*made.test)
    quiet = CgInfluence(made.model, made.loss, 1e-6, maxiter=1, warn_on_max_iteration=False)
    quiet.fit(made.batches(30)).influence_factors(*made.test)
    assert not bool(quiet.solutions[""].converged.any())


def test_the_matrix_is_made_where_that_is_less_work():
    class Fake:
        mode, dtype, n = "hessian", torch.float32, 1_000

        def __init__(self, p, matrix_cost):
            self.p, self.matrix_cost = p, matrix_cost

    assert work.prefers_matrix(Fake(2_000, 125), 1_000)
    assert not work.prefers_matrix(Fake(2_000, 2_000), 1_000)  # column by column: as dear as the products
    assert not work.prefers_matrix(Fake(2_000, 125), 50)  # few products: not even asked
    assert not work.prefers_matrix(Fake(2_000, 125), 130)  # no more products than the matrix costs
    assert not work.prefers_matrix(Fake(30_000, 125), 1e9)  # too large


def test_progress_is_drawn_when_asked_for(capsys):
    made = case("logistic")
    CgInfluence(made.model, made.loss, DAMPING).fit(made.batches(30)).influence_factors(*made.test)
    assert capsys.readouterr().err == ""
    CgInfluence(made.model, made.loss, DAMPING, progress=True).fit(made.batches(30)).influence_factors(
        *made.test
    )
    assert "of at most 12 right-hand sides" in capsys.readouterr().err


def test_arguments_that_cannot_work_are_refused_at_once():
    made = case("logistic")
    with pytest.raises(InputError, match="rtol"):
        CgInfluence(made.model, made.loss, rtol=-1.0)
    with pytest.raises(InputError, match="maxiter"):
        CgInfluence(made.model, made.loss, maxiter=0)
    with pytest.raises(InputTypeError, match="JacobiPreconditioner"):
        CgInfluence(made.model, made.loss, preconditioner="jacobi")
    with pytest.raises(InputError, match="regularization"):
        CgInfluence(made.model, made.loss, {"nonsense": 1.0})
    with pytest.raises(NotFittedError):
        CgInfluence(made.model, made.loss).influence_factors(*made.test)


def test_pydvl_s_order_of_arguments():
    made = case("logistic")
    model = CgInfluence(
        made.model,
        made.loss,
        0.1,
        1e-3,
        1e-7,
        50,
        False,
        False,
        None,
        True,
        True,
        "layer_wise",
        "gauss_newton",
    )
    assert model.options.rtol == 1e-3
    assert model.options.maxiter == 50
    assert model.second_order_mode == "gauss_newton"
    assert CgInfluence(made.model, made.loss, hessian_regularization=0.2).regularization == {"": 0.2}
