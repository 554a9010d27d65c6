"""What Python and pages see and set of a panel: selection, filters, tables, the rule, other semivalues."""

from __future__ import annotations

import csv
import threading

import numpy as np
import pytest
from engine_worlds import blobs
from panel_fakes import FakeValuation, ask, dataset, greet, progress, tell
from sklearn.neighbors import KNeighborsClassifier

from dvlwidgets import (
    KNNShapleyValuation,
    MaxTime,
    PermutationSampler,
    RankCorrelation,
    ShapleyValuation,
    Utility,
    ValuationPanel,
)
from dvlwidgets.data import Dataset, table_export
from dvlwidgets.engine.stopping import MaxSamples, NoStopping
from dvlwidgets.errors import InputError, InputTypeError, RunError
from dvlwidgets.widgets.parts import view

SEVEN = [3, 5, 6]


def kinds_at_hello(page):
    """What a page that comes now is told, in one text."""
    page.messages.clear()
    greet(page)
    ask(page, "semivalue", do="methods")  # answered after what is told at hello
    return " ".join(message["kind"] for message in page.of("part"))


def curved(masks):
    return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))


def shapley(rule):
    return ShapleyValuation(Utility.from_function(curved), PermutationSampler(seed=3), rule)


def test_what_a_page_selects_is_seen_in_python_and_the_last_writer_wins(valued):
    panel, page = valued
    heard = []
    forget = panel.on_selection(lambda rows: heard.append(rows.tolist()))
    assert ask(page, "view", do="selection", ranges=[3, 4, 5, 7])["rows"].tolist() == SEVEN
    assert panel.selection.tolist() == SEVEN
    assert panel.selected_ids.tolist() == panel._session.train.ids[SEVEN].tolist()
    page.messages.clear()
    panel.selection = np.arange(20) < 2
    told = page.wait_for(lambda m: m.get("kind") == "selection")
    assert (told["rows"].tolist(), told["request"]) == ([0, 1], None)
    forget()
    panel.selection = []
    assert heard == [SEVEN, [0, 1]]


def test_a_selection_made_without_a_page_is_told_at_hello(opened):
    panel, page = opened(hello=False)
    panel.selection = [7, 2, 2]
    panel.filters = {"ranges": {"value": (None, 0), panel._session.subject.features[1][0]: (0, 1)}}
    greet(page)
    assert page.wait_for(lambda m: m.get("kind") == "selection")["rows"].tolist() == [2, 7]
    told = page.wait_for(lambda m: m.get("kind") == "filters")["filters"]
    assert told["ranges"] == {"value": [None, 0.0], "f1": [0.0, 1.0]}


def test_filters_go_there_and_back_by_the_names_of_columns(valued):
    panel, page = valued
    assert panel.filters == {}
    name = panel._session.subject.features[0][0]
    given = {
        "presets": ["lowest"],
        "ranges": {name: (0.5, None)},
        "classes": {"label": ["birch"]},
        "expression": "se < 1",
    }
    panel.filters = given
    assert panel.filters == given
    page.wait_for(lambda m: m.get("kind") == "filters")
    ask(page, "view", do="filters", filters={"ranges": {"f1": [None, 2], "x:before": [0, 1]}})
    assert panel.filters == {
        "ranges": {panel._session.subject.features[1][0]: (None, 2.0), "x:before": (0.0, 1.0)}
    }


def test_a_page_gets_what_reads_expressions_when_it_asks(valued):
    _, page = valued
    assert not any(m.get("part") == "expression" for m in page.messages)
    assert ask(page, "expression", do="code")["text"].startswith("/* expression.js */")
    assert ask(page, "expression", do="words")["message"].startswith("'do' should be 'code'")


