"""The utility of a subset for each class: one fit, scored on the test points of every class and on the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy
from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..errors import InputError, InputTypeError
from ..typing import Masks
from .bound_model import BoundModelUtility
from .classwise_scorer import ClasswiseSupervisedScorer
from .model import ModelUtility


class ClasswiseModelUtility(ModelUtility):
    """Scores of a model for each class after `fit` on a subset: what `ClasswiseShapleyValuation` values.

    `utility.with_dataset(data)(masks)` gives (B, 2k): for the k classes of `data`, in sorted order, first the
    utilities f(in-class score) g(out-of-class score), then the in-class scores alone.

    Args:
        model: a classifier with `fit(x, y)` and what the scorer asks for.
        scorer: a `ClasswiseSupervisedScorer`.
        **options: as for `ModelUtility`: catch_errors, show_warnings, clone_before_fit, seed, fit_seconds, key, ...

    Raises:
        InputTypeError: if the scorer is none for single classes, and as `ModelUtility`.

    References:
        Schoch, Xu & Ji, CS-Shapley (NeurIPS 2022).
    """

    def __init__(self, model: Any, scorer: ClasswiseSupervisedScorer, **options: Any) -> None:
        given: Any = scorer
        if not isinstance(given, ClasswiseSupervisedScorer):
            raise InputTypeError(
                f"scorer must be a ClasswiseSupervisedScorer, not {type(given).__name__}. "
                'Write ClasswiseSupervisedScorer("accuracy", test).'
            )
        super().__init__(model, scorer, **options)

    def with_dataset(self, data: Dataset) -> BoundClasswiseUtility:
        """The utilities of subsets of `data`."""
        return BoundClasswiseUtility(self, data)

    def __repr__(self) -> str:
        return f"ClasswiseModelUtility({self.model!r}, {self.scorer!r})"


class BoundClasswiseUtility(BoundModelUtility):
    """`ClasswiseModelUtility` on one training set."""

    def __init__(self, utility: ClasswiseModelUtility, data: Dataset) -> None:
        super().__init__(utility, data)
        self.classes, self._codes = np.unique(as_numpy(data.y), return_inverse=True)

    def _fit_and_score(self, mask: Masks, repetition: int = 0) -> NDArray[np.float64]:
        present = np.unique(self._codes[self.data.rows(mask)])
        if len(present) == 1:  # most classifiers refuse a single class; what they could answer is known
            return self.scorer(_OneClass(self.classes, int(present[0])))
        return super()._fit_and_score(mask, repetition)


class _OneClass:
    """What a model knows that has seen one class: nothing else."""

    def __init__(self, classes: NDArray[Any], known: int) -> None:
        self.classes_, self._known = classes, known

    def predict(self, x: Any) -> NDArray[Any]:
        return np.full(x.shape[0], self.classes_[self._known], dtype=self.classes_.dtype)

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        proba = np.zeros((x.shape[0], len(self.classes_)))
        proba[:, self._known] = 1.0
        return proba

    def score(self, x: Any, y: Any) -> float:
        """The accuracy, as every classifier's own score."""
        return float((self.predict(x) == as_numpy(y)).mean())


def class_codes(data: Any) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """The class of each point, (n,) positions in the (k,) sorted classes.

    Raises:
        InputTypeError: if `data` is no Dataset.
        InputError: for several outputs, labels that are numbers with fractions, or a group with several classes.
    """
    if not isinstance(data, Dataset):
        raise InputTypeError(
            f"training data must be a Dataset, not {type(data).__name__}. Wrap them: Dataset(x, y)."
        )
    labels = as_numpy(data.y)
    if labels.ndim > 1:
        raise InputError("classwise values need one class label for each point; y has several columns.")
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.floor(labels)):
        raise InputError(
            "classwise values need class labels, but the training labels are numbers with fractions. Use "
            "ShapleyValuation for regression."
        )
    classes, codes = np.unique(labels, return_inverse=True)
    if not isinstance(data, GroupedDataset):
        return codes.astype(np.intp), classes
    of_group = data.logical_indices()
    first = np.empty(len(data), np.intp)
    first[of_group[::-1]] = codes[::-1]
    mixed = np.unique(of_group[codes != first[of_group]])
    if len(mixed):
        names = ", ".join(str(name) for name in data.names[mixed][:5])
        raise InputError(
            f"{len(mixed):,} of {len(data):,} groups hold rows of several classes ({names}); a classwise value belongs "
            "to one class. Group rows of one class only, or use ShapleyValuation, which takes any groups."
        )
    return first, classes
