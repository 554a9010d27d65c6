"""The Nystroem sketch against the dense solve (full rank) and its own formula, in float64."""

from __future__ import annotations

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
from dvlwidgets.influence import NystroemSketchInfluence
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.curvature import curvature_of
from dvlwidgets.influence.nystroem import part_of
from dvlwidgets.influence.problem import Problem
from dvlwidgets.influence.solvers import products as work
from dvlwidgets.influence.solvers.sketch import nystroem_sketch

DAMPING = 0.05
FISHER = ["gauss_newton", "empirical_fisher"]


@pytest.fixture(params=["dense", "products"])
def path(request, monkeypatch):
    """Both ways to multiply, whatever the estimate of the work says."""
    monkeypatch.setattr(work, "prefers_matrix", lambda *_, **__: request.param == "dense")
    return request.param


def matrix_of(values):
    p = len(values)
    draws = torch.randn(p, p, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    turn = torch.linalg.qr(draws)[0]
    return (turn * values) @ turn.T


def rebuilt(sketch):
    return (sketch.vectors.T * sketch.values) @ sketch.vectors


@pytest.mark.parametrize("mode", FISHER)
@pytest.mark.parametrize("name", ["mlp_tanh", "cnn", "frozen", "tokens"])
def test_full_rank_equals_the_dense_solve(name, mode, path):
    made = case(name)
    model = NystroemSketchInfluence(made.model, made.loss, DAMPING, 10_000, second_order_mode=mode)
    got = model.fit(made.batches(30, 7, 1)).influences(*made.test, *made.train)
    assert relative_error(got, known_influences(name, DAMPING, mode)) < 1e-8
    assert model.path == {"": path}


def test_a_positive_hessian_of_full_rank_equals_the_dense_solve(path):
    made = case("logistic")
    model = NystroemSketchInfluence(made.model, made.loss, DAMPING, rank=100).fit(made.batches(41, 3))
    got = model.influences(*made.test, *made.train)
    assert relative_error(got, dense_influences(made, DAMPING)) < 1e-8


@pytest.mark.parametrize("passes", [1, 2])
def test_the_sketch_is_nystroem_s_formula(passes):
    matrix = matrix_of(torch.logspace(0, -4, 80, dtype=torch.float64))
    sketch = nystroem_sketch(lambda v: v @ matrix, 80, 12, matrix, passes=passes)
    draws = torch.randn(12, 80, generator=torch.Generator().manual_seed(0), dtype=torch.float64).T
    test = draws if passes == 1 else matrix @ draws
    image = matrix @ test
    wanted = image @ torch.linalg.solve(test.T @ image, image.T)
    assert relative_error(rebuilt(sketch), wanted) < 1e-8
    assert sketch.products == 12 * passes
    assert relative_error(sketch.vectors @ sketch.vectors.T, torch.eye(12).double()) < 1e-12
    assert bool((sketch.values.diff() <= 0).all())


def test_the_second_pass_comes_close_to_the_best_of_its_rank():
    values = torch.logspace(0, -3, 200, dtype=torch.float64)
    matrix = matrix_of(values)
    best = float(values[20:].norm())

    def error(passes):
        return float(
            (matrix - rebuilt(nystroem_sketch(lambda v: v @ matrix, 200, 20, matrix, passes=passes))).norm()
        )

    assert best < error(2) < 1.25 * best < error(1)


def test_low_rank_solves_with_the_sketch_plus_damping(path):
    made = case("mlp_tanh")
    model = NystroemSketchInfluence(made.model, made.loss, DAMPING, 6, second_order_mode="gauss_newton")
    z = model.fit(made.batches(30)).influence_factors(*made.test)
    factors = model._factors[""]
    damped = (factors.vectors.T * factors.values) @ factors.vectors + DAMPING * torch.eye(made.p).double()
    wanted = torch.linalg.solve(damped, dense_gradients(made, made.test).T).T
    assert relative_error(z, wanted) < 1e-10
    # and that sketch is near the curvature: never above it, and off by at most twice what its rank leaves out
    exact = DENSE["gauss_newton"](made)
    gap = torch.linalg.eigvalsh(exact - damped + DAMPING * torch.eye(made.p).double())
    left = torch.linalg.eigvalsh(exact)[-7]
    assert float(gap[0]) > -1e-10
    assert float(left) * 0.99 < float(gap[-1]) < 2 * float(left)


def test_a_matrix_of_lower_rank_than_the_sketch_is_found_exactly():
    values = torch.zeros(60, dtype=torch.float64)
    values[:4] = torch.tensor([5.0, 3.0, 2.0, 1.0])
    matrix = matrix_of(values)
    assert relative_error(rebuilt(nystroem_sketch(lambda v: v @ matrix, 60, 10, matrix)), matrix) < 1e-7


def test_single_precision_of_a_badly_conditioned_matrix():
    values = torch.logspace(0, -12, 100, dtype=torch.float64)
    matrix = matrix_of(values)
    low = matrix.float()
    sketch = nystroem_sketch(lambda v: v @ low, 100, 60, low)
    assert relative_error(rebuilt(sketch), matrix) < 1e-5
    assert bool((sketch.values >= 0).all())


def test_an_indefinite_hessian_is_said_and_gauss_newton_recommended(path):
    made = case("mlp_tanh")
    torch.manual_seed(0)
    for parameter in made.model.parameters():
        parameter.data += 0.5 * torch.randn_like(parameter)
    assert float(torch.linalg.eigvalsh(DENSE["hessian"](made))[0]) < -0.02
    with pytest.warns(UserWarning, match="indefinite.*gauss_newton"):
        model = NystroemSketchInfluence(made.model, made.loss, DAMPING, 100).fit(made.batches(30))
    assert bool(torch.isfinite(model.influence_factors(*made.test)).all())


def test_the_same_twice_and_in_batches_of_any_sizes():
    made = case("mlp_tanh")
    first, again, other = (
        NystroemSketchInfluence(made.model, made.loss, DAMPING, 5, second_order_mode="gauss_newton").fit(
            made.batches(*sizes)
        )
        for sizes in ((30, 7), (30, 7), (1, 50))
    )
    z = first.influence_factors(*made.test)
    assert torch.equal(again.influence_factors(*made.test), z)
    assert relative_error(other.influence_factors(*made.test), z) < 1e-9


def test_each_block_has_its_own_damping_and_another_needs_no_refit():
    made = case("two_blocks")
    wanted = {"left": 0.3, "right": 0.02}
    options = {"rank": 100, "block_structure": "layer_wise", "second_order_mode": "gauss_newton"}
    anew = NystroemSketchInfluence(made.model, made.loss, wanted, **options).fit(made.batches(25))
    moved = NystroemSketchInfluence(made.model, made.loss, 1.0, **options).fit(made.batches(25))
    z = anew.influence_factors(*made.test)
    assert relative_error(moved.with_regularization(wanted).influence_factors(*made.test), z) < 1e-12
    same = moved.with_regularization(DAMPING).influences(*made.test, *made.train)
    assert relative_error(same, dense_influences(made, DAMPING, mode="gauss_newton")) < 1e-8


def test_arguments():
    made = case("logistic")
    for bad in (None, 0.0, -1.0):
        with pytest.raises(InputError, match=r"regularization.*positive"):
            NystroemSketchInfluence(made.model, made.loss, bad, 5)
    with pytest.raises(InputTypeError, match="rank is missing"):
        NystroemSketchInfluence(made.model, made.loss, 0.1)
    with pytest.raises(InputError, match="rank"):
        NystroemSketchInfluence(made.model, made.loss, 0.1, 0)
    model = NystroemSketchInfluence(made.model, made.loss, 0.1, 5, "layer_wise", "gauss_newton")
    assert (model.rank, model.second_order_mode) == (5, "gauss_newton")
    old = NystroemSketchInfluence(made.model, made.loss, hessian_regularization=0.1, rank_estimate=5)
    assert (old.rank, old.regularization) == (5, {"": 0.1})
    with pytest.raises(InputError, match="regularization"):
        old.with_regularization(0.0)


def test_a_quarter_of_the_data_turns_the_vectors_as_well_as_all_of_them():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1100, 20, generator=generator) * torch.logspace(0, -1, 20)
    y = (x @ torch.randn(20, 4, generator=generator)).argmax(1)
    torch.manual_seed(0)
    problem = Problem(torch.nn.Linear(20, 4), torch.nn.CrossEntropyLoss())
    whole = curvature_of(problem, Batches.of((x, y)), "hessian")
    part, matrix = part_of(whole, 10), whole.dense()
    assert part.n == 275
    exact = torch.linalg.eigvalsh(matrix.double())[-10:].sum()

    def caught(**options):
        sketch = nystroem_sketch(whole.matmul, whole.p, 10, matrix, **options)
        return float(sketch.values.sum() / exact)

    assert caught(passes=1) < 0.8
    assert caught(turn=part.matmul) > 0.97 * caught()


def test_few_data_and_sums_of_outer_products_are_not_divided():
    made = case("mlp_tanh")
    problem = Problem(made.model, made.loss)
    x, y = (torch.cat([t] * 40) for t in made.train)
    many, few = Batches.of((x, y)), Batches.of(made.train)
    assert part_of(curvature_of(problem, few, "hessian"), 5) is None
    assert part_of(curvature_of(problem, many, "gauss_newton"), 5) is None
    assert part_of(curvature_of(problem, many, "hessian"), 5).n >= 256
    assert part_of(curvature_of(problem, many, "hessian"), len(x) // 6) is None
