"""LiSSA against the dense solve in float64: to its tolerance with whole passes, and with batches."""

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
from dvlwidgets.influence import LissaInfluence
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.curvature import curvature_of
from dvlwidgets.influence.problem import Problem
from dvlwidgets.influence.solvers import products as work
from dvlwidgets.influence.solvers.neumann import NeumannSeries

DAMPING = 0.1


@pytest.fixture(params=["dense", "products"])
def path(request, monkeypatch):
    """Both ways to multiply, whatever the estimate of the work says."""
    monkeypatch.setattr(work, "prefers_matrix", lambda *_, **__: request.param == "dense")
    return request.param


@pytest.fixture
def batched(monkeypatch):
    """Batches even where the matrix is less work."""
    monkeypatch.setattr(work, "prefers_matrix", lambda *_, **__: False)


def dense_factors(made, damping=DAMPING, mode="hessian"):
    damped = DENSE[mode](made) + damping * torch.eye(made.p, dtype=torch.float64)
    return torch.linalg.solve(damped, dense_gradients(made, made.test).T).T


@pytest.mark.parametrize("mode", DENSE)
def test_whole_passes_equal_the_dense_solve_to_the_tolerance(mode, path):
    made = case("mlp_tanh")
    model = LissaInfluence(made.model, made.loss, DAMPING, scale=None, rtol=1e-9, second_order_mode=mode)
    model.fit(made.batches(41, 3, 1))
    assert relative_error(model.influence_factors(*made.test), dense_factors(made, mode=mode)) < 1e-7
    got = model.influences(*made.test, *made.train)
    assert relative_error(got, known_influences(made.name, DAMPING, mode)) < 1e-7
    assert model.path == {"": path}


@pytest.mark.parametrize("mode", DENSE)
def test_random_batches_come_to_the_tolerance_too(mode, batched):
    made = case("mlp_tanh")
    model = LissaInfluence(
        made.model, made.loss, DAMPING, scale=None, rtol=1e-5, second_order_mode=mode, batch_size=20
    ).fit(made.batches(30, 7))
    z, wanted = model.influence_factors(*made.test), dense_factors(made, mode=mode)
    assert model.path == {"": "batches"}
    assert relative_error(z, wanted) < 2e-5
    # residuals are honest: those of z against the whole curvature
    g = dense_gradients(made, made.test)
    damped = DENSE[mode](made) + DAMPING * torch.eye(made.p, dtype=torch.float64)
    true = (g - z @ damped).norm(dim=1) / g.norm(dim=1)
    assert torch.allclose(model.solutions[""].residuals, true, rtol=1e-6)
    assert float(true.max()) <= 1e-5


def test_noise_vanishes_where_the_plain_recursion_s_stays():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(64, 30, dtype=torch.float64, generator=generator)
    matrix = rows.T @ rows / 64 + 0.2 * torch.eye(30, dtype=torch.float64)
    b = torch.randn(5, 30, dtype=torch.float64, generator=generator)

    def part(v, i):
        some = rows[torch.randperm(64, generator=torch.Generator().manual_seed(i))[:16]]
        return (v @ some.T) @ some / 16 + 0.2 * v

    series = NeumannSeries(lambda v: v @ matrix, scale=8.0, dampen=0.0, rtol=0.0, maxiter=800, random=part)
    assert relative_error(series(b).x, torch.linalg.solve(matrix, b.T).T) < 1e-7
    h = b.clone()
    for i in range(800):
        h += b - part(h, i) / 8.0
    assert relative_error(h / 8.0, torch.linalg.solve(matrix, b.T).T) > 0.02


def test_the_seed_decides_the_draws(batched):
    made = case("mlp_tanh")

    def factors(seed, *sizes):
        model = LissaInfluence(
            made.model, made.loss, DAMPING, scale=None, maxiter=50, warn_on_max_iteration=False,
            batch_size=20, seed=seed,
        )  # fmt: skip
        return model.fit(made.batches(*sizes)).influence_factors(*made.test)

    first = factors(1, 30, 7)  # not converged: the draws are seen in the result
    assert torch.equal(factors(1, 30, 7), first)
    assert relative_error(factors(1, 10, 33), first) < 1e-9  # not the batches of the loader
    assert relative_error(factors(2, 30, 7), first) > 1e-4


