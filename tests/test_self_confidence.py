"""Cross-validated confidence and residuals: equal to plain loops; suggestions; honest folds; one loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC

from dvlwidgets import (
    CrossValidatedResidualValuation,
    Dataset,
    GroupedDataset,
    SelfConfidenceValuation,
    load_result,
    save_result,
    suggested_labels,
)
from dvlwidgets.engine import newest
from dvlwidgets.engine.draws import FOLDS, words
from dvlwidgets.errors import FirstFitError, IdentityError, InputError, InputTypeError
from dvlwidgets.valuation.confident import confident_labels
from dvlwidgets.valuation.cross_validation import CrossValidationJob
from dvlwidgets.valuation.fold_draws import folds

RNG = np.random.default_rng(0)
TRUE = np.arange(90) % 3
X = RNG.normal(size=(90, 3)) + 2.5 * np.eye(3)[TRUE]
WRONG = np.sort(RNG.choice(90, 12, replace=False))
CODES = TRUE.copy()
CODES[WRONG] = (CODES[WRONG] + 1) % 3
WORDS = np.array(["ham", "spam", "eggs"])[CODES]
NUMBERS = X @ np.array([1.0, -2.0, 0.5]) + RNG.normal(size=90)


def probabilities(model: Any, x: Any, y: np.ndarray, where: np.ndarray, cv: int) -> np.ndarray:
    """Out-of-fold probabilities by a plain loop, a column for each class of y."""
    classes, found = np.unique(y), np.zeros((len(y), len(np.unique(y))))
    for fold in range(cv):
        fitted = clone(model).fit(x[where != fold], y[where != fold])
        column = np.searchsorted(classes, fitted.classes_)
        found[np.ix_(where == fold, column)] = fitted.predict_proba(x[where == fold])
    return found


def joint_by_definition(proba: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Where each point counts in the confident joint, one at a time."""
    counted = given.copy()
    for i, p in enumerate(proba):
        passing = [j for j in range(len(p)) if p[j] >= proba[given == j, j].mean()]
        if passing:
            counted[i] = max(passing, key=lambda j: p[j])
    return counted


# --- folds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "cv"), [(10, 2), (11, 5), (90, 7), (5, 5)])
def test_folds_are_balanced_and_stratified(n: int, cv: int) -> None:
    for seed in range(20):
        classes = (np.arange(n) * 7 % 5 < 2).astype(np.intp) + (np.arange(n) % 4 == 0)
        raw = words(seed, FOLDS, 0, n)
        for found in (folds(raw, cv, classes), folds(raw, cv)):
            assert np.ptp(np.bincount(found, minlength=cv)) <= 1
        for label in range(3):
            assert np.ptp(np.bincount(folds(raw, cv, classes)[classes == label], minlength=cv)) <= 1


def test_who_is_together_is_uniform() -> None:
    raws = [words(seed, FOLDS, 0, 12) for seed in range(3000)]
    together = np.mean([np.equal.outer(f, f) for f in (folds(raw, 3) for raw in raws)], axis=0)
    pairs = together[np.triu_indices(12, 1)]
    error = np.sqrt(3 / 11 * 8 / 11 / 3000)
    assert np.abs(pairs - 3 / 11).max() < stats.norm.ppf(1 - 1e-4 / 132) * error


# --- self-confidence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [CODES, WORDS, WORDS.astype(object), 9 - 4 * CODES, CODES == 1],
    ids=["codes", "words", "objects", "9 5 1", "bool"],
)
@pytest.mark.parametrize("score", ["self_confidence", "margin"])
def test_it_equals_a_plain_loop(labels: np.ndarray, score: str) -> None:
    model = LogisticRegression()
    result = SelfConfidenceValuation(model, 4, score, seed=3).fit(Dataset(X, labels)).result
    classes, given = np.unique(labels, return_inverse=True)
    proba = probabilities(model, X, labels, folds(words(3, FOLDS, 0, 90), 4, given), 4)
    own, others = proba[np.arange(90), given], proba.copy()
    others[np.arange(90), given] = -1
    truth = own if score == "self_confidence" else own - others.max(axis=1)
    np.testing.assert_allclose(result.values, truth, atol=1e-12)
    counted = joint_by_definition(proba, given)
    assert result.suggested_label.tolist() == classes[counted].tolist()
    assert result.predicted_label.tolist() == classes[proba.argmax(axis=1)].tolist()
    np.testing.assert_allclose(result.suggested_probability, proba[np.arange(90), counted], atol=1e-12)
    np.testing.assert_array_equal(result.suspicious, counted != given)
    assert np.isnan(result.stderr).all()
    assert (result.counts == 1).all()
    assert result.threshold == (0.0 if score == "margin" else None)


