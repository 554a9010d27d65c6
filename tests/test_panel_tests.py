"""The valuation panel's doubtful test points: which are listed, and that their edits go to a log of their own."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from panel_fakes import ask, panels, tell
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier

from dvlwidgets import KNNShapleyValuation, LOOValuation, ModelUtility, SupervisedScorer
from dvlwidgets.cli.copies import read
from dvlwidgets.cli.printing import described
from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.notebook_file import payloads
from dvlwidgets.data.shared_edits import Edits
from dvlwidgets.errors import EditError, InputError, InputTypeError, NotebookError
from dvlwidgets.evaluation.doubts import doubts_of
from dvlwidgets.widgets import bundle
from dvlwidgets.widgets.parts.tests import TestsPart

KNN = KNeighborsClassifier(3)


def blobs(n=60, t=30, wrong=(3, 8)):
    rng = np.random.default_rng(0)
    y = np.arange(n + t) % 3
    x = np.eye(3)[y] * 6 + rng.normal(size=(n + t, 3)) * 0.5
    told = y[n:].copy()
    told[list(wrong)] = (told[list(wrong)] + 1) % 3
    return Dataset(x[:n], y[:n]), Dataset(x[n:], told), y[n:]


def test_of_flipped_labels_nearly_all_are_doubted_and_most_that_are_doubted_are_flipped():
    x, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(1)
    some = rng.permutation(len(y))[:800]
    x, y = x[some], y[some]
    flipped = rng.choice(300, 24, replace=False)
    told = y[500:].copy()
    told[flipped] = (told[flipped] + rng.integers(1, 10, 24)) % 10
    test = Dataset(x[500:], told)
    order = doubts_of(LogisticRegression(max_iter=300), Dataset(x[:500], y[:500]), test).order(test.labels)
    assert np.isin(flipped, order).sum() >= 23
    assert len(order) <= 36
    assert np.isin(order[:20], flipped).sum() >= 18  # the most doubtful come first


def test_the_model_and_the_neighbours_are_asked():
    train, test, truth = blobs()
    found = doubts_of(KNN, train, test)
    assert found.predicted == truth.tolist()
    assert sorted(found.order(test.labels).tolist()) == [3, 8]
    np.testing.assert_array_equal(found.against > 0.5, truth != test.labels)
    assert (found.own[3], found.sure[3], found.neighbours, found.why) == (0.0, 1.0, 15, "")
    with pytest.raises(AttributeError):
        _ = KNN.classes_  # only a copy of the model was fitted


def test_of_a_sparse_table_the_model_alone_is_asked_and_the_reason_is_said():
    train, test, _ = blobs()
    sparse = [Dataset(scipy.sparse.csr_array(np.abs(side.x)), side.labels) for side in (train, test)]
    found = doubts_of(MultinomialNB(), *sparse)
    assert sorted(found.order(test.labels).tolist()) == [3, 8]
    assert (found.neighbours, found.why) == (0, "the features are a sparse table")
    assert np.isnan(found.against).all()


def test_a_number_is_not_called_wrong_by_votes():
    train, test, _ = blobs()
    numbers = Dataset(np.ones((30, 2)), np.linspace(0.0, 1.0, 30))
    with pytest.raises(InputError, match="numbers to predict"):
        doubts_of(LinearRegression(), numbers, numbers)
    with pytest.raises(InputError, match="numbers to predict"):
        doubts_of(LinearRegression(), train, test)
    with pytest.raises(InputError, match="no single label"):
        doubts_of(KNN, train, Dataset(test.x, np.ones((30, 2)), multi_output=True))


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "read", lambda name: f"/* {name} */ export default {{}}")
    with panels() as make:
        yield make


def part_of(panel):
    return next(part for part in panel._desk.parts.values() if isinstance(part, TestsPart))


def said(page, kind, which=lambda m: True):
    return page.wait_for(lambda m: m.get("part") == "tests" and m.get("kind") == kind and which(m))


def edit(page, **command):
    return ask(page, "tests", do="edit", edit=command)


def test_the_list_is_told_when_asked_for_and_edits_of_it_go_to_their_own_log(made):
    train, test, truth = blobs()
    panel, page = made(train, valuation=KNNShapleyValuation(KNN, test))
    assert said(page, "about")["possible"] is True
    assert [m for m in page.of("part") if m.get("kind") == "list"] == []  # it fits a model: only when asked
    tell(page, "tests", do="look")
    listed = said(page, "list")["list"]
    assert said(page, "looks", lambda m: m["state"] == "done")
    assert sorted(listed["rows"]) == [3, 8]
    assert (listed["doubted"], listed["asked"], listed["model"]) == (2, 30, "KNeighborsClassifier")
    assert listed["said"] == [str(truth[row]) for row in listed["rows"]]

    tell(page, "tests", do="edit", edit={"t": "relabel", "rows": [3], "label": int(truth[3]), "why": "seen"})
    said(page, "list", lambda m: m["edits"]["relabelled"] == 1)
    assert panel.test_dataset().labels[3] == truth[3]
    assert panel.test_edits.path.name.endswith("-test.jsonl")
    assert len(panel.edits.net) == 0
    assert panel.dataset() is train or np.array_equal(panel.dataset().labels, train.labels)
    tell(page, "tests", do="edit", edit={"t": "flag", "rows": [8], "flagged": True})
    said(page, "marks", lambda m: len(m["flagged"]) == 1)
    history = ask(page, "tests", do="log", before=0)["edits"]
    assert [entry["op"] for entry in history] == ["flag", "relabel"]
    assert history[1]["why"] == "seen"
    assert history[1]["rows"][0]["value"] == pytest.approx(27.6, abs=0.1)  # the loss of what cannot be, then
    for _ in range(2):
        tell(page, "tests", do="edit", edit={"t": "undo"})
    said(page, "list", lambda m: m["edits"]["redo"] and not m["edits"]["undo"])
    assert len(panel.test_edits.net) == 0
    assert np.array_equal(panel.test_dataset().labels, test.labels)

    assert "not dropped" in edit(page, t="drop", rows=[3], dropped=True)["message"]
    assert "'edit' should be one of" in edit(page, t="start")["message"]
    assert "positions from 0 to 29" in edit(page, t="flag", rows=[30], flagged=True)["message"]
    assert "'do' should be" in ask(page, "tests", do="dance")["message"]

    # another page of the same panel is told all of it; a second look sees the edits
    kinds = [frame.content["kind"] for frame in part_of(panel).hello()]
    assert kinds == ["about", "looks", "list", "marks", "selection"]
    panel.test_edits.relabel(test, [3], truth[3])
    tell(page, "tests", do="look")
    said(page, "list", lambda m: m["list"]["rows"] == [8])
    assert part_of(panel).settle()


def test_flags_and_comments_of_an_earlier_time_are_told_with_the_list(made):
    train, test, _ = blobs()
    log = EditLog.of(test, "earlier.jsonl")
    log.flag(test, [8])
    log.note(test, [3], "a comment")
    _, page = made(train, valuation=KNNShapleyValuation(KNN, test), test_edits=log)
    tell(page, "tests", do="look")
    marks = said(page, "marks")
    assert (marks["flagged"].tolist(), marks["noted"].tolist(), marks["texts"]) == ([8], [3], ["a comment"])
    assert marks["data"] == test.fingerprint[:16]


def test_listed_test_points_are_selected_by_the_page_and_by_python(made):
    train, test, truth = blobs()
    panel, page = made(train, valuation=KNNShapleyValuation(KNN, test))
    assert panel.test_selection.tolist() == []
    with pytest.raises(InputError, match="Press “Look at test points”"):
        panel.test_selection = [3]
    tell(page, "tests", do="look")
    said(page, "list")
    tell(page, "tests", do="select", rows=[8, 3])
    assert said(page, "selection", lambda m: m["rows"] == [3, 8])["request"] is not None
    assert panel.test_selection.tolist() == [3, 8]
    panel.test_selection = np.arange(30) == 8
    assert said(page, "selection", lambda m: m["rows"] == [8])["request"] is None
    with pytest.raises(
        InputError, match=r"test point 5 is not in .* list of 2 doubtful test points \(3, 8\)"
    ):
        panel.test_selection = [3, 5]
    with pytest.raises(InputError, match="30 test points, positions 0 to 29; 30 was given"):
        panel.test_selection = [30]
    with pytest.raises(InputTypeError, match=r"positions of test points .*isin\(test.ids"):
        panel.test_selection = ["a"]
    for wrong in (["a"], [1.5], [-1], [{}], 7):
        assert "test point" in ask(page, "tests", do="select", rows=wrong)["message"]
    assert panel.test_selection.tolist() == [8]
    # a page that has not heard of the newest list yet: what is left of its wish, and it hears what that is
    for wanted, left in (([5, 3], [3]), ([5], []), ([3, 8, 5], [3, 8]), ([8], [8])):
        answer = ask(page, "tests", do="select", rows=wanted)
        assert (answer["kind"], answer["rows"], panel.test_selection.tolist()) == ("selection", left, left)
    panel.test_edits.flag(test, panel.test_selection)
    assert len(panel.test_edits.net) == 1
    panel.test_edits.relabel(test, [8], truth[8])  # what is no longer listed is no longer selected
    tell(page, "tests", do="look")
    said(page, "list", lambda m: m["list"]["rows"] == [3])
    assert panel.test_selection.tolist() == []
    knn_without, _ = made()
    with pytest.raises(InputError, match="not about a model"):
        knn_without.test_selection = [1]


class Broken(KNeighborsClassifier):
    def fit(self, x, y):
        raise ZeroDivisionError("no")


def test_a_pair_of_previews_is_of_training_and_test_points(made):
    train, test, _ = blobs()
    ours, theirs = [f"ours {i}" for i in range(60)], [f"theirs {i}" for i in range(30)]
    panel, page = made(train, valuation=KNNShapleyValuation(KNN, test), previews=(ours, theirs))
    tell(page, "tests", do="look")
    listed = said(page, "list")
    assert listed["texts"] == [theirs[row] for row in listed["list"]["rows"]]
    assert panel._session.previews.get((2,)) == ["ours 2"]
    for wrong, refusal, words in (
        (theirs[:5], InputError, "of the test points: 5 previews came for 30 points"),
        (7, InputTypeError, "of the test points: previews is a int"),
    ):
        with pytest.raises(refusal, match=words):
            made(train, valuation=KNNShapleyValuation(KNN, test), previews=(ours, wrong))


def test_a_model_that_fails_is_told_and_the_panel_can_be_asked_again(made):
    train, test, _ = blobs()
    panel, page = made(train, valuation=KNNShapleyValuation(KNN, test))
    panel._session.valuation.model = Broken(3)
    tell(page, "tests", do="look")
    assert said(page, "looks", lambda m: m["state"] == "failed")["why"] == "ZeroDivisionError: no"


def test_what_cannot_be_doubted_says_why(made):
    numbers = Dataset(np.random.default_rng(0).normal(size=(30, 2)), np.linspace(0.0, 1.0, 30))
    loo = LOOValuation(ModelUtility(LinearRegression(), SupervisedScorer("r2", numbers, 0.0)))
    panel, page = made(numbers, valuation=loo)
    about = said(page, "about")
    assert about["possible"] is False
    assert "numbers to predict" in about["why"]
    assert "numbers to predict" in ask(page, "tests", do="look")["message"]
    panel.test_edits.flag(numbers, [2])  # they can be flagged all the same
    assert part_of(panel).settle()

    panel, page = made()  # a method without a model
    assert "is not about a model" in said(page, "about")["why"]
    with pytest.raises(InputError, match="not about a model"):
        panel.test_dataset()


def test_a_log_of_test_points_is_refused_before_any_work(made, tmp_path):
    train, test, _ = blobs()
    knn = KNNShapleyValuation(KNN, test)
    with pytest.raises(InputTypeError, match="expected an EditLog"):
        made(train, valuation=knn, test_edits=3)
    with pytest.raises(InputError, match="a log for each"):
        made(train, valuation=knn, edits="one.jsonl", test_edits="one.jsonl")
    with pytest.raises(InputError, match="not about a model"):
        made(test_edits="one.jsonl")
    other = Dataset(np.ones((3, 2)), np.arange(3), ids=["a", "b", "c"])
    log = EditLog(tmp_path / "other.jsonl")
    log.relabel(other, [1], 2)
    with pytest.raises(EditError, match="other data"):
        made(train, valuation=knn, test_edits=log)
    panel, _ = made(train, valuation=knn, test_edits="mine.jsonl")
    assert panel.test_edits.path.name == "mine.jsonl"


def test_a_copy_tells_the_edits_of_test_points_as_its_level_allows_and_they_travel(made, tmp_path):
    train, test, truth = blobs()
    knn = KNNShapleyValuation(KNN, test)
    panel, _ = made(train, valuation=knn)
    assert "test_edits" not in panel.snapshot("full").html
    assert not list(tmp_path.rglob("*-test.jsonl"))  # looking wrote nothing
    stored = []
    panel._output.changed = lambda: stored.append(len(panel.test_edits.net))
    log = panel.test_edits
    log.author = "Anna <b>"
    log.relabel(test, [3], int(truth[3]))
    log.note(test, [3, 8], "seen </details>")
    log.flag(test, [8])
    assert stored == [1, 2, 2]  # what a notebook stores follows

    page = panel.save(tmp_path / "values.html", "values")
    html = page.read_text()
    was = (truth[3] + 1) % 3
    assert "<summary>edits of test points: 2</summary>" in html
    assert f"<td>3</td><td>{was} → {truth[3]}</td>" in html
    assert "<td>8</td><td>flagged</td>" in html
    assert "no ids" in html.rpartition("This copy holds")[2]
    assert "Anna" not in html
    assert "seen" not in html
    told = panel.snapshot("values+text")
    assert "<td>Anna &lt;b&gt;</td><td>seen &lt;/details&gt;</td>" in told.html
    assert "edits of test points" not in panel.snapshot("summary").html

    found = Edits.from_notebook(page, of="test")
    assert found.made_on(test)
    assert np.array_equal(found.apply(test).labels, panel.test_dataset().labels)
    with pytest.raises(NotebookError, match="holds no edits: nothing"):
        Edits.from_notebook(page)
    with pytest.raises(InputError, match="expected 'train' or 'test'"):
        Edits.from_notebook(page, of="both")
    again, _ = made(train, valuation=knn)  # a log of an earlier session is told as well
    assert "edits of test points: 2" in again.snapshot().html
    assert "edits: 1 relabelled, 0 dropped, 1 flagged, of 30 test points" in described(
        read(payloads(page)[0]), 3
    )
