"""What a scan will take, said before it begins: bytes, multiplications, the way it goes, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..errors import InputError
from .base import BlockInfluence, InfluenceFunctionModel
from .batches import Batches
from .direct import DirectInfluence
from .free_memory import free_bytes, readable
from .reducers import Reducer, Shape
from .rows import Flat, Rows
from .scan import CHUNK

PROBE = 2
"""Samples whose gradients are looked at."""

BESIDE = 9
"""Bytes that a store keeps of a sample besides its gradient: the loss, and whether it is there."""

PROJECTED = 4096
"""Numbers a gradient in the advice to project it."""

MEMORY, DISK = "memory", "disk"


@dataclass(frozen=True)
class Item:
    """Something that takes room or time.

    Attributes:
        name: curvature, store, factors, tile, batch or results.
        nbytes: that are still to be taken.
        where: "memory" or "disk".
        flops: multiplications and additions, NaN where nobody counted.
        words: how it is done.
    """

    name: str
    nbytes: int
    where: str
    flops: float
    words: str


@dataclass(frozen=True)
class Plan:
    """The cost of all influences of `n_train` training points on `n_test` test points.

    Attributes:
        method: name of the influence model.
        n_train: training points.
        n_test: test points.
        p: numbers in a gradient.
        width: training points a tile.
        itemsize: bytes of a number.
        items: what takes room or time.
        free: bytes that are free on the device.
        device: where the work is done.
    """

    method: str
    n_train: int
    n_test: int
    p: int
    width: int
    itemsize: int
    items: tuple[Item, ...]
    free: int
    device: str = "cpu"

    @property
    def nbytes(self) -> int:
        """Bytes of memory at the most."""
        return sum(item.nbytes for item in self.items if item.where == MEMORY)

    @property
    def flops(self) -> float:
        """Of everything that was counted."""
        return sum(item.flops for item in self.items if not isnan(item.flops))

    @property
    def fits(self) -> bool:
        """Whether memory suffices."""
        return self.nbytes <= self.free

    def __getitem__(self, name: str) -> Item:
        return next(item for item in self.items if item.name == name)

    def check(self) -> Plan:
        """Itself, if it fits.

        Raises:
            InputError: if it does not, with smaller choices and what each would take.
        """
        if self.fits:
            return self
        largest = max((i for i in self.items if i.where == MEMORY), key=lambda item: item.nbytes)
        choices = sorted(self._choices(), key=lambda choice: -choice[2])
        told = [(words, self.nbytes - saved) for _, words, saved in choices if saved > 0]
        if len(told) > 1 and told[0][1] > self.free:
            best = {name: max(s for own, _, s in choices if own == name) for name, _, _ in choices}
            told.append(("the best of each together", self.nbytes - sum(best.values())))
        lines = [
            f"- {words}: {readable(left)}{', fits' if left <= self.free else ''}" for words, left in told
        ]
        raise InputError(
            f"{self.method} on {self.n_train:,} x {self.n_test:,} points takes {readable(self.nbytes)} of memory, and "
            f"{readable(self.free)} are free on {self.device}. The most is the {largest.name} "
            f"({readable(largest.nbytes)}). Smaller choices, and what is taken in all with each:\n"
            + "\n".join(lines)
        )

    def _choices(self) -> Iterator[tuple[str, str, int]]:
        """What else could be asked for: (item, advice, bytes of memory saved)."""
        store, factors, tile = self["store"], self["factors"], self["tile"]
        if store.where == MEMORY:
            yield "store", "keep the gradients on disk, path='gradients'", store.nbytes
            yield "store", "keep them in half the bytes, dtype='bfloat16'", store.nbytes // 2
            kept = PROJECTED * self.itemsize * (self.n_train + self.n_test)
            words = f"project the gradients, TrakInfluence(model, loss, projection={PROJECTED})"
            yield "store", words, store.nbytes + factors.nbytes - kept
        each = -(-factors.nbytes // self.n_test)
        part = (self.free - self.nbytes + factors.nbytes) // max(each, 1)
        part = max(1, min(part if part > 0 else self.n_test // 10, self.n_test))
        yield "factors", f"fewer test points, {part:,} of them", factors.nbytes - part * each
        narrow = -(-tile.nbytes // self.width)
        yield "tile", f"narrower tiles, budget={narrow}", tile.nbytes - narrow
        yield (
            "curvature",
            "a curvature that is never a matrix, EkfacInfluence(model)",
            self["curvature"].nbytes,
        )

    def __repr__(self) -> str:
        head = (
            f"{self.method}: {self.n_train:,} training x {self.n_test:,} test points, {self.p:,} parameters"
        )
        rows = [("", "bytes", "where", "FLOP", "how")]
        rows += [(i.name, readable(i.nbytes), i.where, _count(i.flops), i.words) for i in self.items]
        rows.append(
            ("in all", readable(self.nbytes), MEMORY, _count(self.flops), f"{readable(self.free)} are free")
        )
        widths = [max(len(row[k]) for row in rows) for k in range(4)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in (1, 2, 3)), row[4]])
            for row in rows
        ]
        return "\n".join([head, *(line.rstrip() for line in lines)])


def plan_of(
    model: InfluenceFunctionModel,
    test: Any,
    train: Any,
    *,
    reducers: Sequence[Reducer] | None = None,
    **options: Any,
) -> Plan:
    """What statistics of all influences will take; computes the gradients of two samples to know.

    Args:
        model: an influence model, fitted or not.
        test: test points, as for `InfluenceStatistics`.
        train: training points.
        reducers: what is kept.
        **options: `budget`, `path`, `dtype` of `InfluenceStatistics`.

    Raises:
        InputError, InputTypeError: for models and data that do not go together.
    """
    from .runs import InfluenceStatistics  # runs ask for plans of their own

    return InfluenceStatistics(model, test, reducers=reducers, **options).plan(train)


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


def _count(flops: float) -> str:
    return "-" if isnan(flops) else f"{flops:.1e}" if flops else "0"
