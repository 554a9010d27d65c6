"""`fit_many`: the same answers as clone, fit and predict on each subset; and which models it covers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from fit_worlds import (
    CLASSIFIERS,
    COUNTERS,
    REGRESSORS,
    best_logistic,
    gaps,
    masks_of,
    problems,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC

from dvlwidgets.errors import InputError
from dvlwidgets.utility.fits import explain, fit_many
from dvlwidgets.utility.fits.many import ManyFits


def _called(item):
    """A name that is the same in every process."""
    return re.sub(r" at 0x\w+", "", str(item))


EXAMPLES = settings(
    max_examples=8,
    phases=[Phase.generate],  # a random problem is not made smaller by shrinking its seed
    suppress_health_check=list(HealthCheck),
)


def check_labels(together: ManyFits, alone: ManyFits, rows: Any, margins: Callable[[int], Any]) -> None:
    """Labels may differ only where the two best are closer than rounding."""
    for b in rows:
        differ = np.flatnonzero(together.predicted[b] != alone.predicted[b])
        if len(differ):
            assert margins(b)[differ].max() < 1e-8


def both(model: Any, problem: Any, masks: Any, **options: Any) -> tuple[ManyFits, ManyFits]:
    """Batched and one by one; subsets that fail must fail alike."""
    x, y, x_test = problem
    together = fit_many(model, x, y, masks, x_test, **options)
    alone = fit_many(model, x, y, masks, x_test, batched=False, **options)
    assert together.path.startswith("batched"), together.path
    assert alone.alone.all()
    assert {b: type(e) for b, e in together.failures.items()} == {
        b: type(e) for b, e in alone.failures.items()
    }
    return together, alone


def good(fits: ManyFits) -> list[int]:
    return [b for b in range(len(fits.alone)) if b not in fits.failures]


# --- the same answers ------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", CLASSIFIERS, ids=_called)
@EXAMPLES
@given(data=st.data())
def test_classifiers_say_what_single_fits_say(model: Any, data: Any) -> None:
    problem = data.draw(problems(classes=True))
    masks = masks_of(data, len(problem[0]))
    proba = "NearestCentroid" not in str(model) and hasattr(model, "predict_proba")
    together, alone = both(model, problem, masks, proba=proba)
    rows = good(alone)
    if proba and rows:
        np.testing.assert_allclose(together.proba[rows], alone.proba[rows], rtol=1e-8, atol=1e-9)
    check_labels(together, alone, rows, lambda b: gaps(model, problem, masks[b]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", COUNTERS, ids=_called)
@EXAMPLES
@given(data=st.data())
def test_naive_bayes_of_counts_says_what_single_fits_say(model: Any, data: Any) -> None:
    problem = data.draw(problems(classes=True, counts=True))
    masks = masks_of(data, len(problem[0]))
    together, alone = both(model, problem, masks, proba=True)
    rows = good(alone)
    if rows:
        np.testing.assert_allclose(together.proba[rows], alone.proba[rows], rtol=1e-8, atol=1e-12)
    check_labels(together, alone, rows, lambda b: gaps(model, problem, masks[b]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", REGRESSORS, ids=_called)
@EXAMPLES
@given(data=st.data())
def test_regressors_say_what_single_fits_say(model: Any, data: Any) -> None:
    problem = data.draw(problems(classes=False))
    masks = masks_of(data, len(problem[0]))
    together, alone = both(model, problem, masks)
    rows = good(alone)
    if rows:
        size = np.abs(alone.predicted[rows]).max() + 1.0
        np.testing.assert_allclose(
            together.predicted[rows], alone.predicted[rows], rtol=1e-8, atol=1e-8 * size
        )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scaler", [None, StandardScaler(), MinMaxScaler()], ids=_called)
@pytest.mark.parametrize("C", [1.0, 1e-3, 1e4])
@EXAMPLES
@given(data=st.data())
def test_logistic_regressions_are_at_the_optimum_of_their_objective(scaler: Any, C: float, data: Any) -> None:
    x, y, x_test = data.draw(problems(classes=True, most_classes=2))
    masks = masks_of(data, len(x))
    model = LogisticRegression(C=C)
    piped = model if scaler is None else make_pipeline(scaler, model)
    fits = fit_many(piped, x, y, masks, x_test, proba=True)
    second = np.unique(y)[-1]
    for b in np.flatnonzero(~fits.alone):
        a, a_test = x[masks[b]], x_test
        if scaler is not None:
            fitted = type(scaler)().fit(a)
            a, a_test = fitted.transform(a), fitted.transform(x_test)
        decided = best_logistic(a, y[masks[b]] == second, a_test, C)
        np.testing.assert_allclose(fits.proba[b][:, 1], 1 / (1 + np.exp(-decided)), rtol=1e-7, atol=1e-9)
    one_class = np.array([len(np.unique(y[m])) < 2 for m in masks])
    assert set(fits.failures) == set(np.flatnonzero(one_class).tolist())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("scaler", "intercept"), [(None, True), (None, False), (StandardScaler(), True)], ids=_called
)
def test_logistic_regressions_of_several_classes_are_at_their_optimum(scaler: Any, intercept: bool) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(50, 4)) * [1.0, 10.0, 0.1, 1.0], np.array(list("abcd"))[rng.integers(0, 4, 50)]
    x[:, 0] += y == "c"
    masks = np.array([rng.permutation(50) < size for size in (50, 40, 30, 20, 12, 8, 6, 5, 4, 3)])
    masks[1] &= y != "b"
    model = LogisticRegression(fit_intercept=intercept, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    piped = model if scaler is None else make_pipeline(scaler, model)
    together, alone = both(piped, (x, y, rng.normal(size=(9, 4))), masks, proba=True)
    rows = good(alone)
    np.testing.assert_allclose(together.proba[rows], alone.proba[rows], rtol=1e-6, atol=1e-8)
    assert not together.alone[:5].any()
    few = np.array([len(np.unique(y[m])) < 3 for m in masks])
    assert few.any()
    assert together.alone[few].all()  # two classes left have another objective


def test_nearly_all_subsets_are_trained_together() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), np.arange(60) % 2
    masks = rng.random((40, 60)) < 0.5
    for model in (*CLASSIFIERS, LogisticRegression()):
        assert not fit_many(model, x, y, masks, x[:5]).alone.any(), model
    for model in REGRESSORS:
        assert not fit_many(model, x, x[:, 0] + y, masks, x[:5]).alone.any(), model
    for model in COUNTERS:
        assert not fit_many(model, np.abs(x), y, masks, x[:5]).alone.any(), model


def test_rank_deficient_subsets_get_the_solution_of_least_norm() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 6))
    x[:, 5] = x[:, 0] - 2 * x[:, 1]  # dependent, whatever the subset
    y, x_test = rng.normal(size=20), rng.normal(size=(7, 6))
    masks = np.array([[j < size for j in range(20)] for size in (1, 2, 4, 6, 7, 12, 20)])
    found = fit_many(LinearRegression(), x, y, masks, x_test)
    assert found.path.startswith("batched")
    for b, mask in enumerate(masks):
        mean = x[mask].mean(axis=0)
        weights = np.linalg.pinv(x[mask] - mean, rcond=1e-8) @ (y[mask] - y[mask].mean())
        np.testing.assert_allclose(found.predicted[b], y[mask].mean() + (x_test - mean) @ weights, rtol=1e-8)


def test_few_rows_of_which_the_first_is_far_away_or_all_are_alike() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(70, 9)), rng.normal(size=70)
    x[0], x[1], x[2:9] = (
        1e6,
        40.0,
        x[2],
    )  # differences from the first row have few digits, some, and are nothing
    masks = np.zeros((80, 70), np.bool_)  # more than are solved at once
    for b, mask in enumerate(masks):
        mask[[0, 1, 2, 9][b % 4]] = True
        mask[2:9] = b % 4 == 2
        mask[rng.permutation(np.arange(9, 70))[: b % 8]] = True
    together, alone = both(LinearRegression(), (x, y, rng.normal(size=(9, 9))), masks)
    np.testing.assert_allclose(together.predicted, alone.predicted, rtol=1e-8, atol=1e-8)
    assert not together.alone.any()


def test_neighbours_at_equal_distances_rank_by_their_row() -> None:
    x = np.array([[1.0], [-1.0], [1.0], [-1.0], [5.0]])
    y = np.array([3.0, 4.0, 5.0, 6.0, 7.0])
    masks = np.array([[True] * 5, [False, True, True, True, True], [False, False, True, True, True]])
    found = fit_many(KNeighborsRegressor(2), x, y, masks, np.zeros((1, 1)))
    np.testing.assert_array_equal(found.predicted[:, 0], [3.5, 4.5, 5.5])


def test_far_neighbours_of_small_subsets_are_found() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(500, 3)), np.arange(500) % 3
    masks = np.zeros((3, 500), bool)
    for row, size in zip(masks, (5, 6, 40), strict=True):
        row[rng.permutation(500)[:size]] = True
    for model in (KNeighborsClassifier(5), KNeighborsClassifier(1), KNeighborsClassifier(5, p=1)):
        together, alone = both(model, (x, y, rng.normal(size=(9, 3))), masks, proba=True)
        np.testing.assert_array_equal(together.proba, alone.proba)


@pytest.mark.filterwarnings("ignore")
def test_several_outputs_are_several_outputs() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(15, 3)), rng.normal(size=(15, 2))
    masks = rng.random((8, 15)) < 0.6
    for model in (Ridge(0.1), LinearRegression(), KNeighborsRegressor(2)):
        together, alone = both(model, (x, y, x[:4]), masks)
        assert together.predicted.shape == (8, 4, 2)
        np.testing.assert_allclose(together.predicted, alone.predicted, rtol=1e-9, atol=1e-12)


def test_features_far_from_zero_lose_no_digits() -> None:
    rng = np.random.default_rng(4)
    x = 1e6 + rng.normal(size=(40, 3)) * [1.0, 1e-2, 10.0]
    y = (x[:, 0] > 1e6).astype(int)
    masks = rng.random((12, 40)) < 0.5
    together, alone = both(GaussianNB(), (x, y, x[:9]), masks, proba=True)
    np.testing.assert_allclose(together.proba, alone.proba, rtol=1e-6, atol=1e-9)
    for model in (Ridge(), LinearRegression()):
        together, alone = both(model, (x, x @ [1.0, 2.0, 3.0], x[:9]), masks)
        np.testing.assert_allclose(together.predicted, alone.predicted, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()], ids=_called)
def test_a_feature_that_is_constant_in_a_subset_is_not_scaled(scaler: Any) -> None:
    rng = np.random.default_rng(7)
    x, y, x_test = rng.normal(size=(30, 3)), np.arange(30) % 2, rng.normal(size=(9, 3))
    x[:12] = np.where([True, False, True], [0.1, 0.0, 1.7], x[:12])  # no sum of these is exact
    masks = np.array([(np.arange(30) < size) & (np.arange(30) != size % 3) for size in range(5, 14)])
    together, alone = both(make_pipeline(scaler, GaussianNB()), (x, y, x_test), masks, proba=True)
    np.testing.assert_allclose(together.proba, alone.proba, atol=1e-4)  # log likelihoods of 1e10 round so
    assert not together.alone.any()
    together, alone = both(make_pipeline(scaler, Ridge()), (x, x @ [1.0, 2.0, 3.0], x_test), masks)
    np.testing.assert_allclose(together.predicted, alone.predicted, rtol=1e-8)


# --- which models, which parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(var_smoothing=0.0),
        MultinomialNB(alpha=0.5, fit_prior=False),
        BernoulliNB(binarize=None),
        ComplementNB(norm=True),
        LinearRegression(fit_intercept=False, n_jobs=2),
        Ridge(alpha=3, solver="svd", random_state=1),
        RidgeClassifier(solver="cholesky"),
        LogisticRegression(C=10, solver="newton-cg", max_iter=500, tol=1e-6, random_state=0),
        KNeighborsClassifier(3, metric="manhattan", algorithm="brute"),
        KNeighborsRegressor(np.int64(3), p=3),
        NearestCentroid(),
        LinearDiscriminantAnalysis(tol=1e-5, store_covariance=True),
        make_pipeline(StandardScaler(with_mean=False), RidgeClassifier()),
        make_pipeline(MinMaxScaler(feature_range=(-1, 1)), LogisticRegression()),
        make_pipeline(MaxAbsScaler(), NearestCentroid()),
        make_pipeline(RobustScaler(quantile_range=(10, 90)), LinearDiscriminantAnalysis()),
        make_pipeline(Normalizer("max"), KNeighborsClassifier()),
        KernelRidge(alpha=2, kernel="rbf", gamma=0.5),
    ],
    ids=_called,
)
def test_covered_parameters(model: Any) -> None:
    assert explain(model).path == "batched", str(explain(model))


class Mine(GaussianNB):
    """Might do anything."""


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Mine(), "Mine is not in the table"),
        (GaussianNB(priors=[0.5, 0.5]), "priors"),
        (MultinomialNB(alpha=[1.0, 2.0]), "alpha"),
        (LinearRegression(positive=True), "positive"),
        (Ridge(alpha=0.0), "alpha"),
        (Ridge(alpha=[1.0, 2.0]), "alpha"),
        (Ridge(solver="sag"), "solver='sag'"),
        (RidgeClassifier(class_weight="balanced"), "class_weight"),
        (LogisticRegression(solver="liblinear"), "solver"),
        (LogisticRegression(class_weight={0: 2}), "class_weight"),
        (LogisticRegression(l1_ratio=0.5), "l1_ratio"),
        (LogisticRegression(C=np.inf), "C=inf"),
        (LogisticRegression(max_iter=5), "max_iter"),
        (LogisticRegression(tol=1.0), "tol"),
        (KNeighborsClassifier(weights="distance"), "weights"),
        (KNeighborsClassifier(3.0), "n_neighbors"),
        (make_pipeline(MinMaxScaler(feature_range=(1, 0)), Ridge()), "feature_range"),
        (KNeighborsClassifier(metric="cosine"), "metric"),
        (KNeighborsRegressor(weights=np.ones_like), "weights"),
        (NearestCentroid(shrink_threshold=0.1), "shrink_threshold"),
        (NearestCentroid(metric="manhattan"), "metric"),
        (LinearDiscriminantAnalysis(solver="lsqr"), "solver"),
        (LinearDiscriminantAnalysis(n_components=1), "n_components"),
        (SVC(), "not in the table"),
        (RandomForestClassifier(), "not in the table"),
        (make_pipeline(PowerTransformer(), Ridge()), "PowerTransformer"),
        (make_pipeline(MinMaxScaler(clip=True), Ridge()), "clip"),
        (make_pipeline(StandardScaler(), KNeighborsClassifier()), "behind a scaler"),
        (make_pipeline(StandardScaler(), Ridge(fit_intercept=False)), "without intercept"),
        (make_pipeline(StandardScaler(), StandardScaler(), Ridge()), "one scaler"),
        (make_pipeline(StandardScaler(), SVC()), "SVC"),
        (make_pipeline(StandardScaler(), Ridge(), memory="somewhere"), "memory"),
        (make_pipeline(StandardScaler().set_output(transform="pandas"), Ridge()), "set_output"),
        (object(), "object"),
    ],
    ids=_called,
)
def test_what_is_not_covered_is_fitted_one_by_one_and_told_why(model: Any, words: str) -> None:
    found = explain(model)
    assert found.path == "one by one"
    assert words in found.why
    assert str(found).startswith("one by one: ")


def test_parameters_of_another_version_are_not_guessed() -> None:
    class Future(GaussianNB):
        def get_params(self, deep: bool = True) -> dict[str, Any]:
            return {"priors": None, "var_smoothing": 1e-9, "quantum": True}

    Future.__module__, Future.__qualname__ = GaussianNB.__module__, "GaussianNB"
    assert "quantum" in explain(Future()).why


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y: (pd.DataFrame(x, columns=list("abc")), y), "numpy"),
        (lambda x, y: (sp.csr_array(x), y), "numpy"),
        (lambda x, y: (x.astype(np.float32), y), "float32"),
        (lambda x, y: (np.where(np.arange(len(x))[:, None] == 2, np.nan, x), y), "gaps"),
        (lambda x, y: (x, pd.Series(y)), "labels"),
        (lambda x, y: (x, y[:, None]), "columns"),
        (lambda x, y: (x, np.array([str(v) if v else v for v in y], object)), "objects"),
    ],
)
def test_other_kinds_of_data_are_fitted_one_by_one(change: Any, words: str) -> None:
    rng = np.random.default_rng(0)
    x, y = change(rng.normal(size=(12, 3)), np.arange(12) % 2)
    masks = np.ones((3, 12), bool)
    masks[1, :4] = masks[2, 5:] = False
    x_test = x[:2] if sp.issparse(x) or not hasattr(x, "iloc") else x.iloc[:2]
    found = fit_many(GaussianNB(), x, y, masks, x_test)
    assert found.path.startswith("one by one")
    assert words in found.path
    assert found.alone.all()


def test_a_problem_too_large_for_memory_is_fitted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from dvlwidgets.utility.fits import method

    monkeypatch.setattr(method, "MEMORY", 1000)
    x = np.random.default_rng(0).normal(size=(30, 6))
    found = fit_many(Ridge(), x, x[:, 0], np.ones((1, 30), bool), x[:3])
    assert "memory" in found.path


def test_a_hessian_too_large_is_fitted_one_by_one() -> None:
    x = np.random.default_rng(0).normal(size=(30, 30))
    found = fit_many(LogisticRegression(), x, np.arange(30) % 10, np.ones((1, 30), bool), x[:3])
    assert "coefficients" in found.path


# --- degenerate subsets, and the user's arrays -------------------------------------------------------------------


def test_the_empty_subset_fails_as_a_fit_of_nothing_does() -> None:
    x = np.arange(8.0)[:, None]
    masks = np.zeros((2, 8), bool)
    masks[1] = True
    found = fit_many(GaussianNB(), x, np.arange(8) % 2, masks, x[:3])
    assert set(found.failures) == {0}
    assert found.predicted[0].tolist() == [None] * 3
    nothing = fit_many(Ridge(), x, x[:, 0], masks[:1], x[:3])
    assert set(nothing.failures) == {0}


def test_labels_come_back_as_they_are() -> None:
    x = np.array([[0.0], [0.1], [5.0], [5.1]])
    masks = np.ones((2, 4), bool)
    for labels in (["a", "bc"], np.array(["a", "bc"], object), [2.0, 7.0], [False, True], [-3, 4]):
        y = np.asarray(labels)[[0, 0, 1, 1]]
        found = fit_many(GaussianNB(), x, y, masks, x)
        assert found.predicted.dtype == y.dtype
        np.testing.assert_array_equal(found.predicted, [y, y])


@pytest.mark.parametrize("model", [*CLASSIFIERS, LogisticRegression()], ids=_called)
def test_the_users_arrays_are_only_read(model: Any) -> None:
    rng = np.random.default_rng(5)
    x, y, masks, x_test = (
        rng.normal(size=(20, 3)),
        np.arange(20) % 2,
        rng.random((6, 20)) < 0.6,
        rng.normal(size=(4, 3)),
    )
    given = [a.copy() for a in (x, y, masks, x_test)]
    for a in (x, y, masks, x_test):
        a.flags.writeable = False
    fit_many(model, x, y, masks, x_test)
    for a, before in zip((x, y, masks, x_test), given, strict=True):
        np.testing.assert_array_equal(a, before)


def test_masks_that_are_none_are_refused() -> None:
    x = np.zeros((4, 1))
    for masks in (np.ones(4, bool), np.ones((2, 3), bool), np.ones((2, 4))):
        with pytest.raises(InputError, match=r"\(B, 4\)"):
            fit_many(Ridge(), x, x[:, 0], masks, x)


def test_no_subsets_give_no_predictions() -> None:
    x = np.zeros((4, 1))
    assert len(fit_many(Ridge(), x, x[:, 0], np.zeros((0, 4), bool), x).predicted) == 0
