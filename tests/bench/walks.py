"""Walks along permutations against clone, fit, predict and score of each prefix one by one.

    .venv/bin/python tests/bench/walks.py [--small] [--only GaussianNB]

Processor seconds a permutation of 300 points, one BLAS thread, medians of runs that take turns: `evaluate` of a bound
utility on the 299 proper prefixes, and whole valuations with `PermutationSampler` (`ShapleyValuation(...).fit`, 32
permutations, preparation included). The reference fits every fifth prefix. 100 test points, 25 features.
"""

from __future__ import annotations

import argparse
import os
import platform
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sklearn
from fit_many import N, in_turns, name, problem
from row import Row
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import get_scorer
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from threadpoolctl import threadpool_limits

from dvlwidgets import Dataset, MaxSamples, PermutationSampler, ShapleyValuation, SupervisedScorer, Utility

D, WALKS, MANY, STRIDE = 25, 8, 32, 5
SMALL_STRIDE = 20
CASES: list[tuple[Any, str, str, float | None, str]] = [
    (GaussianNB(), "classes", "accuracy", 300, "two 51 x 100 products a prefix: 0.4 us at 50 Gflop/s"),
    (GaussianNB(), "classes", "neg_log_loss", None, ""),
    (MultinomialNB(), "counts", "accuracy", None, ""),
    (Ridge(), "numbers", "r2", 100, "26 x 26 and 48 x 48 triangles of 100 columns: 0.4 us at 50 Gflop/s"),
    (RidgeClassifier(), "classes", "accuracy", None, ""),
    (LinearRegression(), "numbers", "r2", None, ""),
    (KNeighborsClassifier(), "classes", "accuracy", 300, "5 scans of a rank for each of 100 test points"),
    (KNeighborsRegressor(), "numbers", "r2", 300, "5 scans of a rank for each of 100 test points"),
    (LogisticRegression(), "classes", "accuracy", 40, "4 Hessians of 300 x 351 products: 4.2 us each at 50 Gflop/s"),
    (LogisticRegression(), "classes", "neg_log_loss", 40, ""),
    (NearestCentroid(), "classes", "accuracy", None, ""),
    (LinearDiscriminantAnalysis(), "classes", "accuracy", None, ""),
]  # fmt: skip
"""Models, kinds of data, metrics, the ratio that is wanted, and what the arithmetic allows."""


def bare(model: Any, train: Any, test: Any, scoring: str, masks: Any) -> None:
    """Scikit-learn's own way through some prefixes."""
    scorer = get_scorer(scoring)
    for mask in masks:
        try:
            scorer(clone(model).fit(train[0][mask], train[1][mask]), *test)
        except ValueError:  # one class, or too few neighbours
            continue


def prefixes(seed: int) -> Any:
    place = np.argsort(np.random.default_rng(seed).permutation(N))
    return place < np.arange(1, N)[:, None]


def runs(model: Any, kind: str, scoring: str, stride: int) -> list[Callable[[], Any]]:
    """A permutation's prefixes together, one in `stride` of them one by one, and a whole valuation."""
    x, y, x_test, y_test = problem(kind, D)
    train, scorer = Dataset(x, y), SupervisedScorer(scoring, Dataset(x_test, y_test))
    utility = Utility(model, scorer, show_warnings=False)
    bound, seeds = utility.with_dataset(train), iter(range(10**9))
    assert bound.batched, bound.path

    def whole() -> None:
        sampler = PermutationSampler(seed=next(seeds))
        ShapleyValuation(utility, sampler, MaxSamples(sampler, MANY * (N - 1))).fit(train)

    return [
        lambda: [bound.evaluate(prefixes(next(seeds))) for _ in range(WALKS)],
        lambda: bare(model, (x, y), (x_test, y_test), scoring, prefixes(next(seeds))[::stride]),
        whole,
    ]


def rows(small: bool, only: str = "") -> Iterator[Row]:
    """Seconds a permutation, ours and scikit-learn's, of walks and of whole valuations.

    Args:
        small: the models that have goals, few repeats, and fewer fits one by one, which take most of the time.
        only: models with this in their name.
    """
    stride = SMALL_STRIDE if small else STRIDE
    for model, kind, scoring, goal, bound in CASES:
        if only not in name(model) or (small and goal is None):
            continue
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, single, whole = in_turns(runs(model, kind, scoring, stride), 2 if small else 7)
        against = f"scikit-learn {sklearn.__version__}: clone, fit, predict, score"
        what = f"{name(model)}, {scoring}, a permutation of {N} x {D}"
        reference = single * (N - 1) / len(range(0, N - 1, stride))
        yield Row(f"walks: {what}", ours / WALKS, reference, against, goal, bound)
        yield Row(f"valuation: {what}", whole / MANY, reference, against)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="what CI runs")
    parser.add_argument("--only", default="", help="only models with this in their name")
    given = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, scikit-learn {sklearn.__version__}, load {os.getloadavg()[0]:.1f}\n"
    )
    print("| what | one by one | together | a prefix | ratio | goal | bound |")
    print("|---|---|---|---|---|---|---|")
    for row in rows(given.small, given.only):
        assert row.reference is not None
        wanted = "" if row.goal is None else f"{row.goal:.0f}x"
        print(
            f"| {row.what} | {1e3 * row.reference:,.0f} ms | {1e3 * row.ours:.2f} ms "
            f"| {1e6 * row.ours / (N - 1):.1f} us | {row.ratio:.0f}x | {wanted} | {row.bound} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
