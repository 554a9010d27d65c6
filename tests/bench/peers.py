"""Is our antithetic permutation sampler as accurate as pyDVL's? If so, it stands for pyDVL's best in our tables.

    .venv/bin/python tests/bench/peers.py --python /tmp/peers/bin/python       # environment: see peers.txt

The games are scores of real models on all 2**14 subsets of 14 training points, so the exact values are known. Both
samplers run 20 times with about 2,000 evaluations. Printed: the mean squared error over the variance of the exact
values, with its standard error over runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the tests' own modules
from oracles import all_masks, semivalue_by_enumeration

from dvlwidgets import AntitheticPermutationSampler, MaxUpdates, ShapleyValuation, SupervisedScorer, Utility
from dvlwidgets.data.examples import load_split

N, RUNS = 14, 20


def tabulated(name: str, scoring: str) -> Any:
    """The score of every subset of 14 training points, entry c for the points in the bits of c."""
    split = load_split(name, n_train=N, flip=0.2, seed=0)
    utility = Utility(LogisticRegression(), SupervisedScorer(scoring, split.val), show_warnings=False)
    return utility.with_dataset(split.train)(all_masks(N))


def error(values: Any, exact: Any) -> tuple[float, float]:
    """Mean over runs of the squared error relative to the variance of the exact values, and its standard error."""
    each = ((np.asarray(values) - exact) ** 2).mean(axis=1) / exact.var()
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))


def ours(scores: Any, permutations: int) -> tuple[list[Any], int]:
    """Values of 20 runs, and the evaluations of one."""
    bits = 1 << np.arange(N)
    utility = Utility.from_function(lambda masks: scores[masks @ bits])
    values = []
    for seed in range(RUNS):
        rule = MaxUpdates(permutations)
        result = (
            ShapleyValuation(utility, AntitheticPermutationSampler(seed=seed), rule).fit(range(N)).values()
        )
        values.append(result.values)
    return values, result.provenance.evaluations


def theirs(python: str, scores: Any, permutations: int) -> tuple[list[Any], int]:
    """The same by pyDVL, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "game.npz"
        np.savez(path, scores=scores)
        script = Path(__file__).with_name("peer_pydvl.py")
        command = [python, "-W", "ignore", str(script), str(path), str(permutations), str(RUNS)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(said.splitlines()[-1])
    return found["values"], round(float(np.mean(found["calls"])))


def main() -> None:
    """Print one line a game and implementation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="the interpreter of the peers' environment")
    parser.add_argument("--permutations", type=int, default=2 * (2_000 // (2 * (N - 1))))
    given = parser.parse_args()
    for name, scoring in (
        ("breast_cancer", "accuracy"),
        ("breast_cancer", "neg_log_loss"),
        ("wine", "accuracy"),
    ):
        scores = tabulated(name, scoring)
        exact = semivalue_by_enumeration(
            lambda masks, s=scores: s[masks @ (1 << np.arange(N))], np.full(N, 1 / N)
        )
        for who, (values, evaluations) in {
            "pyDVL": theirs(given.python, scores, given.permutations),
            "ours": ours(scores, given.permutations),
        }.items():
            mean, se = error(values, exact)
            print(
                f"{name}, {scoring}, n = {N}, antithetic permutations, {who}: {given.permutations} permutations, "
                f"{evaluations:,} evaluations, error {mean:.4f} ± {se:.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
