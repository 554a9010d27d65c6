"""What if the lowest were dropped, and valuing again with the edits: the curve, its errors, the part of the panel."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
from panel_fakes import FakeValuation, dataset, greet, tell
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets import (
    DataOOBValuation,
    Dataset,
    KNNShapleyValuation,
    ModelUtility,
    SupervisedScorer,
    ThresholdKNNShapleyValuation,
)
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.errors import InputError, NotFittedError, RunError
from dvlwidgets.evaluation.drop_curve import DropCurve
from dvlwidgets.evaluation.own_model import OwnModel, own_model
from dvlwidgets.utility.metrics import resolve_all
from dvlwidgets.widgets.panel import ValuationPanel
from dvlwidgets.widgets.parts import whatif


def points(n, seed, flips=0):
    """Two classes on either side of a line; the first labels are flipped."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    x += 0.3 * np.sign(x)
    y = (x[:, 0] + 0.2 * x[:, 1] > 0).astype(int)
    y[:flips] = 1 - y[:flips]
    return Dataset(x, y)


TRAIN, TEST, HELD_OUT = points(120, 0, flips=18), points(150, 1), points(200, 2)
TRUE = {row: int(1 - TRAIN.labels[row]) for row in range(18)}
ORACLE = np.where(np.arange(120) < 18, -1.0, 1.0)


def own(model, metrics=("accuracy", "neg_log_loss"), test=TEST):
    return OwnModel(model, resolve_all(list(metrics)), test, held_out=True)


def finished(*args, **options):
    curve = DropCurve(*args, **options)
    done = list(curve.run())
    assert done[-1] == curve.total
    assert done == sorted(set(done))
    return curve


def test_dropping_what_is_known_to_be_wrong_gains_more_than_its_error_and_than_random_removal():
    curve = finished(own(KNeighborsClassifier(1), ["accuracy", "f1_macro"]), TRAIN, ORACLE)
    accuracy, f1 = curve.curves()
    at = curve.counts.tolist().index(18)
    for metric in (accuracy, f1):
        assert metric.lowest.gain[at] > 2 * metric.lowest.gain_error[at] > 0
        assert metric.lowest.gain[at] > metric.random.gain[at] + 0.01
        assert metric.best is not None
        assert curve.counts[metric.best] >= 12
    assert curve.failures == 0


def test_values_that_know_nothing_are_no_reason_to_drop():
    noise = np.random.default_rng(3).normal(size=120)
    assert [
        metric.best for metric in finished(own(LogisticRegression()), points(120, 0), noise).curves()
    ] == [None, None]


def test_over_all_seeds_the_score_is_that_of_the_test_set_as_it_is_and_the_error_that_of_a_mean():
    (accuracy,) = finished(own(LogisticRegression(), ["accuracy"]), TRAIN, ORACLE, seeds=40).curves()
    for at, dropped in ((0, 0), (6, 18)):
        rows = np.arange(dropped, 120)
        right = LogisticRegression().fit(TRAIN.x[rows], TRAIN.y[rows]).predict(TEST.x) == TEST.y
        assert accuracy.lowest.score[at] == pytest.approx(
            right.mean(), abs=0.005
        )  # fits together: to a tolerance
        assert accuracy.lowest.error[at] == pytest.approx(right.std() / np.sqrt(150), rel=0.35)


def test_the_edits_are_scored_on_the_same_seeds_and_a_fixed_random_state_is_reseeded():
    kept = np.ones(120, np.bool_)
    kept[60] = False
    seen = set()

    class Tree(DecisionTreeClassifier):
        def fit(self, x, y):
            seen.add(self.random_state)
            return super().fit(x, y)

    tree = Tree(max_depth=4, random_state=0)
    curve = finished(own(tree, ["accuracy"]), TRAIN, ORACLE, edited=(TRAIN.relabel(TRUE), kept), seeds=8)
    (accuracy,) = curve.curves()
    assert accuracy.edited.gain > 2 * accuracy.edited.gain_error > 0
    again = finished(own(tree, ["accuracy"]), TRAIN, ORACLE, edited=(TRAIN.relabel(TRUE), kept), seeds=8)
    assert again.curves()[0].edited == accuracy.edited
    np.testing.assert_array_equal(again.curves()[0].lowest.score, accuracy.lowest.score)
    assert tree.random_state == 0
    assert len(seen) > 8


