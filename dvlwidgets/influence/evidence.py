"""The damping that the data themselves speak for: the evidence of a Gaussian prior on the parameters.

MacKay, A practical Bayesian framework for backpropagation networks (Neural Computation 1992): the precision of a prior
is best where its product with |parameters|^2 equals the number of parameters that the data determine, the sum over
eigenvalues of eigenvalue / (eigenvalue + damping). It needs no data held out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .curvature import Curvature
from .problem import Problem

DENSE_LIMIT = 1_024
"""Parameters up to which the eigenvalues themselves are taken."""

ROWS_LIMIT, ROWS_BYTES = 2_048, 512 << 20
"""Square-root rows, and their bytes, up to which the eigenvalues are taken from the rows' inner products."""

PROBES, STEPS = 8, 40
"""Random vectors, and products with each of them, from which the spectrum of larger matrices is estimated."""


def evidence_damping(problem: Problem, curvature: Curvature, n: int, mean_loss: float, outputs: int) -> float:
    """The damping w with w |parameters|^2 n / c = number of determined parameters; 0 where there is none.

    Args:
        problem: model and loss.
        curvature: the Gauss-Newton matrix of the mean loss, on some of the data.
        n: training points that the model was fitted to.
        mean_loss: on these points.
        outputs: numbers that the model gives for a sample, counting a distribution over classes as one.
    """
    size = float(sum(t.double().square().sum() for t in problem.params.values()))
    values, weights = _spectrum(curvature)
    if size == 0 or not bool((values > 0).any()):
        return 0.0
    per_unit = _loss_of_likelihood(problem, mean_loss, outputs) / (n * size)

    def excess(w: float) -> float:
        return float((weights * values / (values + w)).sum()) * per_unit - w

    low, high = 1e-12 * float(values.max()), float((weights * values).sum()) ** 0.5 * per_unit**0.5
    for _ in range(60):  # excess falls in w: bisection in its logarithm
        middle = math.sqrt(low * max(high, low))
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return low


def _loss_of_likelihood(problem: Problem, mean_loss: float, outputs: int) -> float:
    """What the loss is for each unit of negative logarithmic likelihood."""
    if problem.likelihood == "gaussian":
        return 2.0 * mean_loss / outputs  # the noise's variance is what the model leaves unexplained
    averaged = getattr(problem.loss.loss, "reduction", "mean") == "mean"
    return 1.0 / outputs if averaged and problem.likelihood is not None else 1.0


def _spectrum(curvature: Curvature) -> tuple[Tensor, Tensor]:
    """Eigenvalues and how many stand for each, in float64: exact, or by Lanczos from random signs.

    Ubaru, Chen & Saad, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature (SIAM J. Matrix Anal. 2017).
    """
    if curvature.p <= DENSE_LIMIT:
        values = torch.linalg.eigvalsh(curvature.dense().double()).clamp(min=0).cpu()
        return values, torch.ones_like(values)
    width = curvature.p * torch.finfo(curvature.dtype).bits // 8
    if curvature.most_rows <= ROWS_LIMIT and curvature.most_rows * width <= ROWS_BYTES:
        rows = torch.cat(list(curvature.row_gradients() or ()))
        values = torch.linalg.eigvalsh((rows @ rows.T).double() / curvature.n).clamp(min=0).cpu()
        return values, torch.ones_like(values)
    p, generator = curvature.p, torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (PROBES, p), generator=generator) * 2 - 1
    v = signs.to(curvature.device, curvature.dtype) / math.sqrt(p)
    before, beta = torch.zeros_like(v), v.new_zeros(PROBES, 1)
    diagonal, beside = [], []
    for _ in range(STEPS):
        product = curvature.matmul(v) - beta * before
        alpha = (product * v).sum(1, keepdim=True)
        product -= alpha * v
        diagonal.append(alpha)
        beta = product.norm(dim=1, keepdim=True)
        beside.append(beta)
        # an exhausted Krylov space goes on as zeros, which have no weight
        before, v = v, product / beta.clamp(min=torch.finfo(v.dtype).tiny)
    a, b = (torch.cat(t, dim=1).double().cpu() for t in (diagonal, beside))
    small = torch.diag_embed(a) + torch.diag_embed(b[:, :-1], 1) + torch.diag_embed(b[:, :-1], -1)
    values, vectors = torch.linalg.eigh(small)
    weights = vectors[:, 0].square() * (p / PROBES)
    return values.clamp(min=0).flatten(), weights.flatten()