def test_wrong_labels_are_found_and_set_right() -> None:
    data = Dataset(X, WORDS)
    result = SelfConfidenceValuation(LogisticRegression()).fit(data).result
    found = suggested_labels(result)
    assert [s.value for s in found] == sorted(s.value for s in found)
    right = [s for s in found if s.index in WRONG]
    assert len(right) >= 9
    assert len(right) >= 0.7 * len(found)
    assert sum(s.suggested == np.array(["ham", "spam", "eggs"])[TRUE[s.index]] for s in right) >= 9
    assert all(s.given == WORDS[s.index] and 0 < s.probability <= 1 and s.id == s.index for s in found)
    clean = data.relabel({s.index: s.suggested for s in found})
    truth = np.array(["ham", "spam", "eggs"])[TRUE]
    assert (clean.y == truth).sum() > (WORDS == truth).sum() + 5
    # sorting and slicing move the columns along; positions stay those of the data set
    assert suggested_labels(result.copy().sort(reverse=True)) == found
    lowest = result.sort()[:5]
    assert {s.index for s in suggested_labels(lowest)} <= set(lowest.indices.tolist())


def test_the_columns_are_in_the_data_frame_and_in_files(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    result = SelfConfidenceValuation(LogisticRegression()).fit(Dataset(X, WORDS.astype(object))).result.sort()
    frame = result.to_dataframe()
    for name in ("given_label", "predicted_label", "suggested_label", "suggested_probability", "suspicious"):
        assert frame[name].tolist() == result.extra_values[name].tolist()
    assert frame.loc[int(WRONG[0]), "given_label"] == WORDS[WRONG[0]]
    save_result(result, tmp_path / "r.npz")
    assert suggested_labels(load_result(tmp_path / "r.npz")) == suggested_labels(result)


def test_repetitions_give_standard_errors_and_a_mean() -> None:
    data, model = Dataset(X, CODES), KNeighborsClassifier(7)
    result = SelfConfidenceValuation(model, 3, repetitions=4).fit(data).result
    each = []
    for repetition in range(4):
        proba = probabilities(model, X, CODES, folds(words(0, FOLDS, repetition, 90), 3, CODES), 3)
        each.append(proba[np.arange(90), CODES])
    np.testing.assert_allclose(result.values, np.mean(each, axis=0), atol=1e-12)
    np.testing.assert_allclose(result.stderr, np.std(each, axis=0, ddof=1) / 2, atol=1e-12)
    assert (result.counts == 4).all()


def test_the_only_point_of_a_class_has_no_value_and_no_suggestion() -> None:
    labels = np.where(np.arange(90) == 5, "once", WORDS)
    result = SelfConfidenceValuation(LogisticRegression()).fit(Dataset(X, labels)).result
    assert np.flatnonzero(np.isnan(result.values)).tolist() == [5]
    assert not result.suspicious[5]
    assert "once" not in result.suggested_label[np.arange(90) != 5]
    assert "only one point is of class once" in result.describe()


def test_confident_labels_by_hand() -> None:
    proba = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05], [np.nan, np.nan]])
    given = np.array([0, 0, 1, 1, 1, 0])
    # thresholds: class 0 .75, class 1 (.8 + .7 + .05) / 3 = .517
    assert confident_labels(proba, given).tolist() == [0, 0, 1, 1, 0, 0]


