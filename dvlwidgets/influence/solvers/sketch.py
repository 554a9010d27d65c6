"""A positive semi-definite matrix from its products with a few random vectors (Nystroem)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .rows import Product, gaussian, orthonormal


@dataclass(frozen=True)
class Sketch:
    """An approximation from below.

    Attributes:
        values: shape (r,), descending, not negative.
        vectors: orthonormal rows, shape (r, p).
        lowest: the lowest v A v over unit v in the sketched space; clearly below zero for a matrix that is indefinite
            there.
        products: products with single rows that it took.
    """

    values: Tensor
    vectors: Tensor
    lowest: float
    products: int


def nystroem_sketch(
    product: Product,
    p: int,
    rank: int,
    like: Tensor,
    *,
    seed: int = 0,
    passes: int = 2,
    turn: Product | None = None,
) -> Sketch:
    """The randomised Nystroem approximation A Omega (Omega^T A Omega)^-1 Omega^T A of rank `rank`.

    Args:
        product: rows v to rows A v.
        p: size of A.
        rank: of the approximation.
        like: a tensor of the wanted precision and place.
        seed: of the random vectors.
        passes: products with all vectors; with 2 the first one turns them towards the largest eigenvalues, which
            brings the approximation close to the best of its rank.
        turn: what turns them, where that is not A itself but something cheaper that is near it.

    References:
        [Tropp, Yurtsever, Udell & Cevher 2017](https://arxiv.org/abs/1706.05736), Fixed-rank approximation of a
        positive-semidefinite matrix from streaming data.
    """
    test = orthonormal(gaussian(rank, p, like, seed))
    for _ in range(passes - 1):
        turned = orthonormal((turn or product)(test))
        # a matrix of lower rank leaves fewer vectors: that rank is all there is
        test = turned if len(turned) else test[:1]
    image = product(test)
    products = (passes - 1) * rank + len(test)
    # a small shift makes the core invertible without changing what can be seen in this precision
    size = torch.linalg.vector_norm(image)
    shift = torch.finfo(image.dtype).eps * float(size) * p**0.5
    core = test @ image.T
    values, vectors = torch.linalg.eigh(0.5 * (core + core.T))
    lowest = float(values[0])
    shifted = values + shift
    usable = shifted > 0.5 * shift  # none is lost for a semi-definite matrix
    shifted, vectors = shifted[usable], vectors[:, usable]
    half = (vectors / shifted.sqrt()).T @ (image + shift * test)
    _, singular, rows = torch.linalg.svd(half, full_matrices=False)
    return Sketch((singular**2 - shift).clamp(min=0.0), rows, lowest, products)
