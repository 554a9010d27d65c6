"""What one fitted model says about the test points, asked once for all metrics.

A subset may lack a class, so a model's probabilities can have fewer columns than there are classes: they are put
into the columns of the full set of classes, with 0 for a class that the model has never seen.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy
from ..data.labels import said
from ..errors import ScorerError


@dataclass(frozen=True)
class TestSet:
    """Test points as the metrics see them.

    Attributes:
        x: features, as given; only models look at them.
        y: labels (n,) or (n, k), numpy.
        classes: (c,) sorted classes of training and test set, or None if y is no single class label.
        codes: (n,) position of each test label in `classes`, or None.
        spread: sum of squared deviations of a numeric y from its mean, else NaN.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    x: Any
    y: NDArray[Any]
    classes: NDArray[Any] | None
    codes: NDArray[np.intp] | None
    spread: float

    @classmethod
    def of(cls, x: Any, y: Any, more_classes: Any = None) -> TestSet:
        """Prepares test data.

        Args:
            x: features.
            y: labels.
            more_classes: labels or classes from elsewhere (training set, model) that also count.
        """
        values = as_numpy(y)
        spread = (
            float(((values - values.mean()) ** 2).sum())
            if _is_numeric(values) and values.ndim == 1
            else np.nan
        )
        if values.ndim > 1 or is_continuous(values):
            return cls(x, values, None, None, spread)
        present = np.unique(values)
        classes = present if more_classes is None else _union(present, as_numpy(more_classes))
        return cls(x, values, classes, np.searchsorted(classes, values), spread)


def _is_numeric(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "iufb"


def is_continuous(values: NDArray[Any]) -> bool:
    """Whether values are numbers with fractions, hence no class labels."""
    return values.dtype.kind == "f" and not np.array_equal(values, np.floor(values))


def _union(present: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    if more.ndim != 1 or _is_numeric(more) != _is_numeric(present):
        raise ScorerError(
            f"the test labels are like {said(present[0])}, but the training labels (or the model's classes) are like "
            f"{said(more.flat[0])}; expected labels of one kind. Convert one of them."
        )
    return np.unique(np.concatenate([present, more]))


class Answers:
    """Lazily computed predictions of one model on one test set."""

    def __init__(self, model: Any, test: TestSet) -> None:
        self.model = model
        self.test = test
        self.failure: Exception | None = None
        self._predicted: NDArray[Any] | None = None
        self._proba: NDArray[np.floating[Any]] | None = None

    def predicted(self) -> NDArray[Any]:
        """Predictions in the shape of y.

        Raises:
            ScorerError: if there is no `predict`, or its shape is another one.
        """
        if self._predicted is None:
            predicted = as_numpy(self.ask("predict"))
            y = self.test.y
            if predicted.shape != y.shape:
                if predicted.size != y.size:
                    raise ScorerError(
                        f"{type(self.model).__name__}.predict gave an array of shape {predicted.shape} for labels of "
                        f"shape {y.shape}; expected one prediction for each test label."
                    )
                predicted = predicted.reshape(y.shape)
            self._predicted = predicted
        return self._predicted

    def numbers(self) -> NDArray[np.float64]:
        """Predictions as finite floats, for regression metrics."""
        numbers = self.predicted().astype(np.float64, copy=False)
        if not np.isfinite(numbers).all():
            raise ScorerError(
                f"{type(self.model).__name__} predicted NaN or infinity; expected finite numbers."
            )
        return numbers

    def proba(self) -> NDArray[np.floating[Any]]:
        """Predicted probabilities, one column for each class of the test set: (n, c).

        Raises:
            ScorerError: if the model gives none, or its columns cannot be told.
        """
        if self._proba is None:
            self._proba = self._aligned(as_numpy(self.ask("predict_proba")))
        return self._proba

    def knows_all_classes(self) -> bool:
        """Whether the model has a decision function whose columns are those of the test set's classes."""
        known, classes = getattr(self.model, "classes_", None), self.test.classes
        if known is None or classes is None or not hasattr(self.model, "decision_function"):
            return False
        return np.array_equal(known, classes)

    def decided(self) -> NDArray[Any]:
        """The model's decision function: (n,) or (n, c)."""
        return as_numpy(self.ask("decision_function"))

    def ask(self, method: str) -> Any:
        """What a method of the model says about the test points, as it says it.

        Raises:
            ScorerError: if there is no such method.
        """
        answer = getattr(self.model, method, None)
        if answer is None:
            hint = (
                "e.g. SVC(probability=True), or score with 'accuracy'"
                if method == "predict_proba"
                else "or a callable"
            )
            raise ScorerError(
                f"{type(self.model).__name__} has no {method}, which this metric needs. "
                f"Expected a model that has it ({hint}), or a metric that does not need it."
            )
        try:
            return answer(self.test.x)
        except Exception as e:
            self.failure = e
            raise

    def _aligned(self, proba: NDArray[Any]) -> NDArray[np.floating[Any]]:
        classes = self.test.classes
        if classes is None or proba.ndim > 2:
            raise ScorerError(
                "probabilities can be scored for one class label per point; y is not of that kind."
            )
        if proba.dtype.kind != "f":
            proba = proba.astype(np.float64)
        known = getattr(self.model, "classes_", None)
        if proba.ndim == 1:
            proba = np.column_stack([1 - proba, proba])
        known = classes if known is None and proba.shape[1] == len(classes) else known
        if known is None or len(known) != proba.shape[1]:
            raise ScorerError(
                f"{type(self.model).__name__}.predict_proba gave {proba.shape[1]} columns for {len(classes)} classes; "
                f"expected an attribute classes_ that says which class each column means."
            )
        if np.array_equal(known, classes):
            return proba
        column = np.minimum(np.searchsorted(classes, known), len(classes) - 1)
        if not np.array_equal(classes[column], known):
            raise ScorerError(
                f"{type(self.model).__name__} knows the classes {list(known)[:10]}; expected some of "
                f"{list(classes)[:10]}. Fit it on the labels of the data set, not on encoded ones."
            )
        full = np.zeros((len(proba), len(classes)), dtype=proba.dtype)
        full[:, column] = proba
        return full

    def as_estimator(self, *, classifier: bool) -> Any:
        """These answers in the shape of a scikit-learn estimator, for scikit-learn's own scorers.

        A scorer of scikit-learn asks an estimator for tags, `classes_` and more, which duck-typed models lack.
        """
        return _estimator_class(classifier)(self)


@functools.cache
def _estimator_class(classifier: bool) -> Any:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.metaestimators import available_if

    class Frozen((ClassifierMixin if classifier else RegressorMixin), BaseEstimator):  # type: ignore[misc]
        def __init__(self, answers: Answers) -> None:
            self.answers = answers
            classes = answers.test.classes
            self.classes_ = getattr(answers.model, "classes_", None) if classes is None else classes

        def predict(self, _x: Any) -> NDArray[Any]:
            return self.answers.predicted()

        @available_if(lambda self: hasattr(self.answers.model, "predict_proba"))  # type: ignore[untyped-decorator]
        def predict_proba(self, _x: Any) -> Any:
            several = self.answers.test.classes is None  # label sets: one array per output, in a list
            return self.answers.ask("predict_proba") if several else self.answers.proba()

        @available_if(lambda self: self.answers.knows_all_classes())  # type: ignore[untyped-decorator]
        def decision_function(self, _x: Any) -> NDArray[Any]:
            return self.answers.decided()

        def __sklearn_is_fitted__(self) -> bool:
            return True

    return Frozen
