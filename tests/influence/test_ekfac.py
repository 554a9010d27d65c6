"""EKFAC against Kronecker factors by plain loops in float64, and against the dense Gauss-Newton matrix in its basis."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from influence.problems import Case, case, dense_ggn, dense_gradients, exact, relative_error
from torch import Tensor, nn

from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence.ekfac import EkfacInfluence

DAMPING = 1e-2
LAYERED = ["linear", "logistic", "binary", "mlp_tanh", "mlp_relu", "mlp_no_bias"]
LAYERED += ["mlp_regression", "mlp_summed", "deep", "quartic", "huber", "frozen"]


# --- oracles ------------------------------------------------------------------------------------------------------


def layer_names(made: Case) -> list[str]:
    names = [n.rpartition(".")[0] for n, t in made.model.named_parameters() if t.requires_grad]
    return list(dict.fromkeys(names))


def block_positions(made: Case, layer: str) -> Tensor:
    """Columns of a layer's parameters in the vector of all trainable ones."""
    found, at = [], 0
    for name, t in made.model.named_parameters():
        if t.requires_grad:
            if name.rpartition(".")[0] == layer:
                found.append(torch.arange(at, at + t.numel()))
            at += t.numel()
    return torch.cat(found)


def output_hessian(loss: Any, output: Tensor, y: Tensor) -> Tensor:
    def value(o: Tensor) -> Tensor:
        return loss(o.reshape(output.shape).movedim(-1, 1), y.unsqueeze(0))

    return torch.autograd.functional.hessian(value, output.detach().flatten())


