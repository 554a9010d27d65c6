"""The state of an influence panel at one moment: that of any panel, with more columns and the test points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvlwidgets.widgets.snapshot import Content, Labels, Points, Snapshot, Subject, from_the_lowest

Columns: TypeAlias = Mapping[str, NDArray[np.float32]]

COLUMNS = ("loss", "self_influence", "quantile_all", "mean", "negatives")
"""Of each training point, besides the class-conditional quantile, which is the panel's value."""
RANKED = {"loss_rank": "loss", "self_influence_rank": "self_influence"}
"""Ranks that a page computes by itself, and of which column; they follow COLUMNS among its numbers of a point."""
VALUE = "quantile"
"""What the value is called."""
TEST_COLUMNS = ("loss", "predicted", "p_label", "disagreement")
"""Of each test point; `predicted` holds codes into the test points' classes, or numbers."""


@dataclass(frozen=True)
class InfluencePoints(Points):
    """What moves while a run goes on; NaN where it is not known yet.

    Attributes:
        columns: COLUMNS by name, each (n_train,).
        tests: TEST_COLUMNS by name, each (n_test,).
        known: whether single influences can be asked for already.
        revision: grows when answers about single points change: one was relabelled, or more training points are known.
        waiting: positions of relabelled points whose numbers are still those of the old label.
        tests_waiting: the same of test points.
    """

    columns: Columns
    tests: Columns
    known: bool = False
    revision: int = 0
    waiting: tuple[int, ...] = ()
    tests_waiting: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tests:
    """The test points with their edits; what is computed of them moves and is in `InfluencePoints`.

    Attributes:
        subject: what never changes.
        labels: as they are now and as they came.
        dropped: 1 where a point is dropped, (n_test,).
        edits: the wire's EDITS, of their own log.
    """

    subject: Subject
    labels: Labels | None
    dropped: NDArray[np.uint8]
    edits: Content


@dataclass(frozen=True)
class InfluenceSnapshot(Snapshot):
    """The whole state; `points` is an `InfluencePoints`.

    Attributes:
        test: the test points.
        quantile: which quantile of a point's influences is its value.
    """

    points: InfluencePoints
    test: Tests
    quantile: float


def from_the_highest(column: ArrayLike) -> NDArray[np.float32]:
    """As `from_the_lowest`, but 1 for the highest."""
    return from_the_lowest(-np.asarray(column))