def test_training_points_are_drawn_evenly(batched):
    made = case("mlp_tanh")
    model = LissaInfluence(made.model, made.loss, DAMPING, scale=None, batch_size=20).fit(made.batches(30))
    factors = model._factors[""]
    drawn = torch.stack([factors._drawn(i) for i in range(600)])
    assert all(len(set(row.tolist())) == 20 for row in drawn)
    counts = torch.bincount(drawn.flatten(), minlength=60)
    assert len(counts) == 60
    # 200 each, with a standard deviation of sqrt(600 * 1/3 * 2/3)
    assert float((counts - 200).abs().max()) < 4.5 * (600 * 2 / 9) ** 0.5


@pytest.mark.parametrize("mode", DENSE)
def test_the_curvature_of_some_points_is_theirs_even_after_many_products(mode):
    made = case("mlp_tanh")
    whole = curvature_of(Problem(made.model, made.loss), Batches.of(made.batches(30, 7)), mode)
    eye = torch.eye(made.p, dtype=torch.float64)
    for _ in range(3):  # what is kept for later products is kept from some product on
        assert relative_error(whole.matmul(eye), DENSE[mode](made)) < 1e-12
    at = torch.tensor([3, 50, 7, 20, 59])
    wanted = DENSE[mode](made, tuple(t[at] for t in made.train))
    assert relative_error(whole.batch(at).matmul(eye), wanted) < 1e-12
    assert relative_error(whole.batch(at).dense(), wanted) < 1e-12


def test_defect_11_zeros_in_the_solution_are_no_trouble(path):
    # two blocks that share nothing: gradients of the left block's loss are zero on the right, and so are solutions
    made = case("two_blocks")
    x, y = (t.clone() for t in made.test)
    with torch.no_grad():
        y[:, 1] = made.model(x)[:, 1]
    model = LissaInfluence(made.model, made.loss, DAMPING, scale=None, rtol=1e-6).fit(made.batches(25))
    z = model.influence_factors(x, y)
    right = model.problem.layout.columns([n for n in model.problem.layout.names if n.startswith("right")])
    assert bool((z[:, right] == 0).all())
    assert bool(torch.isfinite(z).all())
    assert bool(model.solutions[""].converged.all())
    with torch.no_grad():
        nothing = model.influence_factors(x[:2], made.model(x[:2]))
    assert bool((nothing == 0).all())


def test_dampen_adds_scale_times_itself_to_the_damping(path):
    made = case("mlp_tanh")
    model = LissaInfluence(made.model, made.loss, DAMPING, scale=4.0, dampen=0.05, rtol=1e-9)
    z = model.fit(made.batches(30)).influence_factors(*made.test)
    assert relative_error(z, dense_factors(made, DAMPING + 4.0 * 0.05)) < 1e-7


def test_dampen_and_damping_are_in_random_products_too(batched):
    made = case("mlp_tanh")
    options = {"scale": 4.0, "dampen": 0.05, "rtol": 1e-6, "batch_size": 20, "maxiter": 100}
    model = LissaInfluence(made.model, made.loss, 2.0, **options).fit(made.batches(30))
    z = model.influence_factors(
        *made.test
    )  # without either in them it would diverge, or not converge in time
    assert relative_error(z, dense_factors(made, 2.0 + 4.0 * 0.05)) < 1e-5


def test_it_stops_when_all_are_within_the_tolerance(path):
    made = case("mlp_tanh")
    taken = []
    for rtol in (1e-2, 1e-4, 1e-6):
        model = LissaInfluence(made.model, made.loss, DAMPING, scale=None, rtol=rtol).fit(made.batches(30))
        model.influence_factors(*made.test)
        taken.append(model.solutions[""].iterations)
        assert float(model.solutions[""].residuals.max()) <= rtol
    assert taken[0] < taken[1] < taken[2] < 1_000


