"""What a valuation refits and how it scores: the model, the metrics and the test points behind its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..data.dataset import Dataset
from ..errors import DvlError, InputError
from ..utility.answers import Answers
from ..utility.match import kind
from ..utility.metrics import Metric, resolve_all
from ..utility.model import ModelUtility
from ..utility.scorer import SupervisedScorer

CLASSES = ("accuracy", "f1_macro", "neg_log_loss")
"""Metrics that are looked at beside a classifier's own."""
NUMBERS = ("r2", "neg_mean_absolute_error")
"""The same for a model that predicts numbers."""


@dataclass(frozen=True)
class OwnModel:
    """A model to refit and how to score it.

    Attributes:
        model: unfitted; only copies of it are fitted.
        metrics: the first is the one that the values are about, where that can be computed.
        test: the points to score on.
        held_out: whether the values have not seen these points.
        options: of the `ModelUtility` that refits: weights of rows, a time limit.
    """

    model: Any
    metrics: tuple[Metric, ...]
    test: Dataset
    held_out: bool
    options: dict[str, Any] = field(default_factory=dict)


def own_model(valuation: Any, train: Dataset, held_out: Dataset | None = None) -> OwnModel:
    """The model that a valuation is about, to be refitted on parts of `train`.

    Args:
        valuation: any method; fitted or not.
        train: the points that it values.
        held_out: points that neither the model nor the values have seen; None takes the valuation's test set.

    Raises:
        InputError: the method has no model or no test set, or the model cannot be scored; in words.
    """
    found = parts_of(valuation, held_out)
    metrics = _metrics(found.model, train, found.test, found.metrics)
    if not metrics:
        raise InputError(
            f"{type(found.model).__name__} can be scored on these points by none of the usual metrics."
        )
    return replace(found, metrics=metrics)


def parts_of(valuation: Any, held_out: Dataset | None = None) -> OwnModel:
    """As `own_model`, with the valuation's own metrics only (which may be none), and untried: it costs nothing."""
    utility, holder = _holder(valuation)
    name = getattr(valuation, "algorithm_name", type(valuation).__name__)
    model = getattr(holder, "model", None)
    if model is None or not hasattr(model, "fit"):
        raise InputError(
            f"{name} is not about a model that could be fitted again, so there is nothing to retrain."
        )
    if getattr(model, "metric", None) == "precomputed":
        raise InputError("The model knows distances only, so it cannot be fitted on other points.")
    scorer = getattr(utility, "scorer", None)
    test = _test_of(scorer, holder) if held_out is None else held_out
    if test is None:
        raise InputError(
            f"{name} has no test set to score on. Pass points that the values have not seen: "
            "ValuationPanel(valuation, train, held_out=Dataset(x, y))."
        )
    own = _own(scorer, getattr(holder, "scoring", None))
    options = _options(utility) if isinstance(utility, ModelUtility) else {}
    return OwnModel(model, own, test, held_out is not None, options)


def model_of(valuation: Any) -> Any:
    """The model that a valuation is about, unfitted; None where there is none that could be fitted again."""
    model = getattr(_holder(valuation)[1], "model", None)
    return model if hasattr(model, "fit") and getattr(model, "metric", None) != "precomputed" else None


def _holder(valuation: Any) -> tuple[Any, Any]:
    """The innermost utility, and whichever of it and the valuation has the model: closed forms need no utility."""
    utility = _innermost(getattr(valuation, "utility", None))
    return utility, valuation if getattr(utility, "model", None) is None else utility


def _innermost(utility: Any) -> Any:
    """The utility that fits: inside of one that learns it, or that has it in closed form."""
    for _ in range(5):
        if isinstance(utility, ModelUtility) or not hasattr(utility, "utility"):
            break
        utility = utility.utility
    return utility


def _test_of(scorer: Any, holder: Any) -> Dataset | None:
    test = getattr(holder if scorer is None else scorer, "test_data", None)
    return test if isinstance(test, Dataset) else None


def _own(scorer: Any, scoring: Any) -> tuple[Metric, ...]:
    """The metrics of the valuation, where they are functions of a fitted model alone."""
    if type(scorer) is SupervisedScorer:
        named = zip(scorer.metrics, scorer.names, strict=True)
        return tuple(_transformed(replace(metric, name=name), scorer.transforms) for metric, name in named)
    return () if scoring is None else resolve_all(scoring)


def _transformed(metric: Metric, transforms: tuple[Callable[[float], float], ...]) -> Metric:
    if not transforms:
        return metric

    def score(answers: Answers) -> float:
        found = metric.function(answers)
        for transform in transforms:
            found = float(transform(found))
        return found

    return replace(metric, function=score, source=("transformed", metric.source, transforms))


def _metrics(model: Any, train: Dataset, test: Dataset, own: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """The valuation's own, and the usual ones that this model can be scored by."""
    usual: tuple[str, ...] = ()
    if test.y.ndim == 1:
        usual = CLASSES if (kind(model) or _guess(test)) == "classifier" else NUMBERS
    if not hasattr(model, "predict_proba"):
        usual = tuple(name for name in usual if name != "neg_log_loss")
    known = {metric.name for metric in own} | {
        metric.source for metric in own if isinstance(metric.source, str)
    }
    more = tuple(metric for name in usual if name not in known for metric in resolve_all(name))
    return tuple(metric for metric in (*own, *more) if _fits(metric, model, train, test))


def _guess(test: Dataset) -> str:
    return "classifier" if test.is_classification else "regressor"


def _fits(metric: Metric, model: Any, train: Dataset, test: Dataset) -> bool:
    try:
        SupervisedScorer([metric], test, default=0.0).bind(model, train)
    except DvlError:
        return False
    return True


def _options(utility: ModelUtility) -> dict[str, Any]:
    return {
        "sample_weight": utility.sample_weight,
        "fit_seconds": utility.fit_seconds,
        "batched": utility.batched,
        "clone_before_fit": utility.clone_before_fit,
    }
