"""The square root of a loss's curvature at the output, against the Hessian by autograd, sample by sample."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from influence.problems import CASES, case
from torch import Tensor, nn

from dvlwidgets.errors import InputError
from dvlwidgets.influence.losses import PerSampleLoss
from dvlwidgets.influence.output_curvature import multinomial_root, output_roots, root_count


def hessians(loss: PerSampleLoss, output: Tensor, target: Tensor) -> Tensor:
    """(B, k, k), one sample at a time."""

    def of(i: int) -> Tensor:
        one = lambda o: loss(o.reshape(1, *output.shape[1:]), target[i : i + 1])[0]
        return torch.autograd.functional.hessian(one, output[i].flatten())

    return torch.stack([of(i) for i in range(len(output))])


def squared(roots: Tensor) -> Tensor:
    flat = roots.flatten(2)
    return torch.einsum("kbi,kbj->bij", flat, flat)


@pytest.mark.parametrize("name", [name for name in CASES if name != "quartic"])
def test_roots_square_to_the_hessian_at_the_output(name: str) -> None:
    made = case(name)
    x, y = made.train[0][:6], made.train[1][:6]
    loss, output = PerSampleLoss(made.loss), made.model(x).detach()
    roots = output_roots(loss, output, y)
    assert len(roots) == root_count(loss, output, y)
    torch.testing.assert_close(squared(roots), hessians(loss, output, y), atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize(
    ("loss", "shape", "target"),
    [
        (nn.CrossEntropyLoss(ignore_index=1), (5, 3, 4), torch.randint(0, 3, (5, 4))),
        (nn.CrossEntropyLoss(), (5, 3), torch.rand(5, 3).double()),
        (nn.CrossEntropyLoss(), (5, 1), torch.zeros(5, dtype=torch.int64)),
        (nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0).double()), (5, 2), torch.randint(0, 2, (5, 2)).double()),
        (nn.L1Loss(), (5, 2), torch.randn(5, 2).double()),
    ],
)  # fmt: skip
def test_roots_know_ignored_positions_soft_targets_and_weights(
    loss: Any, shape: tuple[int, ...], target: Tensor
) -> None:
    per_sample, output = PerSampleLoss(loss), torch.randn(*shape, dtype=torch.float64)
    roots = output_roots(per_sample, output, target)
    torch.testing.assert_close(
        squared(roots), hessians(per_sample, output, target), atol=1e-10, rtol=1e-8, equal_nan=True
    )


def test_roots_of_a_loss_that_is_not_convex_keep_its_positive_part() -> None:
    def saddle(output: Tensor, target: Tensor) -> Tensor:
        return (output[:, 0] ** 2 - output[:, 1] ** 2 + 0.0 * target[:, 0]).mean()

    output = torch.randn(4, 2, dtype=torch.float64)
    square = squared(output_roots(PerSampleLoss(saddle), output, output))
    torch.testing.assert_close(square, torch.diag(torch.tensor([2.0, 0.0]).double()).expand(4, 2, 2))


def test_random_combinations_are_right_in_expectation() -> None:
    loss, output = PerSampleLoss(nn.CrossEntropyLoss()), torch.randn(2, 4, 3, dtype=torch.float64)
    target = torch.randint(0, 4, (2, 3))
    exact = hessians(loss, output, target)
    draws = [
        squared(output_roots(loss, output, target, limit=8, generator=torch.Generator().manual_seed(i)))
        for i in range(400)
    ]
    assert draws[0].shape == exact.shape
    assert float((torch.stack(draws).mean(0) - exact).norm() / exact.norm()) < 0.06
    again = [output_roots(loss, output, target, limit=8) for _ in range(2)]
    assert torch.equal(*again)


def test_a_certain_prediction_has_a_finite_root() -> None:
    p = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1e-30, 1e-30, 1.0]])
    root = multinomial_root(p)
    torch.testing.assert_close(root @ root.mT, torch.diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1))


def test_an_unknown_loss_on_very_many_outputs_is_refused() -> None:
    output = torch.zeros(2, 3_000)
    with pytest.raises(InputError, match="3,000 numbers a sample"):
        output_roots(PerSampleLoss(lambda o, t: (o - t).abs().mean()), output, output)
