"""Random values: what every comparison of methods needs beside them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...engine.draws import RANDOM_VALUES, uniforms, words
from ...engine.records import Estimate
from ...engine.stopping import NoStopping
from ...errors import InputTypeError
from ..samplers.checks import check_seed
from ..valuation import Valuation


@dataclass(frozen=True)
class Drawn:
    """Random numbers, shape (n,)."""

    values: NDArray[np.float64]
    seconds: float
    failure: str | None = None


class RandomJob:
    """One step, which draws all values."""

    unit = "draws"
    divisible = False
    round_steps = total_steps = 1
    value_unit = "random numbers"
    notes = ("a baseline: these values say nothing of the points, nor does their order",)

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.seed = n, seed

    def rows(self, step: int) -> int:
        return 1

    def units(self, steps: int) -> int:
        return min(1, steps)

    def first(self) -> None:
        return None

    def pack(self, first: None) -> None:
        return None

    def unpack(self, payload: Any) -> None:
        return None

    def initial(self, first: None) -> dict[str, NDArray[Any]]:
        return {"values": np.full(self.n, np.nan)}

    def plan(self, stats: Any) -> Mapping[str, Any]:
        return {}

    def checksum(self, steps: range) -> int:
        return 0

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Drawn:
        start = time.perf_counter()
        values = 2.0 * uniforms(words(self.seed, RANDOM_VALUES, step, self.n)) - 1.0
        return Drawn(values, time.perf_counter() - start)

    def join(self, payloads: Sequence[Drawn]) -> Drawn:
        (whole,) = payloads
        return whole

    def fold(self, stats: dict[str, NDArray[Any]], step: int, payload: Drawn) -> dict[str, NDArray[Any]]:
        return {"values": payload.values}

    def tally(self, payload: Drawn) -> tuple[int, int, int]:
        return 1, 0, 0

    def check(self, stats: Any, rounds: int) -> None:
        return None

    def estimate(self, stats: dict[str, NDArray[Any]]) -> Estimate:
        drawn = np.isfinite(stats["values"])
        return Estimate(stats["values"], np.where(drawn, 0.0, np.nan), drawn.astype(np.int64))

    def exact(self, stats: dict[str, NDArray[Any]]) -> bool:
        return bool(np.isfinite(stats["values"]).all())

    def steps_for_updates(self, updates: int) -> int | None:
        return None


class RandomValuation(Valuation):
    """Values that are uniform on [-1, 1), a function of the seed and of a point's position alone.

    Removing points in a random order, say, is the baseline that every method must beat.

    Args:
        random_state: integer, or None to draw one (it is recorded).
        progress: draw a progress bar.

    Raises:
        InputTypeError: if random_state is neither None nor an integer.
        InputError: if it is negative.
    """

    algorithm_name = "Random"
    threshold = None
    keeps_utilities = False

    def __init__(self, random_state: int | None = None, progress: bool = False) -> None:
        check_seed(random_state)
        super().__init__(None, NoStopping(), progress=progress)
        self.random_state = random_state

    def _job(self, data: Any, seed: int) -> RandomJob:
        if not isinstance(data, Dataset):
            raise InputTypeError(f"training data must be a Dataset, not {_given(data)}. Write Dataset(x, y).")
        return RandomJob(len(data), seed)

    def _parts(self, data: Dataset, job: RandomJob) -> tuple[dict[str, str], dict[str, Any]]:
        return {"training data": data.fingerprint}, {"draws": "random values"}

    def _seed(self) -> int | None:
        return self.random_state

    def __repr__(self) -> str:
        return f"RandomValuation({self.random_state!r})"


def _given(data: Any) -> str:
    return f"the class {data.__name__}" if isinstance(data, type) else type(data).__name__
