from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvlwidgets.data import Dataset, GroupedDataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_places import apply
from dvlwidgets.data.edits import Change, Edit, net
from dvlwidgets.errors import EditError, InputError, InputTypeError

X = np.arange(24.0).reshape(8, 3)
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1])


def dataset(**more):
    return Dataset(X, Y, **more)


@pytest.fixture
def log(tmp_path):
    return EditLog(tmp_path / "edits.jsonl")


def same(a, b):
    return a.fingerprint == b.fingerprint


def test_edits_reach_the_data_set_and_leave_the_original_alone(log):
    d = dataset()
    log.relabel(d, [1, 4], 2)
    log.drop(d, [7])
    edited = log.apply(d)
    assert edited.labels.tolist() == [0, 2, 2, 0, 2, 2, 0]
    assert edited.ids.tolist() == list(range(7))
    assert d.labels.tolist() == Y.tolist()
    now = log.summary()
    assert (now["count"], now["relabelled"], now["dropped"], now["undo"], now["redo"]) == (
        2,
        2,
        1,
        True,
        False,
    )


def test_undo_and_redo_are_steps(log):
    d = dataset()
    log.relabel(d, [1, 4], 2)
    log.relabel(d, [1], 0)
    log.undo()
    assert log.apply(d).labels.tolist() == [0, 2, 2, 0, 2, 2, 0, 1]
    log.undo()
    assert same(log.apply(d), d)
    log.redo()
    log.redo()
    assert log.apply(d).labels.tolist() == [0, 0, 2, 0, 2, 2, 0, 1]
    with pytest.raises(EditError, match="no undone edit"):
        log.redo()


def test_a_new_edit_ends_what_could_be_redone(log):
    d = dataset()
    log.relabel(d, [1], 2)
    log.undo()
    log.drop(d, [0])
    with pytest.raises(EditError, match="no undone edit"):
        log.redo()
    log.undo()
    with pytest.raises(EditError, match="no edit to undo"):
        log.undo()


def test_a_label_back_at_its_beginning_is_no_edit_of_the_data(log):
    d = dataset()
    log.relabel(d, [1], 2)
    log.relabel(d, [1], 1)
    assert log.net == {}
    assert log.summary()["relabelled"] == 0


def test_a_shuffled_copy_gets_the_right_rows_by_id_and_by_features(log):
    d = dataset()
    log.relabel(d, [1], 2)
    log.drop(d, [7])
    order = np.array([3, 7, 0, 1, 2, 6, 5, 4])
    kept_ids = log.apply(d.take(order))
    new_ids = log.apply(Dataset(X[order], Y[order]))
    for edited in (kept_ids, new_ids):
        assert edited.x[:, 0].tolist() == [X[i, 0] for i in order if i != 7]
        assert edited.labels.tolist() == [2 if i == 1 else Y[i] for i in order if i != 7]


def test_edits_of_other_data_are_refused_with_what_differs(log):
    d = dataset()
    log.relabel(d, [1], 2)
    log.relabel(d, [2], 0)
    changed = X.copy()
    changed[1] += 1
    with pytest.raises(EditError, match="id 1 has other features"):
        log.apply(Dataset(changed, Y))
    with pytest.raises(EditError, match=r"1 of 2 points.*id 2 is not in the data"):
        log.apply(d.drop_indices([2]))
    labels = Y.copy()
    labels[1] = 0
    with pytest.raises(EditError, match="id 1 has label 0, the edit changes 1 to 2"):
        log.apply(Dataset(X, labels))


def test_two_rows_with_the_same_features_are_told_apart_by_id_or_refused(log):
    x = np.zeros((3, 2))
    x[2] = 1
    d = Dataset(x, [0, 1, 1], ids=["a", "b", "c"])
    log.relabel(d, [1], 0)
    assert log.apply(d).labels.tolist() == [0, 0, 1]
    with pytest.raises(EditError, match="'b' is not in the data"):
        log.apply(Dataset(x, [0, 1, 1], ids=["u", "v", "w"]))


def test_applying_twice_is_applying_once(log):
    d = dataset()
    log.relabel(d, [1, 3], 2)
    log.drop(d, [5])
    once = log.apply(d)
    assert same(log.apply(once), once)


def test_a_dropped_row_is_not_dropped_again_in_the_shape_of_its_twin(log):
    data = Dataset([[1.0], [1.0], [2.0]], [0, 0, 1])
    log.drop(data, [1])
    once = log.apply(data)
    assert once.ids.tolist() == [0, 2]
    assert log.apply(once).ids.tolist() == [0, 2]


