"""Influence by the Neumann series of the curvature, with products over random parts of the data."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from ..arguments import flag, number, whole
from ..errors import InputError
from .block_influence import BlockInfluence
from .cg import tolerance
from .curvature import Curvature
from .layout import BlockStructure
from .lissa_factors import LissaFactors, LissaOptions
from .solvers.neumann import SeriesResult
from .solvers.products import Products
from .types import BlockMode, LossType, SecondOrderMode

BATCH = 256
"""Training points in a product, unless told otherwise."""

WORKLOAD = 100
"""Right-hand sides in a fit's life, about."""


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
        dampen: from 0 to 1, added to H / scale: the result solves with a damping of regularization + scale dampen.
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

    Raises:
        InputError, InputTypeError: for arguments that cannot work.

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


def _between(name: str, given: float, least: float, most: float) -> float:
    value = number(name, given, "See LissaInfluence.")
    if not least <= value <= most:
        raise InputError(f"{name}={given!r} was given; expected a number from {least:g} to {most:g}.")
    return value
