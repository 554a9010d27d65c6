"""Influence by conjugate gradients: the curvature is never factored, only multiplied."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import flag, number, whole
from ..errors import InputError, InputTypeError
from .batches import Batches
from .block_influence import BlockInfluence, Factors, warn_indefinite
from .curvature import Curvature
from .fit_bar import fit_bar
from .layout import BlockStructure
from .preconditioners import ForBlock, Preconditioner
from .solvers.block_cg import BlockCg, Solution
from .solvers.lanczos import lowest_eigenvalue
from .solvers.products import Products, precision
from .types import BlockMode, LossType, SecondOrderMode

WORKLOAD = 1_000
"""Vectors that are multiplied in a fit's life, about: a hundred test points take some ten products each."""


class CgInfluence(BlockInfluence):
    """Solves by block conjugate gradients: one product with the curvature for all test points an iteration.

    All solutions share one space of directions, so k test points take far fewer iterations than k single runs; those
    that have converged leave. A residual r of a right-hand side b has converged when |r| <= max(rtol |b|, atol), and
    is computed anew before that is believed. If the damped curvature turns out to be indefinite, conjugate residuals
    take over, which need no positive definite one, and a warning says so.

    Args:
        model: a trained torch module.
        loss: `loss(output, target)`.
        regularization: the damping added to the curvature's diagonal: a number, one for each block by name, or None.
        rtol: wanted residual, relative to the gradient's length.
        atol: wanted residual, absolute; the larger of the two counts.
        maxiter: most products with blocks of vectors; by default as many as there are parameters, 100 at least.
        progress: draw a progress bar.
        precompute_grad: accepted for pyDVL's sake, where it is not used either.
        preconditioner: a `JacobiPreconditioner()`, `NystroemPreconditioner()` or `EkfacPreconditioner()`.
        solve_simultaneously: accepted for pyDVL's sake: right-hand sides are always solved together.
        warn_on_max_iteration: say when some have not converged.
        block_structure: a `BlockMode`, or a mapping of block names to parameter names.
        second_order_mode: a `SecondOrderMode`.
        hessian_regularization: an older name of `regularization`.

    Raises:
        InputError, InputTypeError: for arguments that cannot work.

    Warns:
        UserWarning: for right-hand sides that have not converged, and for an indefinite curvature.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        regularization: float | Mapping[str, float] | None = None,
        rtol: float = 1e-4,
        atol: float = 1e-6,
        maxiter: int | None = None,
        progress: bool = False,
        precompute_grad: bool = False,
        preconditioner: Preconditioner | None = None,
        solve_simultaneously: bool = False,
        warn_on_max_iteration: bool = True,
        block_structure: BlockStructure = BlockMode.FULL,
        second_order_mode: SecondOrderMode | str = SecondOrderMode.HESSIAN,
        *,
        hessian_regularization: float | Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(
            model,
            loss,
            regularization,
            block_structure=block_structure,
            second_order_mode=second_order_mode,
            hessian_regularization=hessian_regularization,
        )
        self.options = CgOptions(
            tolerance("rtol", rtol),
            tolerance("atol", atol),
            None if maxiter is None else whole("maxiter", maxiter, 1, "It is a number of iterations."),
            flag("progress", progress),
            flag("warn_on_max_iteration", warn_on_max_iteration),
        )
        self.precompute_grad = flag("precompute_grad", precompute_grad)
        self.solve_simultaneously = flag("solve_simultaneously", solve_simultaneously)
        if preconditioner is not None and (
            isinstance(preconditioner, type) or not isinstance(preconditioner, Preconditioner)
        ):
            raise InputTypeError(
                f"preconditioner={preconditioner!r} was given; expected JacobiPreconditioner(), "
                "NystroemPreconditioner(rank=10), EkfacPreconditioner(), or None."
            )
        self.preconditioner = preconditioner
        self._for_block: ForBlock | None = None

    @property
    def path(self) -> dict[str, str]:
        """How each block is multiplied: "dense", by its matrix, or "products", by passes over the data."""
        return {name: factors.products.path for name, factors in self._solvers.items()}

    @property
    def solutions(self) -> dict[str, Solution]:
        """What the last solve of each block found: residuals, which converged, iterations, products."""
        return {name: f.last for name, f in self._solvers.items() if f.last is not None}

    @property
    def _solvers(self) -> dict[str, CgFactors]:
        return {name: f for name, f in self._factors.items() if isinstance(f, CgFactors)}

    def _learn(self, batches: Batches) -> None:
        self._for_block = (
            None if self.preconditioner is None else self.preconditioner.begin(self.problem, batches)
        )
        super()._learn(batches)
        self._for_block = None

    def _factor(self, block: str, curvature: Curvature) -> CgFactors:
        products = Products(curvature, WORKLOAD, wide=True)
        made = None if self._for_block is None else self._for_block(products, self.block_columns(block))
        return CgFactors(products, self.options, made)


@dataclass(frozen=True)
class CgOptions:
    """See `CgInfluence`."""

    rtol: float
    atol: float
    maxiter: int | None
    progress: bool
    warn: bool


@dataclass
class CgFactors:
    """Nothing is factored: the products, and the preconditioner.

    Attributes:
        products: with the curvature of a block.
        options: of the solver.
        preconditioner: its approximate inverse, or None.
        last: what the last solve found.
    """

    products: Products
    options: CgOptions
    preconditioner: Factors | None = None
    last: Solution | None = None
    told: set[float] = field(default_factory=set)

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """See `base.Factors`."""
        options, made = self.options, self.preconditioner
        solver = BlockCg(
            self.products.damped(damping),
            rtol=options.rtol,
            atol=options.atol,
            maxiter=max(100, self.products.p) if options.maxiter is None else options.maxiter,
            precondition=None if made is None else self._preconditioned(made, damping),
            each=converged_bar("CG", len(rhs)) if options.progress else None,
        )
        self.last = solver(rhs.to(self.products.like))
        if self.last.lowest is not None and damping not in self.told:
            self.told.add(damping)
            lowest = lowest_eigenvalue(self.products, self.products.p, self.products.like)
            warn_indefinite(min(lowest, self.last.lowest - damping), damping)
        if options.warn and not bool(self.last.converged.all()):
            self._warn(rhs, damping)
        return self.last.x.to(rhs.dtype)

    def _preconditioned(self, made: Factors, damping: float) -> Callable[[Tensor], Tensor]:
        narrow = precision(
            self.products.curvature
        )  # an approximation needs no more digits than the model has
        return lambda v: made.solve(v.to(narrow), damping).to(v.dtype)

    def _warn(self, rhs: Tensor, damping: float) -> None:
        last = self.last
        assert last is not None  # just solved
        open_ = ~last.converged
        lengths = torch.linalg.vector_norm(rhs, dim=1).to(last.residuals)
        worst = float((last.residuals[open_] / lengths[open_].clamp(min=1e-30)).max())
        warnings.warn(
            f"conjugate gradients: {int(open_.sum())} of {len(rhs)} right-hand sides have not converged in "
            f"{last.iterations} iterations; the worst residual is {worst:.1e} of its right-hand side, rtol is "
            f"{self.options.rtol:.1e}. Raise maxiter, rtol or regularization (now {damping:.2g}), pass a "
            "preconditioner, or use a model in float64 if the residual no longer falls.",
            UserWarning,
            stacklevel=5,
        )

    def to(self, device: Any) -> CgFactors:
        """Moves itself; returns self."""
        self.products.to(device)
        move = getattr(self.preconditioner, "to", None)
        if move is not None:
            move(device)
        return self


def converged_bar(label: str, total: int) -> Any:
    """Told how many of the right-hand sides have converged, draws a bar."""
    more, before = fit_bar(label, total, "right-hand sides", "solving"), 0

    def each(converged: int) -> None:
        nonlocal before
        more(max(0, converged - before))
        before = max(before, converged)

    return each


def tolerance(name: str, given: float) -> float:
    """A number of at least 0."""
    value = number(name, given, "It is a tolerance, such as 1e-4.")
    if value < 0:
        raise InputError(f"{name}={given!r} was given; expected a number of at least 0, such as 1e-4.")
    return value
