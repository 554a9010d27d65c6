"""Many fits at once against clone, fit and predict: 256 subsets of 300 points, and whole valuations.

    .venv/bin/python tests/bench/fit_many.py [--fits] [--valuations] [--only GaussianNB]

Processor time of one BLAS thread, medians of 7 runs that take turns, microseconds a fit. Subsets have uniform sizes
from 1 to 299; predictions are for 100 test points. "batched" is `BatchedFits.predictions` on 256 masks, four times;
what is prepared once for all subsets is told beside. A valuation is `ShapleyValuation(utility, sampler, rule)
.fit(train)` with 4,096 evaluations, and with 300 where fits are made one by one.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sklearn
from row import Row
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
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
from dvlwidgets.utility.fits.many import batched_fits

B, N, K, REPEATS = 256, 300, 100, 7
PASSES = 4
"""So often all subsets are fitted together in a run: as in a valuation, where one step follows another."""
ALONE = 64
"""So many of the subsets are fitted one by one in a run."""

GOALS: list[tuple[Any, str, int, int | None]] = [
    (GaussianNB(), "classes", 25, 60),
    (MultinomialNB(), "counts", 25, 60),
    (BernoulliNB(), "counts", 25, 60),
    (ComplementNB(), "counts", 25, 60),
    (LinearRegression(), "numbers", 25, 80),
    (Ridge(), "numbers", 25, 80),
    (RidgeClassifier(), "classes", 25, 80),
    (LogisticRegression(), "classes", 25, 40),
    (LogisticRegression(), "three classes", 25, 10),
    (KNeighborsClassifier(), "classes", 25, 40),
    (KNeighborsRegressor(), "numbers", 25, 40),
    (NearestCentroid(), "classes", 25, 30),
    (LinearDiscriminantAnalysis(), "classes", 25, 30),
    (KernelRidge(kernel="rbf"), "numbers", 25, None),
    (make_pipeline(RobustScaler(), Ridge()), "numbers", 25, None),
    (make_pipeline(StandardScaler(), GaussianNB()), "classes", 25, None),
    (make_pipeline(StandardScaler(), Ridge()), "numbers", 25, None),
    (make_pipeline(StandardScaler(), LogisticRegression()), "classes", 25, None),
]
"""Models, the kind of their data, the number of features, and the ratio that is wanted."""

_GEMM = "the sums alone are {} products a fit: {} us at 50 Gflop/s"
BOUNDS = {
    model: _GEMM.format(f"{N} x {columns}", f"{2e-3 * N * columns / 50:.1f}")
    for model, columns in (
        ("GaussianNB", 2 * 51), ("LinearRegression", 351 + 26), ("Ridge", 351 + 26), ("RidgeClassifier", 351 + 26),
        ("LogisticRegression", 351), ("LinearDiscriminantAnalysis", 325 + 2 * 26),
    )
}  # fmt: skip
"""What the arithmetic allows, with 25 features and two classes; logistic regressions sum in each step."""

VALUATIONS: list[tuple[Any, str, str, int]] = [
    (GaussianNB(), "accuracy", "classes", 60),
    (MultinomialNB(), "accuracy", "counts", 60),
    (BernoulliNB(), "accuracy", "counts", 60),
    (ComplementNB(), "accuracy", "counts", 60),
    (LinearRegression(), "r2", "numbers", 80),
    (Ridge(), "r2", "numbers", 80),
    (RidgeClassifier(), "accuracy", "classes", 80),
    (LogisticRegression(), "accuracy", "classes", 40),
    (LogisticRegression(), "neg_log_loss", "classes", 40),
    (LogisticRegression(), "accuracy", "three classes", 10),
    (KNeighborsClassifier(), "accuracy", "classes", 40),
    (KNeighborsRegressor(), "r2", "numbers", 40),
    (NearestCentroid(), "accuracy", "classes", 30),
    (LinearDiscriminantAnalysis(), "accuracy", "classes", 30),
]
"""Models, metrics, the kind of their data, and the ratio that is wanted of the fits alone."""


def problem(kind: str, d: int) -> tuple[Any, Any, Any, Any]:
    """Training and test points of a kind."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N + K, d))
    if kind == "counts":
        x = rng.poisson(1.0, size=x.shape).astype(np.float64)
    signal = x @ rng.normal(size=d) + 3 * rng.normal(size=len(x))
    cuts = [1 / 3, 2 / 3] if kind == "three classes" else [0.5]
    y = signal if kind == "numbers" else np.digitize(signal, np.quantile(signal, cuts))
    return x[:N], y[:N], x[N:], y[N:]


def subsets() -> Any:
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, N, size=B)
    return rng.permuted(np.arange(N) < sizes[:, None], axis=1)


def one_by_one(model: Any, x: Any, y: Any, masks: Any, x_test: Any) -> None:
    for mask in masks:
        try:
            clone(model).fit(x[mask], y[mask]).predict(x_test)
        except ValueError:  # one class, or too few neighbours
            continue


