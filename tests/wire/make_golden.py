"""Writes the golden frames that pytest and vitest both read: `python tests/wire/make_golden.py`.

A file holds one message: "content" and "buffers" (base64) as they travel; "expect", the decoded message with
arrays as lists and NaN as null; or "refuse", why it must be refused.
"""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from dvlwidgets.widgets import snapshot as records
from dvlwidgets.widgets import unwire, wire

HERE = Path(__file__).parent
NAN = math.nan
EDITS = {
    "count": 2,
    "relabelled": 1,
    "dropped": 1,
    "undo": True,
    "redo": False,
    "path": "edits.jsonl",
    "saved": True,
}
NO_EDITS = EDITS | {"count": 0, "relabelled": 0, "dropped": 0, "undo": False}
RUNNING = records.Status(
    state="running",
    pending="pause",
    done=7440,
    total=12000,
    seconds=21.5,
    left=13.25,
    certainty=0.91,
    target=0.95,
    completion=0.62,
    reason="ranking 91 % certain, 95 % wanted",
    failures=2,
    warnings=3,
    failure="Traceback: ValueError: one class",
    announcement="at most 12,000 fits x 3 ms = 36 s on 1 worker",
    threshold=0.0,
    unit_of_value="accuracy",
)
LABELS = records.Labels(("cat", "dög <b>&", "犬"), np.array([0, 1, 2, 0, 1, 0]), np.array([0, 1, 2, 1, 1, 0]))
POINTS = records.Points.of(
    [0.25, -1.5, 3e-8, 0.0, 2.0, -0.125],
    [0.5, 0.25, 1e-8, 0.0, 0.5, 0.125],
    [8, 9, 10, 8, 8, 8],
    [1, 0, 1, 1, 0, 0],
)


def snapshot(
    subject: records.Subject, points: records.Points, labels: records.Labels | None = None, **more: Any
) -> records.Snapshot:
    rest = {"dropped": [0] * subject.n, "status": records.Status(), "history": [], "edits": NO_EDITS} | more
    return records.Snapshot(
        subject, points, labels, **rest | {"dropped": np.array(rest["dropped"], dtype="u1")}
    )


def classification() -> wire.Frame:
    subject = records.Subject(
        n=6,
        title="six <animals> & friends",
        method="Shapley",
        ids=("a", "b", "c", "d", "e", "<script>"),
        features=(("height", np.array([1.0, 2.0, NAN, 4.0, 5.0, 6.0])), ("ears", np.arange(6))),
        features_left_out=3,
        preview={"kind": "image", "width": 2, "height": 1, "channels": 3},
        share="positions, labels and values",
    )
    history = [(1000, NAN, 0.1), (2000, 0.5, 0.2), (7440, 0.91, 0.62)]
    more = {"dropped": [0, 0, 0, 0, 0, 1], "status": RUNNING, "history": history, "edits": EDITS}
    return wire.full(7, snapshot(subject, POINTS, LABELS, **more))


def regression() -> wire.Frame:
    points = records.Points.of([0.5, -0.5, 0.0], [0.1, 0.1, 0.0], [300, 300, 300], [1, 1, 1])
    labels = records.Labels(None, np.array([1.5, -2e10, NAN]), np.array([1.5, 3.25, NAN]))
    subject = records.Subject(3, "prices", "KNN-Shapley", preview={"kind": "text"})
    status = records.Status(
        "finished", unit="test points", done=300, total=300, completion=1.0, certainty=1.0
    )
    return wire.full(3, snapshot(subject, points, labels, status=status, history=[(300, 1.0, 1.0)]))


def unknown_values() -> wire.Frame:
    points = records.Points.of([NAN, NAN, 1.0, NAN], [NAN, NAN, NAN, 0.5], [0, 0, 1, 2], [0, 0, 0, 0])
    subject = records.Subject(4, "", "Banzhaf")
    return wire.full(0, snapshot(subject, points))


def named() -> wire.Frame:
    subject = records.Subject(1, "one", "influence", value_name="quantile")
    return wire.full(0, snapshot(subject, records.Points.of([1.0], [NAN], [0], [1])))


def empty() -> wire.Frame:
    return wire.full(0, snapshot(records.Subject(0, "none", "LOO"), records.Points.unknown(0)))


SIX = records.Subject(6, "six", "Shapley")


