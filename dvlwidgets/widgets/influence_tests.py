"""The test points as a page sees them: labels and predictions as codes into one list of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.preview import Previews
from dvlwidgets.errors import InputError
from dvlwidgets.widgets.influence_records import TEST_COLUMNS, Columns, Tests, single
from dvlwidgets.widgets.snapshot import Labels
from dvlwidgets.widgets.subject import LabelBook, describe


class TestPoints:
    """What is shown of a test set.

    Args:
        train: the training points: their classes come first.
        test: the test points.
        classes: the model's classes in the order of its outputs, or None for numbers.
        previews: pictures or texts of the test points.
    """

    __test__ = False  # no test of pytest's, in spite of its name

    def __init__(self, train: Dataset, test: Dataset, classes: list[str] | None, previews: Previews) -> None:
        self.previews = previews
        self._trained = LabelBook(train).classes
        self._words = list(self._trained)
        labels = _labels(train, test, self._words)
        self._codes = (
            None if classes is None else np.array([self._place(k, classes) for k in range(len(classes))])
        )
        if labels is not None and labels.classes is not None:
            labels = Labels(tuple(self._words), labels.current, labels.original)
        self.tests = Tests(describe(test, title="", method="", previews=previews), labels)

    @property
    def unknown(self) -> Columns:
        """The columns before anything is predicted."""
        return {name: single(np.full(self.tests.subject.n, np.nan)) for name in TEST_COLUMNS}

    def columns(self, found: dict[str, NDArray[Any]]) -> Columns:
        """The explorer's columns as the page needs them: predictions are codes into the page's classes."""
        predicted = np.asarray(found["predicted"], dtype=np.float64)
        if self._codes is not None:
            known = np.isfinite(predicted)
            predicted = np.where(known, self._codes[np.where(known, predicted, 0).astype(int)], np.nan)
        return {
            "loss": single(found["loss"]),
            "predicted": single(predicted),
            "p_label": single(found["p_label"]),
        }

    def _place(self, k: int, classes: list[str]) -> int:
        """Where the model's class `k` is in the page's list; the model may know it by number, the data by name."""
        word = str(classes[k])
        if word not in self._words and len(classes) == len(self._trained):
            word = self._trained[k]
        if word not in self._words:
            self._words.append(word)
        return self._words.index(word)


def check_labels(train: Dataset, test: Dataset) -> None:
    """Refuses a test set whose labels are of another kind than those of the training points.

    Raises:
        InputError: classes beside numbers.
    """
    if train.labels is None or test.labels is None or train.is_classification == test.is_classification:
        return
    if train.is_classification and set(test.labels.tolist()) <= set(train.labels.tolist()):
        return  # too few test points to look like classes
    kinds = {True: "classes", False: "numbers"}
    raise InputError(
        f"The labels of train are {kinds[train.is_classification]}, those of test "
        f"{kinds[test.is_classification]}; expected the same kind. Pass two parts of one data set."
    )


def _labels(train: Dataset, test: Dataset, words: list[str]) -> Labels | None:
    """Labels of the test points; classes that no training point has are added to `words`."""
    if test.labels is None:
        return None
    if not train.is_classification:
        numbers = np.asarray(test.labels, dtype=np.float64)
        return Labels(None, numbers, numbers)
    book = LabelBook(test if test.class_names is not None else train)
    named = [book.word(label) for label in test.labels.tolist()]
    words.extend(word for word in dict.fromkeys(named) if word not in words)
    place = {word: code for code, word in enumerate(words)}
    codes = np.array([place[word] for word in named])
    return Labels(tuple(words), codes, codes)
