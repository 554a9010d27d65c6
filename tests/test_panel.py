from __future__ import annotations

import json
import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panel_fakes import FakeRun, FakeValuation, dataset, progress, tell

from dvlwidgets.data import Dataset, GroupedDataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.preview_kinds import UNREADABLE
from dvlwidgets.engine.records import Estimate
from dvlwidgets.errors import EditError, InputError, InputTypeError, InstallationError, WireError
from dvlwidgets.valuation.result import Status, ValuationResult
from dvlwidgets.widgets import bundle, live_panel
from dvlwidgets.widgets.commands import Command, parse
from dvlwidgets.widgets.panel import ValuationPanel

pytestmark = pytest.mark.usefixtures("elsewhere")


# --- constructing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "more", "error", "message"),
    [
        ((FakeValuation, dataset()), {}, InputTypeError, "FakeValuation; expected a valuation"),
        ((3, dataset()), {}, InputTypeError, "int; expected a valuation"),
        ((FakeValuation(), np.zeros((3, 2))), {}, InputTypeError, "ndarray; expected the training points"),
        ((FakeValuation(), dataset()), {"height": 10}, InputError, "at least 200 pixels"),
        ((FakeValuation(), dataset()), {"height": "tall"}, InputError, "at least 200 pixels"),
        ((FakeValuation(), dataset()), {"image_shape": (9, 9)}, InputError, "image_shape"),
        ((FakeValuation(), dataset()), {"previews": "yes"}, InputError, "previews='yes'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, more, error, message):
    with pytest.raises(error, match=message):
        ValuationPanel(*arguments, **more)


def test_a_missing_build_is_said_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(bundle, "STATIC", tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InstallationError, match="npm run build"):
        ValuationPanel(FakeValuation(), dataset())


def test_a_printed_panel_says_what_it_is():
    panel = ValuationPanel(FakeValuation(), dataset(), title="Cells", name="first fit")
    assert repr(panel) == "ValuationPanel('first fit': Fake, 20 points, pending)"
    panel.close()
    assert repr(panel) == "ValuationPanel('first fit': Fake, 20 points, pending)"


def test_a_panel_refused_half_way_can_be_printed():
    panel = ValuationPanel.__new__(ValuationPanel)
    with pytest.raises(InputError):
        panel.__init__(FakeValuation(), dataset(), height=10)
    assert repr(panel) == "ValuationPanel(refused: its arguments did not go together)"


def test_edits_of_other_data_are_refused_when_the_panel_opens(tmp_path):
    EditLog(tmp_path / "e.jsonl").relabel(Dataset(np.ones((3, 2)), [0, 1, 2]), [1], 2)
    with pytest.raises(EditError, match="other data"):
        ValuationPanel(FakeValuation(), dataset(), edits=tmp_path / "e.jsonl")


def test_traits_hold_nothing_of_the_data(opened):
    panel, _ = opened(dataset(description="secret"), title="A title")
    own = {name for name in panel.get_state() if not name.startswith("_")}
    assert own == {"title", "state", "height", "kernel", "page", "layout", "tabbable", "tooltip"}
    assert panel.get_state()["page"] == ""  # a copy is in the state in marimo only


# --- streaming ----------------------------------------------------------------------------------------------


def test_before_the_start_a_page_sees_unknown_values(opened):
    _, page = opened()
    full = page.of("full")[0]
    assert np.isnan(full["value"]).all()
    assert full["status"]["state"] == "pending"
    assert full["status"]["target"] == 0.95
    assert full["label"]["classes"] == ["0", "1", "2"]
    assert full["method"] == "Fake"
    assert [column["name"] for column in full["features"]] == ["x0", "x1", "x2"]


def test_values_reach_the_page_and_python_alike(opened):
    panel, page = opened()
    assert panel.start() is panel.run
    newest = progress(seq=3)
    panel.run.yields(newest)
    full = page.wait_for(lambda m: m["t"] == "full" and m["status"]["done"] == 400)
    np.testing.assert_array_equal(full["value"], newest.values.astype("f4"))
    assert full["history"] == [[400, 0.5, 0.25]]
    assert panel.status.done == 400
    assert panel.status.state == "running"


def test_buttons_reach_the_run_and_are_noted_until_it_obeys(opened):
    panel, page = opened()
    page.receive({"t": "start"})
    page.wait_for(lambda m: m.get("status", {}).get("state") == "running")
    page.receive({"t": "pause"})
    assert panel.run.calls == ["pause"]
    page.wait_for(lambda m: m.get("status", {}).get("pending") == "pause")
    panel.run.become("paused")
    page.wait_for(lambda m: m.get("status", {}).get("state") == "paused" and m["status"]["pending"] is None)
    page.receive({"t": "resume"})
    page.wait_for(lambda m: m.get("status", {}).get("pending") == "resume")
    panel.run.become("running")
    page.receive({"t": "stop"})
    page.wait_for(lambda m: m.get("status", {}).get("pending") == "stop")
    panel.run.become("stopped")
    page.wait_for(lambda m: m.get("status", {}).get("state") == "stopped" and m["status"]["pending"] is None)
    assert panel.run.calls == ["pause", "resume", "stop"]
    assert panel._publisher.settle()
    assert panel.state == "stopped"


def test_a_run_at_work_may_have_news_while_its_panel_is_made(opened, monkeypatch):
    run, valuation = FakeRun(), FakeValuation()
    run.become("running")
    valuation.run_on = lambda data: run

    class Interrupted(live_panel.Publisher):
        """The run's thread gets its turn amid the panel's constructor."""

        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            run.yields(progress())

    monkeypatch.setattr(live_panel, "Publisher", Interrupted)
    panel, page = opened(valuation=valuation)
    assert panel.state == "running"
    run.yields(progress(seq=1))
    page.wait_for(lambda m: m.get("status", {}).get("done") == 200)
    run.become("finished")
    assert panel.state == "finished"


def test_start_after_the_end_is_a_new_run(opened):
    panel, page = opened()
    first = panel.start()
    page.receive({"t": "start"})
    assert "started already" in page.wait_for(lambda m: m["t"] == "error")["message"]
    first.yields(progress())
    first.become("finished")
    page.receive({"t": "start"})
    page.wait_for(lambda m: m["t"] == "full" and m["status"]["state"] == "running" and m["history"] == [])
    assert panel.run is not first


def test_a_button_that_cannot_be_is_answered(opened):
    panel, page = opened()
    panel.start().become("finished")
    page.receive({"t": "pause"})
    error = page.wait_for(lambda m: m["t"] == "error")
    assert error["where"] == "pause"
    assert "nothing to pause" in error["message"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no such column"), "ValueError: no such column"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_a_failed_run_shows_its_error(opened, error, words):
    panel, page = opened()
    panel.start()
    panel.run.error = error
    panel.run.become("failed")
    status = page.wait_for(lambda m: m.get("status", {}).get("state") == "failed")["status"]
    assert status["error"] == words


def test_one_point_is_a_point(opened):
    panel, _ = opened(Dataset(np.zeros((1, 3)), [0]))
    assert panel._repr_mimebundle_()[0]["text/plain"] == "Fake values of 1 point, pending."


def test_a_reloaded_page_gets_everything_again(opened):
    panel, page = opened()
    panel.start()
    panel.run.yields(progress(seq=1))
    tell(page, t="relabel", rows=[4], label=0)
    page.wait_for(lambda m: m["t"] == "edits")
    seen = page.wait_for(lambda m: m["t"] == "full" and m["status"]["done"] == 200)["seq"]
    page.receive({"t": "hello", "have": -1})
    again = page.wait_for(lambda m: m["t"] == "full" and m["seq"] > seen)
    assert again["status"]["done"] == 200
    assert again["label"]["codes"][4] == 0
    assert again["label"]["original"][4] == 1
    assert again["edits"]["relabelled"] == 1


def test_a_panel_on_a_fitted_valuation_shows_its_values():
    data, valuation = dataset(), FakeValuation()
    valuation.is_fitted = True
    values = np.linspace(-1, 1, 20)
    known = {
        "ids": data.ids,
        "names": data.names,
        "algorithm": "Fake",
        "status": Status.Converged,
        "provenance": None,
    }
    estimate = Estimate(values, np.full(20, 0.5), np.full(20, 4))
    valuation.result = ValuationResult.from_estimate(estimate, fingerprint="other", **known)
    panel = ValuationPanel(valuation, data)
    assert panel.state == "pending"  # the fitted result is of other data
    valuation.result = ValuationResult.from_estimate(estimate, fingerprint=data.fingerprint, **known)
    panel = ValuationPanel(valuation, data)
    assert panel.state == "finished"
    assert panel.status.certainty == valuation.result.certainty
    np.testing.assert_allclose(panel._session.snapshot().points.value, values, rtol=1e-6)
    assert panel.values is valuation.result


# --- edits --------------------------------------------------------------------------------------------------


def test_a_relabel_is_on_disk_before_it_is_acknowledged(opened):
    panel, page = opened()
    on_disk = []
    receive = page.__class__.__call__

    def send(content, buffers=None):
        if content["t"] == "edits":
            on_disk.append(EditLog(panel.edits.path).summary()["relabelled"])
        receive(page, content, buffers)

    panel.send = send
    tell(page, t="relabel", rows=[4, 7], label=2)
    edits = page.wait_for(lambda m: m["t"] == "edits")
    assert (edits["request"], edits["rows"], edits["codes"], edits["dropped"]) == (
        "q",
        [4, 7],
        [2, 2],
        [0, 0],
    )
    assert on_disk == [2]
    assert panel.dataset().labels[[4, 7]].tolist() == [2, 2]
    assert edits["edits"]["path"] == str(panel.edits.path)


def test_drop_undo_and_redo(opened):
    panel, page = opened()
    tell(page, t="drop", rows=[3], dropped=True)
    page.wait_for(lambda m: m["t"] == "edits" and m["dropped"] == [1])
    assert len(panel.dataset()) == 19
    tell(page, t="undo", request="u")
    page.wait_for(lambda m: m["t"] == "edits" and m["request"] == "u" and m["dropped"] == [0])
    assert len(panel.dataset()) == 20
    tell(page, t="redo", request="r")
    page.wait_for(lambda m: m["t"] == "edits" and m["request"] == "r" and m["edits"]["dropped"] == 1)
    tell(page, t="redo", request="none")
    assert "no undone edit" in page.wait_for(lambda m: m.get("request") == "none")["message"]


def test_a_new_class_and_a_class_with_a_name(opened):
    panel, page = opened(dataset(target_names=["cat", "dog", "owl"]))
    assert page.of("full")[0]["label"]["classes"] == ["cat", "dog", "owl"]
    tell(page, t="relabel", rows=[0], new="dog")
    assert page.wait_for(lambda m: m["t"] == "edits")["codes"] == [1]
    tell(page, t="relabel", rows=[0], new="emu", request="emu")
    refusal = page.wait_for(lambda m: m.get("request") == "emu")["message"]
    assert "'emu' was given as a new class, but the classes are whole numbers such as 0 (cat)." in refusal
    tell(
        page, t="relabel", rows=[0], new="9" * 30, request="long"
    )  # it would be no integer of the data's kind
    assert "at most 18 digits" in page.wait_for(lambda m: m.get("request") == "long")["message"]
    tell(page, t="relabel", rows=[1], new="17", request="new")
    edits = page.wait_for(lambda m: m["t"] == "edits" and m["request"] == "new")
    assert edits["classes"] == ["cat", "dog", "owl", "17"]
    assert edits["codes"] == [3]
    assert panel.dataset().labels[:2].tolist() == [1, 17]


def test_to_true_and_false_no_class_is_added(opened):
    _, page = opened(Dataset(np.arange(40.0).reshape(20, 2), np.arange(20) % 2 == 0))
    tell(page, t="relabel", rows=[0], new="maybe", request="maybe")
    refusal = page.wait_for(lambda m: m.get("request") == "maybe")["message"]
    assert "to classes such as False none can be added" in refusal
    tell(page, t="relabel", rows=[0], new="False")
    assert page.wait_for(lambda m: m["t"] == "edits")["codes"] == [0]


def test_numbers_are_edited_as_numbers(opened):
    data = Dataset(np.arange(40.0).reshape(20, 2), np.linspace(0, 1, 20))
    panel, page = opened(data)
    tell(page, t="relabel", rows=[2], number=7)
    assert page.wait_for(lambda m: m["t"] == "edits")["numbers"] == [7.0]
    assert panel.dataset().labels[2] == 7.0
    tell(page, t="relabel", rows=[2], label=0, request="code")
    assert "labels are numbers" in page.wait_for(lambda m: m.get("request") == "code")["message"]


def test_groups_have_no_label_but_can_be_dropped(opened):
    data = GroupedDataset(np.zeros((4, 2)), [0, 1, 0, 1], data_groups=["u", "u", "v", "v"])
    panel, page = opened(data)
    full = page.of("full")[0]
    assert (full["n"], full["label"], full["ids"]) == (2, None, ["u", "v"])
    tell(page, t="relabel", rows=[0], label=0, request="l")
    assert "drop them instead" in page.wait_for(lambda m: m.get("request") == "l")["message"]
    tell(page, t="drop", rows=[0], dropped=True)
    page.wait_for(lambda m: m["t"] == "edits")
    assert panel.dataset().ids.tolist() == ["v"]


def test_two_panels_on_one_data_set_share_edits(opened):
    one, page_one = opened()
    two, page_two = opened()
    assert one.edits is two.edits
    tell(page_one, t="relabel", rows=[4], label=0)
    assert page_one.wait_for(lambda m: m["t"] == "edits")["request"] == "q"
    assert page_two.wait_for(lambda m: m["t"] == "edits")["request"] is None
    two.edits.undo()
    page_one.wait_for(lambda m: m["t"] == "edits" and m["request"] is None and m["codes"] == [1])


def test_an_edit_that_cannot_be_saved_is_refused_in_a_sentence(opened, tmp_path):
    (tmp_path / "file").write_text("in the way")
    panel, page = opened(edits=tmp_path / "file" / "e.jsonl")
    tell(page, t="drop", rows=[1], dropped=True)
    error = page.wait_for(lambda m: m["t"] == "error")
    assert error["request"] == "q"
    assert "could not be written" in error["message"]
    assert len(panel.dataset()) == 20


# --- previews and commands ----------------------------------------------------------------------------------


def test_only_the_asked_previews_are_made(opened):
    made = []

    def preview(position):
        made.append(position)
        return f"text {position}"

    _, page = opened(previews=preview)
    made.clear()
    tell(page, t="previews", rows=[5, 2])
    assert page.wait_for(lambda m: m["t"] == "previews")["texts"] == ["text 5", "text 2"]
    assert made == [5, 2]


def test_a_preview_that_fails_is_a_mark_and_the_others_are_shown(opened):
    def preview(position):
        return "fine" if position == 0 else 1 / 0

    _, page = opened(previews=preview)
    tell(page, t="previews", rows=[1, 0])
    assert page.wait_for(lambda m: m["t"] == "previews")["texts"] == [UNREADABLE, "fine"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "object with a name"),
        ([1], "object with a name"),
        ({"t": 3}, "object with a name"),
        ({"t": "eval", "code": "1"}, "'eval' is no command"),
        ({"t": "__init__"}, "no command"),
        ({"t": "hello"}, "'have' should be an integer"),
        ({"t": "ack", "seq": "1"}, "'seq' should be an integer"),
        ({"t": "ack", "seq": True}, "'seq' should be an integer"),
        ({"t": "relabel", "rows": [0]}, "A new label should be"),
        ({"t": "relabel", "rows": [0], "label": 1, "new": "a"}, "A new label should be"),
        ({"t": "relabel", "rows": [0], "label": 1.5}, "A new label should be"),
        ({"t": "relabel", "rows": [0], "label": True}, "A new label should be"),
        ({"t": "relabel", "rows": [0], "new": "  "}, "A new label should be"),
        ({"t": "relabel", "rows": [0], "new": "x" * 201}, "The new label has 201 characters; at most 200"),
        ({"t": "relabel", "rows": [0], "number": math.nan}, "A new label should be"),
        ({"t": "relabel", "rows": [0], "number": "1"}, "A new label should be"),
        ({"t": "relabel", "rows": [], "label": 1}, "'rows' should be"),
        ({"t": "drop", "rows": [20], "dropped": True}, "from 0 to 19"),
        ({"t": "drop", "rows": [-1], "dropped": True}, "from 0 to 19"),
        ({"t": "drop", "rows": [True], "dropped": True}, "from 0 to 19"),
        ({"t": "drop", "rows": "all", "dropped": True}, "from 0 to 19"),
        ({"t": "drop", "rows": [1], "dropped": 1}, "'dropped' should be true or false"),
        ({"t": "previews", "rows": [1.0]}, "from 0 to 19"),
    ],
)
def test_a_bad_command_is_answered_and_does_nothing(opened, content, message):
    panel, page = opened()
    page.receive(content)
    assert message in page.wait_for(lambda m: m["t"] == "error")["message"]
    assert panel.state == "pending"
    assert not panel.edits.path.exists()


def test_too_many_previews_at_once_are_refused():
    with pytest.raises(WireError, match="at most 200"):
        parse({"t": "previews", "rows": list(range(201))}, 1000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=8,
)
names = st.sampled_from(["hello", "ack", "start", "relabel", "drop", "undo", "previews", "nothing"])


@given(
    st.one_of(
        json_values, st.fixed_dictionaries({"t": names}, optional={"rows": json_values, "label": json_values})
    )
)
def test_any_message_is_parsed_or_refused(content):
    try:
        assert isinstance(parse(content, 20), Command)
    except WireError as refusal:
        assert len(str(refusal)) < 400  # noqa: PT017 - only the length is of interest


# --- other ways out -----------------------------------------------------------------------------------------


def test_the_stored_output_has_words_and_a_table_beside_the_widget(opened):
    panel, page = opened()
    shown, _ = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == "Fake values of 20 points, pending."
    assert "let a cell wait for the run: panel.wait()" in shown["text/html"]
    panel.start()
    panel.run.yields(progress(certainty=0.509, failures=1200))
    panel.run.become("finished")
    page.wait_for(lambda m: m.get("status", {}).get("state") == "finished")
    shown, _ = panel._repr_mimebundle_()
    assert "finished; 100 evaluations; ranking 50% certain" in shown["text/plain"]
    assert "1,200 of the fits failed and counted with the default score" in shown["text/html"]
    assert "<table" in shown["text/html"]
    assert str(panel.edits.path) not in json.dumps(shown)


def test_the_output_is_written_again_at_the_end(opened, monkeypatch):
    import IPython.display

    shown, updated = [], threading.Event()
    monkeypatch.setattr(IPython.display, "display", lambda data, **more: shown.append((data, more)))

    def update(data, **more):
        shown.append((data, more))
        updated.set()

    monkeypatch.setattr(IPython.display, "update_display", update)
    panel, _ = opened()
    panel._ipython_display_()
    panel.start().yields(progress())
    panel.run.become("finished")
    assert updated.wait(20)
    (first, where), (last, again) = shown[0], shown[-1]
    assert where == again
    assert "pending" in first["text/plain"]
    assert "finished" in last["text/plain"]


def test_clicks_keep_their_own_way_under_ipykernel_7_4():
    from dvlwidgets.widgets.ears import keep_on_subshells

    class Comm:
        def _reply_subshell_for(self, data, default):
            return "main"

    comm = Comm()
    keep_on_subshells(comm)
    assert comm._reply_subshell_for({"content": {}}, "subshell-1") == "subshell-1"
    keep_on_subshells(object())


def test_a_state_that_comes_back_while_the_page_is_told_of_another_is_not_lost(opened, monkeypatch):
    panel, _ = opened()
    panel.start()
    panel.run.become("paused")
    assert panel._publisher.settle()
    assert panel.state == "paused"
    tell = panel.set_trait

    def slowly(name, value):
        if value == "running":
            panel.run.become("paused")  # a second click, before the page knows of the first
        tell(name, value)

    monkeypatch.setattr(panel, "set_trait", slowly)
    panel.run.become("running")
    assert panel._publisher.settle()
    assert panel.state == "paused"


def test_values_of_a_panel_without_any_are_refused():
    from dvlwidgets.errors import NotFittedError

    with pytest.raises(NotFittedError, match="start"):
        _ = ValuationPanel(FakeValuation(), dataset()).values


def test_closing_ends_the_thread(opened):
    panel, _ = opened(title="closed")
    (thread,) = (each for each in threading.enumerate() if each.name == "dvlwidgets closed")
    panel.close()
    thread.join(10)
    assert not thread.is_alive()
