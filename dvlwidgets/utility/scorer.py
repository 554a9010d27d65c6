"""How well a fitted model does on test data: the number (or numbers) that a valuation attributes to the points."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import text
from ..data import Dataset
from ..data.labels import said
from ..errors import InputError, InputTypeError, ScorerError
from .answers import Answers, TestSet
from .defaults import default_of
from .match import check_fit
from .metrics import Metric, resolve_all

Scoring = str | Callable[[Any, Any, Any], float]


class SupervisedScorer:
    """Scores fitted models on test data; larger is better.

    Args:
        scoring: a scoring name of scikit-learn, "score" (the model's own), "probability" (mean probability of the true
            class), "margin" (that minus the largest probability of another class), "log_loss" (mean log probability
            of the true class, so its sign is turned: the same as "neg_log_loss"), a callable(model, x, y), a model
            with a score method, or a list or mapping of names to these. Accuracy only changes when a test
            point changes sides, the three others with every point; log-loss is ruled by the few test points that the
            model is surely wrong about.
        test_data: a `Dataset`, or a pair (x, y). Neither training data nor the data that you judge with.
        default: score of the empty and of a failed subset, one number or one per metric. None: 0.0 where that is a
            metric's worst or chance value; for `neg_*`, whose 0.0 is perfect, the score of guessing the class shares
            or the mean of the training set.
        range: smallest and largest possible score; a score outside is an error.
        name: what to call it.

    Raises:
        InputError: unknown scoring, no test points, a default that is not finite or outside the range, a malformed
            range.
        InputTypeError: a scoring or test data of another type.

    Example:
        >>> scorer = SupervisedScorer("accuracy", (x_val, y_val))  # doctest: +SKIP
        >>> scorer(model.fit(x, y))  # doctest: +SKIP
        array([0.93])
    """

    def __init__(
        self,
        scoring: Scoring | Sequence[Scoring] | Mapping[str, Scoring] | Any,
        test_data: Dataset | tuple[Any, Any],
        default: float | Sequence[float] | None = None,
        range: tuple[float, float] = (-np.inf, np.inf),  # noqa: A002
        name: str | None = None,
    ) -> None:
        self.metrics: tuple[Metric, ...] = resolve_all(scoring)
        self.test_data: Dataset = as_dataset(test_data)
        self.range: tuple[float, float] = _checked_range(range)
        self.default: NDArray[np.float64] | None = _checked_default(default, len(self.metrics), self.range)
        if name is not None:
            text("name", name, "It is what the score is called.")
        self.name: str = name or ", ".join(metric.name for metric in self.metrics)
        self.names: tuple[str, ...] = tuple(metric.name for metric in self.metrics)
        if name is not None and len(self.metrics) == 1:
            self.names = (name,)
        self.transforms: tuple[Callable[[float], float], ...] = ()

    def __call__(self, model: Any) -> NDArray[np.float64]:
        """Scores of a fitted model: (m,), one per metric."""
        known = getattr(model, "classes_", None)
        several = known is not None and np.ndim(known[0]) > 0  # one array per output
        test = TestSet.of(self.test_features(), self.test_data.y, None if several else known)
        return self.score_on(model, test)

    def test_features(self) -> Any:
        """The features that models are asked about."""
        return self.test_data.x

    def bind(self, model: Any, train: Dataset) -> BoundScorer:
        """Ties the scorer to a model and a training set: checks, classes and default are settled once.

        Args:
            model: the unfitted model.
            train: full training set; gives the classes and the default.

        Raises:
            ScorerError: if the metric can never score this model or these labels.
        """
        labels = None if train.y.ndim > 1 or self.test_data.y.ndim > 1 else train.y
        test = TestSet.of(self.test_features(), self.test_data.y, self._class_labels(labels))
        for metric in self.metrics:
            check_fit(metric.name, metric.sort, model, test)
        default, note = self._default_for(model, train, test)
        return BoundScorer(self, test, default, note)

    def _class_labels(self, labels: Any) -> Any:
        """Training labels if they can be classes: those of a regression would make one class per number."""
        return None if all(metric.sort == "numbers" for metric in self.metrics) else labels

    def _default_for(self, model: Any, train: Dataset, test: TestSet) -> tuple[NDArray[np.float64], str]:
        if self.default is not None:
            return self._transformed(self.default), ""
        found = [default_of(metric, model, train, test) for metric in self.metrics]
        said = [note for _, note in found if note]
        return self._transformed(np.array([value for value, _ in found])), " ".join(said)

    def _transformed(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        for transform in self.transforms:
            scores = np.array([transform(float(score)) for score in scores], dtype=np.float64)
        return scores

    def score_on(self, model: Any, test: TestSet) -> NDArray[np.float64]:
        """Scores of a fitted model on prepared test data: (m,)."""
        answers = Answers(model, test)
        raw = np.array([metric.function(answers) for metric in self.metrics], dtype=np.float64)
        if not np.isfinite(raw).all():
            wrong = self.metrics[int(np.flatnonzero(~np.isfinite(raw))[0])].name
            raise ScorerError(
                f"{wrong!r} of {type(model).__name__} is {raw[~np.isfinite(raw)][0]}; expected a finite number. "
                f"{_why_not_finite(test)}"
            )
        scores = self._transformed(raw) if self.transforms else raw
        low, high = self.range
        if scores.min() < low or scores.max() > high:
            raise ScorerError(
                f"{self.name!r} gave {scores.tolist()}, outside of the stated range ({low}, {high}). "
                f"Expected scores within it; correct the range, or leave it out."
            )
        return scores

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("scorer", self.metrics, self.test_data, self.default, self.range, self.transforms)

    def __repr__(self) -> str:
        return f"SupervisedScorer({self.name!r}, {self.test_data!r})"


@dataclass(frozen=True)
class BoundScorer:
    """A scorer whose classes and default are settled; calls score a fitted model: (m,) floats.

    Attributes:
        scorer: the scorer it was bound from.
        test: prepared test data.
        default: (m,) score of the empty and of a failed subset.
        note: a sentence on how the default was found, to be said once; or "".
    """

    scorer: SupervisedScorer
    test: TestSet
    default: NDArray[np.float64]
    note: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the m metrics."""
        return self.scorer.names

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest possible score."""
        return self.scorer.range

    def __call__(self, model: Any) -> NDArray[np.float64]:
        """Scores of a fitted model: (m,)."""
        return self.scorer.score_on(model, self.test)

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("bound scorer", self.scorer, self.test.classes, self.default)


def compose_score(
    scorer: SupervisedScorer, transformation: Callable[[float], float], name: str
) -> SupervisedScorer:
    """A scorer whose scores (and default, and range) are those of another one, transformed.

    Args:
        scorer: the scorer to transform; stays as it is.
        transformation: an increasing function of one float, e.g. `sigmoid`, applied to each metric.
        name: name of the new scorer.

    Raises:
        InputTypeError: if `scorer` is no `SupervisedScorer` or the transformation cannot be called.
    """
    given: Any = scorer
    if not isinstance(given, SupervisedScorer) or not callable(transformation):
        raise InputTypeError(
            f"compose_score was given {type(scorer).__name__} and {type(transformation).__name__}; expected a "
            f"SupervisedScorer and a function of one float such as sigmoid."
        )
    composed = copy.copy(scorer)
    composed.transforms = (*scorer.transforms, transformation)
    composed.name = text("name", name, "It is what the new score is called.")
    composed.names = (name,) if len(scorer.names) == 1 else tuple(f"{name}({each})" for each in scorer.names)
    composed.range = _transformed_range(scorer.range, transformation)
    return composed


def _transformed_range(
    range_: tuple[float, float], transformation: Callable[[float], float]
) -> tuple[float, float]:
    ends = []
    for end, unknown in zip(range_, (-math.inf, math.inf), strict=True):
        try:
            value = float(transformation(end))
        except (ArithmeticError, ValueError):  # not defined at infinity
            value = unknown
        ends.append(unknown if math.isnan(value) else value)
    return min(ends), max(ends)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)) without overflow: squashes any score into (0, 1).

    Raises:
        InputTypeError: for anything but one number.
    """
    given: Any = x
    if isinstance(given, bool | np.bool_) or not isinstance(given, int | float | np.integer | np.floating):
        raise InputTypeError(
            f"sigmoid was given {type(x).__name__}; expected one number. Use compose_score(scorer, sigmoid, name)."
        )
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))


