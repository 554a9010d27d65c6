"""KNN-Shapley beside a plain cumulative sum over the whole (test x training) matrix.

`pytest -s tests/bench/test_knn_speed.py` prints processor time and memory; a quarter of slack is for a busy machine.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from dvlwidgets import (
    Dataset,
    GroupedDataset,
    KNNShapleyValuation,
    ThresholdKNNShapleyValuation,
    WeightedKNNShapleyValuation,
)


def plain(x: Any, y: Any, x_test: Any, y_test: Any, k: int) -> Any:
    """The textbook recursion, in as few lines of numpy as it takes; all distances at once."""
    n = len(x)
    order = np.argsort(cdist(x_test, x), axis=1)
    hit = (y[order] == y_test[:, None]).astype(float)
    steps = (hit[:, :-1] - hit[:, 1:]) * np.minimum(k, np.arange(1, n)) / (k * np.arange(1, n))
    ranked = np.cumsum(np.concatenate([hit[:, -1:] / n, steps[:, ::-1]], axis=1), axis=1)[:, ::-1]
    values = np.empty_like(ranked)
    np.put_along_axis(values, order, ranked, axis=1)
    return values.mean(axis=0)


def best(call: Callable[[], Any], times: int = 5) -> float:
    found = []
    for _ in range(times):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def memory(call: Callable[[], Any]) -> float:
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


@pytest.mark.bench
def test_the_closed_form_is_no_slower_than_a_plain_cumulative_sum() -> None:
    rng = np.random.default_rng(0)
    x, x_test = rng.normal(size=(4000, 20)), rng.normal(size=(500, 20))
    y, y_test = rng.integers(0, 2, 4000), rng.integers(0, 2, 500)
    train, test = Dataset(x, y), Dataset(x_test, y_test)
    valuation = KNNShapleyValuation(KNeighborsClassifier(5), test, progress=False)
    ours = valuation.fit(train).result.values
    np.testing.assert_allclose(ours, plain(x, y, x_test, y_test, 5), atol=1e-12)
    calls: dict[str, Callable[[], Any]] = {
        "plain cumsum": lambda: plain(x, y, x_test, y_test, 5),
        "KNN-Shapley": lambda: valuation.fit(train),
        "threshold": lambda: threshold.fit(train),
        "threshold, one relabel": lambda: threshold.relabel({0: 1 - int(threshold.data.y[0])}),
        "weighted": lambda: WeightedKNNShapleyValuation(KNeighborsClassifier(5), test).fit(train),
        "groups (100)": lambda: valuation.fit(GroupedDataset(x, y, np.arange(4000) % 100)),
    }
    threshold = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(3.5), test)
    seconds = {
        name: best(call, 5 if "plain" in name or "Shapley" in name else 1) for name, call in calls.items()
    }
    for name, call in calls.items():
        peak = f"{memory(call):8.1f} MB" if seconds[name] < 1 else ""  # tracing slows loops down
        print(f"{name:24} {seconds[name] * 1e3:8.0f} ms {peak}")
    assert seconds["KNN-Shapley"] < 1.25 * seconds["plain cumsum"]
