"""Values that do not hang on one split: several test sets, or the folds of the training data (pyDVL #198)."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import semivalue_by_enumeration
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets import (
    Dataset,
    DeterministicUniformSampler,
    GroupedDataset,
    LOOValuation,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
    compose_score,
    sigmoid,
)
from dvlwidgets.data.identity import digest
from dvlwidgets.errors import FirstFitError, InputError, InputTypeError
from dvlwidgets.utility.averaged import CrossValidatedUtility
from dvlwidgets.utility.averaged_scorer import AveragedScorer
from dvlwidgets.valuation.semivalue import banzhaf_law, beta_law, loo_law, shapley_law


class Means:
    """The nearest class mean: a classifier that fits in microseconds, on one class too."""

    def __init__(self, sharpness: float = 1.0) -> None:
        self.sharpness = sharpness

    def fit(self, x: Any, y: Any) -> Means:
        self.classes_ = np.unique(y)
        self.means = np.stack([x[y == c].mean(axis=0) for c in self.classes_])
        return self

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        near = np.exp(-self.sharpness * ((x[:, None, :] - self.means) ** 2).sum(axis=2))
        return near / near.sum(axis=1, keepdims=True)

    def predict(self, x: Any) -> NDArray[Any]:
        return self.classes_[self.predict_proba(x).argmax(axis=1)]


def blobs(n: int, seed: int = 0, labels: Any = (0, 1)) -> Dataset:
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(n) % 2)
    return Dataset(2.0 * codes[:, None] + rng.normal(size=(n, 2)), np.asarray(labels)[codes])


# --- several test sets ------------------------------------------------------------------------------------------


def test_the_mean_over_test_sets_counts_each_alike() -> None:
    train, sets = blobs(20), [blobs(8, 1), blobs(30, 2)]
    model = Means().fit(train.x, train.y)
    each = [accuracy_score(t.y, model.predict(t.x)) for t in sets]
    scorer = AveragedScorer("accuracy", sets)
    np.testing.assert_allclose(scorer(model), [np.mean(each)])
    np.testing.assert_allclose(scorer.each(model)[:, 0], each)
    bound = Utility(Means(), scorer).with_dataset(train)
    np.testing.assert_allclose(bound(np.ones((1, 20), bool)), [np.mean(each)])
    assert bound.metrics == ("accuracy",)


def test_values_of_the_mean_are_the_mean_of_the_values_at_the_cost_of_one() -> None:
    train, sets = blobs(6), [blobs(8, 1), blobs(30, 2)]
    fits: list[int] = []

    class Noted(Means):
        def fit(self, x: Any, y: Any) -> Any:
            fits.append(len(y))
            return super().fit(x, y)

    def values(scorer: SupervisedScorer) -> NDArray[np.float64]:
        return (
            ShapleyValuation(Utility(Noted(), scorer), DeterministicUniformSampler()).fit(train).result.values
        )

    both = values(AveragedScorer("probability", sets))
    one_run = len(fits)
    single = [values(SupervisedScorer("probability", t)) for t in sets]
    assert one_run == 2**6 - 1  # all but the empty set, once
    np.testing.assert_allclose(both, np.mean(single, axis=0), atol=1e-12)


def test_averages_of_several_metrics_defaults_and_transformations() -> None:
    train, sets = blobs(20), [blobs(8, 1), blobs(12, 2)]
    scorer = AveragedScorer({"loss": "log_loss", "hits": "accuracy"}, sets)
    bound = scorer.bind(LogisticRegression(), train)
    singles = [part.bind(LogisticRegression(), train) for part in scorer.parts]
    np.testing.assert_allclose(bound.default, np.mean([s.default for s in singles], axis=0))
    assert "0.0 would be a perfect score" in bound.note
    squashed = compose_score(AveragedScorer("accuracy", sets), sigmoid, "squashed")
    model = LogisticRegression().fit(train.x, train.y)
    mean = AveragedScorer("accuracy", sets)(model)[0]
    np.testing.assert_allclose(squashed.bind(model, train)(model), [sigmoid(mean)])
    np.testing.assert_allclose(squashed(model), [sigmoid(mean)])
    assert digest(scorer) != digest(AveragedScorer({"loss": "log_loss", "hits": "accuracy"}, sets[::-1]))
    named = [
        Utility(Means(), AveragedScorer("accuracy", [sets[0], other]), key="mine")
        .with_dataset(train)
        .key_parts()
        for other in (sets[1], blobs(12, 3))
    ]
    assert named[0]["test data"] != named[1]["test data"]


# --- folds ------------------------------------------------------------------------------------------------------


def by_hand(model: Any, data: Dataset, fold: NDArray[np.intp], mask: NDArray[np.bool_], score: Any) -> float:
    found = []
    for k in range(fold.max() + 1):
        inside, train = fold == k, mask & (fold != k)
        fitted = model.fit(data.x[train], data.y[train])
        found.append(score(data.y[inside], fitted.predict(data.x[inside])))
    return float(np.mean(found))


def test_the_utility_is_the_cross_validated_score() -> None:
    data = blobs(24)
    utility = CrossValidatedUtility(Means(), "accuracy", folds=4, seed=3)
    bound = utility.with_dataset(data)
    masks = np.random.default_rng(0).random((5, 24)) < 0.8
    masks[0] = True
    expected = [by_hand(Means(), data, bound.fold, mask, accuracy_score) for mask in masks]
    np.testing.assert_allclose(bound(masks), expected)
    assert bound.first().full[0] == pytest.approx(expected[0])


def test_folds_are_even_in_size_and_class_and_repeat() -> None:
    x, y = load_iris(return_X_y=True)
    data = Dataset(x, y)
    fold = CrossValidatedUtility(Means(), "accuracy", folds=5, seed=1).fold_of(data)
    assert (np.bincount(fold) == 30).all()
    assert (np.array([np.bincount(fold[y == c]) for c in range(3)]) == 10).all()
    again = CrossValidatedUtility(Means(), "accuracy", folds=5, seed=1).fold_of(data)
    other = CrossValidatedUtility(Means(), "accuracy", folds=5, seed=2).fold_of(data)
    loose = CrossValidatedUtility(Means(), "accuracy", folds=5, seed=1, stratify=False).fold_of(data)
    np.testing.assert_array_equal(fold, again)
    assert (fold != other).any()
    assert (np.bincount(loose) == 30).all()
    assert (np.array([np.bincount(loose[y == c]) for c in range(3)]) != 10).any()


@pytest.mark.parametrize(
    "law",
    [shapley_law, banzhaf_law, loo_law, lambda n: beta_law(n, 4, 1)],
    ids=["shapley", "banzhaf", "loo", "beta"],
)
def test_a_point_is_valued_by_the_folds_where_it_trains_only(law: Any) -> None:
    """The points of a fold are null players of its term, and null players can be left out of a semivalue's game."""
    data, folds = blobs(6), [0, 1, 2, 0, 1, 2]
    bound = CrossValidatedUtility(Means(), "probability", folds).with_dataset(data)
    whole = semivalue_by_enumeration(bound, law(6))
    parts = np.zeros(6)
    for outside, part in bound.parts:
        parts[outside] += semivalue_by_enumeration(part, law(4)) / 3
    np.testing.assert_allclose(whole, parts, atol=1e-12)