def test_a_feature_called_like_a_column_of_the_panel_is_filtered_by_as_feature_name():
    x = np.random.default_rng(0).normal(size=(6, 2))
    train = Dataset(x, [0, 1] * 3, feature_names=["value", "ink"])
    panel = ValuationPanel(KNNShapleyValuation(KNeighborsClassifier(1), Dataset(x, [0, 1] * 3)), train)
    given = {"ranges": {"value": (None, 0), "feature value": (0, None), "ink": (0, None)}}
    panel.filters = given
    assert panel.filters == given
    assert list(panel._desk.parts["view"]._filters["ranges"]) == ["value", "f0", "f1"]
    panel.close()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ([], InputTypeError, "should be a dict"),
        (None, InputTypeError, "For no filters pass {}"),
        ({"range": {}}, InputError, "no 'range'; they have presets, ranges"),
        (
            {"ranges": {"vaule": (0, 1)}},
            InputError,
            "no column 'vaule' to filter by; there are value, stderr",
        ),
        ({"ranges": {"value": 3}}, InputTypeError, "should be .from, to."),
        ({"ranges": {"value": ("a", None)}}, InputTypeError, "a number or None"),
        ({"ranges": {"value": (0, 10**400)}}, InputTypeError, "a number or None"),
        ({"classes": {"label": ["oak"]}}, InputError, "no class 'oak'; there are ash, birch, cedar"),
        ({"classes": {"label": "ash"}}, InputTypeError, "a list of names"),
        ({"presets": ["worst"]}, InputError, "no quick filter; there are lowest"),
        ({"expression": 3}, InputTypeError, "should be a string"),
    ],
)
def test_filters_that_are_none_are_refused_in_words(valued, given, error, words):
    panel, _ = valued
    with pytest.raises(error, match=words):
        panel.filters = given
    assert panel.filters == {}


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([20], InputError, "20 points, positions 0 to 19; 20 was given"),
        ([-1], InputError, "-1 was given"),
        ([True, False], InputError, "a mask of 2 was given; the panel has 20"),
        (["a"], InputTypeError, "whole numbers or a mask, not 'a'"),
        (None, InputTypeError, r"To select nothing pass \[\]"),
        ([0.5], InputTypeError, "not 0.5"),
    ],
)
def test_positions_that_are_none_are_refused_in_words(valued, rows, error, words):
    panel, _ = valued
    with pytest.raises(error, match=words):
        panel.selection = rows


@pytest.mark.parametrize(
    "command",
    [
        {"do": "selection", "ranges": [3]},
        {"do": "selection", "ranges": [5, 3]},
        {"do": "selection", "ranges": [0, 21]},
        {"do": "selection", "ranges": [0, "9"]},
        {"do": "filters", "filters": {"ranges": {"f99": [0, 1]}}},
        {"do": "filters", "filters": {"expression": "x" * 30_000}},
        {"do": "parquet", "rows": [20]},
        {"do": "dance"},
    ],
)
def test_a_page_that_asks_for_nonsense_is_refused_and_nothing_changes(valued, command):
    panel, page = valued
    assert ask(page, "view", **command)["t"] == "error"
    assert (panel.selection.size, panel.filters) == (0, {})


def test_a_callback_that_fails_stops_nobody(valued, caplog):
    panel, page = valued
    heard = []
    panel.on_selection(lambda rows: 1 / 0)
    panel.on_selection(lambda rows: heard.append(len(rows)))
    ask(page, "view", do="selection", ranges=[0, 4])
    assert heard == [4]
    assert "ZeroDivisionError" in caplog.text


def test_a_run_that_follows_an_earlier_fit_has_a_rule_to_change(opened):
    train, _ = blobs(30)
    panel, page = opened(train, valuation=shapley(MaxSamples(None, 400)).fit(train))
    assert not page.wait_for(lambda m: m.get("part") == "control")["rule"]
    panel.start()
    page.wait_for(lambda m: m.get("part") == "control" and m["rule"])
    panel.wait(60)


def test_tables_hold_what_the_panel_shows_and_no_formulas(opened):
    ids = ["=1+1", "@x", "-2", "plain", "a,b", 'q"q', *(f"p{i}" for i in range(14))]
    panel, _ = opened(dataset(ids=ids, target_names=["ash", "birch", "+c"]))
    panel.start()
    panel.run.yields(progress(seq=1))
    panel.edits.relabel(panel._session.train, [0], 2)
    panel.edits.drop(panel._session.train, [3])
    path = panel.to_csv("table.csv", rows=[0, 1, 2, 3, 4, 5])
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["'=1+1", "'@x", "'-2", "plain", "a,b", 'q"q']
    assert (rows[0]["label"], rows[0]["label_before"], rows[3]["dropped"]) == ("'+c", "ash", "True")
    shown = panel._session.values_now()[:6]
    np.testing.assert_array_equal(np.array([row["value"] for row in rows], np.float32), shown)
    frame = panel.to_frame() if _has("pandas") else None
    if frame is not None:
        assert frame["id"].tolist() == ids  # as they are: no spreadsheet is in between


