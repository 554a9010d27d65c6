"""One symmetric matrix, the curvature of the mean loss, whichever of the three it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from ..batches import Batches
from ..forward_mode import forward_mode_ready
from ..layout import Layout
from ..problem import Problem
from ..types import SecondOrderMode, choose
from .resident import Resident
from .selection import Selection


class Source(Protocol):
    """Where products and matrices come from, for whole parameters; sums over data points, not means."""

    resident: Resident

    def products(self, sub: Layout, vectors: Tensor) -> Tensor:
        """Rows H v for rows v, both (k, sub.p)."""
        ...

    def dense(self, sub: Layout) -> Tensor:
        """The matrix (sub.p, sub.p)."""
        ...

    def matrix_cost(self, sub: Layout) -> float:
        """How many products with single vectors take as long as `dense`, about."""
        ...

    def rows(self, sub: Layout) -> Iterator[Tensor] | None:
        """Tensors (r, sub.p) whose rows' outer products add up to the matrix, or None where there are no such rows."""
        ...

    def forget(self) -> None:
        """The data are others from now on: nothing of the old ones is kept."""
        ...

    def to(self, device: torch.device) -> None:
        """Move what is kept."""
        ...


class Curvature:
    """The curvature of the mean loss over n data points, or a diagonal block of it; no damping.

    Attributes:
        mode: which matrix it is.
        columns: of the vector of all parameters that it covers, int64 (p,) on the CPU.
        p: their number.
        n: data points.
    """

    def __init__(self, source: Source, mode: SecondOrderMode, layout: Layout, columns: Tensor) -> None:
        self._source, self.mode, self._layout = source, mode, layout
        self._selection = Selection.of(layout, columns)
        self.columns = self._selection.columns
        self.p, self.n = len(self.columns), source.resident.n

    @property
    def device(self) -> torch.device:
        """Where the work is done."""
        return self._source.resident.problem.device

    @property
    def dtype(self) -> torch.dtype:
        """Of products and matrices."""
        return self._source.resident.problem.dtype

    @property
    def kept(self) -> bool:
        """Whether the data are kept, so that `batch` can look some of them up."""
        return self._source.resident.kept

    def restrict(self, columns: Tensor) -> Curvature:
        """The diagonal block of some columns (of the vector of all parameters); shares the data."""
        return Curvature(self._source, self.mode, self._layout, columns)

    def matmul(self, v: Tensor) -> Tensor:
        """Rows H v for rows v of shape (k, p), for all k in one pass over the data."""
        v = v.to(self.device, self.dtype)
        with torch.no_grad():
            out = self._source.products(self._selection.cover, self._selection.widen(v))
        return self._selection.narrow(out) / self.n

    def forms(self, v: Tensor) -> Tensor:
        """v^T H v for each of the rows v of shape (k, p): float64 (k,).

        By square-root rows where there are fewer of them a sample than vectors: a backward pass for each, and one
        matrix product; by products with H elsewhere.
        """
        v = v.to(self.device, self.dtype)
        rows = self.row_gradients() if self._source.resident.outputs <= len(v) else None
        if rows is None:
            return (self.matmul(v) * v).sum(1).double()
        total = torch.zeros(len(v), dtype=torch.float64, device=self.device)
        with torch.no_grad():
            for some in rows:
                total += (some @ v.T).square().sum(0)
        return total / self.n

    def dense(self) -> Tensor:
        """The matrix, shape (p, p), exactly symmetric."""
        with torch.no_grad():
            whole = self._source.dense(self._selection.cover)
        if self._selection.within is not None:
            within = self._selection.within.to(whole.device)
            whole = whole[within[:, None], within]
        return whole.div_(self.n)

    @property
    def matrix_cost(self) -> float:
        """About how many products with a vector take as long as `dense`."""
        with torch.no_grad():
            return self._source.matrix_cost(self._selection.cover)

    @property
    def most_rows(self) -> int:
        """Square-root rows are at most so many, where there are any."""
        return self.n * self._source.resident.outputs

    def row_gradients(self) -> Iterator[Tensor] | None:
        """Square-root rows (r, p): the sum of their outer products over n is the matrix; None for a Hessian.

        One row a sample for the empirical Fisher matrix, as many as the output's Hessian has directions for
        Gauss-Newton: one for each class of each position.
        """
        rows = self._source.rows(self._selection.cover)
        return None if rows is None else (self._selection.narrow(r) for r in rows)

    def batch(self, rows: Tensor) -> Curvature:
        """The same of the mean loss over some of the data points only: int64 positions, in any order.

        Raises:
            InputError: where the data are too many to be kept in memory.
        """
        source = copy.copy(self._source)
        source.resident = self._source.resident.take(rows)
        source.forget()
        return Curvature(source, self.mode, self._layout, self.columns)

    def to(self, device: Any) -> Curvature:
        """Move the data that it keeps; the model is moved by whom it belongs to."""
        self._source.to(torch.device(device))
        return self


def curvature_of(problem: Problem, batches: Batches, mode: SecondOrderMode | str) -> Curvature:
    """The curvature of the mean loss of a problem over data.

    Args:
        problem: model and loss.
        batches: the data; batches of any sizes, each data point counts the same.
        mode: which matrix.
    """
    from .fisher import Fisher
    from .gauss_newton import GaussNewton
    from .hessian import Hessian

    kind = choose(SecondOrderMode, mode, "second_order_mode")
    forward_mode_ready()
    resident = Resident(problem, batches)
    source: Source
    if kind is SecondOrderMode.HESSIAN:
        source = Hessian(resident)
    elif kind is SecondOrderMode.GAUSS_NEWTON:
        source = GaussNewton(resident)
    else:
        source = Fisher(resident)
    return Curvature(source, kind, problem.layout, torch.arange(problem.p))
