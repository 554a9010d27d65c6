"""The square root of a loss's curvature at the model's output: what Gauss-Newton and Fisher matrices are made of.

With vectors s_k such that d^2 loss / d output^2 = sum_k s_k s_k^T, the generalised Gauss-Newton matrix of a sample is
the sum of (J^T s_k)(J^T s_k)^T: one backward pass for each vector. Where the loss has a known likelihood this is the
exact Fisher matrix (Martens, New insights and perspectives on the natural gradient method, JMLR 2020): no labels are
drawn.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..errors import InputError
from .losses import PerSampleLoss

LIMIT = 256
"""Vectors a sample up to which all are used; above, as many random combinations of them stand for all."""

CERTAIN = 1_000.0
"""A logit beside zeros whose class is certain to all digits, in every precision."""

DENSE_LIMIT = 2_048
"""Outputs a sample up to which the Hessian of a loss without a known likelihood is decomposed."""


def root_count(loss: PerSampleLoss, output: Tensor, target: Tensor) -> int:
    """Vectors that an exact square root has for each sample of an output (B, ...)."""
    numbers = math.prod(output.shape[1:])
    if loss.likelihood != "categorical":
        return numbers
    classes = output.shape[class_axis(output, target)]
    return numbers // classes * (classes - 1)


def output_roots(
    loss: PerSampleLoss,
    output: Tensor,
    target: Tensor,
    *,
    limit: int = LIMIT,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Vectors s_k of each sample with sum_k s_k s_k^T = d^2 loss / d output^2, its positive part.

    Args:
        loss: one loss a sample.
        output: of the model, shape (B, ...).
        target: shape (B, ...).
        limit: above so many vectors, `limit` combinations with random signs are given, whose sum of outer products is
            right in expectation.
        generator: on the CPU; of the signs. By default a seeded one, so that the same call gives the same vectors.

    Returns:
        Detached, shape (K, B, ...).

    Raises:
        InputError: if the loss has no known likelihood and too many outputs to decompose its Hessian.
    """
    output = output.detach()
    sampled = root_count(loss, output, target) > limit
    signs = generator or torch.Generator().manual_seed(0)
    if loss.likelihood == "categorical":
        return _categorical(loss, output, target, limit if sampled else 0, signs)
    if loss.likelihood is not None:
        (diagonal,) = _hessian_times(loss, output, target, torch.ones_like(output).unsqueeze(0))
        scale: Tensor = diagonal.clamp(min=0).sqrt()
        if sampled:
            return scale * (_signs((limit, *output.shape), output, signs) / math.sqrt(limit))
        return _apart(scale.flatten(1), 1).reshape(-1, *output.shape)
    roots = _decomposed(loss, output, target)
    if not sampled:
        return roots
    mixed = _signs((limit, len(roots)), output, signs) / math.sqrt(limit)
    return (mixed @ roots.flatten(1)).reshape(limit, *output.shape)


def class_axis(output: Tensor, target: Tensor) -> int:
    """Which axis of a categorical output holds the classes: 1 as torch has it, or the last of token-wise outputs."""
    standard = output.shape[2:] == target.shape[1:] or target.shape == output.shape
    return 1 if standard else output.ndim - 1


def _categorical(
    loss: PerSampleLoss, output: Tensor, target: Tensor, sampled: int, signs: torch.Generator
) -> Tensor:
    axis = class_axis(output, target)
    weights = _position_weights(loss, output, target, axis).clamp(min=0).sqrt()  # (B, P)
    p = output.movedim(axis, -1).softmax(-1)
    shape, classes = p.shape, p.shape[-1]
    p = p.reshape(len(p), -1, classes)  # (B, P, C)
    if sampled:  # sqrt(p) - p sqrt(p)^T is a root with a column more, that needs no matrix
        drawn = _signs((sampled, *p.shape), p, signs) / math.sqrt(sampled)
        half = p.sqrt()
        roots = half * drawn - p * (half * drawn).sum(-1, keepdim=True)
        roots = roots * weights.unsqueeze(-1)
    else:
        roots = _apart(multinomial_root(p, weights).movedim(3, 0), 2)  # each vector lives at one position
    return roots.reshape(-1, *shape).movedim(-1, axis + 1)


