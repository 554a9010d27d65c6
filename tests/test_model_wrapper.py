"""`Model`: the talk's sentences as they are written, and otherwise the model itself."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, GradientBoostingRegressor, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

from dvlwidgets import (
    Dataset,
    DataShapleyValuation,
    MaxTime,
    MaxUpdates,
    Model,
    MSRSampler,
    RankCorrelation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.data.identity import digest
from dvlwidgets.errors import InputTypeError

X, Y = make_classification(120, 4, n_informative=3, n_redundant=0, random_state=3)
DATA, TEST = Dataset(X[:60], Y[:60]), Dataset(X[60:], Y[60:])


def test_the_sentences_of_the_talk() -> None:
    flipped = np.arange(0, 60, 6)
    data = DATA.relabel(flipped, 1 - Y[flipped])
    test = TEST
    model = Model(LogisticRegression())
    previous_accuracy = model.fit(data).score(test)
    valuation = DataShapleyValuation(
        Utility(model, SupervisedScorer("neg_log_loss", test)), MSRSampler(seed=1), MaxUpdates(200)
    )
    values = valuation.fit(data).values()
    values.sort()
    clean_data = data.drop_indices(values[:12].indices)
    model.fit(clean_data)
    assert model.score(test) > previous_accuracy
    # what the sentences mean
    by_hand = LogisticRegression().fit(*clean_data.data())
    assert model.score(test) == by_hand.score(*test.data())
    assert len(clean_data) == 48
    assert (np.diff(values.values) >= 0).all()
    assert len(np.intersect1d(values[:12].indices, flipped)) >= 5  # two by chance


def test_the_valuation_of_the_talk() -> None:
    numbers = X @ [1.0, -1.0, 2.0, 0.5]
    train, val = Dataset(X[:30], numbers[:30]), Dataset(X[60:], numbers[60:])
    model = GradientBoostingRegressor(n_estimators=10)
    scorer = SupervisedScorer("neg_mean_absolute_error", val)
    utility = Utility(model, scorer)
    valuation = DataShapleyValuation(utility, MSRSampler(), RankCorrelation() | MaxTime(0.5))
    with joblib.parallel_backend("threading", n_jobs=2):
        valuation.fit(train)
    assert valuation.values().provenance.evaluations > 10


def test_it_fits_and_scores_data_sets_and_arrays() -> None:
    plain = LogisticRegression().fit(DATA.x, DATA.y)
    wrapped = Model(LogisticRegression())
    assert wrapped.fit(DATA) is wrapped
    assert wrapped.score(TEST) == plain.score(TEST.x, TEST.y)
    np.testing.assert_array_equal(wrapped.predict(TEST), plain.predict(TEST.x))
    np.testing.assert_array_equal(wrapped.predict_proba(TEST.x), plain.predict_proba(TEST.x))
    again = Model(LogisticRegression()).fit(DATA.x, DATA.y, sample_weight=np.ones(60))
    assert again.score(TEST.x, TEST.y) == plain.score(TEST.x, TEST.y)
    assert again.score(TEST, sample_weight=np.ones(60)) == plain.score(TEST.x, TEST.y)


def test_everything_else_is_the_models_own() -> None:
    inner = RandomForestClassifier(n_estimators=3, random_state=0)
    model = Model(inner)
    assert model.get_params() == inner.get_params()
    assert model.set_params(n_estimators=2) is model
    assert inner.n_estimators == model.n_estimators == 2
    assert is_classifier(model)
    assert not is_regressor(model)
    assert is_regressor(Model(LinearRegression()))
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    model.fit(DATA)
    check_is_fitted(model)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    assert model.model is inner  # fitted itself, no copy
    assert len(model.estimators_) == 2
    assert repr(model) == f"Model({inner!r})"
    with pytest.raises(AttributeError, match="nonsense"):
        model.nonsense  # noqa: B018
    assert not hasattr(Model(LinearSVC()), "predict_proba")


def test_clones_and_copies() -> None:
    model = Model(make_pipeline(StandardScaler(), LogisticRegression(C=0.3))).fit(DATA)
    fresh = clone(model)
    assert isinstance(fresh, Model)
    assert fresh.get_params()["logisticregression__C"] == 0.3
    with pytest.raises(NotFittedError):
        fresh.predict(TEST)
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.predict(TEST), model.predict(TEST))
    nested = Model(Model(LogisticRegression()))
    assert isinstance(nested.model, LogisticRegression)


def test_scikit_learn_takes_it_for_an_estimator() -> None:
    plain = cross_val_score(DecisionTreeClassifier(random_state=0), X, Y, cv=3)
    np.testing.assert_array_equal(
        cross_val_score(Model(DecisionTreeClassifier(random_state=0)), X, Y, cv=3), plain
    )
    bag = BaggingClassifier(Model(DecisionTreeClassifier(random_state=0)), n_estimators=3, random_state=0)
    reference = BaggingClassifier(DecisionTreeClassifier(random_state=0), n_estimators=3, random_state=0)
    np.testing.assert_array_equal(bag.fit(X, Y).predict(X), reference.fit(X, Y).predict(X))


@pytest.mark.parametrize("model", [RandomForestClassifier(n_estimators=2), LogisticRegression(), LinearSVC()])
def test_a_utility_sees_the_model_within(model: Any) -> None:
    masks = np.random.default_rng(0).random((5, 60)) < 0.5
    plain = Utility(model, SupervisedScorer("accuracy", TEST)).with_dataset(DATA)
    wrapped = Utility(Model(model), SupervisedScorer("accuracy", TEST)).with_dataset(DATA)
    np.testing.assert_array_equal(wrapped(masks), plain(masks))  # seeded alike
    assert wrapped.key_parts() == plain.key_parts()
    assert wrapped.notes == plain.notes == ()
    assert digest(Model(model)) != digest(model)
    assert digest(Model(LogisticRegression(C=2))) != digest(Model(LogisticRegression()))


def test_a_scorer_scores_it() -> None:
    model = Model(LogisticRegression()).fit(DATA)
    scorer = SupervisedScorer(["accuracy", "neg_log_loss"], TEST)
    np.testing.assert_array_equal(scorer(model), scorer(model.model))


class Bare:
    """Fit and predict, nothing else."""

    def fit(self, x: Any, y: Any) -> None:
        self.label = int(np.median(y))

    def predict(self, x: Any) -> Any:
        return np.full(len(x), self.label)


def test_a_model_of_ones_own() -> None:
    model = Model(Bare())
    assert model.fit(DATA) is model
    assert model.predict(TEST).shape == (60,)
    with pytest.raises(InputTypeError, match="has no score"):
        model.score(TEST)
    assert not hasattr(model, "get_params")
    found = Utility(model, SupervisedScorer("accuracy", TEST)).with_dataset(DATA)(np.ones((1, 60), bool))
    assert found[0] == (TEST.y == int(np.median(DATA.y))).mean()
