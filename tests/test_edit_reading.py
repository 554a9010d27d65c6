"""Files of edits that somebody sent: what is read, and what each other file is said to be."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvlwidgets.data import Dataset, edit_export
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_reading import MOST_BYTES, read
from dvlwidgets.data.edits import net
from dvlwidgets.errors import EditError

HEADER = '{"format": "dvlwidgets-edits", "v": 1}\n'
D = Dataset(np.arange(24.0).reshape(8, 3), [0, 1, 2, 0, 1, 2, 0, 1])
POINT = {"id": 3, "hash": "0" * 16}


def line(**changes):
    rows = [{**POINT, "field": "label", "old": 0, "new": 1, **changes.pop("row", {})}]
    return json.dumps({"op": "relabel", "rows": rows, "at": "2026-01-01T00:00:00+00:00", **changes}) + "\n"


def table(*edits, **changes):
    return json.dumps({"format": "dvlwidgets-edits-table", "v": 1, "edits": list(edits), **changes})


@pytest.fixture
def log(tmp_path):
    log = EditLog(tmp_path / "ada.jsonl", author="Ada")
    log.relabel(D, [1, 4], 2, why="by eye\u2028and ear")
    log.flag(D, [3])
    log.drop(D, [5])
    log.undo()
    return log


def as_log(log):
    return log.path.read_text("utf-8")


def as_json(log):
    return edit_export.json_text(log.history())


@pytest.mark.parametrize("form", [as_log, as_json])
@pytest.mark.parametrize(
    "change", [str, lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")]
)
def test_a_log_and_its_export_hold_the_edits_in_force(log, form, change):
    found = read(change(form(log)), "ada.jsonl")
    assert found.edits == log.in_force
    assert not found.cut


def test_a_log_whose_last_line_was_cut_off_is_read_up_to_it(log):
    text = as_log(log)
    log.redo()
    for end in (text[:-1], text + '{"op": "drop", "ro', text + '{"op": "drop"}'):
        found = read(end, "ada.jsonl")
        assert found.edits == log.in_force[:-1]
        assert found.cut == (end != text[:-1])  # whole but for its end: an editor took that away


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.jsonl is empty"),
        (" \n\ufeff\n", "no log of edits"),
        ("edit,op,id,field,old,new\n1,drop,3,dropped\n", "export as CSV"),
        ("position = {id: i for i, id", "export as Python"),
        ("# no edits of train\n", "export as Python"),
        ("<!doctype html>", "is a page; Edits.from_notebook"),
        ("Dear Ada,\nplease", "begins with 'Dear Ada,', which is no log"),
        ('{"nbformat": 4, "cells": []}', "is a notebook"),
        ('{"format": "dvlwidgets-edits", "v": 1, "edits": []}', "the edits of a shared copy"),
        ('{"a": 1}', "JSON of something else"),
        ("[1, 2]", "JSON of something else"),
        ('{"format": "dvlwidgets-edits-table", "v": 1}', "JSON of something else"),
        ('{"format": "dvlwidgets-edits-table", "v": 1, "edits": [', "damaged, perhaps cut off"),
        (table(v=2), "format version 2; this dvlwidgets reads version 1"),
        ('{"format": "dvlwidgets-edits", "v": 2}\n', "format version 2"),
        (line() + line(), "lacks the first line of a log"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 80 + "]" * 80, "nested too deeply"),
        ("[" * 2_000_001, "parts; such a file is not read"),
        (HEADER + "[" * 2_000_001, "parts; so large a file is not read"),
        ("x" * (MOST_BYTES + 1), "more than 20,000,000 characters"),
        (HEADER + '{"op": "undo", "rows": [], "at": ""}\n', "line 2: undo of nothing"),
        (HEADER + "nonsense\n" + line(), "line 2 of a.jsonl is damaged"),
        (HEADER + line(row={"new": float("nan")}) + "\n", "line 2 of a.jsonl is damaged"),
        (HEADER + line(row={"new": 1e308}).replace("1e+308", "1e999") + "\n", "line 2: the label of id 3 is inf"),
        (HEADER + line(row={"new": [1]}), "line 2: the label of id 3"),
        (HEADER + line(row={"new": None}), "line 2: the label of id 3 is None"),
        (HEADER + line(row={"id": [1]}), "line 2: .* is no point"),
        (HEADER + line(row={"id": True}), "line 2: True with .* is no point"),
        (HEADER + line(row={"hash": 5}), "line 2: 3 with 5 is no point"),
        (HEADER + line(row={"field": "colour"}), "edits of colour come from a newer version"),
        (HEADER + line(row={"field": ["label"]}), "line 2: not an edit"),
        (HEADER + line(row={"field": "note", "old": "", "new": "x" * 2001}), "line 2: the note of id 3"),
        (HEADER + line(row={"field": "dropped", "old": 0, "new": 1}), "line 2: the dropped of id 3"),
        (HEADER + line(row={"more": 1}), "line 2: not an edit"),
        (HEADER + line(why="x" * 2001), "line 2: a name, a time or a reason"),
        (HEADER + line(at="x" * 65), "line 2: a name, a time or a reason"),
        (HEADER + line(**{"from": [{"who": "", "at": "x" * 65, "why": "", "rows": 1}]}), "line 2: a name, a time"),
        (HEADER + line(**{"from": 3}), "line 2: not an edit"),
        (HEADER + line(**{"from": [{"who": "", "at": "", "why": "", "rows": 2}]}), "sources are not those of 1"),
        (HEADER + line(**{"from": [{"who": "", "at": "", "why": "", "rows": True}]}), "True is no number"),
        (HEADER + "[]\n", "line 2: not an edit"),
        (table(3), "edit 1: not an edit"),
        (table(json.loads(line())), "edit 1: in_force should be true or false, not None"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_refused_in_a_sentence(text, message):
    with pytest.raises(EditError, match=message) as refusal:
        read(text, "a.jsonl")
    assert len(str(refusal.value)) < 400
    assert "a.jsonl" in str(refusal.value)


pieces = st.sampled_from(
    [
        "\n",
        "{",
        "}",
        "[",
        "]",
        '"',
        ":",
        ",",
        "1",
        "1e999",
        "NaN",
        "null",
        '"op"',
        '"rows"',
        HEADER,
        line(),
        table(),
    ]
)


def read_or_refused(text):
    with contextlib.suppress(EditError):
        net(read(text, "a.jsonl").edits)  # what is read has keys that are keys


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=8).map("".join))
def test_whatever_comes_is_read_or_refused_in_words(text):
    read_or_refused(text)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_log_that_was_damaged_somewhere_is_read_or_refused_in_words(data):
    text = HEADER + line() + line(op="drop", row={"field": "dropped", "old": False, "new": True}, why="twice")
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.sampled_from(["", "x", '"', "\n", "\x00"])) + text[at + 1 :]
    read_or_refused(text)
