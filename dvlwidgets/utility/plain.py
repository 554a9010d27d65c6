"""The common metrics in plain numpy.

A valuation scores hundreds of thousands of models on the same test set. scikit-learn's scorers validate both arrays
at every call, which costs more than fitting a small model; these are tested equal to scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.labels import said
from ..errors import ScorerError
from .answers import Answers, is_continuous
from .foreign import SklearnMetric, sort_of
from .match import Sort, numbers_for_classes


def accuracy(answers: Answers) -> float:
    """Share of correct labels."""
    y = answers.test.y
    if y.ndim > 1:
        return _by_sklearn("accuracy", answers)
    return float(np.count_nonzero(_labels(answers, "accuracy") == y)) / len(y)


def correct(answers: Answers) -> NDArray[np.float64]:
    """1.0 for each test point whose label is predicted, else 0.0: (n,)."""
    hits: NDArray[np.float64] = (_labels(answers, "accuracy") == answers.test.y).astype(np.float64)
    return hits


def _by_sklearn(name: str, answers: Answers) -> float:
    """What has a more general definition there: several outputs, and their averages."""
    return SklearnMetric(name, name, sort_of(name))(answers)


def _labels(answers: Answers, name: str) -> NDArray[Any]:
    """Predicted labels: (n,), of the same kind as those of the test set."""
    y, predicted = answers.test.y, answers.predicted()
    if is_continuous(predicted):
        raise ScorerError(numbers_for_classes(answers.model, name))
    kinds = {a.dtype.kind if a.dtype.kind in "OU" else "number" for a in (y, predicted)}
    if kinds == {"U", "number"}:  # objects may be anything
        raise ScorerError(
            f"{type(answers.model).__name__} predicted labels like {said(predicted[0])}, but the test labels are like "
            f"{said(y[0])}; expected labels of one kind."
        )
    return predicted


def balanced_accuracy(answers: Answers) -> float:
    """Mean over the classes of the test set of the share that is recognised."""
    codes = answers.test.codes
    if codes is None:
        return _by_sklearn("balanced_accuracy", answers)
    of_class = np.bincount(codes)
    correct = np.bincount(codes, weights=_labels(answers, "balanced_accuracy") == answers.test.y)
    return float((correct[of_class > 0] / of_class[of_class > 0]).mean())


def f1_macro(answers: Answers) -> float:
    """Mean F1 over the classes that are present or predicted."""
    if answers.test.codes is None:
        return _by_sklearn("f1_macro", answers)
    true, predicted, hits = _confusion(answers)
    seen = true + predicted > 0
    return float((2 * hits[seen] / (true + predicted)[seen]).mean())


def f1_weighted(answers: Answers) -> float:
    """Mean F1 over the classes, each weighted by its share of the test set."""
    if answers.test.codes is None:
        return _by_sklearn("f1_weighted", answers)
    true, predicted, hits = _confusion(answers)
    seen = true > 0
    return float((2 * hits[seen] / (true + predicted)[seen] * true[seen]).sum() / true.sum())


def _confusion(answers: Answers) -> tuple[NDArray[np.float64], ...]:
    """How often each class is true, predicted, and both: (c,) each."""
    predicted = _labels(answers, "f1")
    known = np.unique(np.concatenate([answers.test.y, predicted]))
    codes, said = np.searchsorted(known, answers.test.y), np.searchsorted(known, predicted)
    counts = (np.bincount(c, minlength=len(known)) for c in (codes, said, codes[said == codes]))
    return tuple(count.astype(np.float64) for count in counts)


def neg_log_loss(answers: Answers) -> float:
    """Mean log probability of the true class; probabilities are clipped to [eps, 1 - eps] of their precision."""
    proba = answers.proba()
    eps = np.finfo(proba.dtype).eps
    true = proba[np.arange(len(proba)), answers.test.codes]
    return float(np.log(np.clip(true, eps, 1 - eps)).mean(dtype=np.float64))


def probability(answers: Answers) -> float:
    """Mean predicted probability of the true class: like accuracy, but without its jumps, hence far less noisy."""
    return float(true_probabilities(answers).mean())


def true_probabilities(answers: Answers) -> NDArray[np.float64]:
    """Predicted probability of each test point's own class: (n,)."""
    proba = answers.proba()
    return proba[np.arange(len(proba)), answers.test.codes].astype(np.float64)


def margin(answers: Answers) -> float:
    """Mean of the probability of the true class minus the largest of another class, from -1 to 1."""
    return float(margins(answers).mean())


def margins(answers: Answers) -> NDArray[np.float64]:
    """Each test point's probability of its own class minus the largest of another class: (n,)."""
    proba = answers.proba().astype(np.float64)
    rows, codes = np.arange(len(proba)), answers.test.codes
    own = proba[rows, codes]
    proba[rows, codes] = -np.inf
    return own - (proba.max(axis=1) if proba.shape[1] > 1 else 0.0)


def roc_auc(answers: Answers) -> float:
    """Chance that a point of the second class gets a higher score than one of the first; ties count half."""
    codes, classes = answers.test.codes, answers.test.classes
    if codes is None or classes is None or len(classes) != 2 or np.ptp(codes) == 0:
        return _by_sklearn("roc_auc", answers)
    positive = codes == 1
    scores = answers.decided() if answers.knows_all_classes() else answers.proba()[:, 1]
    if np.isnan(scores).any():
        raise ScorerError(
            f"{type(answers.model).__name__} gave NaN for some test points; expected finite scores."
        )
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # the mean rank where scores are equal
    n_positive = int(positive.sum())
    above = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * (len(positive) - n_positive)))


def r2(answers: Answers) -> float:
    """1 - residual / total sum of squares; 1 or 0 where the labels are constant."""
    y = answers.test.y
    if y.ndim > 1 or len(y) < 2:
        return _by_sklearn("r2", answers)
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


PLAIN: dict[str, tuple[Sort, Callable[[Answers], float]]] = {
    "accuracy": ("classes", accuracy),
    "balanced_accuracy": ("classes", balanced_accuracy),
    "f1_macro": ("classes", f1_macro),
    "f1_weighted": ("classes", f1_weighted),
    "neg_log_loss": ("classes", neg_log_loss),
    "margin": ("classes", margin),
    "probability": ("classes", probability),
    "roc_auc": ("classes", roc_auc),
    "r2": ("numbers", r2),
    "neg_mean_squared_error": ("numbers", neg_mean_squared_error),
    "neg_root_mean_squared_error": ("numbers", neg_root_mean_squared_error),
    "neg_mean_absolute_error": ("numbers", neg_mean_absolute_error),
    "score": ("any", own_score),
}

POINTWISE: dict[str, Callable[[Answers], NDArray[np.float64]]] = {
    "accuracy": correct,
    "probability": true_probabilities,
    "margin": margins,
}
"""Metrics that are means over the test points, as scores of the single points: any part of them is scored at once."""

ALIASES = {"log_loss": "neg_log_loss"}
"""Words that people use for a metric whose sign is turned here, so that larger is better."""
