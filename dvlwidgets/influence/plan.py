"""What a scan will take, said before it begins: bytes, multiplications, the way it goes, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from ..errors import InputError
from .base import InfluenceFunctionModel
from .free_memory import readable
from .reducers import Reducer

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


def _count(flops: float) -> str:
    return "-" if isnan(flops) else f"{flops:.1e}" if flops else "0"
