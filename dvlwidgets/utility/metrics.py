"""The metrics behind `SupervisedScorer`: a few in plain numpy, all others by scikit-learn.

A valuation scores hundreds of thousands of models on the same test set. scikit-learn's scorers validate both arrays
at every call, which costs more than fitting a small model; the common metrics are therefore written out here and
tested equal to scikit-learn's.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, InputTypeError, ScorerError
from .answers import Answers, is_continuous
from .match import Sort, numbers_for_classes

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
    """A metric from a scoring name, a callable(model, x, y), or a model with a score of its own.

    Raises:
        InputError: for an unknown name.
        InputTypeError: for anything else.
    """
    if isinstance(scoring, str):
        return _by_name(scoring, name or scoring)
    score_func, sign = getattr(scoring, "_score_func", None), getattr(scoring, "_sign", None)
    if callable(score_func) and isinstance(sign, int):  # made by sklearn.metrics.make_scorer
        given = str(name or getattr(score_func, "__name__", "score"))
        sort: Sort = "classes" if "predict" not in _response_methods(scoring) else "any"
        return Metric(given, sort, SklearnMetric(scoring, given), sign < 0, scoring)
    if hasattr(scoring, "score") and hasattr(scoring, "fit") and not isinstance(scoring, type):
        return Metric(name or "score", "any", own_score, False, "score")
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


def _by_name(scoring: str, name: str) -> Metric:
    if scoring in FAST:
        sort, function = FAST[scoring]
        return Metric(name, sort, function, scoring.startswith("neg_"), scoring)
    from sklearn.metrics import get_scorer, get_scorer_names

    known = [*get_scorer_names(), *FAST]
    if scoring not in known:
        near = difflib.get_close_matches(scoring, known, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "See sklearn.metrics.get_scorer_names()."
        raise InputError(
            f"there is no scoring {scoring!r}; expected 'score' (the model's own), 'probability', or a scoring name "
            f"of scikit-learn. {hint}"
        )
    function = SklearnMetric(get_scorer(scoring), scoring)
    return Metric(name, _sort(scoring), function, scoring.startswith("neg_") and scoring[4:] != "", scoring)


def _sort(scoring: str) -> Sort:
    if scoring.startswith(_NUMBERS):
        return "numbers"
    return "any" if any(part in scoring for part in _ANY) else "classes"


def _response_methods(scorer: Any) -> tuple[str, ...]:
    methods = getattr(scorer, "_response_method", "predict")
    return (methods,) if isinstance(methods, str) else tuple(methods)


# --- plain numpy --------------------------------------------------------------------------------------------


def accuracy(answers: Answers) -> float:
    """Share of correct labels."""
    y, predicted = answers.test.y, answers.predicted()
    if y.ndim > 1:
        return SklearnMetric("accuracy", "accuracy")(answers)
    if is_continuous(predicted):
        raise ScorerError(numbers_for_classes(answers.model, "accuracy"))
    if (predicted.dtype.kind in "iufb") != (
        y.dtype.kind in "iufb"
    ) and "O" not in predicted.dtype.kind + y.dtype.kind:
        raise ScorerError(
            f"{type(answers.model).__name__} predicted labels like {predicted[0]!r}, but the test labels are like "
            f"{y[0]!r}; expected labels of one kind."
        )
    return float(np.count_nonzero(predicted == y)) / len(y)


def neg_log_loss(answers: Answers) -> float:
    """Mean log probability of the true class; probabilities are clipped to [eps, 1 - eps] of their precision."""
    proba = answers.proba()
    eps = np.finfo(proba.dtype).eps
    true = proba[np.arange(len(proba)), answers.test.codes]
    return float(np.log(np.clip(true, eps, 1 - eps)).mean(dtype=np.float64))


def probability(answers: Answers) -> float:
    """Mean predicted probability of the true class: like accuracy, but without its jumps, hence far less noisy."""
    proba = answers.proba()
    return float(proba[np.arange(len(proba)), answers.test.codes].mean(dtype=np.float64))


def r2(answers: Answers) -> float:
    """1 - residual / total sum of squares; 1 or 0 where the labels are constant."""
    y = answers.test.y
    if y.ndim > 1 or len(y) < 2:
        return SklearnMetric("r2", "r2")(answers)
    residual = float(((y - answers.numbers()) ** 2).sum())
    if answers.test.spread == 0.0:
        return 1.0 if residual == 0.0 else 0.0
    return 1.0 - residual / answers.test.spread


def neg_mean_squared_error(answers: Answers) -> float:
    """Minus the mean squared error."""
    return -float(((answers.test.y - answers.numbers()) ** 2).mean())


def neg_root_mean_squared_error(answers: Answers) -> float:
    """Minus the root of the mean squared error, for several outputs minus the mean of their roots."""
    return -float(np.sqrt(((answers.test.y - answers.numbers()) ** 2).mean(axis=0)).mean())


def neg_mean_absolute_error(answers: Answers) -> float:
    """Minus the mean absolute error."""
    return -float(np.abs(answers.test.y - answers.numbers()).mean())


def own_score(answers: Answers) -> float:
    """What the model's own `score(x, y)` says."""
    score = getattr(answers.model, "score", None)
    if score is None:
        raise ScorerError(
            f"{type(answers.model).__name__} has no method score(x, y). Expected one, or a scoring such as 'accuracy'."
        )
    return float(score(answers.test.x, answers.test.y))


FAST: dict[str, tuple[Sort, Callable[[Answers], float]]] = {
    "accuracy": ("classes", accuracy),
    "neg_log_loss": ("classes", neg_log_loss),
    "probability": ("classes", probability),
    "r2": ("numbers", r2),
    "neg_mean_squared_error": ("numbers", neg_mean_squared_error),
    "neg_root_mean_squared_error": ("numbers", neg_root_mean_squared_error),
    "neg_mean_absolute_error": ("numbers", neg_mean_absolute_error),
    "score": ("any", own_score),
}


# --- scorers of others --------------------------------------------------------------------------------------


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


@dataclass(frozen=True)
class SklearnMetric:
    """A scorer of scikit-learn (or its name), asked about the model's answers instead of the model."""

    scorer: Any
    name: str

    def __call__(self, answers: Answers) -> float:
        from sklearn.metrics import get_scorer

        scorer = get_scorer(self.scorer) if isinstance(self.scorer, str) else self.scorer
        y, sort = answers.test.y, _sort(self.name)
        numbers = sort == "numbers" or (sort == "any" and answers.test.classes is None)
        placeholder = np.zeros((len(y), 1))
        try:
            return float(scorer(answers.as_estimator(classifier=not numbers), placeholder, y))
        except (ValueError, TypeError, AttributeError) as e:
            if answers.failure is not None:
                raise answers.failure from None
            if isinstance(e, ScorerError):
                raise
            raise ScorerError(
                f"{self.name!r} cannot score what {type(answers.model).__name__} predicts: {e}. "
                f"Expected a metric that fits the labels ({y.dtype}) and the model."
            ) from e
