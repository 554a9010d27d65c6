"""What a cache costs an evaluation, and what it saves: microseconds a subset, by batch size. `make bench-prints`.

Nothing is asserted but that the scores are the same.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_worlds import blobs

from dvlwidgets import (
    DiskCacheBackend,
    InMemoryCacheBackend,
    MemcachedCacheBackend,
    MemcachedClientConfig,
    SupervisedScorer,
    Utility,
)

pytestmark = pytest.mark.bench
N = 100
TRAIN, TEST = blobs(N)


class Instant:
    """A model that costs next to nothing."""

    def fit(self, x: Any, y: Any) -> None:
        self.label = y[0]

    def predict(self, x: Any) -> Any:
        return np.full(len(x), self.label)


@pytest.fixture
def memcached() -> Iterator[MemcachedCacheBackend]:
    program = shutil.which("memcached")
    if program is None:
        pytest.skip("no memcached on the PATH")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([program, "-u", "nobody", "-l", "127.0.0.1", "-p", str(port)])
    time.sleep(0.3)
    yield MemcachedCacheBackend(MemcachedClientConfig(("127.0.0.1", port)))
    server.kill()
    server.wait()


def seconds(cache: Any, masks: np.ndarray, batch: int) -> tuple[float, np.ndarray]:
    bound = Utility(Instant(), SupervisedScorer("accuracy", TEST), cache_backend=cache).with_dataset(TRAIN)
    start = time.perf_counter()
    found = [bound.evaluate(masks[at : at + batch]).values for at in range(0, len(masks), batch)]
    return time.perf_counter() - start, np.concatenate(found)


@pytest.mark.parametrize("batch", [1, 64])
def test_cost_of_a_cache(batch: int, tmp_path: Path, memcached: MemcachedCacheBackend) -> None:
    masks = np.random.default_rng(0).random((10_000, N)) < 0.5
    plain, expected = seconds(None, masks, batch)
    print(f"\nbatches of {batch:2}: an instant fit and its score take {plain / len(masks) * 1e6:.1f} us")
    for cache in (InMemoryCacheBackend(), DiskCacheBackend(tmp_path), memcached):
        cold, first = seconds(cache, masks, batch)
        warm, second = seconds(cache, masks, batch)
        np.testing.assert_array_equal(first, expected)
        np.testing.assert_array_equal(second, expected)
        more, hit = (cold - plain) / len(masks) * 1e6, warm / len(masks) * 1e6
        print(f"  {type(cache).__name__:22} a miss costs {more:6.1f} us more, a hit {hit:6.1f} us in all")
