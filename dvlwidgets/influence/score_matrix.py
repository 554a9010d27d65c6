"""A matrix of influences that nobody holds until it is asked for: test points x training points, in strips of columns.

Test gradients are preconditioned once; each training gradient is computed once, and a strip is the product of all
test points with some training points.
"""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from os import PathLike
from threading import RLock
from typing import Any, Protocol

import torch
from torch import Tensor

from ..data.identity import digest
from .base import InfluenceFunctionModel
from .batches import Batches
from .converters import NumpyConverter, check_converter
from .lazy import NestedLazyChunkSequence
from .reducers.base import Shape
from .rows import Rows
from .scan import tile_scores
from .store import GradientStore
from .types import InfluenceMode
from .zarr_writer import ZarrWriter

STRIP_BYTES = 128_000_000
"""A strip of scores with its training gradients is at most about so large."""

STORE_BYTES = 4_000_000_000
"""Training gradients are kept in memory for the next matrix if they take no more than that."""

ELSEWHERE = {"model", "loss", "members", "checkpoints", "progress", "warn_on_max_iteration"}
"""Arguments of constructors that other parts of the key know, or that change no score."""


class Strips(Protocol):
    """Where scores come from."""

    @property
    def test_sizes(self) -> tuple[int, ...]:
        """Test points in each batch."""
        ...

    @property
    def train_sizes(self) -> tuple[int, ...]:
        """Training points in each batch."""
        ...

    @property
    def trailing(self) -> tuple[int, ...]:
        """What a pair has: () for a number, the shape of a training input for perturbations."""
        ...

    @property
    def key(self) -> str:
        """What decides the scores."""
        ...

    def strips(self, start: int) -> Iterator[tuple[slice, Tensor]]:
        """(training points, scores (q, w, *trailing)) in order, from the training point `start` on."""
        ...

    def row(self, i: int) -> Iterator[Tensor]:
        """Scores of the i-th batch of test points, a block for each batch of training points."""
        ...


