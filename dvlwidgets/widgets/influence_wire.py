"""What an influence panel's messages hold besides those of any panel, which `wire` makes.

A full frame and a delta get a part "influence"; `of_test` and `of_train` answer questions about single points.
`js/src/influence/wire.ts` is the mirror; the frames in `tests/wire/influence/` are read by both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.widgets import wire
from dvlwidgets.widgets.influence_records import InfluencePoints, InfluenceSnapshot
from dvlwidgets.widgets.snapshot import Content
from dvlwidgets.widgets.wire import VERSION, Frame, Packer


def full(seq: int, now: InfluenceSnapshot) -> Frame:
    """The whole state of a panel: answers `hello`, and goes out when most rows moved."""
    frame = wire.full(seq, now)
    pack = _after(frame)
    subject = now.test.subject
    test: Content = {
        "n": subject.n,
        "label": wire.pack_labels(now.test.labels, pack),
        "ids": None if subject.ids is None else list(subject.ids),
        "features": wire.pack_features(subject, pack),
        "features_left_out": subject.features_left_out,
        "preview": subject.preview or {"kind": "none"},
        "columns": _packed(now.points.tests, pack),
        "dropped": pack(now.test.dropped, "u1"),
        "edits": now.test.edits,
    }
    part = _head(now.points) | {
        "quantile": now.quantile,
        "columns": _packed(now.points.columns, pack),
        "test": test,
    }
    return Frame(frame.content | {"influence": part}, pack.buffers)


def delta(seq: int, base: int, before: InfluencePoints, now: InfluenceSnapshot, known: int) -> Frame | None:
    """The rows that moved since the last frame, or None when a full frame is the better message."""
    after = now.points
    changed = wire.moved(before, after)
    for name, column in after.columns.items():
        changed |= wire.differ(before.columns[name], column)
    rows = np.flatnonzero(changed)
    if 4 * len(after.columns) * rows.size > wire.full_bytes(now):
        return None
    frame = wire.delta(seq, base, before, now, known, rows=rows)
    if frame is None:
        return None
    pack = _after(frame)
    told = any(wire.differ(before.tests[name], column).any() for name, column in after.tests.items())
    part = _head(after) | {
        "columns": _packed({name: column[rows] for name, column in after.columns.items()}, pack),
        "test": _packed(after.tests, pack) if told else None,
    }
    return Frame(frame.content | {"influence": part}, pack.buffers)


def of_test(request: str | None, test: int, revision: int, ranked: Any) -> Frame:
    """The training points that help and that hurt one test point most.

    Args:
        request: the page's number for its question.
        test: position of the test point.
        revision: of the numbers, see `InfluencePoints.revision`.
        ranked: what `Explorer.of_test` returns.
    """
    pack, scores = Packer(), np.asarray(ranked.scores)
    content: Content = {
        "v": VERSION,
        "t": "of_test",
        "request": request,
        "test": test,
        "revision": revision,
        "helpful": pack(ranked.helpful, "u4"),
        "helpful_scores": pack(ranked.helpful_scores, "f4"),
        "harmful": pack(ranked.harmful, "u4"),
        "harmful_scores": pack(ranked.harmful_scores, "f4"),
        "helps": int((scores > 0).sum()),
        "hurts": int((scores < 0).sum()),
    }
    return Frame(content, pack.buffers)


def of_train(request: str | None, train: int, revision: int, scores: NDArray[Any]) -> Frame:
    """The influence of one training point on each test point, shape (n_test,)."""
    pack = Packer()
    content: Content = {
        "v": VERSION,
        "t": "of_train",
        "request": request,
        "train": train,
        "revision": revision,
        "scores": pack(scores, "f4"),
    }
    return Frame(content, pack.buffers)


def of_tests(frame: Frame) -> Frame:
    """Previews or edits of test points: the message says that its rows are theirs."""
    return Frame(frame.content | {"of": "test"}, frame.buffers)


def _after(frame: Frame) -> Packer:
    """Packs behind the buffers that a frame has already."""
    pack = Packer()
    pack.buffers.extend(frame.buffers)
    return pack


def _head(points: InfluencePoints) -> Content:
    return {
        "known": points.known,
        "revision": points.revision,
        "waiting": list(points.waiting),
        "tests_waiting": list(points.tests_waiting),
    }


def _packed(columns: Mapping[str, NDArray[np.float32]], pack: Packer) -> Content:
    return {name: pack(column, "f4") for name, column in columns.items()}
