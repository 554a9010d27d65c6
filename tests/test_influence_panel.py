from __future__ import annotations

import base64
import csv
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from influence_fakes import FakeExplorer, InfluencePage, two_sets

import dvlwidgets
from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.errors import EditError, InputError, InputTypeError, NotFittedError, WireError
from dvlwidgets.widgets import bundle, influence_unwire
from dvlwidgets.widgets.commands import Command
from dvlwidgets.widgets.influence_commands import Question, parse
from dvlwidgets.widgets.influence_panel import InfluencePanel
from dvlwidgets.widgets.worker import Worker

FOLDER = Path(__file__).parent / "wire" / "influence"
SPEC = importlib.util.spec_from_file_location("make_golden_influence", FOLDER / "make_golden.py")
make_golden = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_golden)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Edits go to a folder of the test, and no build is needed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "read", lambda name: f"/* {name} */ export default {{}}")


@pytest.fixture
def opened():
    """Makes panels with a page on each, and closes them."""
    panels = []

    def make(explorer=None, *, start=True, **more):
        train, test, _ = two_sets() if explorer is None else (explorer.train, explorer.test, None)
        explorer = FakeExplorer(train, test) if explorer is None else explorer
        panel = InfluencePanel(explorer, train, test, **more)
        page = InfluencePage(lambda content: panel._received(panel, content, []))
        panel.send = page
        panels.append(panel)
        page.receive({"t": "hello", "have": -1})
        page.wait_for(lambda m: m["t"] == "full")
        if start:
            panel.start()
            panel.wait(20)
            page.wait_for(lambda m: m.get("status", {}).get("state") == "finished")
        return panel, page, explorer

    yield make
    for panel in panels:
        panel.close()


def test_a_printed_influence_panel_says_what_it_is(opened):
    panel, _, explorer = opened()
    assert repr(panel).startswith("InfluencePanel('")
    assert repr(panel).endswith(f"{panel.method}, {len(explorer.train)} points, finished)")


def ask(page, **command):
    page.receive({"request": "q", **command})


def revision(message, panel):
    """How often runs began and points were relabelled, of what a message tells; None of others."""
    told = message.get("influence", {}).get("revision")
    return None if told is None else told - panel._session._grown


def newest(page):
    """What a page holds: the last full frame with the deltas since."""
    held = None
    for message in page.of("full") + page.of("delta"):
        if held is None or message["seq"] > held["seq"]:
            held = message
    return held


# --- constructing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"influence": FakeExplorer}, InputTypeError, "the class FakeExplorer; expected an influence model"),
        ({"influence": 3}, InputTypeError, "an int; expected an influence model"),
        ({"train": np.zeros((3, 2))}, InputTypeError, "second argument is a ndarray"),
        ({"test": None}, InputTypeError, "third argument is a NoneType; expected the test points"),
        ({"quantile": 25}, InputError, "between 0 and 1"),
        ({"quantile": "low"}, InputTypeError, "quantile must be a number"),
        ({"height": 10}, InputError, "at least 200 pixels"),
        ({"title": 3}, InputTypeError, "title must be a string"),
        ({"image_shape": (9, 9)}, InputError, "image_shape"),
        ({"previews": ("none", "yes")}, InputError, "previews='none'|previews='yes'"),
    ],
)
def test_wrong_arguments_are_refused(change, error, message):
    train, test, _ = two_sets()
    given = {"influence": FakeExplorer(train, test), "train": train, "test": test} | change
    with pytest.raises(error, match=message):
        InfluencePanel(given.pop("influence"), given.pop("train"), given.pop("test"), **given)


def test_data_that_the_explorer_was_not_made_with_are_refused():
    train, test, _ = two_sets()
    with pytest.raises(InputError, match="40 training and 20 test points, the data 30 and 20"):
        InfluencePanel(FakeExplorer(train, test), train[:30], test)


def test_numbers_to_predict_beside_classes_are_refused():
    train, test, _ = two_sets()
    numbers = Dataset(test.x, np.linspace(0.0, 1.0, 20))
    with pytest.raises(InputError, match="train are classes, those of test numbers"):
        InfluencePanel(FakeExplorer(train, test), train, numbers)


def test_few_test_points_are_classes_all_the_same():
    train, test, _ = two_sets(n_test=9)
    panel = InfluencePanel(FakeExplorer(train, test[[0, 1]]), train, test[[0, 1]])
    assert panel._session.test.tests.labels.classes == ("0", "1", "2")
    panel.close()


