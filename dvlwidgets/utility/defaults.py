"""The score of an empty or failed subset, where the user gives none.

0.0 is a poor score for accuracy or R2, but the perfect one for every `neg_*` metric: a subset that fails would then
look better than any that works. Those get the score of a guess that ignores the features.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from ..data import Dataset
from ..errors import ScorerError
from .answers import Answers, TestSet
from .match import kind
from .metrics import Metric


def default_of(metric: Metric, model: Any, train: Dataset, test: TestSet) -> tuple[float, str]:
    """Default of one metric, and the sentence on it ("" where there is nothing to say).

    Raises:
        Exception: what the metric raises for a constant guess, if its perfect score is known to be 0.
    """
    if metric.negative is False:
        return 0.0, ""
    try:
        score = _finite(metric, metric.function(Answers(_guess(metric, model, train, test), test)))
    except Exception as e:  # a user's callable may raise anything
        if metric.negative:
            raise
        return 0.0, f"An empty or failed subset scores 0.0 in {metric.name} (a guess cannot be scored: {e})."
    if not metric.negative and score >= 0.0:
        return 0.0, ""
    guess = "the class shares" if _guesses_classes(metric, model, test) else "the mean"
    return score, (
        f"An empty or failed subset scores {score:.4g} in {metric.name}, the score of guessing {guess} of the training "
        f"labels, because 0.0 would be a perfect score; pass default= for another."
    )


def _finite(metric: Metric, score: float) -> float:
    if not math.isfinite(score):
        raise ScorerError(
            f"{metric.name!r} of a guess that ignores the features is {score}, which cannot be the score of an empty "
            f"or failed subset. Expected default= to say what is."
        )
    return score


def _guesses_classes(metric: Metric, model: Any, test: TestSet) -> bool:
    if metric.sort == "any":
        found = kind(model)
        return found == "classifier" or (found is None and test.classes is not None)
    return metric.sort == "classes"


def _guess(metric: Metric, model: Any, train: Dataset, test: TestSet) -> Any:
    """A fitted model that ignores the features."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    classes = _guesses_classes(metric, model, test)
    dummy = cast("Any", DummyClassifier(strategy="prior") if classes else DummyRegressor(strategy="mean"))
    return dummy.fit(np.zeros((train.n_rows, 1)), train.y)