def test_fits_that_fail_are_counted_and_left_out():
    class Picky(LogisticRegression):
        def fit(self, x, y):
            if len(y) < 100:
                raise ValueError("too few")
            return super().fit(x, y)

    curve = finished(own(Picky(), ["accuracy"]), TRAIN, ORACLE, seeds=3)
    (accuracy,) = curve.curves()
    few = 120 - curve.counts < 100
    assert curve.failures == 3 * 2 * few.sum() > 0
    np.testing.assert_array_equal(np.isnan(accuracy.lowest.score), few)


@pytest.mark.parametrize(
    ("valuation", "names"),
    [
        (KNNShapleyValuation(KNeighborsClassifier(3), TEST), ["accuracy", "f1_macro", "neg_log_loss"]),
        (
            type(
                "Any", (), {"utility": ModelUtility(LogisticRegression(), SupervisedScorer("log_loss", TEST))}
            )(),
            ["neg_log_loss", "accuracy", "f1_macro"],
        ),
    ],
)
def test_the_model_and_the_metrics_are_the_valuation_s_own(valuation, names):
    found = own_model(valuation, TRAIN)
    assert [metric.name for metric in found.metrics] == names
    assert found.test is TEST
    assert not found.held_out
    assert own_model(valuation, TRAIN, HELD_OUT).held_out


def test_where_nothing_can_be_refitted_it_is_said_why():
    oob = DataOOBValuation(BaggingClassifier(DecisionTreeClassifier()))
    with pytest.raises(InputError, match=r"no test set.*held_out=Dataset"):
        own_model(oob, TRAIN)
    assert own_model(oob, TRAIN, HELD_OUT).test is HELD_OUT
    with pytest.raises(InputError, match="not about a model"):
        own_model(FakeValuation(), TRAIN)
    with pytest.raises(InputError, match="fewer than are to be dropped"):
        DropCurve(own(LogisticRegression()), TRAIN, np.where(np.arange(120) < 5, 1.0, np.nan))


# --- the panel --------------------------------------------------------------------------------------------------


@pytest.fixture
def fitted(opened):
    """Makes panels of a valuation of TRAIN, each with a log of its own, and their pages."""
    logs = (f"{i}.jsonl" for i in itertools.count())

    def make(valuation, train=TRAIN, **options):
        return opened(train, valuation=valuation, edits=next(logs), **options)

    return make


def told(page, part, kind, condition=lambda m: True):
    return page.wait_for(
        lambda m: m["t"] == "part" and (m["part"], m["kind"]) == (part, kind) and condition(m), timeout=60
    )


def test_a_page_asks_and_is_told_a_curve_as_it_grows(fitted):
    valuation = KNNShapleyValuation(KNeighborsClassifier(3), TEST).fit(TRAIN)
    panel, page = fitted(valuation, held_out=HELD_OUT)
    about = told(page, "whatif", "about")
    assert (about["possible"], about["model"], about["held_out"], about["test"]) == (
        True, "KNeighborsClassifier", True, 200,
    )  # fmt: skip
    panel.edits.relabel(TRAIN, TRUE)
    tell(page, "whatif", do="run", seeds=4)
    end = told(page, "whatif", "curve", lambda m: m["state"] == "done")
    assert (end["finished"], end["failures"], end["edits"]) == (4, 0, 18)
    assert [metric["name"] for metric in end["metrics"]] == ["accuracy", "f1_macro", "neg_log_loss"]
    accuracy = end["metrics"][0]
    assert accuracy["edited"]["gain"][0] > 0
    assert len(accuracy["lowest"]["score"]) == len(end["shares"]) == 9
    steps = [
        m["finished"]
        for m in page.of("part")
        if m["kind"] == "curve" and m["state"] == "running" and m["metrics"]
    ]
    assert steps == sorted(steps)
    assert {1, 2, 3} <= set(steps)
    page.messages.clear()
    page.receive({"t": "hello", "have": -1})  # a page that comes later is told the same
    assert told(page, "whatif", "curve")["metrics"][0]["lowest"] == accuracy["lowest"]


