"""Inner products of flat rows with rows that are sums of outer products, at the cost of one matrix product."""

from __future__ import annotations

import torch
from torch import Tensor

TILE = 300_000
"""Numbers of an intermediate that is made at once: so many that products run at speed, so few that caches hold them."""

WIDTH = 1_000
"""Factored rows that are taken at once, for the same reason."""


def contract(values: Tensor, a: Tensor, g: Tensor, *, bias: bool) -> Tensor:
    """Inner products of all pairs.

    Args:
        values: flat rows of a layer's weight (o d columns), and of its bias behind it: shape (q, o d [+ o]).
        a: shape (w, d) or (w, T, d).
        g: shape (w, o) or (w, T, o); the other rows are sum over t of g_t a_t^T, and of g_t.
        bias: whether there are columns of a bias.

    Returns:
        Shape (q, w).
    """
    o, d = g.shape[-1], a.shape[-1]
    weight = values[:, : o * d]
    total = _products(weight, a, g) if d else values.new_zeros(len(values), len(g))
    if bias:
        total += values[:, o * d :] @ (g if g.ndim == 2 else g.sum(1)).T
    return total


def _products(weight: Tensor, a: Tensor, g: Tensor) -> Tensor:
    q, (w, o, d) = len(weight), (len(g), g.shape[-1], a.shape[-1])
    if a.ndim == 3:
        count = max(1, TILE // (o * d))
        pieces = [
            weight @ torch.einsum("bto,btd->bod", g[at : at + count], a[at : at + count]).flatten(1).T
            for at in range(0, w, count)
        ]
        return torch.cat(pieces, dim=1)
    total = weight.new_zeros(q, w)
    # what few test rows make of the inputs is less than the products of inputs and gradients
    make = _by_tests if 4 * q < d else _by_outputs
    for at in range(0, w, WIDTH):
        make(weight, a[at : at + WIDTH], g[at : at + WIDTH], total[:, at : at + WIDTH])
    return total


def _by_tests(weight: Tensor, a: Tensor, g: Tensor, total: Tensor) -> None:
    (w, d), o = a.shape, g.shape[1]
    tests, across = max(1, TILE // (o * w)), g.T.contiguous()
    for at in range(0, len(weight), tests):
        half = (weight[at : at + tests].reshape(-1, d) @ a.T).reshape(-1, o, w)
        total[at : at + tests] = half.mul_(across).sum(1)


def _by_outputs(weight: Tensor, a: Tensor, g: Tensor, total: Tensor) -> None:
    (w, d), o = a.shape, g.shape[1]
    outputs = max(1, TILE // (w * d))
    for at in range(0, o, outputs):
        rows = (g[:, at : at + outputs].unsqueeze(2) * a.unsqueeze(1)).flatten(1)
        total.addmm_(weight[:, at * d : (at + outputs) * d], rows.T)
