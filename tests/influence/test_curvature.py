from __future__ import annotations

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
    dense_empirical_fisher,
    dense_ggn,
    dense_gradients,
    dense_hessian,
    known_curvature,
    linear_hessian,
    parameters,
    relative_error,
)
from torch import Tensor, nn

from dvlwidgets.errors import InputError
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.curvature import Curvature, curvature_of, resident
from dvlwidgets.influence.curvature.pair_sums import Layer, PairSums, Piece
from dvlwidgets.influence.problem import Problem

MODES = tuple(DENSE)


def curvature(made: Case, mode: str, *sizes: int) -> Curvature:
    return curvature_of(
        Problem(made.model, made.loss), Batches.of(made.batches(*(sizes or (1, 37, 5)))), mode
    )


def sample(model: nn.Module, x: Tensor, y: Tensor, loss: Any = None) -> Case:
    return Case("made here", model.double(), loss or nn.CrossEntropyLoss(), (x, y), (x, y))


def points(n: int, *shape: int) -> Tensor:
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def classes(n: int, count: int = 3) -> Tensor:
    return torch.arange(n) % count


# --- right ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CASES)
def test_products_matrix_and_rows_equal_dense_algebra_whatever_the_batches(name: str, mode: str):
    made, wanted = case(name), known_curvature(name, mode)
    got = curvature(made, mode)
    v = points(3, got.p)
    assert got.n == made.n
    assert got.p == made.p
    assert relative_error(got.matmul(v), v @ wanted) < 1e-12
    for few in (v[:1], points(40, got.p)):  # fewer and more than the outputs
        assert relative_error(got.forms(few), ((few @ wanted) * few).sum(1)) < 1e-12
    matrix = got.dense()
    assert relative_error(matrix, wanted) < 1e-12
    assert torch.equal(matrix, matrix.T)
    rows = got.row_gradients()
    assert (rows is None) == (mode == "hessian")
    if rows is not None:
        assert relative_error(sum(r.T @ r for r in rows) / got.n, wanted) < 1e-12


def test_the_hessian_of_linear_regression_is_the_closed_form():
    made = case("linear")
    assert relative_error(curvature(made, "hessian").dense(), linear_hessian(made.train[0], 2)) < 1e-14
    assert relative_error(curvature(made, "gauss_newton").dense(), linear_hessian(made.train[0], 2)) < 1e-14