def test_edits_of_other_data_are_refused_when_the_panel_opens(tmp_path):
    EditLog(tmp_path / "e.jsonl").relabel(Dataset(np.ones((3, 2)), [0, 1, 2]), [1], 2)
    train, test, _ = two_sets()
    with pytest.raises(EditError, match="other data"):
        InfluencePanel(FakeExplorer(train, test), train, test, edits=tmp_path / "e.jsonl")


def test_it_is_a_public_name_and_importing_it_needs_no_torch():
    assert dvlwidgets.InfluencePanel is InfluencePanel
    code = "import sys, dvlwidgets; dvlwidgets.InfluencePanel; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- streaming ----------------------------------------------------------------------------------------------


def test_before_the_start_a_page_sees_unknown_numbers_and_both_data_sets(opened):
    panel, page, _ = opened(start=False, title="blobs")
    full = page.of("full")[0]
    assert full["title"] == "blobs"
    assert (full["n"], full["influence"]["test"]["n"]) == (40, 20)
    assert full["status"]["state"] == "pending"
    assert full["influence"]["known"] is False
    for column in (full["value"], *full["influence"]["columns"].values()):
        assert np.isnan(column).all()
    assert full["label"]["classes"] == full["influence"]["test"]["label"]["classes"] == ["0", "1", "2"]
    with pytest.raises(NotFittedError):
        _ = panel.summary


def test_the_numbers_that_reach_the_page_are_the_explorers(opened):
    panel, page, explorer = opened()
    page.wait_for(lambda m: np.isfinite(newest(page)["value"]).all() and m is newest(page))
    page.receive({"t": "hello", "have": -1})
    full = page.wait_for(lambda m: m["t"] == "full" and np.isfinite(m["value"]).all())
    mine, tests = explorer.columns(), explorer.test_columns() | {"disagreement": explorer.disagreement()}
    np.testing.assert_array_equal(full["value"], mine["quantile"].astype("f4"))
    for name, column in full["influence"]["columns"].items():
        np.testing.assert_array_equal(column, mine[name].astype("f4"), err_msg=name)
    for name, column in full["influence"]["test"]["columns"].items():
        np.testing.assert_array_equal(column, tests[name].astype("f4"), err_msg=name)
    assert full["influence"]["known"] is True
    assert panel.summary.keys() == mine.keys()


def test_values_stream_in_tile_by_tile_and_a_delta_says_which(opened):
    train, test, _ = two_sets(n_train=400)
    explorer = FakeExplorer(train, test, tile=10, by_hand=True)
    panel, page, _ = opened(explorer, start=False)
    panel.start()
    page.wait_for(lambda m: m.get("influence", {}).get("known"))
    explorer.go(1)
    delta = page.wait_for(lambda m: m["t"] == "delta" and m["rows"].size == 10)
    np.testing.assert_array_equal(delta["rows"], np.arange(10))
    now = explorer.columns()
    np.testing.assert_array_equal(delta["value"], now["quantile"][:10].astype("f4"))
    loss = delta["influence"]["columns"]["loss"]
    np.testing.assert_array_equal(loss, now["loss"][:10].astype("f4"))
    assert delta["status"]["done"] == 10
    panel.stop()
    explorer.go(1)
    panel.wait(20)


def test_pause_resume_and_stop_reach_the_run(opened):
    train, test, _ = two_sets()
    explorer = FakeExplorer(train, test, by_hand=True)
    panel, page, _ = opened(explorer, start=False)
    page.receive({"t": "start"})
    page.wait_for(lambda m: m.get("status", {}).get("state") == "running")
    page.receive({"t": "pause"})
    page.wait_for(lambda m: m.get("status", {}).get("state") == "paused")
    page.receive({"t": "resume"})
    explorer.go(2)
    page.wait_for(lambda m: m["t"] in {"delta", "full"} and m["status"]["done"] == 16)
    page.receive({"t": "stop"})
    page.wait_for(lambda m: m.get("status", {}).get("state") == "stopped")
    assert np.isfinite(panel.explorer.columns()["quantile"]).sum() == 16


