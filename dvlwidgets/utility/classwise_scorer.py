"""A score for each class: how well a model knows the class, times a bonus for knowing the others.

For class c with in-class score a and out-of-class score b the utility is f(a) g(b); f is the identity and g the
exponential, so that the other classes matter, but never more than the class itself.
Schoch, Xu & Ji, CS-Shapley: class-wise Shapley values for data valuation in classification (NeurIPS 2022).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import flag
from ..data import Dataset
from ..data.arrays import as_numpy, take_rows
from ..errors import InputError, InputTypeError, ScorerError
from .answers import Answers, TestSet
from .match import check_fit
from .plain import POINTWISE
from .scorer import SupervisedScorer

Discount = Callable[[Any], Any]


def unchanged(score: float) -> float:
    """The in-class score as it is."""
    return score


class ClasswiseSupervisedScorer(SupervisedScorer):
    """Scores a fitted classifier once for each class of the training data; larger is better.

    Args:
        scoring: one metric of class labels: a scoring name such as "accuracy" or "probability", or a
            callable(model, x, y). It is taken on the test points of the class and on all others.
        test_data: a `Dataset`, or a pair (x, y), with points of every class of the training data.
        default: utility of the empty and of a failed subset, for every class.
        range: smallest and largest possible in-class and out-of-class score.
        in_class_discount_fn: f, of the in-class score; None leaves it as it is.
        out_of_class_discount_fn: g, of the out-of-class score.
        rescale_scores: multiply the in-class score by the share of the class among the test points and the other one
            by the rest, as the paper does: accuracies then count correct points among all test points.
        name: what to call it.

    Raises:
        InputError: several metrics, or what `SupervisedScorer` refuses.
        InputTypeError: a discount that cannot be called.

    References:
        Schoch, Xu & Ji, CS-Shapley (NeurIPS 2022), equation 3.
    """

    def __init__(
        self,
        scoring: Any,
        test_data: Dataset | tuple[Any, Any],
        default: float | None = 0.0,
        range: tuple[float, float] = (0, 1),  # noqa: A002
        in_class_discount_fn: Discount | None = None,
        out_of_class_discount_fn: Discount = np.exp,
        rescale_scores: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(scoring, test_data, 0.0 if default is None else default, range, name)
        if len(self.metrics) != 1:
            raise InputError(
                f"a classwise scorer takes one metric, not {len(self.metrics)} ({self.name}): each class has a score "
                "of its own. Pass 'accuracy', for example."
            )
        for what, function in (("in", in_class_discount_fn), ("out_of", out_of_class_discount_fn)):
            if function is not None and not callable(function):
                raise InputTypeError(
                    f"{what}_class_discount_fn must be a function of one score, not {function!r}. "
                    "Pass numpy.exp, for example."
                )
        self.in_class_discount_fn = unchanged if in_class_discount_fn is None else in_class_discount_fn
        self.out_of_class_discount_fn = out_of_class_discount_fn
        self.rescale_scores = flag("rescale_scores", rescale_scores)

    def bind(self, model: Any, train: Dataset) -> BoundClasswiseScorer:  # type: ignore[override]
        """Ties the scorer to a model and a training set.

        Raises:
            ScorerError: if the labels are no classes, there is only one, or one has no test points.
        """
        if train.y.ndim > 1 or self.test_data.y.ndim > 1:
            raise ScorerError(
                "classwise scores need one class label for each point; y has several columns. Pass one of them."
            )
        labels = as_numpy(train.y)
        test = TestSet.of(self.test_data.x, self.test_data.y, labels)
        if test.classes is None:
            raise ScorerError(
                "classwise scores need class labels, but the test labels are numbers with fractions. Pass classes, or "
                "value the points with ShapleyValuation(Utility(model, SupervisedScorer('r2', test)))."
            )
        check_fit(self.metrics[0].name, self.metrics[0].sort, model, test)
        return BoundClasswiseScorer.of(self, test, np.unique(labels))

    def __call__(self, model: Any) -> NDArray[np.float64]:
        """Utilities (2k,) of a fitted model for the k classes that it knows, as `BoundClasswiseScorer`."""
        known = getattr(model, "classes_", None)
        test = TestSet.of(self.test_data.x, self.test_data.y, known)
        if test.classes is None:
            raise ScorerError(
                "classwise scores need class labels; the test labels are numbers with fractions."
            )
        return BoundClasswiseScorer.of(self, test, test.classes if known is None else as_numpy(known))(model)

    def __dvl_identity__(self) -> tuple[object, ...]:
        discounts = (self.in_class_discount_fn, self.out_of_class_discount_fn)
        return ("classwise", *super().__dvl_identity__(), discounts, self.rescale_scores)

    def __repr__(self) -> str:
        return f"ClasswiseSupervisedScorer({self.name!r}, {self.test_data!r})"


@dataclass(frozen=True)
class BoundClasswiseScorer:
    """A classwise scorer on k classes; calls give (2k,): the k utilities, then the k in-class scores.

    Attributes:
        scorer: what it was bound from.
        test: all test points.
        classes: (k,) sorted classes of the training data.
        parts: for each class, the positions and the test sets of its points and of all others (None where none).
        default: (2k,) score of the empty and of a failed subset.
        note: nothing to say.
    """

    scorer: ClasswiseSupervisedScorer
    test: TestSet
    classes: NDArray[Any]
    parts: tuple[tuple[_Part | None, _Part | None], ...]
    default: NDArray[np.float64]
    note: str = ""

    @classmethod
    def of(
        cls, scorer: ClasswiseSupervisedScorer, test: TestSet, classes: NDArray[Any]
    ) -> BoundClasswiseScorer:
        """Splits the test points by class.

        Raises:
            ScorerError: if there are fewer than two classes, or a class has no test points.
        """
        if len(classes) < 2:
            raise ScorerError(
                f"the training data have one class ({classes[0]}); classwise values compare a class with the others, "
                "so at least two are needed. Use ShapleyValuation for one."
            )
        lacking = [str(label) for label in classes if not (test.y == label).any()]
        if lacking:
            raise ScorerError(
                f"the test data have no points of the training data's class {', '.join(lacking[:5])}, so its points "
                "could not be valued. Add test points of every class, or leave the class out of the training data."
            )
        parts = tuple((_Part.of(test, test.y == label), _Part.of(test, test.y != label)) for label in classes)
        values = np.zeros(2 * len(classes))
        start = scorer.default if scorer.default is not None else np.zeros(1)
        values[: len(classes)] = start
        return cls(scorer, test, classes, parts, values)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the 2k scores."""
        name = self.scorer.name
        return (
            *(f"classwise {name} of class {c}" for c in self.classes),
            *(f"{name} in class {c}" for c in self.classes),
        )

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest possible in-class and out-of-class score."""
        return self.scorer.range

    def __call__(self, model: Any) -> NDArray[np.float64]:
        """Utilities and in-class scores of a fitted model: (2k,)."""
        own, others = self.in_and_out(model)
        if self.scorer.rescale_scores:
            share = np.array([len(part.at) / len(self.test.y) for part, _ in self.parts if part is not None])
            own, others = own * share, others * (1.0 - share)
        f, g = self.scorer.in_class_discount_fn, self.scorer.out_of_class_discount_fn
        combined = [float(f(a)) * float(g(b)) for a, b in zip(own.tolist(), others.tolist(), strict=True)]
        return np.concatenate([combined, own])

    def in_and_out(self, model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """In-class and out-of-class scores of a fitted model, not rescaled: (k,) each; 0 without points.

        Raises:
            ScorerError: for a score that is not finite, or outside of the stated range.
        """
        answers = _Remembered(model, self.test)
        metric = self.scorer.metrics[0]
        each = POINTWISE.get(metric.source) if isinstance(metric.source, str) else None
        if each is not None:
            points = each(answers)
            scores = np.array([[_mean(points, part) for part in pair] for pair in self.parts])
        else:
            scores = np.array(
                [
                    [0.0 if part is None else metric.function(part.answers(answers)) for part in pair]
                    for pair in self.parts
                ]
            )
        low, high = self.scorer.range
        if not np.isfinite(scores).all() or scores.min() < low or scores.max() > high:
            raise ScorerError(
                f"{self.scorer.name!r} of the single classes lies between {scores.min():.6g} and {scores.max():.6g}; "
                f"expected finite scores within the range ({low}, {high}). Pass another range=, or a metric such as "
                "'accuracy' or 'probability'."
            )
        return scores[:, 0], scores[:, 1]

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("bound classwise scorer", self.scorer, self.classes)


@dataclass(frozen=True)
class _Part:
    """Some of the test points: their positions, and the test set that they make."""

    at: NDArray[np.intp]
    test: TestSet

    @classmethod
    def of(cls, test: TestSet, which: NDArray[np.bool_]) -> _Part | None:
        at = np.flatnonzero(which)
        if len(at) == 0:
            return None
        codes = None if test.codes is None else test.codes[at]
        return cls(at, dataclasses.replace(test, x=take_rows(test.x, at), y=test.y[at], codes=codes))

    def answers(self, whole: _Remembered) -> Answers:
        return _Excerpt(whole, self)


def _mean(points: NDArray[np.float64], part: _Part | None) -> float:
    return 0.0 if part is None else float(points[part.at].mean())


class _Remembered(Answers):
    """Answers that ask the model each question once."""

    def __init__(self, model: Any, test: TestSet) -> None:
        super().__init__(model, test)
        self._asked: dict[str, Any] = {}

    def ask(self, method: str) -> Any:
        if method not in self._asked:
            self._asked[method] = super().ask(method)
        return self._asked[method]


class _Excerpt(Answers):
    """The answers on some of the test points."""

    def __init__(self, whole: _Remembered, part: _Part) -> None:
        super().__init__(whole.model, part.test)
        self._whole, self._at = whole, part.at

    def ask(self, method: str) -> Any:
        return as_numpy(self._whole.ask(method))[self._at]
