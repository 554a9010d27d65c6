"""The mean score on several test sets: one fit, so that values do not hang on one split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Dataset
from ..errors import InputError, InputTypeError
from .scorer import BoundScorer, SupervisedScorer


class AveragedScorer(SupervisedScorer):
    """Scores a fitted model on several test sets and takes the mean, each set counting alike; larger is better.

    A subset is fitted once, whatever the number of test sets. For metrics that are means over points, sets of one
    size give the score of all of them together; for others (f1, R2, roc_auc), and for sets of different sizes, or from
    different places or times, the mean is not that of the pool. `each(model)` shows how far the sets disagree.

    Args:
        scoring: as for `SupervisedScorer`.
        test_sets: two or more `Dataset`s, or pairs (x, y). None of them may hold training data.
        default: score of the empty and of a failed subset; None: the mean of the single sets' defaults.
        range: smallest and largest possible score on each set.
        name: what to call it.

    Raises:
        InputError: fewer than two test sets, and what `SupervisedScorer` refuses.
        InputTypeError: if they are no sequence.

    Example:
        >>> scorer = AveragedScorer("accuracy", [monday, tuesday])  # doctest: +SKIP
        >>> utility = Utility(model, scorer)  # doctest: +SKIP
    """

    def __init__(
        self,
        scoring: Any,
        test_sets: Sequence[Dataset | tuple[Any, Any]],
        default: float | Sequence[float] | None = None,
        range: tuple[float, float] = (-np.inf, np.inf),  # noqa: A002
        name: str | None = None,
    ) -> None:
        given: Any = test_sets
        if isinstance(given, Dataset) or not isinstance(given, list | tuple):
            raise InputTypeError(
                f"test_sets must be a list of Datasets, not {type(given).__name__}. Write AveragedScorer('accuracy', "
                "[test_1, test_2]); for one test set use SupervisedScorer."
            )
        if len(given) < 2:
            raise InputError(
                f"test_sets must hold at least two test sets, not {len(given)}. For one use SupervisedScorer; to test "
                "on parts of the training data use CrossValidatedUtility."
            )
        super().__init__(scoring, given[0], default, range, name)
        self.parts: tuple[SupervisedScorer, ...] = tuple(
            SupervisedScorer(scoring, test, default, range, name) for test in given
        )
        # all of them identify the score, also where a key= names model and scorer
        self.test_data = tuple(part.test_data for part in self.parts)  # type: ignore[assignment]

    def __call__(self, model: Any) -> NDArray[np.float64]:
        """Mean scores of a fitted model: (m,), one per metric."""
        return self._transformed(self.each(model).mean(axis=0))

    def each(self, model: Any) -> NDArray[np.float64]:
        """Scores of a fitted model on the single test sets, not transformed: (sets, m)."""
        return np.stack([part(model) for part in self.parts])

    def bind(self, model: Any, train: Dataset) -> BoundAveragedScorer:  # type: ignore[override]
        """Ties the scorer to a model and a training set; errors as of `SupervisedScorer.bind`, of any test set."""
        parts = tuple(part.bind(model, train) for part in self.parts)
        default = self._transformed(np.mean([part.default for part in parts], axis=0))
        notes = tuple(dict.fromkeys(part.note for part in parts if part.note))
        said = (
            notes[0] + (" (and likewise on the other test sets)" if len(notes) > 1 else "") if notes else ""
        )
        return BoundAveragedScorer(self, parts, default, said)

    def transformed(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean scores after the transformations of `compose_score`."""
        return self._transformed(scores)

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("averaged", *super().__dvl_identity__(), self.parts)

    def __repr__(self) -> str:
        return f"AveragedScorer({self.name!r}, {len(self.parts)} test sets)"


@dataclass(frozen=True)
class BoundAveragedScorer:
    """An averaged scorer whose classes and defaults are settled; calls score a fitted model: (m,) floats.

    Attributes:
        scorer: the scorer it was bound from.
        parts: bound scorers of the single test sets.
        default: (m,) score of the empty and of a failed subset.
        note: a sentence on how the default was found, or "".
    """

    scorer: AveragedScorer
    parts: tuple[BoundScorer, ...]
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
        """Mean scores of a fitted model: (m,)."""
        return self.scorer.transformed(np.mean([part(model) for part in self.parts], axis=0))

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("bound averaged scorer", self.scorer, self.parts)
