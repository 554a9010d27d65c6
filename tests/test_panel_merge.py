"""A page sends a colleague's log: it is told first what would change, and a merge is one step on disk."""

from __future__ import annotations

import itertools

import pytest
from influence_fakes import FakeExplorer
from panel_fakes import ask, dataset, page_of, tell
from sklearn.neighbors import KNeighborsClassifier

from dvlwidgets import InfluencePanel, KNNShapleyValuation
from dvlwidgets.data import Dataset, edit_export
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.widgets import bundle
from dvlwidgets.widgets.parts.edits import EditsPart
from dvlwidgets.widgets.parts.merging import MOST_IN_A_PIECE, MOST_PIECES

tokens = itertools.count()


@pytest.fixture
def theirs(tmp_path):
    """Edits of the first points of the panel's data, made elsewhere."""
    log, train = (
        EditLog(tmp_path / "ada.jsonl", author="Ada"),
        dataset(target_names=["ash", "birch", "cedar"]),
    )
    log.relabel(train, {0: 2, 1: 2}, why="by eye")
    log.drop(train, [4])
    log.note(train, [5], "odd")
    return log


def text_of(log):
    return log.path.read_text("utf-8")


def send(page, text, *, name="ada.jsonl", size=200, part="edits"):
    """A file in pieces; returns what the page calls it and the last answer."""
    token = f"f{next(tokens)}"
    pieces = [text[at : at + size] for at in range(0, len(text), size)] or [""]
    for at, piece in enumerate(pieces):
        answer = ask(page, part, do="piece", file=token, name=name, at=at, of=len(pieces), text=piece)
        assert (answer["kind"], answer["file"]) == ("merge", token)
        if at + 1 < len(pieces):
            assert (answer["state"], answer["next"]) == ("more", at + 1)
    return token, answer


def test_the_pages_half_is_handed_over_when_it_is_asked_for(valued, monkeypatch):
    _, page = valued
    monkeypatch.setattr(bundle, "read", lambda name: f"/* {name} */")
    assert ask(page, "edits", do="history")["text"] == "/* history.js */"


def test_nothing_changes_before_it_is_asked_for_and_then_all_in_one_step(valued, theirs, tmp_path):
    panel, page = valued
    before = panel.dataset().fingerprint
    token, told = send(page, text_of(theirs))
    assert (told["state"], told["name"], told["authors"]) == ("preview", "ada.jsonl", "edits by Ada")
    assert (told["new"], told["here"], told["clashes"]) == ([2, 1, 0, 1], 0, 0)  # labels, drops, flags, notes
    assert not told["cut"]
    assert panel.dataset().fingerprint == before
    assert not panel.edits.path.exists()

    told = ask(page, "edits", do="merge", file=token, prefer="ours")
    assert (told["state"], told["count"]) == ("merged", 4)
    on_disk = EditLog(panel.edits.path)
    assert on_disk.net == theirs.net
    (edit,) = on_disk.in_force
    assert (edit.op, edit.why) == ("merge", "ada.jsonl: edits by Ada")
    assert {(source.who, source.why) for source in edit.sources} == {("Ada", "by eye"), ("Ada", "")}
    page.wait_for(lambda m: m["t"] == "edits" and sorted(m["rows"]) == [0, 1, 4, 5])
    assert page.wait_for(lambda m: m.get("kind") == "marks" and m["texts"])["texts"] == ["odd"]
    (row, *_) = ask(page, "edits", do="log", before=0)["edits"][0]["rows"]
    assert row["from"][::2] == ["Ada", "by eye"]
    assert ask(page, t="undo")["edits"]["count"] == 0
    assert panel.dataset().fingerprint == before

    # what was merged is gone from here
    assert "no longer here" in ask(page, "edits", do="merge", file=token, prefer="ours")["why"]


@pytest.mark.parametrize(("prefer", "label", "count"), [("ours", 1, 3), ("theirs", 2, 4)])
def test_a_point_that_both_edited_is_the_choice_of_who_merges(valued, theirs, prefer, label, count):
    panel, page = valued
    ask(page, t="relabel", rows=[0], label=1)
    ask(page, t="drop", rows=[5], dropped=True)
    token, told = send(page, edit_export.json_text(theirs.history()), name="edits.json")
    assert (told["new"], told["clashes"]) == ([1, 1, 0, 1], 1)
    assert told["shown"] == [{"id": "0", "field": "label", "mine": "birch", "theirs": "cedar"}]
    assert ask(page, "edits", do="merge", file=token, prefer=prefer)["count"] == count
    assert panel.dataset().labels[0] == label
    ask(page, t="undo")
    assert panel.dataset().labels[0] == 1


