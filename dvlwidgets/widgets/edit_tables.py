"""Edits as a table that anybody can read: what was changed, when, and where the level tells it, by whom and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dvlwidgets.data.edits import DROPPED, FIELDS, FLAG, LABEL, NOTE
from dvlwidgets.widgets.snapshot import Content, Table

MOST = 100
"""Points in a table; the payload has the others."""
MARKS = {DROPPED: "dropped", FLAG: "flagged"}
_PLAIN = "positions, edits and their times of these test points; no ids, features or texts"
_TOLD = (
    "positions, ids, and edits with their notes, times and authors of these test points; no features or texts"
)


def tests_table(shared: Content | None, word: Callable[[Any], str]) -> Table | None:
    """The edits of test points, the newest first.

    Args:
        shared: as a level allows them (`data.sent_edits.shared`); it says which columns there are.
        word: a label as people read it.

    Returns:
        The table, or None where there is nothing to tell.
    """
    points: dict[int, list[Mapping[str, Any]]] = {}
    for row in shared["edits"] if shared else ():
        points.setdefault(row["position"], []).append(row)
    if not points:
        return None
    newest = sorted(points, key=lambda position: _when(points[position]), reverse=True)
    rows = [_told(position, points[position], word) for position in newest[:MOST]]
    shown = [name for name in rows[0] if any(row[name] for row in rows)]
    texts = [[row[name] for name in shown] for row in rows]
    if len(newest) > MOST:
        texts.append([f"and {len(newest) - MOST:,} more", *[""] * (len(shown) - 1)])
    title = f"edits of test points: {len(newest):,}"
    holds = _TOLD if any("id" in row for row in points[newest[0]]) else _PLAIN
    return Table(title, shown, texts, holds, folded=True)


def _told(position: int, rows: Sequence[Mapping[str, Any]], word: Callable[[Any], str]) -> dict[str, str]:
    fields = {row["field"]: row for row in rows}
    words = [
        f"{word(fields[field]['old'])} → {word(fields[field]['new'])}" if field == LABEL else MARKS[field]
        for field in FIELDS
        if field in fields and field != NOTE
    ]
    identity = rows[0].get("id", position)
    return {
        "test point": str(position),
        "id": "" if identity == position else str(identity),
        "edit": ", ".join(words) or "commented",
        "when (UTC)": _when(rows)[:16].replace("T", " "),
        "by": ", ".join(dict.fromkeys(row["who"] for row in rows if row.get("who"))),
        "comment": str(fields[NOTE]["new"]) if NOTE in fields else "",
    }


def _when(rows: Sequence[Mapping[str, Any]]) -> str:
    return max(str(row["at"]) for row in rows)
