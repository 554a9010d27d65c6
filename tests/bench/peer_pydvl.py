"""pyDVL's side of peers.py: runs in the peers' environment, reads a game from an .npz file and prints values as JSON.

It knows pyDVL by its documented names only.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from pydvl.valuation import AntitheticPermutationSampler, Dataset, MaxUpdates, ShapleyValuation


class Table:
    """A utility that looks subsets up: entry c of the table is the score of the points in the bits of c."""

    def __init__(self, scores: Any) -> None:
        self.scores, self.calls = scores, 0
        self.training_data: Any = None

    def with_dataset(self, data: Any) -> Table:
        self.training_data = data
        return self

    def __call__(self, sample: Any) -> float:
        self.calls += 1
        subset = [] if sample is None else sample.subset
        return float(self.scores[sum(1 << int(i) for i in subset)])


def main() -> None:
    """Arguments: the file, permutations a run, runs."""
    path, permutations, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    scores = np.load(path)["scores"]
    n = len(scores).bit_length() - 1
    data = Dataset(np.zeros((n, 1)), np.zeros(n, int))
    values, calls = [], []
    for seed in range(runs):
        utility = Table(scores)
        sampler = AntitheticPermutationSampler(seed=seed)
        valuation = ShapleyValuation(utility, sampler, MaxUpdates(permutations), progress=False)
        valuation.fit(data)
        result = valuation.values()
        ordered = np.empty(n)
        ordered[result.indices] = result.values
        values.append(ordered.tolist())
        calls.append(utility.calls)
    print(json.dumps({"values": values, "calls": calls}))


if __name__ == "__main__":
    main()
