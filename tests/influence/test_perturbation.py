"""Perturbation influences are the derivative of the influence with respect to the training input."""

from __future__ import annotations

import pytest
import torch
from influence.problems import case, dense_gradients, parameters
from torch import nn

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.influence import memory, perturbation
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.perturbation import perturbations
from dvlwidgets.influence.problem import Problem

FLOAT = [
    "linear",
    "mlp_tanh",
    "cnn",
    "mlp_regression",
    "layer_norm",
    "quartic",
    "binary",
    "logistic_weighted",
    "two_blocks",
]


def central_differences(made, factors, x, y, step=1e-5):
    """d <v, grad L(x, y)> / dx by moving one number of one input at a time."""
    out = torch.zeros(len(factors), *x.shape, dtype=torch.float64)
    for at in range(x.numel()):
        ends = []
        for sign in (1, -1):
            moved = x.clone().flatten()
            moved[at] += sign * step
            ends.append(factors @ dense_gradients(made, (moved.reshape(x.shape), y)).T)
        place = torch.unravel_index(torch.tensor(at), x.shape)
        out[(slice(None), *place)] = (ends[0] - ends[1])[:, place[0]] / (2 * step)
    return out


@pytest.mark.parametrize("name", FLOAT)
def test_they_are_central_differences_of_the_influence(name):
    made = case(name)
    x, y = made.train[0][:2], made.train[1][:2]
    factors = torch.randn(3, made.p, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = perturbations(Problem(made.model, made.loss), factors, Batch.of((x, y)))
    assert found.shape == (3, *x.shape)
    torch.testing.assert_close(found, central_differences(made, factors, x, y), rtol=1e-5, atol=1e-7)


def test_models_give_them_in_the_mode_perturbation():
    made = case("mlp_tanh")
    model = GradDotInfluence(made.model, made.loss)
    x, y = made.train[0][:2], made.train[1][:2]
    found = model.influences(*made.test, x, y, mode="perturbation")
    wanted = central_differences(made, dense_gradients(made, made.test), x, y)
    assert found.shape == (12, 2, 4)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-7)


def test_moving_an_input_along_them_and_training_again_lowers_the_test_loss_as_they_say():
    from influence.problems import Case, dense_hessian, mean_loss, train_to_minimum

    made = case("logistic")
    n, j = made.n, 5
    curvature = dense_hessian(made) + made.l2 * torch.eye(made.p, dtype=torch.float64)
    factors = torch.linalg.solve(curvature, dense_gradients(made, made.test).mean(0, keepdim=True).T).T
    x, y = made.train
    slope = perturbations(Problem(made.model, made.loss), factors, Batch.of((x[j : j + 1], y[j : j + 1])))[
        0, 0
    ]
    losses = []
    for sign in (1, -1):
        moved = x.clone()
        moved[j] += sign * 0.05 * slope / slope.norm()
        again = Case("moved", made.model, made.loss, (moved, y), made.test)
        train_to_minimum(again)
        losses.append(float(mean_loss(again, made.test).detach()))
    assert (losses[1] - losses[0]) * n == pytest.approx(float(0.1 * slope.norm()), rel=0.02)


def test_few_directions_at_a_time_give_the_same_numbers(monkeypatch):
    made = case("cnn")
    factors = torch.randn(7, made.p, dtype=torch.float64)
    batch = Batch.of((made.train[0][:3], made.train[1][:3]))
    problem = Problem(made.model, made.loss)
    wanted = perturbations(problem, factors, batch)
    sizes, backward = [], perturbation._backward
    monkeypatch.setattr(memory, "BUDGET", 1)
    monkeypatch.setattr(
        perturbation, "_backward", lambda s, x, along: sizes.append(len(along[0])) or backward(s, x, along)
    )
    torch.testing.assert_close(perturbations(problem, factors, batch), wanted)
    assert sizes == [1] * 7


