"""Do a model, a metric and the test labels go together? Asked before the first subset is fitted."""

from __future__ import annotations

from typing import Any, Literal

from ..errors import ScorerError
from .answers import TestSet

Sort = Literal["classes", "numbers", "any"]
"""What a metric compares: class labels, numbers, or whatever the model predicts."""


def check_fit(name: str, sort: Sort, model: Any, test: TestSet) -> None:
    """Refuses a metric that can never score this model or these test labels, before anything is fitted.

    Args:
        name: of the metric.
        sort: of the metric.
        model: the unfitted model.
        test: the test data.

    Raises:
        ScorerError: e.g. for a regressor scored by accuracy.
    """
    if sort == "classes" and kind(model) == "regressor":
        raise ScorerError(numbers_for_classes(model, name))
    if sort == "classes" and test.classes is None and test.y.ndim == 1:
        raise ScorerError(
            f"{name!r} scores class labels, but the test labels are numbers with fractions. Expected classes, or a "
            f"metric for numbers such as 'r2' or 'neg_mean_absolute_error'."
        )
    if sort == "numbers" and test.y.dtype.kind not in "iufb":
        raise ScorerError(
            f"{name!r} scores numbers, but the test labels are like {test.y.flat[0]!r}. Expected numbers, or a metric "
            f"for classes such as 'accuracy'."
        )


def numbers_for_classes(model: Any, name: str) -> str:
    """The sentence for a regressor under a classification metric."""
    return (
        f"{type(model).__name__} predicts numbers, but {name!r} scores class labels. Expected a metric for numbers "
        f"such as 'r2' or 'neg_mean_absolute_error'; or use a classifier."
    )


def kind(model: Any) -> str | None:
    """'classifier', 'regressor', or None for a model that does not say."""
    with_tags = getattr(model, "__sklearn_tags__", None)
    if with_tags is not None:
        try:
            found = with_tags().estimator_type
        except AttributeError:  # a scikit-learn base class further up is missing: duck-typed after all
            found = None
        if found is not None:
            return str(found)
    old = getattr(model, "_estimator_type", None)
    if old is not None:
        return str(old)
    return "classifier" if hasattr(model, "predict_proba") else None