def test_gauss_newton_of_cross_entropy_is_the_fisher_matrix_with_labels_drawn_from_the_model():
    made = case("mlp_tanh")
    x, _ = made.train
    p = made.model(x).softmax(1).detach()
    fisher = torch.zeros(made.p, made.p, dtype=torch.float64)
    for label in range(3):
        g = dense_gradients(made, (x, torch.full((made.n,), label)))
        fisher += g.T @ (p[:, label : label + 1] * g) / made.n
    assert relative_error(curvature(made, "gauss_newton").dense(), fisher) < 1e-12


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=5)
@given(sizes=st.lists(st.integers(1, 30), max_size=4), work=st.sampled_from([4_000, 10_000, 30_000]))
def test_the_sizes_of_batches_and_of_the_work_space_change_nothing(mode: str, sizes: list[int], work: int):
    made = case("mlp_relu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dvlwidgets.influence.curvature.work_space.WORK_BYTES", work)
        patch.setattr("dvlwidgets.influence.curvature.work_space.NEAR_BYTES", work // 4)
        got = curvature(made, mode, *sizes)
        assert relative_error(got.dense(), known_curvature("mlp_relu", mode)) < 1e-12
        v = points(2, got.p)
        assert relative_error(got.matmul(v), v @ known_curvature("mlp_relu", mode)) < 1e-12


@pytest.mark.parametrize("mode", MODES)
def test_data_too_large_to_be_kept_are_read_again(mode: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(resident, "RESIDENT_BYTES", 100)
    monkeypatch.setattr("dvlwidgets.influence.curvature.row_source.RESIDENT_BYTES", 100)
    got = curvature(case("mlp_tanh"), mode)
    for _ in range(2):
        assert relative_error(got.dense(), known_curvature("mlp_tanh", mode)) < 1e-12


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["mlp_relu", "cnn"])
def test_float32_is_as_close_as_float32_can_be(name: str, mode: str):
    got = curvature(case(name, torch.float32), mode)
    assert got.dtype is torch.float32
    assert relative_error(got.dense(), known_curvature(name, mode)) < 1e-5
    v = points(2, got.p)
    assert relative_error(got.matmul(v), v @ known_curvature(name, mode)) < 1e-5


@pytest.mark.parametrize("mode", MODES)
def test_some_data_points_have_a_curvature_of_their_own(mode: str):
    made = case("mlp_tanh")
    rows = torch.tensor([3, 40, 41, 59, 0])
    part = curvature(made, mode).batch(rows)
    wanted = DENSE[mode](made, (made.train[0][rows], made.train[1][rows]))
    assert part.n == 5
    assert relative_error(part.dense(), wanted) < 1e-12


# --- pyDVL's defects, which are not ours -------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(60,), (30, 30), (50, 10), (20,) * 3])
def test_defect_1_gauss_newton_has_its_own_scale_with_any_number_of_batches(sizes: tuple[int, ...]):
    made = case("mlp_tanh")
    for mode, dense in (("gauss_newton", dense_ggn), ("empirical_fisher", dense_empirical_fisher)):
        got = curvature(made, mode, *sizes).dense()
        assert bool(torch.isfinite(got).all())
        assert relative_error(got, dense(made)) < 1e-12


@pytest.mark.parametrize("k", [1, 2, 7, 43])
@pytest.mark.parametrize("mode", ["gauss_newton", "empirical_fisher"])
def test_defect_2_products_are_means_over_data_points_however_many_vectors_there_are(mode: str, k: int):
    v = points(k, 43)
    for sizes in ((60,), (50, 10)):
        got = curvature(case("mlp_tanh"), mode, *sizes).matmul(v)
        assert relative_error(got, v @ known_curvature("mlp_tanh", mode)) < 1e-12


def test_defect_3_unequal_batches_weigh_by_their_points():
    made = case("mlp_tanh")
    first, second = made.batches(40)
    halves = (dense_hessian(made, first) + dense_hessian(made, second)) / 2
    assert (
        relative_error(halves, known_curvature("mlp_tanh", "hessian")) > 0.01
    )  # what a mean of batch means would give
    got = curvature(made, "hessian", 40)
    v = points(4, made.p)
    assert relative_error(got.matmul(v), v @ known_curvature("mlp_tanh", "hessian")) < 1e-12
    assert relative_error(got.dense(), known_curvature("mlp_tanh", "hessian")) < 1e-12


# --- blocks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["deep", "cnn"])
def test_a_block_is_that_part_of_the_matrix_in_the_order_of_its_columns(name: str, mode: str):
    made, whole = case(name), known_curvature(name, mode)
    layout = Problem(made.model, made.loss).layout
    names = list(layout.names)
    for columns in (
        layout.columns(names[2:4]),
        layout.columns([names[3], names[0]]),
        layout.columns([names[1]]),
        torch.tensor([7, 2, made.p - 1, 0, 9]),
    ):
        block = curvature(made, mode).restrict(columns)
        wanted = whole[columns][:, columns]
        v = points(2, len(columns))
        assert block.p == len(columns)
        assert relative_error(block.dense(), wanted) < 1e-12
        assert relative_error(block.matmul(v), v @ wanted) < 1e-12
        rows = block.row_gradients()
        if rows is not None:
            assert relative_error(sum(r.T @ r for r in rows) / made.n, wanted) < 1e-12


@pytest.mark.parametrize("mode", MODES)
def test_a_small_block_of_a_large_net_never_makes_the_whole_matrix(mode: str):
    net = nn.Sequential(
        nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 3)
    )  # 60,803 parameters: a matrix of 30 GB
    made = sample(net, points(8, 300), classes(8))
    layout = Problem(net, made.loss).layout
    block = curvature(made, mode, 8).restrict(layout.columns(["2.bias"])).dense()
    last = sample(net[2], net[1](net[0](made.train[0])).detach(), made.train[1])
    assert relative_error(block, DENSE[mode](last)[-3:, -3:]) < 1e-12


# --- nets whose units tell all, and nets that only look like it ----------------------------------------------------


def by_units(made: Case) -> bool:
    got = curvature(made, "hessian")
    return got.matrix_cost < made.p


