"""TorchClassifier and TorchRegressor: the plain loop is torch's, and models trained together are those of the loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn
from torch.nn import functional

import dvlwidgets as dvl
from dvlwidgets.data.identity import digest
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.utility.fits import explain, fit_many, torch_checks
from dvlwidgets.utility.fits.torch_tape import Tape

N = 40
TOGETHER = "by torch.func.vmap over stacked weights"


def points(*, classes: int = 3, seed: int = 0) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N + 15, 4)) * [1.0, 3.0, 0.5, 1.0] + 1.0
    y = np.array(["a", "b", "c"])[(x[:, 0] > 1).astype(int) + ((x[:, 1] > 3) & (classes > 2))]
    return x[:N], y[:N], x[N:], y[N:]


def subsets(y: Any) -> Any:
    """Of all sizes: the empty one, one row, one class, without a class, all, and others."""
    rng = np.random.default_rng(1)
    masks = rng.random((20, N)) < rng.random((20, 1))
    masks[0], masks[1], masks[2] = False, np.arange(N) == 5, True
    masks[3], masks[4] = y == "b", y != "b"
    return masks


def net(*, outputs: int = 3, kind: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, outputs)).to(kind)


def brier(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((output.softmax(1) - torch.eye(3, dtype=output.dtype)[y]) ** 2).sum(1)


def assert_same(model: Any, x: Any, y: Any, masks: Any, x_test: Any, *, near: float = 1e-9) -> None:
    """Trained together, and one after the other."""
    proba = hasattr(model, "predict_proba")
    together, alone = (fit_many(model, x, y, masks, x_test, proba=proba, batched=b) for b in (None, False))
    assert TOGETHER in together.path
    assert not together.alone[masks.any(axis=1)].any()
    assert set(together.failures) == set(alone.failures) == set(np.flatnonzero(~masks.any(axis=1)))
    some = masks.any(axis=1)
    told = [(f.proba if proba else f.predicted)[some] for f in (together, alone)]
    np.testing.assert_allclose(np.stack(told[0]), np.stack(told[1]), rtol=near, atol=near)
    if proba:
        sure = np.sort(alone.proba[some], axis=2)
        differ = together.predicted[some] != alone.predicted[some]
        assert not (differ & (sure[:, :, -1] - sure[:, :, -2] > 10 * near)).any()


# --- one model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "optimizer"),
    [
        ({"lr": 0.05}, lambda p: torch.optim.Adam(p, 0.05)),
        ({"optimizer": "adamw", "weight_decay": 0.1}, lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1)),
        (
            {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
            lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.01),
        ),
    ],
)
def test_one_model_is_trained_as_by_a_loop_of_ones_own(options: Any, optimizer: Any) -> None:
    x, y, x_test, y_test = points()
    own, codes = net(), torch.as_tensor(np.unique(y, return_inverse=True)[1])
    steps = optimizer(own.parameters())
    for _ in range(25):
        steps.zero_grad()
        functional.cross_entropy(own(torch.as_tensor(x)), codes).backward()
        steps.step()
    proba = own(torch.as_tensor(x_test)).softmax(1).detach().numpy()
    template = net()
    model = clone(dvl.TorchClassifier(template, epochs=25, **options)).fit(x, y)
    np.testing.assert_allclose(model.predict_proba(x_test), proba, rtol=1e-12)
    assert model.score(x_test, y_test) == np.mean(np.unique(y)[proba.argmax(axis=1)] == y_test)
    assert all(torch.equal(a, b) for a, b in zip(template.parameters(), net().parameters(), strict=True))


def test_a_fit_is_a_function_of_its_rows_and_leaves_the_global_generator_alone() -> None:
    x, y, x_test, _ = points()

    def made() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 3))

    model = dvl.TorchClassifier(made, batch_size=8, epochs=5, random_state=4)
    state = torch.get_rng_state()
    first = model.fit(x, y).predict_proba(x_test)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    np.testing.assert_array_equal(clone(model).fit(x, y).predict_proba(x_test), first)
    assert not np.allclose(clone(model).set_params(random_state=5).fit(x, y).predict_proba(x_test), first)
    assert digest(model) == digest(clone(model))
    assert digest(model) != digest(clone(model).set_params(random_state=5))


# --- many models -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 7},
        {"batch_size": 64, "optimizer": "adamw", "weight_decay": 0.1},
        {"batch_size": 5, "optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
        {"classes": ["a", "b", "c"], "batch_size": 16},
        {"loss": nn.CrossEntropyLoss(label_smoothing=0.1)},
        {"loss": brier},
    ],
    ids=str,
)
def test_many_models_are_those_of_the_plain_loop(options: Any) -> None:
    x, y, x_test, _ = points()
    assert_same(dvl.TorchClassifier(net(), epochs=6, **options), x, y, subsets(y), x_test)


def test_many_models_in_single_precision_differ_by_rounding_only() -> None:
    x, y, x_test, _ = points(classes=2)
    model = dvl.TorchClassifier(net(outputs=2, kind=torch.float32), epochs=20, batch_size=8)
    assert_same(model, x.astype(np.float32), y, subsets(y), torch.as_tensor(x_test), near=1e-4)


@pytest.mark.parametrize(
    "scaler", [StandardScaler(), StandardScaler(with_mean=False), MinMaxScaler((-1, 3))], ids=str
)
def test_each_subset_has_a_scaler_of_its_own(scaler: Any) -> None:
    x, y, x_test, _ = points()
    model = dvl.TorchClassifier(net(), epochs=6, batch_size=9, optimizer="sgd")
    assert_same(make_pipeline(scaler, model), x * [1, 100, 1, 1] + 5, y, subsets(y), x_test)


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [("mse", 1), ("l1", 1), ("mse", 2), (nn.HuberLoss(), 2), (lambda o, t: (o - t).abs() ** 1.5, 1)],
    ids=str,
)
def test_many_regressions_are_those_of_the_plain_loop(loss: Any, outputs: int) -> None:
    x, y, x_test, _ = points()
    targets = np.column_stack([np.sin(x[:, 0]), x[:, 1]])
    model = dvl.TorchRegressor(net(outputs=outputs), loss=loss, epochs=6, batch_size=7)
    assert_same(model, x, targets if outputs == 2 else targets[:, 0], subsets(y), x_test)


class Pictures(nn.Module):
    """Convolution, layer norm, a buffer, a frozen layer, tied weights, and a view that needs rows first."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.seen, self.norm = nn.Conv2d(1, 2, 2), nn.LayerNorm(8)
        self.frozen, self.tied = nn.Linear(8, 8).requires_grad_(False), nn.Linear(8, 8, bias=False)
        self.again, self.last = nn.Linear(8, 8), nn.Linear(8, 3)
        self.again.weight = self.tied.weight
        self.register_buffer("share", torch.tensor(0.5))
        self.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.norm(torch.relu(self.seen(x)).flatten(1))
        z = self.tied(self.frozen(z)).view(-1, 8)
        return self.last(torch.tanh(self.again(z)) * self.share)


