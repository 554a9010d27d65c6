"""The part of a copy that needs no script: a heading, a plain table, a picture and a line that says what is there.

It survives sanitisers that remove scripts, styles, classes and captions. Everything from the data (names, labels,
titles) is escaped. Snapshots that come here are cut down to their level already (`levels.restricted`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dvlwidgets.counts import many
from dvlwidgets.data.shown import as_html
from dvlwidgets.widgets import levels, picture
from dvlwidgets.widgets.snapshot import History, Snapshot, Table

KIND = "valuation"
ROWS = 10
"""Rows in each of the two halves of a table."""
NAMED = 40
"""Features that the printed page names."""


def plain(now: Snapshot) -> Snapshot:
    """The snapshot as the payload holds it."""
    return now


def sentence(now: Snapshot) -> str:
    """State, progress, certainty and edits in words."""
    status, edits = now.status, now.edits
    words = [f"{now.subject.method} values of {many(now.subject.n, 'point')}, {status.state}"]
    if status.done:
        words.append(f"{status.done:,} {status.unit}")
    if status.certainty == 1:
        words.append("exact values")
    elif math.isfinite(status.certainty):
        words.append(f"ranking {math.floor(100 * status.certainty)}% certain")
    if status.failures:
        words.append(f"{status.failures:,} of the fits failed and counted with the default score")
    if edits["relabelled"] or edits["dropped"]:
        words.append(f"{edits['relabelled']:,} relabelled, {edits['dropped']:,} dropped")
    if status.error:
        words.append(status.error)
    return "; ".join(words) + "."


def fragment(now: Snapshot, level: str) -> str:
    """Heading, table and picture; the closing line (`closing`) is not yet in it."""
    parts = [
        f"<h3>{as_html(now.subject.title)}: {as_html(now.subject.method)} values</h3>",
        f"<p>{as_html(sentence(now))}</p>",
    ]
    if np.isfinite(now.points.value).any():
        parts += [summary(now) if level == "summary" else _extremes(now), figure(now)]
    else:
        parts += missing(now)
    return "\n".join(parts)


def tables(_now: Snapshot, _level: str) -> Sequence[Table]:
    """What stays below the interactive panel: nothing, for the panel shows it all."""
    return ()


def stated(one: Table) -> str:
    """A table as HTML."""
    lines = table(one.title, one.head, one.rows)
    if not one.folded:
        return in_table(lines)
    return f"<details>\n<summary>{as_html(one.title)}</summary>\n{in_table(lines[1:])}\n</details>"


def missing(now: Snapshot) -> list[str]:
    """What stands in the place of values that were not there yet."""
    early = now.status.state in {"pending", "running"}
    waits = "where a notebook is executed as a whole, let a cell wait for the run: panel.wait(), or --wait of the magic"
    return [f"<p>No values were there when this was stored; {waits}.</p>"] if early else []


def closing(level: str, points: str | None = None) -> str:
    """The line that says what a copy holds: its level, and of which points."""
    which = "" if points is None else f"; it has {points}"
    return f"<p><small>This copy holds {as_html(levels.HOLDS[level])}{as_html(which)}.</small></p>"


def with_features(names: Sequence[str]) -> str:
    """That a copy has these features, the first of them by name; "" for none."""
    if not names:
        return ""
    some = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return f" with {many(len(names), 'feature')}: {some}"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a plain table: a title, names of the columns, rows of texts."""
    width = len(head)
    names = "".join(f"<th>{as_html(name)}</th>" for name in head)
    lines = [f'<tr><th colspan="{width}">{as_html(title)}</th></tr>', f"<tr>{names}</tr>"]
    return lines + ["<tr>" + "".join(f"<td>{as_html(cell)}</td>" for cell in row) + "</tr>" for row in rows]


def in_table(lines: Sequence[str]) -> str:
    """Lines as one table; its class is pandas', as Jupyter Book puts all other HTML on a light ground."""
    return '<table class="dataframe">\n' + "\n".join(lines) + "\n</table>"


