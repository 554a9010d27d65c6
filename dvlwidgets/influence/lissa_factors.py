"""A block's curvature as LiSSA needs it: random products, and how large they may be."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .block_influence import warn_indefinite
from .fit_bar import fit_bar
from .solvers.lanczos import BlockLanczos, lowest_eigenvalue
from .solvers.neumann import NeumannSeries, SeriesResult
from .solvers.products import Products
from .solvers.rows import Product

MARGIN = 1.1
"""scale=None is this times the largest eigenvalue that was seen."""

LOOKED_AT = 4
"""Batches whose largest eigenvalues are looked at."""

BETWEEN = 8
"""Least number of random products between two with all the data; otherwise both see as many points."""

FEW = 64
"""Up to so many batches of data, the points of a batch are drawn without replacement; from more it makes no odds."""

SEEDS = 1_000_003
"""Iterations that one seed has draws of its own for; torch looks at the lower 32 bits of a seed only."""


@dataclass(frozen=True)
class LissaOptions:
    """See `LissaInfluence`."""

    maxiter: int
    dampen: float
    scale: float | None
    rtol: float
    progress: bool
    warn: bool
    seed: int


@dataclass
class LissaFactors:
    """Nothing is factored: the products, and the largest eigenvalue that they may have.

    Attributes:
        products: with the curvature of a block.
        options: of the recursion.
        batch: training points in a product.
        last: what the last solve found.
    """

    products: Products
    options: LissaOptions
    batch: int
    last: SeriesResult | None = None
    checked: set[float] = field(default_factory=set)
    top: float = 0.0

    def __post_init__(self) -> None:
        """Looks for the largest eigenvalue: of the whole, and of a few batches, whose curvature differs."""
        seen = [self._largest(self.products)]
        if self.path == "batches":
            count = min(LOOKED_AT, self.products.curvature.n // self.batch)
            seen += [
                self._largest(self.products.curvature.batch(self._drawn(i)).matmul) for i in range(count)
            ]
        self.top = max(seen)

    @property
    def path(self) -> str:
        """See `LissaInfluence.path`."""
        if self.products.path == "dense" or self.batch == self.products.curvature.n:
            return self.products.path
        return "batches"

    def scale(self, damping: float) -> float:
        """What products are divided by."""
        return self.options.scale or max(MARGIN * (self.top + damping), torch.finfo(torch.float32).tiny)

    def check(self, damping: float) -> None:
        """Warns of a recursion that diverges, once for each damping."""
        if damping in self.checked:
            return
        self.checked.add(damping)
        scale, largest = self.scale(damping), self.top + damping
        if largest / scale + self.options.dampen >= 2.0:
            warnings.warn(
                f"LiSSA with scale={scale:.3g} diverges: the curvature's largest eigenvalue is {largest:.3g}, and "
                f"scale must be above half of it. Pass scale={MARGIN * largest:.2g}, or scale=None to have it chosen.",
                UserWarning,
                stacklevel=6,
            )

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """See `base.Factors`.

        Raises:
            InputError: if the recursion diverged.
        """
        self.check(damping)
        options = self.options
        series = NeumannSeries(
            self.products.damped(damping),
            scale=self.scale(damping),
            dampen=options.dampen,
            rtol=options.rtol,
            maxiter=options.maxiter,
            random=self._random(damping) if self.path == "batches" else None,
            between=max(BETWEEN, self.products.curvature.n // self.batch),
            each=_bar(options.maxiter) if options.progress else None,
        )
        self.last = series(rhs.to(self.products.like))
        worst = float(self.last.residuals.max()) if len(rhs) else 0.0
        if worst > 1.0:
            lowest = lowest_eigenvalue(self.products, self.products.p, self.products.like)
            if lowest + damping < 0:
                warn_indefinite(lowest, damping)
        if not bool(torch.isfinite(self.last.residuals).all()):
            raise InputError(
                f"LiSSA diverged after {self.last.iterations} iterations with scale={self.scale(damping):.3g}; the "
                f"largest eigenvalue seen is {self.top + damping:.3g}. Pass a larger scale (scale=None chooses), a "
                "larger batch_size, or more regularization if the curvature is indefinite."
            )
        if options.warn and not bool(self.last.converged.all()):
            self._warn(worst, damping)
        return self.last.x.to(rhs.dtype)

    def _random(self, damping: float) -> Any:
        def multiply(rows: Tensor, iteration: int) -> Tensor:
            part = self.products.curvature.batch(self._drawn(iteration))
            return part.matmul(rows).to(rows.dtype).add_(rows, alpha=damping)  # type: ignore[no-any-return]

        return multiply

    def _drawn(self, iteration: int) -> Tensor:
        """Positions of the training points of an iteration, drawn independently of all others."""
        n = self.products.curvature.n
        generator = torch.Generator().manual_seed((self.options.seed * SEEDS + iteration) % (1 << 32))
        if n <= FEW * self.batch:
            return torch.randperm(n, generator=generator)[: self.batch]
        return torch.randint(n, (self.batch,), generator=generator)  # hardly a point twice

    def _largest(self, product: Product) -> float:
        solver = BlockLanczos(product, block=4, dimension=40, tol=1e-2, restarts=2)
        return max(0.0, float(solver(1, self.products.p, self.products.like).values[0]))

    def _warn(self, worst: float, damping: float) -> None:
        assert self.last is not None  # just solved
        open_ = int((~self.last.converged).sum())
        best = MARGIN * (self.top + damping)
        hint = (
            f"scale={best:.2g} (it is {self.scale(damping):.3g}), " if self.scale(damping) > 2 * best else ""
        )
        warnings.warn(
            f"LiSSA: {open_} of {len(self.last.converged)} right-hand sides have not converged in "
            f"{self.last.iterations} iterations; the worst residual is {worst:.1e} of the gradient, rtol is "
            f"{self.options.rtol:.1e}. Pass {hint}a larger maxiter, rtol or regularization "
            f"(now {damping:.2g}), or use CgInfluence.",
            UserWarning,
            stacklevel=5,
        )

    def to(self, device: Any) -> LissaFactors:
        """Moves itself; returns self."""
        self.products.to(device)
        return self


def _bar(total: int) -> Any:
    more, before = fit_bar("LiSSA", total, "iterations", "solving"), 0

    def each(done: int) -> None:
        nonlocal before
        more(done - before)
        before = done

    return each
