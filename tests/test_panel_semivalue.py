"""The values of a panel as another semivalue, without a fit: in their place, or beside them as a column."""

from __future__ import annotations

import time
from itertools import chain, repeat
from types import SimpleNamespace

import numpy as np
import pytest
from engine_worlds import blobs
from panel_fakes import ask, greet
from test_panel_view import kinds_at_hello, shapley

from dvlwidgets import BanzhafValuation, MaxUpdates, MSRSampler, ShapleyValuation, Utility
from dvlwidgets.engine.stopping import MaxSamples
from dvlwidgets.errors import InputError, NotFittedError
from dvlwidgets.widgets import reading_as
from dvlwidgets.widgets.parts import semivalue, view


def test_another_semivalue_stands_beside_the_values_as_a_column(opened):
    data, _ = blobs(12)
    made = shapley(MaxSamples(None, 3_000))
    panel, page = opened(data, valuation=made)
    panel.start()
    panel.wait(60)
    methods = {one["name"] for one in ask(page, "semivalue", do="methods")["methods"]}
    assert "Banzhaf" in methods
    ask(page, "semivalue", do="column", name="Banzhaf")
    told = page.wait_for(lambda m: m.get("kind") == "columns as Banzhaf")["columns"][0]
    expected = shapley(MaxSamples(None, 3_000)).fit(data).reweight("Banzhaf").values
    np.testing.assert_array_equal(told["values"], expected.astype(np.float32))
    assert "unknown" in ask(page, "semivalue", do="column", name="Nash")["message"]
    assert "as Banzhaf" in kinds_at_hello(page)
    table, shown = view.table_of(panel._session), panel._session.values_now()
    np.testing.assert_array_equal(table["as Banzhaf"], told["values"])
    assert np.argsort(table["rank"]).tolist() == np.argsort(shown, kind="stable").tolist()
    panel.edits.drop(data, [1])
    page.messages.clear()
    panel.value_again()
    panel.wait(60)
    emptied = page.wait_for(lambda m: m.get("kind") == "columns as Banzhaf")["columns"][0]
    assert np.isnan(emptied["values"]).all()
    assert "valued again since" in emptied["tip"]
    assert "as Banzhaf" not in kinds_at_hello(page)
    table = view.table_of(panel._session, np.array([1, 0]))
    assert "as Banzhaf" not in table
    np.testing.assert_array_equal(table["value_before"], shown[[1, 0]])
    assert np.isnan(table["rank"][0])  # of the dropped point


def paused_after(panel, least):
    """Waits for a first frame, then pauses."""
    panel.start()
    while panel.run.progress is None or panel.run.progress.done < least:
        time.sleep(0.01)
    panel.pause()
    while panel.state == "running":
        time.sleep(0.01)


def test_values_bars_and_ranks_are_switched_and_switched_back(opened):
    data, _ = blobs(12)
    panel, page = opened(data, valuation=shapley(MaxSamples(None, 3_000)))
    panel.start()
    panel.wait(60)
    own = panel._session.values_now()
    told = ask(page, "semivalue", do="methods")
    assert told["methods"][0] == {"name": "Shapley", "good": True}
    assert told["shown"] == "Shapley"
    page.messages.clear()
    assert ask(page, "semivalue", do="switch", name="Banzhaf")["name"] == "Banzhaf"
    full = page.wait_for(lambda m: m["t"] == "full" and "Banzhaf" in m["method"])
    expected = shapley(MaxSamples(None, 3_000)).fit(data).reweight("Banzhaf")
    np.testing.assert_array_equal(full["value"], expected.values.astype(np.float32))
    np.testing.assert_array_equal(full["stderr"], expected.stderr.astype(np.float32))
    assert full["method"] == "Banzhaf (from Shapley)"
    assert full["status"]["certainty"] == pytest.approx(expected.certainty)
    assert panel.semivalue == "Banzhaf (from Shapley)"
    assert panel.values.algorithm == "Banzhaf"
    assert ask(page, "semivalue", do="methods")["shown"] == "Banzhaf"
    table = view.table_of(panel._session)
    assert np.argsort(table["rank"]).tolist() == np.argsort(expected.values, kind="stable").tolist()
    page.messages.clear()
    panel.semivalue = None
    np.testing.assert_array_equal(page.wait_for(lambda m: m.get("method") == "Shapley")["value"], own)
    assert panel.semivalue == "Shapley"
    assert panel.values.algorithm == "Shapley"