def test_one_fit_a_subset_and_fold() -> None:
    fits: list[int] = []

    class Noted(Means):
        def fit(self, x: Any, y: Any) -> Any:
            fits.append(len(y))
            return super().fit(x, y)

    data = blobs(12)
    v = ShapleyValuation(
        CrossValidatedUtility(Noted(), "accuracy", 3), MSRSampler(seed=0), MaxUpdates(50)
    ).fit(data)
    rows = v.result.provenance.evaluations
    # what a fold leaves of a small subset may be empty
    assert 3 * rows * 0.8 < len(fits) <= 3 * (rows + 1)
    assert any("an evaluation is 3 fits" in note for note in v.result.provenance.notes)
    assert any("2/3 of its mean" in note for note in v.result.provenance.notes)


def test_shapley_values_sum_to_the_cross_validated_score() -> None:
    data = blobs(30, labels=("no", "yes"))
    utility = CrossValidatedUtility(Means(), "accuracy", 5)
    v = ShapleyValuation(utility, PermutationSampler(seed=0), MaxUpdates(8)).fit(data)
    assert v.result.values.sum() == pytest.approx(utility.with_dataset(data).first().full[0])
    assert np.isfinite(v.result.values).all()


def test_groups_stay_together() -> None:
    rows = blobs(40)
    data = GroupedDataset.from_dataset(rows, np.arange(40) % 8)
    bound = CrossValidatedUtility(Means(), "accuracy", 4).with_dataset(data)
    assert bound.n == 8
    for k, (outside, part) in enumerate(bound.parts):
        test = part.utility.scorer.test_data
        assert set(test.row_ids.tolist()).isdisjoint(data.take(outside).row_ids.tolist())
        assert set(test.ids.tolist()) == set(data.ids[bound.fold == k].tolist())
    values = LOOValuation(CrossValidatedUtility(Means(), "accuracy", 4)).fit(data).result.values
    assert values.shape == (8,)


