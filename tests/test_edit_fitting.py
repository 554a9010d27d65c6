"""Edits of one copy of the data on another: the same points, the labels that they can have, and who made them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvlwidgets.data import Dataset, GroupedDataset, edit_export, edits
from dvlwidgets.data.edit_fitting import fit
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_places import locate, resolve
from dvlwidgets.data.edit_reading import read
from dvlwidgets.errors import InputError

X = np.arange(24.0).reshape(8, 3)
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1])
N = len(Y)


def fitted(log, dataset, into=None, **more):
    """The edits of a log on a data set."""
    known = into.net if into is not None else {}
    return fit(log.in_force, dataset, lambda keys: resolve(keys, dataset), known, **more)


def added(found, log, prefer="ours"):
    net = found.all if prefer == "theirs" else found.net
    return log.add(net, prefer=prefer, values=found.values, origins=found.origins)


@pytest.fixture
def logs(tmp_path):
    return EditLog(tmp_path / "mine.jsonl", author="Ben"), EditLog(tmp_path / "theirs.jsonl", author="Ada")


# --- a round trip ---------------------------------------------------------------------------------------------

rows = st.lists(st.integers(0, N - 1), min_size=1, max_size=4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("relabel"), rows, st.sampled_from([0, 1, 2, 7])),
        st.tuples(st.just("drop"), rows, st.booleans()),
        st.tuples(st.just("flag"), rows, st.booleans()),
        st.tuples(st.just("note"), rows, st.sampled_from(["", "odd", "a\nb \u2028\x85 \ud800", '"{["'])),
        st.tuples(st.sampled_from(["undo", "redo"]), st.just([]), st.just(None)),
    ),
    max_size=10,
)


def perform(log, dataset, steps):
    deeds = {"drop": "dropped", "flag": "flagged"}
    for kind, at, what in steps:
        if kind in {"undo", "redo"}:
            summary = log.summary()
            if summary[kind]:
                getattr(log, kind)()
        elif kind in deeds:
            getattr(log, kind)(dataset, at, **{deeds[kind]: what})
        else:
            getattr(log, kind)(dataset, at, what)


def by_row(log, dataset):
    """What is in force, by the first feature of each point, which no other has."""
    where = resolve(log.net, dataset)
    assert len(where) == len(log.net)
    return {
        (dataset.x[where[key], 0], field): (old, new)
        for key, fields in log.net.items()
        for field, (old, new) in fields.items()
    }


@settings(max_examples=100, deadline=None)
@given(steps, st.permutations(range(N)), st.booleans(), st.booleans())
def test_an_export_on_another_copy_in_another_order_gives_the_same(
    tmp_path_factory, steps, order, ids, as_json
):
    folder = tmp_path_factory.mktemp("edits")
    first, log = Dataset(X, Y), EditLog(folder / "first.jsonl", author="Ada")
    perform(log, first, steps)
    copy = Dataset(X[order], Y[order], ids=order if ids else None)
    if as_json:
        text = edit_export.json_text(log.history())
    else:
        text = log.path.read_bytes().decode("utf-8") if log.path.exists() else ""
    read_edits = read(text, "a").edits if text else ()
    found = fit(read_edits, copy, lambda keys: resolve(keys, copy), {})
    assert (found.missing, found.unfit, found.contested, found.here) == ({}, [], {}, 0)
    again = EditLog(folder / "again.jsonl", author="Ben")
    assert added(found, again) == sum(map(len, log.net.values()))
    assert by_row(again, copy) == by_row(log, first)
    assert len(again) == (1 if log.net else 0)
    assert EditLog(again.path).net == again.net
    assert {source.who for edit in again.in_force for _, source in edit.each()} <= {"Ada"}
    assert resolve(again.net, copy) == {key: int(np.flatnonzero(copy.ids == key.id)[0]) for key in again.net}
    # twice is once, and its own export brings nothing new
    assert added(found, again) == 0
    new, here, clashes = fitted(again, copy, again).against(again.net)
    assert (new, here, clashes) == ((), sum(map(len, again.net.values())), [])


@settings(max_examples=100, deadline=None)
@given(steps, steps, st.sampled_from(["ours", "theirs"]))
def test_every_change_is_new_or_here_or_contradicted(tmp_path_factory, ours, theirs, prefer):
    folder, d = tmp_path_factory.mktemp("edits"), Dataset(X, Y)
    mine, other = EditLog(folder / "mine.jsonl"), EditLog(folder / "other.jsonl")
    perform(mine, d, ours)
    perform(other, d, theirs)
    found = fitted(other, d, mine)
    before, wanted = mine.net, other.net
    new, here, clashes = found.against(before)
    assert len(new) + here + len(clashes) == sum(map(len, wanted.values()))
    count, steps = added(found, mine, prefer), len(mine)
    assert count == len(new) + (len(clashes) if prefer == "theirs" else 0)
    for clash in clashes:
        now = mine.net.get(clash.key, {}).get(
            clash.field, (None, clash.theirs if prefer == "theirs" else clash.mine)
        )
        assert now[1] == (clash.theirs if prefer == "theirs" else clash.mine)
    locate(mine.net, d)  # what is in the log fits the data, as a panel asks
    if count:
        mine.undo()
        assert len(mine) == steps - 1
    assert mine.net == before


# --- points and labels that these data do not have ----------------------------------------------------------------


def test_points_that_are_not_here_are_counted_and_left_out(logs):
    mine, theirs = logs
    theirs.relabel(Dataset(X, Y), [1, 7], 2)
    theirs.flag(Dataset(X, Y), [7])
    few = Dataset(X[:6], Y[:6])
    found = fitted(theirs, few)
    assert {key.id: count for key, count in found.missing.items()} == {7: 2}
    assert added(found, mine) == 1
    assert mine.apply(few).labels.tolist() == [0, 2, 2, 0, 1, 2]


def test_a_point_keeps_the_name_that_it_has_in_the_log_here(logs):
    mine, theirs = logs
    order = np.array([3, 7, 0, 1, 2, 6, 5, 4])
    copy = Dataset(X[order], Y[order])  # default ids: the same points have others
    mine.relabel(Dataset(X, Y), [7], 2)
    theirs.relabel(Dataset(X, Y), [7], 0)
    new, here, clashes = fitted(theirs, copy, mine).against(mine.net)
    assert (new, here, [(clash.key.id, clash.mine, clash.theirs) for clash in clashes]) == (
        (),
        0,
        [(7, 2, 0)],
    )


def test_labels_that_start_elsewhere_are_the_choice_of_who_merges(logs):
    mine, theirs = logs
    theirs.relabel(Dataset(X, Y), {0: 1, 1: 2, 2: 0})
    other = Y.copy()
    other[:2] = 2  # the first is another one here, the second is what theirs made of it
    d = Dataset(X, other)
    found = fitted(theirs, d)
    new, here, clashes = found.against({})
    assert ([row.id for row in new], here) == ([2], 1)
    assert [(clash.key.id, clash.mine, clash.theirs) for clash in clashes] == [(0, 2, 1)]
    assert added(found, mine) == 1
    assert mine.apply(d).labels[:3].tolist() == [2, 2, 0]
    assert added(found, mine, "theirs") == 1
    assert mine.apply(d).labels[:3].tolist() == [1, 2, 0]
    assert mine.net[edits.key_of(d, 0)]["label"] == (2, 1)


def test_an_edit_of_mine_against_what_the_data_came_with_is_contradicted(logs):
    mine, theirs = logs
    theirs.relabel(Dataset(X, Y), [1], 2)
    fixed = Y.copy()
    fixed[1] = 2
    d = Dataset(X, fixed)
    mine.relabel(d, [1], 0)
    found = fitted(theirs, d, mine)
    assert [clash.mine for clash in found.against(mine.net)[2]] == [0]
    mine.undo()
    assert added(found, mine) == 0  # what is so anyway is no change
    assert len(mine) == 0


@pytest.mark.parametrize(
    ("labels", "wanted", "taken", "why"),
    [
        (["a", "b"] * 4, "c", "c", ""),
        (["a", "b"] * 4, 3, None, "labels are text, but new label 3 is a number"),
        ([0, 1] * 4, "c", None, "labels are numbers, but new label 'c' is text"),
        ([0, 1] * 4, 7, 7, ""),
        ([True, False] * 4, 7, None, "neither"),
        ([True, False] * 4, True, True, ""),
        (np.linspace(0, 1, 8), 3, 3.0, ""),
        (pd.Series(["a", "b"] * 4, dtype="category"), "c", "c", ""),
        (np.array(["a", "b"] * 4, dtype=object), "a very long name", "a very long name", ""),
        (np.array(["a", "b"] * 4), "a very long name", "a very long name", ""),
    ],
)
def test_labels_are_checked_as_relabel_checks_them(logs, labels, wanted, taken, why):
    mine, _ = logs
    d = Dataset(X, labels)
    change = edits.Change(*edits.key_of(d, 2), "label", edits.plain(d.labels[2]), wanted)
    found = fit([edits.Edit("relabel", (change,))], d, lambda keys: resolve(keys, d), {})
    if taken is None:
        assert [row.new for row in found.unfit] == [wanted]
        assert why in found.why
        with pytest.raises(InputError):
            d.relabel([2], wanted)
        return
    made = [new for fields in found.net.values() for _, new in fields.values()]
    assert [(type(new), new) for new in made] in ([(type(taken), taken)], [])
    added(found, mine)
    assert mine.apply(d).labels[2] == d.relabel([2], wanted).labels[2]


def test_one_label_that_cannot_be_keeps_no_other_from_being_taken(logs):
    mine, _ = logs
    d = Dataset(X, [True, False] * 4)
    wanted = {0: False, 1: 7, 2: 0, 3: "yes"}
    rows = tuple(
        edits.Change(*edits.key_of(d, at), "label", bool(d.labels[at]), new) for at, new in wanted.items()
    )
    found = fit([edits.Edit("relabel", rows)], d, lambda keys: resolve(keys, d), {})
    assert [row.new for row in found.unfit] == [7, "yes"]
    assert added(found, mine) == 2
    assert mine.apply(d).labels.tolist() == [False, False, False, False] + [True, False] * 2


def test_groups_take_drops_and_no_labels(logs):
    mine, theirs = logs
    groups = GroupedDataset(X, Y, [0, 0, 1, 1, 2, 2, 3, 3])
    theirs.drop(groups, [1])
    change = edits.Change(*edits.key_of(groups, 2), "label", 0, 1)
    steps = [*theirs.in_force, edits.Edit("relabel", (change,))]
    found = fit(steps, groups, lambda keys: resolve(keys, groups), {})
    assert "no single label" in found.why
    assert added(found, mine) == 1


def test_a_field_that_is_not_edited_here_is_left_out_with_its_reason(logs):
    _, theirs = logs
    d = Dataset(X, Y)
    theirs.drop(d, [1])
    theirs.flag(d, [1])
    found = fitted(theirs, d, never={"dropped": "they are kept"})
    assert ([row.field for row in found.unfit], found.why) == (["dropped"], "they are kept")
    assert [list(fields) for fields in found.net.values()] == [["flag"]]


# --- who, when and why --------------------------------------------------------------------------------------------


def test_a_merge_keeps_who_made_each_change_when_and_why_through_the_disk_and_another_merge(logs, tmp_path):
    mine, theirs = logs
    d, values = Dataset(X, Y), np.linspace(-1, 1, N)
    theirs.relabel(d, [1, 2], 0, why="by eye", values=values)
    theirs.author = "Eve"
    theirs.flag(d, [2])
    mine.author = ""
    added(fitted(theirs, d), mine)
    assert mine.history()[0].edit.op == "merge"
    carl = EditLog(tmp_path / "carl.jsonl", author="Carl")
    carl.merge(mine)
    for log in (mine, carl, EditLog(mine.path), EditLog(carl.path)):
        (edit,) = log.in_force
        told = [(row.id, row.field, source.who, source.why) for row, source in edit.each()]
        assert told == [(1, "label", "Ada", "by eye"), (2, "label", "Ada", "by eye"), (2, "flag", "Eve", "")]
        assert {source.at for source in edit.sources} <= {entry.edit.at for entry in theirs.history()}
        assert edit.rows[0].value == pytest.approx(values[1])
    assert carl.in_force[0].why == "edits by Ada, Eve"
    assert read(edit_export.json_text(carl.history()), "a").edits == carl.in_force