# --- checks ---------------------------------------------------------------------------------


def as_dataset(test_data: Any) -> Dataset:
    """Test data as a data set: itself, or made of a pair (x, y)."""
    if isinstance(test_data, Dataset):
        return test_data
    if not isinstance(test_data, (tuple, list)) or len(test_data) != 2:
        raise InputTypeError(
            f"test_data is a {type(test_data).__name__}; expected a Dataset, or a pair (x, y). "
            f"SupervisedScorer('accuracy', (x_val, y_val))."
        )
    x, y = test_data
    return Dataset(x, y, multi_output=np.ndim(y) > 1)


def _checked_range(range_: Any) -> tuple[float, float]:
    try:
        low, high = (math.nan if isinstance(end, str) else float(end) for end in range_)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not low < high:
        raise InputError(f"range={range_!r}; expected a pair (smallest, largest) such as (0, 1).")
    return low, high


def _checked_default(default: Any, m: int, range_: tuple[float, float]) -> NDArray[np.float64] | None:
    if default is None:
        return None
    try:
        given = np.array(np.broadcast_to(np.asarray(default), (m,)))
        values = given.astype(np.float64) if given.dtype.kind in "iuf" else np.full(m, np.nan)
    except (TypeError, ValueError) as e:
        raise InputError(
            f"default={default!r}; expected None, a number, or one number for each of {m} metrics."
        ) from e
    if not np.isfinite(values).all() or values.min() < range_[0] or values.max() > range_[1]:
        raise InputError(
            f"default={default!r}; expected finite numbers within the range {range_}: it is the score of the empty "
            f"and of a failed subset, and enters the values. With None a sensible one is chosen."
        )
    values.flags.writeable = False
    return values


def _why_not_finite(test: TestSet) -> str:
    """What makes a score NaN or infinite, as far as the test set tells."""
    y = test.y
    if y.ndim == 1 and (y == y[0]).all():
        return (
            f"All {len(y):,} test labels are {said(y[0])}: take test points with several, or another metric."
        )
    return "The test set may be too small, or the model diverged."