def test_regression_by_given_folds() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 3))
    data = Dataset(x, x @ [1.0, 2.0, -1.0] + 0.1 * rng.normal(size=30))
    days = np.array(["mon", "tue", "wed"])[np.arange(30) % 3]
    bound = CrossValidatedUtility(Ridge(), "r2", days).with_dataset(data)
    np.testing.assert_array_equal(bound.fold, np.arange(30) % 3)
    full = np.ones((1, 30), bool)
    np.testing.assert_allclose(bound(full), [by_hand(Ridge(), data, bound.fold, full[0], r2_score)])


def test_same_bits_for_any_workers_and_a_resume(tmp_path: Any) -> None:
    data = blobs(9)

    def make() -> ShapleyValuation:
        model = DecisionTreeClassifier(max_features=1)  # a stochastic one
        utility = CrossValidatedUtility(model, "accuracy", 3)
        return ShapleyValuation(utility, PermutationSampler(seed=1), MaxUpdates(8))

    once = make().fit(data).result
    with joblib.parallel_config("threading", n_jobs=2):
        again = make().fit(data, checkpoint=tmp_path).result
    resumed = make().fit(data, checkpoint=tmp_path).result
    for other in (again, resumed):
        np.testing.assert_array_equal(other.values, once.values)


def test_a_failing_fold_is_data_and_a_failing_full_fit_is_said() -> None:
    data = blobs(12)
    utility = CrossValidatedUtility(LogisticRegression(), "accuracy", 3)
    bound = utility.with_dataset(data)
    one_class = (data.y == 0)[None, :]
    found = bound.evaluate(one_class)
    assert found.status[0] == 1
    assert "ValueError" in (found.failure or "")
    with pytest.raises(FirstFitError, match="in fold 1 of 3"):
        CrossValidatedUtility(LogisticRegression(C=-1.0), "accuracy", 3).with_dataset(data).first()


def test_keys_tell_folds_and_models_apart() -> None:
    data = blobs(12)

    def key(*args: Any, **kwargs: Any) -> dict[str, str]:
        return CrossValidatedUtility(*args, **kwargs).with_dataset(data).key_parts()

    base = key(Means(), "accuracy", 3)
    assert base == key(Means(), "accuracy", 3)
    assert base["folds"] != key(Means(), "accuracy", 3, seed=1)["folds"]
    assert base["folds"] != key(Means(), "accuracy", 4)["folds"]
    assert base["model"] != key(Means(2.0), "accuracy", 3)["model"]
    assert base["scores"] != key(Means(), "probability", 3)["scores"]


def test_refusals() -> None:
    data = blobs(12)
    scorer = SupervisedScorer("accuracy", data)
    for make, kind, words in [
        (lambda: AveragedScorer("accuracy", data), InputTypeError, "list of Datasets"),
        (lambda: AveragedScorer("accuracy", [data]), InputError, "at least two"),
        (lambda: AveragedScorer("acuracy", [data, data]), InputError, "Did you mean"),
        (lambda: CrossValidatedUtility(Means, "accuracy"), InputTypeError, "the class Means"),
        (lambda: CrossValidatedUtility(Means(), scorer), InputTypeError, "not the scorer"),
        (lambda: CrossValidatedUtility(Means(), "accuracy", 1), InputError, "at least 2"),
        (lambda: CrossValidatedUtility(Means(), "accuracy", "5"), InputTypeError, "integer"),
        (lambda: CrossValidatedUtility(Means(), "accuracy", [1, 1, 1]), InputError, "one fold for all"),
        (lambda: CrossValidatedUtility(Means(), "accuracy", stratify=1), InputTypeError, "stratify"),
        (
            lambda: CrossValidatedUtility(Means(), "accuracy", catch_errors=1),
            InputTypeError,
            "catch_errors",
        ),
        (
            lambda: CrossValidatedUtility(Means(), "accuracy", 20).with_dataset(data),
            InputError,
            "cannot make 20",
        ),
        (
            lambda: CrossValidatedUtility(Means(), "accuracy", [0, 1]).with_dataset(data),
            InputError,
            "2 points",
        ),
        (
            lambda: CrossValidatedUtility(Means(), "accuracy").with_dataset(np.eye(3)),
            InputTypeError,
            "Dataset",
        ),
    ]:
        with pytest.raises(kind, match=words):
            make()