def test_a_run_that_fails_says_why_and_keeps_what_is_known(opened):
    train, test, _ = two_sets()
    panel, page, _ = opened(FakeExplorer(train, test, fails=16), start=False)
    panel.start()
    failed = page.wait_for(lambda m: m.get("status", {}).get("state") == "failed")
    assert "tile 3 are not finite" in failed["status"]["error"]
    with pytest.raises(ValueError, match="tile 3"):
        panel.wait(20)
    assert panel._publisher.settle()
    page.receive({"t": "hello", "have": -1})
    page.wait_for(lambda m: m["t"] == "full" and np.isfinite(m["value"]).sum() == 16)


def test_predictions_are_there_before_the_start_where_the_model_can_make_them(opened):
    train, test, _ = two_sets()
    explorer = FakeExplorer(train, test)
    explorer.predicted = {"loss": np.arange(20.0), "predicted": np.zeros(20), "p_label": np.full(20, 0.5)}
    explorer.test_columns = lambda: explorer.predicted
    _, page, _ = opened(explorer, start=False)
    message = page.wait_for(lambda m: "influence" in m and not np.isnan(_losses(m)).any())
    np.testing.assert_array_equal(_losses(message), np.arange(20.0))
    assert message["status"]["state"] == "pending"


def test_a_model_that_cannot_predict_is_complained_of_once(opened):
    train, test, _ = two_sets()
    explorer = FakeExplorer(train, test)

    def fail():
        raise ValueError("the input has 3 columns, not 2")

    explorer.test_columns = fail
    panel, page, _ = opened(explorer, start=False)
    assert "3 columns" in page.wait_for(lambda m: m["t"] == "error")["message"]
    panel.start().wait(20)
    assert panel._desk.worker.settle()
    assert panel._publisher.settle()
    assert len(page.of("error")) <= 2  # once more when the influences are known


def _losses(message):
    part = _tests(message)
    return np.array([np.nan]) if part is None else part["loss"]


def _tests(message):
    """Columns of the test points in a full frame or a delta; None where they did not change."""
    part = message["influence"]["test"]
    return part if part is None else part.get("columns", part)


# --- questions ----------------------------------------------------------------------------------------------


def test_a_test_point_gets_its_most_helpful_and_harmful_training_points(opened):
    _, page, explorer = opened()
    ask(page, t="of_test", test=3, k=5)
    answer = page.wait_for(lambda m: m["t"] == "of_test")
    ranked = explorer.of_test(3, 5)
    assert answer["request"] == "q"
    assert answer["test"] == 3
    np.testing.assert_array_equal(answer["helpful"], ranked.helpful)
    np.testing.assert_array_equal(answer["harmful_scores"], ranked.harmful_scores)
    assert answer["helps"] + answer["hurts"] == 40
    assert answer["harmful_scores"].max() < 0 < answer["helpful_scores"].min()


def test_a_training_point_gets_its_influence_on_every_test_point(opened):
    _, page, explorer = opened()
    ask(page, t="of_train", train=7)
    answer = page.wait_for(lambda m: m["t"] == "of_train")
    np.testing.assert_array_equal(answer["scores"], explorer.of_train(7))


def test_a_question_too_early_is_answered_with_a_sentence(opened):
    _, page, _ = opened(start=False)
    ask(page, t="of_test", test=0, k=3)
    error = page.wait_for(lambda m: m["t"] == "error")
    assert "start the run" in error["message"]
    assert error["request"] == "q"


def test_questions_are_answered_while_the_run_goes_on(opened):
    train, test, _ = two_sets()
    explorer = FakeExplorer(train, test, by_hand=True)
    panel, page, _ = opened(explorer, start=False)
    panel.start()
    page.wait_for(lambda m: m.get("influence", {}).get("known"))
    ask(page, t="of_test", test=1, k=4)
    assert page.wait_for(lambda m: m["t"] == "of_test")["helpful"].size == 4
    assert np.isnan(explorer.columns()["quantile"]).all()
    panel.stop()


