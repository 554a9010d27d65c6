"""Closed-form leave-one-out: equal to real refits to 1e-8; the Newton step nearly; refusals; one loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import make_scorer, median_absolute_error
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dvlwidgets import (
    ClosedFormLOOValuation,
    ClosedFormUtility,
    Dataset,
    GroupedDataset,
    LOOValuation,
    MaxUpdates,
    MSRSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.errors import InputError, InputTypeError, ScorerError, TooManyFailuresError
from dvlwidgets.utility.closed_form import BoundClosedForm
from dvlwidgets.utility.linear_smoother import LinearSmoother
from dvlwidgets.utility.newton_logistic import NewtonLogistic

RNG = np.random.default_rng(0)
X, X_TEST = RNG.normal(size=(30, 4)) + 3.0, RNG.normal(size=(25, 4)) + 3.0
WEIGHTS = np.array([1.0, -2.0, 0.5, 0.0])
Y, Y_TEST = X @ WEIGHTS + RNG.normal(size=30) + 7, X_TEST @ WEIGHTS + RNG.normal(size=25) + 7
CODES, CODES_TEST = ((v > np.median(Y)).astype(int) + (x[:, 0] > 3.5) for v, x in ((Y, X), (Y_TEST, X_TEST)))
WORDS, WORDS_TEST = np.array(["ham", "spam", "eggs"])[CODES], np.array(["ham", "spam", "eggs"])[CODES_TEST]


def both(model: Any, train: Dataset, test: Dataset, scoring: Any = "r2") -> tuple[np.ndarray, np.ndarray]:
    """Values by the closed form, and by real fits."""
    utility = Utility(model, SupervisedScorer(scoring, test))
    closed = ClosedFormLOOValuation(utility).fit(train).result
    real = LOOValuation(utility).fit(train).result
    assert closed.unit == real.unit
    return closed.values, real.values


REGRESSORS = {
    "least squares": LinearRegression(),
    "through 0": LinearRegression(fit_intercept=False),
    "ridge": Ridge(alpha=2.0),
    "ridge through 0": Ridge(alpha=0.3, fit_intercept=False),
    "ridge by svd": Ridge(alpha=10.0, solver="svd"),
    "no penalty": Ridge(alpha=0.0),
    "linear kernel": KernelRidge(alpha=0.7),
    "rbf kernel": KernelRidge(alpha=0.1, kernel="rbf", gamma=0.3),
    "polynomial kernel": KernelRidge(alpha=1.0, kernel="poly", degree=2, coef0=0.5),
    "own kernel": KernelRidge(kernel=lambda a, b: float(np.exp(-np.abs(a - b).sum()))),
    "neighbours": KNeighborsRegressor(4),
    "weighted neighbours": KNeighborsRegressor(5, weights="distance", p=1),
    "neighbours weighted by hand": KNeighborsRegressor(
        3, weights=lambda d: np.exp(-d), algorithm="ball_tree"
    ),
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_equal_real_refits(name: str) -> None:
    closed, real = both(REGRESSORS[name], Dataset(X, Y), Dataset(X_TEST, Y_TEST))
    np.testing.assert_allclose(closed, real, rtol=0, atol=1e-8)
    assert np.ptp(real) > 1e-3


@pytest.mark.parametrize("name", REGRESSORS)
def test_several_outputs_equal_real_refits(name: str) -> None:
    train = Dataset(X, np.column_stack([Y, X[:, 0] ** 2]), multi_output=True)
    test = Dataset(X_TEST, np.column_stack([Y_TEST, X_TEST[:, 0] ** 2]), multi_output=True)
    closed, real = both(REGRESSORS[name], train, test, "neg_mean_squared_error")
    np.testing.assert_allclose(closed, real, rtol=0, atol=1e-7 * np.abs(real).max())


@pytest.mark.parametrize(
    "scoring",
    [
        "neg_mean_absolute_error",
        "neg_root_mean_squared_error",
        "score",
        make_scorer(median_absolute_error, greater_is_better=False),
    ],
    ids=str,
)
def test_any_score_of_the_test_points_works(scoring: Any) -> None:
    closed, real = both(Ridge(), Dataset(X, Y), Dataset(X_TEST, Y_TEST), scoring)
    np.testing.assert_allclose(closed, real, rtol=0, atol=1e-8)


CLASSIFIERS = {
    "neighbours": KNeighborsClassifier(4),
    "one neighbour": KNeighborsClassifier(1),
    "weighted": KNeighborsClassifier(5, weights="distance"),
    "manhattan": KNeighborsClassifier(3, metric="manhattan", algorithm="brute"),
}


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "probability", "score"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_neighbours_equal_real_refits(name: str, scoring: str) -> None:
    closed, real = both(CLASSIFIERS[name], Dataset(X, WORDS), Dataset(X_TEST, WORDS_TEST), scoring)
    np.testing.assert_allclose(closed, real, rtol=0, atol=1e-10)
    assert np.ptp(real) > 0


def test_the_only_point_of_a_class() -> None:
    labels = np.where(np.arange(30) == 3, "once", WORDS)
    tests = np.where(np.arange(25) < 3, "once", WORDS_TEST)
    for model in (KNeighborsClassifier(3), LogisticRegression(tol=1e-6, max_iter=2000)):
        closed, real = both(model, Dataset(X, labels), Dataset(X_TEST, tests), "neg_log_loss")
        assert closed[3] == pytest.approx(real[3], abs=1e-3)


def test_points_that_decide_a_direction_alone_are_refitted(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.column_stack([X, np.arange(30) == 7])  # without point 7 the last feature is constant
    test = np.column_stack([X_TEST, np.zeros(25)])
    closed, real = both(LinearRegression(), Dataset(x, Y), Dataset(test, Y_TEST))
    np.testing.assert_allclose(closed, real, rtol=0, atol=1e-8)
    smoother = LinearSmoother(LinearRegression(), x, Y, test)
    assert [i for i in range(30) if smoother.without(np.array([i])) is None] == [7]
    # the formula without this check divides by nothing
    monkeypatch.setattr("dvlwidgets.utility.linear_smoother.SAFE", -1.0)
    with np.errstate(all="ignore"):
        told = smoother.without(np.array([7]))
    assert told is not None


@pytest.mark.parametrize("model", [LinearRegression(), Ridge(1.0), Ridge(1.0, fit_intercept=False)], ids=str)
def test_more_features_than_points(model: Any) -> None:
    rng = np.random.default_rng(2)
    wide, wide_test = rng.normal(size=(12, 20)), rng.normal(size=(9, 20))
    closed, real = both(model, Dataset(wide, Y[:12]), Dataset(wide_test, Y_TEST[:9]))
    np.testing.assert_allclose(closed, real, rtol=0, atol=1e-8)


def test_dependent_features() -> None:
    double = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(30)])
    test = np.column_stack([X_TEST, X_TEST[:, 0] + X_TEST[:, 1] + 0.5, np.full(25, 2.0)])
    for model in (LinearRegression(), Ridge(0.5)):
        closed, real = both(model, Dataset(double, Y), Dataset(test, Y_TEST))
        np.testing.assert_allclose(closed, real, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "model", [*list(REGRESSORS.values())[:4], REGRESSORS["rbf kernel"], KNeighborsRegressor(3)], ids=str
)
def test_groups_equal_real_refits(model: Any) -> None:
    groups = np.array([0, 0, 1, 2, 3, 3, 3, 4, 5, 5])[np.arange(30) % 10]
    closed, real = both(model, GroupedDataset(X, Y, groups), Dataset(X_TEST, Y_TEST))
    np.testing.assert_allclose(closed, real, rtol=0, atol=1e-8)
    assert len(closed) == 6


def test_neighbours_that_are_too_few_without_a_point_fail_as_they_do() -> None:
    train, test = Dataset(X[:4], Y[:4]), Dataset(X_TEST, Y_TEST)
    utility = Utility(KNeighborsRegressor(4), SupervisedScorer("r2", test))
    for kind in (ClosedFormLOOValuation, LOOValuation):
        with pytest.raises(TooManyFailuresError, match="n_neighbors = 4, n_samples_fit = 3"):
            kind(utility).fit(train)


def test_frames_and_sparse_tables() -> None:
    pd = pytest.importorskip("pandas")
    usual = both(Ridge(), Dataset(X, Y), Dataset(X_TEST, Y_TEST))[0]
    names = list("abcd")
    framed = both(
        Ridge(),
        Dataset(pd.DataFrame(X, columns=names), pd.Series(Y)),
        Dataset(pd.DataFrame(X_TEST, columns=names), Y_TEST),
    )
    np.testing.assert_allclose(framed[0], framed[1], atol=1e-8)
    np.testing.assert_allclose(framed[0], usual, atol=1e-12)
    from scipy.sparse import csr_matrix

    thin = both(KernelRidge(), Dataset(csr_matrix(X), Y), Dataset(csr_matrix(X_TEST), Y_TEST))
    np.testing.assert_allclose(thin[0], thin[1], atol=1e-8)


def test_a_twin_without_the_leverage_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: LinearSmoother, rows: Any) -> Any:
        return self._told(self.said - self.cross @ (self.root[rows].T @ self.residuals[rows]))

    monkeypatch.setattr(LinearSmoother, "without", forgetful)
    closed, real = both(Ridge(), Dataset(X, Y), Dataset(X_TEST, Y_TEST))
    assert np.abs(closed - real).max() > 1e-4


# --- logistic regression ------------------------------------------------------------------------------------------


def real_data(load: Any, n: int) -> tuple[Dataset, Dataset]:
    x, y = load(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    rows = np.random.default_rng(3).permutation(len(x))
    return Dataset(x[rows[:n]], y[rows[:n]]), Dataset(x[rows[n : n + 60]], y[rows[n : n + 60]])


@pytest.mark.parametrize(
    ("load", "n", "c"),
    [(load_breast_cancer, 100, 1.0), (load_wine, 70, 1.0), (load_wine, 70, 0.01)],
    ids=["two classes", "three", "strong penalty"],
)
@pytest.mark.parametrize("intercept", [True, False])
def test_one_newton_step_is_near_real_refits(load: Any, n: int, c: float, intercept: bool) -> None:
    train, test = real_data(load, n)
    model = LogisticRegression(C=c, tol=1e-10, max_iter=5000, fit_intercept=intercept)
    closed, real = both(model, train, test, "neg_log_loss")
    print(
        np.corrcoef(closed, real)[0, 1],
        stats.spearmanr(closed, real).statistic,
        np.abs(closed - real).max() / np.abs(real).max(),
    )
    assert np.corrcoef(closed, real)[0, 1] > 0.995
    assert stats.spearmanr(closed, real).statistic > 0.99
    assert np.abs(closed - real).max() < 0.12 * np.abs(real).max()


def test_the_step_is_a_newton_step() -> None:
    """Against the definition: the Hessian of the rest, and minus the gradient of the point."""
    train, test = real_data(load_wine, 40)
    model = LogisticRegression(C=0.5)
    smoother = NewtonLogistic(model, train.x, train.y, test.x)
    k, p = smoother.theta.shape
    for rows in ([0], [5, 17, 3]):
        keep = np.setdiff1d(np.arange(40), rows)
        a, mean = smoother.rows[keep], smoother.means[keep]
        gradient = (mean - smoother.targets[keep]).T @ a + smoother.penalty * smoother.theta
        hessian = np.zeros((k * p, k * p))
        for row, m in zip(a, mean, strict=True):
            hessian += np.kron(np.diag(m) - np.outer(m, m), np.outer(row, row))
        hessian += np.kron(np.eye(k), np.diag(smoother.penalty))
        step = np.linalg.lstsq(hessian, gradient.ravel(), rcond=1e-12)[0].reshape(k, p)
        told = smoother.without(np.array(rows))
        assert told is not None
        np.testing.assert_allclose(told.proba, smoother._told(smoother.theta - step).proba, atol=1e-9)


def test_it_starts_from_the_optimum_not_from_where_the_solver_stopped() -> None:
    train, test = real_data(load_breast_cancer, 80)
    sloppy = NewtonLogistic(LogisticRegression(tol=0.1), train.x, train.y, test.x)
    exact = LogisticRegression(tol=1e-12, max_iter=10_000).fit(train.x, train.y)
    np.testing.assert_allclose(sloppy.everything().proba, exact.predict_proba(test.x), atol=1e-6)


def test_logistic_groups_and_words() -> None:
    groups = np.arange(30) // 2
    train = GroupedDataset(X, WORDS, groups)
    closed, real = both(
        LogisticRegression(C=0.1, tol=1e-10, max_iter=5000), train, Dataset(X_TEST, WORDS_TEST), "probability"
    )
    assert np.corrcoef(closed, real)[0, 1] > 0.99


def test_an_approximation_has_no_standard_error_and_says_so() -> None:
    train, test = real_data(load_wine, 30)
    result = (
        ClosedFormLOOValuation(Utility(LogisticRegression(), SupervisedScorer("accuracy", test)))
        .fit(train)
        .result
    )
    assert np.isnan(result.stderr).all()
    assert "one Newton step" in result.describe()
    assert "exact" not in result.describe()
    linear = ClosedFormLOOValuation(Utility(Ridge(), SupervisedScorer("r2", test))).fit(train).result
    assert (linear.stderr == 0).all()


def test_no_optimum_is_a_sentence() -> None:
    x = np.arange(20.0)[:, None]
    utility = Utility(LogisticRegression(C=np.inf), SupervisedScorer("accuracy", (x, x[:, 0] > 9)))
    with pytest.raises(InputError, match="has no optimum"):
        ClosedFormLOOValuation(utility).fit(Dataset(x, x[:, 0] > 9))


# --- one loop -----------------------------------------------------------------------------------------------------


def utility(model: Any = None) -> Utility:
    return Utility(Ridge() if model is None else model, SupervisedScorer("r2", Dataset(X_TEST, Y_TEST)))


def large() -> Dataset:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 4))
    return Dataset(x, x @ WEIGHTS + rng.normal(size=300))


def test_it_streams_and_gives_the_same_bits_with_workers() -> None:
    frames = list(ClosedFormLOOValuation(utility()).stream(large()))
    assert frames[-1].done == 300
    serial = ClosedFormLOOValuation(utility()).fit(large()).result
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            spread = ClosedFormLOOValuation(utility()).fit(large()).result
        assert spread.values.tobytes() == serial.values.tobytes()


def test_it_resumes_from_its_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ClosedFormLOOValuation(utility()).fit(large(), checkpoint=tmp_path).result
    monkeypatch.setattr(BoundClosedForm, "_one", lambda self, mask: pytest.fail("evaluated again"))
    again = ClosedFormLOOValuation(utility()).fit(large(), checkpoint=tmp_path).result
    assert again.values.tobytes() == whole.values.tobytes()


def test_it_is_a_utility_like_any_other() -> None:
    train = Dataset(X[:10], Y[:10])
    bound, real = ClosedFormUtility(utility()).with_dataset(train), utility().with_dataset(train)
    masks = np.random.default_rng(0).random((40, 10)) < 0.8
    masks[0], masks[1], masks[2] = False, True, np.arange(10) != 4
    np.testing.assert_allclose(bound(masks), real(masks), atol=1e-9)
    closed = (
        ShapleyValuation(ClosedFormUtility(utility()), MSRSampler(seed=0), MaxUpdates(20)).fit(train).result
    )
    fits = ShapleyValuation(utility(), MSRSampler(seed=0), MaxUpdates(20)).fit(train).result
    np.testing.assert_allclose(closed.values, fits.values, atol=1e-8)


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (Lasso(), InputTypeError, "no closed form that we know"),
        (RidgeCV(), InputTypeError, "no closed form"),
        (LinearRegression(positive=True), InputTypeError, "no closed form"),
        (Ridge(alpha=[1.0, 2.0]), InputTypeError, "one alpha"),
        (make_pipeline(StandardScaler(), Ridge()), InputTypeError, "transform the features before"),
        (KernelRidge(kernel="precomputed"), InputError, "precomputed"),
        (KernelRidge(alpha=0.0), InputError, "one positive penalty"),
        (KNeighborsRegressor(metric="seuclidean"), InputError, "belongs to the training points"),
        (LogisticRegression(solver="liblinear"), InputError, "penalises the intercept"),
        (LogisticRegression(class_weight="balanced"), InputError, "class_weight"),
        (LogisticRegression(l1_ratio=0.5, solver="saga"), InputError, "l1"),
    ],
    ids=str,
)
def test_what_is_not_covered_is_refused_before_any_work(model: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        ClosedFormLOOValuation(utility(model))


def test_a_score_that_asks_about_other_points_is_told_why() -> None:
    odd = SupervisedScorer(lambda model, x, y: float(model.predict(x * 2).mean()), Dataset(X_TEST, Y_TEST))
    with pytest.raises(ScorerError, match="test points only"):
        ClosedFormLOOValuation(Utility(Ridge(), odd)).fit(Dataset(X, Y))


def test_a_hessian_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvlwidgets.utility.newton_logistic.MOST", 10)
    train, test = real_data(load_wine, 30)
    with pytest.raises(InputError, match="too large a Hessian"):
        ClosedFormLOOValuation(Utility(LogisticRegression(), SupervisedScorer("accuracy", test))).fit(train)
