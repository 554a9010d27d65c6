"""The Neumann series of a damped inverse, term by term, with products of the whole matrix or of random parts of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .rows import Product

FIRST_LOOK = 16
"""Random iterations before the residual is looked at for the first time; the next look takes twice as many."""


@dataclass(frozen=True)
class SeriesResult:
    """What `neumann_series` found.

    Attributes:
        x: shape (k, p).
        residuals: |rhs - (A + scale dampen) x| / |rhs|, shape (k,); not finite where the series diverges.
        converged: which are within the tolerance.
        iterations: terms added.
    """

    x: Tensor
    residuals: Tensor
    converged: Tensor
    iterations: int


class NeumannSeries:
    """Iterates h <- b + (1 - dampen) h - A h / scale, whose limit is scale (A + scale dampen)^-1 b.

    It converges if all eigenvalues of A / scale + dampen lie between 0 and 2. With the whole matrix the change of h
    is the residual itself, and the first h that is within the tolerance is taken. With random parts of it h wanders
    about the limit for ever; the mean of the second half of the iterates does so far less, and its residual against
    the whole matrix, not the change of h, decides. Lengths are compared with the length of b, never elementwise.

    Args:
        product: rows v to rows A v.
        scale: at least half the largest eigenvalue; that eigenvalue is a good choice.
        dampen: added to the eigenvalues of A / scale.
        rtol: wanted residual, relative to b.
        maxiter: most terms.
        random: rows v and the number of the iteration to rows A_i v with a mean of A v, or None.
        each: called after each look with the terms added so far.
    """

    def __init__(
        self,
        product: Product,
        *,
        scale: float,
        dampen: float,
        rtol: float,
        maxiter: int,
        random: Callable[[Tensor, int], Tensor] | None = None,
        each: Callable[[int], None] | None = None,
    ) -> None:
        self.product, self.random, self.each = product, random, each
        self.scale, self.dampen, self.rtol, self.maxiter = scale, dampen, rtol, maxiter

    def __call__(self, rhs: Tensor) -> SeriesResult:
        """Solutions for the rows of `rhs`, shape (k, p)."""
        self._size = torch.linalg.vector_norm(rhs, dim=1).clamp(min=torch.finfo(rhs.dtype).tiny)
        return self._whole(rhs) if self.random is None else self._parts(rhs)

    def _whole(self, rhs: Tensor) -> SeriesResult:
        h, iterations = rhs.clone(), 0
        for iterations in range(1, self.maxiter + 1):
            change = self._residual(rhs, h)
            lengths = torch.linalg.vector_norm(change, dim=1) / self._size
            if self.each is not None:
                self.each(iterations)
            if bool((lengths <= self.rtol).all()) or not bool(torch.isfinite(lengths).all()):
                break
            h += change
        else:
            lengths = torch.linalg.vector_norm(self._residual(rhs, h), dim=1) / self._size
        return SeriesResult(h / self.scale, lengths, lengths <= self.rtol, iterations)

    def _parts(self, rhs: Tensor) -> SeriesResult:
        assert self.random is not None  # __call__
        h, total, counted, i = rhs.clone(), torch.zeros_like(rhs), 0, 0
        best, lengths = h.clone(), torch.full_like(self._size, float("inf"))
        looks = {
            -(-self.maxiter // 2**j) for j in range(self.maxiter.bit_length())
        }  # each window doubles the last
        for i in range(1, self.maxiter + 1):
            h += rhs - self.dampen * h - self.random(h, i - 1) / self.scale
            total, counted = total.add_(h), counted + 1
            if i not in looks or (i < FIRST_LOOK and i < self.maxiter):
                continue
            for candidate in (total / counted, h):
                residuals = torch.linalg.vector_norm(self._residual(rhs, candidate), dim=1) / self._size
                better = residuals < lengths
                best[better], lengths[better] = candidate[better], residuals[better]
            if self.each is not None:
                self.each(i)
            if bool((lengths <= self.rtol).all()) or not bool(torch.isfinite(h).all()):
                break
            total, counted = torch.zeros_like(rhs), 0
        if not bool(torch.isfinite(h).all()):
            lengths.fill_(float("inf"))
        return SeriesResult(best / self.scale, lengths, lengths <= self.rtol, i)

    def _residual(self, rhs: Tensor, h: Tensor) -> Tensor:
        return rhs - self.dampen * h - self.product(h) / self.scale