def test_an_answer_of_some_training_points_is_out_of_date_when_more_are_known_and_at_the_end(opened):
    train, test, _ = two_sets()
    explorer = FakeExplorer(train, test, by_hand=True)
    panel, page, _ = opened(explorer, start=False)
    panel.start()
    page.wait_for(lambda m: m.get("influence", {}).get("known"))

    def told():
        """The revision that a page last heard of."""
        return [m["influence"]["revision"] for m in page.messages if m["t"] in {"full", "delta"}][-1]

    explorer.go(1)
    page.wait_for(lambda m: m["t"] == "delta" and len(m["rows"]) == 8)
    ask(page, t="of_test", test=3, k=12)
    early = page.wait_for(lambda m: m["t"] == "of_test")
    assert early["revision"] == told()
    explorer.go(4)
    panel.wait(20)
    page.wait_for(lambda m: m["t"] in {"full", "delta"} and m["status"]["state"] == "finished")
    assert told() > early["revision"], "the page would show those that were known for ever"
    ask(page, t="of_test", test=3, k=12, request="late")
    late = page.wait_for(lambda m: m["t"] == "of_test" and m["request"] == "late")
    assert late["revision"] == told()


def test_previews_of_test_points_say_whose_they_are(opened):
    train, test, _ = two_sets()
    texts = ([f"train {i}" for i in range(40)], [f"test {i}" for i in range(20)])
    _, page, _ = opened(FakeExplorer(train, test), start=False, previews=texts)
    ask(page, t="previews", of="test", rows=[3, 1])
    answer = page.wait_for(lambda m: m["t"] == "previews")
    assert answer["of"] == "test"
    assert answer["texts"] == ["test 3", "test 1"]
    ask(page, t="previews", rows=[39])
    assert page.wait_for(lambda m: m["t"] == "previews" and "of" not in m)["texts"] == ["train 39"]


@pytest.mark.parametrize(
    "content",
    [
        {"t": "of_test"},
        {"t": "of_test", "test": 20, "k": 3},
        {"t": "of_test", "test": True, "k": 3},
        {"t": "of_test", "test": 3, "k": 61},
        {"t": "of_test", "test": 3, "k": 0},
        {"t": "of_train", "train": -1},
        {"t": "of_train", "train": "all"},
        {"t": "previews", "of": "train", "rows": [1]},
        {"t": "previews", "of": "test", "rows": [20]},
        {"t": "flag", "of": "test", "rows": [20], "flagged": True},
        {"t": "undo", "of": "train"},
        {"t": "columns"},
        {"t": ["of_test"]},
        [],
    ],
)
def test_what_is_no_command_is_refused_in_words(opened, content):
    _, page, _ = opened(start=False)
    page.receive(content)
    assert page.wait_for(lambda m: m["t"] == "error")["where"] == "command"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), st.lists))
def test_any_argument_is_taken_or_refused(argument):
    for content in (
        {"t": "of_test", "test": argument, "k": 3},
        {"t": "of_train", "train": argument},
        {"t": "previews", "of": argument, "rows": [0]},
        {"t": "relabel", "rows": argument, "label": 0},
        {"t": "relabel", "of": "test", "rows": argument, "label": 0},
        {"t": "note", "of": argument, "rows": [0], "note": ""},
    ):
        try:
            command = parse(content, 4, 3)
        except WireError:
            continue
        assert isinstance(command, Command)
        assert not isinstance(command, Question) or 0 <= command.at < 4 or command.rows == (0,)


def test_only_the_newest_question_of_a_kind_is_worked_on():
    worker, done = Worker("test"), []
    import threading

    begun, go = threading.Event(), threading.Event()
    worker.ask("a", lambda: (begun.set(), go.wait(10), done.append("first")))
    assert begun.wait(10)
    for k in range(5):
        worker.ask("a", lambda k=k: done.append(k))
    worker.ask("b", lambda: done.append("other"))
    go.set()
    assert worker.settle()
    assert done == ["first", 4, "other"]
    worker.close()


# --- edits --------------------------------------------------------------------------------------------------


def test_a_relabel_is_on_disk_and_then_that_points_numbers_are_new(opened, tmp_path):
    panel, page, explorer = opened(edits=tmp_path / "e.jsonl")
    before = explorer.columns()
    at = int(np.argmin(before["quantile"]))
    old = panel._session.train.labels[at]
    new = (old + 1) % 3
    ask(page, t="relabel", rows=[at], label=int(new))
    page.wait_for(lambda m: m["t"] == "edits")
    assert [e["op"] for e in map(json.loads, (tmp_path / "e.jsonl").read_text().splitlines()[1:])] == [
        "relabel"
    ]
    moved = page.wait_for(lambda m: revision(m, panel) == 2)
    assert explorer.relabels == [(at, new)]
    after = explorer.columns()
    np.testing.assert_array_equal(moved["rows"], [at])
    np.testing.assert_array_equal(moved["value"], [after["quantile"][at].astype("f4")])
    assert after["loss"][at] != before["loss"][at]
    assert moved["influence"]["waiting"] == []
    assert panel.dataset().labels[at] == new
    ask(page, t="undo")
    page.wait_for(lambda m: revision(m, panel) == 3)
    assert explorer.relabels[-1] == (at, old)
    np.testing.assert_allclose(explorer.columns()["quantile"], before["quantile"])


