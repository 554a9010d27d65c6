"""Small utilities and valuations that subprocesses and workers can import."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets import (
    BanzhafValuation,
    Dataset,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.valuation.samplers import RelativeTruncation


def blobs(n: int = 24, seed: int = 0) -> tuple[Dataset, Dataset]:
    """A training and a test set of two noisy classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n + 30) % 2
    x = rng.normal(size=(n + 30, 3)) + 1.2 * y[:, None]
    return Dataset(x[:n], y[:n]), Dataset(x[n:], y[n:])


def slow_sum(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A deterministic utility that takes a while and is not additive."""
    time.sleep(0.002 * len(masks))
    w = np.cos(np.arange(masks.shape[1]))
    return np.tanh(masks @ w) + 0.01 * (masks @ w) ** 2


def make(kind: str) -> tuple[Any, Any]:
    """A valuation with its data, by name."""
    train, test = blobs()
    if kind == "msr":
        return ShapleyValuation(Utility.from_function(slow_sum), MSRSampler(seed=3), MaxUpdates(900)), train
    if kind == "walks":
        return ShapleyValuation(
            Utility.from_function(slow_sum), PermutationSampler(seed=3), MaxUpdates(50)
        ), train
    if kind == "truncated":
        from sklearn.linear_model import LogisticRegression

        utility = Utility(LogisticRegression(), SupervisedScorer("accuracy", test))
        return ShapleyValuation(
            utility, PermutationSampler(RelativeTruncation(0.05), seed=3), MaxUpdates(20)
        ), train
    if kind == "boosting":
        from sklearn.ensemble import GradientBoostingClassifier

        utility = Utility(GradientBoostingClassifier(n_estimators=10), SupervisedScorer("accuracy", test))
        return BanzhafValuation(utility, MSRSampler(seed=5, batch_size=8), MaxUpdates(10)), train
    if kind == "logistic":
        from sklearn.linear_model import LogisticRegression

        utility = Utility(LogisticRegression(), SupervisedScorer("neg_log_loss", test))
        return ShapleyValuation(utility, MSRSampler(seed=5), MaxUpdates(100)), train
    raise ValueError(kind)


def _stand_still_after(seconds: float) -> None:
    """`slow_sum` never ends once it has slept so long; by the clock's own function, as its globals are its identity."""
    sleep, slept = time.sleep, [0.0]

    def counted(wanted: float) -> None:
        slept[0] += wanted
        sleep(wanted if slept[0] < seconds else 3600.0)

    time.sleep = counted


if __name__ == "__main__":  # python engine_worlds.py KIND CHECKPOINT OUT: run to the end, or be killed
    kind, checkpoint, out = sys.argv[1:]
    valuation, data = make(kind)
    _stand_still_after(float(os.environ.get("STAND_STILL_AFTER", "inf")))
    valuation.fit(data, checkpoint=checkpoint)
    r = valuation.values()
    np.savez(out + ".part.npz", values=r.values, stderr=r.stderr, counts=r.counts)
    Path(out + ".part.npz").replace(out)
