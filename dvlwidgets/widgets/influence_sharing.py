"""The words and the tables of an influence panel's copies, and its snapshot as any viewer reads it. See `fragment`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dvlwidgets.data.shown import as_html
from dvlwidgets.widgets.fragment import ROWS, figure, in_table, label_words, missing, name_of, summary, table
from dvlwidgets.widgets.influence_records import VALUE, InfluenceSnapshot
from dvlwidgets.widgets.snapshot import Labels, Points, Snapshot, Table

KIND = "influence"
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


def plain(now: InfluenceSnapshot) -> Snapshot:
    """The training points as any panel shows points: the computed columns stand before the features."""
    points, subject = now.points, now.subject
    computed = tuple((words, points.columns[name]) for name, words in WORDS.items())
    unit = now.status.unit_of_value
    return Snapshot(
        subject=replace(
            subject,
            features=computed + subject.features,
            # a level without features does not count them, here as in a copy of a valuation
            features_left_out=subject.features_left_out if subject.features else 0,
            value_name=VALUE,
        ),
        points=Points(points.value, points.stderr, points.count, points.converged),
        labels=now.labels,
        dropped=now.dropped,
        status=replace(now.status, unit_of_value=f"({unit})" if unit else ""),
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


def fragment(now: InfluenceSnapshot, level: str) -> str:
    """Heading, the training points with the lowest quantile, and a picture."""
    parts = [
        f"<h3>{as_html(now.subject.title)}: {as_html(now.subject.method)}</h3>",
        f"<p>{as_html(sentence(now))}</p>",
    ]
    some = np.isfinite(now.points.value).any()
    if not some:
        parts += missing(now)
    elif level == "summary":
        parts.append(summary(now))
    else:
        meaning = (
            f"Value: the {now.quantile:.0%} quantile of a training point's influences on the test points of its own "
            "label. The lowest hurt their own class most: look at their labels first."
        )
        parts += [f"<p>{as_html(meaning)}</p>", _training(now)]
    return "\n".join([*parts, figure(now)] if some else parts)


def _training(now: InfluenceSnapshot) -> str:
    points = now.points
    order = np.argsort(points.value, kind="stable")[: min(ROWS, int(np.isfinite(points.value).sum()))]
    rows = []
    for i in order.tolist():
        numbers = (points.value[i], points.columns["loss"][i], points.columns["self_influence"][i])
        rows.append((name_of(now, i), label_words(now, i), *(_digits(float(x)) for x in numbers)))
    head = ("point", "label", "quantile", "loss", "self-influence")
    return in_table(table("training points with the lowest quantile", head, rows))


def tables(now: InfluenceSnapshot, level: str) -> Sequence[Table]:
    """The worst predictions: the test points are nowhere else in a copy."""
    if level == "summary" or not np.isfinite(now.points.tests["loss"]).any():
        return ()
    columns, labels = now.points.tests, now.test.labels
    order = np.argsort(-np.nan_to_num(columns["loss"], nan=-np.inf), kind="stable")
    order = order[: min(WORST, int(np.isfinite(columns["loss"]).sum()))]
    rows = []
    for i in order.tolist():
        own = "" if labels is None else _word(labels, float(labels.current[i]))
        predicted = "" if labels is None else _word(labels, float(columns["predicted"][i]))
        rows.append((str(i), own, predicted, _digits(float(columns["loss"][i]))))
    head = ("test point", "label", "predicted", "loss")
    holds = "positions, labels, predictions and losses of these test points; no ids or features"
    return (Table("worst predictions", head, rows, holds),)


def _word(labels: Labels, code: float) -> str:
    if labels.classes is None or not math.isfinite(code):
        return _digits(code)
    return labels.classes[int(code)]


def _digits(x: float) -> str:
    return f"{x:.4g}" if math.isfinite(x) else "unknown"