def test_a_point_relabelled_before_its_tile_waits_for_it(opened):
    train, test, _ = two_sets()
    explorer = FakeExplorer(train, test, by_hand=True)
    panel, page, _ = opened(explorer, start=False)
    panel.start()
    page.wait_for(lambda m: m.get("influence", {}).get("known"))
    new = int((train.labels[39] + 1) % 3)
    ask(page, t="relabel", rows=[39], label=new)
    page.wait_for(lambda m: m.get("influence", {}).get("waiting") == [39])
    assert panel._desk.worker.settle()
    assert explorer.relabels == []
    explorer.go(5)
    panel.wait(20)
    page.wait_for(lambda m: revision(m, panel) == 2)
    assert explorer.relabels == [(39, new)]


def test_earlier_edits_are_taken_up_when_the_run_has_the_numbers(opened, tmp_path):
    train, test, _ = two_sets()
    EditLog(tmp_path / "e.jsonl").relabel(train, [5, 6], 0)
    changed = [i for i in (5, 6) if train.labels[i] != 0]
    explorer = FakeExplorer(train, test)
    panel, page, _ = opened(explorer, edits=tmp_path / "e.jsonl")
    page.wait_for(lambda m: revision(m, panel) == 1 + len(changed))
    assert explorer.relabels == [(i, 0) for i in changed]
    quantile = explorer.columns()["quantile"]
    panel.start().wait(20)
    page.wait_for(lambda m: revision(m, panel) == 2 + len(changed))
    assert panel._desk.worker.settle()
    assert len(explorer.relabels) == len(changed)  # the explorer knows them from run to run
    np.testing.assert_allclose(explorer.columns()["quantile"], quantile)
    panel.edits.undo()
    page.wait_for(lambda m: revision(m, panel) == 2 + 2 * len(changed))
    assert dict(explorer.relabels) == {i: train.labels[i] for i in changed}


def test_a_label_that_the_model_does_not_know_is_said_once(opened):
    _, page, explorer = opened()
    ask(page, t="relabel", rows=[4], new="7")
    error = page.wait_for(lambda m: m["t"] == "error")
    assert "no class 7" in error["message"]
    assert page.wait_for(lambda m: m["t"] == "edits")["classes"] == ["0", "1", "2", "7"]
    ask(page, t="of_train", train=4)
    page.wait_for(lambda m: m["t"] == "of_train")
    assert len(page.of("error")) == 1
    assert explorer.relabels == []


def test_a_dropped_point_needs_no_new_numbers(opened):
    panel, page, explorer = opened()
    ask(page, t="drop", rows=[1, 2], dropped=True)
    assert page.wait_for(lambda m: m["t"] == "edits")["dropped"].count(1) == 2
    assert panel._desk.worker.settle()
    assert explorer.relabels == []
    assert len(panel.dataset()) == 38


# --- edits of test points -----------------------------------------------------------------------------------


