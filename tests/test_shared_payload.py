"""What a copy carries: which points, in what order, and nothing above its level."""

from __future__ import annotations

import base64
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvlwidgets.widgets import levels, payload, selection, unwire
from dvlwidgets.widgets import snapshot as records

FOLDER = Path(__file__).parent / "snapshots"
SPEC = importlib.util.spec_from_file_location("make_golden_snapshots", FOLDER / "make_golden.py")
golden = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(golden)


def frame_of(made):
    """The decoded frame of a payload, and a function that reads its other arrays."""
    buffers = [base64.b64decode(text) for text in made["frame"]["buffers"]]

    def array(reference):
        return np.frombuffer(buffers[reference["b"]], f"<{reference['d']}")

    return unwire.decode(made["frame"]["content"], buffers), array


@pytest.mark.parametrize("name", sorted(golden.files()))
def test_the_golden_payloads_are_what_is_written_today(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == golden.files()[name]


@given(
    values=st.lists(st.floats(-9, 9, width=32) | st.just(float("nan")), min_size=2, max_size=60),
    share=st.floats(0, 0.99),
    seed=st.integers(0, 9),
)
def test_a_part_has_the_lowest_the_highest_the_edited_and_a_sample_each_once_with_true_ranks(
    values, share, seed
):
    values = np.array(values)
    n, k = values.size, int(share * values.size)
    dropped = (np.random.default_rng(seed).random(n) < 0.1).astype("u1")
    now = records.Snapshot(
        records.Subject(n, "some", "Shapley"),
        records.Points.of(values, values, np.arange(n), np.ones(n)),
        None,
        dropped,
        records.Status(),
        [],
        golden.EDITS,
    )
    ordered = payload.Ordered.of(now, "values", kind="valuation", previews=None, edits=None)
    made = payload.payload(ordered, selection.choose(ordered.order, ordered.known, ordered.edited, k))
    frame, array = frame_of(made)
    positions, ranks, manifest = array(made["positions"]), array(made["ranks"]), made["manifest"]
    assert (positions.size, manifest["n_embedded"], manifest["n_total"]) == (k, k, n)
    assert (np.diff(positions.astype(int)) > 0).all()
    assert manifest["lowest"] + manifest["highest"] + manifest["edited"] + manifest["sample"] == k
    np.testing.assert_array_equal(frame["value"], values.astype("f4")[positions])
    np.testing.assert_array_equal(frame["count"], positions)
    np.testing.assert_array_equal(frame["dropped"], dropped[positions])
    # ranks: as many points are lower as the rank says, equal ones in the order of their positions
    single = np.where(np.isnan(values), np.inf, values).astype("f4")
    for position, rank in zip(positions.tolist(), ranks.tolist(), strict=True):
        before = (single < single[position]).sum() + (single[:position] == single[position]).sum()
        assert rank == before
    known = int(np.isfinite(values).sum())
    kept = set(ranks.tolist())
    assert set(range(min(k // 4, known))) <= kept
    assert set(range(max(0, known - k // 4), known)) <= kept
    if dropped.sum() <= k // 4:
        assert set(np.flatnonzero(dropped).tolist()) <= set(positions.tolist())


@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), max_size=80))
def test_the_histogram_counts_every_finite_value_in_its_bin(values):
    values = np.array(values, dtype="f4")
    finite = values[np.isfinite(values)].astype(float)
    made = payload.histogram(values)
    assert sum(made["counts"]) == finite.size
    assert len(made["counts"]) == payload.BINS
    if not finite.size:
        assert made["lo"] is made["hi"] is None
        return
    assert (made["lo"], made["hi"]) == (finite.min(), finite.max())
    width = (made["hi"] - made["lo"]) / payload.BINS
    if width == 0:
        return
    for at, count in enumerate(made["counts"]):
        low, high = made["lo"] + at * width, made["lo"] + (at + 1) * width
        # one rounding of an edge is allowed
        assert (finite > low + 1e-6 * width).sum() - (finite > high + 1e-6 * width).sum() <= count + (
            np.abs(finite - high) <= 1e-6 * width
        ).sum() + (np.abs(finite - low) <= 1e-6 * width).sum()


def test_a_sample_is_the_same_every_time_and_reaches_everywhere():
    order = np.random.default_rng(1).permutation(10_000)
    first, again = (selection.choose(order, 10_000, np.zeros(0, dtype=np.intp), 2000) for _ in range(2))
    np.testing.assert_array_equal(first.positions, again.positions)
    assert (first.lowest, first.highest, first.sample) == (500, 500, 1000)
    ranks = np.empty(10_000, dtype=int)
    ranks[order] = np.arange(10_000)
    middle = np.sort(ranks[first.positions])[500:1500]
    counts, _ = np.histogram(middle, bins=9, range=(500, 9500))
    assert counts.min() > 75  # 111 expected in each ninth
    assert "the 500 lowest, the 500 highest and 1,000 of the other 9,000" in first.sentence()


def test_previews_belong_to_the_most_extreme_rows():
    made = golden.made(
        golden.snapshot(golden.Images(golden.PIXELS.__getitem__, golden.N).description),
        "full",
        8,
        previews=golden.Images(golden.PIXELS.__getitem__, golden.N),
        previewed=4,
    )
    frame, array = frame_of(made)
    (more,) = made["more"]
    rows = more["content"]["rows"]
    by_value = np.argsort(frame["value"], kind="stable").tolist()
    known = int(np.isfinite(frame["value"]).sum())
    assert set(by_value[:3]) < set(rows)
    assert by_value[known - 1] in rows
    pixels = np.frombuffer(base64.b64decode(more["buffers"][0]), "u1").reshape(len(rows), 2, 3)
    np.testing.assert_array_equal(pixels, golden.PIXELS[array(made["positions"])[rows]])


def test_a_long_convergence_is_thinned_and_keeps_its_ends():
    history = [(i, 0.5, i / 5000) for i in range(5000)]
    short = payload.thinned(history)
    assert len(short) <= payload.MAX_HISTORY
    assert (short[0], short[-1]) == ((0, 0.5, 0.0), (4999, 0.5, 0.9998))
    assert payload.thinned([]) == []
    assert short == sorted(short)


@pytest.mark.parametrize("level", levels.LEVELS)
def test_no_level_has_paths_or_what_an_exception_said(level):
    now = golden.snapshot()
    status = records.Status(
        "failed", error="ValueError: row 777", failure="Traceback 777", reason="failed: ValueError: row 777"
    )
    for shown in (status, records.Status("finished", reason="failed: ValueError: row 777 (12 of 20)")):
        shared = levels.restricted(replace(now, status=shown), level)
        assert "777" not in str(shared.status)
        assert "ValueError" in shared.status.reason + (shared.status.error or "")
    assert shared.edits["path"] == ""
    assert shared.subject.share == levels.HOLDS[level]
