"""Edits travel with a copy and are made on somebody else's data, or refused in words."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from dvlwidgets.data import Dataset, GroupedDataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.sent_edits import shared
from dvlwidgets.data.shared_edits import Edits
from dvlwidgets.data.shared_rows import alike
from dvlwidgets.errors import EditError, InputError

X = np.arange(24.0).reshape(8, 3)
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1])


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture
def log(tmp_path):
    return EditLog(tmp_path / "edits.jsonl")


def sent(log: EditLog, dataset: Dataset, level: str = "values") -> Edits:
    """The edits as they come out of a file."""
    return Edits.from_payload(json.loads(json.dumps(shared(log, dataset, level), allow_nan=False)))


def content(dataset: Dataset) -> list[tuple]:
    """Rows with their labels, in no order."""
    return sorted((*map(str, np.ravel(dataset.x[i])), str(dataset.labels[i])) for i in range(len(dataset)))


LABELS = {
    "text": (np.array(["cat", "dög", "cat", "<b>"]), "other"),
    "objects": (np.array(["cat", "dog", "a much longer one", "x"], dtype=object), "new"),
    "integers": (np.array([0, 1, 2, 0]), 7),
    "small integers": (np.array([0, 1, 2, 0], dtype=np.uint8), 255),
    "huge integers": (np.array([2**62 + 1, 1, 2, 0]), 2**62 + 3),
    "booleans": (np.array([True, False, True, True]), False),
    "floats": (np.array([0.1, 0.2, -0.0, 1e300]), 0.1 + 0.2),
    "single precision": (np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32), np.float32(0.7)),
    "series": (pd.Series(["a", "b", "a", "c"]), "b"),
    "categories": (pd.Series(["a", "b", "a", "c"], dtype="category"), "unheard of"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_edits_of_labels_of_every_kind_arrive_as_they_left(kind, log):
    y, new = LABELS[kind]
    d = Dataset(X[:4], y)
    log.relabel(d, [0], new)
    log.drop(d, [3])
    ours, theirs = log.apply(d), sent(log, d).apply(Dataset(X[:4].copy(), y))
    assert theirs.labels.tolist() == ours.labels.tolist()
    assert theirs.labels.dtype == ours.labels.dtype
    assert theirs.fingerprint == ours.fingerprint


X_KINDS = {
    "array": lambda x: x,
    "single precision": lambda x: x.astype(np.float32),
    "pixels": lambda x: x.astype(np.uint8).reshape(-1, 3, 1),
    "frame": lambda x: pd.DataFrame(x, columns=["a", "b", "c"]).assign(d=list(map(str, x[:, 0]))),
    "sparse": scipy.sparse.csr_array,
    "texts": lambda x: np.array([f"a text of {row[0]}" for row in x]),
}


@pytest.mark.parametrize("kind", X_KINDS)
def test_rows_of_every_kind_of_table_are_found_in_a_shuffled_part(kind, log):
    make = X_KINDS[kind]
    d = Dataset(make(X), Y)
    log.relabel(d, [1, 4], 2)
    log.drop(d, [7])
    part = [7, 4, 1, 0, 6]
    edited = sent(log, d).apply(Dataset(make(X[part]), Y[part]))
    assert edited.labels.tolist() == [2, 2, 0, 0]


def test_groups_are_dropped_in_a_copy_whose_rows_are_shuffled(log):
    groups = np.array(list("aabbccdd"))
    d = GroupedDataset(X, Y, groups)
    log.drop(d, [2])
    order = [5, 4, 3, 2, 1, 0, 7, 6]
    copy = GroupedDataset(X[order], Y[order], groups[order])
    assert sent(log, d).apply(copy).ids.tolist() == ["a", "b", "d"]


# --- what hypothesis finds: rows alike, any order, some missing, applied twice, relabelled before -----------------


@st.composite
def worlds(draw):
    """Features with rows alike, labels, edits, and the rows of a copy in some order."""
    n = draw(st.integers(2, 7))
    x = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    y = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    relabelled = draw(st.dictionaries(st.integers(0, n - 1), st.integers(0, 2), max_size=n))
    dropped = draw(st.sets(st.integers(0, n - 1), max_size=n - 1))
    rows = draw(st.permutations(range(n)))
    return x, y, relabelled, dropped, rows[: draw(st.integers(1, n))]


@settings(max_examples=200, deadline=None)
@given(worlds(), st.sampled_from(["values", "full"]), st.booleans())
def test_edits_hit_the_rows_that_were_edited_or_are_refused(tmp_path_factory, world, level, keep_ids):
    x, y, relabelled, dropped, rows = world
    d = Dataset(np.array(x)[:, None], y)
    log = EditLog(tmp_path_factory.mktemp("logs") / "e.jsonl")
    for position, label in relabelled.items():
        log.relabel(d, [position], label)
    if dropped:
        log.drop(d, sorted(dropped))
    if shared(log, d, level) is None:
        assert log.net == {}
        return
    edits = sent(log, d, level)
    assert edits.made_on(d)
    assert edits.apply(d).fingerprint == log.apply(d).fingerprint  # in the old order there is no doubt at all

    copy = d.take(rows) if keep_ids else Dataset(d.x[rows], d.y[rows])
    if dropped and [x[r] for r in rows] == [value for i, value in enumerate(x) if i not in dropped]:
        return  # it looks as if the rows had been dropped already: see the next test
    # what must come out, by the positions that only the test knows
    expected = Counter((x[r], relabelled.get(r, y[r])) for r in rows if r not in dropped)
    changed = {r for r, label in relabelled.items() if label != y[r]}
    edited, refusal = attempt(edits, copy)
    if edited is None:
        # only what cannot be known is refused, or a data set without rows
        assert not expected or not changed <= set(rows) or alike_in(x, changed | dropped), refusal
        return
    assert Counter(zip(edited.x[:, 0].tolist(), edited.labels.tolist(), strict=True)) == expected
    again, refusal = attempt(edits, edited)
    if again is None:  # one of two that were alike is gone: nobody knows which, unless there are ids
        assert alike_in(x, dropped | changed), refusal
    else:
        assert content(again) == content(edited)


def alike_in(x: list[int], rows: set[int]) -> bool:
    return any(x.count(x[r]) > 1 for r in rows)


def attempt(edits: Edits, dataset: Dataset) -> tuple[Dataset | None, str]:
    """The edited data, or why they were refused."""
    try:
        return edits.apply(dataset), ""
    except (EditError, InputError) as refusal:
        return None, str(refusal)


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_applying_twice_to_data_in_their_old_order_changes_nothing_more(tmp_path_factory, world):
    x, y, relabelled, dropped, _ = world
    d = Dataset(np.array(x)[:, None], y)
    log = EditLog(tmp_path_factory.mktemp("logs") / "e.jsonl")
    for position, label in relabelled.items():
        log.relabel(d, [position], label)
    if dropped:
        log.drop(d, sorted(dropped))
    if log.net:
        once = sent(log, d).apply(Dataset(d.x, d.y))
        assert sent(log, d).apply(once).fingerprint == once.fingerprint


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.sampled_from(list(X_KINDS)))
def test_rows_alike_are_counted_as_their_hashes_say(values, kind):
    d = Dataset(
        X_KINDS[kind](np.repeat(np.array(values, dtype=float)[:, None], 3, axis=1)), range(len(values))
    )
    assert alike(d, range(len(d))) == {i: values.count(value) for i, value in enumerate(values)}


# --- refused, in words --------------------------------------------------------------------------------------------


def test_a_refusal_says_how_many_fit_and_which_do_not(log):
    d = Dataset(X, Y)
    log.relabel(d, [0, 1, 4], 2)
    other = X.copy()
    other[1] += 1
    with pytest.raises(
        EditError, match=r"1 of 3 edited points do not fit .*, 2 do: point 1: no row has its feat"
    ):
        sent(log, d).apply(Dataset(other, Y))


def test_a_label_that_is_neither_the_old_nor_the_new_is_refused(log):
    d = Dataset(X, Y)
    log.relabel(d, [0], 1)
    with pytest.raises(EditError, match="its label is 2, the edit changes 0 to 1"):
        sent(log, d).apply(d.relabel({0: 2}))


def test_a_dropped_row_that_is_gone_already_is_no_error_but_a_relabelled_one_is(log):
    d = Dataset(X, Y)
    log.drop(d, [2])
    assert len(sent(log, d).apply(Dataset(X[3:], Y[3:]))) == 5
    log.relabel(d, [1], 0)
    with pytest.raises(EditError, match="point 1: no row has its features"):
        sent(log, d).apply(Dataset(X[3:], Y[3:]))


def test_drops_alone_are_not_taken_for_done_on_data_that_have_none_of_them(log):
    data = Dataset(X, Y)
    log.drop(data, [3, 5])
    edits = sent(log, data)
    assert len(edits.apply(Dataset(X[[0, 1, 2, 4, 6, 7]][::-1], Y[[0, 1, 2, 4, 6, 7]][::-1]))) == 6
    for other in (Dataset(X + 100, Y), Dataset(np.eye(12), np.arange(12) % 2)):
        with pytest.raises(EditError, match="None of the 2 dropped points is in this"):
            edits.apply(other)
        with pytest.raises(EditError, match="Nothing was changed"):
            edits.into(EditLog(log.path.with_name("other.jsonl")), other)


def test_of_two_rows_alike_none_is_guessed(log):
    x = np.array([[1.0], [1.0], [2.0]])
    d = Dataset(x, [0, 1, 0])
    log.drop(d, [1])
    with pytest.raises(EditError, match="2 rows have its features, and the order of the rows is another"):
        sent(log, d).apply(Dataset(x[[2, 1, 0]], [0, 1, 0]))
    with pytest.raises(EditError, match="one row has its features where there were 2"):
        sent(log, d).apply(Dataset(x[[2, 0]], [0, 0]))
    by_id = sent(log, d, "full").apply(d.take([2, 1, 0]))
    assert by_id.ids.tolist() == [2, 0]  # the level that has ids knows which


# --- what leaves the house ----------------------------------------------------------------------------------------


def secret(**more) -> Dataset:
    return Dataset(X, np.array(list("abcabcab")), ids=[f"patient-{i}" for i in range(8)], **more)


def test_at_the_default_level_an_edit_names_no_row_and_at_summary_there_is_none(log):
    d = secret()
    log.relabel(d, [1], "c")
    log.drop(d, [2])
    assert {key for row in shared(log, d, "values")["edits"] for key in row} == {
        "position", "hash", "field", "old", "new", "at",
    }  # fmt: skip
    text = json.dumps(shared(log, d, "values"))
    assert "patient" not in text
    assert d.row_hash(1) not in text
    assert d.fingerprint[:16] not in text
    summary = shared(log, d, "summary")
    assert summary["edits"] == []
    assert summary.keys() == {"format", "v", "n", "count", "relabelled", "dropped", "edits"}
    with pytest.raises(
        InputError, match="tells of 2 edits, but holds none of them: it was shared at level 'summary'"
    ):
        Edits.from_payload(summary)
    assert [edit.id for edit in sent(log, d, "values+text")] == ["patient-1", "patient-2"]


def test_the_same_log_gives_the_same_bytes_and_another_log_another_salt(log, tmp_path):
    d = secret()
    other = EditLog(tmp_path / "other.jsonl")
    for one in (log, other):
        one.relabel(d, [1], "c")
    first, again = (json.dumps(shared(log, d, "values")) for _ in range(2))
    assert first == again
    theirs = shared(other, d, "values")
    assert theirs["salt"] != json.loads(first)["salt"]
    assert theirs["edits"][0]["hash"] != json.loads(first)["edits"][0]["hash"]


def test_a_log_without_edits_or_with_edits_of_other_data_sends_nothing(log):
    d = Dataset(X, Y)
    assert shared(log, d, "full") is None
    log.relabel(Dataset(X + 100, Y), [1], 0)
    assert shared(log, d, "full") is None
    log.relabel(d, [0], 1)
    assert len(sent(log, d)) == 1


def test_the_time_of_an_edit_is_that_of_its_last_change(log, monkeypatch):
    d = Dataset(X, Y)
    for label, at in ((1, "2026-01-01T00:00:00+00:00"), (2, "2026-01-02T00:00:00+00:00")):
        monkeypatch.setattr("dvlwidgets.data.edit_log._now", lambda at=at: at)
        log.relabel(d, [0], label)
    (edit,) = sent(log, d)
    assert (edit.old, edit.new, edit.at) == (0, 2, "2026-01-02T00:00:00+00:00")


def test_edits_that_had_no_room_are_only_taken_in_part_when_asked_for(log):
    d = Dataset(X, Y)
    log.relabel(d, [0, 1, 2], 1)
    payload = shared(log, d, "values")
    payload["edits"] = payload["edits"][:1]
    edits = Edits.from_payload(payload)
    assert repr(edits) == "Edits(1 relabelled, 0 dropped, of 8 points, 1 more left out)"
    with pytest.raises(EditError, match=r"holds 1 of 2 edits.*partial=True"):
        edits.apply(d)
    assert edits.apply(d, partial=True).labels.tolist() == [1, *Y[1:]]


def test_the_code_makes_the_same_edits(log):
    d = Dataset(X, Y)
    log.relabel(d, [0, 1], 2)
    log.drop(d, [3])
    names = {"train": d}
    exec(sent(log, d).as_code(), names)
    assert names["train"].fingerprint == log.apply(d).fingerprint


# --- into a log ---------------------------------------------------------------------------------------------------


def test_edits_go_into_a_log_as_one_step_that_can_be_undone(log, tmp_path):
    d = Dataset(X, Y)
    log.relabel(d, [0, 1], 2)
    log.drop(d, [3])
    order = [7, 6, 5, 4, 3, 2, 1, 0]
    theirs = Dataset(X[order], Y[order])
    mine = EditLog(tmp_path / "mine.jsonl")
    mine.drop(theirs, [0])
    sent(log, d).into(mine, theirs)
    assert content(mine.apply(theirs)) == content(log.apply(d).drop_indices([6]))
    assert content(EditLog(tmp_path / "mine.jsonl").apply(theirs)) == content(mine.apply(theirs))
    mine.undo()
    assert len(mine.apply(theirs)) == 7
    assert mine.apply(theirs).labels.tolist() == Y[order][1:].tolist()


def test_what_both_edited_differently_needs_a_decision(log, tmp_path):
    d = Dataset(X, Y)
    log.relabel(d, [0], 2)
    mine = EditLog(tmp_path / "mine.jsonl")
    mine.relabel(d, [0], 1)
    edits = sent(log, d)
    with pytest.raises(EditError, match=r"1 point is edited differently.*prefer='ours'"):
        edits.into(mine, d)
    edits.into(mine, d, prefer="ours")
    assert mine.apply(d).labels[0] == 1
    edits.into(mine, d, prefer="theirs")
    assert mine.apply(d).labels[0] == 2
    before = len(mine)
    edits.into(mine, d)  # again: nothing to add
    assert len(mine) == before


# --- damaged ------------------------------------------------------------------------------------------------------

WRONG = {
    "n": [None, -1, True, 1.0, "8", 2**70],
    "count": [None, 0, -1, "2"],
    "salt": [None, "", "xyz", "0", "00" * 65, 5],
    "fingerprint": [None, 3, "0" * 15, "G" * 16],
    "order": [None, [], "0" * 17],
    "after": [3, "x"],
    "edits": [None, {}, "x", [1], [None], [[]]],
}
WRONG_ROW = {
    "position": [None, -1, 8, 1.0, True, "0"],
    "hash": [None, "", "Z" * 16, 16],
    "field": [None, "features", [], {}],
    "old": [None, [], {}, float("inf")],
    "new": [None, [0], float("nan")],
    "at": [3, "x" * 65],
    "id": [1.0, [], True],
    "twins": [0, 9, "2", 1.0],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, some in WRONG.items() for value in some])
def test_a_damaged_payload_is_refused_in_words(name, value, log):
    d = Dataset(X, Y)
    log.drop(d, [1, 2])
    with pytest.raises(InputError, match=r"The edits cannot be read|holds none of them"):
        Edits.from_payload(shared(log, d, "values") | {name: value})


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, some in WRONG_ROW.items() for value in some]
)
def test_a_damaged_edit_is_refused_in_words(name, value, log):
    d = Dataset(X, Y)
    log.relabel(d, [1, 2], 0)
    payload = shared(log, d, "values")
    payload["edits"][0] |= {name: value}
    with pytest.raises(InputError, match="The edits cannot be read"):
        Edits.from_payload(payload)


def test_hashes_that_are_not_those_of_the_rows_are_refused(log):
    d = Dataset(X, Y)
    log.relabel(d, [1, 2], 0)
    payload = shared(log, d, "values")
    payload["edits"][0]["hash"] = "0" * 16
    with pytest.raises(
        EditError, match=r"1 of 2 edited points do not fit .* its hash is not that of the row"
    ):
        Edits.from_payload(payload).apply(d)


@pytest.mark.parametrize("level", ["summary", "values", "values+text", "full"])
def test_notes_and_names_leave_only_with_the_words(tmp_path, level):
    d = Dataset(np.arange(12.0).reshape(6, 2), [0, 1, 2, 0, 1, 2])
    log = EditLog(tmp_path / "e.jsonl", author="ana-secret")
    log.relabel(d, [1], 0, why="reason-secret", values=np.full(6, 0.777))
    log.flag(d, [2])
    log.note(d, [3], "note-secret")
    told = shared(log, d, level)
    text = json.dumps(told)
    words = level in {"values+text", "full"}
    assert ("ana-secret" in text, "note-secret" in text) == (words, words)
    assert "reason-secret" not in text
    assert "0.777" not in text
    assert told["count"] == 2 + words
    if level != "summary":
        edits = Edits.from_payload(json.loads(text))
        fields = {edit.field: edit.new for edit in edits}
        assert fields == {"label": 0, "flag": True} | ({"note": "note-secret"} if words else {})
        theirs = EditLog(tmp_path / "theirs.jsonl", author="ben")
        edits.into(theirs, d)
        assert theirs.summary()["noted"] == words
        assert edits.apply(d.drop_indices([2])).labels.tolist() == [0, 0, 0, 1, 2]
        exec(edits.as_code(), names := {"train": d})
        assert names["flagged"] == {2: True}


def test_only_a_note_is_nothing_to_share_without_words(tmp_path):
    d = Dataset(np.arange(12.0).reshape(6, 2), [0, 1, 2, 0, 1, 2])
    log = EditLog(tmp_path / "e.jsonl")
    log.note(d, [3], "note-secret")
    assert shared(log, d, "values") is None
    assert len(Edits.from_payload(shared(log, d, "full"))) == 1
    with pytest.raises(EditError, match="None of the 1 edited points"):
        Edits.from_payload(shared(log, d, "full")).apply(Dataset(np.ones((6, 2)), [0, 1, 2, 0, 1, 2]))


def test_a_merged_edit_is_told_as_that_of_who_made_it(log, tmp_path):
    dataset = Dataset(np.arange(12.0).reshape(6, 2), [0, 1, 2, 0, 1, 2])
    theirs = EditLog(tmp_path / "theirs.jsonl", author="Ada")
    theirs.relabel(dataset, [1], 2)
    log.author = "Ben"
    log.merge(theirs)
    log.flag(dataset, [3])
    payload = shared(log, dataset, "values+text")
    assert payload is not None
    assert {row["position"]: row["who"] for row in payload["edits"]} == {1: "Ada", 3: "Ben"}
    assert payload["edits"][0]["at"] == theirs.history()[0].edit.at
