"""What the loop costs beside fits of trees, forests and boosting: at most 5 % at 10 ms a fit, serial.

    .venv/bin/python tests/bench/tree_overhead.py [--small]

Processor time of one thread. A run of `ShapleyValuation(...).fit` is compared with clone, fit and score of the very
subsets that it asked for, in turns of a few subsets within one run: the utility is asked as the loop asks it, each
subset is then fitted bare, and what the run spends outside its utility is added to the utility's time. The two parts
are told apart in `bound`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from dvlwidgets import (
    Dataset,
    MaxSamples,
    MSRSampler,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.utility.bound_model import BoundModelUtility
from dvlwidgets.utility.seeding import subset_seed

sys.path.insert(0, str(Path(__file__).parent))
from row import Row

N, K, D = 300, 100, 20
MODELS: dict[str, tuple[Any, int, int]] = {
    "DecisionTree, 300 points of 150 features": (DecisionTreeClassifier(), N, 150),
    "RandomForest of 10 trees, 300 points": (RandomForestClassifier(10), N, D),
    "HistGradientBoosting, 8 rounds, 300 points": (HistGradientBoostingClassifier(max_iter=8), N, D),
}
"""Models with the numbers of points and features with which an average fit takes about 10 ms."""


class Watched:
    """In the place of a bound utility's `evaluate`: fits bare what was just fitted by the loop, and counts both."""

    def __init__(self) -> None:
        self.loop, self.bare, self.fits = 0.0, 0.0, 0

    def evaluate(self, bound: Any, masks: Any, was: Any) -> Any:
        start = time.process_time()
        found = was(bound, masks)
        middle = time.process_time()
        for mask in masks[masks.any(axis=1)]:
            bare(bound, mask)
        end = time.process_time()
        self.loop += middle - start
        self.bare += end - middle
        self.fits += int(masks.any(axis=1).sum())
        return found


def bare(bound: Any, mask: Any) -> float:
    """Clone, fit and score as one would write it; the seed is the loop's, so that it is the same fit."""
    model = clone(bound.utility.model)
    model.set_params(random_state=subset_seed(0, mask))
    model.fit(bound.data.x[mask], bound.data.y[mask])
    test = bound.utility.scorer.test_data
    return float(accuracy_score(test.y, model.predict(test.x)))


def overhead(name: str, sampler: Any, evaluations: int = 320) -> Row:
    """One run, watched."""
    model, n, d = MODELS[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n + K, d))
    y = (x[:, 0] + x[:, 1] + rng.normal(size=len(x)) > 0).astype(int)
    train = Dataset(x[:n], y[:n])
    watched, was = Watched(), BoundModelUtility.evaluate
    utility = Utility(model, SupervisedScorer("accuracy", Dataset(x[n:], y[n:])))
    run = ShapleyValuation(utility, sampler, MaxSamples(None, evaluations), progress=False)
    BoundModelUtility.evaluate = lambda bound, masks: watched.evaluate(bound, masks, was)
    try:
        with threadpool_limits(1):
            start = time.process_time()
            run.fit(train)
            whole = time.process_time() - start
    finally:
        BoundModelUtility.evaluate = was
    full, seconds = np.ones(n, np.bool_), []
    for _ in range(3):  # the run begins with a fit on all points, which is not among the subsets
        start = time.process_time()
        bare(utility.with_dataset(train), full)
        seconds.append(time.process_time() - start)
    ours = (whole - watched.bare - float(np.median(seconds))) / watched.fits
    share = (watched.loop / watched.bare - 1) * 100
    return Row(
        f"{name}, {type(sampler).__name__}: an evaluation",
        ours,
        watched.bare / watched.fits,
        f"clone, fit and score of the same subsets, scikit-learn {sklearn.__version__}",
        1 / 1.05,
        f"the utility takes {share:+.1f} % beside the bare fits, the rest is the sampler, the journal and the start",
    )


def rows(small: bool) -> Iterator[Row]:
    """The table's rows, as they are measured."""
    if small:
        yield overhead("RandomForest of 10 trees, 300 points", MSRSampler(seed=0), 32)
        return
    for name in MODELS:
        for sampler in (MSRSampler(seed=0), PermutationSampler(seed=0)):
            yield overhead(name, sampler)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    for row in rows(parser.parse_args().small):
        print(
            f"{row.what}: {row.ours * 1e3:.2f} ms, bare {row.reference * 1e3:.2f} ms, "
            f"{(row.ours / row.reference - 1) * 100:+.1f} % ({row.bound})",
            flush=True,
        )
