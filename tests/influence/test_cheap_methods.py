"""Methods without a factorisation of the curvature: inner products, cosines, checkpoints, projections, ensembles."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.influence.base import InfluenceFunctionModel
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.converters import TorchNumpyConverter
from dvlwidgets.influence.ekfac import EkfacInfluence
from dvlwidgets.influence.ensemble import EnsembleInfluence
from dvlwidgets.influence.grad_dot import GradCosInfluence, GradDotInfluence
from dvlwidgets.influence.members import join, split
from dvlwidgets.influence.sketch import Sketch
from dvlwidgets.influence.tracin import TracInInfluence
from dvlwidgets.influence.trak import TrakInfluence

CE = nn.CrossEntropyLoss()


def net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def data(n: int = 9, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 4, generator=generator).double(), torch.randint(0, 3, (n,), generator=generator)


def gradients(model: nn.Module, x: torch.Tensor, y: torch.Tensor, loss=CE) -> torch.Tensor:
    """One backward pass for each sample."""
    rows = []
    for i in range(len(x)):
        grads = torch.autograd.grad(loss(model(x[i : i + 1]), y[i : i + 1]), list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def test_grad_dot_is_the_inner_product_of_gradients_and_needs_no_fit():
    model, (x, y), (xt, yt) = net(), data(), data(5, seed=2)
    got = GradDotInfluence(model, CE).influences(xt, yt, x, y)
    torch.testing.assert_close(got, gradients(model, xt, yt) @ gradients(model, x, y).T)


def test_a_small_step_on_a_point_with_a_positive_score_lowers_the_test_loss_by_the_score():
    model, (x, y), (xt, yt) = net(), data(), data(1, seed=2)
    scores = GradDotInfluence(model, CE).influences(xt, yt, x, y)[0]
    step = 1e-6
    for i, score in enumerate(scores):
        moved = copy.deepcopy(model)
        grads = torch.autograd.grad(CE(moved(x[i : i + 1]), y[i : i + 1]), list(moved.parameters()))
        with torch.no_grad():
            for p, g in zip(moved.parameters(), grads, strict=True):
                p.sub_(step * g)
            fall = (CE(model(xt), yt) - CE(moved(xt), yt)) / step
        assert fall == pytest.approx(float(score), rel=1e-3, abs=1e-5)


def test_grad_cos_is_the_cosine_and_zero_for_a_gradient_of_zero():
    model, x, xt = net(), data()[0], data(5, seed=2)[0]

    def loss(o, t):  # with an exact zero
        return ((o - t) ** 2).mean()

    with torch.no_grad():
        wanted = model(x).clone()
    wanted[1:] += 1.0
    targets = torch.zeros(5, 3).double()
    got = GradCosInfluence(model, loss).influences(xt, targets, x, wanted)
    t, q = gradients(model, x, wanted, loss), gradients(model, xt, targets, loss)
    expected = torch.nn.functional.cosine_similarity(q.unsqueeze(1), t.unsqueeze(0), dim=2)
    torch.testing.assert_close(got[:, 1:], expected[:, 1:])
    assert (got[:, 0] == 0).all()


def test_methods_whose_perturbations_are_not_known_refuse_them():
    (x, y), (xt, yt) = data(), data(5, seed=2)
    with pytest.raises(InputError, match="GradCosInfluence knows mode='up' only"):
        GradCosInfluence(net(), CE).influences(xt, yt, x, y, mode="perturbation")
    with pytest.raises(InputError, match="mode='up' only"):
        TrakInfluence(net(), CE, projection=8).fit((x, y)).influences(xt, yt, x, y, mode="perturbation")


def test_tracin_sums_learning_rates_times_inner_products_over_checkpoints(tmp_path):
    models, (x, y), (xt, yt) = [net(s) for s in range(3)], data(), data(5, seed=2)
    path = tmp_path / "last.pt"
    torch.save(models[2].state_dict(), path)
    got = TracInInfluence(models[0], CE, [models[0], models[1].state_dict(), path], [0.1, 0.2, 0.3])
    expected = sum(
        rate * gradients(m, xt, yt) @ gradients(m, x, y).T
        for m, rate in zip(models, (0.1, 0.2, 0.3), strict=True)
    )
    torch.testing.assert_close(got.influences(xt, yt, x, y), expected)


def test_tracin_refuses_another_number_of_learning_rates_and_states_of_other_models(tmp_path):
    with pytest.raises(InputError, match="2 learning_rates were given for 1"):
        TracInInfluence(net(), CE, [net()], [0.1, 0.2])
    with pytest.raises(InputError, match="does not fit Sequential"):
        TracInInfluence(net(), CE, [nn.Linear(2, 2).state_dict()])
    with pytest.raises(InputTypeError, match="a checkpoint is a int"):
        TracInInfluence(net(), CE, [3])
    torch.save(net(), whole := tmp_path / "whole.pt")
    for path, why in ((whole, r"more than tensors.*state_dict\(\)"), (tmp_path / "no.pt", "No such file")):
        with pytest.raises(InputError, match=why):
            TracInInfluence(net(), CE, [path])


class Halved(GradDotInfluence):
    """A method with a curvature of 2, to see that members precondition."""

    needs_fit = True

    def precondition(self, rows):
        return rows.scaled(torch.full((len(rows),), 0.5).double())


def test_an_ensemble_is_the_mean_over_its_members_in_scores_factors_and_blocks():
    models, (x, y), (xt, yt) = [net(s) for s in range(3)], data(), data(5, seed=2)
    ensemble = EnsembleInfluence.of_checkpoints(
        models[0], [m.state_dict() for m in models], lambda m: Halved(m, CE)
    )
    assert not ensemble.is_fitted
    ensemble.fit((x, y))
    assert ensemble.is_fitted
    assert ensemble.n_train == 9
    expected = sum(0.5 * gradients(m, xt, yt) @ gradients(m, x, y).T for m in models) / 3
    torch.testing.assert_close(ensemble.influences(xt, yt, x, y), expected)
    z = ensemble.influence_factors(xt, yt)
    assert z.shape == (5, 3 * 51)
    torch.testing.assert_close(ensemble.influences_from_factors(z, x, y), expected)


def test_an_ensemble_refuses_nobody_strangers_and_wrong_weights():
    with pytest.raises(InputError, match="no members"):
        EnsembleInfluence([])
    with pytest.raises(InputTypeError, match="a member is a Linear"):
        EnsembleInfluence([nn.Linear(1, 1)])
    with pytest.raises(InputError, match="2 weights came for 1 member"):
        EnsembleInfluence([GradDotInfluence(net(), CE)], [0.5, 0.5])
    with pytest.raises(InputError, match="different shapes"):
        EnsembleInfluence([GradDotInfluence(net(), CE), GradDotInfluence(nn.Linear(2, 2), CE)])


def test_joined_rows_split_into_what_they_were_also_when_flat():
    x, y = data()
    members = [GradDotInfluence(net(s), CE) for s in range(2)]

    rows = [m.gradients(Batch.of((x, y))) for m in members]
    joined, layouts = join(rows), [m.layout for m in members]
    torch.testing.assert_close(joined.flat(), torch.cat([r.flat() for r in rows], dim=1))
    for whole in (joined, type(joined).of_flat(joined.layout, joined.flat())):
        for was, now in zip(rows, split(whole, layouts), strict=True):
            torch.testing.assert_close(now.flat(), was.flat())


def test_a_sketch_keeps_inner_products_on_average_and_is_a_function_of_its_seed():
    a, b = torch.randn(2, 300, generator=torch.Generator().manual_seed(0)).double()
    norms = float(a.norm() * b.norm())
    errors = []
    for seed in range(60):
        sketch = Sketch(300, 64, seed=seed)
        errors.append(float(sketch(a[None])[0] @ sketch(b[None])[0] - a @ b) / norms)
    errors = torch.tensor(errors)
    assert abs(float(errors.mean())) < 3.5 * float(errors.std()) / 60**0.5
    assert float(errors.std()) < 2.0 / 64**0.5  # about 1 / sqrt(k)
    assert torch.equal(Sketch(300, 64, seed=3)(a[None]), Sketch(300, 64, seed=3)(a[None]))
    assert not torch.equal(Sketch(300, 64, seed=3)(a[None]), Sketch(300, 64, seed=3, number=1)(a[None]))


def dense_trak(models, projection, seed, x, y, xt, yt, damping):
    """The estimator in plain matrices: kernels and residuals averaged over checkpoints apart."""
    kernel, r_test, r_train = 0.0, 0.0, 0.0
    for k, model in enumerate(models):

        def margin(output, target):
            p = torch.softmax(output, 1).gather(1, target[:, None])[0, 0]
            return torch.log(p / (1 - p))

        sketch = Sketch(51, projection, seed=seed, number=k)
        matrix = sketch(torch.eye(51).double())
        phi, phi_test = gradients(model, x, y, margin) @ matrix, gradients(model, xt, yt, margin) @ matrix
        gram = phi.T @ phi / len(x) + damping * torch.eye(projection).double()
        kernel = kernel + phi_test @ torch.linalg.solve(gram, phi.T) / len(models)
        with torch.no_grad():
            r_train = r_train + (1 - torch.softmax(model(x), 1).gather(1, y[:, None])[:, 0]) / len(models)
            r_test = r_test + (1 - torch.softmax(model(xt), 1).gather(1, yt[:, None])[:, 0]) / len(models)
    return kernel * r_test[:, None] * r_train


def test_trak_is_its_formula_over_checkpoints():
    models, (x, y), (xt, yt) = [net(s) for s in range(2)], data(30), data(5, seed=2)
    trak = TrakInfluence(models[0], CE, models, projection=16, regularization=0.01, seed=4).fit((x, y))
    torch.testing.assert_close(trak.influences(xt, yt, x, y), dense_trak(models, 16, 4, x, y, xt, yt, 0.01))
    again = TrakInfluence(models[0], CE, models, projection=16, regularization=0.3, seed=4).fit((x, y))
    torch.testing.assert_close(
        again.with_regularization(0.01).influences(xt, yt, x, y), trak.influences(xt, yt, x, y)
    )


def test_trak_moves_all_of_its_checkpoints():
    batch = Batch.of(data())
    trak = TrakInfluence(net(), CE, [net(0), net(1)], projection=16).fit(data(30))
    assert trak.gradients(batch).flat().device.type == "cpu"
    assert trak.to("meta").gradients(batch).flat().device.type == "meta"


def test_an_ensemble_changes_no_damping_where_a_member_has_none():
    ekfac = EkfacInfluence(net(), True, loss=CE, regularization=0.5)
    mixed = EnsembleInfluence([ekfac, GradDotInfluence(net(), CE)])
    with pytest.raises(
        InputTypeError, match="EnsembleInfluence has no regularization to change: a member of it"
    ):
        mixed.with_regularization(0.1)
    assert set(ekfac.regularization.values()) == {0.5}
    with pytest.raises(InputTypeError, match="TracInInfluence has no regularization to change: it inverts"):
        TracInInfluence(net(), CE).with_regularization(0.1)


NOT_THERE = [
    ("meta:7x", InputError, "'meta:7x' was given; expected the name of a device"),
    ("fpga", InputError, "device='fpga' is not there: .{0,90}[.] Pass"),
    (torch.float64, InputTypeError, "torch.float64 was given"),
    (None, InputTypeError, "None was given"),
]
if not torch.cuda.is_available():
    NOT_THERE.append(
        ("cuda", InputError, "device='cuda' is not there: [^.]+[.] Pass one that is, such as 'cpu'.")
    )


@pytest.mark.parametrize(("device", "error", "message"), NOT_THERE)
def test_a_device_that_is_not_there_is_refused_in_words_before_anything_moves(device, error, message):
    methods = (
        TrakInfluence(net(), CE, [net(0), net(1)], projection=16),
        TracInInfluence(net(), CE, [net(0), net(1)]),
        EkfacInfluence(net(), True, loss=CE).fit(data(30)),
    )
    for model in methods:
        with pytest.raises(error, match=message):
            model.to(device)
        assert model.problem.device.type == "cpu"
        assert model.problem.dtype == torch.float64
    with pytest.raises(error, match=message):
        methods[-1].ekfac_representation.to(device)
    if device is not None:  # for a converter it is "where arrays are"
        with pytest.raises(error, match=message):
            TorchNumpyConverter(device).from_numpy(np.zeros(3))


def test_trak_without_projection_is_the_gauss_newton_influence_of_a_linear_regression():
    torch.manual_seed(0)
    model, x = nn.Linear(3, 1).double(), torch.randn(20, 3).double()
    y = x.sum(1) + 0.1 * torch.randn(20).double()
    trak = TrakInfluence(model, nn.MSELoss(), projection=400, regularization=0.0).fit((x, y))
    got = trak.influences(x[:4], y[:4], x, y)
    features = torch.cat([x, torch.ones(20, 1).double()], 1)
    residual = 2 * (model(x)[:, 0] - y).detach()
    inverse = torch.linalg.inv(features.T @ features / 20)
    expected = residual[:4, None] * residual * (features[:4] @ inverse @ features.T)
    # 4 coordinates in 400 buckets: a collision is rare, and none for this seed
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-8)


def test_trak_refuses_losses_whose_output_it_does_not_know():
    with pytest.raises(InputError, match="TRAK needs to know"):
        TrakInfluence(net(), lambda o, t: (o - t).abs().mean())
    with pytest.raises(InputError, match="projection must be at least 1"):
        TrakInfluence(net(), CE, projection=0)
    with pytest.raises(InputError, match="no checkpoints"):
        TrakInfluence(net(), CE, [])


def test_every_cheap_method_is_an_influence_model_with_a_key_of_its_own():
    models = [
        GradDotInfluence(net(), CE),
        TracInInfluence(net(), CE),
        TrakInfluence(net(), CE),
        TrakInfluence(net(), CE, seed=1),
    ]
    assert all(isinstance(m, InfluenceFunctionModel) for m in models)
    assert len({m.store_key for m in models}) == 4