def test_as_code_does_what_apply_does(log):
    d = Dataset(X, np.array(["a", "b", "c", "a", "b", "c", "a", "b"]), ids=[f"row '{i}'" for i in range(8)])
    log.relabel(d, [1, 3], "a longer name")
    log.drop(d, [5])
    names = {"train": d}
    exec(log.as_code("train"), names)
    assert same(names["train"], log.apply(d))
    assert "no edits" in EditLog("nowhere.jsonl").as_code()


@pytest.mark.parametrize("labels", [Y, Y.astype("i1"), Y.astype(str), Y.astype(object), Y > 0, Y * 0.25])
def test_labels_of_every_kind_survive_the_disk(tmp_path, labels):
    d = Dataset(X, labels)
    EditLog(tmp_path / "e.jsonl").relabel(d, [0], d.labels[1])
    edited = EditLog(tmp_path / "e.jsonl").apply(d)
    assert edited.labels.tolist() == [labels[1], *labels[1:]]
    assert edited.labels.dtype == d.labels.dtype


def test_groups_can_be_dropped_but_not_relabelled(log):
    d = GroupedDataset(X, Y, data_groups=[0, 0, 1, 1, 2, 2, 3, 3])
    log.drop(d, [1])
    assert log.apply(d).x[:, 0].tolist() == [0, 3, 12, 15, 18, 21]
    with pytest.raises(InputError, match="no single label"):
        log.relabel(d, [1], 0)


@pytest.mark.parametrize("rows", [[], [8], [-1], [0, 99]])
def test_wrong_rows_are_refused(log, rows):
    with pytest.raises(InputError, match="from 0 to 7"):
        log.drop(dataset(), rows)
    assert not log.path.exists()


def test_a_wrong_label_is_refused_before_anything_is_written(log):
    with pytest.raises(InputError):
        log.relabel(dataset(), [0], "cat")
    assert not log.path.exists()


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        (date(2020, 1, 1), "date"),
        (datetime(2020, 1, 1, tzinfo=UTC), "datetime"),
        (np.datetime64("2020-01-01"), "date"),
        (Decimal("1.5"), "Decimal"),
        (b"a", "bytes"),
        ((1, 2), "tuple"),
        (1j, "complex"),
    ],
)
def test_labels_that_json_has_no_word_for_are_refused_in_words_and_their_points_can_be_dropped(
    log, label, kind
):
    labels = np.empty(8, dtype=object)
    labels[:] = [label] * 8
    d = Dataset(X, labels)
    with pytest.raises(InputTypeError, match=rf"of type {kind}, .*expected texts, numbers or booleans"):
        log.relabel(d, [0], label)
    assert not log.path.exists()
    log.drop(d, [0])
    assert len(log.apply(d)) == 7


def test_subscribers_hear_of_every_edit_with_its_source(log):
    d, heard = dataset(), []
    end = log.subscribe(lambda news: heard.append(([key.id for key in news.keys], news.source)))
    log.relabel(d, [1, 2], 0, source="me")
    log.undo()
    end()
    log.redo()
    assert heard == [([1, 2], "me"), ([1, 2], None)]


def test_merge_takes_what_is_new_and_asks_about_clashes(tmp_path):
    d = dataset()
    ours, theirs = EditLog(tmp_path / "ours.jsonl"), EditLog(tmp_path / "theirs.jsonl")
    ours.relabel(d, [1], 2)
    theirs.relabel(d, [1, 4], 0)
    theirs.drop(d, [7])
    with pytest.raises(EditError, match="id 1: 2 here, 0 there"):
        ours.merge(theirs)
    assert ours.apply(d).labels.tolist()[1] == 2
    ours.merge(theirs, prefer="ours")
    assert ours.apply(d).labels.tolist() == [0, 2, 2, 0, 0, 2, 0]
    ours.merge(theirs, prefer="theirs")
    assert same(ours.apply(d), theirs.apply(d))
    ours.undo()
    ours.undo()
    assert ours.apply(d).labels.tolist() == [0, 2, 2, 0, 1, 2, 0, 1]


rows = st.lists(st.integers(0, 6), min_size=1, max_size=4)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("relabel"), st.lists(st.integers(0, 7), min_size=1, max_size=4), st.integers(0, 2)),
        st.tuples(st.just("drop"), rows, st.booleans()),
        st.tuples(st.just("flag"), rows, st.booleans()),
        st.tuples(st.just("note"), rows, st.sampled_from(["", "odd", "a\nb \u2028\x85 \ud800"])),
        st.tuples(st.just("each"), rows, st.permutations(range(7))),
    ),
    max_size=8,
)


