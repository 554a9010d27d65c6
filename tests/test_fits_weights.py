"""Weights of rows, scalers and kernels in fits of many subsets: the same answers as clone, fit and predict."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from fit_worlds import best_logistic, masks_of, problems
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer, RobustScaler, StandardScaler

from dvlwidgets import Dataset, GroupedDataset, SupervisedScorer, Utility
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.utility.averaged import CrossValidatedUtility
from dvlwidgets.utility.closed_form import ClosedFormUtility
from dvlwidgets.utility.fits import explain, fit_many

EXAMPLES = settings(
    max_examples=20,
    phases=[Phase.generate],  # a random problem is not made smaller by shrinking its seed
    suppress_health_check=list(HealthCheck),
)
"""Models are drawn with the problems. HYPOTHESIS_PROFILE=search takes others each time, see conftest."""


def _called(item: Any) -> str:
    return re.sub(r" at 0x\w+", "", str(item)).replace("\n", "")


def weights_of(data: Any, n: int) -> Any:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    return rng.choice([0.2, 1.0, 3.0], size=n) * rng.uniform(0.5, 1.0, size=n)


def same(model: Any, x: Any, y: Any, masks: Any, x_test: Any, **options: Any) -> Any:
    """Answers of both paths agree to eight digits, labels but for ties; failures are the same."""
    together = fit_many(model, x, y, masks, x_test, **options)
    alone = fit_many(model, x, y, masks, x_test, batched=False, **options)
    assert together.path.startswith("batched"), together.path
    assert set(together.failures) == set(alone.failures)
    rows = [b for b in range(len(masks)) if b not in alone.failures]
    if not rows:
        return together
    if options.get("proba"):
        np.testing.assert_allclose(together.proba[rows], alone.proba[rows], rtol=1e-8, atol=1e-9)
    elif alone.predicted.dtype.kind == "f":
        size = np.abs(alone.predicted[rows]).max() + 1.0
        np.testing.assert_allclose(
            together.predicted[rows], alone.predicted[rows], rtol=1e-8, atol=1e-8 * size
        )
    else:
        agree = np.mean([np.mean(together.predicted[b] == alone.predicted[b]) for b in rows])
        assert agree > 0.97
    return together


def same_with_weights(model: Any, data: Any, *, classes: bool, counts: bool = False) -> None:
    x, y, x_test = data.draw(problems(classes=classes, counts=counts))
    weights = weights_of(data, len(x))
    same(model, x, y, masks_of(data, len(x)), x_test, sample_weight=weights, proba=classes)


# --- weights -----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(
    model=st.sampled_from(
        [GaussianNB(), GaussianNB(var_smoothing=0.1), make_pipeline(StandardScaler(), GaussianNB())]
    ),
    data=st.data(),
)
def test_gaussian_bayes_with_weights_says_what_single_fits_say(model: Any, data: Any) -> None:
    same_with_weights(model, data, classes=True)


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(
    model=st.sampled_from([MultinomialNB(), BernoulliNB(binarize=1.5), ComplementNB(norm=True)]),
    data=st.data(),
)
def test_bayes_of_counts_with_weights_says_what_single_fits_say(model: Any, data: Any) -> None:
    same_with_weights(model, data, classes=True, counts=True)


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(
    model=st.sampled_from(
        [
            LinearRegression(),
            LinearRegression(fit_intercept=False),
            Ridge(),
            Ridge(alpha=1e-3, fit_intercept=False),
            make_pipeline(StandardScaler(), LinearRegression()),
            make_pipeline(MaxAbsScaler(), Ridge()),
            KernelRidge(alpha=0.3, kernel="rbf", gamma=0.1),
        ]
    ),
    data=st.data(),
)
def test_regressions_with_weights_say_what_single_fits_say(model: Any, data: Any) -> None:
    same_with_weights(model, data, classes=False)


@pytest.mark.filterwarnings("ignore")
def test_classifiers_with_weights_say_what_single_fits_say() -> None:
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(60, 4)), rng.uniform(0.1, 3.0, size=60)
    y = (x[:, 0] + rng.normal(size=60) > 0).astype(int) + 2 * (x[:, 1] > 1)
    masks = rng.random((12, 60)) < 0.6
    same(RidgeClassifier(), x, y, masks, rng.normal(size=(40, 4)), sample_weight=weights)
    exact = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
    for labels in (y, y > 0):
        for model in (exact, make_pipeline(RobustScaler(), exact)):
            together = fit_many(model, x, labels, masks, x[:9], sample_weight=weights, proba=True)
            alone = fit_many(model, x, labels, masks, x[:9], sample_weight=weights, proba=True, batched=False)
            assert not together.alone.any()
            np.testing.assert_allclose(together.proba, alone.proba, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("copies", [1, 7])
def test_rows_that_are_alike_predict_their_own_number_everywhere(copies: int) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, y, weights = 10 * rng.normal(size=(12, 4)), rng.normal(size=12), rng.uniform(0.1, 3.0, size=12)
        x[:copies], y[:copies] = x[0], y[0]
        masks = np.arange(12)[None] < copies
        for model in (LinearRegression(), make_pipeline(StandardScaler(), LinearRegression())):
            for load in (None, weights):
                found = fit_many(model, x, y, masks, x, sample_weight=load)
                np.testing.assert_allclose(found.predicted, y[0], rtol=1e-9)


def test_whole_weights_are_repetitions() -> None:
    rng = np.random.default_rng(1)
    x, y, times = rng.normal(size=(12, 2)), rng.normal(size=12), rng.integers(1, 4, size=12)
    weighted = fit_many(Ridge(), x, y, np.ones((1, 12), bool), x, sample_weight=times)
    repeated = Ridge().fit(np.repeat(x, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(weighted.predicted[0], repeated.predict(x), rtol=1e-10)


def test_weights_that_are_none_are_refused() -> None:
    x, masks = np.random.default_rng(0).normal(size=(6, 1)), np.ones((1, 6), bool)
    for wrong in ([1, 2], -np.ones(6), np.zeros(6), np.full(6, np.nan)):
        with pytest.raises(InputError, match="sample_weight"):
            fit_many(Ridge(), x, x[:, 0], masks, x, sample_weight=wrong)
    for wrong in (["a"] * 6, np.ones((6, 1))):
        with pytest.raises(InputTypeError, match="one number for each row"):
            fit_many(Ridge(), x, x[:, 0], masks, x, sample_weight=wrong)
    for model in (KNeighborsRegressor(2), make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())):
        with pytest.raises(InputError, match=r"fit takes no sample_weight"):
            fit_many(model, x, x[:, 0] > 0, masks, x, sample_weight=np.ones(6))


def test_weights_of_zero_and_models_outside_the_table_are_fitted_one_by_one() -> None:
    rng = np.random.default_rng(2)
    x, y, weights = rng.normal(size=(20, 2)), np.arange(20) % 2, np.ones(20)
    weights[3] = 0.0
    masks = rng.random((3, 20)) < 0.7
    found = fit_many(GaussianNB(), x, y, masks, x, sample_weight=weights, proba=True)
    assert "weights are 0" in found.path
    mine = GaussianNB().fit(x[masks[0]], y[masks[0]], sample_weight=weights[masks[0]])
    np.testing.assert_array_equal(found.proba[0], mine.predict_proba(x))
    forest = RandomForestClassifier(3, random_state=0)
    found = fit_many(forest, x, y, masks, x, sample_weight=weights, proba=True)
    forest.fit(x[masks[1]], y[masks[1]], sample_weight=weights[masks[1]])
    np.testing.assert_array_equal(found.proba[1], forest.predict_proba(x))


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (GaussianNB(), "batched"),
        (MultinomialNB(), "batched"),
        (BernoulliNB(), "batched"),
        (ComplementNB(), "batched"),
        (LinearRegression(), "batched"),
        (Ridge(), "batched"),
        (RidgeClassifier(), "batched"),
        (LogisticRegression(), "batched"),
        (KernelRidge(), "batched"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "batched"),
        (KNeighborsClassifier(), "one by one"),
        (NearestCentroid(), "one by one"),
        (LinearDiscriminantAnalysis(), "one by one"),
    ],
    ids=_called,
)
def test_which_estimators_take_weights_in_batches(model: Any, path: str) -> None:
    assert explain(model, sample_weight=True).path == path
    assert path == "batched" or "sample_weight" in explain(model, sample_weight=True).why


# --- the utility -------------------------------------------------------------------------------------------------


def test_the_utility_gives_each_fit_the_weights_of_its_rows() -> None:
    rng = np.random.default_rng(3)
    x, weights = rng.normal(size=(30, 2)), rng.uniform(0.1, 5.0, size=30)
    y, masks = x @ [1.0, 2.0] + rng.normal(size=30), rng.random((10, 30)) < 0.5
    masks[3] = np.arange(30) < 20  # a walk among them, too
    masks[4:] = np.arange(30) < np.arange(21, 27)[:, None]
    train, test = Dataset(x, y), Dataset(rng.normal(size=(20, 2)), rng.normal(size=20))
    scorer = SupervisedScorer("r2", test)
    for model, name in (
        (Ridge(), "sample_weight"),
        (make_pipeline(StandardScaler(), Ridge()), "ridge__sample_weight"),
    ):
        wanted = []
        for mask in masks:
            own = {name: weights[mask]}
            wanted.append(model.fit(x[mask], y[mask], **own).score(test.x, test.y))
        for batched in (None, False):
            bound = Utility(model, scorer, sample_weight=weights, batched=batched).with_dataset(train)
            assert bound.path.startswith("one by one" if batched is False else "batched")
            np.testing.assert_allclose(bound(masks), wanted, rtol=1e-9)
    groups = np.arange(30) % 6
    grouped = GroupedDataset.from_dataset(train, groups)
    bound = Utility(Ridge(), scorer, sample_weight=weights).with_dataset(grouped)
    some = np.isin(groups, [0, 2])
    wanted = Ridge().fit(x[some], y[some], sample_weight=weights[some]).score(test.x, test.y)
    assert bound([[True, False, True, False, False, False]])[0] == pytest.approx(wanted, rel=1e-9)


def test_other_weights_are_another_utility() -> None:
    rng = np.random.default_rng(4)
    train = Dataset(rng.normal(size=(8, 2)), np.arange(8) % 2)
    scorer = SupervisedScorer("accuracy", train)
    keys = []
    for weights in (None, np.ones(8), np.arange(1, 9)):
        keys.append(Utility(GaussianNB(), scorer, sample_weight=weights).with_dataset(train).key_parts())
    assert keys[0] != keys[1] != keys[2] != keys[0]


def test_a_utility_refuses_weights_that_do_not_fit() -> None:
    train = Dataset(np.arange(8.0)[:, None], np.arange(8) % 2)
    scorer = SupervisedScorer("accuracy", train)
    with pytest.raises(InputError, match=r"KNeighborsClassifier\.fit takes no sample_weight"):
        Utility(KNeighborsClassifier(), scorer, sample_weight=np.ones(8))
    with pytest.raises(InputError, match="3 numbers, and the training data have 8 rows"):
        Utility(GaussianNB(), scorer, sample_weight=np.ones(3)).with_dataset(train)
    with pytest.raises(InputError, match="each fold"):
        CrossValidatedUtility(Ridge(), "r2", 2, sample_weight=np.ones(8))
    with pytest.raises(InputError, match="sample_weight"):
        ClosedFormUtility(Utility(Ridge(), scorer, sample_weight=np.ones(8)))


# --- scalers and kernels -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(
    scaler=st.sampled_from(
        [
            MaxAbsScaler(),
            RobustScaler(),
            RobustScaler(quantile_range=(0, 62.5)),
            RobustScaler(with_scaling=False),
        ]
    ),
    data=st.data(),
)
def test_scalers_by_values_and_by_quantiles_are_scikit_learns(scaler: Any, data: Any) -> None:
    x, y, x_test = data.draw(problems(classes=True))
    masks = masks_of(data, len(x))
    same(make_pipeline(scaler, GaussianNB(var_smoothing=1e-3)), x, y, masks, x_test, proba=True)
    same(make_pipeline(scaler, Ridge(0.1)), x, x.sum(axis=1) + (y == y[0]), masks, x_test)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_a_normalizer_may_stand_before_any_estimator(norm: str) -> None:
    rng = np.random.default_rng(5)
    x, y, masks = rng.normal(size=(40, 3)), np.arange(40) % 3, rng.random((9, 40)) < 0.5
    x[0], x[:12, 1], x_test = 0.0, 0.0, rng.normal(size=(9, 3))
    for model in (KNeighborsClassifier(3), GaussianNB(), BernoulliNB()):
        same(make_pipeline(Normalizer(norm), model), x, y, masks, x_test, proba=True)
    for model in (Ridge(fit_intercept=False), KernelRidge(kernel="rbf"), LinearRegression()):
        same(make_pipeline(Normalizer(norm), model), x, x[:, 0] + y, masks, x_test)


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(
    model=st.sampled_from(
        [
            KernelRidge(),
            KernelRidge(alpha=1e-2, kernel="rbf"),
            KernelRidge(kernel="laplacian", gamma=0.05),
            KernelRidge(kernel="poly", degree=2, gamma=0.1),
            KernelRidge(kernel="cosine"),
        ]
    ),
    data=st.data(),
)
def test_kernel_ridge_says_what_single_fits_say(model: Any, data: Any) -> None:
    x, y, x_test = data.draw(problems(classes=False))
    masks = masks_of(data, len(x))
    found = same(model, x / 10, y, masks, x_test / 10)
    assert found.alone.sum() == (~masks.any(axis=1)).sum()
    same(model, x / 10, np.column_stack([y, -y]), masks, x_test / 10)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (KernelRidge(kernel="sigmoid"), "kernel='sigmoid'"),
        (KernelRidge(alpha=[1.0, 2.0]), "alpha"),
        (KernelRidge(kernel="precomputed"), "kernel"),
        (make_pipeline(StandardScaler(), KernelRidge()), "behind a scaler"),
        (make_pipeline(RobustScaler(unit_variance=True), Ridge()), "unit_variance"),
        (make_pipeline(RobustScaler(quantile_range=(-1, 50)), Ridge()), "quantile_range"),
        (make_pipeline(MaxAbsScaler(clip=True), Ridge()), "clip"),
        (make_pipeline(Normalizer("l3"), Ridge()), "norm"),
    ],
    ids=_called,
)
def test_what_is_not_covered_says_why(model: Any, words: str) -> None:
    assert explain(model).path == "one by one"
    assert words in explain(model).why


# --- logistic regression of many classes, and hard systems ------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_subsets_that_lack_some_of_many_classes_are_trained_together() -> None:
    rng = np.random.default_rng(7)
    y = rng.integers(0, 6, size=60)
    x = rng.normal(size=(60, 3)) + np.eye(6)[y][:, :3]
    masks = rng.random((20, 60)) < rng.uniform(0.05, 0.6, size=20)[:, None]
    masks[0] &= y != 2  # a subset by itself in its pattern
    model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
    for some in (masks, masks[:1]):
        together = fit_many(model, x, y, some, x[:9], proba=True)
        alone = fit_many(model, x, y, some, x[:9], proba=True, batched=False)
        enough = np.array([len(np.unique(y[m])) > 2 for m in some])
        assert (together.alone == ~enough).all()
        np.testing.assert_allclose(together.proba[enough], alone.proba[enough], rtol=1e-6, atol=1e-8)


def test_separable_classes_and_hard_features_reach_the_optimum() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(40, 5)) * [1e-4, 1.0, 1e4, 1.0, 1.0]
    x[:, 4] = x[:, 3] + 1e-6 * rng.normal(size=40)
    y = (x[:, 1] > 0).astype(int)
    masks = np.array([rng.permutation(40) < size for size in (3, 5, 8, 20, 40)])
    found = fit_many(LogisticRegression(C=100.0), x, y, masks, x[:9], proba=True)
    for b in np.flatnonzero(~found.alone):
        decided = best_logistic(x[masks[b]], y[masks[b]] == 1, x[:9], 100.0)
        np.testing.assert_allclose(found.proba[b][:, 1], 1 / (1 + np.exp(-decided)), rtol=1e-6, atol=1e-8)
    assert (~found.alone).sum() >= 4


def test_powers_of_a_feature_are_solved_to_eight_digits_or_row_by_row() -> None:
    t = np.linspace(-1, 1, 50)
    x = np.column_stack([t**k for k in range(1, 14)])
    y, masks = np.sin(3 * t), np.random.default_rng(9).random((20, 50)) < 0.6
    for columns in (3, 8, 13):
        same(LinearRegression(), x[:, :columns], y, masks, x[:9, :columns])
        same(make_pipeline(RobustScaler(), LinearRegression()), x[:, :columns], y, masks, x[:9, :columns])