def test_a_run_goes_on_as_what_it_was_switched_to(opened):
    data, _ = blobs(12)
    panel, _ = opened(data, valuation=shapley(MaxSamples(None, 20_000)))
    paused_after(panel, 100)
    panel.semivalue = "Banzhaf"
    before = panel._session.values_now()
    panel.resume()
    result = panel.wait(60)
    assert panel._part(semivalue.SemivaluePart).settle()
    shown, expected = panel._session.values_now(), panel._session.valuation.reweight("Banzhaf").values
    np.testing.assert_array_equal(shown, expected.astype(np.float32))
    assert not np.array_equal(shown, before)
    assert result.algorithm == "Shapley"  # what the run computes is its own
    assert not panel._session.stale


def test_while_a_run_works_its_values_are_read_anew_for_a_share_of_its_time(opened, monkeypatch):
    data, _ = blobs(12)
    panel, _ = opened(data, valuation=shapley(MaxSamples(None, 20_000)))
    paused_after(panel, 100)
    read, clock = [], chain([0.0, 0.5], repeat(10.0))
    monkeypatch.setattr(semivalue, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(semivalue, "read_as", lambda *given: read.append(given) or reading_as.read_as(*given))
    panel.semivalue = "Banzhaf"  # took half a second by this clock, so that none is due in the next 25
    part = panel._part(semivalue.SemivaluePart)
    assert part._due == pytest.approx(0.5 + 0.5 / semivalue.SHARE)
    panel.resume()
    panel.wait(60)
    assert part.settle()
    assert len(read) == 2  # the switch and the end: by this clock no time passed between


def test_edited_points_are_valued_again_as_what_was_switched_to(opened):
    data, _ = blobs(12)
    panel, page = opened(data, valuation=shapley(MaxSamples(None, 3_000)))
    panel.start()
    panel.wait(60)
    panel.semivalue = "Banzhaf"
    former = panel._session.values_now()
    panel.edits.drop(data, [1])
    panel.value_again()
    panel.wait(60)
    assert panel._part(semivalue.SemivaluePart).settle()
    expected = panel._session.valuation.reweight("Banzhaf").values
    shown = panel._session.values_now()
    np.testing.assert_array_equal(np.delete(shown, 1), expected.astype(np.float32))
    assert np.isnan(shown[1])
    np.testing.assert_array_equal(view.table_of(panel._session)["value_before"], former)
    page.messages.clear()
    panel.semivalue = None  # what was before was Banzhaf's: it does not compare
    assert page.wait_for(lambda m: m.get("kind") == "before")["values"] is None
    assert "value_before" not in view.table_of(panel._session)
    panel.semivalue = "Banzhaf"
    np.testing.assert_array_equal(view.table_of(panel._session)["value_before"], former)


def test_a_new_run_shows_no_values_of_the_run_before(opened):
    data, _ = blobs(12)
    panel, _ = opened(data, valuation=shapley(MaxSamples(None, 3_000)))
    panel.start()
    panel.wait(60)
    panel.semivalue = "Banzhaf"
    panel._session._prepare()  # as `start` does, before its first frame
    assert np.isnan(panel._session.values_now()).all()
    assert panel._session.stale


def test_copies_hold_what_is_shown(opened, tmp_path):
    data, _ = blobs(12)
    panel, _ = opened(data, valuation=shapley(MaxSamples(None, 3_000)))
    panel.start()
    panel.wait(60)
    panel.semivalue = "Banzhaf"
    assert "Banzhaf (from Shapley) values of 12 points" in panel._repr_mimebundle_()[0]["text/plain"]


def test_what_cannot_be_told_changes_nothing(opened):
    data, _ = blobs(12)
    panel, page = opened(data, valuation=shapley(MaxSamples(None, 3_000)))
    with pytest.raises(NotFittedError):
        panel.semivalue = "Banzhaf"
    panel.start()
    panel.wait(60)
    with pytest.raises(InputError, match="unknown"):
        panel.semivalue = "Nash"
    assert "unknown" in ask(page, "semivalue", do="switch", name="Nash")["message"]
    assert ask(page, "semivalue", do="dance")["t"] == "error"
    assert panel.semivalue == "Shapley"
    greet(page)


def test_the_values_of_an_earlier_fit_are_switched_too(opened):
    data, _ = blobs(12)
    utility = Utility.from_function(lambda masks: np.tanh(masks @ np.cos(np.arange(12))), key="g")
    made = ShapleyValuation(utility, MSRSampler(seed=1), MaxUpdates(300), progress=False).fit(data)
    panel, _ = opened(data, valuation=made)
    panel.semivalue = "Banzhaf"
    truth = BanzhafValuation(utility, MSRSampler(seed=2), MaxUpdates(4_000), progress=False).fit(data).result
    shown = panel.values
    z = (shown.values - truth.values) / np.hypot(shown.stderr, truth.stderr)
    assert np.abs(z).max() < 5
