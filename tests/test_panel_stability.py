"""How much the ranking still moves: the correlation, when it is asked, what a page is told, what it costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from panel_fakes import greet, progress
from scipy.stats import spearmanr

from dvlwidgets.widgets.parts import stability


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test turns."""
    now = [1000.0]
    monkeypatch.setattr(stability.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def panel(opened, clock):
    """A panel that has started, and its page."""
    made, page = opened(hello=False)
    made.start()
    return made, page


def run(panel, clock, works, seconds=1.0, **more):
    """Frames at these amounts of work: point i of 20 has value i, and a deviation that falls with the work."""
    for done in works:
        clock[0] += seconds
        rng = np.random.default_rng(done)
        values = np.arange(20) + rng.normal(size=20) * 100 / np.sqrt(done)
        panel.run.yields(progress(seq=done, done=done, values=values, **more))
        yield done, values


def course(page):
    greet(page)
    return page.wait_for(lambda m: m.get("part") == "stability")["course"]


def test_the_correlation_is_spearmans_over_what_both_know():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, size=(2, 300)).astype("f4")
    wanted = spearmanr(a, b).statistic
    assert stability.rank_correlation(a, b) == pytest.approx(wanted, abs=1e-12)
    holes = np.where(np.arange(300) % 3, a, np.nan).astype("f4")
    known = np.isfinite(holes)
    assert stability.rank_correlation(holes, b) == pytest.approx(spearmanr(a[known], b[known]).statistic)
    assert math.isnan(stability.rank_correlation(a, np.full(300, 2.0, "f4")))
    assert math.isnan(stability.rank_correlation(a[:1], b[:1]))


def test_each_ranking_is_compared_with_that_after_half_of_the_work(panel, clock):
    made, page = panel
    seen = dict(run(made, clock, range(100, 1700, 100)))
    told = course(page)
    assert told[-1]["done"] >= 1400
    assert len(told) >= 8
    for entry in told:
        assert 0.4 <= entry["half"] / entry["done"] <= 0.6
        wanted = spearmanr(seen[entry["done"]], seen[entry["half"]]).statistic
        assert entry["stability"] == pytest.approx(wanted, abs=1e-5)
    assert [entry["done"] for entry in told] == sorted({entry["done"] for entry in told})


def test_a_new_run_begins_a_new_course_and_the_last_frame_is_always_compared(panel, clock):
    made, page = panel
    list(run(made, clock, [100, 200]))
    assert [entry["done"] for entry in course(page)] == [200]
    list(run(made, clock, [201], seconds=0.0, final=True))
    page.wait_for(lambda m: m.get("part") == "stability" and len(m["course"]) == 2)
    made.run.become("finished")
    made.start()
    page.wait_for(lambda m: m.get("part") == "stability" and m["course"] == [])


def test_comparisons_take_a_thousandth_of_the_time_however_long_one_takes(panel, clock, monkeypatch):
    made, page = panel
    took = []

    def slow(a, b):
        took.append(0.05)
        clock[0] += 0.05
        return 0.5

    monkeypatch.setattr(stability, "rank_correlation", slow)
    begin = clock[0]
    list(run(made, clock, np.geomspace(100, 1e7, 4000).astype(int), seconds=0.25))
    assert 5 <= len(took)
    assert sum(took) / (clock[0] - begin) < 1.2e-3
    assert course(page)


def test_of_many_points_a_fixed_sample_is_compared():
    at = stability.sample(300_000)
    assert len(at) == stability.MOST
    assert np.array_equal(at, stability.sample(300_000))
    assert (np.diff(at) > 0).all()
    assert np.array_equal(stability.sample(5), np.arange(5))
    rng = np.random.default_rng(1)
    a = rng.normal(size=300_000).astype("f4")
    b = (a + 0.5 * rng.normal(size=300_000)).astype("f4")
    all_points = stability.rank_correlation(a, b)
    assert stability.rank_correlation(a[at], b[at]) == pytest.approx(all_points, abs=0.01)