def perform(log, d, steps):
    for kind, rows, what in steps:
        if kind == "relabel":
            log.relabel(d, rows, what)
        elif kind == "each":
            log.relabel(d, {row: what[row] % 3 for row in rows})
        elif kind == "drop":
            log.drop(d, rows, dropped=what)
        elif kind == "flag":
            log.flag(d, rows, flagged=what)
        else:
            log.note(d, rows, what)


def contents(log, d):
    """What the fields of each point hold, whatever the edits were."""
    found = {(key.id, field): new for key, fields in log.net.items() for field, (_, new) in fields.items()}
    return found, log.apply(d).fingerprint


@settings(max_examples=40, deadline=None)
@given(actions, actions)
def test_undoing_everything_is_the_identity_and_redo_comes_back(tmp_path_factory, first, then):
    d, path = dataset(), tmp_path_factory.mktemp("edits") / "e.jsonl"
    log = EditLog(path)
    perform(log, d, first)
    before, count, numbers = contents(log, d), len(log), [e.number for e in log.history() if e.in_force]
    perform(log, d, then)
    after, more = contents(log, d), len(log) - count
    for _ in range(more):
        log.undo()
    assert contents(log, d) == before
    for _ in range(more):
        log.redo()
    assert contents(log, d) == after
    if more:
        log.undo(back_to=numbers[-1] if numbers else 0)
        assert contents(log, d) == before
    while len(log):
        log.undo()
    assert contents(log, d) == ({}, d.fingerprint)
    again = EditLog(path)
    assert again.summary() == log.summary()
    assert again.history() == log.history()


@settings(deadline=None)
@given(actions.map(lambda steps: [step for step in steps if step[0] in {"relabel", "drop"}]))
def test_the_sum_of_edits_is_the_same_as_making_them_one_by_one(steps):
    d = dataset()
    labels, dropped, edits = Y.copy(), np.zeros(8, dtype=bool), []
    for kind, rows, what in steps:
        target, field = (labels, "label") if kind == "relabel" else (dropped, "dropped")
        changes = [
            Change(i, d.row_hash(i), field, target[i].item(), type(target[i].item())(what))
            for i in dict.fromkeys(rows)
        ]
        edits.append(Edit(kind, tuple(changes)))
        target[rows] = what
    edited = apply(net(edits), d)
    assert edited.labels.tolist() == labels[~dropped].tolist()
    assert edited.ids.tolist() == np.flatnonzero(~dropped).tolist()


# --- who, why, when, and what the point was worth ------------------------------------------------------------


