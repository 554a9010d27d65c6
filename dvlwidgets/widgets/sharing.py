"""`static_page`: the values of a result as one HTML page, without a panel or a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from dvlwidgets.arguments import text
from dvlwidgets.counts import many
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.preview import previews_of
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.valuation.result import ValuationResult
from dvlwidgets.widgets import levels
from dvlwidgets.widgets.copies import MAX_BYTES, copy_of
from dvlwidgets.widgets.material import Material
from dvlwidgets.widgets.reading import finished, points_of
from dvlwidgets.widgets.snapshot import Content, Snapshot
from dvlwidgets.widgets.subject import LabelBook, describe

NO_EDITS: Content = {
    "count": 0,
    "relabelled": 0,
    "dropped": 0,
    "undo": False,
    "redo": False,
    "path": "",
    "saved": True,
}


def static_page(
    result: Any,
    dataset: Dataset,
    *,
    title: str | None = None,
    share: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> str:
    """One HTML page of a result: table and picture, and the panel itself where scripts may run.

    Args:
        result: a `ValuationResult` of `dataset`, or a fitted valuation.
        dataset: the points.
        title: heading; by default the number of points.
        share: how much the page holds: "summary", "values", "values+text" or "full"; None for the default, which is
            "values": positions, labels and values.
        max_bytes: of the page. Where not all points fit it has the lowest, the highest and a sample.

    Returns:
        The page; it works from a file, with no network.

    Raises:
        InputTypeError: if it is no result or no data set, or an option is of another type.
        InputError: if the result has points that the data set has not, there is no such level, or `max_bytes` is too
            few for a page without any points.
    """
    if title is not None:
        text("title", title, "It is the heading of the page.")
    level = levels.level_of(levels.checked(share))
    now = snapshot_of(result, dataset, title=title)
    material = Material(now, previews=previews_of(dataset), run=now.subject.title)
    return copy_of(material, level, max_bytes=max_bytes).page()


def snapshot_of(result: Any, dataset: Dataset, *, title: str | None = None) -> Snapshot:
    """The state of a panel that shows `result` and has seen no edits."""
    result = result.result if hasattr(result, "prepare_run") and not isinstance(result, type) else result
    _check_pair(result, dataset)
    status = finished(result)
    subject = describe(
        dataset,
        title=title or many(len(dataset), "point"),
        method=result.algorithm,
        previews=previews_of(dataset),
    )
    return Snapshot(
        subject=subject,
        points=points_of(result, len(dataset)),
        labels=LabelBook(dataset).labels({}, {}),
        dropped=np.zeros(len(dataset), dtype=np.uint8),
        status=status,
        history=[(status.done, status.certainty, 1.0)] if status.done else [],
        edits=NO_EDITS,
    )


def _check_pair(result: Any, dataset: Any) -> None:
    if not isinstance(result, ValuationResult):
        raise InputTypeError(
            f"the first argument is {result!r:.60}; expected a ValuationResult, or a fitted valuation."
        )
    if not isinstance(dataset, Dataset):
        raise InputTypeError(
            f"the second argument is a {type(dataset).__name__}; expected the Dataset that was valued."
        )
    if len(result) and result.indices.max() >= len(dataset):
        raise InputError(
            f"the result has point {result.indices.max()}, but the data set has {many(len(dataset), 'point')}. "
            "Pass the data set that was valued."
        )
