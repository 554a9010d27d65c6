"""Whole valuations with batched fits: against the same forced to fits one by one, and against pyDVL.

    .venv/bin/python tests/bench/valuations.py [--small] [--only GaussianNB]

Processor time of one BLAS thread, seconds an evaluation of `ShapleyValuation(utility, sampler, rule).fit(train)` with
the default sampler and step size, 300 points of 25 features, scores on 100 test points: 4,096 evaluations, 300 where
fits are made one by one; they take turns, medians. pyDVL is given the same data, model, score and sampler, and both
make as few evaluations as its row says (128 of its MSRSampler take a while; PermutationSampler: one walk). The goal
against one by one is half of that of the fits alone (fit_many.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from fit_many import VALUATIONS, K, N, name, problem, valued
from pydvl_runs import pydvl_seconds
from row import Row

from dvlwidgets import MSRSampler, PermutationSampler

AGAINST_PYDVL = ("GaussianNB", "Ridge", "LogisticRegression")
EVALUATIONS, ALONE = 4096, 300
PYDVL_EVALUATIONS = {MSRSampler: 128, PermutationSampler: 299}
PYDVL_GOAL = 10.0


def rows(small: bool, only: str = "") -> Iterator[Row]:
    """Seconds an evaluation.

    Args:
        small: 1,024 evaluations once, and no pyDVL.
        only: models with this in their name.
    """
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model, scoring, kind, goal in VALUATIONS:
            if only in name(model):
                yield against_alone(model, scoring, kind, goal / 2, small)
        if small:
            return
        for model, scoring, kind, _ in VALUATIONS:
            known = name(model) in AGAINST_PYDVL and scoring != "neg_log_loss" and kind != "three classes"
            if only in name(model) and known:
                yield from (against_pydvl(model, scoring, sampler) for sampler in PYDVL_EVALUATIONS)


def against_alone(model: Any, scoring: str, kind: str, goal: float, small: bool) -> Row:
    """Batched fits beside fits one by one, the default sampler for both."""
    many, alone, turns = (1024, 64, 1) if small else (EVALUATIONS, ALONE, 5)
    valued(model, scoring, kind, ALONE, MSRSampler(seed=0), None)
    ours, fits, single = [], [], []
    for _ in range(turns):
        whole, inside = valued(model, scoring, kind, many, MSRSampler(seed=0), None)
        ours.append(whole / many)
        fits.append(inside / many)
        single.append(valued(model, scoring, kind, alone, MSRSampler(seed=0), batched=False)[0] / alone)
    of = " of three classes" if kind == "three classes" else ""
    rest = 1e6 * (np.median(ours) - np.median(fits))
    return Row(
        f"valuations: {name(model)}{of}, {scoring}, MSRSampler, {many:,} evaluations of {N} points",
        float(np.median(ours)),
        float(np.median(single)),
        f"the same fitted one by one, scikit-learn {sklearn.__version__}",
        goal,
        f"fits and scores {1e6 * np.median(fits):.0f} us, draws, loop and estimator {rest:.0f} us",
    )


def against_pydvl(model: Any, scoring: str, sampler: Any) -> Row:
    """Ours beside pyDVL's, as many evaluations of the same sampler."""
    evaluations = PYDVL_EVALUATIONS[sampler]
    kind = "numbers" if scoring == "r2" else "classes"
    ours = [
        valued(model, scoring, kind, evaluations, sampler(seed=0), None)[0] / evaluations for _ in range(6)
    ]
    x, y, x_test, y_test = problem(kind, 25)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        np.savez(data, x=x, y=y, x_test=x_test, y_test=y_test)
        samples = (
            1 if sampler is PermutationSampler else evaluations
        )  # a sample of pyDVL is a whole permutation
        job = {"sampler": sampler.__name__, "evaluations": samples, "model": name(model)}
        reference, version = pydvl_seconds(**job, scoring=scoring, data=str(data))
    return Row(
        f"valuations: {name(model)}, {scoring}, {sampler.__name__}, {evaluations} evaluations of {N} points",
        float(np.median(ours[1:])),
        reference,
        f"{version}, {K} test points",
        PYDVL_GOAL,
    )


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="what CI runs")
    parser.add_argument("--only", default="", help="only models with this in their name")
    given = parser.parse_args()
    for row in rows(given.small, given.only):
        them = "not measured" if row.reference is None else f"{1e6 * row.reference:,.0f} us, {row.ratio:.0f}x"
        print(
            f"{row.what}: {1e6 * row.ours:,.1f} us; {row.against}: {them} (goal {row.goal:.0f}x); {row.bound}",
            flush=True,
        )


if __name__ == "__main__":
    main()