def test_an_edit_keeps_who_why_and_the_value_then(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_USER", "ben")
    d, log = dataset(), EditLog(tmp_path / "e.jsonl")
    values = np.float32([0.1, np.nan, -0.3, 0, 0, 0, 0, 0])
    log.relabel(d, {0: 2, 1: 0, 2: 1}, why="seen by eye", values=values)
    log.author = "ana"
    log.flag(d, [2], values=values)
    one, two = (entry.edit for entry in EditLog(log.path).history())
    assert (one.op, one.who, one.why) == ("relabel", "ben", "seen by eye")
    assert [(row.id, row.old, row.new, row.value) for row in one.rows] == [
        (0, 0, 2, 0.1),
        (1, 1, 0, None),
        (2, 2, 1, -0.3),
    ]
    assert (two.who, two.rows[0].value) == ("ana", -0.3)
    log.undo()
    assert [entry.in_force for entry in log.history()] == [True, False]
    assert len(log) == 1  # three labels are one step


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda log, d: log.note(d, [1], "x" * 2001), "2,001 characters"),
        (lambda log, d: log.note(d, [1], None), "note must be a string"),
        (lambda log, d: log.flag(d, [1], why=3), "why must be a string"),
        (lambda log, d: log.flag(d, [1], values=[1.0]), "one number for each of 8"),
        (lambda log, d: log.flag(d, [1], values=["a"] * 8), "one number for each of 8"),
        (lambda log, d: log.relabel(d, {1: 2}, 0), "besides labels for each"),
        (lambda log, d: log.relabel(d, {1: "cat"}), "cat"),
        (lambda log, d: log.relabel(d, {9: 1}), "from 0 to 7"),
        (lambda log, d: EditLog(log.path, author=7), "author must be a string"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_written(log, edit, message):
    with pytest.raises((InputError, TypeError), match=message):
        edit(log, dataset())
    assert not log.path.exists()


def test_going_back_to_an_edit_is_refused_when_it_is_not_in_force(log):
    d = dataset()
    for k in range(4):
        log.flag(d, [k])
    log.undo(back_to=2)
    assert sorted(key.id for key in log.net) == [0, 1]
    log.undo(back_to=2)  # already there
    with pytest.raises(EditError, match="Edit 3 is not in force"):
        log.undo(back_to=3)
    log.redo()
    assert len(log) == 3


def test_flags_and_notes_change_no_data_and_ask_for_no_row(log):
    d = dataset()
    log.flag(d, [1, 2])
    log.note(d, [3], "  odd  ")
    log.note(d, [2], "gone")
    log.note(d, [2], "")
    assert same(log.apply(d), d)
    assert log.apply(d.drop_indices([1, 3])).ids.tolist() == [0, 2, 4, 5, 6, 7]
    now = log.summary()
    assert (now["flagged"], now["noted"], now["relabelled"], now["dropped"]) == (2, 1, 0, 0)
    log.relabel(d, [4], 0)
    names = {"train": d}
    exec(log.as_code(), names)
    assert (names["flagged"], names["notes"]) == ([1, 2], {3: "odd"})
    assert same(names["train"], log.apply(d))


def test_the_history_can_be_taken_elsewhere(log, tmp_path):
    d = dataset(ids=[f"p{i}" for i in range(8)])
    log.relabel(d, [1], 2, why="a, b", values=np.arange(8) / 8)
    log.note(d, [1], 'say "no",\nthen = 1')
    log.drop(d, [5])
    log.undo()
    frame = log.to_frame()
    assert frame["id"].tolist() == ["p1", "p1", "p5"]
    assert frame["value"].tolist()[0] == 0.125
    assert frame["in_force"].tolist() == [True, True, False]
    with log.to_csv(tmp_path / "e.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["new"] for line in lines] == ["2", 'say "no",\nthen = 1', "True"]
    assert lines[0]["why"] == "a, b"
    told = json.loads(log.to_json(tmp_path / "e.json").read_text())
    assert [edit["op"] for edit in told["edits"]] == ["relabel", "note", "drop"]
    assert told["edits"][0]["rows"][0]["hash"] == d.row_hash(1)
    saved = EditLog(log.save(tmp_path / "copy.jsonl"))
    assert saved.history() == log.history()
    order = np.array([3, 7, 0, 1, 2, 6, 5, 4])
    assert saved.apply(d.take(order)).labels[3] == 2
    with pytest.raises(InputError, match="cannot be written"):
        log.to_csv(tmp_path / "no" / "e.csv")
    assert EditLog("nowhere.jsonl").to_frame().empty


def test_a_note_is_no_formula_in_a_spreadsheet(tmp_path):
    log = EditLog(tmp_path / "e.jsonl")
    log.note(dataset(), [1], "=1+1")
    with log.to_csv(tmp_path / "e.csv").open(newline="", encoding="utf-8") as file:
        assert [line["new"] for line in csv.DictReader(file)] == ["'=1+1"]


def test_a_merge_says_whose_edits_they_were_and_keeps_their_values(tmp_path):
    d = dataset()
    ours, theirs = (EditLog(tmp_path / f"{name}.jsonl", author=name) for name in ("ana", "ben"))
    theirs.flag(d, [1], values=np.arange(8) / 4)
    ours.merge(theirs)
    edit = ours.history()[-1].edit
    assert (edit.who, edit.why, edit.rows[0].value) == ("ana", "edits by ben", 0.25)
    (line,) = ours.to_frame().to_dict("records")
    (first,) = theirs.to_frame().to_dict("records")
    assert (line["op"], line["who"], line["at"], line["why"]) == ("merge", "ben", first["at"], "")


@pytest.mark.parametrize(
    "positions", [[0.7], [True, False], np.array([True, False]), np.array([1.0]), 3, ["1"]]
)
def test_positions_that_would_mean_other_points_are_refused(log, positions):
    for edit in (log.drop, log.flag):
        with pytest.raises(InputTypeError, match="positions are"):
            edit(dataset(), positions)
    with pytest.raises(InputTypeError, match="positions are"):
        log.relabel(dataset(), positions, 1)
    assert not len(log)


def test_what_cannot_be_merged_or_told_is_refused_before_anything_is_written(log, tmp_path):
    other = EditLog(tmp_path / "other.jsonl")
    other.relabel(dataset(), [0], 1)
    for wrong in (None, "other.jsonl", other.net):
        with pytest.raises(InputTypeError, match="expected the other log"):
            log.merge(wrong)
    with pytest.raises(InputError, match="prefer='mine' was given"):
        log.merge(other, prefer="mine")
    with pytest.raises(InputTypeError, match="expected a function"):
        log.subscribe(None)
    assert not len(log)
    log.drop(dataset(), np.array([1, 3], dtype=np.int32))
    assert len(log.net) == 2