def test_a_scale_that_is_too_small_is_said_at_fit_and_never_returned(path):
    made = case("mlp_tanh")
    top = float(torch.linalg.eigvalsh(DENSE["hessian"](made))[-1]) + DAMPING
    model = LissaInfluence(made.model, made.loss, DAMPING, scale=0.4 * top, maxiter=5_000)
    with pytest.warns(UserWarning, match=r"diverges.*scale=None"):
        model.fit(made.batches(30))
    with pytest.raises(InputError, match=r"diverged.*scale"):
        model.influence_factors(*made.test)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LissaInfluence(made.model, made.loss, DAMPING, scale=0.6 * top).fit(made.batches(30))


def test_the_chosen_scale_is_a_little_above_the_largest_eigenvalue(path):
    made = case("mlp_tanh")
    top = float(torch.linalg.eigvalsh(DENSE["hessian"](made))[-1])
    model = LissaInfluence(made.model, made.loss, DAMPING, scale=None).fit(made.batches(30))
    assert top + DAMPING < model.scale[""] < 1.2 * (top + DAMPING)
    model.with_regularization(1.0)
    assert top + 1 < model.scale[""] < 1.2 * (top + 1)


def test_an_indefinite_hessian_is_said(path):
    made = case("mlp_tanh")
    torch.manual_seed(0)
    for parameter in made.model.parameters():
        parameter.data += 0.5 * torch.randn_like(parameter)
    model = LissaInfluence(made.model, made.loss, 0.001, scale=None, maxiter=2_000).fit(made.batches(30))
    with (
        pytest.warns(UserWarning, match=r"indefinite.*gauss_newton"),
        pytest.raises(InputError, match="more regularization"),
    ):
        model.influence_factors(*made.test)


def test_those_that_have_not_converged_are_counted_and_told_a_better_scale(path):
    made = case("mlp_tanh")
    model = LissaInfluence(made.model, made.loss, DAMPING, maxiter=3, scale=1_000.0).fit(made.batches(30))
    with pytest.warns(UserWarning, match=r"12 of 12 right-hand sides.*Pass scale="):
        model.influence_factors(*made.test)


def test_each_block_has_its_own_damping_and_another_needs_no_refit(path):
    made = case("two_blocks")
    wanted = {"left": 0.3, "right": 0.2}
    options = {"scale": None, "rtol": 1e-9, "block_structure": "layer_wise"}
    anew = LissaInfluence(made.model, made.loss, wanted, **options).fit(made.batches(25))
    moved = LissaInfluence(made.model, made.loss, 1.0, **options).fit(made.batches(25))
    z = anew.influence_factors(*made.test)
    assert relative_error(moved.with_regularization(wanted).influence_factors(*made.test), z) < 1e-7
    same = moved.with_regularization(DAMPING).influences(*made.test, *made.train)
    assert relative_error(same, dense_influences(made, DAMPING)) < 1e-7  # the Hessian is block-diagonal


def test_progress_is_drawn_when_asked_for(capsys):
    made = case("logistic")
    options = {"scale": None, "warn_on_max_iteration": False}
    LissaInfluence(made.model, made.loss, DAMPING, **options).fit(made.batches(30)).influence_factors(
        *made.test
    )
    assert capsys.readouterr().err == ""
    model = LissaInfluence(made.model, made.loss, DAMPING, progress=True, **options)
    model.fit(made.batches(30)).influence_factors(*made.test)
    assert "of at most 1,000 iterations" in capsys.readouterr().err


def test_arguments():
    made = case("logistic")
    for bad in (
        {"scale": 0.0},
        {"scale": -1.0},
        {"dampen": 2.0},
        {"rtol": -1.0},
        {"maxiter": 0},
        {"batch_size": 0},
    ):
        with pytest.raises(InputError, match=next(iter(bad))):
            LissaInfluence(made.model, made.loss, **bad)
    with pytest.raises(InputTypeError, match="progress"):
        LissaInfluence(made.model, made.loss, progress="no")
    model = LissaInfluence(
        made.model, made.loss, 0.1, 50, 0.01, 5.0, 1e-3, False, True, "layer_wise", "gauss_newton"
    )
    assert (model.options.maxiter, model.options.dampen, model.options.scale) == (50, 0.01, 5.0)
    assert LissaInfluence(made.model, made.loss).options.scale == 10.0