def kfac_factors(made: Case, layer: str) -> tuple[Tensor, Tensor]:
    """(A, G) of one layer, sample by sample and position by position, bias as a last input of ones."""
    model, loss = exact(made)
    module = dict(model.named_modules())[layer]
    assert isinstance(module, (nn.Linear, nn.Conv2d))
    seen: list[tuple[Tensor, Tensor]] = []

    def keep(_: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        seen.append((inputs[0], output))
        return output + 0.0  # the gradient is wanted before the next layer

    module.register_forward_hook(keep)
    A: Any = 0.0
    G: Any = 0.0
    positions = 0
    for x, y in zip(*made.train, strict=True):
        seen.clear()
        output = model(x.unsqueeze(0))
        hessian = output_hessian(loss, output, y)
        for given, out in seen:
            inputs = patches(module, given[0])
            jacobian = torch.stack(
                [torch.autograd.grad(o, out, retain_graph=True)[0][0] for o in output.flatten()]
            )
            if isinstance(module, nn.Conv2d):
                jacobian = jacobian.flatten(2).transpose(1, 2)  # (K, T, o)
            for t, seen_there in enumerate(inputs):
                weighed = seen_there.detach() if module.weight.requires_grad else seen_there[:0]
                a = weighed if module.bias is None else torch.cat([weighed, torch.ones(1).double()])
                j = jacobian.reshape(len(jacobian), len(inputs), -1)[:, t]
                A = A + torch.outer(a, a)
                G = G + j.T @ hessian @ j
                positions += 1
    return A / positions, G / made.n


def patches(module: nn.Module, x: Tensor) -> Tensor:
    """What each output position multiplies, written out: (T, d)."""
    if isinstance(module, nn.Linear):
        return x.reshape(-1, x.shape[-1])
    assert isinstance(module, nn.Conv2d)
    (kh, kw), (sh, sw), (ph, pw) = module.kernel_size, module.stride, module.padding
    x = nn.functional.pad(x, (pw, pw, ph, ph))
    rows = range(0, x.shape[1] - kh + 1, sh)
    columns = range(0, x.shape[2] - kw + 1, sw)
    return torch.stack([x[:, i : i + kh, j : j + kw].flatten() for i in rows for j in columns])


def kfac_dense(made: Case, layer: str) -> Tensor:
    """G x A, with weight columns before those of the bias."""
    A, G = kfac_factors(made, layer)
    order = weight_first(len(G), len(A), bias=dict(made.model.named_modules())[layer].bias is not None)
    return torch.kron(G, A)[order][:, order]


def weight_first(rows: int, columns: int, *, bias: bool) -> Tensor:
    """Positions in a (rows, columns) matrix of the weight's numbers, then of the bias's."""
    at = torch.arange(rows * columns).reshape(rows, columns)
    return torch.cat([at[:, :-1].flatten(), at[:, -1]]) if bias else at.flatten()


def ekfac_dense(model: EkfacInfluence, made: Case, layer: str) -> Tensor:
    """The diagonal of the dense Gauss-Newton block in the basis that was found, turned back."""
    a, g = (evecs[layer] for evecs in model.ekfac_representation.get_layer_evecs())
    order = weight_first(len(g), len(a), bias=dict(made.model.named_modules())[layer].bias is not None)
    basis = torch.kron(g, a)[order]
    columns = block_positions(made, layer)
    block = dense_ggn(made)[columns][:, columns]
    return basis @ torch.diag((basis.T @ block @ basis).diagonal()) @ basis.T


def expected_influences(made: Case, blocks: dict[str, Tensor], damping: float) -> Tensor:
    train, test = dense_gradients(made), dense_gradients(made, made.test)
    total = torch.zeros(len(test), len(train), dtype=torch.float64)
    for layer, matrix in blocks.items():
        columns = block_positions(made, layer)
        damped = matrix + damping * torch.eye(len(matrix), dtype=torch.float64)
        total += test[:, columns] @ torch.linalg.solve(damped, train[:, columns].T)
    return total


def fitted(made: Case, *sizes: int, **options: Any) -> EkfacInfluence:
    options = {"regularization": DAMPING, "loss": made.loss, **options}
    return EkfacInfluence(made.model, **options).fit(made.batches(*sizes or (made.n,)))


# --- right ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERED)
def test_kfac_equals_the_factors_by_plain_loops(name: str) -> None:
    made = case(name)
    model = fitted(made, 30, 20)
    blocks = {layer: kfac_dense(made, layer) for layer in layer_names(made)}
    for layer, matrix in blocks.items():
        assert model.block_kinds[layer] == "kronecker"
        assert relative_error(model._kronecker[layer].dense(), matrix) < 1e-10
    wanted = expected_influences(made, blocks, DAMPING)
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 1e-10


@pytest.mark.parametrize("name", [*LAYERED, "cnn", "tokens"])
def test_the_diagonal_is_that_of_the_gauss_newton_matrix_in_the_eigenbasis(name: str) -> None:
    made = case(name)
    model = fitted(made, 7, 1, update_diagonal=True)
    kinds = model.block_kinds
    blocks = {}
    for layer in layer_names(made):
        columns = block_positions(made, layer)
        groups = getattr(dict(made.model.named_modules())[layer], "groups", 1)
        plain = kinds[layer] == "kronecker" and groups == 1
        if plain:
            blocks[layer] = ekfac_dense(model, made, layer)
            assert relative_error(model._kronecker[layer].dense(), blocks[layer]) < 1e-9
        else:
            blocks[layer] = model._kronecker[layer].dense()
        if kinds[layer] == "dense":
            assert relative_error(blocks[layer], dense_ggn(made)[columns][:, columns]) < 1e-10
    wanted = expected_influences(made, blocks, DAMPING)
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 1e-9


def test_convolutions_multiply_patches() -> None:
    made = case("cnn")
    model = fitted(made, 25)
    assert relative_error(model._kronecker["2"].dense(), kfac_dense(made, "2")) < 1e-10


def test_groups_of_a_convolution_are_blocks_of_their_own() -> None:
    made = case("cnn")
    model = fitted(made, update_diagonal=True)
    block = model._kronecker["0"]
    columns = block_positions(made, "0")
    whole = dense_ggn(made)[columns][:, columns]
    size = len(whole)
    directions = block.stack.split(block.rotate_back(torch.eye(size).double().reshape(size, 2, 2, 10)))
    torch.testing.assert_close(directions @ directions.T, torch.eye(size).double())
    torch.testing.assert_close(block.values.flatten(), (directions @ whole @ directions.T).diagonal())
    of_first = block.stack.join(directions)[:, 0].abs().sum((1, 2)) > 1e-9
    assert of_first.tolist() == [True] * 20 + [False] * 20


def test_layers_called_several_times_count_all_their_calls() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(torch.tanh(self.inner(torch.tanh(self.inner(x)))))

    made = case("mlp_tanh")
    torch.manual_seed(0)
    made = Case("twice", Twice().double(), made.loss, made.train, made.test)
    model = fitted(made, 40, update_diagonal=True)
    blocks = {layer: ekfac_dense(model, made, layer) for layer in ("inner", "head")}
    wanted = expected_influences(made, blocks, DAMPING)
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 1e-9
    assert relative_error(fitted(made)._kronecker["inner"].dense(), kfac_dense(made, "inner")) < 1e-10


def test_other_modules_have_dense_or_diagonal_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    made = case("layer_norm")
    columns = block_positions(made, "1")
    whole = dense_ggn(made)[columns][:, columns]
    model = fitted(made, 17)
    assert model.block_kinds == {"0": "kronecker", "1": "dense", "3": "kronecker"}
    assert relative_error(model._kronecker["1"].dense(), whole) < 1e-10
    monkeypatch.setattr("dvlwidgets.influence.ekfac_plan.DENSE_LIMIT", 9)
    model = fitted(made, 17)
    assert model.block_kinds["1"] == "diagonal"
    assert relative_error(model._kronecker["1"].dense(), torch.diag(whole.diagonal())) < 1e-10


def test_parameters_used_by_hand_take_the_general_path() -> None:
    class ByHand(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))
            self.head = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(nn.functional.linear(x * self.scale, self.head.weight)) @ torch.eye(3).to(x) + (
                self.head.bias
            )

    base = case("logistic")
    torch.manual_seed(0)
    made = Case("by_hand", ByHand().double(), base.loss, base.train, base.test)
    model = fitted(made, 11)
    assert model.block_kinds == {"": "dense", "head": "dense"}
    whole = dense_ggn(made)
    blocks = {}
    for layer in ("", "head"):
        columns = block_positions(made, layer)
        blocks[layer] = whole[columns][:, columns]
    wanted = expected_influences(made, blocks, DAMPING)
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 1e-9


