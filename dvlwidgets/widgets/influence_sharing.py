"""Static copies of an influence panel: a sentence, a plain table with a picture, a page. See `sharing`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from html import escape

import numpy as np

from dvlwidgets.widgets import sharing
from dvlwidgets.widgets.influence_records import InfluenceSnapshot
from dvlwidgets.widgets.sharing import ROWS, figure, label_words
from dvlwidgets.widgets.snapshot import Labels, Points, Snapshot

WORDS = {
    "loss": "loss",
    "self_influence": "self-influence",
    "quantile_all": "quantile, all labels",
    "mean": "mean influence",
    "negatives": "test points hurt",
}
"""Columns of the training points as a reader without the panel sees them."""
WORST = 5
"""Test points in the second table."""


def without_secrets(now: InfluenceSnapshot) -> InfluenceSnapshot:
    """A snapshot as it may leave the house: positions, labels, values; no ids, features, previews, paths or errors."""
    shared = sharing.without_secrets(now)
    assert isinstance(shared, InfluenceSnapshot)
    subject = replace(shared.test.subject, ids=None, features=(), preview={"kind": "none"})
    return replace(shared, test=replace(shared.test, subject=subject))


def plain(now: InfluenceSnapshot) -> Snapshot:
    """The training points as any panel shows points: the computed columns stand before the features."""
    points, subject = now.points, now.subject
    computed = tuple((words, points.columns[name]) for name, words in WORDS.items())
    return Snapshot(
        subject=replace(subject, features=computed + subject.features),
        points=Points(points.value, points.stderr, points.count, points.converged),
        labels=now.labels,
        dropped=now.dropped,
        status=now.status,
        history=now.history,
        edits=now.edits,
    )


def sentence(now: InfluenceSnapshot) -> str:
    """State, progress and edits in words."""
    status, edits = now.status, now.edits
    words = [
        f"{now.subject.method} of {now.subject.n:,} training on {now.test.subject.n:,} test points, {status.state}"
    ]
    if status.done and status.total:
        words.append(f"{status.done:,} of {status.total:,} {status.unit} done")
    if edits["count"]:
        words.append(f"{edits['relabelled']:,} relabelled, {edits['dropped']:,} dropped")
    if status.error:
        words.append(status.error)
    return "; ".join(words) + "."


def fragment(now: InfluenceSnapshot) -> str:
    """A heading, the training points with the lowest quantile as a table, and a histogram; no script, no style."""
    parts = [
        f"<h3>{escape(now.subject.title)}: {escape(now.subject.method)}</h3>",
        f"<p>{escape(sentence(now))}</p>",
    ]
    if np.isfinite(now.points.value).any():
        meaning = (
            f"Value: the {now.quantile:.0%} quantile of a training point's influences on the test points of its own "
            "label. The lowest hurt their own class most: look at their labels first."
        )
        parts += [f"<p>{escape(meaning)}</p>", _training(now), figure(now)]
    elif now.status.state in {"pending", "running"}:
        parts.append("<p>No values were there when this was stored.</p>")
    if np.isfinite(now.points.tests["loss"]).any():
        parts.append(_worst(now))
    parts.append(f"<p><small>This copy holds {escape(now.subject.share)}.</small></p>")
    return "\n".join(parts)


def page(now: InfluenceSnapshot) -> str:
    """The fragment as one HTML page."""
    shared = without_secrets(now)
    return sharing.document(f"{shared.subject.title} · {shared.subject.method}", fragment(shared))


def _training(now: InfluenceSnapshot) -> str:
    points = now.points
    order = np.argsort(points.value, kind="stable")[: min(ROWS, int(np.isfinite(points.value).sum()))]
    rows = []
    for i in order.tolist():
        numbers = (points.value[i], points.columns["loss"][i], points.columns["self_influence"][i])
        name = str(i) if now.subject.ids is None else now.subject.ids[i]
        rows.append((name, label_words(now, i), *(_digits(float(x)) for x in numbers)))
    return _table(
        "training points with the lowest quantile",
        ("point", "label", "quantile", "loss", "self-influence"),
        rows,
    )


def _worst(now: InfluenceSnapshot) -> str:
    columns, labels = now.points.tests, now.test.labels
    order = np.argsort(-np.nan_to_num(columns["loss"], nan=-np.inf), kind="stable")
    order = order[: min(WORST, int(np.isfinite(columns["loss"]).sum()))]
    rows = []
    for i in order.tolist():
        own = "" if labels is None else _word(labels, float(labels.current[i]))
        predicted = "" if labels is None else _word(labels, float(columns["predicted"][i]))
        rows.append((str(i), own, predicted, _digits(float(columns["loss"][i]))))
    return _table("worst predictions", ("test point", "label", "predicted", "loss"), rows)


def _word(labels: Labels, code: float) -> str:
    if labels.classes is None or not math.isfinite(code):
        return _digits(code)
    return labels.classes[int(code)]


def _digits(x: float) -> str:
    return f"{x:.4g}" if math.isfinite(x) else "unknown"


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    top = f'<tr><th colspan="{len(head)}">{escape(title)}</th></tr>\n<tr>{names}</tr>'
    return "<table>\n" + "\n".join([top, *lines]) + "\n</table>"