def multinomial_root(p: Tensor, weights: Tensor | None = None) -> Tensor:
    """The exact square root L of diag(p) - p p^T in closed form: L L^T, shape (..., C, C - 1).

    Tanabe & Sagae, An exact Cholesky decomposition and the generalized inverse of the variance-covariance matrix of
    the multinomial distribution (JRSS B 1992). One column less than there are classes.

    Args:
        p: probabilities, shape (..., C).
        weights: factors of L, shape (...).
    """
    tails = p.flip(-1).cumsum(-1).flip(-1)  # sums from j on
    here, rest = p[..., :-1], tails[..., 1:]
    tiny = torch.finfo(p.dtype).tiny
    scale = (here / tails[..., :-1].clamp(min=tiny) * rest).sqrt()
    if weights is not None:
        scale = scale * weights.unsqueeze(-1)
    # the columns come first in memory, as those who pull each of them back want them
    below = (scale / rest.clamp(min=tiny)).neg_().movedim(-1, 0).contiguous()
    columns = below.unsqueeze(-1) * p
    classes = p.shape[-1]
    above = torch.ones(classes - 1, classes, dtype=torch.bool, device=p.device).tril_()
    columns.masked_fill_(above.reshape(classes - 1, *[1] * (p.ndim - 1), classes), 0.0)
    columns.diagonal(dim1=0, dim2=-1).copy_(scale)
    return columns.movedim(0, -1)


def _position_weights(loss: PerSampleLoss, output: Tensor, target: Tensor, axis: int) -> Tensor:
    """What the loss multiplies each position's diag(p) - p p^T by, (B, P): class weights, averaging, ignored tokens.

    A categorical loss is a sum over classes of a number times -log p, and what is wanted is the sum of these numbers.
    At equal logits every -log p is the same, so the loss of a single position tells it. Of several, the slopes do,
    which are p times it, less what does not depend on the output: by how they differ at a certain first class.
    """
    classes, n = output.shape[axis], len(output)
    if classes == 1:
        return output.new_zeros(n, output[0].numel())
    if output[0].numel() == classes:
        with torch.no_grad():
            equal: Tensor = loss(torch.zeros_like(output), target).reshape(n, 1)
            return equal / math.log(classes)
    logits = torch.zeros(2 * n, *output.shape[1:], dtype=output.dtype, device=output.device)
    logits[n:].select(axis, 0).fill_(CERTAIN)
    with torch.enable_grad():
        logits.requires_grad_(True)
        (slopes,) = torch.autograd.grad(loss(logits, torch.cat([target, target])).sum(), logits)
    first = slopes.select(axis, 0)
    weights: Tensor = (first[n:] - first[:n]).reshape(n, -1) / (1.0 - 1.0 / classes)
    return weights


def _decomposed(loss: PerSampleLoss, output: Tensor, target: Tensor) -> Tensor:
    numbers = math.prod(output.shape[1:])
    if numbers > DENSE_LIMIT:
        raise InputError(
            f"the model gives {numbers:,} numbers a sample and the loss has no known likelihood, so that its Hessian "
            f"at the output would have to be decomposed ({DENSE_LIMIT:,} at most). Pass one of torch's "
            "CrossEntropyLoss, MSELoss or BCEWithLogitsLoss, or ask for second_order_mode='empirical_fisher'."
        )
    basis = torch.eye(numbers, dtype=output.dtype, device=output.device)
    probes = basis.unsqueeze(1).expand(numbers, len(output), numbers).reshape(numbers, *output.shape)
    hessian = _hessian_times(loss, output, target, probes).reshape(numbers, len(output), numbers)
    symmetric = hessian.transpose(0, 1).double()
    values, vectors = torch.linalg.eigh((symmetric + symmetric.mT) / 2)
    roots: Tensor = vectors * values.clamp(min=0).sqrt().unsqueeze(1)  # (B, numbers, K)
    return roots.movedim(2, 0).to(output.dtype).reshape(numbers, *output.shape)


def _hessian_times(loss: PerSampleLoss, output: Tensor, target: Tensor, vectors: Tensor) -> Tensor:
    """Products of each sample's d^2 loss / d output^2 with vectors of shape (K, B, ...)."""
    with torch.enable_grad():
        free = output.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(loss(free, target).sum(), free, create_graph=True)
        if not slope.requires_grad:  # a loss that is linear in the output
            return torch.zeros_like(vectors)
        got: tuple[Tensor | None, ...] = torch.autograd.grad(
            slope, free, vectors, is_grads_batched=True, allow_unused=True
        )
    return torch.zeros_like(vectors) if got[0] is None else got[0].detach()


def _apart(values: Tensor, axis: int) -> Tensor:
    """As many copies in front as there are positions along an axis; copy k keeps position k only."""
    positions = values.shape[axis]
    if positions == 1:
        return values.unsqueeze(0)
    shape = [positions] + [1] * values.ndim
    shape[axis + 1] = positions
    return values.unsqueeze(0) * torch.eye(positions, dtype=values.dtype, device=values.device).reshape(shape)


def _signs(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.randint(0, 2, shape, generator=generator, dtype=torch.int8)
    return drawn.to(like.device, like.dtype) * 2.0 - 1.0