class Branching(nn.Module):
    """A forward pass that asks for numbers, which no vectorisation over samples can give."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.linspace(0.5, 1.5, 4))
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        signs = [1.0 if float(row.detach().sum()) > 0 else -0.5 for row in x]
        return self.head(x * self.scale * torch.tensor(signs).to(x).unsqueeze(1))


class Attending(nn.Module):
    """Attention whose own projections are used by hand, a norm and a head over the mean of tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.TransformerEncoderLayer(4, 2, 5, dropout=0.0, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(torch.stack([x, x.flip(1), x**2], dim=1)).mean(1))


class Tied(nn.Module):
    """One weight in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
        self.outer.weight = self.inner.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.outer(torch.tanh(self.inner(x)))))


@pytest.mark.filterwarnings("ignore:gradients of scale are taken one sample after the other")
@pytest.mark.parametrize("build", [Branching, Attending, Tied])
def test_nets_of_any_kind_have_exact_dense_blocks_where_layers_are_no_products(
    build: type[nn.Module],
) -> None:
    base = case("logistic")
    torch.manual_seed(0)
    made = Case("any", build().double(), base.loss, base.train, base.test)
    model = fitted(made, 25, update_diagonal=True)
    assert {"kronecker", "dense"} == set(model.block_kinds.values())
    whole, blocks = dense_ggn(made), {}
    for layer, kind in model.block_kinds.items():
        columns = block_positions(made, layer)
        blocks[layer] = whole[columns][:, columns] if kind == "dense" else ekfac_dense(model, made, layer)
        assert relative_error(model._kronecker[layer].dense(), blocks[layer]) < 1e-8
    wanted = expected_influences(made, blocks, DAMPING)
    assert relative_error(model.influences(*made.test, *made.train), wanted) < 1e-7


class Named(nn.Module):
    """Calls its layers by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.head = nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(input=torch.tanh(self.inner(input=x)))


def test_layers_may_be_called_by_keyword() -> None:
    base, named = case("logistic"), Named().double()
    plain = nn.Sequential(named.inner, nn.Tanh(), named.head)
    got, wanted = (
        fitted(Case("any", net, base.loss, base.train, base.test), update_diagonal=True)
        for net in (named, plain)
    )
    pairs = (*base.test, *base.train)
    assert relative_error(got.influences(*pairs), wanted.influences(*pairs)) < 1e-12


