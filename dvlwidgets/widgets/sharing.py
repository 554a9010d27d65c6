"""Copies of a panel for readers without a kernel: a sentence, a fragment of HTML, a page.

Everything from the data (names, labels, titles) is escaped. A page holds positions, labels and values; features,
previews, texts and failures' tracebacks stay at home.
"""

from __future__ import annotations

import base64
import json
import math
import uuid
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np

from dvlwidgets.arguments import text
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.valuation.result import ValuationResult
from dvlwidgets.widgets import bundle, picture, wire
from dvlwidgets.widgets.reading import finished, points_of
from dvlwidgets.widgets.snapshot import SHARES, Snapshot
from dvlwidgets.widgets.subject import LabelBook, describe

ROWS = 10
"""Rows in each of the two tables of a fragment."""


def static_page(result: Any, dataset: Dataset, *, title: str | None = None) -> str:
    """One HTML page of a result: table and picture, and the panel itself where scripts may run.

    Args:
        result: a `ValuationResult` of `dataset`, or a fitted valuation.
        dataset: the points.
        title: heading; by default the number of points.

    Returns:
        The page; it works from a file, with no network.

    Raises:
        InputTypeError: if it is no result or no data set.
        InputError: if the result has points that the data set has not.
    """
    if title is not None:
        text("title", title, "It is the heading of the page.")
    return page(snapshot_of(result, dataset, title=title))


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
            f"the result has point {result.indices.max()}, but the data set has {len(dataset)} points. "
            "Pass the data set that was valued."
        )


def snapshot_of(result: Any, dataset: Dataset, *, title: str | None = None) -> Snapshot:
    """The state of a panel that shows `result` and has seen no edits."""
    result = result.result if hasattr(result, "prepare_run") and not isinstance(result, type) else result
    _check_pair(result, dataset)
    status = finished(result)
    history = [(status.done, status.certainty, 1.0)] if status.done else []
    points = points_of(result, len(dataset))
    subject = describe(
        dataset, title=title or f"{len(dataset):,} points", method=result.algorithm, share=SHARES
    )
    nothing = {
        "count": 0,
        "relabelled": 0,
        "dropped": 0,
        "undo": False,
        "redo": False,
        "path": "",
        "saved": True,
    }
    dropped = np.zeros(len(dataset), dtype=np.uint8)
    return Snapshot(subject, points, LabelBook(dataset).labels({}, {}), dropped, status, history, nothing)


def page(now: Snapshot) -> str:
    """A snapshot as one HTML page."""
    return document(f"{now.subject.title} · {now.subject.method}", mounted(now))


def document(title: str, content: str) -> str:
    """One HTML page around a fragment: nothing in it may be loaded from elsewhere."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # nothing may be loaded from anywhere: what the page needs is in it
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data: blob:; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n"
        "<style>:root{color-scheme:light dark}body{margin:16px;font:14px/1.5 system-ui,sans-serif}"
        "td,th{padding:2px 12px 2px 0;text-align:left}</style>\n"
        f"</head>\n<body>\n{content}\n</body>\n</html>\n"
    )


def mounted(now: Snapshot) -> str:
    """The fragment, the data and the viewer that puts the panel in the fragment's place."""
    shared = without_secrets(now)
    frame = wire.full(0, shared)
    name = f"dvl-{uuid.uuid4().hex}"
    payload = {"content": frame.content, "buffers": [base64.b64encode(b).decode() for b in frame.buffers]}
    viewer = bundle.read("viewer.js").replace("</script", "<\\/script")
    return (
        f'<div id="{name}" class="dvl-snapshot">\n{fragment(shared)}\n</div>\n'
        f'<script type="application/json" class="dvl-snapshot-data" data-for="{name}">{_inert(payload)}</script>\n'
        f"<script>{viewer}</script>"
    )


def without_secrets(now: Snapshot) -> Snapshot:
    """A snapshot as it may leave the house: positions, labels, values; no ids, features, previews, paths or errors."""
    left_out = now.subject.features_left_out + len(now.subject.features)
    subject = replace(
        now.subject, ids=None, features=(), features_left_out=left_out, preview={"kind": "none"}
    )
    error = None if now.status.error is None else now.status.error.split(":")[0]
    status = replace(now.status, failure=None, error=error)
    return replace(now, subject=subject, status=status, edits=now.edits | {"path": ""})


