from __future__ import annotations

import base64
import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import snapshot, unwire, wire

FOLDER = Path(__file__).parent / "wire"
SPEC = importlib.util.spec_from_file_location("make_golden", FOLDER / "make_golden.py")
make_golden = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_golden)

NO_EDITS = make_golden.NO_EDITS
any_f8 = st.floats(allow_nan=True, allow_infinity=True, width=64)


@pytest.mark.parametrize("name", sorted(make_golden.files()))
def test_golden_files_are_what_this_code_writes(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == make_golden.files()[name]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_golden_files_decode_as_they_say(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    buffers = [base64.b64decode(text) for text in record["buffers"]]
    if "refuse" in record:
        with pytest.raises(WireError):
            unwire.decode(record["content"], buffers)
    else:
        assert make_golden.plain(unwire.decode(record["content"], buffers)) == record["expect"]


@st.composite
def snapshots(draw, n=None):
    n = draw(st.integers(0, 40)) if n is None else n
    floats = hnp.arrays("f8", n, elements=any_f8)
    points = snapshot.Points.of(
        draw(floats),
        draw(floats),
        draw(hnp.arrays("i8", n, elements=st.integers(0, 2**32 - 1))),
        draw(hnp.arrays("?", n)),
    )
    classes = tuple(draw(st.lists(st.text(max_size=5), min_size=1, max_size=5)))
    codes = hnp.arrays("i8", n, elements=st.integers(0, len(classes) - 1))
    labels = draw(
        st.one_of(
            st.none(),
            st.builds(snapshot.Labels, st.just(classes), codes, codes),
            st.builds(snapshot.Labels, st.none(), floats, floats),
        )
    )
    ids = draw(st.one_of(st.none(), st.lists(st.text(max_size=4), min_size=n, max_size=n).map(tuple)))
    subject = snapshot.Subject(n, draw(st.text(max_size=9)), "Shapley", ids, (("f", draw(floats)),), 3)
    status = snapshot.Status("running", certainty=draw(any_f8), left=draw(any_f8), completion=0.5)
    history = draw(st.lists(st.tuples(st.integers(0, 10**9), any_f8, any_f8), max_size=5))
    return snapshot.Snapshot(subject, points, labels, draw(hnp.arrays("u1", n)), status, history, NO_EDITS)


def through_json(frame):
    return json.loads(json.dumps(frame.content, allow_nan=False)), frame.buffers


@given(snapshots())
def test_a_full_frame_brings_every_array_back(now):
    message = unwire.decode(*through_json(wire.full(5, now)))
    for name in ("value", "stderr", "count", "converged"):
        np.testing.assert_array_equal(message[name], getattr(now.points, name))
    np.testing.assert_array_equal(message["dropped"], now.dropped)
    assert message["title"] == now.subject.title
    assert message["ids"] == (None if now.subject.ids is None else list(now.subject.ids))
    if now.labels is None:
        assert message["label"] is None
    else:
        key = "values" if now.labels.classes is None else "codes"
        np.testing.assert_array_equal(message["label"][key], now.labels.current)
        np.testing.assert_array_equal(message["label"]["original"], now.labels.original)
    feature = now.subject.features[0][1]
    np.testing.assert_array_equal(message["features"][0]["values"], snapshot.single(feature))


@settings(max_examples=40)
@given(st.integers(1, 40).flatmap(lambda n: st.tuples(snapshots(n), snapshots(n))), st.data())
def test_a_delta_leads_to_the_same_points_as_a_full_frame(pair, data):
    before, after = pair[0].points, pair[1].points
    moved = data.draw(hnp.arrays("?", before.value.size))
    mixed = snapshot.Points(
        *(np.where(moved, getattr(after, k), getattr(before, k)) for k in before.__dataclass_fields__)
    )
    now = snapshot.Snapshot(**{**pair[1].__dict__, "points": mixed})
    frame = wire.delta(6, 5, before, now, known=len(now.history))
    if frame is None:
        assert moved.sum() * wire.DELTA_BYTES > wire.full_bytes(now)
        return
    message = unwire.decode(*through_json(frame))
    rows = message["rows"]
    assert rows.size <= moved.sum()
    reached = {k: getattr(before, k).copy() for k in before.__dataclass_fields__}
    for name in ("value", "stderr", "converged"):
        reached[name][rows] = message[name]
    if isinstance(message["count"], dict):
        reached["count"][:] = message["count"]["all"]
    else:
        reached["count"][rows] = message["count"]
    for name, array in reached.items():
        np.testing.assert_array_equal(array, getattr(mixed, name))
    assert message["history"] == []


@given(snapshots(6), st.data())
def test_a_damaged_frame_is_refused_not_misread(now, data):
    content, buffers = through_json(wire.full(5, now))
    which = data.draw(st.integers(0, len(buffers) - 1))
    length = data.draw(st.integers(0, 60).filter(lambda k: k != len(buffers[which])))
    buffers[which] = (buffers[which] + bytes(60))[:length]
    with pytest.raises(WireError):
        unwire.decode(content, buffers)


@given(st.sampled_from(["value", "dropped", "status", "features", "label", "edits", "history"]), snapshots(3))
def test_a_frame_without_a_part_is_refused(part, now):
    content, buffers = through_json(wire.full(5, now))
    del content[part]
    with pytest.raises(WireError, match=part):
        unwire.decode(content, buffers)


def test_arrays_are_little_endian_and_strided_input_is_copied():
    pack = wire.Packer()
    assert pack(np.array([1, 2, 3, 4], dtype=">u4")[::2], "u4") == {"b": 0, "d": "u4", "n": 2}
    assert pack.buffers == [b"\x01\0\0\0\x03\0\0\0"]


def test_values_beyond_float32_stay_known_without_a_warning():
    points = snapshot.Points.of([1e300, -1e39, math.inf, 2.0], [math.nan] * 4, [2] * 4, [True] * 4)
    most = float(np.finfo("f4").max)
    assert points.value.tolist() == [most, -most, math.inf, 2.0]