@pytest.mark.parametrize("kept", [0, 10_000, 8_000_000])
def test_small_pieces_of_batches_give_the_same_kept_or_looked_at_again(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = case("cnn")
    whole = fitted(made, update_diagonal=True).influences(*made.test, *made.train)
    monkeypatch.setattr("dvlwidgets.influence.ekfac_factors.BUDGET", 1_000)
    monkeypatch.setattr("dvlwidgets.influence.ekfac_factors.KEPT", kept)
    assert (
        relative_error(fitted(made, 50, update_diagonal=True).influences(*made.test, *made.train), whole)
        < 1e-9
    )


@pytest.mark.parametrize("name", ["mlp_relu", "cnn", "tokens"])
def test_flat_and_factored_rows_are_solved_alike(name: str) -> None:
    made = case(name)
    model = fitted(made, update_diagonal=True)
    rows = model.gradients(model_batch(made))
    flat = type(rows).of_flat(rows.layout, rows.flat())
    torch.testing.assert_close(model.precondition(rows).flat(), model.precondition(flat).flat())
    own = (model.precondition(rows).flat() * rows.flat()).sum(1)
    torch.testing.assert_close(model.self_influences(rows), own)
    torch.testing.assert_close(model.self_influences(flat), own)


def model_batch(made: Case) -> Any:
    from dvlwidgets.influence.batches import Batch

    return Batch.of(made.test)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precisions(dtype: torch.dtype) -> None:
    wanted = fitted(case("deep"), update_diagonal=True).influences(*case("deep").test)
    made = case("deep", dtype)
    got = fitted(made, update_diagonal=True).influences(*made.test)
    assert got.dtype == dtype
    assert relative_error(got, wanted) < (1e-3 if dtype is torch.float32 else 1e-10)


# --- pyDVL's interface and its defects (INFLUENCE.md 1.6) -------------------------------------------------------------


def test_defect_5_the_fisher_is_exact_and_not_a_pseudo_fisher() -> None:
    torch.manual_seed(3)
    untrained = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    base = case("mlp_tanh")
    made = Case("untrained", untrained, base.loss, base.train, base.test)
    model = fitted(made)
    p = untrained(made.train[0]).softmax(1).detach()
    fisher = (torch.diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1)).mean(0)
    _, G = kfac_factors(made, "2")
    torch.testing.assert_close(G, fisher)
    rep = model.ekfac_representation
    a, g = (evecs["2"] for evecs in rep.get_layer_evecs())
    A, _ = kfac_factors(made, "2")
    values = torch.kron((g.T @ fisher @ g).diagonal(), (a.T @ A @ a).diagonal())
    torch.testing.assert_close(list(rep.diags)[1], values)


def test_defect_6_no_bias_float64_convolutions_and_no_gradients_left_behind() -> None:
    for name in ("mlp_no_bias", "cnn"):
        made = case(name)
        assert fitted(made).influences(*made.test).dtype == torch.float64
        assert all(t.grad is None for t in made.model.parameters())
        assert made.model.training


@pytest.mark.parametrize("method", ["influences_by_layer", "influences_by_block"])
def test_defect_7_layers_have_tests_as_rows_add_up_and_know_perturbation(method: str) -> None:
    made = case("mlp_tanh")
    model = fitted(made)
    few = made.train[0][:5], made.train[1][:5]
    shares = getattr(model, method)(*made.test, *few)
    assert [tuple(s.shape) for s in shares.values()] == [(12, 5)] * 2
    torch.testing.assert_close(sum(shares.values()), model.influences(*made.test, *few))
    moved = getattr(model, method)(*made.test, *few, mode="perturbation")
    assert [tuple(s.shape) for s in moved.values()] == [(12, 5, 4)] * 2
    torch.testing.assert_close(sum(moved.values()), model.influences(*made.test, *few, mode="perturbation"))


