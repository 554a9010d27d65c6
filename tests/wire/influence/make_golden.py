"""Writes the golden frames of the influence panel: `python tests/wire/influence/make_golden.py`.

The files are as those in the folder above, which `tests/wire/make_golden.py` describes.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from dvlwidgets.widgets import influence_unwire, influence_wire, wire
from dvlwidgets.widgets import snapshot as records
from dvlwidgets.widgets.influence_records import COLUMNS, InfluencePoints, InfluenceSnapshot, Tests
from dvlwidgets.widgets.snapshot import single

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("make_golden_base", HERE.parent / "make_golden.py")
assert _spec is not None
assert _spec.loader is not None
base = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(base)
NAN = float("nan")

TESTS = {
    "loss": single([0.125, 4.5, NAN]),
    "predicted": single([0.0, 3.0, NAN]),
    "p_label": single([0.875, 0.0078125, NAN]),
    "disagreement": single([0.25, 0.96875, NAN]),
}


def points(value: Any, **more: Any) -> InfluencePoints:
    """Points whose columns all differ."""
    n = len(value)
    plain = records.Points.of(value, np.full(n, NAN), np.zeros(n), np.ones(n))
    columns = {name: single(np.asarray(value) * (k + 2)) for k, name in enumerate(COLUMNS)}
    return InfluencePoints(**vars(plain), **{"columns": columns, "tests": TESTS} | more)


BEFORE = points([0.5, -0.25, NAN, NAN, NAN, NAN])
AFTER = points([0.5, -0.25, 0.125, NAN, NAN, NAN], known=True, revision=2, waiting=(1,), tests_waiting=(2,))


def now(shown: InfluencePoints) -> InfluenceSnapshot:
    words = (*base.LABELS.classes, "owl")
    subject = records.Subject(
        n=3,
        title="",
        method="",
        ids=("t0", "t1", "<t2>"),
        features=(("height", np.array([1.0, NAN, 3.0])),),
        features_left_out=2,
        preview={"kind": "image", "width": 2, "height": 1, "channels": 1},
    )
    codes, came = np.array([0, 2, 1]), np.array([0, 3, 1])
    return InfluenceSnapshot(
        subject=records.Subject(6, "six", "Ekfac influence", preview={"kind": "text"}, share="values"),
        points=shown,
        labels=base.LABELS,
        dropped=np.array([0, 0, 0, 0, 0, 1], dtype="u1"),
        status=records.Status("running", done=3, total=6, unit="training points"),
        history=[(3, NAN, 0.5)],
        edits=base.EDITS,
        test=Tests(
            subject,
            records.Labels(words, codes, came),
            np.array([0, 0, 1], dtype="u1"),
            base.EDITS | {"count": 2, "relabelled": 1, "dropped": 1, "path": "/tests.jsonl"},
        ),
        quantile=0.25,
    )


def full() -> wire.Frame:
    return influence_wire.full(4, now(AFTER))


def delta(before: InfluencePoints = BEFORE, after: InfluencePoints = AFTER) -> wire.Frame:
    frame = influence_wire.delta(5, 4, before, now(after), 1)
    assert frame is not None
    return frame


def of_test() -> wire.Frame:
    scores = np.array([2.5, -1.5, 0.0, 0.25, NAN, -0.5])
    ranked = SimpleNamespace(
        helpful=np.array([0, 3]),
        helpful_scores=scores[[0, 3]],
        harmful=np.array([1, 5]),
        harmful_scores=scores[[1, 5]],
        scores=scores,
    )
    return influence_wire.of_test("q1", 2, 7, ranked)


GOOD = {
    "influence_full": full,
    "influence_delta": delta,
    "influence_delta_tests": lambda: delta(
        points([0.5, -0.25, NAN, NAN, NAN, NAN], tests={k: v * NAN for k, v in TESTS.items()})
    ),
    "of_test": of_test,
    "of_train": lambda: influence_wire.of_train("q2", 5, 7, np.array([0.5, -2.0, NAN])),
    "test_previews": lambda: influence_wire.of_tests(base.previews_image()),
    "test_edits": lambda: influence_wire.of_tests(
        wire.edits(
            "q4", np.array([1]), now(AFTER).test.labels, now(AFTER).test.dropped, now(AFTER).test.edits
        )
    ),
    "plain_status": lambda: wire.status(9, records.Status("paused", done=10)),
}


def broken(**changes: Any) -> wire.Frame:
    frame = full()
    return base.altered(frame, influence=frame.content["influence"] | changes)


BAD = {
    "bad_no_part": (base.classification, "a full frame without the influences"),
    "bad_columns": (lambda: broken(columns={}), "no columns"),
    "bad_waiting": (lambda: broken(waiting=[6]), "a point waits that is not there"),
    "bad_tests_waiting": (lambda: broken(tests_waiting=[3]), "a test point waits that is not there"),
    "bad_known": (lambda: broken(known="yes"), "known is a word"),
    "bad_test": (
        lambda: broken(test=full().content["influence"]["test"] | {"n": 4}),
        "four test points, columns of three",
    ),
    "bad_scores": (
        lambda: base.altered(of_test(), buffer=1, raw=b"\0" * 4),
        "a score is missing",
    ),
}


def files() -> dict[str, str]:
    """The text of every golden file, by name."""
    made: dict[str, Any] = {}
    for name, make in GOOD.items():
        frame = make()
        read = influence_unwire.decode(frame.content, frame.buffers)
        made[name] = base._record(name, frame) | {"expect": base.plain(read)}
    for name, (make, reason) in BAD.items():
        made[name] = base._record(name, make()) | {"refuse": reason}
    return {
        f"{name}.json": json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        for name, record in made.items()
    }


if __name__ == "__main__":
    for file, text in files().items():
        (HERE / file).write_text(text, encoding="utf-8")