def test_what_was_edited_between_the_preview_and_the_merge_stays(valued, theirs):
    panel, page = valued
    token, _ = send(page, text_of(theirs))
    ask(page, t="relabel", rows=[0], label=1)
    assert ask(page, "edits", do="merge", file=token, prefer="ours")["count"] == 3
    assert panel.dataset().labels[0] == 1


def test_the_same_log_twice_and_the_panels_own_bring_nothing(valued, theirs):
    panel, page = valued
    panel.edits.merge(theirs)
    for log in (theirs, panel.edits):
        token, told = send(page, text_of(log))
        assert (sum(told["new"]), told["here"], told["clashes"]) == (0, 4, 0)
        assert ask(page, "edits", do="merge", file=token, prefer="theirs")["count"] == 0
    assert len(panel.edits) == 1


def test_points_and_labels_that_these_data_lack_are_told(valued, tmp_path):
    _, page = valued
    train = dataset()
    log, more = EditLog(tmp_path / "more.jsonl"), Dataset(train.x, train.labels, ids=[*range(19), 99])
    log.relabel(more, {0: 7, 1: 2})
    log.flag(Dataset(train.x + 1, train.labels), [3])
    text = text_of(log) + text_of(log).splitlines()[1].replace('"new": 7', '"new": "oak"')
    _, told = send(page, text)
    assert (told["new"], told["missing"], told["missing_ids"]) == ([1, 0, 0, 0], 1, ["3"])
    assert (told["unfit"], told["unfit_ids"], told["cut"]) == (1, ["0"], False)
    assert "'oak' is text" in told["why"]
    _, told = send(page, text_of(log)[:-30])
    assert told["cut"]
    assert (told["classes"], told["more_classes"]) == (["7"], 0)


def test_a_wrong_file_is_refused_in_words_and_nothing_is_written(valued, theirs, tmp_path):
    panel, page = valued
    other = EditLog(tmp_path / "other.jsonl")
    other.flag(dataset(30), [25])
    nothing = EditLog(tmp_path / "nothing.jsonl")
    nothing.flag(dataset(), [1])
    nothing.undo()
    stranger = Dataset(dataset().x * 2, dataset().labels)
    strange = EditLog(tmp_path / "strange.jsonl")
    strange.flag(stranger, [2, 3])
    for text, message in (
        (edit_export.csv_text(theirs.history()), "export as CSV"),
        ("", "ada.jsonl is empty"),
        (text_of(nothing), "no edits that are in force"),
        (
            text_of(strange),
            "edits 2 points, and none of them is in these data of 20: it is the log of other data",
        ),
    ):
        token, told = send(page, text)
        assert told["state"] == "refused"
        assert message in told["why"]
        assert "no longer here" in ask(page, "edits", do="merge", file=token, prefer="ours")["why"]
    assert not panel.edits.path.exists()


def test_far_too_many_new_labels_are_refused(opened, tmp_path):
    train = dataset(1_100)
    _, page = opened(train, hello=False)
    log = EditLog(tmp_path / "many.jsonl")
    log.relabel(train, {at: at + 10 for at in range(1_100)})
    _, told = send(page, text_of(log), size=MOST_IN_A_PIECE)
    assert told["state"] == "refused"
    assert "1,100 labels that no point here has, such as 10; at most 1,000" in told["why"]


def test_a_newer_file_takes_the_place_of_an_older_one_and_one_can_be_discarded(valued, theirs):
    _, page = valued
    piece = {"do": "piece", "name": "a.jsonl", "of": 3, "text": "x"}
    assert ask(page, "edits", **piece, file="a", at=0)["next"] == 1
    token, _ = send(page, text_of(theirs))
    assert "no longer here" in ask(page, "edits", **piece, file="a", at=1)["why"]
    assert "no longer here" in ask(page, "edits", do="merge", file="a", prefer="ours")["why"]
    tell(page, "edits", do="discard", file="a")
    assert ask(page, "edits", do="merge", file=token, prefer="ours")["state"] == "merged"
    token, _ = send(page, text_of(theirs))
    tell(page, "edits", do="discard", file=token)
    assert "no longer here" in ask(page, "edits", do="merge", file=token, prefer="ours")["why"]
    ask(page, "edits", **piece, file="c", at=0)
    for at in (0, 2):  # a piece is missing, or comes twice
        ask(page, "edits", **piece, file="c", at=1)
        assert ask(page, "edits", **piece, file="c", at=at)["state"] in {"more", "preview", "refused"}


