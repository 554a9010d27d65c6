"""One suite for every sampler: right values, honest errors, whatever the broken twins of the tests try.

`check_sampler` runs a sampler many times on random low-order games and accepts by the central limit theorem: Student
quantiles, Bonferroni over the points, pooled coverage by a binomial interval. It raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles import LowOrderGame
from scipy import stats

from dvlwidgets.engine.job import NoReceipts
from dvlwidgets.engine.run import Loop
from dvlwidgets.engine.stopping import NoStopping
from dvlwidgets.utility.function import FunctionUtility
from dvlwidgets.valuation.subset_job import SubsetJob


@dataclass
class Runs:
    """Values and standard errors of many runs, each shape (runs, n), beside the truth."""

    values: NDArray[np.float64]
    stderr: NDArray[np.float64]
    truth: NDArray[np.float64]


def run_steps(bound: Any, game: Any, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values and standard errors after so many steps, folded in order."""
    job = SubsetJob(FunctionUtility(game).with_dataset(range(game.n)), bound)
    stats_ = job.initial(job.first())
    for step in range(steps):
        stats_ = job.fold(stats_, step, job.task(job.plan(stats_), step, 0, job.rows(step)))
    e = job.estimate(stats_)
    return e.values, e.stderr


def many_runs(
    make: Callable[[int, int], Any],
    law: Callable[[int], NDArray[np.float64]],
    *,
    n: int,
    steps: int,
    runs: int,
) -> Runs:
    """Independent runs on one game; `make(n, seed)` gives a bound sampler."""
    game = LowOrderGame(n, seed=n)
    found = [run_steps(make(n, 1000 + r), game, steps) for r in range(runs)]
    return Runs(np.array([v for v, _ in found]), np.array([s for _, s in found]), game.values(law(n)))


def check_unbiased(r: Runs, level: float = 1e-4) -> None:
    """The mean over runs is the truth, for all points at once (Bonferroni)."""
    runs, n = r.values.shape
    error = r.values.std(axis=0, ddof=1) / np.sqrt(runs)
    t = np.abs(r.values.mean(axis=0) - r.truth) / error
    limit = stats.t.ppf(1 - level / (2 * n), runs - 1)
    assert t.max() < limit, f"biased: t = {t.max():.1f}, limit {limit:.1f}"


def check_coverage(r: Runs, low: float = 0.93, high: float = 0.97) -> None:
    """95 % intervals, pooled over runs and points, cover 93-97 %."""
    inside = np.abs(r.values - r.truth) <= stats.norm.ppf(0.975) * r.stderr
    share = float(inside.mean())
    assert low <= share <= high, f"95 % intervals cover {share:.1%}"


def check_sampler(
    make: Callable[[int, int], Any],
    law: Callable[[int], NDArray[np.float64]],
    *,
    n: int,
    steps: int,
    runs: int = 200,
) -> None:
    """Unbiased and covering, on one game of n points."""
    r = many_runs(make, law, n=n, steps=steps, runs=runs)
    assert np.isfinite(r.values).all()
    assert np.isfinite(r.stderr).all()
    check_unbiased(r)
    check_coverage(r)


def run_loop(job: Any, rule: Any = None, **kwargs: Any) -> Loop:
    """A finished loop over a job."""
    loop = Loop(job, rule or NoStopping(), receipts=kwargs.pop("receipts", NoReceipts()), **kwargs)
    for _ in loop.frames():
        pass
    return loop
