"""Influence by the Neumann series of the curvature, with products over random parts of the data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import flag, number, whole
from ..errors import InputError
from .base import BlockInfluence, warn_indefinite
from .cg import tolerance
from .curvature import Curvature
from .fit_bar import fit_bar
from .layout import BlockStructure
from .solvers.lanczos import BlockLanczos, lowest_eigenvalue
from .solvers.neumann import NeumannSeries, SeriesResult
from .solvers.products import Products
from .solvers.rows import Product
from .types import BlockMode, LossType, SecondOrderMode

BATCH = 256
"""Training points in a product, unless told otherwise."""

WORKLOAD = 100
"""Right-hand sides in a fit's life, about."""

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


class LissaInfluence(BlockInfluence):
    """Solves by the recursion h <- g + (1 - dampen) h - H h / scale over random training points (Agarwal et al. 2017).

    Each product looks at `batch_size` training points that are drawn anew from the data that `fit` keeps; the draws
    depend on the seed only. Random products multiply what was added since the last pass over all data and not the
    whole of h (Johnson & Zhang 2013), so their noise vanishes with the residual; the plain recursion's would stay, at
    some per cent. The residual that decides is against the whole curvature, relative to the gradient's length. Where
    the curvature's matrix is less work than the products it is made instead, and nothing is random.

    Args:
        model: a trained torch module.
        loss: `loss(output, target)`.
        regularization: the damping added to the curvature's diagonal: a number, one for each block by name, or None.
        maxiter: most iterations.
        dampen: added to H / scale: the result solves with a damping of regularization + scale dampen.
        scale: what products are divided by. The recursion diverges if it is below half the largest eigenvalue of H,
            and is slow if it is far above; fit looks at that eigenvalue and warns. None chooses for you.
        rtol: wanted residual, relative to the gradient's length.
        progress: draw a progress bar.
        warn_on_max_iteration: say when some have not converged.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        second_order_mode: a `SecondOrderMode`.
        hessian_regularization: an older name of `regularization`.
        seed: of the draws.
        batch_size: training points in a product; by default 256, or all if there are fewer.

    Warns:
        UserWarning: for a scale that is too small, for right-hand sides that have not converged, and for an
            indefinite curvature.

    References:
        [Agarwal, Bullins & Hazan 2017](https://arxiv.org/abs/1602.03943), Second-order stochastic optimization for
        machine learning in linear time.
        [Johnson & Zhang 2013](https://papers.nips.cc/paper/2013/hash/ac1dd209cbcc5e5d1c6e28598e8cbbe8-Abstract.html),
        Accelerating stochastic gradient descent using predictive variance reduction.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        maxiter: int = 1000,
        dampen: float = 0.0,
        scale: float | None = 10.0,
        rtol: float = 1e-4,
        progress: bool = False,
        warn_on_max_iteration: bool = True,
        block_structure: BlockStructure = BlockMode.FULL,
        second_order_mode: SecondOrderMode | str = SecondOrderMode.HESSIAN,
        *,
        hessian_regularization: float | Mapping[str, float] | None = None,
        seed: int = 0,
        batch_size: int | None = None,
    ) -> None:
        super().__init__(
            model,
            loss,
            regularization,
            block_structure=block_structure,
            second_order_mode=second_order_mode,
            hessian_regularization=hessian_regularization,
        )
        self.options = LissaOptions(
            whole("maxiter", maxiter, 1, "It is a number of iterations."),
            _between("dampen", dampen, 0.0, 1.0),
            None if scale is None else _between("scale", scale, 0.0, float("inf")),
            tolerance("rtol", rtol),
            flag("progress", progress),
            flag("warn_on_max_iteration", warn_on_max_iteration),
            whole("seed", seed, 0, "It decides which training points are drawn."),
        )
        if self.options.scale == 0.0:
            raise InputError(
                "scale=0 was given; products are divided by it. Pass scale=None to have it chosen."
            )
        hint = "It is a number of training points, such as 256."
        self.batch_size = None if batch_size is None else whole("batch_size", batch_size, 1, hint)

    @property
    def path(self) -> dict[str, str]:
        """How each block is multiplied: "dense", "products" with all data, or "batches"."""
        return {name: f.path for name, f in self._solvers.items()}

    @property
    def scale(self) -> dict[str, float]:
        """What products are divided by, by block, after `fit`."""
        return {name: f.scale(self._dampings[name]) for name, f in self._solvers.items()}

    @property
    def solutions(self) -> dict[str, SeriesResult]:
        """What the last solve of each block found: residuals, which converged, iterations."""
        return {name: f.last for name, f in self._solvers.items() if f.last is not None}

    @property
    def _solvers(self) -> dict[str, LissaFactors]:
        return {name: f for name, f in self._factors.items() if isinstance(f, LissaFactors)}

    def _factor(self, block: str, curvature: Curvature) -> LissaFactors:
        batch = min(self.batch_size or BATCH, curvature.n)
        vectors, share = WORKLOAD * self.options.maxiter, batch / curvature.n
        factors = LissaFactors(Products(curvature, vectors, share=share), self.options, batch)
        factors.check(self._dampings[block])
        return factors


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


def _between(name: str, given: float, least: float, most: float) -> float:
    value = number(name, given, "See LissaInfluence.")
    if not least <= value <= most:
        raise InputError(f"{name}={given!r} was given; expected a number from {least:g} to {most:g}.")
    return value