def test_whatever_keeps_the_refits_from_beginning_is_told(fitted, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("of the metric")

    monkeypatch.setattr(whatif, "own_model", broken)
    _, page = fitted(KNNShapleyValuation(KNeighborsClassifier(3), TEST).fit(TRAIN))
    tell(page, "whatif", do="run", seeds=4)
    assert told(page, "whatif", "curve", lambda m: m["state"] == "failed")["why"] == (
        "ZeroDivisionError: of the metric"
    )


def test_a_refused_panel_hears_of_no_edit(tmp_path):
    log = EditLog(tmp_path / "edits.jsonl")
    with pytest.raises(InputError, match="held_out"):
        ValuationPanel(FakeValuation(), TRAIN, edits=log, held_out=3)
    assert not log._subscribers


def test_cancelling_ends_the_refits_and_keeps_what_there_is(fitted):
    valuation = KNNShapleyValuation(KNeighborsClassifier(3), TEST).fit(TRAIN)
    panel, page = fitted(valuation)
    tell(page, "whatif", do="run", seeds=200)
    told(page, "whatif", "curve", lambda m: m.get("finished", 0) > 1)
    tell(page, "whatif", do="cancel")
    end = told(page, "whatif", "curve", lambda m: m["state"] == "cancelled")
    assert end["finished"] < 200
    assert end["metrics"]
    assert panel._desk.parts["whatif"].settle()
    assert page.of("part")[-1]["state"] == "cancelled"


def test_a_method_without_a_model_says_so_and_nonsense_is_refused(fitted):
    _, page = fitted(FakeValuation(), dataset())
    about = told(page, "whatif", "about")
    assert not about["possible"]
    assert "not about a model" in about["why"]
    for body in ({"do": "run"}, {"do": "burn"}, {"do": "run", "seeds": True}, {}):
        page.messages.clear()
        tell(page, "whatif", **body)
        assert page.wait_for(lambda m: m["t"] == "error")["message"]
    tell(page, "again", do="burn")
    with pytest.raises(InputError, match="has 5 columns"):
        ValuationPanel(FakeValuation(), dataset(), held_out=Dataset(np.ones((4, 5)), [0, 1, 0, 1]))


@pytest.mark.parametrize(
    "valuation",
    [
        KNNShapleyValuation(KNeighborsClassifier(3), TEST),
        ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(0.8), TEST),
    ],
)
def test_valuing_again_gives_the_values_of_the_edited_points_by_id_beside_those_before(fitted, valuation):
    fresh = type(valuation)(valuation.model, TEST)
    before = valuation.fit(TRAIN).values().values
    panel, page = fitted(valuation)
    assert told(page, "again", "waiting")["waiting"] == 0
    panel.edits.relabel(TRAIN, TRUE)
    panel.edits.drop(TRAIN, [40, 3])
    panel.edits.flag(TRAIN, [7])
    assert told(page, "again", "waiting", lambda m: m["waiting"] == 19)
    page.messages.clear()
    tell(page, "again", do="value")
    told(page, "again", "waiting", lambda m: m["waiting"] == 0 and m["valued"] == 118)
    np.testing.assert_array_equal(told(page, "again", "before")["values"], before.astype("f4"))
    if panel._session._run is not None:
        panel.wait()
    expected = fresh.fit(panel.dataset()).values().values
    shown = panel._session.values_now()
    stays = np.setdiff1d(np.arange(120), [3, 40])
    assert np.isnan(shown[[3, 40]]).all()
    np.testing.assert_allclose(shown[stays], expected, atol=1e-6)
    np.testing.assert_allclose(panel.values.values, expected, atol=1e-12)
    panel.edits.undo(back_to=0)  # undo stays possible, and valuing again goes back
    assert told(page, "again", "waiting", lambda m: m["waiting"] == 19)
    panel.value_again()
    if panel._session._run is not None:
        panel.wait()
    np.testing.assert_allclose(panel._session.values_now(), before, atol=1e-6)
    np.testing.assert_allclose(panel._session.valued.before, shown)


