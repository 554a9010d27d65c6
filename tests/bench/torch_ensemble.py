"""Torch models of many subsets trained together against the plain loop: a small MLP of 20-16-2 units, 300 points.

    .venv/bin/python tests/bench/torch_ensemble.py [--small]

Processor time of one thread, medians, of both in turn. Sizes of the subsets are uniform from 1 to 299. The reference is
`TorchClassifier` itself, one subset after the other: torch.optim.Adam, cloned, trained and asked about 100 test points.
A training together is asked the same; what is prepared once (a trial, recordings: 0.1 to 2 s) is not in it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from dvlwidgets import (
    Dataset,
    MaxSamples,
    MSRSampler,
    ShapleyValuation,
    SupervisedScorer,
    TorchClassifier,
    Utility,
)
from dvlwidgets.utility.fits.many import batched_fits
from dvlwidgets.utility.fits.one_by_one import OneByOne

sys.path.insert(0, str(Path(__file__).parent))
from row import Row

N, K, D, ALONE = 300, 100, 20, 8
GOAL = 20
BOUND = (
    "all 300 rows a step: matrix products alone are half of the time, at 50 GFlop/s on one core; the rest are "
    "passes over (models, units, rows)"
)


def problem() -> tuple[Any, Any]:
    """Features and two classes of training and test points."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N + K, D))
    return x, (x[:, 0] + x[:, 1] + rng.normal(size=len(x)) > 0).astype(int)


def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(D, 16), nn.ReLU(), nn.Linear(16, 2))


def clocked(run: Callable[[], Any]) -> float:
    """Processor seconds."""
    start = time.process_time()
    run()
    return time.process_time() - start


def fits(epochs: int, batch_size: int | None, b: int, repeats: int) -> Row:
    """A fit of so many subsets together, and of some of them by themselves, in turn."""
    x, y = problem()
    masks = np.random.default_rng(1).permuted(
        np.arange(N) < np.random.default_rng(2).integers(1, N, size=b)[:, None], axis=1
    )
    model = TorchClassifier(module(), epochs=epochs, batch_size=batch_size)
    together = batched_fits(model, x[:N], y[:N], x[N:], ["predict"])
    assert not isinstance(together, str), together
    picked = np.random.default_rng(3).permutation(b)[: ALONE * repeats]

    def alone(rows: Any) -> None:
        for row in rows:
            OneByOne(model, x[:N], y[:N], x[N:], ["predict"]).answers(masks[row])

    together.predictions(masks)  # records
    ours, theirs = [], []
    for repeat in range(repeats):
        rows = picked[repeat::repeats]
        theirs.append(clocked(lambda rows=rows: alone(rows)) / len(rows))
        ours.append(clocked(lambda: together.predictions(masks)) / b)
    kind = "all rows a step" if batch_size is None else f"{batch_size} rows a step"
    what = f"torch MLP 20-16-2, n={N}, {epochs} epochs, {kind}, {b} subsets: a fit"
    against = f"one by one, torch {torch.__version__}"
    return Row(
        what,
        float(np.median(ours)),
        float(np.mean(theirs)),
        against,
        GOAL,
        BOUND if batch_size is None else "",
    )


def valuation(evaluations: int) -> Row:
    """A whole valuation; the one by one takes one step of the sampler."""
    x, y = problem()
    model = TorchClassifier(module(), epochs=20, batch_size=32)
    seconds = []
    for batched, count in ((None, evaluations), (False, 64)):
        utility = Utility(model, SupervisedScorer("accuracy", Dataset(x[N:], y[N:])), batched=batched)
        run = ShapleyValuation(utility, MSRSampler(seed=0), MaxSamples(None, count), progress=False)
        spent = clocked(lambda run=run: run.fit(Dataset(x[:N], y[:N])))
        seconds.append(spent / count)
    what = f"torch MLP 20-16-2, n={N}, 20 epochs, 32 rows a step: ShapleyValuation, an evaluation"
    return Row(what, *seconds, "the same run, batched=False", GOAL / 2)


def rows(small: bool) -> Iterator[Row]:
    """The table's rows, as they are measured."""
    torch.set_num_threads(1)
    if small:
        yield fits(10, 32, 64, 3)
        return
    for batch_size in (32, None):
        for b in (64, 256):
            yield fits(30, batch_size, b, 7)
    yield valuation(1024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    for row in rows(parser.parse_args().small):
        print(
            f"{row.what}: {row.ours * 1e3:.2f} ms, {row.reference * 1e3:.2f} ms, {row.ratio:.1f}x (goal {row.goal})"
        )