def fragment(now: Snapshot) -> str:
    """A heading, the lowest and highest points as a plain table, and a histogram; no script, no style.

    It survives sanitisers that remove scripts, styles and captions.
    """
    status = now.status
    parts = [
        f"<h3>{escape(now.subject.title)}: {escape(now.subject.method)} values</h3>",
        f"<p>{escape(sentence(now))}</p>",
    ]
    known = np.isfinite(now.points.value)
    if known.any():
        parts += [_table(now), figure(now)]
    elif status.state in {"pending", "running"}:
        parts.append("<p>No values were there when this was stored.</p>")
    parts.append(f"<p><small>This copy holds {escape(now.subject.share)}.</small></p>")
    return "\n".join(parts)


def sentence(now: Snapshot) -> str:
    """State, progress, certainty and edits in words."""
    status, edits = now.status, now.edits
    words = [f"{now.subject.method} values of {now.subject.n:,} points, {status.state}"]
    if status.done:
        words.append(f"{status.done:,} {status.unit}")
    if math.isfinite(status.certainty):
        words.append(f"ranking {status.certainty:.0%} certain")
    if edits["count"]:
        words.append(f"{edits['relabelled']:,} relabelled, {edits['dropped']:,} dropped")
    if status.error:
        words.append(status.error)
    return "; ".join(words) + "."


def _table(now: Snapshot) -> str:
    order = np.argsort(now.points.value, kind="stable")
    order = order[: int(np.isfinite(now.points.value).sum())]
    lowest, highest = order[:ROWS], order[max(ROWS, len(order) - ROWS) :][::-1]
    head = "<tr><th>point</th><th>label</th><th>value</th><th>± 1 s.e.</th></tr>"
    lines = [head, *(_row(now, int(i)) for i in lowest)]
    if len(highest):
        lines += ['<tr><th colspan="4">highest</th></tr>', *(_row(now, int(i)) for i in highest)]
    return '<table>\n<tr><th colspan="4">lowest</th></tr>\n' + "\n".join(lines) + "\n</table>"


def _row(now: Snapshot, i: int) -> str:
    name = str(i) if now.subject.ids is None else now.subject.ids[i]
    value, stderr = float(now.points.value[i]), float(now.points.stderr[i])
    error = f"{stderr:.2g}" if math.isfinite(stderr) else "unknown"
    cells = (name, label_words(now, i), _digits(value, stderr), error)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def label_words(now: Snapshot, i: int) -> str:
    """The label of a point: an edited one beside what it was, and whether the point is dropped."""
    labels = now.labels
    if labels is None:
        text = ""
    elif labels.classes is None:
        text = _change(f"{labels.original[i]:g}", f"{labels.current[i]:g}")
    else:
        text = _change(labels.classes[int(labels.original[i])], labels.classes[int(labels.current[i])])
    return f"{text} (dropped)" if now.dropped[i] else text


def _change(old: str, new: str) -> str:
    return old if old == new else f"{old} → {new}"


def _digits(value: float, stderr: float) -> str:
    """A value with no more decimals than its standard error supports: two digits of the error."""
    if not (math.isfinite(stderr) and stderr > 0):
        return f"{value:.4g}"
    decimals = min(12, max(0, 1 - math.floor(math.log10(stderr))))
    return f"{value:.{decimals}f}"


def figure(now: Snapshot) -> str:
    """A histogram of the values that are known, as a picture with words."""
    values = now.points.value[np.isfinite(now.points.value)].astype(float)
    words = f"Histogram of {values.size:,} values from {values.min():.3g} to {values.max():.3g}"
    picture_uri = picture.data_uri(picture.histogram(values, now.status.threshold))
    size = f'width="{picture.WIDTH}" height="{picture.HEIGHT}"'
    return f'<p>{escape(words)}.</p>\n<img src="{picture_uri}" {size} alt="{escape(words)}">'


def _inert(payload: Any) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
