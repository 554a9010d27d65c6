"""Two workers beside two bare processes that make the same fits: walls, taken in turns, on one machine.

    .venv/bin/python tests/bench/cores.py [--turns 7] [--only boosting]

The bare processes (bare_fits.py) live through the run, warm, one BLAS thread each: in every turn each of them clones,
fits and scores one half of the subsets, and the slower one's wall counts. Ours is a whole `ShapleyValuation.fit` on
loky with `n_jobs=2`, warm, too: draws, fits, journal, statistics, values. All scores are compared bit by bit. Walls
say little on a machine that does something else meanwhile: turns alternate, the ratio is the median of each turn's
own, and the line says how far the bare walls were apart, the load, and the processor seconds that we spend at home.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from bare_fits import MODELS
from row import Row

from dvlwidgets import (
    Dataset,
    MaxSamples,
    MSRSampler,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)

WORKERS, TESTS, FEATURES = 2, 100, 20
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Case:
    """Fits of a model on the subsets that a sampler draws from n points."""

    model: str
    n: int
    sampler: str
    evaluations: int

    def __str__(self) -> str:
        return f"cores: {WORKERS} workers, {self.evaluations:,} fits, {self.model}, n={self.n:,}, {self.sampler}Sampler"

    def data(self) -> tuple[Any, Any, Any, Any]:
        """Training and test points."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(self.n + TESTS, FEATURES))
        y = (x @ rng.normal(size=FEATURES) + 3 * rng.normal(size=len(x)) > 0).astype(int)
        return x[: self.n], y[: self.n], x[self.n :], y[self.n :]

    def valuation(self) -> tuple[ShapleyValuation, Dataset]:
        """The valuation, and what it is of."""
        x, y, x_test, y_test = self.data()
        utility = Utility(MODELS[self.model], SupervisedScorer("accuracy", Dataset(x_test, y_test)))
        sampler = {"MSR": MSRSampler, "Permutation": PermutationSampler}[self.sampler](seed=0)
        return ShapleyValuation(utility, sampler, MaxSamples(sampler, self.evaluations)), Dataset(x, y)

    def run(self) -> tuple[float, float, Any]:
        """A whole run: its wall, this process's processor seconds, and the result."""
        valuation, train = self.valuation()
        start, own = time.perf_counter(), time.process_time()
        with joblib.parallel_config(backend="loky", n_jobs=WORKERS):
            result = valuation.fit(train).result
        return time.perf_counter() - start, time.process_time() - own, result


def drawn(case: Case, result: Any) -> tuple[Any, Any]:
    """The subsets that were evaluated, and their scores, in the order of the steps."""
    valuation, train = case.valuation()
    job: Any = valuation._job(train, int(result.journal.header["seed"]))
    masks, scores = [], []
    for step in itertools.takewhile(result.journal.read, itertools.count()):
        pieces = result.journal.read(step)
        whole = job.sampler.masks(step)
        for lo, hi, found, _ in sorted(pieces, key=lambda piece: piece[:2]):
            masks.append(whole[lo:hi])
            scores.append(found.values[:, 0])
    return np.concatenate(masks), np.concatenate(scores)


class Bare:
    """Processes that share the fits among themselves."""

    def __init__(self, case: Case, masks: Any, folder: Path) -> None:
        x, y, x_test, y_test = case.data()
        self.processes = []
        for k in range(WORKERS):
            path = folder / f"{k}.npz"
            np.savez(path, x=x, y=y, x_test=x_test, y_test=y_test, masks=masks[k::WORKERS], model=case.model)
            command = [sys.executable, str(Path(__file__).with_name("bare_fits.py")), str(path)]
            pipe = subprocess.PIPE
            self.processes.append(
                subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ | ONE_THREAD)
            )

    def run(self) -> tuple[float, Any]:
        """The wall of the slower one, and the scores in order."""
        for process in self.processes:
            print("go", file=process.stdin, flush=True)
        said = [json.loads(process.stdout.readline()) for process in self.processes]
        scores = np.empty(sum(len(one["scores"]) for one in said))
        for k, one in enumerate(said):
            scores[k::WORKERS] = one["scores"]
        return max(one["wall"] for one in said), scores

    def close(self) -> None:
        for process in self.processes:
            process.communicate()


def measured(case: Case, turns: int) -> Row:
    """The row of a case."""
    result = case.run()[2]  # starts the workers
    masks, scores = drawn(case, result)
    theirs, ours, home = np.empty(turns), np.empty(turns), np.empty(turns)
    with tempfile.TemporaryDirectory() as folder:
        beside = Bare(case, masks, Path(folder))
        assert np.array_equal(beside.run()[1], scores), "two ways to make the same fits differ"
        for k in range(turns):
            theirs[k], _ = beside.run()
            ours[k], home[k], again = case.run()
            assert again.values.tobytes() == result.values.tobytes()
        beside.close()
    wall, ratio = float(np.median(ours)), float(np.median(theirs / ours))
    remark = f"bare walls {theirs.min():.2f} to {theirs.max():.2f} s, load {os.getloadavg()[0]:.1f}"
    remark += f"; we spend {1e6 * np.median(home) / len(masks):.0f} us a fit at home"
    against = f"{WORKERS} bare processes, scikit-learn {sklearn.__version__}"
    return Row(str(case), wall / len(masks), wall * ratio / len(masks), against, 0.9, remark)


CASES = [Case("tree", 1000, "MSR", 1024), Case("boosting", 100, "Permutation", 8 * 99)]
SMALL = [Case("tree", 1000, "MSR", 128)]


def rows(small: bool = False, turns: int = 7, only: str = "") -> Iterator[Row]:
    """The lines of the table."""
    for case in SMALL if small else CASES:
        if only in str(case):
            yield measured(case, 2 if small else turns)


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--only", default="", help="only cases with this in their name")
    given = parser.parse_args()
    for row in rows(turns=given.turns, only=given.only):
        print(
            f"{row.what}: {1e3 * row.ours:.2f} ms a fit, of two bare processes {row.ratio:.2f}; {row.bound}"
        )


if __name__ == "__main__":
    main()
