"""Scores of many models from what they said together about the test points.

The common metrics are computed for all models at once; the others look at one model's answers after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import Answers, TestSet
from .fits.covered_table import DECISION, PREDICT, PROBA
from .fits.predictions import Predictions, finite
from .foreign import SklearnMetric
from .metrics import Metric
from .plain import PLAIN
from .scorer import BoundScorer, SupervisedScorer

Floats = NDArray[np.float64]

_FROM_PROBA = ("neg_log_loss", "probability", "margin")


def asked(scorer: Any, says: frozenset[str], *, two: bool) -> frozenset[str] | str:
    """The methods of the model that a scorer needs, or in words why it needs the model itself.

    Args:
        scorer: a bound scorer.
        says: methods that batched fits can answer for.
        two: whether there are two classes.
    """
    if type(scorer) is not BoundScorer or type(scorer.scorer) is not SupervisedScorer:
        return f"{type(scorer).__name__} scores fitted models"
    wanted: set[str] = set()
    for metric in scorer.scorer.metrics:
        needs = _needs(metric)
        if needs is None:
            return f"the metric {metric.name!r} may ask the model anything"
        found = [method for method in needs if method in says]
        if not found:
            return (
                f"the metric {metric.name!r} needs {' or '.join(needs)}, which is not answered for in batches"
            )
        if DECISION in found and not two:
            return f"decision values of more than two classes, for {metric.name!r}, are not answered for in batches"
        wanted.update(found)
    return frozenset(wanted)


def _needs(metric: Metric) -> tuple[str, ...] | None:
    """Methods of which a metric asks one; None for a callable that may ask for anything."""
    if isinstance(metric.source, str) and metric.source in PLAIN:
        if metric.source == "roc_auc":
            return (DECISION, PROBA)
        return (PROBA,) if metric.source in _FROM_PROBA else (PREDICT,)
    if not isinstance(metric.function, SklearnMetric):
        return None
    from sklearn.metrics import get_scorer

    scorer = metric.function.scorer
    scorer = get_scorer(scorer) if isinstance(scorer, str) else scorer
    methods = getattr(scorer, "_response_method", None)
    return None if methods is None else (methods,) if isinstance(methods, str) else tuple(methods)


@dataclass(frozen=True)
class BatchScorer:
    """Scores predictions on the test set of a bound scorer.

    Attributes:
        scorer: the bound scorer.
        classes: (c,) classes of the training labels, or None.
        column: (k,) position in them of each test point's label, -1 where no training point has it.
    """

    scorer: BoundScorer
    classes: NDArray[Any] | None
    column: NDArray[np.intp]

    @classmethod
    def of(cls, scorer: BoundScorer, classes: NDArray[Any] | None) -> BatchScorer | str:
        """A scorer of predictions of these classes, or in words why there is none."""
        test = scorer.test
        if classes is None:
            return cls(scorer, None, np.empty(0, np.intp))
        if test.classes is None or test.codes is None:
            return "the test labels are no classes"
        place = np.minimum(np.searchsorted(test.classes, classes), len(test.classes) - 1)
        if not np.array_equal(test.classes[place], classes):
            return "the test labels are of another kind than the training labels"
        column = np.full(len(test.classes), -1, np.intp)
        column[place] = np.arange(len(classes))
        return cls(scorer, classes, column[test.codes])

    def scores(self, told: Predictions) -> tuple[Floats, NDArray[np.bool_]]:
        """Scores (B, m), and (B,) which of them hold; where one does not, the model's own fit says what is wrong."""
        own, good = self.scorer.scorer, told.done.copy()
        values = np.full((len(good), len(own.metrics)), np.nan)
        for m, metric in enumerate(own.metrics):
            together = self._together(metric, told)
            values[:, m] = self._apart(metric, told) if together is None else together
        good &= finite(values)
        for transform in own.transforms:
            values[good] = [[transform(float(score)) for score in row] for row in values[good]]
        good &= finite(values)
        low, high = own.range
        good[good] = ((values[good] >= low) & (values[good] <= high)).all(axis=1)
        return values, good

    def _together(self, metric: Metric, told: Predictions) -> Floats | None:
        if (
            not isinstance(metric.source, str)
            or metric.function is not PLAIN.get(metric.source, (None, None))[1]
        ):
            return None
        test = self.scorer.test
        if told.codes is None:
            formula = _NUMBERS.get(metric.source)
            numbers = told.numbers
            if formula is None or numbers is None or numbers.shape[1:] != test.y.shape:
                return None
            scores = formula(numbers, test)
            return None if scores is None else np.where(finite(numbers), scores, np.nan)
        if metric.source in _FROM_PROBA:
            assert told.proba is not None
            return _PROBA[metric.source](self._own(told.proba), told.proba, self.column)
        hits = _HITS.get(metric.source)
        return None if hits is None else hits(told.codes == self.column, test)

    def _own(self, proba: Floats) -> Floats:
        """(B, k) probabilities of the test points' own classes."""
        own = proba[:, np.arange(len(self.column)), self.column]
        return own if self.column.min(initial=0) >= 0 else np.where(self.column < 0, 0.0, own)

    def _apart(self, metric: Metric, told: Predictions) -> Floats:
        """Scores of one model's answers after the other; NaN where the metric fails."""
        scores = np.full(len(told.done), np.nan)
        for b in np.flatnonzero(told.done).tolist():
            try:
                scores[b] = metric.function(Answers(_said(told, b, self.classes), self.scorer.test))
            except Exception:  # the model's own fit will say it, with its name
                scores[b] = np.nan
        return scores


