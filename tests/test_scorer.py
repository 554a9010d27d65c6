"""Scorers: equal to scikit-learn's, at ease with subsets that lack a class, honest about failures."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes, load_linnerud, load_wine
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    make_scorer,
    mean_absolute_error,
    roc_auc_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets.data import Dataset, GroupedDataset, digest
from dvlwidgets.errors import DvlError, ScorerError
from dvlwidgets.utility import SupervisedScorer, compose_score, sigmoid

WINE = Dataset.from_sklearn(load_wine(), random_state=0, stratify_by_target=True)
CANCER = Dataset.from_sklearn(load_breast_cancer(), random_state=0, stratify_by_target=True)
DIABETES = Dataset.from_sklearn(load_diabetes(), random_state=0)


class Nearest:
    """Fits and predicts; nothing else that scikit-learn would ask for."""

    def fit(self, x: Any, y: Any) -> Nearest:
        self.x, self.y = np.asarray(x), np.asarray(y)
        return self

    def predict(self, x: Any) -> NDArray[Any]:
        return self.y[((np.asarray(x)[:, None] - self.x[None]) ** 2).sum(axis=2).argmin(axis=1)]


class Says(BaseEstimator):
    """Predicts what it was told to."""

    def __init__(self, said: NDArray[Any]) -> None:
        self.said = said

    def predict(self, x: Any) -> NDArray[Any]:
        return self.said


class Scored:
    """Fits, and scores itself."""

    def fit(self, x: Any, y: Any) -> Scored:
        self.mean = float(np.mean(y))
        return self

    def score(self, x: Any, y: Any) -> float:
        return -abs(self.mean - float(np.mean(y)))


def half_right(model: Any, x: Any, y: Any) -> float:
    return float(np.mean(model.predict(x) == y)) / 2


# --- equal to scikit-learn --------------------------------------------------------------------------------------


def scored_by_sklearn(name: str, model: Any, test: Dataset) -> float:
    return float(get_scorer(name)(model, test.x, test.y))


@pytest.mark.parametrize(
    "name", ["accuracy", "neg_log_loss", "balanced_accuracy", "f1_macro", "f1_weighted", "roc_auc_ovr"]
)
def test_classification_scores_equal_sklearns(name: str) -> None:
    train, test = WINE
    for model in (GaussianNB(), make_pipeline(StandardScaler(), LogisticRegression(C=0.01))):
        model.fit(*train.data())
        expected = scored_by_sklearn(name, model, test)
        assert SupervisedScorer(name, test)(model) == pytest.approx(expected, rel=1e-12)
        assert SupervisedScorer(name, test).bind(model, train)(model) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "r2",
        "neg_mean_squared_error",
        "neg_root_mean_squared_error",
        "neg_mean_absolute_error",
        "neg_median_absolute_error",
        "explained_variance",
    ],
)
def test_regression_scores_equal_sklearns(name: str) -> None:
    train, test = DIABETES
    model = Ridge().fit(*train.data())
    assert SupervisedScorer(name, test).bind(model, train)(model) == pytest.approx(
        scored_by_sklearn(name, model, test), rel=1e-12
    )
    several = Dataset.from_sklearn(load_linnerud(), random_state=0)
    model = LinearRegression().fit(*several[0].data())
    assert SupervisedScorer(name, several[1]).bind(model, several[0])(model) == pytest.approx(
        scored_by_sklearn(name, model, several[1]), rel=1e-12
    )


@pytest.mark.parametrize("name", sorted(get_scorer_names()))
def test_every_name_of_sklearn_works(name: str) -> None:
    """On binary classes if the metric takes them, else on positive numbers; `*_samples` needs label sets."""
    if name.endswith("_samples"):
        rng = np.random.RandomState(0)
        x, y = rng.rand(40, 5), rng.rand(40, 3) > 0.5
        y[:, 0] = True  # a point without any label has no recall
        test, model = Dataset(x, y, multi_output=True), DecisionTreeClassifier(random_state=0, max_depth=4)
        train = test
    elif name.startswith(("r2", "explained", "d2_abs", "neg_m", "neg_root")):
        train, test = DIABETES
        model = GradientBoostingRegressor(n_estimators=5, random_state=0)
    else:
        train, test = WINE if name == "top_k_accuracy" else CANCER
        model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(*train.data())
    score = SupervisedScorer(name, test, default=0.0 if "likelihood" in name else None).bind(model, train)(
        model
    )
    assert score == pytest.approx(scored_by_sklearn(name, model, test), rel=1e-9)


@settings(max_examples=40)
@given(st.data())
def test_plain_metrics_equal_sklearns_on_anything(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 8))
    numbers = st.lists(st.floats(-1e3, 1e3).map(lambda v: round(v, 3)), min_size=n, max_size=n)
    truth, said = np.array(data.draw(numbers)), np.array(data.draw(numbers))

    test = (np.zeros((n, 1)), truth)
    for name in ("r2", "neg_mean_squared_error", "neg_mean_absolute_error", "neg_root_mean_squared_error"):
        ours = SupervisedScorer(name, test)(Says(said))[0]
        theirs = get_scorer(name)(Says(said), *test)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@settings(max_examples=40)
@given(st.data())
def test_plain_class_metrics_equal_sklearns_on_anything(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    names = np.array(["ant", "bee", "cat", "dog"])
    codes = st.lists(st.integers(0, 3), min_size=n, max_size=n)
    truth, said = names[data.draw(codes)], names[data.draw(codes)]
    for name, function in {
        "accuracy": accuracy_score,
        "balanced_accuracy": balanced_accuracy_score,
        "f1_macro": partial(f1_score, average="macro"),
        "f1_weighted": partial(f1_score, average="weighted"),
    }.items():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true|.*single label")
            expected = function(truth, said)
        bound = SupervisedScorer(name, (np.zeros((n, 1)), truth)).bind(
            Nearest(), Dataset(np.zeros((4, 1)), names)
        )
        assert bound(Says(said))[0] == pytest.approx(expected, rel=1e-12)


@given(st.data())
def test_roc_auc_equals_sklearns_with_ties(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 12))
    truth = np.array([0, 1, *data.draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))])
    said = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))) / 4

    class Sure:
        classes_ = np.array([0, 1])

        def predict_proba(self, x: Any) -> NDArray[Any]:
            return np.column_stack([1 - said, said])

    ours = SupervisedScorer("roc_auc", (np.zeros((n, 1)), truth))(Sure())
    assert ours == pytest.approx(roc_auc_score(truth, said), rel=1e-12)


def test_roc_auc_asks_the_decision_function_first() -> None:
    train, test = CANCER
    for model in (LinearSVC(), make_pipeline(StandardScaler(), LogisticRegression()), GaussianNB()):
        model.fit(*train.data())
        ours = SupervisedScorer("roc_auc", test).bind(model, train)(model)
        assert ours == pytest.approx(scored_by_sklearn("roc_auc", model, test), rel=1e-12)


def test_probability_is_the_mean_probability_of_the_true_class() -> None:
    train, test = WINE
    model = GaussianNB().fit(*train.data())
    expected = model.predict_proba(test.x)[np.arange(len(test)), test.y].mean()
    assert SupervisedScorer("probability", test).bind(model, train)(model) == pytest.approx(expected)


# --- subsets that lack a class ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["accuracy", "neg_log_loss", "probability", "roc_auc_ovr", "roc_auc_ovo", "f1_macro", "neg_brier_score"],
)
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_class_is_no_failure(name: str, missing: int) -> None:
    train, test = WINE
    bound = SupervisedScorer(name, test).bind(GaussianNB(), train)
    model = GaussianNB().fit(*train.data(np.flatnonzero(train.y != missing)))
    score = bound(model)
    assert np.isfinite(score).all()
    assert score < bound(GaussianNB().fit(*train.data()))


def test_a_missing_class_costs_what_its_clipped_probability_costs() -> None:
    train, test = WINE
    model = GaussianNB().fit(*train.data(np.flatnonzero(train.y != 1)))
    full = np.zeros((len(test), 3))
    full[:, [0, 2]] = model.predict_proba(test.x)
    eps = np.finfo(float).eps
    expected = np.log(np.clip(full, eps, 1 - eps)[np.arange(len(test)), test.y]).mean()
    assert SupervisedScorer("neg_log_loss", test).bind(model, train)(model) == pytest.approx(expected)


def test_one_class_alone_can_be_scored() -> None:
    train, test = WINE
    model = DecisionTreeClassifier().fit(*train.data(np.flatnonzero(train.y == 1)))
    scorer = SupervisedScorer(["accuracy", "neg_log_loss", "probability"], test).bind(model, train)
    share = float(np.mean(test.y == 1))
    assert scorer(model) == pytest.approx([share, (1 - share) * np.log(np.finfo(float).eps), share], rel=1e-9)


def test_a_class_that_only_the_training_set_has() -> None:
    train, test = WINE
    two = test[np.flatnonzero(test.y != 2)]
    model = GaussianNB().fit(*train.data())
    expected = -log_loss(two.y, model.predict_proba(two.x), labels=[0, 1, 2])
    assert SupervisedScorer("neg_log_loss", two).bind(model, train)(model) == pytest.approx(expected)
    assert SupervisedScorer("neg_log_loss", two)(model) == pytest.approx(expected)


def test_a_class_that_only_the_test_set_has() -> None:
    train, test = WINE
    two = train[np.flatnonzero(train.y != 2)]
    model = GaussianNB().fit(*two.data())
    assert np.isfinite(SupervisedScorer("neg_log_loss", test).bind(model, two)(model)).all()


def test_text_labels() -> None:
    names = np.array(["ant", "bee", "cat"])
    train, test = (Dataset(part.x, names[part.y]) for part in WINE)
    model = GaussianNB().fit(*train.data(np.flatnonzero(train.y != "bee")))
    assert np.isfinite(
        SupervisedScorer(["accuracy", "neg_log_loss", "f1_macro"], test).bind(model, train)(model)
    ).all()


def test_columns_that_nobody_can_name_are_refused() -> None:
    class Mute:
        def predict_proba(self, x: Any) -> NDArray[Any]:
            return np.full((len(x), 2), 0.5)

    train, test = WINE
    with pytest.raises(ScorerError, match="classes_"):
        SupervisedScorer("neg_log_loss", test).bind(Mute(), train)(Mute())
    two = test[np.flatnonzero(test.y != 2)]
    assert SupervisedScorer("neg_log_loss", two)(Mute()) == pytest.approx(
        np.log(0.5)
    )  # as many columns as classes


# --- any model, any scoring -------------------------------------------------------------------------------------


def test_duck_typed_models() -> None:
    train, test = WINE
    nearest = Nearest().fit(*train.data())
    scorer = SupervisedScorer(["accuracy", "f1_macro", "balanced_accuracy"], test)
    assert scorer.bind(Nearest(), train)(nearest)[0] == np.mean(nearest.predict(test.x) == test.y)
    regression = SupervisedScorer(["r2", "neg_mean_absolute_error", "neg_median_absolute_error"], DIABETES[1])
    assert regression.bind(Nearest(), DIABETES[0])(Nearest().fit(*DIABETES[0].data())).shape == (3,)
    assert SupervisedScorer("score", test).bind(Scored(), train)(Scored().fit(*train.data())) <= 0


def test_own_score_by_name_or_by_model() -> None:
    train, test = WINE
    model = GaussianNB().fit(*train.data())
    for scoring in ("score", GaussianNB()):
        assert SupervisedScorer(scoring, test)(model) == model.score(test.x, test.y)


def test_callables_and_made_scorers() -> None:
    train, test = WINE
    model = GaussianNB().fit(*train.data())
    accuracy = model.score(test.x, test.y)
    scorer = SupervisedScorer({"half": half_right, "f1": make_scorer(f1_score, average="macro")}, test)
    assert scorer.names == ("half", "f1")
    assert scorer(model) == pytest.approx(
        [accuracy / 2, f1_score(test.y, model.predict(test.x), average="macro")]
    )
    assert SupervisedScorer(half_right, test).names == ("half_right",)


def test_test_data_may_be_frames_groups_or_a_pair() -> None:
    bunch = load_wine(as_frame=True)
    d = Dataset(bunch.data, bunch.target)
    model = GaussianNB().fit(*d.data())
    expected = model.score(*d.data())
    for test in (d, (bunch.data, bunch.target), GroupedDataset.from_dataset(d, np.arange(178) % 3)):
        assert SupervisedScorer("accuracy", test)(model) == expected


def test_scoring_changes_neither_model_nor_test_data() -> None:
    train, test = WINE
    model = GaussianNB().fit(*train.data())
    before, learned = test.fingerprint, pickle.dumps(model)
    SupervisedScorer(["accuracy", "neg_log_loss", "roc_auc_ovr", "score"], test).bind(model, train)(model)
    assert Dataset(test.x, test.y, ids=test.ids).fingerprint == before
    assert pickle.dumps(model) == learned


def test_names() -> None:
    test = WINE[1]
    assert SupervisedScorer("accuracy", test).names == ("accuracy",)
    assert SupervisedScorer("accuracy", test, name="hits").names == ("hits",)
    both = SupervisedScorer(["accuracy", "f1_macro"], test, name="both")
    assert both.names == ("accuracy", "f1_macro")
    assert both.name == "both"
    assert SupervisedScorer({"a": "accuracy"}, test).names == ("a",)


# --- defaults ---------------------------------------------------------------------------------------------------


def test_default_is_the_score_of_a_guess_where_zero_would_be_perfect() -> None:
    train, test = WINE
    shares = np.bincount(train.y) / len(train)
    bound = SupervisedScorer("neg_log_loss", test).bind(GaussianNB(), train)
    assert bound.default == pytest.approx(np.log(shares)[test.y].mean())
    assert "0.0 would be a perfect score" in bound.note
    train, test = DIABETES
    bound = SupervisedScorer("neg_mean_absolute_error", test).bind(Ridge(), train)
    assert bound.default == pytest.approx(-mean_absolute_error(test.y, np.full(len(test), train.y.mean())))
    assert "mean" in bound.note


@pytest.mark.parametrize("name", ["accuracy", "probability", "roc_auc_ovr", "f1_macro", "score"])
def test_default_is_zero_where_zero_is_bad(name: str) -> None:
    bound = SupervisedScorer(name, WINE[1]).bind(GaussianNB(), WINE[0])
    assert bound.default.tolist() == [0.0]
    assert not bound.note


def test_default_of_r2_is_zero() -> None:
    assert SupervisedScorer("r2", DIABETES[1]).bind(Ridge(), DIABETES[0]).default.tolist() == [0.0]


def test_defaults_of_several_metrics() -> None:
    train, test = WINE
    names = ["accuracy", "neg_log_loss"]
    assert SupervisedScorer(names, test, default=0.25).bind(GaussianNB(), train).default.tolist() == [
        0.25,
        0.25,
    ]
    given_both = SupervisedScorer(names, test, default=[0.5, -9]).bind(GaussianNB(), train)
    assert given_both.default.tolist() == [0.5, -9]
    assert not given_both.note
    assert SupervisedScorer(names, test).bind(GaussianNB(), train).default[0] == 0.0


def test_default_of_a_callable_is_a_guess_if_that_is_negative() -> None:
    train, test = DIABETES

    def loss(model: Any, x: Any, y: Any) -> float:
        return -float(np.mean(np.abs(model.predict(x) - y)))

    def inner(model: Any, x: Any, y: Any) -> float:
        return float(model.coef_.sum())

    same = SupervisedScorer("neg_mean_absolute_error", test).bind(Ridge(), train).default
    assert SupervisedScorer(loss, test).bind(Ridge(), train).default == pytest.approx(same)
    bound = SupervisedScorer(inner, test).bind(Ridge(), train)
    assert bound.default.tolist() == [0.0]
    assert "coef_" in bound.note
    assert SupervisedScorer(half_right, WINE[1]).bind(GaussianNB(), WINE[0]).default.tolist() == [0.0]


def test_default_of_a_made_loss() -> None:
    train, test = DIABETES
    made = make_scorer(mean_absolute_error, greater_is_better=False)
    bound = SupervisedScorer(made, test).bind(Ridge(), train)
    assert bound.default == SupervisedScorer("neg_mean_absolute_error", test).bind(Ridge(), train).default


def test_default_with_groups() -> None:
    train, test = WINE
    groups = GroupedDataset.from_dataset(train, np.arange(len(train)) % 7)
    scorer = SupervisedScorer("neg_log_loss", test)
    assert scorer.bind(GaussianNB(), groups).default == scorer.bind(GaussianNB(), train).default


# --- refusals -----------------------------------------------------------------------------------------------------

W, D = WINE, DIABETES
UNBOUND: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: SupervisedScorer("acuracy", W[1]), ValueError, "Did you mean 'accuracy'"),
    (lambda: SupervisedScorer(3, W[1]), TypeError, "scoring is of type int"),
    (lambda: SupervisedScorer([], W[1]), ValueError, "at least one"),
    (lambda: SupervisedScorer(["r2", "r2"], W[1]), ValueError, "a name of its own"),
    (lambda: SupervisedScorer("r2", W[1].x), TypeError, "test_data is a ndarray"),
    (lambda: SupervisedScorer("r2", (W[1].x, W[1].y[:3])), ValueError, "3 labels"),
    (lambda: SupervisedScorer("r2", (W[1].x[:0], W[1].y[:0])), ValueError, "no rows"),
    (lambda: SupervisedScorer("r2", W[1], default=-np.inf), ValueError, "finite"),
    (lambda: SupervisedScorer("r2", W[1], default=[0.0, 1.0]), ValueError, "default="),
    (lambda: SupervisedScorer("r2", W[1], default="low"), ValueError, "default="),  # type: ignore[arg-type]
    (lambda: SupervisedScorer("r2", W[1], default=2.0, range=(0, 1)), ValueError, "range"),
    (lambda: SupervisedScorer("r2", W[1], range=(1, 0)), ValueError, "range="),
    (lambda: SupervisedScorer("r2", W[1], range=(0, np.nan)), ValueError, "range="),
    (lambda: SupervisedScorer("r2", W[1], range=3), ValueError, "range="),  # type: ignore[arg-type]
    (lambda: compose_score("r2", sigmoid, "x"), TypeError, "SupervisedScorer"),  # type: ignore[arg-type]
    (lambda: compose_score(SupervisedScorer("r2", D[1]), 3, "x"), TypeError, "function"),  # type: ignore[arg-type]
]
BOUND: list[tuple[str, Any, Any, str]] = [
    ("accuracy", GradientBoostingRegressor(), D, "GradientBoostingRegressor predicts numbers"),
    ("f1_macro", make_pipeline(StandardScaler(), Ridge()), D, "predicts numbers"),
    ("neg_log_loss", Ridge(), W, "predicts numbers"),
    ("accuracy", GaussianNB(), (D[0], Dataset(D[1].x, D[1].y + 0.5)), "numbers with fractions"),
    ("r2", GaussianNB(), (W[0], Dataset(W[1].x, W[1].y.astype(str))), "scores numbers"),
    ("accuracy", GaussianNB(), (W[0], Dataset(W[1].x, W[1].y.astype(str))), "labels of one kind"),
]
CALLED: list[tuple[Any, Any, Any, str]] = [
    ("neg_log_loss", LinearSVC(), W, "LinearSVC has no predict_proba"),
    ("neg_log_loss", SVC(), W, "SVC has no predict_proba"),
    ("roc_auc", GaussianNB(), W, "'roc_auc' cannot score"),
    ("f1", GaussianNB(), W, "'f1' cannot score"),
    ("accuracy", Scored(), W, "has no predict"),
    ("score", Nearest(), W, "no method score"),
    ("accuracy", Nearest(), (Dataset(W[0].x, W[0].y + 0.5), W[1]), "Nearest predicts numbers"),
    (lambda m, x, y: [1.0, 2.0], GaussianNB(), W, "returned 2 numbers"),
    (lambda m, x, y: np.nan, GaussianNB(), W, "is nan; expected a finite number"),
]


@pytest.mark.parametrize(("make", "kind", "words"), UNBOUND)
def test_construction_refuses(make: Callable[[], object], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        make()
    assert isinstance(caught.value, DvlError)


@pytest.mark.parametrize(("name", "model", "data", "words"), BOUND)
def test_what_can_never_work_is_said_before_the_first_fit(
    name: str, model: Any, data: Any, words: str
) -> None:
    with pytest.raises(ScorerError, match=words):
        SupervisedScorer(name, data[1]).bind(model, data[0])


@pytest.mark.parametrize(("scoring", "model", "data", "words"), CALLED)
def test_what_the_fitted_model_cannot_do_is_said_at_the_first_call(
    scoring: Any, model: Any, data: Any, words: str
) -> None:
    bound = SupervisedScorer(scoring, data[1], default=0.0).bind(model, data[0])
    model.fit(*data[0].data())
    with pytest.raises(ScorerError, match=words):
        bound(model)


def test_a_failing_model_is_not_blamed_on_the_scorer() -> None:
    class Broken(GaussianNB):
        def predict(self, x: Any) -> NDArray[Any]:
            raise ValueError("the model's own trouble")

    model = Broken().fit(*WINE[0].data())
    for name in ("accuracy", "f1_macro"):
        with pytest.raises(ValueError, match="own trouble") as caught:
            SupervisedScorer(name, WINE[1])(model)
        assert not isinstance(caught.value, DvlError)


def test_predictions_must_be_finite_and_of_the_right_number() -> None:
    test = (np.zeros((3, 1)), [0.5, 1.5, 2.5])
    with pytest.raises(ScorerError, match="NaN"):
        SupervisedScorer("r2", test)(Says(np.array([1, np.nan, 2])))
    with pytest.raises(ScorerError, match=r"shape \(2,\)"):
        SupervisedScorer("r2", test)(Says(np.zeros(2)))
    assert SupervisedScorer("r2", test)(Says(np.array([[0.5], [1.5], [2.5]]))) == 1.0  # a column is a vector


def test_a_score_outside_of_the_range_is_an_error() -> None:
    train, test = DIABETES
    model = Ridge().fit(*train.data())
    with pytest.raises(ScorerError, match="outside of the stated range"):
        SupervisedScorer("neg_mean_squared_error", test, range=(-1, 0))(model)


def test_a_guess_without_a_finite_score_needs_a_default() -> None:
    nothing = make_scorer(lambda y, predicted: np.nan, greater_is_better=False)
    with pytest.raises(ScorerError, match="default="):
        SupervisedScorer(nothing, CANCER[1]).bind(GaussianNB(), CANCER[0])


# --- composed scores ----------------------------------------------------------------------------------------------


def test_composed_scores_defaults_and_ranges() -> None:
    train, test = DIABETES
    model = Ridge().fit(*train.data())
    plain = SupervisedScorer("r2", test)
    squashed = compose_score(plain, sigmoid, "squashed r2")
    assert squashed.names == ("squashed r2",)
    assert squashed.range == (0.0, 1.0)
    bound = squashed.bind(model, train)
    assert bound(model) == pytest.approx(sigmoid(float(plain(model)[0])))
    assert bound.default.tolist() == [0.5]
    assert plain.names == ("r2",)
    twice = compose_score(squashed, lambda v: v * v, "squared")
    assert twice(model) == pytest.approx(bound(model) ** 2)
    two = compose_score(SupervisedScorer(["r2", "explained_variance"], test), sigmoid, "s")
    assert two.names == ("s(r2)", "s(explained_variance)")
    assert two(model).shape == (2,)


@given(st.floats(allow_nan=False))
def test_sigmoid_is_safe_and_symmetric(x: float) -> None:
    assert 0.0 <= sigmoid(x) <= 1.0
    assert sigmoid(x) + sigmoid(-x) == pytest.approx(1.0)


# --- identity and transport ---------------------------------------------------------------------------------------


def test_digest_tells_scorers_apart() -> None:
    train, test = WINE
    scorers = [
        SupervisedScorer("accuracy", test),
        SupervisedScorer("probability", test),
        SupervisedScorer(["accuracy", "probability"], test),
        SupervisedScorer("accuracy", test[:-1]),
        SupervisedScorer("accuracy", test, default=0.5),
        SupervisedScorer("accuracy", test, range=(0, 1)),
        SupervisedScorer(half_right, test),
        SupervisedScorer(lambda m, x, y: 1.0, test),
        SupervisedScorer(make_scorer(f1_score, average="macro"), test),
        SupervisedScorer(make_scorer(f1_score, average="micro"), test),
        compose_score(SupervisedScorer("accuracy", test), sigmoid, "s"),
    ]
    assert len({digest(scorer) for scorer in scorers}) == len(scorers)
    assert digest(SupervisedScorer("accuracy", (test.x, test.y))) != digest(scorers[0])  # other ids
    bound = scorers[0].bind(GaussianNB(), train)
    bound(GaussianNB().fit(*train.data()))
    assert digest(bound) == digest(scorers[0].bind(GaussianNB(), train))
    assert digest(scorers[0]) == digest(pickle.loads(pickle.dumps(scorers[0])))


def test_bound_scorers_travel_to_workers() -> None:
    train, test = WINE
    model = GaussianNB().fit(*train.data())

    def local(m: Any, x: Any, y: Any) -> float:
        return half_right(m, x, y)

    bound = SupervisedScorer({"a": "accuracy", "l": local, "f": "f1_macro", "p": "neg_log_loss"}, test).bind(
        model, train
    )
    there = cloudpickle.loads(cloudpickle.dumps(bound))  # what loky does
    assert there(model).tolist() == bound(model).tolist()


def test_frames_reach_the_model() -> None:
    class Named:
        def fit(self, x: pd.DataFrame, y: pd.Series) -> Named:
            return self

        def predict(self, x: pd.DataFrame) -> NDArray[Any]:
            return np.asarray(x["flavanoids"] > 1)

    bunch = load_wine(as_frame=True)
    d = Dataset(bunch.data, bunch.target > 0)
    assert 0 < SupervisedScorer("accuracy", d).bind(Named(), d)(Named().fit(*d.data())) < 1