def delta_some() -> wire.Frame:
    after = records.Points.of(
        [0.25, -1.5, 3e-8, 0.0, NAN, -0.125], POINTS.stderr, [8, 9, 10, 8, 11, 8], POINTS.converged
    )
    now = snapshot(SIX, after, status=RUNNING, history=[(1000, NAN, 0.1), (8000, 0.92, 0.7)])
    frame = wire.delta(8, 7, POINTS, now, 1)
    assert frame is not None
    return frame


def delta_all_counts() -> wire.Frame:
    after = records.Points.of(POINTS.value, POINTS.stderr, [12] * 6, POINTS.converged)
    frame = wire.delta(9, 8, POINTS, snapshot(SIX, after, status=RUNNING), 0)
    assert frame is not None
    return frame


def edits_classes() -> wire.Frame:
    dropped = np.array([0, 0, 0, 0, 0, 1], dtype="u1")
    return wire.edits("r1", np.array([3, 5], dtype=np.intp), LABELS, dropped, EDITS)


def edits_numbers() -> wire.Frame:
    labels = records.Labels(None, np.array([1.5, NAN]), np.array([1.0, NAN]))
    return wire.edits(None, np.array([0, 1], dtype=np.intp), labels, np.zeros(2, dtype="u1"), EDITS)


def previews_image() -> wire.Frame:
    return wire.previews("p1", [4, 0], np.arange(12, dtype="u1").reshape(2, 1, 2, 3) * 20)


def altered(frame: wire.Frame, *, buffer: int | None = None, raw: bytes = b"", **changes: Any) -> wire.Frame:
    buffers = [raw if i == buffer else b for i, b in enumerate(frame.buffers)]
    return wire.Frame(frame.content | changes, buffers)


GOOD = {
    "full_class": classification,
    "full_number": regression,
    "full_unknown": unknown_values,
    "full_empty": empty,
    "full_named": named,
    "delta": delta_some,
    "delta_all_counts": delta_all_counts,
    "status": lambda: wire.status(9, records.Status("paused", done=10, error=None)),
    "edits_class": edits_classes,
    "edits_number": edits_numbers,
    "previews_image": previews_image,
    "previews_text": lambda: wire.previews("p2", [1, 2], ["good", "<img src=x onerror=alert(1)>"]),
    "error": lambda: wire.error("The edit was not saved: disk full.", "r9", "relabel"),
}
BAD = {
    "bad_truncated": (
        lambda: altered(classification(), buffer=0, raw=b"\0" * 23),
        "a buffer is one byte short",
    ),
    "bad_buffer_missing": (lambda: wire.Frame(classification().content, []), "no buffer came"),
    "bad_code": (
        lambda: altered(classification(), buffer=4, raw=np.full(6, 3, "<u2").tobytes()),
        "a label has the code of no class",
    ),
    "bad_version": (lambda: altered(classification(), v=2), "another version"),
    "bad_kind": (lambda: altered(classification(), t="eval"), "an unknown kind of message"),
    "bad_length": (lambda: altered(classification(), n=7), "arrays do not have n entries"),
    "bad_name": (lambda: altered(named(), value_name=5), "a name that is no text"),
    "bad_type": (
        lambda: altered(classification(), value={"b": 0, "d": "O8", "n": 3}),
        "an unknown array type",
    ),
}


def plain(item: Any) -> Any:
    """Arrays to lists, NaN to None: what JSON can hold."""
    if isinstance(item, np.ndarray):
        return plain(item.tolist())
    if isinstance(item, dict):
        return {key: plain(part) for key, part in item.items()}
    if isinstance(item, list | tuple):
        return [plain(part) for part in item]
    return None if isinstance(item, float) and not math.isfinite(item) else item


def files() -> dict[str, str]:
    """The text of every golden file, by name."""
    made: dict[str, Any] = {}
    for name, make in GOOD.items():
        frame = make()
        made[name] = _record(name, frame) | {"expect": plain(unwire.decode(frame.content, frame.buffers))}
    for name, (make, reason) in BAD.items():
        made[name] = _record(name, make()) | {"refuse": reason}
    return {
        f"{name}.json": json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        for name, record in made.items()
    }


def _record(name: str, frame: wire.Frame) -> dict[str, Any]:
    return {
        "name": name,
        "content": frame.content,
        "buffers": [base64.b64encode(buffer).decode() for buffer in frame.buffers],
    }


if __name__ == "__main__":
    for file, text in files().items():
        (HERE / file).write_text(text, encoding="utf-8")