def test_a_disk_that_is_full_loses_nothing_and_the_merge_can_be_tried_again(valued, theirs, monkeypatch):
    panel, page = valued
    token, _ = send(page, text_of(theirs))
    fails = "The edits could not be written"

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("dvlwidgets.data.edit_file.os.fsync", full)
        told = ask(page, "edits", do="merge", file=token, prefer="ours")
    assert (told["state"], fails in told["why"]) == ("failed", True)
    assert len(panel.edits) == 0
    assert ask(page, "edits", do="merge", file=token, prefer="ours")["state"] == "merged"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"do": "piece"}, "'file' should be"),
        ({"do": "piece", "file": "x" * 101}, "'file' should have at most 100 characters"),
        ({"do": "piece", "file": "a", "at": 0, "of": 1, "name": "a"}, "'text' should be"),
        ({"do": "piece", "file": "a", "at": 0, "of": 1, "name": "a", "text": 3}, "'text' should be"),
        ({"do": "piece", "file": "a", "at": 1, "of": 1, "name": "a", "text": ""}, "Piece 1 of 1 came"),
        ({"do": "piece", "file": "a", "at": -1, "of": 1, "name": "a", "text": ""}, "Piece -1 of 1 came"),
        ({"do": "piece", "file": "a", "at": 0, "of": MOST_PIECES + 1, "name": "a", "text": ""}, "at most 64"),
        (
            {"do": "piece", "file": "a", "at": 0, "of": 1, "name": "a", "text": "x" * (MOST_IN_A_PIECE + 1)},
            "at most 1,000,000 characters",
        ),
        ({"do": "merge", "file": "a"}, "'prefer' should be"),
        ({"do": "merge", "file": "a", "prefer": "mine"}, "'prefer' should be 'ours' or 'theirs'"),
        ({"do": "discard"}, "'file' should be"),
    ],
)
def test_what_makes_no_sense_is_answered(valued, body, message):
    _, page = valued
    assert message in ask(page, "edits", **body)["message"]


# --- the log of the test points -----------------------------------------------------------------------------


@pytest.fixture(params=["valuation", "influence"])
def doubted(request, opened, tmp_path, monkeypatch):
    """A panel with test points, its page, the name of the part that edits them, and the points."""
    monkeypatch.chdir(tmp_path)
    train = dataset(40)
    test = Dataset(train.x[:10] / 2, train.labels[:10])
    if request.param == "valuation":
        model = KNeighborsClassifier(3)
        panel, page = opened(train, valuation=KNNShapleyValuation(model, test))
        yield panel, page, "tests", test
        return
    panel = InfluencePanel(FakeExplorer(train, test), train, test)
    page = page_of(panel, hello=False)
    page.decode = lambda content, _: content
    yield panel, page, "test_edits", test
    panel.close()


def test_a_log_of_test_points_goes_to_theirs_without_the_drops(doubted, tmp_path):
    panel, page, part, test = doubted
    log = EditLog(tmp_path / "ada.jsonl", author="Ada")
    log.relabel(test, [3], 2)
    log.drop(test, [4])
    token, told = send(page, text_of(log), part=part)
    assert (told["new"], told["unfit"], told["unfit_ids"]) == ([1, 0, 0, 0], 1, ["4"])
    assert told["why"] == "test points are not dropped, which would flatter the model"
    assert ask(page, part, do="merge", file=token, prefer="ours")["count"] == 1
    assert panel.test_edits.apply(test).labels[3] == 2
    assert len(panel.edits) == 0

    log.undo(back_to=0)
    ours = EditLog(tmp_path / "train.jsonl")
    ours.flag(dataset(40), [1, 2])
    assert "none of them is in these data of 10" in send(page, text_of(ours), part=part)[1]["why"]


def test_the_file_goes_with_the_panel(valued, theirs):
    panel, page = valued
    send(page, text_of(theirs))
    part = panel._desk.parts["edits"]
    assert isinstance(part, EditsPart)
    panel.close()
    assert part._merging._file is None
