"""The wire between Python and the page, version 1: records in, JSON header and binary buffers out.

Pure: nothing here knows a comm, a thread or a data set. `js/src/wire.ts` is its mirror; the frames in
`tests/wire/` are read by both sides. An array travels as a buffer of little-endian numbers and is named in
the header by `{"b": buffer, "d": type, "n": length}`; NaN in an array means "not known yet", in JSON it is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvlwidgets.data.shown import writable
from dvlwidgets.widgets.snapshot import (
    VALUE,
    Content,
    History,
    Labels,
    Points,
    Snapshot,
    Status,
    Subject,
    finite,
    single,
)

VERSION: Final = 1
DELTA_BYTES: Final = 17
"""Bytes of one row in a delta: position, value, standard error, count, converged."""

TYPES: Final = {code: np.dtype(f"<{code}") for code in ("f4", "f8", "u4", "i4", "u2", "u1")}


class Frame(NamedTuple):
    """One message: its header and its buffers."""

    content: Content
    buffers: list[bytes]


class Packer:
    """Collects the buffers of one frame and names them."""

    def __init__(self) -> None:
        self.buffers: list[bytes] = []

    def __call__(self, array: ArrayLike, code: str) -> Content:
        """Adds one flat array; the reference to put into the header."""
        flat = np.ascontiguousarray(array, dtype=TYPES[code]).reshape(-1)
        self.buffers.append(flat.tobytes())
        return {"b": len(self.buffers) - 1, "d": code, "n": int(flat.size)}


def full(seq: int, now: Snapshot) -> Frame:
    """The whole state of a panel: answers `hello`, and goes out when most rows moved."""
    pack, subject = Packer(), now.subject
    content: Content = {
        "v": VERSION,
        "t": "full",
        "seq": seq,
        "n": subject.n,
        "title": subject.title,
        "method": subject.method,
        "status": now.status.json(),
        "history": _history(now.history),
        "value": pack(now.points.value, "f4"),
        "stderr": pack(now.points.stderr, "f4"),
        "count": pack(now.points.count, "u4"),
        "converged": pack(now.points.converged, "u1"),
        "label": pack_labels(now.labels, pack),
        "dropped": pack(now.dropped, "u1"),
        "ids": None if subject.ids is None else list(subject.ids),
        "group": None,
        "features": pack_features(subject, pack),
        "features_left_out": subject.features_left_out,
        "preview": subject.preview or {"kind": "none"},
        "edits": now.edits,
        "share": subject.share,
    }
    if subject.value_name != VALUE:
        content["value_name"] = subject.value_name
    return Frame(content, pack.buffers)


def moved(before: Points, after: Points) -> NDArray[np.bool_]:
    """Which points changed, (n,); counts that are all alike travel as one number and do not matter."""
    changed: NDArray[np.bool_] = differ(before.value, after.value) | differ(before.stderr, after.stderr)
    changed |= before.converged != after.converged
    return changed if _alike(after) else changed | (before.count != after.count)


def delta(
    seq: int, base: int, before: Points, now: Snapshot, known: int, *, rows: NDArray[np.intp] | None = None
) -> Frame | None:
    """The rows that moved since the last frame, or None when a full frame is the better message.

    Args:
        seq: number of this frame.
        base: number of the frame that it builds upon.
        before: the points as `base` left them.
        now: the state to reach.
        known: how many entries of the history the page has.
        rows: positions of the points that moved; None for `moved(before, now.points)`.
    """
    after = now.points
    if rows is None:
        rows = np.flatnonzero(moved(before, after))
    if rows.size * DELTA_BYTES > full_bytes(now):
        return None
    pack = Packer()
    content: Content = {
        "v": VERSION,
        "t": "delta",
        "seq": seq,
        "base": base,
        "rows": pack(rows, "u4"),
        "value": pack(after.value[rows], "f4"),
        "stderr": pack(after.stderr[rows], "f4"),
        # after whole permutations every point has the same count: one number instead of n
        "count": {"all": int(after.count[0])} if _alike(after) else pack(after.count[rows], "u4"),
        "converged": pack(after.converged[rows], "u1"),
        "status": now.status.json(),
        "history_from": known,
        "history": _history(now.history[known:]),
    }
    return Frame(content, pack.buffers)


def full_bytes(now: Snapshot) -> int:
    """About how large a full frame is: what never changes (ids, columns, labels) makes it the larger one, mostly."""
    ids = 0 if now.subject.ids is None else sum(map(len, now.subject.ids)) + 3 * now.subject.n
    labels = 0 if now.labels is None else 4 if now.labels.classes is not None else 16
    return ids + now.subject.n * (DELTA_BYTES - 3 + labels + 4 * len(now.subject.features))


def status(seq: int, now: Status) -> Frame:
    """A change of state without new values."""
    return Frame({"v": VERSION, "t": "status", "seq": seq, "status": now.json()}, [])


def edits(
    request: str | None,
    rows: NDArray[np.intp],
    labels: Labels | None,
    dropped: NDArray[Any],
    summary: Content,
) -> Frame:
    """Says that edits of `rows` are on disk; labels and dropped are those of all n points."""
    current = None if labels is None else labels.current[rows]
    classes = None if labels is None else labels.classes
    content: Content = {
        "v": VERSION,
        "t": "edits",
        "request": request,
        "rows": rows.tolist(),
        "codes": None if current is None or classes is None else current.tolist(),
        "numbers": None if current is None or classes is not None else [finite(x) for x in current.tolist()],
        "dropped": dropped[rows].astype(int).tolist(),
        "classes": None if classes is None else list(classes),
        "edits": summary,
    }
    return Frame(content, [])


def previews(request: str | None, rows: list[int], shown: NDArray[np.uint8] | list[str]) -> Frame:
    """Previews of the asked rows: pixels (rows, h, w, channels), or one text a row."""
    pack = Packer()
    content: Content = {"v": VERSION, "t": "previews", "request": request, "rows": rows}
    if isinstance(shown, list):
        content |= {"kind": "text", "texts": shown}
    else:
        content |= {"kind": "image", "pixels": pack(shown, "u1")}
    return Frame(content, pack.buffers)


def part(
    name: str, kind: str, body: Content, *, request: str | None = None, pack: Packer | None = None
) -> Frame:
    """A message of a part of the panel.

    Args:
        name: of the part.
        kind: what the message is, within its part; a page keeps the newest of each kind.
        body: its content.
        request: the command that it answers.
        pack: holds the arrays that the content refers to.
    """
    head: Content = {"v": VERSION, "t": "part", "part": name, "kind": kind, "request": request}
    return Frame({**body, **head}, [] if pack is None else pack.buffers)


def error(message: str, request: str | None = None, where: str | None = None) -> Frame:
    """Something went wrong, in a sentence that the page shows."""
    content: Content = {"v": VERSION, "t": "error", "request": request, "message": message}
    return Frame(content | ({} if where is None else {"where": where}), [])


def readable(content: Any) -> Any:
    """A message whose texts all have a UTF-8, see `writable`; Jupyter would send some without as they are."""
    if isinstance(content, str):
        return writable(content)
    if isinstance(content, dict):
        return {readable(key): readable(item) for key, item in content.items()}
    if not isinstance(content, list | tuple) or _all_writable(content):
        return content
    return [readable(item) for item in content]


def _all_writable(items: Sequence[Any]) -> bool:
    """Whether these are texts that all have a UTF-8: a million ids are looked at in one go."""
    try:
        "".join(items).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _history(history: History) -> list[list[float | None]]:
    return [[done, finite(certainty), finite(completion)] for done, certainty, completion in history]


def pack_features(subject: Subject, pack: Packer) -> list[Content]:
    """The numeric columns that a page shows beside the values."""
    return [{"name": name, "values": pack(single(column), "f4")} for name, column in subject.features]


def pack_labels(labels: Labels | None, pack: Packer) -> Content | None:
    """Present and original labels; None where points have no single label."""
    if labels is None:
        return None
    if labels.classes is None:
        return {
            "kind": "number",
            "values": pack(labels.current, "f8"),
            "original": pack(labels.original, "f8"),
        }
    return {
        "kind": "class",
        "classes": list(labels.classes),
        "codes": pack(labels.current, "u2"),
        "original": pack(labels.original, "u2"),
    }


def _alike(points: Points) -> bool:
    return points.count.size > 0 and bool((points.count == points.count[0]).all())


def differ(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where two arrays differ, NaN being equal to NaN; bits are compared, so -0.0 differs from 0.0."""
    differ: NDArray[np.bool_] = (a.view("u4") != b.view("u4")) & ~(np.isnan(a) & np.isnan(b))
    return differ
