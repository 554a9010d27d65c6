"""Approximate inverses that make conjugate gradients converge in fewer products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from torch import Tensor

from ..arguments import whole
from .batches import Batches
from .block_influence import Factors
from .problem import Problem
from .rows import Rows
from .solvers.products import Products, precision
from .solvers.rows import gaussian
from .solvers.sketch import nystroem_sketch

ForBlock: TypeAlias = Callable[[Products, Tensor], Factors]
"""(products of a block, its columns in the flat vector) -> factors; solve(v, damping) is the approximate inverse."""

FLOOR = 1e-4
"""An approximate inverse never divides by less than this times the mean eigenvalue that it knows."""


@runtime_checkable
class Preconditioner(Protocol):
    """What `CgInfluence(preconditioner=...)` takes."""

    def begin(self, problem: Problem, batches: Batches) -> ForBlock:
        """Look at the training data once, if need be; the result makes the factors of each block."""
        ...


class JacobiPreconditioner:
    """Division by the curvature's diagonal.

    The diagonal is exact where the curvature's matrix or the rows that it is made of are at hand (Gauss-Newton,
    empirical Fisher, small models); for a large Hessian it is estimated from products with random signs (Bekas,
    Kokiopoulou & Saad 2007).

    Args:
        num_samples_estimator: vectors of random signs, where the diagonal is estimated.

    Raises:
        InputError, InputTypeError: for a number below 1, or none.

    References:
        [Bekas, Kokiopoulou & Saad 2007](https://doi.org/10.1016/j.apnum.2007.01.003).
    """

    def __init__(self, num_samples_estimator: int = 1) -> None:
        hint = "It is a number of random vectors, such as 10."
        self.num_samples_estimator = whole("num_samples_estimator", num_samples_estimator, 1, hint)

    def begin(self, problem: Problem, batches: Batches) -> ForBlock:
        """See `Preconditioner`."""
        return lambda products, _: Diagonal(diagonal_of(products, self.num_samples_estimator))


@dataclass
class Diagonal:
    """Division by a positive diagonal, shape (p,)."""

    values: Tensor

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """See `base.Factors`."""
        return rhs / (self.values + damping).clamp(min=_floor(float(self.values.mean())))

    def to(self, device: Any) -> Diagonal:
        """Moves itself; returns self."""
        self.values = self.values.to(device)
        return self


def diagonal_of(products: Products, samples: int, seed: int = 0) -> Tensor:
    """Absolute values of a curvature's diagonal, shape (p,)."""
    if products.matrix is not None:
        return products.matrix.diagonal().abs().clone()
    rows = products.curvature.row_gradients()
    if rows is not None:
        total = products.like.new_zeros(products.p)
        for some in rows:
            total += some.to(total.dtype).square().sum(0)
        mean: Tensor = total / products.curvature.n
        return mean
    signs = gaussian(samples, products.p, products.like, seed).sign()
    estimate: Tensor = (signs * products(signs)).mean(0).abs()
    return estimate


class NystroemPreconditioner:
    """The inverse of a low-rank sketch of the curvature, and its last eigenvalue for all that the sketch leaves out.

    Args:
        rank: of the sketch.
        rank_estimate: an older name of `rank`.

    References:
        [Frangella, Tropp & Udell 2023](https://doi.org/10.1137/21M1466244), Randomized Nystroem preconditioning.
    """

    def __init__(self, rank: int = 10, *, rank_estimate: int | None = None) -> None:
        given = rank if rank_estimate is None else rank_estimate
        self.rank = whole("rank", given, 1, "It is the rank of the sketch, such as 10.")

    def begin(self, problem: Problem, batches: Batches) -> ForBlock:
        """See `Preconditioner`."""
        return self._of_block

    def _of_block(self, products: Products, _: Tensor) -> Factors:
        sketch = nystroem_sketch(products, products.p, min(self.rank, products.p), products.like, passes=1)
        narrow = precision(products.curvature)  # what it will be asked in; the work may be wider
        return Deflation(sketch.values.to(narrow), sketch.vectors.to(narrow))


@dataclass
class Deflation:
    """Leading eigenpairs are brought to the size of the last one.

    Attributes:
        values: shape (r,), descending.
        vectors: orthonormal rows (r, p).
    """

    values: Tensor
    vectors: Tensor

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """See `base.Factors`; up to a constant factor, which conjugate gradients do not see."""
        floor = _floor(float(self.values.mean()))
        shifted = (self.values + damping).clamp(min=floor)
        return rhs + ((rhs @ self.vectors.T) * (shifted[-1] / shifted - 1)) @ self.vectors

    def to(self, device: Any) -> Deflation:
        """Moves itself; returns self."""
        self.values, self.vectors = self.values.to(device), self.vectors.to(device)
        return self


class EkfacPreconditioner:
    """The inverse that EKFAC knows: conjugate gradients start from EKFAC's answer and correct it.

    The first direction of search is EKFAC's solution, and the first iterate is the best multiple of it (with several
    right-hand sides, the best combination), so it is at least as good as EKFAC's influence.
    """

    def begin(self, problem: Problem, batches: Batches) -> ForBlock:
        """See `Preconditioner`."""
        from .ekfac import EkfacInfluence  # siblings that need not know each other

        ekfac = EkfacInfluence(problem.model, update_diagonal=True, loss=problem.loss.loss)
        ekfac.to(problem.device).fit(batches)
        return lambda _, columns: EkfacFactors(ekfac, columns)


@dataclass
class EkfacFactors:
    """EKFAC's damped inverse on some columns of the flat vector.

    Attributes:
        ekfac: a fitted `EkfacInfluence`.
        columns: int64 (k,).
    """

    ekfac: Any
    columns: Tensor

    def solve(self, rhs: Tensor, damping: float) -> Tensor:
        """See `base.Factors`."""
        means = self.ekfac.mean_eigenvalues()
        self.ekfac.with_regularization({n: max(damping, _floor(mean)) for n, mean in means.items()})
        layout = self.ekfac.problem.layout
        wide = rhs.new_zeros(len(rhs), layout.p)
        wide[:, self.columns] = rhs
        solved: Tensor = self.ekfac.precondition(Rows.of_flat(layout, wide)).flat()
        return solved[:, self.columns]

    def to(self, device: Any) -> EkfacFactors:
        """Moves itself; returns self."""
        self.ekfac.to(device)
        self.columns = self.columns.to(device)
        return self


def _floor(mean: float) -> float:
    return max(FLOOR * abs(mean), 1e-30)
