"""Copies and edits as text for a terminal: aligned columns, and nothing from the data that a terminal would obey."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dvlwidgets.cli.copies import Copy
from dvlwidgets.counts import many
from dvlwidgets.data.edits import DROPPED, FLAG, LABEL, NOTE
from dvlwidgets.data.shared_edits import ALSO, Edits
from dvlwidgets.data.shown import cut, width

NAME = 40
"""Columns that a name or a label may take."""
LINE = 200


def described(copy: Copy, rows: int, *, place: bool = True) -> str:
    """One copy: state, lowest and highest values, edits, and what it holds; `place`: also where it was found."""
    where = f"   ({copy.found.place})" if place else ""
    lines = [cut(f"{_title(copy)}{where}", LINE), cut(_state(copy), LINE)]
    lines += [cut(sentence, LINE) for sentence in _holds(copy)]
    order = np.argsort(copy.ranks, kind="stable")
    order = order[np.isfinite(copy.message["value"][order])]
    lowest, highest = order[:rows], order[max(rows, order.size - rows) :][::-1]
    names = ("lowest values", "highest values") if highest.size else ("values, lowest first", "")
    for name, some in zip(names, (lowest, highest), strict=True):
        if some.size:
            lines += ["", name, table(_head(copy), [_row(copy, i) for i in some.tolist()])]
    if not order.size:
        lines += ["", "no values of single points"]
    for title, head, rest in copy.tables[:8]:
        lines += ["", cut(title, NAME), table(head, rest[:rows])]
    if copy.edits is not None:
        lines += ["", edits_table(copy.edits)]
    elif copy.unread:
        lines += ["", cut(copy.unread, LINE)]
    if copy.test_edits is not None:
        lines += ["", edits_table(copy.test_edits, "test points")]
    return "\n".join(lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side: texts to the left, numbers to the right."""
    safe = [[cut(cell, NAME) for cell in head], *([cut(cell, NAME) for cell in row] for row in rows)]
    columns = range(len(head))
    widths = [max(width(row[i]) for row in safe) for i in columns]
    right = [all(_numeric(row[i]) for row in safe[1:]) for i in columns]
    lines = []
    for row in safe:
        cells = []
        for i in columns:
            room = " " * (widths[i] - width(row[i]))
            cells.append(room + row[i] if right[i] else row[i] + room)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(f"  {line}" for line in lines)


def edits_table(edits: Edits, points: str = "points") -> str:
    """Edits as a table, with a line that counts them; `points`: what they are of."""
    named = any(edit.id is not None for edit in edits)
    rows = []
    for edit in edits:
        said = {DROPPED: "dropped", FLAG: "flagged", NOTE: f"note: {edit.new!s}"}
        what = f"{edit.old!s} → {edit.new!s}" if edit.field == LABEL else said[edit.field]
        name = [str(edit.id)] if named else []
        rows.append([f"{edit.position:,}", *name, what, edit.at])
    head = ["point", *(["id"] if named else []), "edit", "when"]
    fields = [edit.field for edit in edits]
    counts = f"edits: {fields.count(LABEL):,} relabelled, {fields.count(DROPPED):,} dropped"
    counts += "".join(f", {fields.count(f):,} {word}" for f, word in ALSO.items() if f in fields)
    counts += f", of {edits.n:,} {points}"
    if edits.left_out:
        counts += f"; {edits.left_out:,} more are not in this copy"
    return f"{counts}\n{table(head, rows)}" if rows else counts


def code_of(edits: Edits) -> str:
    """Edits as Python."""
    return edits.as_code().rstrip("\n")


def _title(copy: Copy) -> str:
    title, method = copy.text("frame", "content", "title"), copy.text("frame", "content", "method")
    return f"{title}: {method}"


def _state(copy: Copy) -> str:
    words = [str(copy.status("state") or "unknown state")]
    done, total, unit = copy.status("done"), copy.status("total"), copy.status("unit")
    if isinstance(done, int) and done:
        of = f" of {total:,}" if isinstance(total, int) and total else ""
        words.append(f"{done:,}{of} {unit or 'steps'}")
    if isinstance(certainty := copy.status("certainty"), int | float):
        sure = f"ranking {math.floor(100 * certainty)} % certain"
        words.append("exact values" if certainty == 1 else sure)
    if isinstance(failures := copy.status("failures"), int) and failures:
        words.append(f"{failures:,} of the fits failed")
    words += [text for name in ("reason", "error") if isinstance(text := copy.status(name), str) and text]
    return "; ".join(words)


def _holds(copy: Copy) -> list[str]:
    k, sampling = copy.positions.size, copy.text("manifest", "sampling")
    here = "all of them here" if k == copy.n else f"{k:,} of them here: {sampling}"
    share, held = copy.text("share"), copy.text("frame", "content", "share")
    made, version = copy.text("manifest", "made"), copy.text("manifest", "dvlwidgets")
    return [
        f"{many(copy.n, 'point')}, {here}",
        f"shared at level {share!r}: {held}",
        f"made {made} by dvlwidgets {version}",
    ]


def _head(copy: Copy) -> list[str]:
    ids = ["id"] if copy.message["ids"] is not None else []
    label = ["label"] if copy.message["label"] is not None else []
    name = copy.message.get("value_name", "value")
    return ["rank", "point", *ids, *label, name, *(["± 1 s.e."] if _has_errors(copy) else [])]


def _has_errors(copy: Copy) -> bool:
    return bool(np.isfinite(copy.message["stderr"]).any())


def _row(copy: Copy, i: int) -> list[str]:
    message = copy.message
    value, stderr = float(message["value"][i]), float(message["stderr"][i])
    ids = [message["ids"][i]] if message["ids"] is not None else []
    label = [_label(copy, i)] if message["label"] is not None else []
    error = f"{stderr:.2g}" if math.isfinite(stderr) else "unknown"
    rank, position = f"{int(copy.ranks[i]) + 1:,}", f"{int(copy.positions[i]):,}"
    return [rank, position, *ids, *label, _digits(value, stderr), *([error] if _has_errors(copy) else [])]


def _label(copy: Copy, i: int) -> str:
    label = copy.message["label"]
    if label["kind"] == "class":
        old, new = (label["classes"][int(label[name][i])] for name in ("original", "codes"))
    else:
        old, new = (f"{float(label[name][i]):g}" for name in ("original", "values"))
    words = old if old == new else f"{old} → {new}"
    return f"{words} (dropped)" if copy.message["dropped"][i] else words


def _digits(value: float, stderr: float) -> str:
    """Two digits of the standard error, and no more of the value."""
    if not (math.isfinite(stderr) and stderr > 0):
        return f"{value:.4g}"
    return f"{value:.{min(12, max(0, 1 - math.floor(math.log10(stderr))))}f}"


def _numeric(cell: str) -> bool:
    return cell in {"", "unknown"} or cell.replace(",", "").lstrip("-").replace(".", "", 1).isdigit()
