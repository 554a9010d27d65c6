"""All closed forms over neighbours as one job of the loop: a step is a chunk of test points.

Test points are visited in a seeded random order, so that the mean over those seen is an honest estimate of the mean
over all, with a finite-population standard error that is 0 when the last one is in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...arguments import flag
from ...data.dataset import Dataset
from ...data.identity import digest
from ...engine.draws import TEST_POINTS, permutation, words
from ...engine.records import Estimate
from ...engine.stopping import NoStopping
from ...typing import Indices
from ...utility.knn_checks import check_model, check_test_data, check_training_data
from ...utility.knn_neighbours import Neighbours, identity_of
from ..samplers.checks import check_seed
from ..valuation import Valuation
from .knn_kernels import BLOCK, Worth
from .knn_moments import Block, moments

CHUNK_BYTES = 8_000_000
"""A chunk's distance matrix is at most about so large; smaller ones stay in the processor's cache."""

LARGE_BYTES = 256_000_000
"""Where that is less than `FEWEST` test points, so many are taken up to this size."""

FEWEST = 32
"""The training data are read once a chunk."""

ROUNDS = 10
"""A run has at least so many rounds, test points permitting: it must stream."""

WORTH_A_STEP = 2**19
"""Distances that are worth a step of their own (some milliseconds): a matrix product of few test points is slow."""


class Kernel(Protocol):
    """Values of all points for each of some test points.

    Attributes:
        n: points (groups, if grouped) that get a value.
        metrics: name of what is valued.
        round_steps: chunks a round, so many workers can be busy.
        width: numbers held for a test point, besides its distances.
        by_rank: whether it takes training rows from near to far, or distances.
        few: whether it had rather be given a few test points at a time, whose numbers stay in the processor's cache,
            than all of a chunk; it may overwrite the ranking then.
    """

    @property
    def n(self) -> int: ...

    @property
    def metrics(self) -> tuple[str, ...]: ...

    @property
    def round_steps(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def by_rank(self) -> bool: ...

    @property
    def few(self) -> bool: ...

    def __call__(self, near: NDArray[Any], at: Indices, /) -> Worth:
        """Values from the ranking of rows or their distances (t, rows) for the test points at `at` (t,)."""
        ...


class KnnJob:
    """Neighbours and a kernel; the payload of a chunk is two moments of n numbers."""

    unit = "test points"
    divisible = False

    def __init__(self, neighbours: Neighbours, kernel: Kernel, seed: int) -> None:
        self.neighbours, self.kernel = neighbours, kernel
        self.n, self.metrics = kernel.n, kernel.metrics
        self.n_test = neighbours.n_test
        self.order = permutation(words(seed, TEST_POINTS, 0, self.n_test))
        each, a_round = 8 * max(neighbours.n_rows, kernel.width), max(1, self.n_test // ROUNDS)
        fitting = max(CHUNK_BYTES // each, min(FEWEST, LARGE_BYTES // each))
        streaming = max(1, a_round // kernel.round_steps)
        if kernel.few:
            streaming = max(streaming, min(a_round, WORTH_A_STEP // neighbours.n_rows))
        self.chunk = int(np.clip(fitting, 1, streaming))
        self.round_steps = int(np.clip(a_round // self.chunk, 1, kernel.round_steps))
        self.total_steps = -(-self.n_test // self.chunk)

    def rows(self, step: int) -> int:
        return min(self.chunk, self.n_test - step * self.chunk)

    def units(self, steps: int) -> int:
        return min(self.n_test, steps * self.chunk)

    def first(self) -> None:
        return None

    def pack(self, first: None) -> None:
        return None

    def unpack(self, payload: Any) -> None:
        return None

    def initial(self, first: None) -> dict[str, NDArray[Any]]:
        return {
            "points": np.zeros(1, np.int64),
            "mean": np.zeros(self.n),
            "m2": np.zeros(self.n),
            "ends": np.zeros(2),
        }

    def plan(self, stats: Any) -> Mapping[str, Any]:
        return {}

    def checksum(self, steps: range) -> int:
        return 0

    def each(self, at: Indices) -> Worth:
        """Values for each of the test points at these positions."""
        by_rank = self.kernel.by_rank
        return self.kernel(self.neighbours.order(at) if by_rank else self.neighbours.distances(at), at)

    def pieces(self, at: Indices) -> Iterator[Worth]:
        """The same for some test points at a time."""
        if not (self.kernel.few and self.kernel.by_rank):
            yield self.each(at)
            return
        together = max(1, BLOCK // self.neighbours.n_rows)
        for i, order in enumerate(self.neighbours.pieces(at, together)):
            yield self.kernel(order, at[i * together : (i + 1) * together])

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Block:
        start = time.perf_counter()
        at = self.order[step * self.chunk : step * self.chunk + self.rows(step)]
        mean, squares, ends = moments(self.pieces(at), self.n)
        return Block(len(at), mean, squares, ends, time.perf_counter() - start)

    def join(self, payloads: Sequence[Block]) -> Block:
        (whole,) = payloads
        return whole

    def fold(self, stats: dict[str, NDArray[Any]], step: int, payload: Block) -> dict[str, NDArray[Any]]:
        before, points = int(stats["points"][0]), payload.points
        delta, share = payload.mean - stats["mean"], payload.points / (before + points)
        return {
            "points": stats["points"] + points,
            "mean": stats["mean"] + delta * share,
            "m2": stats["m2"] + payload.squares + delta**2 * before * share,
            "ends": stats["ends"] + (payload.ends - stats["ends"]) * share,
        }

    def tally(self, payload: Block) -> tuple[int, int, int]:
        return payload.points, 0, 0

    def check(self, stats: Any, rounds: int) -> None:
        return None

    def estimate(self, stats: dict[str, NDArray[Any]]) -> Estimate:
        seen, of = int(stats["points"][0]), self.n_test
        counts = np.full(self.n, seen, np.int64)
        if seen == of:
            return Estimate(stats["mean"], np.zeros(self.n), counts)
        if seen < 2:
            unknown = np.full(self.n, np.nan)
            return Estimate(stats["mean"] if seen else unknown, unknown, counts)
        variance = stats["m2"] / (seen - 1) / seen * (1.0 - seen / of)
        return Estimate(stats["mean"], np.sqrt(variance), counts)

    def ends(self, stats: dict[str, NDArray[Any]]) -> tuple[float, float]:
        """v(empty) and v(N), as means over the test points seen; NaN before the first."""
        empty, full = stats["ends"] if stats["points"][0] else np.full(2, np.nan)
        return float(empty), float(full)

    def exact(self, stats: dict[str, NDArray[Any]]) -> bool:
        return int(stats["points"][0]) == self.n_test

    def steps_for_updates(self, updates: int) -> int | None:
        return None


class KnnValuation(Valuation):
    """Base of the KNN family: no fit, one pass over the test points; subclasses give `_kernel`.

    Args:
        model: scikit-learn's model of neighbours; its numbers and metric are used, it is never fitted.
        test_data: the points that values are averaged over. With `metric="precomputed"` its features are the
            distances to the training rows, shape (t, n_rows).
        progress: draw a progress bar.
        seed: order in which test points are visited.
    """

    keeps_utilities = False
    kind = "KNeighborsClassifier"
    instead = "ShapleyValuation(Utility(model, scorer))"
    exact_distances = False
    dtype = "float64"

    def __init__(self, model: Any, test_data: Dataset, *, progress: bool, seed: int | None) -> None:
        check_model(model, self.kind, instead=self.instead)
        check_test_data(test_data)
        super().__init__(None, NoStopping(), progress=flag("progress", progress))
        self.model, self.test_data, self.seed = model, test_data, seed
        check_seed(seed)

    def _kernel(self, data: Dataset) -> Kernel:
        """What turns distances into values."""
        raise NotImplementedError

    def _efficient(self, n: int) -> bool:
        return True

    def _options(self) -> dict[str, Any]:
        """What decides the values besides data and model."""
        return {}

    def _job(self, data: Any, seed: int) -> KnnJob:
        check_training_data(data)
        kernel = self._kernel(data)
        exact = self.exact_distances
        return self._on(
            Neighbours(data, self.test_data, self.model, exact=exact, dtype=self.dtype), kernel, seed
        )

    def _on(self, neighbours: Neighbours, kernel: Kernel, seed: int) -> KnnJob:
        """The job, on this machine's processor."""
        if kernel.by_rank:
            neighbours.prepare()
        return KnnJob(neighbours, kernel, seed)

    def _parts(self, data: Dataset, job: KnnJob) -> tuple[dict[str, str], dict[str, Any]]:
        parts = {"training data": data.fingerprint, "test data": self.test_data.fingerprint}
        return {**parts, "model": digest([identity_of(self.model), self._options()])}, {"chunk": job.chunk}

    def _seed(self) -> int | None:
        return self.seed

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self._options().items())
        return f"{type(self).__name__}({self.model!r}{options})"