class InfluenceMatrix(NestedLazyChunkSequence):
    """Influences of training points (columns) on test points (rows), in blocks of the loaders' batches.

    Nothing is computed before it is asked for. `for row in matrix: for block in row` goes through test batches and,
    within them, training batches; `compute()` and `to_zarr` go through training points once.
    """

    def __init__(self, source: Strips) -> None:
        # no bound method of its own: a cycle would keep training gradients until the collector comes by
        super().__init__(
            lambda: (source.row(i) for i in range(len(source.test_sizes))), lambda: len(source.test_sizes)
        )
        self.source = source

    @property
    def shape(self) -> tuple[int, ...]:
        """(test points, training points), and the shape of a training input for perturbations; reads data only."""
        return (sum(self.source.test_sizes), sum(self.source.train_sizes), *self.source.trailing)

    def blocks(self) -> list[list[Any]]:
        """All blocks, a list for each test batch: views of one tensor."""
        rows = torch.split(self.whole(), list(self.source.test_sizes))
        return [list(torch.split(row, list(self.source.train_sizes), dim=1)) for row in rows]

    def whole(self) -> Tensor:
        """All influences as one tensor of `shape`."""
        matrix: Tensor | None = None
        for train, scores in self.source.strips(0):
            if matrix is None:
                matrix = scores.new_empty(self.shape)
            matrix[:, train] = scores
        assert matrix is not None  # data are never empty
        return matrix

    def to_zarr(
        self,
        path_or_store: Any,
        converter: NumpyConverter[Any] | None = None,
        *,
        return_stored: bool = True,
        overwrite: bool = False,
        chunks: tuple[int, ...] | None = None,
    ) -> Any:
        """Write the matrix to a zarr array, strip by strip of training points; it is never held.

        An unfinished array of the same data, model and settings is gone on with: call it again after a kill. The
        chunks finished last are computed again and compared, as a model fitted on other data cannot be told otherwise.

        Args:
            path_or_store: a folder's name, a URL, or a zarr store.
            converter: makes numpy arrays of scores; by default `TorchNumpyConverter()`.
            return_stored: return the array, which reads from the file what is asked of it.
            overwrite: begin anew over an array that is there.
            chunks: (test points, training points) of a chunk; by default the loaders' batches.

        Returns:
            The `zarr.Array`, of the scores' type and `shape`, or None.

        Raises:
            IdentityError: if there is an array of something else and overwrite is False.
            InstallationError: without zarr.
        """
        check_converter(converter)
        writer = ZarrWriter(
            path_or_store,
            converter,
            key=self.source.key,
            overwrite=overwrite,
            chunks=self._chunks() if chunks is None else chunks,
        )
        writer.begin(Shape(n_train=self.shape[1], n_test=self.shape[0]))
        for train, scores in self.source.strips(writer.start):
            writer.take(scores, train)
        array = writer.result()
        return array if return_stored else None

    def _chunks(self) -> tuple[int, ...]:
        tests, trains = max(self.source.test_sizes), max(self.source.train_sizes)
        bytes_a_column = 4 * self.shape[0] * math.prod(self.source.trailing)
        return tests, max(1, min(trains, STRIP_BYTES // bytes_a_column))


class LocalScores:
    """Scores that are computed here.

    Args:
        model: fitted.
        tests: preconditioned test rows, computed when they are first needed, kept then.
        test_sizes: test points in each batch, when they are asked for.
        test_key: what test rows depend on besides the model.
        train: the training data.
        mode: what a pair has.
        path: a folder for the training gradients; None keeps them in memory, or does not keep them if they take more
            than `STORE_BYTES`.
    """

    def __init__(
        self,
        model: InfluenceFunctionModel,
        tests: Callable[[], Rows],
        *,
        test_sizes: Callable[[], tuple[int, ...]],
        test_key: Callable[[], str],
        train: Batches,
        mode: InfluenceMode,
        path: str | PathLike[str] | None = None,
    ) -> None:
        self.model, self.train, self.mode = model, train, mode
        self._tests, self._test_sizes, self._test_key = tests, test_sizes, test_key
        self._path = path
        self._store: GradientStore | None = None
        self._rows: Rows | None = None
        self._lock = RLock()

    @property
    def test_sizes(self) -> tuple[int, ...]:
        return self._test_sizes()

    @property
    def train_sizes(self) -> tuple[int, ...]:
        return self.train.sizes

    @property
    def trailing(self) -> tuple[int, ...]:
        return tuple(self.train.first().x.shape[1:]) if self.mode is InfluenceMode.Perturbation else ()

    @property
    def key(self) -> str:
        parts = [key_of(self.model), self._test_key(), self.train.fingerprint, self.mode.value]
        return hashlib.blake2b("|".join(parts).encode(), digest_size=20).hexdigest()

    def factors(self) -> Rows:
        """All test rows, preconditioned."""
        with self._lock:
            if self._rows is None:
                self._rows = self._tests()
            return self._rows

    def strips(self, start: int) -> Iterator[tuple[slice, Tensor]]:
        factors = self.factors()
        return self._perturbed(factors, start) if self.trailing else self._scored(factors, start)

    def row(self, i: int) -> Iterator[Tensor]:
        sizes = self.test_sizes
        lo = sum(sizes[:i])
        own = self.factors()[lo : lo + sizes[i]]
        strips = self._perturbed(own, 0) if self.trailing else self._scored(own, 0)
        return recut(strips, self.train_sizes)

    def _scored(self, factors: Rows, start: int) -> Iterator[tuple[slice, Tensor]]:
        for train, rows in self._train_rows(start, len(factors)):
            yield train, tile_scores(self.model, factors, rows, train)

    def _train_rows(self, start: int, q: int) -> Iterator[tuple[slice, Rows]]:
        """Training gradients from `start` on: from the store, or straight from the data where they are too many."""
        with self._lock:
            if self._store is None:
                self._store = GradientStore.of(self.model, self.train, path=self._path)
        if self._path is not None or self._store.complete or self._store.nbytes <= STORE_BYTES:
            width = max(1, STRIP_BYTES // (self.model.problem.dtype.itemsize * (q + self.model.n_parameters)))
            for lo in range(start, self._store.n, width):
                hi = min(lo + width, self._store.n)
                yield slice(lo, hi), self._store.rows(lo, hi)
            return
        for at, batch in self.train.since(start):
            own = batch[max(0, start - at) :]
            yield slice(at + len(batch) - len(own), at + len(batch)), self.model.gradients(own)

    def _perturbed(self, factors: Rows, start: int) -> Iterator[tuple[slice, Tensor]]:
        z = factors.flat()
        per_point = z.element_size() * len(z) * math.prod(self.trailing)
        width = max(1, STRIP_BYTES // per_point)
        for position, batch in self.train.since(start):
            for lo in range(max(0, start - position), len(batch), width):
                own = batch[lo : lo + width]
                scores = self.model.influences_from_factors(z, own.x, own.target, self.mode)
                yield slice(position + lo, position + lo + len(own)), scores


def recut(strips: Iterator[tuple[slice, Tensor]], sizes: Sequence[int]) -> Iterator[Tensor]:
    """Scores in other pieces along axis 1."""
    held: list[Tensor] = []
    for size in sizes:
        while sum(t.shape[1] for t in held) < size:
            held.append(next(strips)[1])
        block = held[0] if len(held) == 1 else torch.cat(held, dim=1)
        yield block[:, :size]
        held = [block[:, size:]] if block.shape[1] > size else []


def key_of(model: InfluenceFunctionModel) -> str:
    """A hash of the method, the model, the loss and the constructor's arguments; not of what `fit` learned."""
    members = getattr(model, "members", ())
    own = [type(model).__qualname__, model.store_key, _settings(model), getattr(model, "block_names", None)]
    return digest([own, [key_of(member) for member in members]])


def _settings(model: Any) -> dict[str, str]:
    """The arguments of the constructor that are attributes, and the damping as it is now; objects by their class."""
    names = {*inspect.signature(type(model).__init__).parameters, "regularization"}
    settings = {}
    for name in sorted(names - ELSEWHERE):
        value = getattr(model, name, None)
        simple = value is None or isinstance(value, (int, float, str, Enum, Mapping, list, tuple))
        settings[name] = digest(value) if simple else type(value).__qualname__
    return settings
