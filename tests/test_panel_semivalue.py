"""The values of a panel as another semivalue, without a fit: in their place, or beside them as a column."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import chain, repeat
from types import SimpleNamespace

import numpy as np
import pytest
from engine_worlds import blobs
from panel_fakes import ask, greet
from test_panel_view import kinds_at_hello, shapley

from dvlwidgets import (
    BanzhafValuation,
    BetaShapleyValuation,
    MaxUpdates,
    MSRSampler,
    RankCorrelation,
    ShapleyValuation,
    Utility,
)
from dvlwidgets.engine.stopping import MaxSamples
from dvlwidgets.errors import InputError, JournalError, NotFittedError
from dvlwidgets.valuation import reweight
from dvlwidgets.widgets import reading_as
from dvlwidgets.widgets.parts import semivalue, view


def finished(opened):
    """The data, and a panel of a run that is over, with its page."""
    data, _ = blobs(12)
    panel, page = opened(data, valuation=shapley(MaxSamples(None, 3_000)))
    panel.start()
    panel.wait(60)
    return data, panel, page


def test_another_semivalue_stands_beside_the_values_as_a_column(opened):
    data, panel, page = finished(opened)
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
    data, panel, page = finished(opened)
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
    assert not panel._session.shown.stale


def test_while_a_run_works_its_values_are_read_anew_for_a_share_of_its_time(opened, monkeypatch):
    data, _ = blobs(12)
    panel, _ = opened(data, valuation=shapley(MaxSamples(None, 20_000)))
    paused_after(panel, 100)
    read, clock = [], chain([0.0, 0.5], repeat(10.0))
    monkeypatch.setattr(semivalue, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(
        reading_as, "reweighted", lambda *given: read.append(given) or reweight.reweighted(*given)
    )
    monkeypatch.setattr(panel._session.shown, "freshen", lambda: None)  # copies read what they need
    panel.semivalue = "Banzhaf"  # took half a second by this clock, so that none is due in the next 25
    part = panel._part(semivalue.SemivaluePart)
    assert part._due == pytest.approx(0.5 + 0.5 / semivalue.SHARE)
    panel.resume()
    panel.wait(60)
    assert part.settle()
    assert len(read) == 2  # the switch and the end: by this clock no time passed between


def test_edited_points_are_valued_again_as_what_was_switched_to(opened):
    data, panel, page = finished(opened)
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
    _, panel, _ = finished(opened)
    panel.semivalue = "Banzhaf"
    panel._session._prepare()  # as `start` does, before its first frame
    assert np.isnan(panel._session.values_now()).all()
    assert panel._session.shown.stale


def test_copies_hold_what_is_shown(opened, tmp_path):
    _, panel, _ = finished(opened)
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


def slowly(monkeypatch, seconds=0.4):
    """What is read as another semivalue comes late."""
    monkeypatch.setattr(
        reading_as, "reweighted", lambda *given: time.sleep(seconds) or reweight.reweighted(*given)
    )


def test_files_and_copies_hold_the_last_values_also_when_they_are_made_at_once(opened, monkeypatch):
    data, _ = blobs(12)
    panel, _ = opened(data, valuation=shapley(MaxSamples(None, 20_000)))
    paused_after(panel, 100)
    panel.semivalue = "Banzhaf"
    slowly(monkeypatch)
    panel.resume()
    panel.wait(60)
    panel.snapshot()
    found = panel._table(None)["value"]
    expected = panel._session.valuation.reweight("Banzhaf")
    np.testing.assert_array_equal(found, expected.values.astype(np.float32))
    assert panel.status.certainty == pytest.approx(expected.certainty)
    panel.edits.drop(data, [1])
    panel.value_again()
    np.testing.assert_array_equal(panel._session.valued.before, expected.values.astype(np.float32))


def test_the_stored_output_follows_a_switch(opened, monkeypatch):
    _, panel, page = finished(opened)
    stored = []
    monkeypatch.setattr(panel._output, "changed", lambda: stored.append(panel.semivalue))
    panel.semivalue = "Banzhaf"
    assert stored == ["Banzhaf (from Shapley)"]
    ask(page, "semivalue", do="switch", name="Shapley")
    assert stored[-1] == "Shapley"


def test_names_are_taken_however_they_are_written_and_the_own_one_may_be_a_column(opened):
    data, _ = blobs(12)
    utility = Utility.from_function(lambda masks: np.tanh(masks @ np.cos(np.arange(12))), key="g")
    made = BetaShapleyValuation(
        utility, MSRSampler(seed=1), MaxUpdates(2_000), alpha=4, beta=1, progress=False
    )
    panel, page = opened(data, valuation=made.fit(data))
    own = panel.semivalue
    panel.semivalue = "shapley"
    told = ask(page, "semivalue", do="methods")
    assert told["shown"] == "Shapley"
    assert [one["name"] for one in told["methods"]][:2] == [own, "Shapley"]
    panel.semivalue = panel.semivalue
    assert "Shapley (from " in panel.semivalue
    assert ask(page, "semivalue", do="column", name=own)["name"] == own
    column = page.wait_for(lambda m: m.get("kind") == f"columns as {own}")["columns"][0]
    np.testing.assert_array_equal(column["values"], made.result.values.astype(np.float32))
    panel.semivalue = "Beta(4, 1)"  # which it is
    assert panel.semivalue == own


def test_values_that_come_while_others_are_read_are_read_too(opened, monkeypatch):
    _, panel, _ = finished(opened)
    session, run = panel._session, panel.run
    last, result = run.progress, session.result

    def late():
        found = result()
        run.progress = replace(last)  # another frame, just behind the result
        return found

    monkeypatch.setattr(session, "result", late)
    panel.semivalue = "Banzhaf"
    assert run.progress is not last
    assert session.shown.stale


def test_points_count_as_converged_when_the_ranking_is_as_certain_as_the_rule_wants(opened):
    data, _ = blobs(12)
    panel, _ = opened(data, valuation=shapley(RankCorrelation(rtol=0.5) | MaxSamples(None, 20_000)))
    panel.start()
    panel.wait(60)
    panel.semivalue = "Banzhaf"
    certain = panel.status.certainty >= 0.5
    assert panel._table(None)["converged"].all() == certain


def test_a_reading_that_fails_gives_the_values_of_the_run_back_and_takes_no_later_switch_away(
    opened, monkeypatch
):
    _, panel, _ = finished(opened)
    session, shown = panel._session, panel._session.shown
    panel.semivalue = "Banzhaf"
    former = shown.reading

    def broken(*_):
        raise JournalError("the journal is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(reading_as, "reweighted", broken)
        shown.reading = replace(former, progress=None)  # as if the run had newer values
        shown.freshen()
        assert panel.semivalue == "Shapley"
    shown.show(former)
    other = reading_as.read_as(session, "Beta(4, 1)")
    shown.show(other)
    shown.show(None, instead_of=former)
    assert shown.reading is other


def test_a_run_that_begins_over_an_earlier_fit_is_not_read_before_it_has_values(opened):
    data, _ = blobs(12)
    made = shapley(MaxSamples(None, 3_000)).fit(data)
    panel, _ = opened(data, valuation=made)
    panel.semivalue = "Banzhaf"
    panel._session._prepare()
    with pytest.raises(NotFittedError, match="no values yet"):
        reading_as.read_as(panel._session, "Banzhaf")
    assert np.isnan(panel._session.values_now()).all()
