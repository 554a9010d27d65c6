"""Columns that a page is sent after the points: what they say, when, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panel_fakes import FakeValuation, greet, progress
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.svm import LinearSVC

from dvlwidgets.data import Dataset
from dvlwidgets.widgets.out_of_fold import folds_of, out_of_fold
from dvlwidgets.widgets.parts import columns, view_table

N = 60


def data(rng_seed=0, **more):
    rng = np.random.default_rng(rng_seed)
    x = rng.normal(size=(N, 3))
    y = np.where(x[:, 0] + 0.3 * rng.normal(size=N) > 0, "dog", "cat")
    return Dataset(x, y, **more)


class Valuation(FakeValuation):
    """A run that is driven by hand, with a model that can be asked; as in closed forms there is no utility."""

    utility = None

    def __init__(self, model):
        super().__init__()
        self.model = model


@pytest.fixture
def asked(opened):
    """Makes panels of a model, their pages, and what these are sent."""

    def make(train, model):
        panel, page = opened(train, valuation=Valuation(model), hello=False)
        raw = []

        def send(content, buffers=None):
            raw.append((content, buffers or []))
            page(content, buffers)

        panel.send = send
        greet(page)
        return panel, page, raw

    return make


def arrived(page, raw, kind, where=lambda message: True):
    """The first such message, and the column that it brings as it was sent."""
    page.wait_for(lambda m: m["t"] == "part" and m["kind"] == kind and where(m))
    content, buffers = next((c, b) for c, b in raw if c["t"] == "part" and c["kind"] == kind and where(c))
    for column in content.get("columns", []):
        for key in {"codes", "probability", "values"} & set(column):
            at = column[key]
            column[key] = np.frombuffer(buffers[at["b"]], dtype=f"<{at['d']}") if isinstance(at, dict) else at
    return content


def test_out_of_fold_says_what_scikit_learn_says_of_the_same_folds():
    train = data()
    _, codes = np.unique(train.labels, return_inverse=True)
    said, _ = out_of_fold(LogisticRegression(), train, None)
    split = PredefinedSplit(folds_of(codes))
    expected = cross_val_predict(
        LogisticRegression(), train.x, train.labels, cv=split, method="predict_proba"
    )
    np.testing.assert_array_equal(said.codes, expected.argmax(axis=1))
    np.testing.assert_allclose(said.probability, expected.max(axis=1), rtol=1e-6)


def test_folds_hold_as_many_of_each_class_as_can_be():
    codes = np.repeat([0, 1, 2], [31, 17, 2])
    fold = folds_of(codes)
    for code in range(3):
        counts = np.bincount(fold[codes == code], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_points_that_are_left_out_are_judged_and_not_learnt_from():
    train = data()
    kept, others = train.take(np.arange(50)), train.take(np.arange(50, N))
    said, besides = out_of_fold(LogisticRegression(), kept, others)
    alone, _ = out_of_fold(LogisticRegression(), kept, None)
    np.testing.assert_array_equal(said.probability, alone.probability)
    assert besides is not None
    assert besides.codes.shape == (10,)
    assert (np.array(besides.classes)[besides.codes] == others.labels).mean() > 0.7


def test_labels_are_suggested_once_the_run_has_values_and_an_edited_label_counts(asked):
    train = data()
    panel, page, raw = asked(train, LogisticRegression())
    assert arrived(page, raw, "suggesting")["state"] == "waiting"
    panel.edits.relabel(train, [3], "dog")
    panel.edits.drop(train, [5])
    panel.run.start()
    panel.run.yields(progress(N))
    message = arrived(page, raw, "columns")
    suggested, predicted = message["columns"]
    kept = np.setdiff1d(np.arange(N), [5])
    labels = train.relabel({3: "dog"})
    said, besides = out_of_fold(LogisticRegression(), labels.take(kept), train.take([5]))
    assert suggested["classes"] == ["cat", "dog"]
    np.testing.assert_array_equal(suggested["codes"][kept], said.codes)
    np.testing.assert_array_equal(suggested["probability"][kept], said.probability)
    assert besides is not None
    assert suggested["codes"][5] == besides.codes[0]
    fitted = LogisticRegression().fit(labels.x[kept], labels.labels[kept])
    assert [predicted["classes"][code] for code in predicted["codes"]] == fitted.predict(train.x).tolist()
    assert "out-of-fold, 5 folds" in suggested["tip"]
    assert "in-sample" in predicted["tip"]
    arrived(page, raw, "suggesting", lambda m: m["state"] == "done")
    table = view_table.table_of(panel._session)  # what files get
    assert table["suggested"].tolist() == [suggested["classes"][code] for code in suggested["codes"]]
    np.testing.assert_array_equal(table["suggested_probability"], suggested["probability"])
    assert table["predicted"].tolist() == fitted.predict(train.x).tolist()


def test_a_large_data_set_is_not_fitted_without_being_asked(asked, monkeypatch):
    monkeypatch.setattr(columns, "MOST", N - 1)
    panel, page, raw = asked(data(), LogisticRegression())
    assert arrived(page, raw, "suggesting")["state"] == "large"
    panel.run.start()
    panel.run.yields(progress(N))
    assert not any(m["kind"] == "columns" for m in page.of("part"))
    page.receive({"t": "part", "part": "columns", "what": "suggest", "request": "q"})
    assert len(arrived(page, raw, "columns")["columns"]) == 2


class Broken(LogisticRegression):
    def fit(self, x, y):
        raise RuntimeError("no memory left")


def test_a_model_that_fails_is_said_to_fail_and_one_without_probabilities_is_not_asked(asked):
    panel, page, raw = asked(data(), Broken())
    panel.run.start()
    panel.run.yields(progress(N))
    failed = arrived(page, raw, "suggesting", lambda m: m["state"] == "failed")
    assert failed["why"] == "RuntimeError: no memory left"
    panel, page, raw = asked(data(), LinearSVC())
    assert arrived(page, raw, "suggesting")["state"] == "none"
    page.receive({"t": "part", "part": "columns", "what": "suggest", "request": "q"})
    refusal = page.wait_for(lambda m: m["t"] == "error")
    assert "predict_proba" in refusal["message"]


def test_features_beyond_those_sent_come_when_they_are_asked_for(asked):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(N, 40)), columns=[f"c{i}" for i in range(40)])
    sites = np.where(rng.random(N) < 0.5, "north", "")
    frame["site"] = [site or None for site in sites]
    _, page, raw = asked(Dataset(frame, np.arange(N) % 2), LogisticRegression())
    names = arrived(page, raw, "offered")["names"]
    assert names == [*(f"c{i}" for i in range(30, 40)), "site"]
    page.receive({"t": "part", "part": "columns", "what": "feature", "name": "c35", "request": "q"})
    (column,) = arrived(page, raw, "columns c35")["columns"]
    np.testing.assert_array_equal(column["values"], frame["c35"].to_numpy(np.float32))
    page.receive({"t": "part", "part": "columns", "what": "feature", "name": "site", "request": "r"})
    (column,) = arrived(page, raw, "columns site")["columns"]
    assert [column["classes"][code] for code in column["codes"]] == sites.tolist()
    page.receive({"t": "part", "part": "columns", "what": "feature", "name": "c2", "request": "s"})
    assert "'c2' is no feature" in page.wait_for(lambda m: m["t"] == "error")["message"]
