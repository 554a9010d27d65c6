"""How a plan is made: from the gradients of two samples, and what methods say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from .base import InfluenceFunctionModel
from .batches import Batches
from .block_influence import BlockInfluence
from .direct import DirectInfluence
from .free_memory import free_bytes
from .plan import DISK, MEMORY, Item, Plan
from .reducers import Reducer, Shape
from .rows import Flat, Rows
from .scan import CHUNK
from .shelves import BESIDE

PROBE = 2
"""Samples whose gradients are looked at."""


def plan_for(
    model: InfluenceFunctionModel,
    train: Batches,
    shape: Shape,
    width: int,
    reducers: Sequence[Reducer],
    *,
    on_disk: bool = False,
    kept: torch.dtype | None = None,
    there: float = 0.0,
) -> Plan:
    """The plan of a scan.

    Args:
        model: an influence model.
        train: training points.
        shape: their number and that of the test points.
        width: training points a tile.
        reducers: what is kept.
        on_disk: whether the gradients are.
        kept: their precision.
        there: the share of the gradients that is in memory already.
    """
    probe = _Probe(model, train)
    n, q, p = shape.n_train, shape.n_test, model.n_parameters
    size = probe.rows.nbytes / len(probe.rows)
    stored = size if kept is None else size * kept.itemsize / probe.itemsize
    store = Item(
        "store",
        0 if there >= 1.0 else int((stored + BESIDE) * n * (1.0 - there)),
        DISK if on_disk else MEMORY,
        probe.flops * n * (1.0 - there),
        probe.words if there < 1.0 else "computed already",
    )
    factors = Item("factors", q * p * probe.itemsize, MEMORY, _solving(model, q), "one solve a test point")
    tile = Item(
        "tile",
        width * (2 * q + p) * probe.itemsize,  # scores, a copy that is sorted, flat gradients
        MEMORY,
        2.0 * n * q * p,
        f"all test points x {width:,} training points at a time",
    )
    rows = min(max(train.batch_size or CHUNK, CHUNK), n)
    batch = Item("batch", int(rows * size), MEMORY, nan, f"{rows:,} gradients on their way to the store")
    for reducer in reducers:
        reducer.begin(shape)
    kept_bytes = sum(values.nbytes for reducer in reducers for values in reducer.arrays.values())
    names = ", ".join(reducer.name for reducer in reducers)
    results = Item("results", kept_bytes, MEMORY, nan, names)
    items = (_curvature(model), store, factors, tile, batch, results)
    free = free_bytes(model.device)
    return Plan(type(model).__name__, n, q, p, width, probe.itemsize, items, free, str(model.device))


class _Probe:
    """The gradients of a few samples: what one takes, and how it is had."""

    def __init__(self, model: InfluenceFunctionModel, train: Batches) -> None:
        few = train.first()[:PROBE]
        model.gradients(few)  # the first call also decides how
        with FlopCounterMode(display=False) as counter:
            self.rows: Rows = model.gradients(few)
        self.flops = counter.get_total_flops() / len(few)
        tensors = self.rows.tensors().values()
        self.itemsize = next(t.itemsize for t in tensors if t.is_floating_point())
        self.words = _ways(self.rows)


def _ways(rows: Rows) -> str:
    """How gradients are kept, in words."""
    numbers = sum(t.numel() for t in rows.tensors().values()) // len(rows)
    factored = [part for part in rows.parts if not isinstance(part, Flat)]
    if not factored:
        return f"{numbers:,} numbers a point, flat"
    layers = f"{len(factored)} layer{'s' if len(factored) > 1 else ''} as factors"
    flat = len(rows.parts) - len(factored)
    others = f", {flat} flat" if flat else ""
    return f"{numbers:,} numbers a point instead of {rows.layout.p:,}: {layers}{others}"


def _curvature(model: InfluenceFunctionModel) -> Item:
    needs: Any = getattr(model, "bytes_needed", None)
    if model.is_fitted:
        words = "learned already" if model.needs_fit else "none"
        return Item("curvature", 0, MEMORY, 0.0, words)
    if needs is None:
        return Item("curvature", 0, MEMORY, nan, f"not told by {type(model).__name__}")
    flops = sum(k**3 / 3.0 for k in _blocks(model)) if isinstance(model, DirectInfluence) else nan
    return Item("curvature", int(needs()), MEMORY, flops, "matrices, their factors and work")


def _solving(model: InfluenceFunctionModel, q: int) -> float:
    if isinstance(model, DirectInfluence):
        return 2.0 * q * sum(k**2 for k in _blocks(model))
    return nan if model.needs_fit else 0.0


def _blocks(model: BlockInfluence) -> list[int]:
    return [len(model.block_columns(name)) for name in model.block_names]
