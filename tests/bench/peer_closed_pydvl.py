"""pyDVL's side of closed_forms.py: runs in the peers' environment, prints seconds and values as JSON.

Arguments: what ("knn", "oob" or "least core"), an .npz file of data, repeats. It knows pyDVL by its documented names
only.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import pydvl
from pydvl.valuation import Dataset, KNNShapleyValuation, MonteCarloLeastCoreValuation
from pydvl.valuation.methods.data_oob import DataOOBValuation
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier


class Game:
    """A utility that returns at once, v(S) as in closed_forms.py."""

    def __init__(self, given: Any) -> None:
        self.weights, self.phases = given["weights"], given["phases"]
        self.training_data: Any = None

    def with_dataset(self, data: Any) -> Game:
        self.training_data = data
        return self

    def __call__(self, sample: Any) -> float:
        at = sample.subset.astype(int)
        return float(np.tanh(2 * self.weights[at].sum()) + 0.02 * np.sin(self.phases[at].sum()))


def method(what: str, given: Any) -> Any:
    """A valuation that has not begun; the forest is fitted before."""
    if what == "knn":
        test = Dataset(given["x_test"], given["y_test"])
        return KNNShapleyValuation(KNeighborsClassifier(), test, progress=False)
    if what == "least core":
        return MonteCarloLeastCoreValuation(Game(given), int(given["samples"]), seed=0, progress=False)
    return DataOOBValuation(RandomForestClassifier(200, random_state=0).fit(given["x"], given["y"]))


def main() -> None:
    """One valuation to warm up where it is short, then the timed ones."""
    warnings.filterwarnings("ignore")
    what, path, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
    given = dict(np.load(path))
    valuation = method(what, given)
    if what == "least core":
        n = len(given["weights"])
        given["x"], given["y"] = np.zeros((n, 1)), np.zeros(n, int)
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        valuation.fit(Dataset(given["x"], given["y"]))
        seconds.append(time.process_time() - start)
    result = valuation.values()
    ordered = np.empty(len(given["x"]))
    ordered[result.indices] = result.values
    print(json.dumps({"seconds": seconds, "values": ordered.tolist(), "version": pydvl.__version__}))


if __name__ == "__main__":
    main()
