"""Writes the payloads that pytest and vitest both read: `python tests/snapshots/make_golden.py`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from dvlwidgets.data.preview_kinds import Images, Texts
from dvlwidgets.widgets import influence_sharing, levels, payload, selection
from dvlwidgets.widgets import snapshot as records
from dvlwidgets.widgets.influence_records import InfluencePoints, InfluenceSnapshot, Tests

HERE = Path(__file__).parent
NAN = math.nan
N = 12
EDITS = {
    "count": 2,
    "relabelled": 1,
    "dropped": 1,
    "undo": True,
    "redo": False,
    "path": "/home/somebody/edits.jsonl",
    "saved": True,
}
CLASSES = ("cat", "<b>dög</b>", "犬")
VALUES = np.array([0.5, -0.25, NAN, 2.0, -3.0, 0.125, 0.0, 1.0, -0.5, 0.75, 1.5, -1.0])
STATUS = records.Status(
    state="finished",
    done=1200,
    total=1200,
    seconds=4.5,
    certainty=0.96,
    target=0.95,
    completion=1.0,
    reason="ranking 96 % certain (95 % wanted)",
    failures=1,
    failure="Traceback: ValueError: row 777",
    announcement="at most 1,200 fits",
    threshold=0.0,
    unit_of_value="points of accuracy",
)
HISTORY: records.History = [(400, NAN, 0.1), (800, 0.8, 0.6), (1200, 0.96, 1.0)]
PIXELS = np.arange(N * 6, dtype=np.uint8).reshape(N, 2, 3)
TEXTS = [f"text {i} <img src=x onerror=alert(1)>" for i in range(N)]
SHARED_EDITS = {
    "format": "dvlwidgets-edits",
    "v": 1,
    "salt": "00ff",
    "fingerprint": "1234",
    "n": N,
    "edits": [
        {
            "position": 4,
            "hash": "abcd",
            "field": "label",
            "old": 1,
            "new": 0,
            "at": "2026-11-26T12:00:00+00:00",
        },
        {
            "position": 11,
            "hash": "ef01",
            "field": "dropped",
            "old": False,
            "new": True,
            "at": "2026-11-26T12:00:01+00:00",
        },
    ],
}


def snapshot(preview: records.Content | None = None, *, numbers: bool = False) -> records.Snapshot:
    """Twelve points: one without a value, one relabelled, one dropped."""
    original = np.arange(N) % 2
    current = original.copy()
    current[4] = 1
    dropped = np.zeros(N, dtype=np.uint8)
    dropped[11] = 1
    labels = records.Labels(CLASSES, current, original)
    if numbers:
        labels = records.Labels(None, np.linspace(0, 1, N), np.linspace(0, 1, N))
    subject = records.Subject(
        N,
        "twelve <points>",
        "Shapley",
        ids=tuple(f"id-{i}" for i in range(N)),
        features=(("height", np.arange(N) + 0.5), ("</script>", np.arange(N))),
        preview=preview,
    )
    points = records.Points.of(VALUES, np.full(N, 0.125), np.full(N, 100), np.arange(N) % 3 == 0)
    return records.Snapshot(subject, points, labels, dropped, STATUS, HISTORY, EDITS)


def influence() -> InfluenceSnapshot:
    """The same points with the columns of an influence panel, and two test points."""
    now = snapshot()
    columns = {
        name: (np.arange(N) * (k + 1) / 8).astype("f4")
        for k, name in enumerate(("loss", "self_influence", "quantile_all", "mean", "negatives"))
    }
    tests = {name: np.array([0.25, 1.0], dtype="f4") for name in ("loss", "predicted", "p_label")}
    points = InfluencePoints(**vars(now.points), columns=columns, tests=tests, known=True)
    came = np.array([0, 2])
    labels = records.Labels(CLASSES, came, came)
    test = Tests(records.Subject(2, "", ""), labels, np.zeros(2, np.uint8), EDITS)
    rest = {name: getattr(now, name) for name in now.__dataclass_fields__ if name != "points"}
    return InfluenceSnapshot(**rest, points=points, test=test, quantile=0.25)


def made(
    now: Any, level: str, k: int = N, *, kind: str = "valuation", previews: Any = None, previewed: int = 0
) -> records.Content:
    """The payload of k of the points."""
    shared = levels.restricted(now, level)
    plain = influence_sharing.plain(shared) if kind == "influence" else shared
    edits = None if level == "summary" else SHARED_EDITS
    tables = influence_sharing.tables(shared, level) if kind == "influence" else ()
    ordered = payload.Ordered.of(plain, level, kind=kind, previews=previews, edits=edits, tables=tables)
    held = selection.everything(N)
    if k < N:
        held = selection.choose(ordered.order, ordered.known, ordered.edited, k)
    return payload.payload(ordered, held, previewed)


def cases() -> dict[str, records.Content]:
    """Every payload by name."""
    images = Images(PIXELS.__getitem__, N)
    text: records.Content = {"kind": "text"}
    return {
        "all_rows": made(snapshot(), "values"),
        "numbers": made(snapshot(numbers=True), "values"),
        "subset": made(snapshot(), "values", 8),
        "summary": made(snapshot(), "summary", 0),
        "texts": made(snapshot(text), "values+text", previews=Texts(TEXTS.__getitem__), previewed=N),
        "full": made(snapshot(images.description), "full", previews=images, previewed=4),
        "influence": made(influence(), "values", kind="influence"),
        "influence_subset": made(influence(), "values", 8, kind="influence"),
    }


def files() -> dict[str, str]:
    """The text of every golden file, by name; what changes from day to day is fixed."""
    found = cases()
    for record in found.values():
        record["manifest"] |= {"made": "2026-11-26T12:00:00+00:00", "dvlwidgets": "0.1.0"}
    return {
        f"{name}.json": json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        for name, record in found.items()
    }


if __name__ == "__main__":
    for file, content in files().items():
        (HERE / file).write_text(content, encoding="utf-8")