def test_defect_7_moving_keeps_what_was_moved() -> None:
    made = case("mlp_tanh")
    model = fitted(made)
    before = model.influences(*made.test)
    moved = model.ekfac_representation.to("cpu")
    assert [name for name, _ in moved] == ["0", "2"]
    assert torch.equal(model.to("cpu").influences(*made.test), before)
    model._move(torch.device("meta"))
    assert all(block.values.is_meta for block in model._kronecker.values())
    assert all(t.is_meta for t in model.ekfac_representation.diags)


def test_defect_10_another_damping_needs_no_refit_and_layers_are_blocks() -> None:
    made = case("deep")
    model = EkfacInfluence(made.model, loss=made.loss).with_regularization(0.5)
    assert model.block_names == ["0", "2", "4"]
    model.fit(made.train)
    torch.testing.assert_close(
        model.influences(*made.test), fitted(made, regularization=0.5).influences(*made.test)
    )
    dampings = {"0": 0.1, "2": 0.2, "4": 0.0}
    again = model.with_regularization(dampings)
    assert again is model
    torch.testing.assert_close(
        model.influences(*made.test), fitted(made, regularization=dampings).influences(*made.test)
    )
    with pytest.raises(InputError, match=r"\['1'\]"):
        model.with_regularization({"1": 0.1})


def test_factors_by_layer_give_the_influences_of_layers() -> None:
    made = case("mlp_tanh")
    model = fitted(made)
    z = model.influence_factors_by_layer(*made.test)
    assert {k: tuple(v.shape) for k, v in z.items()} == {"0": (12, 25), "2": (12, 18)}
    got = model.influences_from_factors_by_layer(z, *made.train)
    wanted = model.influences_by_layer(*made.test, *made.train)
    for layer, share in wanted.items():
        torch.testing.assert_close(got[layer], share)


def test_dampings_are_explored_without_a_refit_and_left_as_they_were() -> None:
    made = case("mlp_tanh")
    model = fitted(made)
    found = model.explore_hessian_regularization(*made.test, [0.1, 1.0])
    assert list(found) == [0.1, 1.0]
    for value, layers in found.items():
        wanted = fitted(made, regularization=value).influences_by_layer(*made.test)
        for layer, share in layers.items():
            torch.testing.assert_close(share, wanted[layer])
    assert model.regularization == {"0": DAMPING, "2": DAMPING}


def test_positions_of_arguments_are_those_of_pydvl() -> None:
    made = case("logistic")
    by_position = EkfacInfluence(made.model, True, 0.3, False).fit(made.train)
    by_name = fitted(made, update_diagonal=True, regularization=0.3)
    torch.testing.assert_close(by_position.influences(*made.test), by_name.influences(*made.test))
    with pytest.raises(InputTypeError, match=r"loss=\.\.\."):
        EkfacInfluence(made.model, nn.CrossEntropyLoss())
    with pytest.raises(InputTypeError, match="two names"):
        EkfacInfluence(made.model, False, 0.3, regularization=0.1)
    with pytest.raises(InputTypeError, match="update_diagonal"):
        EkfacInfluence(made.model, "False")
    with pytest.raises(NotFittedError):
        EkfacInfluence(made.model).influences(*made.test)


def test_without_damping_directions_without_curvature_are_left_out() -> None:
    made = case("logistic")
    dead = copy.deepcopy(made.model)
    x = made.train[0].clone()
    x[:, 0] = 0.0
    model = EkfacInfluence(dead, loss=made.loss).fit((x, made.train[1]))
    scores = model.influences(*made.test, x, made.train[1])
    matrix = torch.linalg.pinv(model._kronecker[""].dense(), rtol=1e-12, hermitian=True)
    ours = Case("dead", dead, made.loss, (x, made.train[1]), made.test)
    wanted = dense_gradients(ours, made.test) @ matrix @ dense_gradients(ours).T
    torch.testing.assert_close(scores, wanted)


def test_many_outputs_are_sampled_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made = case("tokens")
    assert fitted(made).exact
    monkeypatch.setattr("dvlwidgets.influence.ekfac.LIMIT", 4)
    sampled = fitted(made)
    assert not sampled.exact
    again = fitted(made)
    assert torch.equal(sampled.influences(*made.test), again.influences(*made.test))


def test_a_progress_bar_is_drawn_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    made = case("logistic")
    fitted(made, update_diagonal=True, progress=True)
    assert "120 of at most 120 samples" in capsys.readouterr().err
