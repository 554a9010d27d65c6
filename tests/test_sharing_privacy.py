"""What leaves the house at each level: the bytes of everything that is stored are searched."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
from influence_fakes import FakeExplorer, two_sets
from panel_fakes import FakeValuation, progress

from dvlwidgets.data import Dataset
from dvlwidgets.engine.records import Verdict
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.widgets import bundle, levels, preferences
from dvlwidgets.widgets.influence_panel import InfluencePanel
from dvlwidgets.widgets.panel import ValuationPanel
from dvlwidgets.widgets.sharing import static_page

N = 30
SECRET = 777.125
"""A feature value: no power of two sums to it by chance."""
WORDS = {
    "feature value": "777.125",
    "feature name": "bloodpressure",
    "id": "patient-",
    "text": "private story",
    "path": "hidden-folder",
    "error": "row of Smith",
    "announcement": "worker at 10.0.0.1",
}
ALLOWED = {
    "summary": set(),
    "values": set(),
    "values+text": {"id", "text"},
    "full": {"id", "text", "feature name", "feature value"},
}


@pytest.fixture(autouse=True)
def _no_build(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "read", lambda name: "/* viewer */")


def everything_in(*texts):
    """All bytes of some texts, and of every piece of base64 in them."""
    whole = [text.encode() for text in texts]
    pieces = [piece for text in texts for piece in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text)]
    whole += [base64.b64decode(piece) for piece in pieces if len(piece) % 4 == 0]
    return b"\n".join(whole)


def found_in(stored):
    """Which secrets are in the bytes of what is stored."""
    there = {kind for kind, word in WORDS.items() if word.encode() in stored}
    for code in ("<f4", "<f8"):
        if np.array(SECRET, code).tobytes() in stored:
            there.add("feature value")
    return there


def data_set():
    x = np.full((N, 3), SECRET)
    x[:, 0] += np.arange(N)  # different rows
    return Dataset(
        x,
        np.where(np.arange(N) % 2, "ill", "healthy"),
        ids=[f"patient-{i}" for i in range(N)],
        feature_names=["bloodpressure", "b", "c"],
    )


def failed_panel(tmp_path, **options):
    """A panel with every secret somewhere in it: a run that failed, edits with notes, texts, a path."""
    data = data_set()
    (tmp_path / "hidden-folder").mkdir()
    panel = ValuationPanel(
        FakeValuation(),
        data,
        previews=[f"private story {i}" for i in range(N)],
        edits=tmp_path / "hidden-folder" / "edits.jsonl",
        **options,
    )
    verdict = Verdict(False, 0.5, np.zeros(N, dtype=bool), "failed: ValueError: row of Smith 777.125")
    panel.run.yields(
        progress(
            N,
            first_failure="Traceback: ValueError: row of Smith 777.125",
            announcement="at most 9 fits on worker at 10.0.0.1",
            failures=3,
            verdict=verdict,
        )
    )
    panel.run.error = ValueError("row of Smith 777.125, patient-3")
    panel.edits.drop(data, [1])
    panel.edits.relabel(data, [2], "ill")
    panel.run.become("failed")
    return panel


@pytest.mark.parametrize("level", levels.LEVELS)
def test_a_copy_holds_what_its_level_says_and_nothing_else(level, tmp_path):
    panel = failed_panel(tmp_path, share=level)
    page = panel.save("page.html").read_text(encoding="utf-8")
    shown, metadata = panel._repr_mimebundle_()
    state = json.dumps({key: value for key, value in panel.get_state().items() if key != "_esm"})
    copy = json.dumps(panel.snapshot().bundle())
    for stored in (page, json.dumps([shown, metadata], ensure_ascii=False), copy):
        assert found_in(everything_in(stored)) == ALLOWED[level]
    assert found_in(everything_in(state, repr(panel.snapshot()))) == set()
    for said in (page, copy):
        assert levels.HOLDS[level] in said
    assert "failed; 100 evaluations" in page
    assert "ValueError" in page  # the kind of failure may be told
    panel.close()


@pytest.mark.parametrize("level", levels.LEVELS)
def test_labels_and_edits_are_told_from_values_on(level, tmp_path):
    panel = failed_panel(tmp_path, share=level)
    page = panel.save("page.html").read_text(encoding="utf-8")
    payload = json.loads(
        re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1]
    )
    assert payload["share"] == level
    told = level != "summary"
    assert ("healthy" in page) == told
    rows = payload["edits"]["edits"]
    assert {(row["position"], row["field"]) for row in rows} == (
        {(1, "dropped"), (2, "label")} if told else set()
    )
    assert all(("id" in row) == levels.has_texts(level) for row in rows)
    assert payload["frame"]["content"]["edits"]["count"] == 2
    assert ("1 relabelled, 1 dropped" in page) is True
    panel.close()


@pytest.mark.parametrize("level", levels.LEVELS)
def test_pictures_leave_only_with_everything(level):
    pixels = np.random.default_rng(3).integers(0, 255, (N, 6, 6), dtype="u1")
    panel = ValuationPanel(FakeValuation(), data_set(), previews=pixels, share=level)
    panel.run.yields(progress(N))
    panel.run.become("finished")
    stored = everything_in(json.dumps(panel._repr_mimebundle_()[0]))
    assert (pixels[7].tobytes() in stored) == (level == "full")
    panel.close()


@pytest.mark.parametrize("level", levels.LEVELS)
def test_while_it_runs_the_stored_words_keep_to_the_level_too(level):
    panel = ValuationPanel(FakeValuation(), data_set(), share=level)
    panel.run.become("running")
    panel.run.yields(progress(N, announcement="worker at 10.0.0.1"))
    made = panel._repr_mimebundle_()[0]
    stored = json.dumps(made)
    allowed = {"id"} if levels.has_texts(level) else set()
    assert found_in(everything_in(stored)) == allowed
    assert ("lower quarter" in stored) == (level == "summary")
    assert levels.HOLDS[level] in stored
    assert made["application/vnd.dvlwidgets.snapshot+json"]["payload"] is None
    panel.close()


@pytest.mark.parametrize("level", levels.LEVELS)
def test_an_influence_panel_keeps_to_the_level(level):
    train, test, _ = two_sets(ids=[f"patient-{i}" for i in range(40)], feature_names=["bloodpressure", "b"])
    test = Dataset(
        test.x, test.labels, ids=[f"witness-{i}" for i in range(20)], feature_names=["bloodpressure", "b"]
    )
    panel = InfluencePanel(FakeExplorer(train, test), train, test, share=level)
    panel.start()
    panel.wait(20)
    page = panel.save("page.html").read_text(encoding="utf-8")
    stored = everything_in(page, json.dumps(panel._repr_mimebundle_()[0]))
    texts = {"id"} if levels.has_texts(level) else set()
    assert found_in(stored) == (texts | {"feature name"} if level == "full" else texts)
    assert b"witness" not in stored
    raw = np.asarray(train.x[7, 0])
    assert (raw.astype("<f4").tobytes() in stored) == (level == "full")
    assert np.asarray(test.x[3, 0]).astype("<f4").tobytes() not in stored
    payload = json.loads(
        re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1]
    )
    names = [feature["name"] for feature in payload["frame"]["content"]["features"]]
    assert names[:2] == ["loss", "self-influence"]
    content = payload["frame"]["content"]
    assert (content["features_left_out"], content["value_name"]) == (0, "quantile")
    assert ("tables" in payload, "worst predictions" in page) == ((level != "summary",) * 2)
    # the viewer hides only what stands before it
    assert ("worst predictions" in page.partition("</script>")[2]) == (level != "summary")
    assert (payload["kind"], "bloodpressure" in names) == ("influence", level == "full")
    panel.close()


def test_a_static_page_keeps_to_its_level():
    data = data_set()
    from test_sharing import result_of

    for level in levels.LEVELS:
        page = static_page(result_of(data), data, share=level)
        assert found_in(everything_in(page)) == ALLOWED[level] - {"text"}
        assert levels.HOLDS[level] in page


def test_the_default_is_that_of_the_preferences_and_follows_them(monkeypatch):
    monkeypatch.setattr(preferences, "_NOW", [preferences.Preferences()])
    panel = ValuationPanel(FakeValuation(), data_set())
    fixed = ValuationPanel(FakeValuation(), data_set(), share="values+text")
    assert (panel._session.level, fixed._session.level) == ("values", "values+text")
    preferences.prefer(share="summary")
    assert (panel._session.level, fixed._session.level) == ("summary", "values+text")
    assert panel._session.snapshot().subject.share == levels.HOLDS["summary"]
    assert panel.snapshot().snapshot["share"] == "summary"
    assert panel.snapshot("full").snapshot["share"] == "full"
    panel.close()
    fixed.close()


@pytest.mark.parametrize(("share", "error"), [("all", InputError), ("", InputError), (3, InputTypeError)])
def test_an_unknown_level_is_refused_early_with_those_that_are(share, error):
    train, test, _ = two_sets()
    message = "one of 'summary', 'values', 'values\\+text', 'full'"
    with pytest.raises(error, match=message):
        ValuationPanel(FakeValuation(), data_set(), share=share)
    with pytest.raises(error, match=message):
        InfluencePanel(FakeExplorer(train, test), train, test, share=share)
    panel = ValuationPanel(FakeValuation(), data_set())
    with pytest.raises(error, match=message):
        panel.save("page.html", share)
    with pytest.raises(error, match=message):
        panel.snapshot(share)
    panel.close()
