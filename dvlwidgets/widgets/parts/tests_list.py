"""The list of test points to doubt: what is known of each, as a page is told it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.counts import many
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.evaluation.doubts import Doubts
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.influence_tests import TestPoints
from dvlwidgets.widgets.snapshot import Content, finite

MOST_LISTED = 60
"""Test points that are listed."""
LEAST_PROBABLE = 1e-12
"""A loss is finite, also of what a model calls impossible."""


def listed(found: Doubts, test: Dataset, points: TestPoints, model: str) -> Content:
    """The points to doubt, by their positions in the set as it came; what is dropped is not among them.

    Args:
        found: what speaks against each of `test`.
        test: the test points with their edits.
        points: the same as they came, with their edits beside.
        model: its name.
    """
    assert test.labels is not None  # `doubts_of` has refused it
    rows, order = _rows(test, points), found.order(test.labels)
    first = order[:MOST_LISTED]
    return {
        "model": model,
        "doubted": len(order),
        "asked": len(test),
        "neighbours": found.neighbours,
        "why": found.why,
        "rows": rows[first].tolist(),
        "said": [points.word(found.predicted[at]) for at in first],
        "sure": _numbers(found.sure[first]),
        "own": _numbers(found.own[first]),
        "against": _numbers(found.against[first]),
    }


def losses(found: Doubts, test: Dataset, points: TestPoints) -> NDArray[np.float32]:
    """The loss of each test point as it came; NaN for those that are dropped."""
    lost = np.full(len(points.data), np.nan, dtype=np.float32)
    lost[_rows(test, points)] = -np.log(np.maximum(found.own, LEAST_PROBABLE))
    return lost


def told(points: TestPoints, listed: Content) -> wire.Frame:
    """The list with labels and previews as they are now."""
    pack, now, rows = wire.Packer(), points.tests, listed["rows"]
    subject = points.subject
    body: Content = {
        "n": subject.n,
        "label": wire.pack_labels(now.labels, pack),
        "dropped": pack(now.dropped, "u1"),
        "ids": None if subject.ids is None else [subject.ids[row] for row in rows],
        "edits": now.edits,
        "preview": subject.preview or {"kind": "none"},
        "list": listed,
    }
    shown = points.previews.get(tuple(rows)) if rows else []
    body["texts"] = shown if isinstance(shown, list) else None
    body["pixels"] = None if isinstance(shown, list) else pack(shown, "u1")
    return wire.part("tests", "list", body, pack=pack)


def not_listed(rows: NDArray[np.intp], listed: Content | None) -> str:
    """Why they cannot be selected."""
    if listed is None:
        return "no test points are listed yet, so none can be selected. Press “Look at test points” in the panel."
    at = listed["rows"]
    odd = next(row for row in rows.tolist() if row not in at)
    some = ", ".join(map(str, sorted(at)[:10])) + (", ..." if len(at) > 10 else "")
    return (
        f"test point {odd} is not in the panel’s list of {many(len(at), 'doubtful test point')}"
        f"{f' ({some})' if at else ''}; only those can be selected."
    )


def _rows(test: Dataset, points: TestPoints) -> NDArray[np.intp]:
    place = {item: at for at, item in enumerate(points.data.ids.tolist())}
    return np.array([place[item] for item in test.ids.tolist()], dtype=np.intp)


def _numbers(some: NDArray[np.float64]) -> list[float | None]:
    return [finite(float(number)) for number in some]