def summary(now: Snapshot) -> str:
    """What the values are like, without any single point but the extremes."""
    value = now.points.value[np.isfinite(now.points.value)].astype(float)
    quartiles = np.quantile(value, [0, 0.25, 0.5, 0.75, 1]).tolist()
    words = ("lowest", "lower quarter below", "median", "upper quarter above", "highest")
    rows = [("points", f"{now.subject.n:,}"), ("with a value", f"{value.size:,}")]
    rows += [(word, f"{number:.4g}") for word, number in zip(words, quartiles, strict=True)]
    rows.append(("mean", f"{value.mean():.4g}"))
    return in_table(table("values", ("", "value"), rows))


def _extremes(now: Snapshot) -> str:
    order = np.argsort(now.points.value, kind="stable")
    order = order[: int((~np.isnan(now.points.value)).sum())]
    lowest, highest = order[:ROWS], order[max(ROWS, len(order) - ROWS) :][::-1]
    head = ("point", "label", "value", "± 1 s.e.")
    lines = table("lowest", head, [_row(now, int(i)) for i in lowest])
    if len(highest):
        lines += table("highest", head, [_row(now, int(i)) for i in highest])
    return in_table(lines)


def _row(now: Snapshot, i: int) -> tuple[str, ...]:
    value, stderr = float(now.points.value[i]), float(now.points.stderr[i])
    error = f"{stderr:.2g}" if math.isfinite(stderr) else "unknown"
    return name_of(now, i), label_words(now, i), _digits(value, stderr), error


def name_of(now: Snapshot, i: int) -> str:
    """What a point is called: its id where the level has ids, else its position."""
    return str(i) if now.subject.ids is None else now.subject.ids[i]


def label_words(now: Snapshot, i: int) -> str:
    """The label of a point: an edited one beside what it was, and whether the point is dropped."""
    labels = now.labels
    if labels is None:
        text = ""
    elif labels.classes is None:
        text = _change(f"{labels.original[i]:g}", f"{labels.current[i]:g}")
    else:
        text = _change(*(_named(labels.classes[int(of[i])]) for of in (labels.original, labels.current)))
    return f"{text} (dropped)" if now.dropped[i] else text


def _change(old: str, new: str) -> str:
    return old if old == new else f"{old} → {new}"


def _named(name: str) -> str:
    """The name of a class; in quotes where it would look like another one, or like none (js/src/format.ts, too)."""
    alike = name == "" or name != name.strip(" ") or "  " in name
    return '"' + name.replace(" ", "\u00a0") + '"' if alike else name


def _digits(value: float, stderr: float) -> str:
    """A value with no more decimals than its standard error supports: two digits of the error."""
    if not (math.isfinite(stderr) and stderr > 0):
        return f"{value:.4g}"
    decimals = min(12, max(0, 1 - math.floor(math.log10(stderr))))
    return f"{value:.{decimals}f}"


def figure(now: Snapshot) -> str:
    """The picture of `drawn`, with words for those who do not see it."""
    values = now.points.value[np.isfinite(now.points.value)]
    words = f"Histogram of {values.size:,} values from {values.min():.3g} to {values.max():.3g}"
    rounds = picture.rounds_of(_course(now))
    if len(rounds) > 1:
        words += f"; certainty of the ranking from {rounds[0][1]:.0%} to {rounds[-1][1]:.0%}"
    size = f'width="{picture.WIDTH // 2}" height="{picture.HEIGHT // 2}"'
    return f'<img src="{picture.data_uri(drawn(now))}" {size} alt="{as_html(words)}">'


def drawn(now: Snapshot) -> bytes:
    """Histogram and convergence side by side: the bytes of a PNG."""
    return picture.png(
        picture.beside(now.points.value, now.status.threshold, _course(now), now.status.target)
    )


def _course(now: Snapshot) -> History:
    """How certain the ranking became; of exact values nothing, they have nothing left to converge to."""
    return [] if now.status.certainty == 1 else now.history