@pytest.mark.parametrize(
    ("name", "short"),
    [("deep", True), ("mlp_no_bias", True), ("frozen", True), ("cnn", False), ("layer_norm", False)],
)
def test_nets_of_linear_layers_are_seen_by_their_units(name: str, short: bool):
    assert by_units(case(name)) == short


class Residual(nn.Module):
    """Layers that skip, and an activation that mixes the units of a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.inner, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.softmax(self.first(x), 1)
        return self.last(h + torch.tanh(self.inner(h)) * x)


class Twice(nn.Module):
    """A layer that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.layer(torch.tanh(self.layer(x)))))


class Behind(nn.Module):
    """A weight that is also used behind its layer's back."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tanh(self.layer(x))
        return self.last(torch.tanh(nn.functional.linear(h, self.layer.weight)))


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.again, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
        self.again.weight = self.layer.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.again(torch.tanh(self.layer(x)))))


@pytest.mark.parametrize("build", [Residual, Twice, Behind, Tied])
@pytest.mark.parametrize("mode", MODES)
def test_layers_that_skip_repeat_or_share_are_right_too(build: type[nn.Module], mode: str):
    torch.manual_seed(0)
    made = sample(build(), points(20, 4), classes(20))
    got = curvature(made, mode, 7)
    wanted = DENSE[mode](made)
    v = points(2, got.p)
    assert relative_error(got.dense(), wanted) < 1e-12
    assert relative_error(got.matmul(v), v @ wanted) < 1e-12
    if mode == "hessian":
        assert by_units(made) == (build is Residual)


class Named(nn.Module):
    """Layers that get their inputs by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(input=torch.tanh(self.layer(input=x)))


@pytest.mark.parametrize("mode", MODES)
def test_layers_that_are_called_by_keyword_are_seen_too(mode: str):
    torch.manual_seed(0)
    made = sample(Named(), points(20, 4), classes(20))
    assert relative_error(curvature(made, mode, 7).dense(), DENSE[mode](made)) < 1e-12
    assert by_units(made)


@pytest.mark.parametrize("mode", MODES)
def test_wide_layers_with_few_outputs_are_right_too(mode: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dvlwidgets.influence.curvature.pair_sums.GRAM_ROWS", 7)
    monkeypatch.setattr("dvlwidgets.influence.curvature.pair_sums.STRIPS", 2)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(70, 2), nn.Tanh(), nn.Linear(2, 2))
    made = sample(net, points(25, 70), classes(25, 2))
    assert relative_error(curvature(made, mode, 9).dense(), DENSE[mode](made)) < 1e-12


def test_samples_whose_units_act_alone_and_others_add_up():
    """The input of the second layer answers to one unit of the first (diagonal D), or to several."""
    layers = [Layer(3, 2, 0, 6), Layer(2, 3, 9, None)]

    def piece(n: int, *, alone: bool) -> Piece:
        inner = points(n, 3, 3) * (torch.eye(3, dtype=torch.float64) if alone else 1.0)
        squares = [m + m.mT for m in (points(n, 3, 3), points(n, 2, 2))]
        second = {(0, 0): squares[0], (0, 1): points(n, 3, 2), (1, 1): squares[1]}
        a = tuple(layer.widened(points(n, layer.inputs)) for layer in layers)
        return Piece(a, second, (points(n, 3), points(n, 2)), {(0, 1): inner})

    pieces = [piece(4, alone=True), piece(5, alone=False), piece(3, alone=True)]
    apart, together = PairSums(layers, 15), PairSums(layers, 15)
    for one in pieces:
        apart.add(one)
    together.add(Piece.cat(pieces))
    eye = torch.eye(15, dtype=torch.float64)
    by_products = sum(one.times(layers, eye) for one in pieces)
    assert relative_error(apart.matrix(), together.matrix()) < 1e-14
    assert relative_error(by_products, together.matrix()) < 1e-14


