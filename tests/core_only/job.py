"""Runs where only the required dependencies are installed: import everything public, value real data, render.

Run by `tests/test_core_only.py` with the interpreter of a fresh environment and warnings as errors. The last line
it prints is a report in JSON.
"""

from __future__ import annotations

import importlib.metadata
import json

import dvlwidgets


def public_names() -> list[str]:
    """Every public name, looked up: none may need an extra to be there."""
    for name in dvlwidgets.__all__:
        getattr(dvlwidgets, name)
    return sorted(dvlwidgets.__all__)


def without_torch() -> str:
    """What is said to somebody who asks for influence functions."""
    try:
        dvlwidgets.DirectInfluence  # noqa: B018
    except ImportError as error:
        return str(error)
    return "torch was there"


def value_and_render() -> dict[str, object]:
    """Shapley values of 60 real points through the panel's own run, and a static page of them."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from dvlwidgets.data.examples import load_split
    from dvlwidgets.evaluation import precision_among_lowest
    from dvlwidgets.widgets.sharing import static_page

    split = load_split("breast_cancer", n_train=60, flip=0.1, seed=0)
    scorer = dvlwidgets.SupervisedScorer("neg_log_loss", split.val)
    utility = dvlwidgets.Utility(LogisticRegression(C=0.1), scorer)
    valuation = dvlwidgets.ShapleyValuation(
        utility, dvlwidgets.PermutationSampler(seed=1), dvlwidgets.MaxUpdates(8)
    )
    panel = dvlwidgets.ValuationPanel(valuation, split.train)
    panel.start()
    panel.wait()
    result = valuation.values()
    found = precision_among_lowest(result.values, split.flipped)
    return {
        "values": len(result.values),
        "finite": bool(np.isfinite(result.values).all() and np.isfinite(result.stderr).all()),
        "precision": found.precision,
        "chance": found.chance,
        "page": static_page(valuation, split.train),
    }


if __name__ == "__main__":
    report = {
        "where": dvlwidgets.__file__,
        "installed": sorted({d.metadata["Name"].lower() for d in importlib.metadata.distributions()}),
        "names": public_names(),
        "influence": without_torch(),
        **value_and_render(),
    }
    print(json.dumps(report))