def test_edits_of_test_points_are_on_disk_in_a_log_of_their_own_before_the_page_hears(opened, tmp_path):
    panel, page, explorer = opened(edits=tmp_path / "e.jsonl")
    test = panel._session.test.data
    loss, share = explorer.test_columns()["loss"][3], explorer.disagreement()[3]
    new = int((test.labels[3] + 1) % 3)
    ask(page, t="relabel", of="test", rows=[3], label=new, why="a 1 with a foot")
    told = page.wait_for(lambda m: m["t"] == "edits")
    path = tmp_path / f"{test.fingerprint[:16]}-test.jsonl"
    assert panel.test_edits.path == path
    edits = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    assert [(e["op"], e["why"]) for e in edits] == [("relabel", "a 1 with a foot")]
    assert edits[0]["rows"][0]["value"] == pytest.approx(float(np.float32(loss)))
    assert (told["of"], told["request"], told["rows"], told["codes"]) == ("test", "q", [3], [new])
    assert told["edits"]["relabelled"] == 1
    assert not (tmp_path / "e.jsonl").exists()

    # its numbers are those of the new label, in the explorer and on the page
    page.wait_for(lambda m: revision(m, panel) == 2 and not m["influence"]["tests_waiting"])
    assert explorer.test_relabels == [(3, new)]
    after = np.float32(explorer.test_columns()["loss"][3])
    now = page.wait_for(lambda m: "influence" in m and _tests(m) and _tests(m)["loss"][3] == after)
    assert after != np.float32(loss)
    assert _tests(now)["disagreement"][3] == np.float32(explorer.disagreement()[3]) != np.float32(share)
    assert panel.test_dataset().labels[3] == new
    assert panel.dataset() is panel._session.train or len(panel.edits) == 0

    # undo concerns the log that is named
    ask(page, t="undo")
    assert "no edit to undo" in page.wait_for(lambda m: m["t"] == "error")["message"]
    ask(page, t="undo", of="test")
    page.wait_for(lambda m: revision(m, panel) == 3)
    assert explorer.test_relabels[-1] == (3, test.labels[3])
    assert explorer.test_columns()["loss"][3] == pytest.approx(loss)
    assert len(panel.test_edits) == 0


def test_a_page_that_comes_later_sees_the_test_points_as_they_are_edited(opened, tmp_path):
    panel, page, _ = opened(edits=tmp_path / "e.jsonl")
    test = panel._session.test.data
    panel.test_edits.relabel(test, [2], int((test.labels[2] + 1) % 3))
    panel.test_edits.flag(test, [4])
    panel.test_edits.note(test, [4, 5], "blurred")
    panel.test_edits.drop(test, [6])
    panel.edits.flag(panel._session.train, [1])
    page.receive({"t": "hello", "have": -1})
    full = page.wait_for(lambda m: m["t"] == "full" and m["influence"]["test"]["edits"]["count"] == 4)
    shown = full["influence"]["test"]
    assert (shown["label"]["codes"] != shown["label"]["original"]).nonzero()[0].tolist() == [2]
    assert shown["dropped"].nonzero()[0].tolist() == [6]
    assert full["edits"]["count"] == 1
    marks = {
        part: page.wait_for(
            lambda m, part=part: (
                m.get("part") == part
                and m["kind"] == "marks"
                and m["flagged"].size
                and (part == "edits" or m["texts"])
            )
        )
        for part in ("edits", "test_edits")
    }
    assert [(m["flagged"].size, m["noted"].size, m["texts"]) for m in marks.values()] == [
        (1, 0, []),
        (1, 2, ["blurred"]),
    ]
    page.receive({"t": "part", "part": "test_edits", "do": "export", "as": "code", "request": "x"})
    code = page.wait_for(lambda m: m.get("kind") == "export")["text"]
    assert "test = test.relabel(" in code or "test.relabel" in code
    page.receive({"t": "part", "part": "test_edits", "do": "log", "before": 0, "request": "y"})
    log = page.wait_for(lambda m: m.get("kind") == "log")
    assert [e["op"] for e in log["edits"]] == ["drop", "note", "flag", "relabel"]
    assert len(panel.test_dataset()) == 19


def test_edits_of_test_points_come_back_with_the_panel_and_find_their_points_in_another_order(tmp_path):
    train, test, _ = two_sets()
    named = Dataset(test.x, test.labels, ids=[f"cell-{i}" for i in range(20)])
    new = int((named.labels[7] + 1) % 3)
    panel = InfluencePanel(FakeExplorer(train, named), train, named, test_edits=tmp_path / "t.jsonl")
    panel.test_edits.relabel(named, [7], new)
    saved = panel.test_edits.save(tmp_path / "copy.jsonl")
    panel.close()
    order = np.random.default_rng(0).permutation(20)
    shuffled = named.take(order)
    again = InfluencePanel(FakeExplorer(train, shuffled), train, shuffled, test_edits=EditLog(saved))
    assert again.test_dataset().labels[np.flatnonzero(order == 7)[0]] == new
    assert again.snapshot is not None
    again.close()
    with pytest.raises(EditError, match="other data"):
        InfluencePanel(FakeExplorer(train, train[:20]), train, train[:20], test_edits=EditLog(saved))
    with pytest.raises(InputError, match="a log for each"):
        InfluencePanel(FakeExplorer(train, test), train, test, edits="one.jsonl", test_edits="one.jsonl")


