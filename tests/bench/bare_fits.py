"""A bare process of cores.py: clone, fit and score on each subset of an .npz, once for each line of input.

    python bare_fits.py FILE        # x, y, x_test, y_test, masks, and a model of MODELS by name

It knows scikit-learn only. Each answer is a line of JSON: the wall of its fits, and the scores.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

MODELS = {
    "tree": DecisionTreeClassifier(random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
}


def main() -> None:
    """Fit whenever asked."""
    given = np.load(sys.argv[1])
    x, y, x_test, y_test, masks = (given[k] for k in ("x", "y", "x_test", "y_test", "masks"))
    model = MODELS[str(given["model"])]
    for _ in sys.stdin:
        start, scores = time.perf_counter(), []
        for mask in masks:
            try:
                score = clone(model).fit(x[mask], y[mask]).score(x_test, y_test)
            except ValueError:  # one class
                score = 0.0
            scores.append(score)
        print(json.dumps({"wall": time.perf_counter() - start, "scores": scores}), flush=True)


if __name__ == "__main__":
    main()