class _Said:
    """One model's answers in the place of the model; methods that were not asked for are not there."""

    def __init__(self, predicted: NDArray[Any]) -> None:
        self.predicted = predicted

    def predict(self, _x: Any) -> NDArray[Any]:
        return self.predicted

    def score(self, _x: Any, y: Any) -> float:
        from sklearn.metrics import accuracy_score, r2_score

        return float((accuracy_score if hasattr(self, "classes_") else r2_score)(y, self.predicted))


def _said(told: Predictions, b: int, classes: NDArray[Any] | None) -> _Said:
    if told.codes is None or classes is None:
        assert told.numbers is not None
        return _Said(told.numbers[b])
    assert told.seen is not None
    said, seen = _Said(classes[told.codes[b]]), told.seen[b]
    said.classes_ = classes[seen]  # type: ignore[attr-defined]
    if told.proba is not None:
        proba = told.proba[b][:, seen]
        said.predict_proba = lambda _x: proba  # type: ignore[attr-defined]
    if told.decided is not None and seen.all():
        decided = told.decided[b]
        said.decision_function = lambda _x: decided  # type: ignore[attr-defined]
    return said


# --- formulas for all models at once: the same as in `plain.py` ---------------------------------------------------


def _accuracy(hits: NDArray[np.bool_], _test: TestSet) -> Floats:
    return np.asarray(hits.sum(axis=1) / hits.shape[1])


def _balanced_accuracy(hits: NDArray[np.bool_], test: TestSet) -> Floats:
    assert test.codes is not None
    of_class = np.bincount(test.codes)
    present = np.flatnonzero(of_class)
    members = (test.codes[:, None] == present).astype(np.float64)
    return np.asarray((hits.astype(np.float64) @ members / of_class[present]).mean(axis=1))


def _log_loss(own: Floats, _proba: Floats, _column: NDArray[np.intp]) -> Floats:
    eps = np.finfo(np.float64).eps
    return np.asarray(np.log(np.clip(own, eps, 1 - eps)).mean(axis=1))


def _probability(own: Floats, _proba: Floats, _column: NDArray[np.intp]) -> Floats:
    return np.asarray(own.mean(axis=1))


def _margin(own: Floats, proba: Floats, column: NDArray[np.intp]) -> Floats:
    classes = np.arange(proba.shape[2])
    others = np.where(classes == column[:, None], -np.inf, proba).max(axis=2)
    others[np.isneginf(others)] = 0.0
    return np.asarray((own - others).mean(axis=1))


def _r2(numbers: Floats, test: TestSet) -> Floats | None:
    if test.y.ndim > 1 or len(test.y) < 2:
        return None
    residual = ((test.y - numbers) ** 2).sum(axis=1)
    if test.spread == 0.0:
        return np.where(residual == 0.0, 1.0, 0.0)
    return np.asarray(1.0 - residual / test.spread)


def _squared(numbers: Floats, test: TestSet) -> Floats:
    return np.asarray(-((test.y - numbers) ** 2).reshape(len(numbers), -1).mean(axis=1))


def _root(numbers: Floats, test: TestSet) -> Floats:
    roots = np.sqrt(((test.y - numbers) ** 2).mean(axis=1))
    return np.asarray(-roots.reshape(len(numbers), -1).mean(axis=1))


def _absolute(numbers: Floats, test: TestSet) -> Floats:
    return np.asarray(-np.abs(test.y - numbers).reshape(len(numbers), -1).mean(axis=1))


_HITS: dict[str, Callable[[NDArray[np.bool_], TestSet], Floats]] = {
    "accuracy": _accuracy,
    "score": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
}
_PROBA: dict[str, Callable[[Floats, Floats, NDArray[np.intp]], Floats]] = {
    "neg_log_loss": _log_loss,
    "probability": _probability,
    "margin": _margin,
}
_NUMBERS: dict[str, Callable[[Floats, TestSet], Floats | None]] = {
    "r2": _r2,
    "score": _r2,
    "neg_mean_squared_error": _squared,
    "neg_root_mean_squared_error": _root,
    "neg_mean_absolute_error": _absolute,
}