def test_a_running_valuation_is_not_valued_again_and_nothing_changes(fitted):
    train = dataset()
    panel, _ = fitted(FakeValuation(), train)
    panel.start()
    panel.edits.drop(train, [1])
    with pytest.raises(RunError, match="stop it first"):
        panel.value_again()
    panel.run.become("stopped")
    panel.edits.drop(train, list(range(20)))
    former = panel._session.valued
    with pytest.raises(InputError, match="all 20 points would be dropped"):
        panel.value_again()
    assert panel._session.valued is former


def test_a_page_goes_on_while_its_edited_points_are_valued_and_a_second_click_does_nothing(
    fitted, monkeypatch
):
    calls, begun, go = [], threading.Event(), threading.Event()
    relabel = ThresholdKNNShapleyValuation.relabel

    def slow(self, labels):
        calls.append(labels)
        begun.set()
        assert go.wait(60)
        return relabel(self, labels)

    monkeypatch.setattr(ThresholdKNNShapleyValuation, "relabel", slow)
    panel, page = fitted(ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(0.8), TEST).fit(TRAIN))
    panel.edits.relabel(TRAIN, TRUE)
    tell(page, "again", do="value")
    assert begun.wait(60)
    tell(page, "again", do="value")
    page.messages.clear()
    greet(page)  # the whole state is read and sent
    with pytest.raises(RunError, match="are being valued; wait"):
        panel.start()
    go.set()
    assert panel._desk.parts["again"].settle(60)
    assert told(page, "again", "waiting", lambda m: m["turn"] == 1)["waiting"] == 0
    assert (len(calls), page.of("error")) == (1, [])


def test_valuing_again_that_fails_half_way_changes_nothing_and_says_why(fitted, monkeypatch):
    def refuse(self, positions):
        raise InputError("not without these")

    valuation = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(0.8), TEST)
    before = valuation.fit(TRAIN).values().values
    panel, page = fitted(valuation)
    panel.edits.relabel(TRAIN, TRUE)
    panel.edits.drop(TRAIN, [3])
    with monkeypatch.context() as patched:
        patched.setattr(ThresholdKNNShapleyValuation, "remove", refuse)
        tell(page, "again", do="value")
        assert page.wait_for(lambda m: m["t"] == "error")["message"] == "not without these"
    np.testing.assert_array_equal(valuation.result.values, before)
    assert (valuation.data, panel._session.valued.turn) == (TRAIN, 0)
    panel.value_again()
    assert (len(valuation.data), panel._session.valued.turn) == (119, 1)


def test_values_of_other_data_are_no_answer_until_the_new_run_has_some(fitted):
    class Fitted(FakeValuation):
        is_fitted = True
        result = KNNShapleyValuation(KNeighborsClassifier(3), TEST).fit(TRAIN).result

    panel, _ = fitted(Fitted())
    assert len(panel.values) == 120
    panel.edits.drop(TRAIN, [3])
    panel.value_again()
    with pytest.raises(NotFittedError, match="no values yet"):
        _ = panel.values