class Cube(torch.autograd.Function):
    """A function of the user's own that has no forward mode."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x**3

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 3 * x**2 * grad


class Cubes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 3), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(Cube.apply(self.first(x)))


@pytest.mark.parametrize("mode", MODES)
def test_a_layer_without_forward_mode_is_differentiated_backwards_twice(mode: str):
    torch.manual_seed(0)
    made = sample(Cubes(), points(12, 4), classes(12))
    got, v = curvature(made, mode, 12), points(2, 27)
    assert relative_error(got.matmul(v), v @ DENSE[mode](made)) < 1e-12
    assert relative_error(got.dense(), DENSE[mode](made)) < 1e-12


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(4, 2, 4, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x).mean(1))


@pytest.mark.parametrize("mode", ["hessian", "gauss_newton"])
def test_attention_is_differentiated_twice(mode: str):
    torch.manual_seed(0)
    made = sample(Attention(), points(4, 3, 4), classes(4))
    v = points(2, made.p)
    got = curvature(made, mode, 4).matmul(v)
    assert relative_error(got, v @ DENSE[mode](made)) < 1e-10


@pytest.mark.parametrize("mode", MODES)
def test_batch_normalisation_keeps_the_statistics_of_training(mode: str):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 3)).double()
    net(points(30, 4) + 1)  # statistics unlike those of the data
    made = sample(net, points(10, 4), classes(10))
    assert relative_error(curvature(made, mode, 3).dense(), DENSE[mode](made)) < 1e-12


class Number(nn.Module):
    """A sample is a single number."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(torch.stack([x], dim=-1))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["numbers", "integers"])
def test_a_sample_may_be_a_number_or_an_integer(kind: str, mode: str):
    torch.manual_seed(0)
    numbers = kind == "numbers"
    net: nn.Module = Number() if numbers else nn.Sequential(nn.Embedding(5, 2), nn.Linear(2, 3))
    made = sample(net, points(9) if numbers else torch.arange(9) % 5, classes(9))
    assert relative_error(curvature(made, mode, 1, 4).dense(), DENSE[mode](made)) < 1e-12


# --- refused -----------------------------------------------------------------------------------------------------


def capped(output: Tensor, target: Tensor) -> Tensor:
    """Flattens far from the target: not convex there."""
    square = ((output - target) ** 2).mean()
    return square / (1 + square)


def test_a_loss_that_is_not_convex_in_the_output_has_no_gauss_newton_matrix():
    made = sample(nn.Linear(4, 2), points(10, 4), 3 * points(10, 2), capped)
    with pytest.raises(InputError, match=r"not convex.*empirical_fisher"):
        curvature(made, "gauss_newton")
    assert relative_error(curvature(made, "empirical_fisher").dense(), dense_empirical_fisher(made)) < 1e-12


def test_an_unknown_mode_is_named():
    with pytest.raises(InputError, match="gauss_newton"):
        curvature(case("linear"), "newton")


# --- clean -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left_in_the_models(mode: str):
    made = case("mlp_tanh").to(torch.float64)
    problem = Problem(made.model, made.loss)
    before = [t.detach().clone() for t in parameters(made.model)]
    got = curvature_of(problem, Batches.of(made.batches(11)), mode).to("cpu")
    assert not got.dense().requires_grad
    assert not got.matmul(points(1, got.p)).requires_grad
    for model in (made.model, problem.model):
        assert all(t.grad is None and t.requires_grad for t in model.parameters())
        assert not any(m._forward_hooks for m in model.modules())
        assert all(torch.equal(t, b) for t, b in zip(parameters(model), before, strict=True))
    assert made.model.training


def test_a_pass_holds_a_share_of_a_card_whatever_its_neighbours_do_and_little_on_a_full_one(
    monkeypatch: pytest.MonkeyPatch,
):
    from dvlwidgets.influence.curvature import work_space

    def card(free: int, total: int, reserved: int = 0, allocated: int = 0) -> tuple[int, int]:
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free << 30, total << 30))
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: reserved << 30)
        monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: allocated << 30)
        device = torch.device("cuda")
        return work_space.work_bytes(device) >> 20, work_space.near_bytes(device) >> 20

    assert card(70, 80) == card(30, 80) == (5 << 10, 5 << 10)
    assert card(130, 140)[0] == 8 << 10
    assert card(1, 16, reserved=14, allocated=2)[0] == 1 << 10  # what PyTorch keeps for itself is free
    assert card(1, 16) == (128, 128)
    assert work_space.work_bytes(torch.device("cpu")) >> 20 == 128
    assert work_space.near_bytes(torch.device("cpu")) >> 20 == 16