def test_slopes_that_are_the_same_for_every_input_change_nothing():
    class Spare(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.spare = nn.Linear(3, 2).double(), nn.Linear(3, 2).double()

        def forward(self, x):
            return self.fc(x)

    class Made:
        model, train = (
            Spare(),
            (torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 2, dtype=torch.float64)),
        )

        @staticmethod
        def loss(output, target):  # linear: the slope of the bias is the target
            return (output * target).mean()

    problem = Problem(Made.model, Made.loss)
    factors = torch.randn(2, problem.p, dtype=torch.float64)
    found = perturbations(problem, factors, Batch.of(Made.train))
    torch.testing.assert_close(found, central_differences(Made, factors, *Made.train), rtol=1e-5, atol=1e-7)


def test_attention_has_them_too():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.1, batch_first=True).double()
    net = nn.Sequential(layer, nn.Flatten(), nn.Linear(12, 2)).double()
    problem = Problem(net, nn.CrossEntropyLoss())
    x, y = torch.randn(2, 3, 4, dtype=torch.float64), torch.tensor([0, 1])
    factors = torch.randn(2, problem.p, dtype=torch.float64)

    class Made:
        model, loss, train = net, nn.CrossEntropyLoss(), (x, y)

    found = perturbations(problem, factors, Batch.of((x, y)))
    torch.testing.assert_close(found, central_differences(Made, factors, x, y), rtol=1e-5, atol=1e-7)


def test_operations_that_cannot_be_vectorised_are_done_one_by_one():
    class Loud(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            if float(g.detach().flatten()[0]) == 1e99:  # what vmap cannot do
                raise AssertionError
            return 3 * x**2 * g

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(3, 1).double()

        def forward(self, x):
            return Loud.apply(self.head(x))

    x, y = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 1, dtype=torch.float64)
    problem = Problem(Net(), nn.MSELoss())
    factors = torch.randn(2, 4, dtype=torch.float64)

    class Made:
        model, loss, train = problem.model, nn.MSELoss(), (x, y)

    found = perturbations(problem, factors, Batch.of((x, y)))
    torch.testing.assert_close(found, central_differences(Made, factors, x, y), rtol=1e-5, atol=1e-7)


def test_a_model_whose_gradient_does_not_depend_on_the_input_has_zeros():
    class Bias(nn.Module):
        def __init__(self):
            super().__init__()
            self.b = nn.Parameter(torch.zeros(2))

        def forward(self, x):
            return self.b.expand(len(x), 2)

    found = perturbations(
        Problem(Bias(), nn.MSELoss()), torch.ones(1, 2), Batch.of((torch.randn(3, 5), torch.randn(3, 2)))
    )
    assert torch.equal(found, torch.zeros(1, 3, 5))


def test_nothing_is_left_in_the_model():
    made = case("cnn")
    problem = Problem(made.model, made.loss)
    perturbations(problem, torch.ones(2, made.p, dtype=torch.float64), Batch.of(made.test))
    assert all(t.grad is None for t in problem.model.parameters())
    assert all(t.grad is None for t in parameters(made.model))


def test_what_has_no_perturbation_is_refused_in_words():
    made = case("tokens")
    problem = Problem(made.model, made.loss)
    with pytest.raises(InputTypeError, match="embeddings"):
        perturbations(problem, torch.ones(1, problem.p), Batch.of(made.train))
    with pytest.raises(InputError, match="mode='up' only"):
        perturbations(problem, torch.ones(1, 3), Batch.of(made.train))
    with pytest.raises(InputError, match="mappings"):
        perturbations(
            problem, torch.ones(1, problem.p), Batch.of({"tokens": made.train[0], "y": made.train[1]})
        )


def test_frozen_parameters_count_as_fixed():
    made = case("mlp_tanh")
    made.model[0].weight.requires_grad_(False)
    x, y = made.train[0][:2], made.train[1][:2]
    factors = torch.randn(2, made.p, dtype=torch.float64)
    found = perturbations(Problem(made.model, made.loss), factors, Batch.of((x, y)))
    torch.testing.assert_close(found, central_differences(made, factors, x, y), rtol=1e-5, atol=1e-7)
