"""All closed forms over neighbours as one job of the loop: a step is a chunk of test points.

Test points are visited in a seeded random order, so that the mean over those seen is an honest estimate of the mean
over all, with a finite-population standard error that is 0 when the last one is in.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from .knn_kernels import Worth

CHUNK_BYTES = 8_000_000
"""A chunk's distance matrix is at most about so large; smaller ones stay in the processor's cache."""

LARGE_BYTES = 128_000_000
"""Where that is less than 16 test points, 16 are taken up to this size: the training data are read once a chunk."""

ROUNDS = 10
"""A run has at least so many rounds, test points permitting: it must stream."""


class Kernel(Protocol):
    """Values of all points for each of some test points.

    Attributes:
        n: points (groups, if grouped) that get a value.
        metrics: name of what is valued.
        round_steps: chunks a round, so many workers can be busy.
        width: numbers held for a test point, besides its distances.
        by_rank: whether it takes training rows from near to far, or distances.
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

    def __call__(self, near: NDArray[Any], at: Indices, /) -> Worth:
        """Values from the ranking of rows or their distances (t, rows) for the test points at `at` (t,)."""
        ...


@dataclass(frozen=True)
class Block:
    """Mean and sum of squared deviations over a chunk of test points, each of shape (n,), and the mean ends (2,)."""

    points: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    ends: NDArray[np.float64]
    seconds: float
    failure: str | None = None


class KnnJob:
    """Neighbours and a kernel; the payload of a chunk is two moments of n numbers."""

    unit = "test points"
    divisible = False

    def __init__(self, neighbours: Neighbours, kernel: Kernel, seed: int) -> None:
        self.neighbours, self.kernel = neighbours, kernel
        self.n, self.metrics, self.round_steps = kernel.n, kernel.metrics, kernel.round_steps
        self.n_test = neighbours.n_test
        self.order = permutation(words(seed, TEST_POINTS, 0, self.n_test))
        streaming = max(1, self.n_test // (ROUNDS * self.round_steps))
        each = 8 * max(neighbours.n_rows, kernel.width)
        fitting = max(CHUNK_BYTES // each, min(16, LARGE_BYTES // each))
        self.chunk = int(np.clip(fitting, 1, streaming))
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

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Block:
        start = time.perf_counter()
        at = self.order[step * self.chunk : step * self.chunk + self.rows(step)]
        worth = self.each(at)
        values, ends = worth.values, np.array([worth.empty.mean(), worth.full.mean()])
        mean = values.mean(axis=0)
        values -= mean
        squares = np.einsum("tn,tn->n", values, values)
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
