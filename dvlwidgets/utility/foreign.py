"""Metrics of others: scorers of scikit-learn, and callables of the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.labels import said
from ..errors import ScorerError
from .answers import Answers
from .match import Sort

_NUMBERS = (
    "r2",
    "explained_variance",
    "neg_max_error",
    "neg_mean_",
    "neg_median_",
    "neg_root_",
    "d2_absolute_error",
)
_ANY = ("rand_score", "_info_score", "completeness_", "homogeneity_", "v_measure_", "fowlkes_", "adjusted_")


def sort_of(scoring: str) -> Sort:
    """What a metric of scikit-learn compares, by its name."""
    if scoring.startswith(_NUMBERS):
        return "numbers"
    return "any" if any(part in scoring for part in _ANY) else "classes"


@dataclass(frozen=True)
class UserMetric:
    """A user's callable(model, x, y)."""

    scoring: Callable[[Any, Any, Any], float]
    name: str

    def __call__(self, answers: Answers) -> float:
        value = self.scoring(answers.model, answers.test.x, answers.test.y)
        if np.size(value) != 1:
            raise ScorerError(
                f"{self.name} returned {np.size(value)} numbers; expected one. For several metrics pass a mapping."
            )
        return float(np.asarray(value).reshape(()))


def _which_class(error: Exception, label: Any) -> str:
    """What helps a metric of one class that was given labels other than 0 and 1."""
    if "pos_label" not in str(error):
        return ""
    which = f"make_scorer(f1_score, pos_label={said(label)})"
    return f" Say which class counts, as in {which}, or take a mean over the classes, as 'f1_macro'."


@dataclass(frozen=True)
class SklearnMetric:
    """A scorer of scikit-learn (or its name), asked about the model's answers instead of the model."""

    scorer: Any
    name: str
    sort: Sort

    def __call__(self, answers: Answers) -> float:
        from sklearn.metrics import get_scorer

        scorer = get_scorer(self.scorer) if isinstance(self.scorer, str) else self.scorer
        y = answers.test.y
        numbers = self.sort == "numbers" or (self.sort == "any" and answers.test.classes is None)
        placeholder = np.zeros((len(y), 1))
        try:
            return float(scorer(answers.as_estimator(classifier=not numbers), placeholder, y))
        except (ValueError, TypeError, AttributeError) as e:
            if answers.failure is not None:
                raise answers.failure from None
            if isinstance(e, ScorerError):
                raise
            raise ScorerError(
                f"{self.name!r} cannot score what {type(answers.model).__name__} predicts: {str(e).rstrip('.')}. "
                f"Expected a metric that fits the labels ({y.dtype}) and the model.{_which_class(e, y[0])}"
            ) from e