def test_a_test_point_may_get_a_class_that_only_training_points_have_or_that_is_new(opened):
    train, test, _ = two_sets()
    some = test.take(np.flatnonzero(test.labels != 2))
    panel, page, explorer = opened(FakeExplorer(train, some))
    ask(page, t="relabel", of="test", rows=[0], label=2)
    page.wait_for(lambda m: m["t"] == "edits" and m["codes"] == [2])
    page.wait_for(lambda m: revision(m, panel) == 2)
    assert explorer.test_relabels == [(0, 2)]
    ask(page, t="relabel", of="test", rows=[1], new="7")
    told = page.wait_for(lambda m: m["t"] == "edits" and m["rows"] == [1])
    assert told["classes"] == ["0", "1", "2", "7"]
    assert "no class 7" in page.wait_for(lambda m: m["t"] == "error")["message"]
    ask(page, t="relabel", of="test", rows=[1], label=9)
    assert (
        "there are 4 classes" in page.wait_for(lambda m: m["t"] == "error" and "9" in m["message"])["message"]
    )
    assert panel.test_dataset().labels[1] == 7


def test_a_relabelled_test_point_waits_for_the_end_of_the_run_and_for_that_of_the_next(opened):
    train, test, _ = two_sets()
    explorer = FakeExplorer(train, test, by_hand=True)
    panel, page, _ = opened(explorer, start=False)
    panel.start()
    page.wait_for(lambda m: m.get("influence", {}).get("known"))
    new = int((test.labels[9] + 1) % 3)
    ask(page, t="relabel", of="test", rows=[9], label=new)
    page.wait_for(lambda m: m.get("influence", {}).get("tests_waiting") == [9])
    assert panel._desk.worker.settle()
    assert explorer.test_relabels == []
    explorer.go(5)
    panel.wait(20)
    page.wait_for(lambda m: revision(m, panel) == 2)
    assert explorer.test_relabels == [(9, new)]
    explorer.go(5)
    panel.start().wait(20)
    page.wait_for(lambda m: revision(m, panel) == 4)
    assert explorer.test_relabels == [(9, new)] * 2


# --- what is stored -----------------------------------------------------------------------------------------


def test_the_stored_output_is_a_table_of_the_lowest_quantiles_with_a_picture(opened):
    panel, _, explorer = opened(title="blobs <&>")
    html = panel._repr_mimebundle_()[0]["text/html"]
    lowest = int(np.argmin(explorer.columns()["quantile"]))
    assert "blobs &lt;&amp;&gt;" in html
    first = html.split("self-influence</th></tr>")[1].split("</tr>")[0]
    assert f"<td>{lowest}</td>" in first
    assert f"{explorer.columns()['quantile'][lowest]:.4g}" in first
    assert "data:image/png;base64," in html
    assert "worst predictions" in html


def test_nothing_private_leaves_the_house(opened):
    train, test, _ = two_sets(ids=[f"secret-{i}" for i in range(40)], feature_names=["cloaked", "veiled"])
    panel, _, _ = opened(FakeExplorer(train, test))
    EditLog.of(train)
    path = panel.save("report.html")
    text = path.read_text()
    assert text.startswith("<!doctype html>")
    assert "Content-Security-Policy" in text
    for word in ("secret-", "cloaked", "veiled", ".jsonl"):
        assert word not in text


def test_before_the_start_the_stored_output_says_so(opened):
    panel, _, _ = opened(start=False)
    html = panel._repr_mimebundle_()[0]["text/html"]
    assert "No values were there" in html
    assert "<table" not in html


