"""Scores of loaders' data by a cluster: data go out shard by shard, a bounded number of results comes back at a time.

Training gradients stay with the workers that computed them, so that the next test points find them there.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from torch import Tensor

from . import dask_tasks as tasks
from .base import InfluenceFunctionModel
from .batches import Batch, Batches, cat
from .calculators import FactorSequence, GivenFactors
from .score_matrix import STORE_BYTES, STRIP_BYTES, key_of, recut
from .types import InfluenceMode

SHARD = 256
"""Samples of a task, if batches are smaller."""

KEPT = 0.3
"""Training gradients stay on the workers if they take at most this share of their memory."""


class Cluster:
    """A client and a model that was sent to its workers.

    Args:
        client: a `distributed.Client`.
        model: here.
        remote: gives the future of the model there.
    """

    def __init__(self, client: Any, model: InfluenceFunctionModel, remote: Callable[[], Any]) -> None:
        self.client, self.model, self.remote = client, model, remote
        self._kept: tuple[str, dict[int, tuple[int, Any]]] | None = None

    def send(self, thing: Any) -> Any:
        """Data on a worker."""
        return self.client.scatter(thing, hash=False)

    def submit(self, function: Any, *arguments: Any) -> Any:
        """A task with the model as its first argument."""
        return self.client.submit(function, self.remote(), *arguments, pure=False)

    def in_order(self, placed: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Results with their places, in order, with only as many tasks on the way as keep all workers busy."""
        ahead = 2 * sum(self.client.nthreads().values())
        waiting: deque[tuple[int, Any]] = deque()
        for at, future in placed:
            waiting.append((at, future))
            if len(waiting) > ahead:
                first, done = waiting.popleft()
                yield first, done.result()
        while waiting:
            first, done = waiting.popleft()
            yield first, done.result()

    def stacked_factors(self, test: Batches) -> Any:
        """The future of all preconditioned test gradients."""
        parts = [self.submit(tasks.factors, self.send(batch)) for _, batch in shards(test)]
        return self.client.submit(tasks.stack, parts, pure=False)

    def factor_blocks(self, batches: Batches, row: int) -> Iterator[Tensor]:
        """Factors (b, p) from a row on, batch by batch."""
        placed = (
            (at, self.submit(tasks.flat, self.send(batch[max(0, row - at) :])))
            for at, batch in batches.since(row)
        )
        return (block for _, block in self.in_order(placed))

    def train_rows(self, train: Batches, start: int) -> Iterator[tuple[int, Any]]:
        """(first sample, future of the gradients) shard by shard; kept where the workers' memory allows."""
        kept = self._shelf(train)
        if kept is None:
            for at, batch in shards(train, start):
                yield at, self.submit(tasks.gradients, self.send(batch))
        elif sum(length for length, _ in kept.values()) == len(train):
            yield from ((at, future) for at, (length, future) in sorted(kept.items()) if at + length > start)
        else:
            for at, batch in shards(train):
                if at not in kept:
                    kept[at] = len(batch), self.submit(tasks.gradients, self.send(batch))
                if at + len(batch) > start:
                    yield at, kept[at][1]

    def _shelf(self, train: Batches) -> dict[int, tuple[int, Any]] | None:
        """Lengths and gradients of the shards that are on the workers, by first sample; None if they do not fit."""
        key = f"{self.model.store_key}|{train.fingerprint}"
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, {}) if self._fits(train) else None
        return None if self._kept is None else self._kept[1]

    def _fits(self, train: Batches) -> bool:
        some = self.client.scheduler_info()["workers"].values()  # recent versions list five of them
        limit = sum(worker["memory_limit"] or 0 for worker in some) / max(1, len(some))
        room = KEPT * limit * len(self.client.nthreads()) if limit else STORE_BYTES
        return tasks.bytes_a_row(self.model, train.first()) * len(train) <= room


