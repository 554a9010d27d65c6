"""Whether a loss is convex in the model's output: what the Gauss-Newton matrix needs to be one."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.func import grad, jvp, vmap

from ...errors import InputError
from ..losses import PerSampleLoss

NEGATIVE = 1e-5
"""Eigenvalues down to minus so much of the largest count as rounding."""


def require_convex(loss: PerSampleLoss, output: Tensor, target: Tensor) -> None:
    """Refuses a loss whose Hessian in the output has a negative eigenvalue at some sample.

    The losses with a known likelihood are convex, and are not looked at.

    Args:
        loss: one loss a sample.
        output: of the model, shape (B, ...).
        target: shape (B, ...).

    Raises:
        InputError: saying where, and what to use instead.
    """
    if loss.likelihood is not None:
        return
    free, m = output.detach(), math.prod(output.shape[1:])

    def total(z: Tensor) -> Tensor:
        return loss(z, target).sum()

    basis = torch.eye(m, dtype=free.dtype, device=free.device)
    basis = basis.reshape(m, 1, *free.shape[1:]).expand(m, *free.shape)
    columns = vmap(lambda t: jvp(grad(total), (free,), (t,))[1])(basis)
    matrices = columns.reshape(m, len(free), m).transpose(0, 1)
    if not bool(torch.isfinite(matrices).all()):
        raise InputError(
            "the loss has no finite second derivative in the output at some training points. Use "
            "second_order_mode='empirical_fisher', which needs first derivatives only."
        )
    values = torch.linalg.eigvalsh(0.5 * (matrices + matrices.mT))
    bad = values[:, 0] < -NEGATIVE * values.abs().max()
    if bool(bad.any()):
        raise InputError(
            f"the loss is not convex in the model's output: its Hessian there has an eigenvalue of "
            f"{float(values.min()):.2g} ({int(bad.sum())} of {len(values)} samples looked at), so the Gauss-Newton "
            "matrix would be as indefinite as the Hessian. Use second_order_mode='empirical_fisher', which never is, "
            "or 'hessian'."
        )
