"""A data set as the page sees it: ids, numeric columns, labels as codes, and where its edits are."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data import edits as _edits
from dvlwidgets.errors import InputError
from dvlwidgets.widgets.snapshot import Labels, Subject

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset
    from dvlwidgets.data.edits import Net
    from dvlwidgets.data.preview_kinds import Previews

MAX_FEATURES = 30
MAX_CELLS = 2_000_000
"""Feature columns go out with every full frame: at most so many numbers in all."""
MAX_CLASSES = 65_535


def describe(
    dataset: Dataset, *, title: str, method: str, previews: Previews | None = None, share: str = ""
) -> Subject:
    """What a panel on `dataset` shows and never changes.

    Args:
        dataset: the points.
        title: heading of the panel.
        method: name of the valuation method.
        previews: pictures or texts of the points. The pixels of pictures are not sent as columns as well.
        share: what a shared copy would contain.
    """
    shown = {"kind": "none"} if previews is None else previews.description
    columns, left_out = _columns(dataset) if shown["kind"] != "image" else ([], dataset.n_features)
    ids = dataset.ids
    positions = ids.dtype.kind in "iu" and bool((ids == np.arange(len(ids))).all())
    return Subject(
        n=len(dataset),
        title=title,
        method=method,
        ids=None if positions else tuple(str(item) for item in ids.tolist()),
        features=tuple(columns),
        features_left_out=left_out,
        preview=dict(shown),
        share=share,
    )


def feature_name(name: str, taken: Container[str]) -> str:
    """What a feature is called among other columns: "feature NAME" where one of those has its name."""
    return name if name not in taken else f"feature {name}"


def _columns(dataset: Dataset) -> tuple[list[tuple[str, NDArray[Any]]], int]:
    """Numeric columns with their names, and how many columns are left out."""
    names = dataset.feature_names
    if dataset.n_rows != len(dataset) or len(getattr(dataset.x, "shape", ())) > 2:
        return [], len(names)
    room = min(MAX_FEATURES, MAX_CELLS // max(1, len(dataset)))
    columns: list[tuple[str, NDArray[Any]]] = []
    for name in names:
        if len(columns) == room:
            break
        column = np.asarray(dataset.column(name))
        if column.dtype.kind in "biuf":
            columns.append((str(name), column))
    return columns, len(names) - len(columns)


class LabelBook:
    """The labels of a data set as codes into a list of classes, or as numbers; the list grows by new classes.

    Args:
        dataset: the points as they came.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._labels = dataset.labels
        self._classes: list[Any] = []
        self._original: NDArray[Any] = np.zeros(0)
        if self._labels is not None and dataset.is_classification:
            self._classes, self._original = _coded(self._labels)
        elif self._labels is not None:
            self._original = np.asarray(self._labels, dtype=np.float64)

    @property
    def numeric(self) -> bool:
        """Whether labels are numbers to predict."""
        return self._labels is not None and not self._dataset.is_classification

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in words, new ones last; empty where labels are numbers."""
        return tuple(self.word(label) for label in self._classes)

    def labels(self, edits: Net, where: dict[_edits.Key, int]) -> Labels | None:
        """Present and original labels of all points; None where points have no single label."""
        if self._labels is None:
            return None
        current = self._original.copy()
        for key, fields in edits.items():
            if _edits.LABEL in fields and key in where:
                new = fields[_edits.LABEL][1]
                current[where[key]] = new if self.numeric else self._code(new)
        return Labels(None if self.numeric else self.classes, current, self._original)

    def meant(self, choice: dict[str, Any]) -> Any:
        """The label that a page's choice names: {"label": code}, {"new": text} or {"number": x}.

        Raises:
            InputError: there is no such label, or it is of the wrong kind for these data.
        """
        if self._labels is None:
            raise InputError("The points of this data set have no single label to change; drop them instead.")
        if self.numeric != ("number" in choice):
            kind, other = ("numbers", "a class") if self.numeric else ("classes", "a number")
            raise InputError(f"The labels are {kind}, but {other} was given.")
        if "number" in choice:
            return float(choice["number"])
        if "new" in choice:
            return self._new(choice["new"].strip())
        if not 0 <= choice["label"] < len(self._classes):
            raise InputError(f"Class {choice['label']} was given; there are {len(self._classes)} classes.")
        return self._classes[choice["label"]]

    def _new(self, text: str) -> Any:
        for label in self._classes:
            if text == self.word(label):
                return label
        like = self._classes[0]
        if isinstance(like, str) and text:
            return text
        if isinstance(like, int) and not isinstance(like, bool):
            if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
                return int(text)
            name = "" if self.word(like) == str(like) else f" ({self.word(like)})"
            raise InputError(
                f"{text!r} was given as a new class, but the classes are whole numbers such as {like}{name}. Give a "
                "whole number of at most 18 digits."
            )
        raise InputError(
            f"{text!r} was given as a new class, but to classes such as {self.word(like)} none can be added. Give one "
            "of those that are there."
        )

    def _code(self, label: Any) -> int:
        if label not in self._classes:
            self._classes.append(label)
        return self._classes.index(label)

    def word(self, label: Any) -> str:
        """A label as people read it: its class's name, where there is one."""
        names = self._dataset.class_names
        named = names is not None and isinstance(label, int) and 0 <= label < len(names)
        return str(names[label]) if named and names is not None else str(label)


def _coded(labels: NDArray[Any]) -> tuple[list[Any], NDArray[Any]]:
    """Distinct labels in order, and the code of each point."""
    if labels.dtype.kind == "O":
        distinct = _sorted(set(labels.tolist()))
        place = {label: code for code, label in enumerate(distinct)}
        codes = np.array([place[label] for label in labels.tolist()])
    else:
        found, codes = np.unique(labels, return_inverse=True)
        distinct = found.tolist()
    if len(distinct) > MAX_CLASSES:
        raise InputError(f"There are {len(distinct)} classes; a panel can show at most {MAX_CLASSES}.")
    return distinct, codes


def _sorted(labels: set[Any]) -> list[Any]:
    """By type and order; by type and text where some labels have no order, such as complex numbers."""
    try:
        return sorted(labels, key=lambda label: (type(label).__name__, label))
    except TypeError:
        return sorted(labels, key=lambda label: (type(label).__name__, str(label)))