def test_a_fold_without_the_only_point_of_a_class_says_what_is_wrong() -> None:
    x, y = RNG.normal(size=(8, 2)), np.array(["ham"] * 7 + ["spam"])
    with pytest.raises(
        FirstFitError, match=r"\(fold \d of 5\): ValueError: .* Only one point is labelled 'spam'"
    ):
        SelfConfidenceValuation(LogisticRegression(), seed=0).fit(Dataset(x, y))


def test_groups_are_held_out_as_a_whole() -> None:
    groups = np.arange(90) // 6
    data = GroupedDataset(X, WORDS, groups)
    result = SelfConfidenceValuation(LogisticRegression(), seed=1).fit(data).result
    where = folds(words(1, FOLDS, 0, 15), 5)[groups]
    given = np.unique(WORDS, return_inverse=True)[1]
    proba = probabilities(LogisticRegression(), X, WORDS, where, 5)
    own = proba[np.arange(90), given]
    np.testing.assert_allclose(result.values, [own[groups == g].mean() for g in range(15)], atol=1e-12)
    wrong = joint_by_definition(proba, given) != given
    np.testing.assert_allclose(result.suspicious_share, [wrong[groups == g].mean() for g in range(15)])
    with pytest.raises(InputError, match="no suggested labels"):
        suggested_labels(result)


def test_a_part_is_known_while_it_streams() -> None:
    frames = list(SelfConfidenceValuation(LogisticRegression(), 6).stream(Dataset(X, CODES)))
    assert (frames[-1].done, frames[-1].total, frames[-1].unit) == (6, 6, "fits")
    valuation = SelfConfidenceValuation(LogisticRegression(), 5, repetitions=2)
    for frame in valuation.stream(Dataset(X, CODES)):
        if frame.done == 5:
            break
    part = valuation.result
    assert (part.counts == 1).all()
    assert part.suspicious.sum() > 3
    assert valuation.algorithm_name == "Self-confidence"


# --- residuals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model", [LinearRegression(), LinearRegression(fit_intercept=False), Ridge(3.0)], ids=str
)
def test_leave_one_out_residuals_equal_real_refits(model: Any) -> None:
    result = CrossValidatedResidualValuation(model).fit(Dataset(X, NUMBERS)).result
    for i in range(0, 90, 7):
        keep = np.arange(90) != i
        fitted = clone(model).fit(X[keep], NUMBERS[keep])
        left_out = NUMBERS[i] - fitted.predict(X[[i]])[0]
        assert NUMBERS[i] - result.predicted_label[i] == pytest.approx(left_out, abs=1e-9)
        if isinstance(model, Ridge):
            continue
        # externally studentised: the error of a prediction for a new point by the fit without it
        a = np.column_stack([X, np.ones(90)]) if model.fit_intercept else X
        sse = ((NUMBERS[keep] - fitted.predict(X[keep])) ** 2).sum()
        sigma = np.sqrt(sse / (89 - a.shape[1]))
        spread = np.sqrt(1 + a[i] @ np.linalg.inv(a[keep].T @ a[keep]) @ a[i])
        assert result.studentised[i] == pytest.approx(left_out / sigma / spread, abs=1e-9)
    np.testing.assert_allclose(result.values, -np.abs(result.studentised))
    assert (result.stderr == 0).all()


@pytest.mark.parametrize(
    ("model", "options"), [(KNeighborsRegressor(5), {}), (Ridge(), {"closed_form": False})], ids=str
)
def test_cross_validated_residuals_equal_a_plain_loop(model: Any, options: dict[str, Any]) -> None:
    result = CrossValidatedResidualValuation(model, 4, seed=2, **options).fit(Dataset(X, NUMBERS)).result
    where, said = folds(words(2, FOLDS, 0, 90), 4), np.empty(90)
    for fold in range(4):
        fitted = clone(model).fit(X[where != fold], NUMBERS[where != fold])
        said[where == fold] = fitted.predict(X[where == fold])
    residual = NUMBERS - said
    sigma = [np.sqrt(np.mean(np.delete(residual, i) ** 2)) for i in range(90)]
    np.testing.assert_allclose(result.values, -np.abs(residual / sigma), atol=1e-12)
    np.testing.assert_allclose(result.predicted_label, said, atol=1e-12)


