"""Dampings compared without a refit, and a recommendation that is computed from the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from influence.problems import Case, case, dense_ggn, dense_gradients, mean_loss, train_to_minimum
from torch import Tensor, nn

from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.curvature import curvature_of
from dvlwidgets.influence.damping import explore_regularization, recommended_regularization
from dvlwidgets.influence.direct import DirectInfluence
from dvlwidgets.influence.ekfac import EkfacInfluence
from dvlwidgets.influence.ensemble import EnsembleInfluence
from dvlwidgets.influence.evidence import evidence_damping
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.problem import Problem
from dvlwidgets.influence.stationarity import decay_of
from dvlwidgets.influence.tracin import TracInInfluence
from dvlwidgets.influence.trak import TrakInfluence


def ekfac(made: Case, damping: Any = 1.0) -> EkfacInfluence:
    return EkfacInfluence(made.model, True, loss=made.loss, regularization=damping).fit(made.train)


@pytest.mark.parametrize("name", ["linear", "logistic", "mlp_regression", "cnn"])
def test_the_weight_decay_is_read_off_a_trained_model(name: str) -> None:
    made = case(name)
    found = decay_of(Problem(made.model, made.loss), Batches.of(made.batches(7)))
    assert found.rate == pytest.approx(made.l2, rel=0.05)
    assert found.cosine > 0.8


def test_a_model_that_was_not_trained_shows_no_weight_decay() -> None:
    made = case("logistic")
    with torch.no_grad():
        made.model.weight.copy_(-made.model.weight)
        made.model.bias.zero_()
    found = decay_of(Problem(made.model, made.loss), Batches.of(made.train))
    assert found.rate == 0.0 or found.cosine < 0.9


def test_each_damping_gives_the_scores_of_a_refit() -> None:
    made = case("mlp_tanh")
    model = ekfac(made, {"0": 0.7, "2": 0.1})
    found = model.explore_regularization(made.test, made.train, [0.1, 0.01])
    assert found.values.tolist() == [0.01, 0.1]
    for value, scores in zip(found.values, found.scores, strict=True):
        wanted = ekfac(made, value).influences(*made.test, *made.train)
        np.testing.assert_allclose(scores, wanted.numpy(), rtol=1e-5, atol=1e-5)
    assert model.regularization == {"0": 0.7, "2": 0.1}
    assert found.tests.tolist() == list(range(12))
    assert found.trains.tolist() == list(range(60))


@pytest.mark.parametrize("name", ["logistic", "mlp_tanh"])
def test_agreement_is_the_cosine_with_the_exact_solution(name: str) -> None:
    made = case(name)
    model = ekfac(made)
    found = explore_regularization(model, made.test, made.train)
    w = max(found.decay.rate, found.evidence)
    exact = dense_ggn(made) + w * torch.eye(made.p, dtype=torch.float64)
    v = dense_gradients(made, made.test)
    best = torch.linalg.solve(exact, v.T).T
    cosines = []
    for value in found.values:
        z = model.with_regularization(float(value)).influence_factors(*made.test)
        inner = (z @ exact * best).sum(1)
        sizes = (z @ exact * z).sum(1) * (best @ exact * best).sum(1)
        cosines.append(float((inner.square() / sizes).log().mean()))
    wanted = np.exp(0.5 * (np.array(cosines) - max(cosines)))
    np.testing.assert_allclose(found.agreement, wanted, rtol=1e-6)
    assert found.recommended == found.values[int(np.argmax(cosines))]


@pytest.mark.parametrize(("l2", "why"), [(1e-2, "evidence"), (1.0, "weight decay")])
def test_an_exact_method_is_told_to_take_the_damping_of_the_exact_system(l2: float, why: str) -> None:
    made = replace(case("logistic"), l2=l2)
    train_to_minimum(made)
    model = DirectInfluence(made.model, made.loss, 1.0, second_order_mode="gauss_newton").fit(made.train)
    found = explore_regularization(model, made.test, made.train)
    assert found.recommended == pytest.approx(max(found.decay.rate, found.evidence))
    assert why in found.reason


@pytest.mark.parametrize("dense_limit", [0, 1_024])
@pytest.mark.parametrize("name", ["logistic", "mlp_tanh", "linear", "binary", "tokens", "mlp_summed"])
def test_the_evidence_equals_determined_parameters_with_the_priors_share(
    name: str, dense_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dvlwidgets.influence.evidence.DENSE_LIMIT", dense_limit)
    made = case(name)
    problem, data = Problem(made.model, made.loss), Batches.of(made.train)
    decay = decay_of(problem, data)
    curvature = curvature_of(problem, data, "gauss_newton")
    w = evidence_damping(problem, curvature, made.n, decay.mean_loss, decay.outputs)
    values = torch.linalg.eigvalsh(dense_ggn(made)).clamp(min=0)
    size = sum(float(t.detach().square().sum()) for t in made.model.parameters())
    # the loss is so many units of negative logarithmic likelihood
    unit = {"linear": 2 * decay.mean_loss / 2, "binary": 1 / 2, "tokens": 1 / 5}.get(name, 1.0)
    determined = float((values / (values + w)).sum())
    near = 1e-6 if dense_limit else 0.25  # eight random vectors instead of eigenvalues
    assert made.n * w * size / unit == pytest.approx(determined, rel=near)


def test_the_decays_record_counts_losses_and_outputs() -> None:
    made = case("tokens")
    found = decay_of(Problem(made.model, made.loss), Batches.of(made.batches(9)))
    assert (found.n, found.outputs) == (60, 5)
    assert found.mean_loss == pytest.approx(float(mean_loss(made, made.train).detach()))


def test_ensembles_and_projections_are_explored_too() -> None:
    made = case("mlp_tanh")
    members = EnsembleInfluence([ekfac(made, 0.3), ekfac(made, 0.3)])
    found = explore_regularization(members, made.test, made.train)
    alone = explore_regularization(ekfac(made), made.test, made.train)
    assert found.recommended == alone.recommended
    np.testing.assert_allclose(found.scores, alone.scores, rtol=1e-4, atol=1e-6)
    assert members.members[0].regularization == {"0": 0.3, "2": 0.3}
    trak = TrakInfluence(made.model, made.loss, projection=16, regularization=0.5).fit(made.train)
    before = trak.influences(*made.test)
    found = explore_regularization(trak, made.test, made.train)
    assert "space of its own" in found.reason
    assert np.isnan(found.agreement).all()
    assert torch.equal(trak.influences(*made.test), before)


def test_the_mean_eigenvalue_is_trace_over_size() -> None:
    made = case("deep")
    found = explore_regularization(ekfac(made), made.test, made.train, [1.0])
    matrix = dense_ggn(made)
    # by 32 vectors of random signs, whose error is that of the numbers off the diagonal
    off = (matrix - torch.diag(matrix.diagonal())).norm() * (2 / 32) ** 0.5
    assert abs(found.mean_eigenvalue * made.p - float(matrix.trace())) < 3 * float(off)


def test_a_method_that_refuses_a_damping_is_asked_for_the_others() -> None:
    made = case("mlp_relu", torch.float32)
    model = DirectInfluence(made.model, made.loss, 1.0, second_order_mode="gauss_newton").fit(made.train)
    found = explore_regularization(model, made.test, made.train, [1e-12, 1e-2, 1.0])
    assert list(found.refused) == [1e-12]
    assert "singular" in found.refused[1e-12]
    assert found.values.tolist() == [1e-2, 1.0]
    with pytest.raises(InputError, match="no damping works"):
        explore_regularization(model, made.test, made.train, [1e-12])


def test_what_cannot_be_explored_is_refused_in_words() -> None:
    made = case("logistic")
    with pytest.raises(InputTypeError, match="GradDotInfluence has no regularization"):
        explore_regularization(GradDotInfluence(made.model, made.loss), made.test, made.train)
    with pytest.raises(
        InputTypeError, match="TracInInfluence has no regularization: it inverts no curvature"
    ):
        TracInInfluence(made.model, made.loss).explore_regularization(made.test, made.train)
    dot = GradDotInfluence(made.model, made.loss)
    with pytest.raises(InputTypeError, match="EnsembleInfluence has no regularization: a member of it"):
        explore_regularization(EnsembleInfluence([ekfac(made), dot]), made.test, made.train)
    with pytest.raises(NotFittedError):
        explore_regularization(EkfacInfluence(made.model), made.test, made.train)
    model = ekfac(made)
    with pytest.raises(InputError, match="empty"):
        explore_regularization(model, made.test, made.train, [])
    with pytest.raises(InputError, match="values=-1"):
        explore_regularization(model, made.test, made.train, [-1.0])
    with pytest.raises(InputError, match="only one"):
        recommended_regularization(model, made.test)
    with pytest.raises(InputError, match="mean eigenvalues"):
        recommended_regularization(DirectInfluence(made.model, made.loss, 1.0).fit(made.train))


def test_a_guess_without_data_is_a_tenth_of_each_blocks_mean_eigenvalue() -> None:
    made = case("mlp_tanh")
    model = ekfac(made)
    guess = recommended_regularization(model)
    assert guess == {name: pytest.approx(0.1 * mean) for name, mean in model.mean_eigenvalues().items()}
    model.with_regularization(guess)
    together = recommended_regularization(model, made.test, made.train)
    assert together == explore_regularization(model, made.test, made.train).recommended


def test_the_table_says_what_to_take() -> None:
    made = case("logistic")
    found = explore_regularization(ekfac(made), made.test, made.train, [0.01, 0.1, 1.0])
    lines = repr(found).splitlines()
    assert lines[0].startswith(f"RegularizationExploration: take {found.recommended:.3g}.")
    assert sum(line.startswith(">") for line in lines) == 1
    assert len(lines) == 5


# --- against retraining -----------------------------------------------------------------------------------------------


def retrained_losses(x: Tensor, y: Tensor, test: tuple[Tensor, Tensor], masks: Tensor, l2: float) -> Tensor:
    """Losses (m, q) of logistic models trained on each subset, all at once."""
    m, d, c = len(masks), x.shape[1], int(y.max()) + 1
    weight, bias = torch.zeros(m, c, d, requires_grad=True), torch.zeros(m, c, requires_grad=True)
    shares = masks / masks.sum(1, keepdim=True)
    adam = torch.optim.Adam([weight, bias], lr=0.2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 150)
    for _ in range(150):
        adam.zero_grad()
        logits = torch.baddbmm(bias.unsqueeze(1), x.expand(m, -1, -1), weight.mT)
        each = nn.functional.cross_entropy(
            logits.flatten(0, 1), y.expand(m, -1).flatten(), reduction="none"
        ).view(m, -1)
        decay = 0.5 * l2 * (weight.square().sum() + bias.square().sum())
        ((each * shares).sum() + decay).backward()
        adam.step()
        schedule.step()
    with torch.no_grad():
        logits = torch.baddbmm(bias.unsqueeze(1), test[0].expand(m, -1, -1), weight.mT).flatten(0, 1)
        losses = nn.functional.cross_entropy(logits, test[1].expand(m, -1).flatten(), reduction="none")
    if m == 1:
        losses = torch.cat([weight.detach().flatten(), bias.detach().flatten()])
    return losses if m == 1 else losses.view(m, -1)


def lds(scores: np.ndarray, masks: Tensor, losses: Tensor) -> float:
    """Linear datamodeling score: rank correlation of predicted with actual losses over subsets, mean over tests."""
    from scipy.stats import spearmanr

    predicted = -(torch.from_numpy(scores).double() @ masks.double().T)
    return float(np.mean([spearmanr(a, b)[0] for a, b in zip(predicted, losses.T, strict=True)]))


def test_the_recommended_damping_predicts_retraining_about_as_well_as_the_best() -> None:
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    x, y = torch.tensor(pixels / 16.0, dtype=torch.float32), torch.tensor(digits)
    train, test, l2 = (x[:200], y[:200]), (x[200:240], y[200:240]), 1e-3
    generator = torch.Generator().manual_seed(2)
    masks = torch.stack([(torch.rand(200, generator=generator).argsort() < 100).float() for _ in range(30)])
    losses = retrained_losses(*train, test, masks, l2)
    whole = retrained_losses(*train, test, torch.ones(1, 200), l2)
    model = nn.Linear(64, 10)
    with torch.no_grad():
        model.weight.copy_(whole[:640].view(10, 64))
        model.bias.copy_(whole[640:])
    found = explore_regularization(EkfacInfluence(model, True, regularization=1.0).fit(train), test, train)
    scores = {float(v): lds(s, masks, losses) for v, s in zip(found.values, found.scores, strict=True)}
    assert scores[found.recommended] > max(scores.values()) - 0.02
    assert scores[found.recommended] > scores[min(scores)] + 0.03
    assert scores[found.recommended] > scores[max(scores)] + 0.1
