"""The test points as a page sees them, with their own edits: labels and predictions are codes into one list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data import edits as _edits
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.preview_kinds import Previews
from dvlwidgets.errors import InputError
from dvlwidgets.widgets import influence_wire, wire
from dvlwidgets.widgets.influence_records import TEST_COLUMNS, Columns, Tests
from dvlwidgets.widgets.places import Places, edits_frame
from dvlwidgets.widgets.snapshot import Labels, single
from dvlwidgets.widgets.subject import LabelBook, describe


class TestPoints:
    """What is shown of a test set, and what is edited in it: see `edited.Edited`.

    Args:
        train: the training points: their classes come first.
        test: the test points.
        classes: the model's classes in the order of its outputs, or None for numbers.
        previews: pictures or texts of the test points.
        log: of the test points' edits.
        losses: the losses as they are shown, (n_test,).

    Raises:
        EditError: the log belongs to other data.
    """

    __test__ = False  # no test of pytest's, in spite of its name

    def __init__(
        self,
        train: Dataset,
        test: Dataset,
        classes: list[str] | None,
        previews: Previews,
        *,
        log: EditLog,
        losses: Callable[[], NDArray[np.float32]],
    ) -> None:
        self.data, self.edits, self.previews, self.values_now = test, log, previews, losses
        self.subject = describe(test, title="", method="", previews=previews)
        self._lock = threading.RLock()
        self._places = Places(log.net, test)
        self._book = LabelBook(train)
        self._names = LabelBook(test) if test.class_names is not None else self._book
        self._trained = self._book.classes
        self._meant = {word: self._book.meant({"label": k}) for k, word in enumerate(self._trained)}
        self._words = list(self._trained)
        self._original = self._as_codes()
        self._codes = (
            None if classes is None else np.array([self._place(k, classes) for k in range(len(classes))])
        )

    # --- what is shown --------------------------------------------------------------------------------------

    @property
    def tests(self) -> Tests:
        """The test points with the edits in force."""
        with self._lock:
            net = self.edits.net
            labels = self._labels(net, self._places.of(net))
            return Tests(self.subject, labels, self._places.dropped(net), self.edits.summary())

    def _labels(self, net: _edits.Net, where: dict[_edits.Key, int]) -> Labels | None:
        if self._original is None:
            return None
        current = self._original.copy()
        for key, fields in net.items():
            if _edits.LABEL in fields and key in where:
                new = fields[_edits.LABEL][1]
                current[where[key]] = new if self._book.numeric else self._code(new)
        return Labels(None if self._book.numeric else tuple(self._words), current, self._original)

    @property
    def unknown(self) -> Columns:
        """The columns before anything is predicted."""
        return {name: single(np.full(self.subject.n, np.nan)) for name in TEST_COLUMNS}

    def columns(self, found: dict[str, NDArray[Any]]) -> Columns:
        """The predictions as the page needs them: codes into the page's classes."""
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

    def _as_codes(self) -> NDArray[Any] | None:
        """Labels as they came; classes that no training point has are added to the words."""
        labels = self.data.labels
        if labels is None:
            return None
        if self._book.numeric:
            return np.asarray(labels, dtype=np.float64)
        distinct = dict.fromkeys(labels.tolist())
        place = {label: self._code(label) for label in distinct}
        return np.array([place[label] for label in labels.tolist()])

    def _code(self, label: Any) -> int:
        word = self.word(label)
        self._meant.setdefault(word, label)
        if word not in self._words:
            self._words.append(word)
        return self._words.index(word)

    # --- what is edited -------------------------------------------------------------------------------------

    def places(self, keys: Collection[_edits.Key]) -> dict[_edits.Key, int]:
        """Positions of edited points; those that are not here are left out."""
        return self._places.of(keys)

    def label_meant(self, choice: dict[str, Any]) -> Any:
        """The label that a page's choice names: as `LabelBook.meant`, with the classes of all points and the model.

        Raises:
            InputError: there is no such label, or it is of the wrong kind for these data.
        """
        if self._original is None:
            raise InputError("The test points have no single label to change; flag them instead.")
        with self._lock:
            word = None
            if "label" in choice and not self._book.numeric:
                if not 0 <= choice["label"] < len(self._words):
                    raise InputError(
                        f"Class {choice['label']} was given; there are {len(self._words)} classes."
                    )
                word = self._words[choice["label"]]
            elif "new" in choice:
                word = choice["new"].strip()
            if word in self._meant:
                return self._meant[word]
            return self._book.meant(choice if word is None else {"new": word})

    def word(self, label: Any) -> str:
        """A label as people read it: its class's name, where there is one."""
        return self._names.word(label)

    def edits_frame(self, news: Announcement, owner: object) -> wire.Frame:
        """Tells a page about edits that are on disk; `news.source` is (owner, request) for its own."""
        return influence_wire.of_tests(edits_frame(news, owner, self._places, self.tests))


def log_of(test: Dataset, trained: EditLog, given: EditLog | str | PathLike[str] | None) -> EditLog:
    """The log of a test set's edits: the one given, or `<fingerprint>-test.jsonl` beside that of the training points.

    Args:
        test: the test points.
        trained: the log of the training points.
        given: a log, a file for one, or None.

    Raises:
        InputError: it is the training points' log: each has its own, so that undo knows what it concerns.
        InputTypeError, EditError: as `EditLog.of`.
    """
    if isinstance(given, EditLog):
        log = given
    else:
        log = EditLog.of(test, kept_beside(test, trained) if given is None else given)
    if log.path == trained.path:
        raise InputError(
            f"edits and test_edits are both kept in {str(log.path)!r}; expected a log for each. Pass another file, or "
            "leave out test_edits."
        )
    return log


def kept_beside(test: Dataset, trained: EditLog) -> Path:
    """The file of a test set's edits where nobody named another."""
    return trained.path.parent / f"{test.fingerprint[:16]}-test.jsonl"


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