@pytest.mark.parametrize("model", [LinearRegression(), KNeighborsRegressor(5)], ids=str)
def test_numbers_that_are_far_off_are_suspicious(model: Any) -> None:
    edited = NUMBERS.copy()
    edited[[4, 50]] += 25.0
    result = CrossValidatedResidualValuation(model).fit(Dataset(X, edited)).result
    found = suggested_labels(result)
    assert {4, 50} == {s.index for s in found}
    assert all(abs(s.suggested - NUMBERS[s.index]) < 6 and np.isnan(s.probability) for s in found)


def test_clean_data_are_suspicious_in_five_percent_of_all_cases() -> None:
    rng, alarms = np.random.default_rng(8), 0
    for _ in range(300):
        y = X @ np.ones(3) + rng.normal(size=90)
        alarms += bool(
            CrossValidatedResidualValuation(LinearRegression()).fit(Dataset(X, y)).result.suspicious.any()
        )
    low, high = stats.binom.interval(0.999, 300, 0.05)
    assert low <= alarms <= high


def test_groups_of_numbers() -> None:
    groups = np.arange(90) // 9
    result = CrossValidatedResidualValuation(Ridge(), 5).fit(GroupedDataset(X, NUMBERS, groups)).result
    where, said = folds(words(0, FOLDS, 0, 10), 5)[groups], np.empty(90)
    for fold in range(5):
        said[where == fold] = Ridge().fit(X[where != fold], NUMBERS[where != fold]).predict(X[where == fold])
    size = np.abs(NUMBERS - said) / np.sqrt(np.mean((NUMBERS - said) ** 2))
    np.testing.assert_allclose(result.values, [-size[groups == g].mean() for g in range(10)], atol=1e-12)


# --- one loop -----------------------------------------------------------------------------------------------------


def test_serial_threads_and_loky_give_the_same_bits() -> None:
    data, model = Dataset(X, WORDS), RandomForestClassifier(5)  # seeded by us
    serial = SelfConfidenceValuation(model, repetitions=2).fit(data).result
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            spread = SelfConfidenceValuation(model, repetitions=2).fit(data).result
        assert spread.values.tobytes() == serial.values.tobytes()
        assert spread.suggested_label.tolist() == serial.suggested_label.tolist()
    assert not np.array_equal(
        SelfConfidenceValuation(model, repetitions=2, seed=1).fit(data).result.values, serial.values
    )
    assert not hasattr(model, "classes_")


def test_it_resumes_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Dataset(X, WORDS)

    def valuation(**kwargs: Any) -> SelfConfidenceValuation:
        return SelfConfidenceValuation(LogisticRegression(), **{"repetitions": 4, **kwargs})

    whole = valuation().fit(data).result
    monkeypatch.setattr(newest, "FRAME_SECONDS", 0.0)
    for frame in valuation().stream(data, checkpoint=tmp_path):
        broken_off = frame.done
        if broken_off >= 8:  # nothing that was done is done again, wherever it is
            break
    done: list[int] = []
    usual = CrossValidationJob._fold
    monkeypatch.setattr(
        CrossValidationJob, "_fold", lambda self, step: (done.append(step), usual(self, step))[1]
    )
    again = valuation().fit(data, checkpoint=tmp_path).result
    assert broken_off < 20
    assert done == [0, *range(broken_off, 20)]  # the first fold is the check
    assert again.values.tobytes() == whole.values.tobytes()
    assert again.suggested_label.tolist() == whole.suggested_label.tolist()
    for other in (valuation(cv=4), valuation(score="margin"), valuation(seed=1)):
        with pytest.raises(IdentityError):
            other.fit(data, checkpoint=tmp_path)


def test_a_model_that_cannot_be_fitted_says_so() -> None:
    with pytest.raises(FirstFitError, match="could not be fitted on all folds but one"):
        SelfConfidenceValuation(LogisticRegression(C=-1)).fit(Dataset(X, CODES))
    with pytest.raises(InputTypeError, match="CalibratedClassifierCV"):
        SelfConfidenceValuation(LinearSVC())