def in_turns(runs: Sequence[Callable[[], Any]], repeats: int) -> list[float]:
    """Median processor seconds of each run; they take turns, so that a busy machine is one for all of them."""
    spent: list[list[float]] = [[] for _ in runs]
    for k in range(repeats + 1):
        for run, seconds in zip(runs, spent, strict=True):
            start = time.process_time()
            run()
            if k:  # the first turn warms up
                seconds.append(time.process_time() - start)
    return [float(np.median(seconds)) for seconds in spent]


def name(model: Any) -> str:
    return (
        "+".join(type(s).__name__ for _, s in model.steps)
        if hasattr(model, "steps")
        else type(model).__name__
    )


def rows(small: bool, only: str = "") -> Iterator[Row]:
    """Seconds a fit, ours and clone, fit and predict of scikit-learn.

    Args:
        small: a quarter of the subsets, and few repeats.
        only: models with this in their name.
    """
    masks = subsets()[:64] if small else subsets()
    alone = masks[:16] if small else masks[:ALONE]
    for model, kind, d, goal in GOALS:
        if only not in name(model):
            continue
        x, y, x_test, _ = problem(kind, d)
        batch = batched_fits(model, x, y, x_test, ["predict"])
        assert not isinstance(batch, str), batch
        runs = [
            lambda batch=batch: [batch.predictions(masks) for _ in range(PASSES)],
            lambda a=(model, x, y, alone, x_test): one_by_one(*a),
            lambda a=(model, x, y, x_test): batched_fits(*a, ["predict"]),
        ]
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, single, once = in_turns(runs, 2 if small else REPEATS)
        yield Row(
            f"fit_many: {name(model)}, {kind}, {len(masks)} subsets of {N} x {d}",
            ours / len(masks) / PASSES,
            single / len(alone),
            f"scikit-learn {sklearn.__version__}: clone, fit, predict",
            goal,
            f"prepared once: {1e3 * once:.1f} ms. {BOUNDS.get(name(model), '')}".strip(),
        )


def fits(only: str) -> None:
    """The table of fits."""
    print("| model | clone+fit+predict | batched | ratio | goal | bound |")
    print("|---|---|---|---|---|---|")
    for row in rows(False, only):
        assert row.reference is not None
        wanted = "" if row.goal is None else f"{row.goal}x"
        print(
            f"| {row.what} | {1e6 * row.reference:,.0f} us | {1e6 * row.ours:.1f} us | {row.ratio:.0f}x | {wanted} "
            f"| {row.bound} |",
            flush=True,
        )


def valued(
    model: Any, scoring: str, kind: str, evaluations: int, sampler: Any, batched: bool | None
) -> tuple[float, float]:
    """Processor seconds of a whole valuation, and of its fits and scores."""
    x, y, x_test, y_test = problem(kind, 25)
    scorer = SupervisedScorer(scoring, Dataset(x_test, y_test))
    utility = Utility(model, scorer, show_warnings=False, batched=batched)
    valuation = ShapleyValuation(utility, sampler, MaxSamples(sampler, evaluations))
    inside, evaluate = [], BoundModelUtility.evaluate

    def timed(self: Any, masks: Any) -> Any:
        start = time.process_time()
        found = evaluate(self, masks)
        inside.append(time.process_time() - start)
        return found

    BoundModelUtility.evaluate = timed  # type: ignore[method-assign]
    try:
        start = time.process_time()
        valuation.fit(Dataset(x, y))
        return time.process_time() - start, sum(inside)
    finally:
        BoundModelUtility.evaluate = evaluate  # type: ignore[method-assign]


def valuations(only: str) -> None:
    """The table of whole valuations, and what of them is fits and scores: the rest is the sampler's estimator."""
    print("\n| valuation | one by one | batched | ratio | goal | of it fits and scores | their ratio |")
    print("|---|---|---|---|---|---|---|")
    for (model, scoring, kind, goal), sampler in itertools.product(
        VALUATIONS, (MSRSampler(seed=0), PermutationSampler(seed=0))
    ):
        if only not in name(model):
            continue
        valued(model, scoring, kind, 300, sampler, None)
        together, fits = (
            np.median([valued(model, scoring, kind, 4096, sampler, None) for _ in range(3)], axis=0) / 4096
        )
        alone, single = np.array(valued(model, scoring, kind, 300, sampler, batched=False)) / 300
        print(
            f"| {name(model)}, {scoring}, {type(sampler).__name__} | {1e6 * alone:,.0f} us | {1e6 * together:.1f} us "
            f"| {alone / together:.0f}x | {goal / 2:.0f}x | {1e6 * fits:.1f} us | {single / fits:.0f}x |",
            flush=True,
        )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fits", action="store_true", help="only the table of fits")
    parser.add_argument("--valuations", action="store_true", help="only the table of whole valuations")
    parser.add_argument("--only", default="", help="only models with this in their name")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, scikit-learn {sklearn.__version__}, load {os.getloadavg()[0]:.1f}\n"
    )
    with threadpool_limits(1):
        if not given.valuations:
            fits(given.only)
        if not given.fits:
            valuations(given.only)


if __name__ == "__main__":
    main()
