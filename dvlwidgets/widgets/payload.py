"""A snapshot -> the payload that a saved page or notebook carries: the wire's full frame of some of its points.

`js/src/snapshot*.ts` reads it; the files in `tests/snapshots/` are read by both sides. Nothing here knows HTML.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.preview_kinds import Previews
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.selection import Selection
from dvlwidgets.widgets.snapshot import Content, History, Labels, Points, Snapshot, Table

FORMAT: Final = "dvlwidgets-snapshot"
VERSION: Final = 1
BINS: Final = 64
MAX_HISTORY: Final = 400
"""Rounds of the convergence that a copy keeps; more than a chart has pixels for is thinned out."""


@dataclass(frozen=True)
class Ordered:
    """A snapshot at its level, with what its values are like: worked out once, however often a size is tried.

    Attributes:
        now: the state, as it may leave the house.
        kind: "valuation" or "influence".
        level: how much of it that is.
        order: positions in the order of the values, those without one last.
        known: how many have a value.
        previews: what makes previews, or None where the level has none.
        edits: the edits as the level allows them, or None.
        tables: what else is known, and not of the points.
        test_edits: those of the test points, like `edits`.
    """

    now: Snapshot
    kind: str
    level: str
    order: NDArray[np.intp]
    known: int
    previews: Previews | None = None
    edits: Content | None = None
    tables: Sequence[Table] = ()
    test_edits: Content | None = None

    @classmethod
    def of(
        cls,
        now: Snapshot,
        level: str,
        *,
        kind: str,
        previews: Previews | None,
        edits: Content | None,
        tables: Sequence[Table] = (),
    ) -> Ordered:
        """Orders the values of a snapshot; previews are left out where it says that it has none."""
        value = now.points.value
        shown = (now.subject.preview or {"kind": "none"})["kind"] != "none"
        return cls(
            replace(now, history=thinned(now.history)),
            kind,
            level,
            np.argsort(value, kind="stable"),
            int(value.size - np.isnan(value).sum()),
            previews if shown else None,
            edits,
            tables,
        )

    @cached_property
    def ranks(self) -> NDArray[np.intp]:
        """The rank of each point among all, from 0; shape (n,)."""
        ranks = np.empty_like(self.order)
        ranks[self.order] = np.arange(self.order.size)
        return ranks

    @cached_property
    def histogram(self) -> Content:
        """Of all values."""
        return histogram(self.now.points.value)

    @cached_property
    def edited(self) -> NDArray[np.intp]:
        """Positions of the points that are relabelled or dropped."""
        changed = self.now.dropped.astype(bool)
        labels = self.now.labels
        if labels is not None:
            differ = labels.current != labels.original
            if labels.classes is None:
                differ &= ~(np.isnan(labels.current) & np.isnan(labels.original))
            changed = changed | differ
        return np.flatnonzero(changed)


def payload(ordered: Ordered, held: Selection, previewed: int = 0) -> Content:
    """What a copy carries.

    Args:
        ordered: the state.
        held: which points.
        previewed: how many of them get a preview: the lowest first, and a quarter for the highest.
    """
    now = _some(ordered.now, held)
    more = _previews(ordered, held, previewed)
    if not more:
        now = replace(now, subject=replace(now.subject, preview={"kind": "none"}))
    frame = wire.full(0, now)
    pack = wire.Packer()
    pack.buffers.extend(frame.buffers)
    # named before they are counted and written
    positions = None if held.whole else pack(held.positions, "u4")
    ranks = None if held.whole else pack(ordered.ranks[held.positions], "u4")
    saved: Content = {
        "format": FORMAT,
        "v": VERSION,
        "kind": ordered.kind,
        "share": ordered.level,
        "manifest": _manifest(held, more, pack),
        "positions": positions,
        "ranks": ranks,
        "histogram": None if held.whole else ordered.histogram,
        "frame": _written(wire.Frame(frame.content, pack.buffers)),
        "more": [_written(part) for part in more],
        "edits": ordered.edits,
    }
    if ordered.test_edits is not None:
        saved["test_edits"] = ordered.test_edits
    if ordered.tables:
        saved["tables"] = [
            {"title": table.title, "head": list(table.head), "rows": [list(row) for row in table.rows]}
            for table in ordered.tables
        ]
    return saved


def _manifest(held: Selection, more: Sequence[wire.Frame], pack: wire.Packer) -> Content:
    """What is in the copy and what is not; `pack` has everything but the previews."""
    return {
        "n_total": held.n,
        "n_embedded": int(held.positions.size),
        "sampling": held.sentence(),
        "lowest": held.lowest,
        "highest": held.highest,
        "edited": held.edited,
        "sample": held.sample,
        "previews": sum(len(part.content["rows"]) for part in more),
        "made": made_at(),
        "dvlwidgets": metadata.version("dvlwidgets"),
        "bytes": sum(map(len, pack.buffers)) + sum(len(b) for part in more for b in part.buffers),
    }


def made_at() -> str:
    """Now, as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def histogram(values: NDArray[np.float32]) -> Content:
    """Counts of all finite values in `BINS` equal bins from the lowest to the highest; the last includes its end."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return {"lo": None, "hi": None, "counts": [0] * BINS}
    lo, hi = float(finite.min()), float(finite.max())
    if lo == hi:
        return {"lo": lo, "hi": hi, "counts": [int(finite.size)] + [0] * (BINS - 1)}
    place = np.minimum(((finite - lo) * (BINS / (hi - lo))).astype(np.intp), BINS - 1)
    return {"lo": lo, "hi": hi, "counts": np.bincount(place, minlength=BINS).tolist()}


def thinned(history: History) -> History:
    """At most `MAX_HISTORY` entries, the first and the last among them, with as many digits as a chart can show."""
    kept = np.unique(np.linspace(0, len(history) - 1, min(len(history), MAX_HISTORY)).round().astype(int))
    return [(done, round(x, 5), round(y, 5)) for done, x, y in (history[i] for i in kept.tolist())]


def _some(now: Snapshot, held: Selection) -> Snapshot:
    """The snapshot of the points that are held."""
    if held.whole:
        return now
    at, subject, points = held.positions, now.subject, now.points
    return replace(
        now,
        subject=replace(
            subject,
            n=int(at.size),
            ids=None if subject.ids is None else tuple(subject.ids[i] for i in at.tolist()),
            features=tuple((name, column[at]) for name, column in subject.features),
        ),
        points=Points(points.value[at], points.stderr[at], points.count[at], points.converged[at]),
        labels=None if now.labels is None else _some_labels(now.labels, at),
        dropped=now.dropped[at],
    )


def _some_labels(labels: Labels, at: NDArray[np.intp]) -> Labels:
    """Labels of some points; classes that none of them has are left out."""
    current, original = labels.current[at], labels.original[at]
    if labels.classes is None:
        return Labels(None, current, original)
    used = np.union1d(current, original).astype(np.intp)
    names = tuple(labels.classes[code] for code in used.tolist())
    return Labels(names, np.searchsorted(used, current), np.searchsorted(used, original))


def _previews(ordered: Ordered, held: Selection, count: int) -> Sequence[wire.Frame]:
    """Previews of the rows of a copy whose values are the most extreme; rows are those of the copy."""
    if ordered.previews is None or not count or not held.positions.size:
        return []
    ranks = ordered.ranks[held.positions]
    by_value = np.argsort(ranks)
    top = count // 4
    known = int((ranks < ordered.known).sum())
    rows = np.arange(by_value.size)
    if count < by_value.size:
        rows = np.union1d(by_value[: count - top], by_value[max(0, known - top) : known])
    shown = ordered.previews.get(held.positions[rows].tolist())
    return [wire.previews(None, rows.tolist(), shown)]


def _written(frame: wire.Frame) -> dict[str, Any]:
    return {
        "content": frame.content,
        "buffers": [base64.b64encode(buffer).decode("ascii") for buffer in frame.buffers],
    }