def test_tables_hold_columns_of_a_data_frame_that_are_no_numbers(opened):
    pd = pytest.importorskip("pandas")
    towns, days = ["Zürich", None] * 10, pd.date_range("2020-01-01", periods=20)
    x = pd.DataFrame(
        {"age": np.arange(20.0), "town": towns, "day": days, "kind": pd.Categorical(["u", "v"] * 10)}
    )
    panel, _ = opened(Dataset(x, np.arange(20) % 2))
    frame = panel.to_frame()
    assert frame.columns.tolist()[-4:] == ["age", "town", "day", "kind"]
    assert frame["day"].tolist() == days.tolist()
    assert frame["kind"].tolist() == ["u", "v"] * 10
    with open(panel.to_csv("table.csv", rows=[2]), encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["town"], row["kind"], row["day"][:10]) == ("Zürich", "u", "2020-01-03")
    with open(panel.to_csv("table.csv", rows=[1]), encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["town"] == ""


def test_parquet_goes_to_a_file_or_to_a_page_in_the_order_asked_for_or_is_refused_in_words(valued):
    panel, page = valued
    told = ask(page, "view", do="parquet", rows=[4, 2])
    if not _has("pyarrow"):
        assert "pyarrow, which is not installed" in told["message"]
        with pytest.raises(InputError, match="pyarrow, which is not installed"):
            panel.to_parquet("x.parquet")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(told["bytes"].tobytes()))
    assert table["position"].to_pylist() == [4, 2]
    assert pq.read_table(panel.to_parquet("x.parquet"))["position"].to_pylist() == list(range(20))


def _has(module):
    from importlib.util import find_spec

    return find_spec(module) is not None


def test_the_report_is_a_page_of_its_own(valued):
    _, page = valued
    told = ask(page, "view", do="report")
    assert told["as"] == "html"
    assert b"<html" in told["bytes"].tobytes()


@pytest.mark.parametrize(
    ("part", "command"),
    [
        ("view", {"do": "report"}),
        ("view", {"do": "parquet", "rows": [1]}),
        ("control", {"do": "checkpoint", "name": "here"}),
    ],
)
def test_frames_go_on_while_a_page_waits_for_something_slow(valued, monkeypatch, part, command):
    panel, page = valued
    begun, go = threading.Event(), threading.Event()

    def slow(*_):
        begun.set()
        assert go.wait(60)
        raise OSError("the disk is gone")

    monkeypatch.setattr(view, "table_of", slow)
    monkeypatch.setattr(panel, "snapshot", slow)
    monkeypatch.setattr(FakeValuation, "save_checkpoint", slow, raising=False)
    tell(page, part, request="slow", **command)
    assert begun.wait(60)
    panel.run.yields(progress(seq=2))
    page.wait_for(lambda m: m.get("status", {}).get("done") == 300)
    go.set()
    assert page.wait_for(lambda m: m.get("request") == "slow")["message"] == "OSError: the disk is gone"


def test_a_page_changes_the_rule_of_a_run_and_everybody_hears_of_it(opened):
    data, _ = blobs(12)
    made = shapley(NoStopping())
    panel, page = opened(data, valuation=made, hello=False)
    panel.start()
    greet(page)
    assert page.wait_for(lambda m: m.get("kind") == "state")["rule"] is True
    told = ask(page, "control", do="rule", certainty=0.9999999, minutes=30)
    assert told["certainty"] == pytest.approx(0.9999999)
    assert told["minutes"] == pytest.approx(30)
    assert made.is_done == RankCorrelation(rtol=1 - 0.9999999) | MaxTime(1800)
    for odd in ({"certainty": 1.0}, {"minutes": 0}, {"minutes": "9"}):
        assert ask(page, "control", do="rule", **odd)["t"] == "error"
    page.messages.clear()
    panel.run.change_rule(MaxSamples(None, 300))  # by somebody who knows no panel
    assert page.wait_for(lambda m: m.get("kind") == "state")["certainty"] is None
    panel.wait(60)
    with pytest.raises(RunError, match="nothing to stop"):
        panel.change_rule(NoStopping())


def test_a_checkpoint_is_saved_and_gone_on_from(opened):
    data, _ = blobs(12)
    made = shapley(MaxSamples(None, 3_000))
    panel, page = opened(data, valuation=made)
    panel.start()
    panel.wait(60)
    folder = ask(page, "control", do="checkpoint", name="first try")["path"]
    again = shapley(MaxSamples(None, 3_000)).fit(data, checkpoint=folder).result
    assert again.values.tobytes() == made.result.values.tobytes()
    assert ask(page, "control", do="checkpoint", name="../out")["t"] == "error"


def test_a_closed_form_offers_none_of_it(opened):

    data, test = blobs(24)
    panel, page = opened(data, valuation=KNNShapleyValuation(KNeighborsClassifier(3), test))
    told = page.wait_for(lambda m: m.get("kind") == "state")
    assert (told["rule"], told["utilities"]) == (False, False)
    panel.start()
    panel.wait(60)
    assert ask(page, "semivalue", do="methods")["methods"] == []


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\tx", "\rx"])
def test_texts_that_begin_like_formulas_are_quoted(text):
    assert table_export.safe(text) == f"'{text}"
    assert table_export.safe(f"a{text}") == f"a{text}"
