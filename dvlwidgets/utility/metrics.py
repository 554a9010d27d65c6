"""The metrics behind `SupervisedScorer`: what a scoring name, a callable or a model with a score stands for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError, InputTypeError
from .answers import Answers
from .foreign import SklearnMetric, UserMetric, sort_of
from .match import Sort
from .plain import ALIASES, PLAIN, own_score


@dataclass(frozen=True)
class Metric:
    """One way to score a model on a test set; larger is better.

    Attributes:
        name: what the user called it.
        sort: whether it scores class labels, numbers, or whatever the model predicts.
        function: answers of a fitted model -> score.
        negative: whether 0 is its perfect score; None where nobody can tell.
        source: what identifies it across processes.
    """

    name: str
    sort: Sort
    function: Callable[[Answers], float]
    negative: bool | None
    source: object

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("metric", self.name, self.source)


def resolve(scoring: Any, name: str | None = None) -> Metric:
    """A metric from a scoring name, a callable(model, x, y), a model with a score of its own, or a metric.

    Raises:
        InputError: for an unknown name.
        InputTypeError: for anything else.
    """
    if isinstance(scoring, Metric):
        return scoring if name is None else replace(scoring, name=name)
    if isinstance(scoring, str):
        return _by_name(scoring, name)
    score_func, sign = getattr(scoring, "_score_func", None), getattr(scoring, "_sign", None)
    if callable(score_func) and isinstance(sign, int):  # made by sklearn.metrics.make_scorer
        given = str(name or getattr(score_func, "__name__", "score"))
        sort: Sort = "classes" if "predict" not in _response_methods(scoring) else "any"
        return Metric(given, sort, SklearnMetric(scoring, given, sort), sign < 0, scoring)
    if hasattr(scoring, "score") and hasattr(scoring, "fit") and not isinstance(scoring, type):
        return Metric(name or "score", "any", own_score, False, "score")
    if isinstance(scoring, type) and hasattr(scoring, "fit"):
        raise InputTypeError(
            f"scoring is the class {scoring.__name__}; pass an instance, {scoring.__name__}(), or the name of a metric."
        )
    if callable(scoring):
        given = str(name or getattr(scoring, "__name__", type(scoring).__name__))
        return Metric(given, "any", UserMetric(scoring, given), None, scoring)
    raise InputTypeError(
        f"scoring is of type {type(scoring).__name__}; expected a name such as 'accuracy', a callable(model, x, y), "
        f"a model with a score method, or a list or mapping of these."
    )


def resolve_all(scoring: Any) -> tuple[Metric, ...]:
    """Metrics from one scoring, a list of them, or a mapping from names to them."""
    if isinstance(scoring, Mapping):
        metrics = tuple(resolve(value, str(name)) for name, value in scoring.items())
    elif isinstance(scoring, (list, tuple)):
        metrics = tuple(resolve(value) for value in scoring)
    else:
        metrics = (resolve(scoring),)
    names = [metric.name for metric in metrics]
    if not metrics or len(set(names)) < len(names):
        raise InputError(
            f"scoring names the metrics {names}; expected at least one, each with a name of its own. "
            f"Pass a mapping {{name: scoring}}."
        )
    return metrics


def _by_name(scoring: str, name: str | None) -> Metric:
    scoring = ALIASES.get(scoring, scoring)
    name = name or scoring
    if scoring in PLAIN:
        sort, function = PLAIN[scoring]
        return Metric(name, sort, function, scoring.startswith("neg_"), scoring)
    from sklearn.metrics import get_scorer, get_scorer_names

    known = [*get_scorer_names(), *PLAIN, *ALIASES]
    if scoring not in known:
        near = difflib.get_close_matches(scoring, known, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "See sklearn.metrics.get_scorer_names()."
        raise InputError(
            f"there is no scoring {scoring!r}; expected 'score' (the model's own), 'probability', 'margin', "
            f"'log_loss', or a scoring name of scikit-learn. {hint}"
        )
    function = SklearnMetric(get_scorer(scoring), scoring, sort_of(scoring))
    return Metric(name, sort_of(scoring), function, scoring.startswith("neg_"), scoring)


def _response_methods(scorer: Any) -> tuple[str, ...]:
    methods = getattr(scorer, "_response_method", "predict")
    return (methods,) if isinstance(methods, str) else tuple(methods)
