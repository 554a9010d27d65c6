"""The Neumann series of a damped inverse, term by term, with products of the whole matrix or of random parts of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .rows import Product

DIVERGED = 1e3
"""A residual this many times as long as the right-hand side does not come back."""


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
    is the residual itself, and the first h that is within the tolerance is taken. With random parts A_i of it, h would
    wander about the limit for ever; so they multiply only what was added since the last look, h - s, and A s, computed
    with the whole matrix at each look, does the rest (Johnson & Zhang 2013). The noise then vanishes with the residual,
    which is computed at each look. Lengths are compared with the length of b, never elementwise.

    Args:
        product: rows v to rows A v.
        scale: at least half the largest eigenvalue; that eigenvalue is a good choice.
        dampen: added to the eigenvalues of A / scale.
        rtol: wanted residual, relative to b.
        maxiter: most terms.
        random: rows v and the number of the iteration to rows A_i v with a mean of A v, or None.
        between: random terms between two looks.
        each: called after each look with the terms added so far.

    References:
        [Johnson & Zhang 2013](https://papers.nips.cc/paper/2013/hash/ac1dd209cbcc5e5d1c6e28598e8cbbe8-Abstract.html),
        Accelerating stochastic gradient descent using predictive variance reduction.
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
        between: int = 16,
        each: Callable[[int], None] | None = None,
    ) -> None:
        self.product, self.random, self.between, self.each = product, random, between, each
        self.scale, self.dampen, self.rtol, self.maxiter = scale, dampen, rtol, maxiter

    def __call__(self, rhs: Tensor) -> SeriesResult:
        """Solutions for the rows of `rhs`, shape (k, p)."""
        self._size = torch.linalg.vector_norm(rhs, dim=1).clamp(min=torch.finfo(rhs.dtype).tiny)
        return self._whole(rhs) if self.random is None else self._parts(rhs)

    def _whole(self, rhs: Tensor) -> SeriesResult:
        h, iterations = rhs.clone(), 0
        for iterations in range(1, self.maxiter + 1):
            change = self._residual(rhs, h)
            lengths = self._lengths(change)
            if self.each is not None:
                self.each(iterations)
            if bool((lengths <= self.rtol).all()) or _diverged(lengths):
                break
            h += change
        else:
            lengths = self._lengths(self._residual(rhs, h))
        return self._result(h, lengths, iterations, lengths)

    def _parts(self, rhs: Tensor) -> SeriesResult:
        assert self.random is not None  # __call__
        h, done = rhs.clone(), 0
        best, lengths = h, torch.full_like(self._size, float("inf"))
        while True:
            anchor, image = h.clone(), self.product(h)
            latest = self._lengths(rhs - self.dampen * h - image / self.scale)
            better = latest < lengths
            best = torch.where(better[:, None], h, best)
            lengths = torch.where(better, latest, lengths)
            if self.each is not None:
                self.each(done)
            if done >= self.maxiter or bool((lengths <= self.rtol).all()) or _diverged(latest):
                return self._result(best, lengths, done, latest)
            for i in range(done, done := min(done + self.between, self.maxiter)):
                change = self.random(h - anchor, i).add_(image)
                h += rhs - self.dampen * h - change / self.scale

    def _result(self, h: Tensor, lengths: Tensor, iterations: int, latest: Tensor) -> SeriesResult:
        if _diverged(latest):
            lengths = torch.full_like(lengths, float("inf"))
        return SeriesResult(h / self.scale, lengths, lengths <= self.rtol, iterations)

    def _lengths(self, residual: Tensor) -> Tensor:
        lengths: Tensor = torch.linalg.vector_norm(residual, dim=1) / self._size
        return lengths

    def _residual(self, rhs: Tensor, h: Tensor) -> Tensor:
        return rhs - self.dampen * h - self.product(h) / self.scale


def _diverged(lengths: Tensor) -> bool:
    return not bool((lengths < DIVERGED).all())  # nor NaN
