"""The loss of a sample is what the user's loss gives for a batch of one."""

from __future__ import annotations

import contextlib
import functools
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.nn import functional

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.losses import PerSampleLoss, looks_like_softmax
from dvlwidgets.influence.problem import Problem

B, C, T = 6, 4, 5


def floats(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def labels(*shape):
    return torch.randint(C, shape, generator=torch.Generator().manual_seed(1))


def soft(*shape):
    return floats(*shape, seed=2).softmax(1)


def one_by_one(loss, output, target):
    return torch.stack(
        [loss(o.unsqueeze(0), t.unsqueeze(0)).mean() for o, t in zip(output, target, strict=True)]
    )


def ignoring(target):
    target = target.clone()
    target[:, 1] = -100
    return target


CASES = {
    "cross-entropy": (nn.CrossEntropyLoss(), floats(B, C), labels(B)),
    "its function": (functional.cross_entropy, floats(B, C), labels(B)),
    "sum": (nn.CrossEntropyLoss(reduction="sum"), floats(B, C), labels(B)),
    "none": (nn.CrossEntropyLoss(reduction="none"), floats(B, C), labels(B)),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.2), floats(B, C), labels(B)),
    "soft targets": (nn.CrossEntropyLoss(), floats(B, C), soft(B, C)),
    "soft and smoothed": (nn.CrossEntropyLoss(label_smoothing=0.2), floats(B, C), soft(B, C)),
    "positions": (nn.CrossEntropyLoss(), floats(B, C, T), labels(B, T)),
    "summed positions": (nn.CrossEntropyLoss(reduction="sum"), floats(B, C, T), labels(B, T)),
    "pixels": (nn.CrossEntropyLoss(), floats(B, C, 2, 3), labels(B, 2, 3)),
    "soft positions": (nn.CrossEntropyLoss(), floats(B, C, T), soft(B, C, T)),
    "ignored positions": (nn.CrossEntropyLoss(), floats(B, C, T), ignoring(labels(B, T))),
    "ignored class": (nn.CrossEntropyLoss(ignore_index=3), floats(B, C, 40), labels(B, 40)),
    "partial": (functools.partial(functional.cross_entropy, label_smoothing=0.3), floats(B, C), labels(B)),
    "squared": (nn.MSELoss(), floats(B, C), floats(B, C, seed=1)),
    "squared sum": (nn.MSELoss(reduction="sum"), floats(B, C), floats(B, C, seed=1)),
    "squared of images": (functional.mse_loss, floats(B, 2, 3, 3), floats(B, 2, 3, 3, seed=1)),
    "squared vectors": (nn.MSELoss(), floats(B), floats(B, seed=1)),
    "binary": (nn.BCEWithLogitsLoss(), floats(B, C), (floats(B, C, seed=1) > 0).double()),
    "binary sum": (nn.BCEWithLogitsLoss(reduction="sum"), floats(B, C), (floats(B, C, seed=1) > 0).double()),
    "binary, weighted": (
        nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)),
        floats(B, C),
        (floats(B, C, seed=1) > 0).double(),
    ),
    "binary of probabilities": (nn.BCELoss(), floats(B, C).sigmoid(), (floats(B, C, seed=1) > 0).double()),
    "negative log-likelihood": (nn.NLLLoss(), floats(B, C).log_softmax(1), labels(B)),
    "huber": (nn.SmoothL1Loss(beta=0.5), floats(B, C), floats(B, C, seed=1)),
    "margin": (nn.MultiMarginLoss(), floats(B, C), labels(B)),
    "lambda": (lambda o, t: ((o - t) ** 4).mean() + o.abs().sum(), floats(B, C), floats(B, C, seed=1)),
    "not reduced": (lambda o, t: (o - t).abs(), floats(B, C), floats(B, C, seed=1)),
    "branching": (
        lambda o, t: (o - t).abs().mean() if float(o.detach().sum()) > 0 else (o - t).square().mean(),
        floats(B, C),
        floats(B, C, seed=1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_losses_and_their_slopes_are_those_of_single_samples(name):
    loss, output, target = CASES[name]
    output = output.clone().requires_grad_(True)
    found, wanted = PerSampleLoss(loss)(output, target), one_by_one(loss, output, target)
    assert found.shape == (B,)
    torch.testing.assert_close(found, wanted)
    weights = floats(B, seed=7)
    mine, its = (
        torch.autograd.grad((weights * v).sum(), output, retain_graph=True)[0] for v in (found, wanted)
    )
    torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("name", CASES)
def test_a_batch_of_one_is_a_batch(name):
    loss, output, target = CASES[name]
    torch.testing.assert_close(
        PerSampleLoss(loss)(output[2:3], target[2:3]), one_by_one(loss, output[2:3], target[2:3])
    )


def test_classes_on_the_last_axis_as_transformers_give_them():
    loss, output, target = nn.CrossEntropyLoss(), floats(B, T, C), ignoring(labels(B, T))
    torch.testing.assert_close(
        PerSampleLoss(loss)(output, target), one_by_one(loss, output.movedim(-1, 1), target)
    )


def test_as_many_positions_as_classes_are_read_as_the_batches_that_left_no_doubt():
    loss, target = nn.CrossEntropyLoss(), labels(B, C)
    square = floats(B, C, C)
    by_token = one_by_one(loss, square.movedim(-1, 1), target)
    fresh, tokenwise = PerSampleLoss(loss), PerSampleLoss(loss)
    torch.testing.assert_close(fresh(square, target), one_by_one(loss, square, target))  # as torch reads it
    tokenwise(floats(B, T, C), labels(B, T))
    torch.testing.assert_close(tokenwise(square, target), by_token)
    tokenwise(floats(B, C, T), labels(B, T))
    torch.testing.assert_close(tokenwise(square, target), one_by_one(loss, square, target))


def test_samples_whose_positions_are_all_ignored_have_no_loss():
    target = labels(B, T)
    target[2] = -100
    losses = PerSampleLoss(nn.CrossEntropyLoss())(floats(B, C, T), target)
    assert losses[2] == 0
    assert losses.isfinite().all()


def test_class_weights_weigh_samples_as_in_a_batch_and_do_not_cancel():
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    output, target = floats(B, C), labels(B)
    losses = PerSampleLoss(nn.CrossEntropyLoss(weight=weight))(output, target)
    plain = one_by_one(nn.CrossEntropyLoss(), output, target)
    assert not torch.allclose(losses, plain)
    ratio = losses / plain
    torch.testing.assert_close(ratio / ratio[0], weight[target] / weight[target[0]])


def test_a_column_of_predictions_against_a_vector_is_no_square():
    output, target = floats(B, 1), floats(B, seed=1)
    for loss in (nn.MSELoss(), functional.mse_loss):
        torch.testing.assert_close(PerSampleLoss(loss)(output, target), (output[:, 0] - target).square())
    bits = (target > 0).long()
    wanted = functional.binary_cross_entropy_with_logits(output[:, 0], bits.double(), reduction="none")
    torch.testing.assert_close(PerSampleLoss(nn.BCEWithLogitsLoss())(output, bits), wanted)


def test_likelihoods_that_are_known():
    known = {
        nn.CrossEntropyLoss(label_smoothing=0.1): "categorical", functional.cross_entropy: "categorical",
        nn.MSELoss(): "gaussian", functional.mse_loss: "gaussian", nn.BCEWithLogitsLoss(): "bernoulli",
        functional.binary_cross_entropy_with_logits: "bernoulli", nn.L1Loss(): None, functional.nll_loss: None,
    }  # fmt: skip
    for loss, likelihood in known.items():
        assert PerSampleLoss(loss).likelihood == likelihood


def test_a_loss_of_ones_own_class_is_its_own():
    class Doubled(nn.CrossEntropyLoss):
        def forward(self, output, target):
            return 2 * super().forward(output, target)

    class Callable:
        __hash__ = None

        def __call__(self, output, target):
            return (output - target).square().mean()

    output = floats(B, C)
    torch.testing.assert_close(
        PerSampleLoss(Doubled())(output, labels(B)), 2 * one_by_one(nn.CrossEntropyLoss(), output, labels(B))
    )
    assert PerSampleLoss(Doubled()).likelihood is None
    torch.testing.assert_close(PerSampleLoss(Callable())(output, output * 2), output.square().mean(1))


def test_outputs_that_hold_logits_and_outputs_that_are_several():
    class Output(NamedTuple):
        hidden: torch.Tensor
        logits: torch.Tensor

    loss, output, target = nn.CrossEntropyLoss(), floats(B, C), labels(B)
    wanted = one_by_one(loss, output, target)
    for given in (Output(output * 2, output), {"logits": output, "hidden": None}, (output, None), [output]):
        torch.testing.assert_close(PerSampleLoss(loss)(given, target), wanted)


@pytest.mark.parametrize(
    ("loss", "output", "target", "error", "words"),
    [
        (nn.CrossEntropyLoss(), floats(B, C), labels(B, 2), InputError, r"\(B, T, classes\) and \(B, T\)"),
        (nn.MSELoss(), floats(B, C), floats(B), InputError, "expected the same"),
        (nn.BCEWithLogitsLoss(), floats(B, C), floats(B, 2), InputError, "expected the same"),
        (lambda o, t: 1.0, floats(B, C), floats(B), InputTypeError, "returned a float"),
        (nn.MSELoss(), "text", floats(B), InputTypeError, "the model returned a str"),
        (nn.MSELoss(), (), floats(B), InputTypeError, "the model returned a tuple"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(loss, output, target, error, words):
    with pytest.raises(error, match=words):
        PerSampleLoss(loss)(output, target)


def test_what_is_no_loss_is_refused_in_words():
    with pytest.raises(InputTypeError, match="expected a function"):
        PerSampleLoss("mse")


def test_probabilities_are_told_from_logits():
    assert looks_like_softmax(floats(B, C).softmax(1))
    assert looks_like_softmax(floats(B, T, C).softmax(-1))
    assert not looks_like_softmax(floats(B, C))
    assert not looks_like_softmax(floats(B, C).sigmoid())
    assert not looks_like_softmax(torch.ones(B, 1))


def test_class_weights_of_the_likelihood_loss_weigh_samples_as_those_of_cross_entropy_do():
    output, target, weight = floats(B, C).log_softmax(1), labels(B), torch.arange(1.0, C + 1).double()
    found = PerSampleLoss(nn.NLLLoss(weight=weight))(output, target)
    torch.testing.assert_close(found, PerSampleLoss(nn.CrossEntropyLoss(weight=weight))(output, target))
    torch.testing.assert_close(found, -weight[target] * output[torch.arange(B), target])


def test_ignored_targets_of_the_likelihood_loss_cost_nothing():
    output, target = floats(B, C, T).log_softmax(1), ignoring(labels(B, T))
    found = PerSampleLoss(nn.NLLLoss())(output, target)
    torch.testing.assert_close(found, one_by_one(nn.NLLLoss(), output, target))
    target[0] = -100
    assert PerSampleLoss(nn.NLLLoss())(output, target)[0] == 0


@pytest.mark.parametrize(
    ("loss", "adds_up"),
    [
        (functools.partial(functional.cross_entropy, reduction="mean"), True),
        (functools.partial(functional.cross_entropy, reduction="sum"), True),
        (functools.partial(functional.cross_entropy, reduction="none"), True),
        (lambda o, t: functional.cross_entropy(o, t, weight=torch.arange(1.0, C + 1).double()), False),
        (nn.CrossEntropyLoss(weight=torch.arange(1.0, C + 1).double()), True),
        (lambda o, t: functional.cross_entropy(o - o.mean(0), t), False),
    ],
    ids=["mean", "sum", "none", "weights_averaged_out", "weights_known", "samples_together"],
)
def test_a_loss_that_is_no_mean_over_samples_is_noticed(loss, adds_up):
    torch.manual_seed(0)
    model = nn.Linear(3, C).double()
    batch = Batch.of((floats(B, 3), labels(B)))
    with (
        contextlib.nullcontext()
        if adds_up
        else pytest.warns(UserWarning, match="neither the mean nor the sum")
    ):
        Problem(model, loss).check(batch)


def test_as_many_positions_as_classes_are_said_to_be_ambiguous():
    model = torch.nn.Sequential(torch.nn.Embedding(6, 4), torch.nn.Linear(4, 5))
    tokens, targets = torch.randint(0, 6, (3, 5)), torch.randint(0, 5, (3, 5))
    problem = Problem(model, torch.nn.CrossEntropyLoss())
    with pytest.warns(UserWarning, match="may be .B, classes, positions."):
        problem.check(Batch.of((tokens, targets)))
    problem.check(Batch.of((tokens[:, :4], targets[:, :4])))
