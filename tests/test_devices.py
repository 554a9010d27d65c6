"""What runs on a GPU gives what the CPU gives.

    DVLWIDGETS_TEST_DEVICE=cuda python -m pytest tests/test_devices.py

Without the variable the same runs on the CPU, which proves that the moves are right, not the device's arithmetic.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from influence.problems import Case, case, relative_error
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dvlwidgets import Dataset, KNNShapleyValuation, ModelUtility, SupervisedScorer
from dvlwidgets.influence import (
    ArnoldiInfluence,
    CgInfluence,
    DirectInfluence,
    EkfacInfluence,
    EkfacPreconditioner,
    EnsembleInfluence,
    GradCosInfluence,
    GradDotInfluence,
    GradientStore,
    InverseHarmonicMeanInfluence,
    JacobiPreconditioner,
    LissaInfluence,
    LograInfluence,
    NestedTorchCatAggregator,
    NystroemPreconditioner,
    NystroemSketchInfluence,
    SequentialInfluenceCalculator,
    TracInInfluence,
    TrakInfluence,
)
from dvlwidgets.utility.fits import fit_many
from dvlwidgets.utility.learned_deep_set import DeepSetUtilityModel

DEVICE = os.environ.get("DVLWIDGETS_TEST_DEVICE", "cpu")
DAMPING = 0.05
Made = Callable[[nn.Module, Any], Any]


def _cg(model: nn.Module, loss: Any, preconditioner: Any = None) -> Any:
    return CgInfluence(model, loss, DAMPING, rtol=1e-10, atol=0.0, preconditioner=preconditioner)


METHODS: dict[str, Made] = {
    "direct": partial(DirectInfluence, regularization=DAMPING),
    "direct, by layer": partial(DirectInfluence, regularization=DAMPING, block_structure="layer_wise"),
    "gauss-newton": partial(DirectInfluence, regularization=DAMPING, second_order_mode="gauss_newton"),
    "cg": _cg,
    "cg, jacobi": partial(_cg, preconditioner=JacobiPreconditioner()),
    "cg, nystroem": partial(_cg, preconditioner=NystroemPreconditioner(5)),
    "cg, ekfac": partial(_cg, preconditioner=EkfacPreconditioner()),
    "lissa": partial(LissaInfluence, regularization=2.0, scale=None, maxiter=2000, rtol=1e-9),
    "arnoldi": partial(ArnoldiInfluence, regularization=DAMPING, rank=8, tol=1e-12),
    "nystroem": partial(NystroemSketchInfluence, regularization=DAMPING, rank=8),
    "ekfac": lambda model, loss: EkfacInfluence(
        model, loss=loss, regularization=DAMPING, update_diagonal=True
    ),
    "harmonic": partial(InverseHarmonicMeanInfluence, regularization=DAMPING),
    "logra": partial(LograInfluence, regularization=DAMPING, rank=3),
    "trak": partial(TrakInfluence, projection=16),
    "gradient dot": GradDotInfluence,
    "gradient cos": GradCosInfluence,
}
CASES = ("mlp_tanh", "cnn") if DEVICE == "cpu" else ("mlp_tanh", "cnn", "tokens", "layer_norm")


def here(name: str) -> Case:
    return case(name).on("cpu")


def made(kind: str, name: str) -> tuple[Case, Any] | None:
    """The method fitted on the CPU, or None where the method refuses such a network."""
    world = here(name)
    try:
        return world, METHODS[kind](world.model, world.loss).fit(world.batches(25, 7))
    except Exception as error:
        if type(error).__module__.startswith("dvlwidgets"):
            return None
        raise


PAIRS = [(kind, name) for kind in METHODS for name in CASES]


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_influences_of_a_method_moved_to_a_device(kind: str, name: str) -> None:
    found = made(kind, name)
    if found is None:
        assert name in ("tokens", "layer_norm"), f"{kind} has no influences for {name}"
        return
    world, model = found
    (xt, yt), (x, y) = world.test, world.train
    wanted = model.influences(xt, yt, x, y)
    model.to(DEVICE)
    there = model.influences(xt, yt, x, y)
    assert there.device.type == torch.device(DEVICE).type
    assert relative_error(there, wanted) < 1e-6
    back = model.to("cpu").influences(xt, yt, x, y)
    assert relative_error(back, wanted) < 1e-6


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_a_method_fitted_on_a_device(kind: str, name: str) -> None:
    found = made(kind, name)
    if found is None:
        return
    world, model = found
    (xt, yt), (x, y) = world.test, world.train
    wanted = model.influences(xt, yt, x, y)
    there = case(name).on(DEVICE)
    fitted = METHODS[kind](there.model, there.loss).fit(there.batches(25, 7))
    assert fitted.device.type == torch.device(DEVICE).type
    assert relative_error(fitted.influences(*there.test, *there.train), wanted) < 1e-5


@pytest.mark.parametrize("kind", ["direct", "cg", "ekfac", "arnoldi", "logra", "gradient dot"])
@pytest.mark.parametrize("mode", ["up", "perturbation"])
def test_loaders_on_the_cpu_feed_a_method_on_a_device(kind: str, mode: str, tmp_path: Any) -> None:
    world = here("mlp_tanh")
    train = DataLoader(TensorDataset(*world.train), batch_size=16)
    test = DataLoader(TensorDataset(*world.test), batch_size=5)
    usual = METHODS[kind](world.model, world.loss).fit(train)
    wanted = SequentialInfluenceCalculator(usual).influences(test, train, mode)
    wanted = wanted.compute(NestedTorchCatAggregator())
    there = METHODS[kind](world.model, world.loss).to(DEVICE).fit(train)
    lazy = SequentialInfluenceCalculator(there).influences(test, train, mode)
    assert relative_error(lazy.compute(NestedTorchCatAggregator()), wanted) < 1e-6
    on_disk = lazy.to_zarr(tmp_path / "values.zarr")
    np.testing.assert_allclose(on_disk[...], wanted.numpy(), rtol=1e-5, atol=1e-8)


def test_tracin_and_ensembles() -> None:
    world = here("mlp_tanh")
    other = METHODS["direct"](world.model, world.loss).fit(world.train)
    members = [other, METHODS["cg"](world.model, world.loss).fit(world.train)]
    for model in (TracInInfluence(world.model, world.loss, [world.model], [0.1]), EnsembleInfluence(members)):
        wanted = model.influences(*world.test, *world.train)
        there = model.to(DEVICE).influences(*world.test, *world.train)
        assert relative_error(there, wanted) < 1e-6


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_store_of_gradients(on_disk: bool, tmp_path: Any) -> None:
    world = here("mlp_tanh")
    model = GradDotInfluence(world.model, world.loss)
    wanted = GradientStore.of(model, world.train).rows(0, world.n).flat()
    model.to(DEVICE)
    kept = GradientStore.of(model, world.train, path=tmp_path if on_disk else None)
    assert relative_error(kept.rows(0, world.n).flat(), wanted) < 1e-9


# --- valuation ---------------------------------------------------------------------------------------------------


def points(n: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    return Dataset(x, (x[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int))


@pytest.mark.parametrize("k", [1, 5])
def test_knn_shapley(k: int) -> None:
    train, test = points(500, 0), points(80, 1)
    usual = KNNShapleyValuation(KNeighborsClassifier(k), test, progress=False).fit(train).result
    there = KNNShapleyValuation(KNeighborsClassifier(k), test, progress=False, device=DEVICE)
    np.testing.assert_allclose(there.fit(train).result.values, usual.values, atol=1e-12)
    single = KNNShapleyValuation(
        KNeighborsClassifier(k), test, progress=False, device=DEVICE, dtype="float32"
    )
    found = single.fit(train).result.values
    assert np.abs(found - usual.values).max() < 1e-3 * np.abs(usual.values).max()


def test_a_network_trained_many_times_together_or_one_by_one() -> None:
    from dvlwidgets.utility.fits.torch_ensemble import TorchClassifier

    train, test = points(60, 0), points(40, 1)
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2)).double()
    masks = np.random.default_rng(0).random((24, 60)) < 0.6
    told = []
    for device in ("cpu", DEVICE):
        model = TorchClassifier(net, epochs=20, batch_size=16, lr=0.02, device=device)
        for batched in (None, False):
            answer = fit_many(model, train.x, train.y, masks, test.x, proba=True, batched=batched)
            assert not answer.failures
            told.append(answer.proba)
    for other in told[1:]:
        np.testing.assert_allclose(other, told[0], atol=1e-6)


def test_a_valuation_with_a_network() -> None:
    from dvlwidgets import MaxUpdates, MSRSampler, ShapleyValuation
    from dvlwidgets.utility.fits.torch_ensemble import TorchClassifier

    train, test = points(40, 0), points(60, 1)
    values = []
    for device in ("cpu", DEVICE):
        net = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2)).double()
        torch.manual_seed(0)
        for layer in (net[0], net[2]):
            nn.init.normal_(layer.weight, 0.0, 0.3)
            nn.init.zeros_(layer.bias)
        model = TorchClassifier(net, epochs=10, lr=0.05, device=device)
        utility = ModelUtility(model, SupervisedScorer("neg_log_loss", test, default=-1.0))
        sampler = MSRSampler(seed=0)
        values.append(
            ShapleyValuation(utility, sampler, MaxUpdates(30), progress=False).fit(train).result.values
        )
    np.testing.assert_allclose(values[1], values[0], atol=1e-6)


def test_a_deep_set_learns() -> None:
    rng = np.random.default_rng(0)
    masks = rng.random((400, 12)) < 0.5
    weights = rng.normal(size=12)
    model = DeepSetUtilityModel(points(12, 0), device=DEVICE)
    model.fit(masks[:300], masks[:300] @ weights, seed=1)
    wanted = masks[300:] @ weights
    left = np.square(model.predict(masks[300:]) - wanted).mean() / np.var(wanted)
    assert left < 0.3
