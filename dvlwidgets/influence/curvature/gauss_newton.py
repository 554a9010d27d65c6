"""The generalised Gauss-Newton matrix J^T (d^2 loss / d output^2) J: products, and rows of its square root."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TypeAlias

import torch
from torch import Tensor
from torch.func import grad, jvp, vjp, vmap

from ..batches import Batch
from ..gradients import Gradients
from ..layout import Layout
from ..output_curvature import output_roots
from ..rows import Rows
from .convexity import require_convex
from .hessian import ROWS, TANGENTS
from .resident import Resident
from .row_source import RowSource

Tree: TypeAlias = dict[str, Tensor]

ALL = 1 << 40
"""No limit on the rows a sample: none of them is drawn at random."""


class GaussNewton(RowSource):
    """Source of the generalised Gauss-Newton matrix, which equals the Fisher matrix of a known likelihood.

    Rows are J^T s for the columns s of a square root of each sample's output Hessian: for c classes c - 1 a sample.
    Schraudolph, Fast curvature matrix-vector products for second-order gradient descent (Neural Computation 2002).

    Raises:
        InputError: for a loss that is not convex in the output, before any work.
    """

    def __init__(self, resident: Resident) -> None:
        super().__init__(resident)
        problem = resident.problem
        if problem.likelihood is None:
            with torch.no_grad():
                for batch in resident.pieces(ROWS):
                    require_convex(problem.loss, problem.output(problem.params, batch), batch.target)
        pulled = copy.copy(problem)
        pulled.__dict__.pop("key", None)
        pulled.loss = _inner  # type: ignore[assignment]  # (B,) from outputs and cotangents, as losses are
        self._gradients = Gradients(pulled)

    def _pieces(self) -> Iterator[Iterator[Rows]]:
        problem = self.resident.problem
        for batch in self.resident.pieces(self.resident.rows_for(2 * problem.p)):
            with torch.no_grad():
                output = problem.output(problem.params, batch)
            if not self._gradients.path:
                # chosen on vectors that are nowhere zero, nor along what softmax ignores
                weights = torch.linspace(
                    0.5, 1.5, output[0].numel(), dtype=output.dtype, device=output.device
                )
                self._pull(batch, weights.reshape(output.shape[1:]).expand_as(output))
            yield self._pulled_all(batch, output_roots(problem.loss, output, batch.target, limit=ALL))

    def _pulled_all(self, batch: Batch, roots: Tensor) -> Iterator[Rows]:
        return (self._pull(batch, root) for root in roots)

    def _pull(self, batch: Batch, cotangents: Tensor) -> Rows:
        return self._gradients(Batch(batch.inputs, cotangents, batch.keywords))

    def products(self, sub: Layout, vectors: Tensor) -> Tensor:
        """See `Source`: J, the output's Hessian and J^T one after the other, without rows."""
        out = torch.zeros_like(vectors)
        activations = self.resident.activations
        for batch in self.resident.pieces(min(ROWS, self.resident.rows_for(TANGENTS * activations))):
            each = vectors.element_size() * (TANGENTS * len(batch) * activations + 3 * sub.p)
            for lo in range(0, len(vectors), step := max(1, self.resident.work // each)):
                out[lo : lo + step] += self._product(batch, sub, vectors[lo : lo + step])
        return out

    def _product(self, batch: Batch, sub: Layout, vectors: Tensor) -> Tensor:
        problem = self.resident.problem
        params = problem.params
        own = {name: params[name] for name in sub.names}

        def output(moving: Tree) -> Tensor:
            return problem.output({**params, **moving}, batch)

        def slope(z: Tensor) -> Tensor:
            return problem.loss(z, batch.target).sum()

        made = vjp(output, own)
        value, pull = made[0], made[1]
        inner = vjp(grad(slope), value)[1]  # symmetric: products from either side are the same
        push = _pusher(output, own, pull, value)

        def product(t: Tree) -> Tree:
            pulled: Tree = pull(*inner(push(t)))[0]
            return pulled

        out = vmap(product)(sub.unflatten(vectors))
        return sub.flatten(out).detach()


def _inner(output: Tensor, cotangents: Tensor) -> Tensor:
    return (output * cotangents).flatten(1).sum(1)


def _pusher(
    output: Callable[[Tree], Tensor], own: Tree, pull: Callable[[Tensor], tuple[Tree]], value: Tensor
) -> Callable[[Tree], Tensor]:
    """J v: by forward mode, or by differentiating J^T u in u where a layer knows no forward mode."""

    def forward(t: Tree) -> Tensor:
        tangent: Tensor = jvp(output, (own,), (t,))[1]
        return tangent

    try:
        forward({name: torch.zeros_like(v) for name, v in own.items()})
    except (NotImplementedError, RuntimeError):
        again = vjp(lambda u: pull(u)[0], torch.zeros_like(value))[1]

        def backward(t: Tree) -> Tensor:
            tangent: Tensor = again(t)[0]
            return tangent

        return backward
    return forward
