"""pyDVL's side of engine_overhead.py and valuations.py: runs in the peers' environment, prints its seconds as JSON.

One argument: the job as JSON, with sampler, n, evaluations, repeats, and where models are fitted their name, the score
and an .npz file of data. It knows pyDVL by its documented names only.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import pydvl
import pydvl.valuation as dvl
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB

MODELS = {"GaussianNB": GaussianNB, "Ridge": Ridge, "LogisticRegression": LogisticRegression}


class Instant:
    """A utility that returns at once."""

    def __init__(self) -> None:
        self.scores = np.random.default_rng(0).random(1024).tolist()
        self.training_data: Any = None
        self.calls = 0

    def with_dataset(self, data: Any) -> Instant:
        self.training_data = data
        return self

    def __call__(self, sample: Any) -> float:
        self.calls += 1
        return self.scores[self.calls % 1024]


class Counted(dvl.ModelUtility):
    """A model's score, with its calls counted."""

    calls = 0

    def __call__(self, sample: Any) -> float:
        Counted.calls += 1
        return super().__call__(sample)


def valuation(job: dict[str, Any]) -> tuple[Any, Any, Any]:
    """(the valuation, its data, the utility)."""
    sampler = getattr(dvl, job["sampler"])(seed=0)
    if "model" in job:
        with np.load(job["data"]) as held:
            x, y, x_test, y_test = (held[k] for k in ("x", "y", "x_test", "y_test"))
        scorer = dvl.SupervisedScorer(job["scoring"], dvl.Dataset(x_test, y_test), default=0.0)
        utility: Any = Counted(MODELS[job["model"]](), scorer, show_warnings=False)
        data = dvl.Dataset(x, y)
    else:
        utility, n = Instant(), job["n"]
        data = dvl.Dataset(np.zeros((n, 1)), np.zeros(n, int))
    rule = dvl.MaxSamples(sampler, job["evaluations"])
    return dvl.ShapleyValuation(utility, sampler, rule, show_warnings=False, progress=False), data, utility


def seconds(job: dict[str, Any]) -> float:
    """Processor seconds of a fit, by the calls of its utility."""
    run, data, utility = valuation(job)
    before, start = utility.calls, time.process_time()
    run.fit(data)
    return (time.process_time() - start) / (utility.calls - before)


def main() -> None:
    """Print the median of some fits after a short one that warms up, and the version."""
    warnings.simplefilter("ignore")
    job = json.loads(sys.argv[1])
    seconds({**job, "evaluations": min(3, job["evaluations"])})
    each = [seconds(job) for _ in range(job["repeats"])]
    print(json.dumps({"seconds": float(np.median(each)), "version": pydvl.__version__}))


if __name__ == "__main__":
    main()
