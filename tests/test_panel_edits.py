"""The log of edits in a panel beyond labels and drops: flags, notes, acceptance, history, export."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from panel_fakes import ask

from dvlwidgets.data import edits
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.errors import WireError
from dvlwidgets.widgets.commands import parse


@pytest.fixture(autouse=True)
def _ana(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_USER", "ana")


def test_flags_and_notes_are_on_disk_when_the_page_hears_of_them(valued):
    panel, page = valued
    assert ask(page, t="flag", rows=[3, 5], flagged=True)["rows"] == [3, 5]
    assert ask(page, t="note", rows=[5, 7], note=" out of focus ", why="magnified")["t"] == "edits"
    now = page.wait_for(lambda m: m["t"] == "part" and m["kind"] == "marks" and m["texts"])
    assert now["flagged"].tolist() == [3, 5]
    assert now["noted"].tolist() == [5, 7]
    assert (now["texts"], now["codes"].tolist()) == (["out of focus"], [0, 0])
    flag, note = EditLog(panel.edits.path).history()
    assert (flag.edit.who, note.edit.why) == ("ana", "magnified")
    assert flag.edit.rows[0].value == pytest.approx(panel._session.values_now()[3], rel=1e-6)
    page.messages.clear()
    page.receive({"t": "hello", "have": -1})  # a page that comes later is told the same
    told = page.wait_for(lambda m: m.get("kind") == "marks")
    assert told["flagged"].tolist() == [3, 5]
    assert (
        told["data"] == panel._session.train.fingerprint[:16]
    )  # positions mean something in these data only
    assert panel.dataset().fingerprint == panel._session.train.fingerprint


def test_half_a_character_in_a_note_reaches_the_page_as_its_escape(valued):
    panel, page = valued

    def send(content, buffers=None):
        json.dumps(content, ensure_ascii=False).encode()  # as Jupyter packs it
        page(content, buffers)

    panel.send = send
    ask(page, t="note", rows=[1], note="cut \ud800")
    assert page.wait_for(lambda m: m.get("kind") == "marks" and m["texts"])["texts"] == ["cut \\ud800"]
    assert panel.edits.net[edits.key_of(panel._session.train, 1)]["note"] == ("", "cut \ud800")


def test_suggestions_are_accepted_in_one_step_with_a_label_for_each(valued):
    panel, page = valued
    rows, codes = [0, 4, 8], [2, 0, 1]
    told = ask(page, t="accept", rows=rows, codes=codes, why="suggested with 90 % or more")
    assert (told["rows"], told["codes"]) == (rows, codes)
    assert panel.dataset().labels[rows].tolist() == codes
    assert len(panel.edits) == 1
    assert "there are 3 classes" in ask(page, t="accept", rows=[1], codes=[7])["message"]
    assert ask(page, t="undo")["edits"]["count"] == 0
    assert panel.dataset().labels[rows].tolist() == [0, 1, 2]


def test_the_history_is_newest_first_and_one_can_go_back_in_it(valued):
    panel, page = valued
    ask(page, t="relabel", rows=[1], label=2, why="by eye")
    ask(page, t="note", rows=[1], note="a [31m")
    ask(page, t="drop", rows=list(range(2, 20)), dropped=True)
    log = ask(page, t="part", part="edits", do="log", before=0)
    assert [edit["op"] for edit in log["edits"]] == ["drop", "note", "relabel"]
    assert (log["author"], log["more"]) == ("ana", False)
    first = log["edits"][-1]
    assert (first["number"], first["why"], first["who"], first["in_force"]) == (1, "by eye", "ana", True)
    row = first["rows"][0]
    assert (row["row"], row["old"], row["new"]) == (1, "birch", "cedar")
    assert np.float32(row["value"]) == panel._session.values_now()[1]
    assert [edit["op"] for edit in ask(page, t="part", part="edits", do="log", before=3)["edits"]] == [
        "note",
        "relabel",
    ]
    assert ask(page, t="undo", back_to=1)["edits"]["count"] == 1
    assert [e["in_force"] for e in ask(page, t="part", part="edits", do="log", before=0)["edits"]] == [
        False,
        False,
        True,
    ]
    assert "not in force" in ask(page, t="undo", back_to=3)["message"]


def test_the_export_is_what_python_writes(valued, tmp_path):
    panel, page = valued
    ask(page, t="relabel", rows=[1], label=2)
    ask(page, t="flag", rows=[2], flagged=True)
    texts = {
        form: ask(page, t="part", part="edits", do="export", **{"as": form})["text"]
        for form in ("csv", "json", "code")
    }
    assert texts["csv"] == panel.edits.to_csv(tmp_path / "a.csv").read_text()
    assert [line["field"] for line in csv.DictReader(io.StringIO(texts["csv"]))] == ["label", "flag"]
    assert len(json.loads(texts["json"])["edits"]) == 2
    exec(texts["code"], names := {"train": panel._session.train})
    assert names["train"].fingerprint == panel.dataset().fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"t": "flag", "rows": [1]}, "'flagged' should be true or false"),
        ({"t": "note", "rows": [1], "note": 3}, "'note' should be a text"),
        ({"t": "note", "rows": [1], "note": "x" * 2001}, "at most 2000"),
        ({"t": "note", "rows": [], "note": "x"}, "'rows' should be"),
        ({"t": "drop", "rows": [1], "dropped": True, "why": None}, "'why' should be a text"),
        ({"t": "accept", "rows": [1, 2], "codes": [1]}, "one for each of 2"),
        ({"t": "accept", "rows": [1, 1], "codes": [1, 2]}, "one for each of 1 different"),
        ({"t": "accept", "rows": [1], "codes": [True]}, "'codes' should be"),
        ({"t": "undo", "back_to": -1}, "the number of an edit"),
        ({"t": "undo", "back_to": "1"}, "the number of an edit"),
    ],
)
def test_commands_that_make_no_sense_are_refused(content, message):
    with pytest.raises(WireError, match=message):
        parse(content, 20)


@pytest.mark.parametrize(
    "body", [{"do": "burn"}, {"do": "log"}, {"do": "log", "before": True}, {"do": "export", "as": "xls"}, {}]
)
def test_questions_that_make_no_sense_are_answered(valued, body):
    _, page = valued
    assert "should be" in ask(page, t="part", part="edits", **body)["message"]