def test_any_module_and_rows_of_any_shape_are_trained_together() -> None:
    _, y, _, _ = points()
    x = torch.randn(N + 5, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    assert_same(dvl.TorchClassifier(Pictures(), epochs=3, batch_size=10), x[:N], y, subsets(y), x[N:])


def doubly(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = x + y
    return torch.relu(z) * z.t().sum(0)  # z is looked at again, in another way


def chained(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = (x * 2.0 + y).tanh().sigmoid()
    first, second = z.split(2, dim=0)
    return torch.cat([first.neg(), (second - first).exp()]) * torch.ones_like(x)


def changing(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = torch.zeros_like(x)
    z += y
    return (z * x).relu()


def given_back(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = x * y
    return z + z.sum(0, keepdim=True).relu()


@pytest.mark.parametrize("function", [doubly, chained, changing, given_back])
def test_a_recording_does_the_same_each_time_and_leaves_what_it_is_given(function: Any) -> None:
    torch.manual_seed(0)
    given = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    tape = Tape(function, tuple(given[0]))
    before = given.clone()
    for x, y in (*given, *given):
        torch.testing.assert_close(tape(x, y), function(x, y), rtol=1e-14, atol=1e-14)
    assert torch.equal(given, before)


def test_nothing_is_allocated_for_what_nobody_looks_at_again() -> None:
    tape = Tape(chained, (torch.ones(4, 4), torch.ones(4, 4)))
    names = [getattr(step.call, "__name__", "") for step in tape.steps]
    assert {"add_.Tensor", "tanh_.default", "sigmoid_.default", "exp_.default", "mul_.Tensor"} <= set(names)
    assert not any("ones" in name for name in names)


def test_little_memory_makes_smaller_batches_of_models_and_too_little_none(monkeypatch: Any) -> None:
    x, y, x_test, _ = points()
    model = dvl.TorchClassifier(net(), epochs=4)
    monkeypatch.setattr(torch_checks, "_ROOM", 100_000)
    assert_same(model, x, y, subsets(y), x_test)
    monkeypatch.setattr(torch_checks, "_ROOM", 10_000)
    assert "have room at once" in fit_many(model, x, y, subsets(y), x_test).path


def test_values_are_those_of_fits_one_by_one() -> None:
    x, y, x_test, y_test = points()
    model = make_pipeline(StandardScaler(), dvl.TorchClassifier(net(), epochs=3, batch_size=16))
    values = []
    for batched in (None, False):
        scorer = dvl.SupervisedScorer("log_loss", dvl.Dataset(x_test, y_test))
        utility = dvl.Utility(model, scorer, batched=batched)
        sampler = dvl.PermutationSampler(seed=1)
        values.append(
            dvl.ShapleyValuation(utility, sampler, dvl.MaxUpdates(1)).fit(dvl.Dataset(x, y)).result.values
        )
    assert TOGETHER in dvl.Utility(model, scorer).with_dataset(dvl.Dataset(x, y)).path
    np.testing.assert_allclose(values[0], values[1], rtol=1e-7, atol=1e-9)


# --- what is not trained together ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "why"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)), "BatchNorm1d mixes the rows"),
        (nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.Linear(4, 3)), "Dropout draws random numbers"),
    ],
    ids=["batch norm", "dropout"],
)
def test_modules_that_mix_rows_or_draw_are_known_by_their_parts(module: nn.Module, why: str) -> None:
    model = dvl.TorchClassifier(module, epochs=2)
    assert why in str(explain(model))
    x, y, x_test, _ = points()
    fits = fit_many(model, x, y, np.ones((1, N), bool), x_test)
    assert fits.path.startswith("one by one")
    assert not fits.failures


class Odd(nn.Module):
    """A module that does something besides."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what, self.layer = what, net()
        self.register_buffer("calls", torch.zeros((), dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.what == "branch" and x.mean() > 0:
            return 2 * self.layer(x)
        if self.what == "count":
            self.calls += 1
        if self.what == "draw":
            x = functional.dropout(x, 0.5)
        return self.layer(x - x.mean(0) if self.what == "mix" else x)


@pytest.mark.parametrize(
    ("what", "why"),
    [("branch", "vmap"), ("count", "mutat"), ("draw", "random"), ("mix", "plain loop")],
)
def test_a_trial_finds_modules_that_do_something_besides(what: str, why: str) -> None:
    x, y, x_test, _ = points()
    fits = fit_many(dvl.TorchClassifier(Odd(what), epochs=2, batch_size=6), x, y, subsets(y)[1:4], x_test)
    assert fits.path.startswith("one by one: ")
    assert why in fits.path
    assert fits.alone.all()


def test_a_training_that_diverges_fails_in_words_also_among_others() -> None:
    x, _, x_test, _ = points()
    model = dvl.TorchRegressor(net(outputs=1), optimizer="sgd", lr=0.3, epochs=400)
    targets = np.where(np.arange(N) < 3, 1e200, 1.0)
    masks = np.stack([np.ones(N, bool), np.arange(N) >= 3])
    fits = fit_many(model, x / 10, targets, masks, x_test)
    assert isinstance(fits.failures[0], FloatingPointError)
    assert "smaller lr" in str(fits.failures[0])
    assert np.isfinite(fits.predicted[1]).all()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"module": 3}, InputTypeError, "torch.nn.Module"),
        ({"module": nn.ReLU()}, InputError, "trainable parameters"),
        ({"module": lambda: 3}, InputTypeError, "made a int"),
        ({"module": nn.Linear(4, 2)}, InputError, "2 numbers a row for 3 classes"),
        ({"optimizer": "lion"}, InputError, "'adam', 'adamw', 'sgd'"),
        ({"momentum": 0.9}, InputError, "optimizer='sgd'"),
        ({"momentum": 1.5, "optimizer": "sgd"}, InputError, "below 1"),
        ({"lr": 0}, InputError, "lr must be positive"),
        ({"epochs": 0}, InputError, "epochs"),
        ({"batch_size": 0}, InputError, "batch_size"),
        ({"loss": "mse"}, InputError, "'cross_entropy'"),
        ({"loss": 3}, InputTypeError, "a function of"),
        ({"loss": functional.cross_entropy}, InputError, "reduction='none'"),
        ({"loss": nn.CrossEntropyLoss(weight=torch.ones(3))}, InputError, "weights of classes"),
        ({"device": "gpu"}, InputError, "'cuda'"),
        ({"random_state": None}, InputTypeError, "random_state"),
        ({"classes": ["a", "b"]}, InputError, "'c' is none of classes"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_arguments_are_refused_in_words(options: Any, error: type[Exception], says: str) -> None:
    x, y, _, _ = points()
    with pytest.raises(error, match=says):
        dvl.TorchClassifier(**{"module": net(), **options}).fit(x, y)


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (np.full((N, 4), np.nan), "finite"),
        (np.full((N, 4), "a"), "numbers"),
        (np.ones((3, 4)), "3 rows and y 40"),
    ],
)
def test_bad_rows_are_refused_in_words(x: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        dvl.TorchClassifier(net()).fit(x, points()[1])