# --- the wire -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(make_golden.files()))
def test_golden_files_are_what_this_code_writes(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == make_golden.files()[name]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_golden_files_decode_as_they_say(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    buffers = [base64.b64decode(text) for text in record["buffers"]]
    if "refuse" in record:
        with pytest.raises(WireError):
            influence_unwire.decode(record["content"], buffers)
    else:
        assert make_golden.base.plain(influence_unwire.decode(record["content"], buffers)) == record["expect"]


# --- what is seen and taken away --------------------------------------------------------------------------------


def ask_part(page, part, **command):
    request = f"{part} {command}"
    page.receive({"t": "part", "part": part, "request": request, **command})
    return page.wait_for(lambda m: m.get("request") == request)


def test_training_points_are_selected_by_a_page_and_by_python_and_each_hears_of_the_other(opened):
    panel, page, explorer = opened()
    heard = []
    panel.on_selection(lambda rows: heard.append(rows.tolist()))
    assert ask_part(page, "view", do="selection", ranges=[3, 5, 9, 10])["rows"].tolist() == [3, 4, 9]
    assert panel.selection.tolist() == [3, 4, 9]
    doubted = explorer.columns()["quantile"] < 0
    page.messages.clear()
    panel.selection = doubted
    told = page.wait_for(lambda m: m.get("kind") == "selection")
    assert told["rows"].tolist() == np.flatnonzero(doubted).tolist() == heard[-1]
    with pytest.raises(InputError, match="the panel has 40 points"):
        panel.selection = [40]  # a test point is not meant


def test_filters_name_the_numbers_of_the_panel_and_then_the_features_of_the_data(opened):
    panel, page, _ = opened()
    own = {"quantile": (None, 0.0), "loss": (1.0, None), "self_influence_rank": (None, 5.0)}
    first = panel._session.subject.features[0][0]
    panel.filters = {"ranges": {**own, first: (0.0, 1.0)}}
    told = page.wait_for(lambda m: m.get("kind") == "filters")["filters"]["ranges"]
    names = [*influence_unwire_names(page), first]
    assert {names[int(at[1:])]: ends for at, ends in told.items() if at != "value"} == {
        "loss": [1.0, None],
        "self_influence_rank": [None, 5.0],
        first: [0.0, 1.0],
    }
    assert told["value"] == [None, 0.0]
    assert panel.filters == {"ranges": {**own, first: (0.0, 1.0)}}
    with pytest.raises(InputError, match="no column 'stderr' to filter by; there are value, quantile"):
        panel.filters = {"ranges": {"stderr": (0, 1)}}


def influence_unwire_names(page):
    """The numbers of a training point as `js/src/influence/points.ts` has them: those that come, then two ranks."""
    return [*page.of("full")[0]["influence"]["columns"], "loss_rank", "self_influence_rank"]


def written(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_hold_the_explorers_numbers_with_the_ranks_that_a_page_shows(opened, tmp_path):
    panel, _, explorer = opened()
    panel.edits.drop(panel._session.train, [7])
    rows = written(panel.to_csv(tmp_path / "all.csv"))
    now = explorer.columns()
    for name in ("quantile", "loss", "self_influence", "quantile_all", "mean", "negatives"):
        np.testing.assert_allclose([float(row[name]) for row in rows], now[name], rtol=2e-7)  # eight digits
    assert {"value", "stderr", "updates", "converged"}.isdisjoint(rows[0])
    assert [row["position"] for row in rows if row["dropped"] == "True"] == ["7"]
    order = sorted(range(40), key=lambda i: -now["loss"].astype("f4")[i])  # Python's sort is stable
    assert [float(row["loss_rank"]) for row in rows] == [order.index(i) + 1 for i in range(40)]
    doubted = written(panel.to_csv(tmp_path / "doubted.csv", rows=now["quantile"] < 0))
    assert [int(row["position"]) for row in doubted] == np.flatnonzero(now["quantile"] < 0).tolist()


def test_before_the_start_no_number_and_no_rank_is_known(opened, tmp_path):
    panel, _, _ = opened(start=False)
    rows = written(panel.to_csv(tmp_path / "all.csv"))
    assert {row["quantile"] + row["loss_rank"] for row in rows} == {""}


def test_a_page_gets_the_modules_of_the_parts_and_a_parquet_file(opened):
    _, page, explorer = opened()
    for part in ("view", "table", "expression", "pictures"):
        assert ask_part(page, part, do="code")["text"].startswith(f"/* {part}.js */")
    for part in ("table", "expression"):
        assert ask_part(page, part, do="tables")["message"].startswith("'do' should be 'code'")
    told = ask_part(page, "view", do="parquet", rows=[4, 2])
    if importlib.util.find_spec("pyarrow") is None:
        assert "pyarrow, which is not installed" in told["message"]
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(told["bytes"].tobytes()))
    np.testing.assert_array_equal(table["quantile"], explorer.columns()["quantile"].astype("f4")[[4, 2]])