class ClusterScores:
    """Scores that a cluster computes; see `score_matrix.Strips`.

    Args:
        cluster: a client and a model.
        test: test data, or factors that a user brings.
        train: the training data.
        mode: what a pair has.
    """

    def __init__(
        self, cluster: Cluster, test: Batches | GivenFactors, train: Batches, mode: InfluenceMode
    ) -> None:
        self.cluster, self.test, self.train, self.mode = cluster, test, train, mode

    @property
    def test_sizes(self) -> tuple[int, ...]:
        return self.test.sizes

    @property
    def train_sizes(self) -> tuple[int, ...]:
        return self.train.sizes

    @cached_property
    def trailing(self) -> tuple[int, ...]:
        return tuple(self.train.first().x.shape[1:]) if self.mode is InfluenceMode.Perturbation else ()

    @property
    def key(self) -> str:
        of_test = self.test.key if isinstance(self.test, GivenFactors) else self.test.fingerprint
        parts = [key_of(self.cluster.model), of_test, self.train.fingerprint, self.mode.value]
        return hashlib.blake2b("|".join(parts).encode(), digest_size=20).hexdigest()

    @cached_property
    def factors(self) -> Any:
        """The future of all test rows."""
        if isinstance(self.test, GivenFactors):
            return self.cluster.client.scatter(self.test.rows().to("cpu"), hash=False, broadcast=True)
        return self.cluster.stacked_factors(self.test)

    def strips(self, start: int) -> Iterator[tuple[slice, Tensor]]:
        return self._strips(self.factors, sum(self.test_sizes), start)

    def row(self, i: int) -> Iterator[Tensor]:
        lo = sum(self.test_sizes[:i])
        own = self.cluster.client.submit(tasks.some, self.factors, lo, lo + self.test_sizes[i], pure=False)
        return recut(self._strips(own, self.test_sizes[i], 0), self.train_sizes)

    def _strips(self, tests: Any, q: int, start: int) -> Iterator[tuple[slice, Tensor]]:
        placed = self._perturbed(tests, q, start) if self.trailing else self._scored(tests, start)
        for at, scores in self.cluster.in_order(placed):
            cut = max(0, start - at)
            yield slice(at + cut, at + scores.shape[1]), scores[:, cut:]

    def _scored(self, tests: Any, start: int) -> Iterator[tuple[int, Any]]:
        for at, rows in self.cluster.train_rows(self.train, start):
            yield at, self.cluster.submit(tasks.strip, tests, rows, at)

    def _perturbed(self, tests: Any, q: int, start: int) -> Iterator[tuple[int, Any]]:
        per_point = self.cluster.model.problem.dtype.itemsize * q * math.prod(self.trailing)
        width = max(1, STRIP_BYTES // per_point)
        for at, batch in shards(self.train, start):
            for lo in range(0, len(batch), width):
                own = self.cluster.send(batch[lo : lo + width])
                yield at + lo, self.cluster.submit(tasks.perturbed, tests, own)


class ClusterFactors(FactorSequence):
    """Factors that a cluster computes, one tensor (b, p) for each batch."""

    def __init__(self, cluster: Cluster, batches: Batches) -> None:
        super().__init__(cluster.model, batches)
        self.cluster, self.generator_factory = cluster, lambda: cluster.factor_blocks(batches, 0)

    def _blocks_from(self, row: int) -> Iterator[Tensor]:
        return self.cluster.factor_blocks(self.batches, row)


def shards(data: Batches, start: int = 0) -> Iterator[tuple[int, Batch]]:
    """(position of its first sample, samples) in pieces of at least `SHARD`, from a sample on."""
    held: list[Batch] = []
    first = start
    for at, batch in data.since(start):
        held.append(batch[max(0, start - at) :])
        if sum(map(len, held)) >= SHARD:
            whole = cat(held)
            yield first, whole
            first, held = first + len(whole), []
    if held:
        yield first, cat(held)
