"""Data-OOB: equal to brute force for every bagging model; honest errors; refusals; same bits anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import sparse, stats
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets import (
    DataOOBValuation,
    Dataset,
    GroupedDataset,
    MaxUpdates,
    neg_l2_distance,
    point_wise_accuracy,
)
from dvlwidgets.errors import FirstFitError, IdentityError, InputError, InputTypeError
from dvlwidgets.valuation import bags, forest_bags
from dvlwidgets.valuation.forest_bags import drawn_again
from dvlwidgets.valuation.methods import oob_job as module
from dvlwidgets.valuation.methods.oob_job import OobJob

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5))
CODES = (X[:, 0] + 0.5 * RNG.normal(size=40) > 0).astype(int) + (X[:, 1] > 1)
NUMBERS = X @ np.array([1.0, -2.0, 0.0, 0.5, 0.0]) + RNG.normal(size=40)
WORDS = np.array(["ham", "spam", "eggs"])[CODES]
RARE = np.where(np.arange(40) == 7, "once", np.where(np.arange(40) % 19 == 3, "seldom", "often"))


def by_definition(model: Any, x: Any, y: np.ndarray, *, squared: bool = False) -> tuple[np.ndarray, ...]:
    """Values, counts and sample variances, one point and one estimator at a time."""
    samples = model.estimators_samples_
    features = getattr(model, "estimators_features_", [np.arange(x.shape[1])] * len(samples))
    values, counts, variances = np.full(len(y), np.nan), np.zeros(len(y), int), np.full(len(y), np.nan)
    every = [e.predict(x[:, columns]) for e, columns in zip(model.estimators_, features, strict=True)]
    for i in range(len(y)):
        seen = []
        for by_one, bag in zip(every, samples, strict=True):
            if i in bag:
                continue
            said = by_one[i]
            if squared:
                seen.append(-float(np.sum((said - y[i]) ** 2)))
            elif isinstance(model.classes_, list):
                right = [model.classes_[j][int(code)] == y[i][j] for j, code in enumerate(said)]
                seen.append(float(np.mean(right)))
            else:
                seen.append(float(model.classes_[int(said)] == y[i]))
        counts[i] = len(seen)
        if seen:
            values[i] = np.mean(seen)
        if len(seen) > 1:
            variances[i] = np.var(seen, ddof=1)
    return values, counts, variances


CLASSIFIERS = {
    "forest": RandomForestClassifier(30, random_state=0),
    "small bags": RandomForestClassifier(30, max_samples=0.3, random_state=0),
    "extra trees": ExtraTreesClassifier(20, bootstrap=True, random_state=0),
    "bagged trees": BaggingClassifier(DecisionTreeClassifier(max_depth=2), 20, random_state=0),
    "without replacement": BaggingClassifier(
        DecisionTreeClassifier(), 20, bootstrap=False, max_samples=0.6, random_state=0
    ),
    "some features": BaggingClassifier(LogisticRegression(), 15, max_features=3, random_state=0),
    "features twice": BaggingClassifier(
        KNeighborsClassifier(2), 15, bootstrap_features=True, max_features=0.8, random_state=0
    ),
    "tiny bags": BaggingClassifier(KNeighborsClassifier(1), 15, max_samples=3, random_state=0),
}
REGRESSORS = {
    "forest": RandomForestRegressor(20, random_state=0),
    "extra trees": ExtraTreesRegressor(15, bootstrap=True, max_samples=0.5, random_state=0),
    "bagged ridge": BaggingRegressor(Ridge(), 15, max_features=0.6, random_state=0),
    "without replacement": BaggingRegressor(Ridge(), 15, bootstrap=False, max_samples=20, random_state=0),
}


LABELS = {"codes": CODES, "words": WORDS, "7 4 1": 7 - 3 * CODES, "rare": RARE, "bool": CODES == 1}


@pytest.mark.parametrize(
    ("name", "kind"),
    # a logistic regression ("some features") cannot be fitted on a bag with one class
    [(name, kind) for name in CLASSIFIERS for kind in LABELS if (name, kind) != ("some features", "rare")],
)
def test_classifiers_equal_brute_force(name: str, kind: str) -> None:
    labels = LABELS[kind]
    model = CLASSIFIERS[name].fit(X, labels)
    result = DataOOBValuation(model).fit(Dataset(X, labels)).result
    values, counts, _ = by_definition(model, X, labels)
    np.testing.assert_allclose(result.values, values, atol=1e-12)
    np.testing.assert_array_equal(result.counts, counts)
    assert result.status.value == "converged"
    assert np.isnan(result.values[counts == 0]).all()


def test_a_leaf_that_is_torn_between_two_labels_says_what_the_tree_says() -> None:
    x, y = np.zeros((40, 1)), np.where(np.arange(40) % 2 == 0, "z", "a")
    model = BaggingClassifier(DecisionTreeClassifier(), 30, max_samples=2, random_state=0).fit(x, y)
    leaves = np.array([tree.tree_.value[0, 0] for tree in model.estimators_ if len(tree.classes_) == 2])
    assert (leaves[:, 0] == leaves[:, 1]).any()
    result = DataOOBValuation(model).fit(Dataset(x, y)).result
    np.testing.assert_allclose(result.values, by_definition(model, x, y)[0], atol=1e-12)


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_equal_brute_force_with_their_sample_errors(name: str) -> None:
    model = REGRESSORS[name].fit(X, NUMBERS)
    result = DataOOBValuation(model).fit(Dataset(X, NUMBERS)).result
    values, counts, variances = by_definition(model, X, NUMBERS, squared=True)
    np.testing.assert_allclose(result.values, values, atol=1e-10)
    np.testing.assert_allclose(result.stderr, np.sqrt(variances / counts), atol=1e-10)


def test_several_outputs() -> None:
    two = np.column_stack([WORDS, np.where(X[:, 2] > 0, "yes", "no")])
    model = RandomForestClassifier(15, random_state=0).fit(X, two)
    result = DataOOBValuation(model).fit(Dataset(X, two, multi_output=True)).result
    np.testing.assert_allclose(result.values, by_definition(model, X, two)[0], atol=1e-12)
    numbers = np.column_stack([NUMBERS, X[:, 0] ** 2])
    forest = RandomForestRegressor(15, random_state=0).fit(X, numbers)
    result = DataOOBValuation(forest).fit(Dataset(X, numbers, multi_output=True)).result
    np.testing.assert_allclose(result.values, by_definition(forest, X, numbers, squared=True)[0], atol=1e-10)


def test_frames_sparse_tables_and_tensors() -> None:
    pd, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    model = RandomForestClassifier(12, random_state=0).fit(X, WORDS)
    usual = DataOOBValuation(model).fit(Dataset(X, WORDS)).result.values
    frame = pd.DataFrame(X, columns=list("abcde"))
    labels = pd.Series(WORDS, dtype="category")
    named = RandomForestClassifier(12, random_state=0).fit(frame, labels)
    np.testing.assert_array_equal(DataOOBValuation(named).fit(Dataset(frame, labels)).result.values, usual)
    thin = sparse.csr_matrix(X)
    packed = RandomForestClassifier(12, random_state=0).fit(thin, WORDS)
    np.testing.assert_array_equal(DataOOBValuation(packed).fit(Dataset(thin, WORDS)).result.values, usual)
    tensor = Dataset(torch.as_tensor(X), torch.as_tensor(CODES))
    coded = RandomForestClassifier(12, random_state=0).fit(X, CODES)
    np.testing.assert_array_equal(DataOOBValuation(coded).fit(tensor).result.values, usual)


def test_a_group_is_worth_the_mean_over_estimators_of_its_rows() -> None:
    groups = np.array(["b", "a", "c", "a"])[np.arange(40) % 4]
    model = RandomForestClassifier(25, max_samples=0.9, random_state=3).fit(X, CODES)
    data = GroupedDataset(X, CODES, groups)
    result = DataOOBValuation(model).fit(data).result
    for at, group in enumerate(data.ids):
        rows, seen = np.flatnonzero(groups == group), []
        for tree, bag in zip(model.estimators_, model.estimators_samples_, strict=True):
            left = np.setdiff1d(rows, bag)
            if len(left):
                seen.append((model.classes_[tree.predict(X[left]).astype(int)] == CODES[left]).mean())
        assert result.values[at] == pytest.approx(np.mean(seen), abs=1e-12)
        assert result.counts[at] == len(seen)


def test_an_unfitted_model_is_fitted_in_the_steps_and_stays_unfitted() -> None:
    data = Dataset(X, WORDS)
    model = RandomForestClassifier(150, oob_score=True, n_jobs=2, random_state=5)
    valuation = DataOOBValuation(model)
    frames = list(valuation.stream(data))
    assert len({f.done for f in frames}) > 5
    assert (frames[-1].done, frames[-1].total, frames[-1].unit) == (150, 150, "estimators")
    assert not hasattr(model, "estimators_")
    assert "at most 150 estimators" in frames[0].announcement
    job = OobJob(model, data, point_wise_accuracy, 0)
    bagged = [job._fit(step, job.rows(step))[0] for step in range(job.total_steps)]
    assert len({m.random_state for m in bagged}) == len(bagged)
    each = np.array([by_definition(m, X, WORDS)[:2] for m in bagged])
    counts = each[:, 1].sum(axis=0)
    np.testing.assert_allclose(
        valuation.result.values, np.nansum(each[:, 0] * each[:, 1], axis=0) / counts, atol=1e-12
    )
    other = DataOOBValuation(model, seed=1).fit(data).result
    assert not np.array_equal(other.values, valuation.result.values)
    whole = DataOOBValuation(RandomForestClassifier(600, random_state=1).fit(X, WORDS)).fit(data).result
    t = (valuation.result.values - whole.values) / np.hypot(valuation.result.stderr, whole.stderr)
    assert np.abs(t).max() < stats.norm.ppf(1 - 1e-3 / 80), "chunks of a forest are a forest"


def test_a_rule_may_end_it() -> None:
    result = (
        DataOOBValuation(RandomForestClassifier(500, random_state=0), is_done=MaxUpdates(20))
        .fit(Dataset(X, CODES))
        .result
    )
    assert 20 <= result.counts.max() < 80


def test_a_point_in_every_bag_has_no_value_and_a_note() -> None:
    model = RandomForestClassifier(3, random_state=0).fit(X, CODES)
    result = DataOOBValuation(model).fit(Dataset(X, CODES)).result
    inside = ~bags.outside(model, model.estimators_samples_, 40).any(axis=0)
    assert 0 < inside.sum() < 40
    np.testing.assert_array_equal(np.isnan(result.values), inside)
    np.testing.assert_array_equal(result.counts == 0, inside)
    assert f"{inside.sum()} points were in every bag" in result.describe()


@pytest.mark.filterwarnings("ignore:Using the fractional value")
def test_bags_are_scikit_learns_own() -> None:
    rng = np.random.default_rng(4)
    forests = [
        RandomForestClassifier(3, random_state=2),
        RandomForestRegressor(3, max_samples=0.31, random_state=3),
        ExtraTreesClassifier(3, bootstrap=True, max_samples=1, random_state=4),
    ]
    for n in (2, 3, 16, 40, 257, 2049):  # from none to nearly half of the numbers are too large
        for forest in forests:
            model = forest.set_params(max_depth=1).fit(rng.normal(size=(n, 1)), np.arange(n) % 2)
            drawn = model.estimators_samples_
            found = drawn_again(model, n, 2)
            assert found is not None
            np.testing.assert_array_equal(found[0], bags.outside(model, drawn, n))
            for bag, own in zip(found[1], drawn[:2], strict=True):
                np.testing.assert_array_equal(bag, own)
    assert drawn_again(model, n - 1, 2) is None
    assert drawn_again(RandomForestClassifier(2, bootstrap=False).fit(X, CODES), 40, 2) is None
    assert drawn_again(BaggingClassifier(n_estimators=2).fit(X, CODES), 40, 2) is None


def test_bags_that_would_not_be_scikit_learns_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    model, usual = RandomForestClassifier(9, random_state=0).fit(X, CODES), forest_bags._words
    monkeypatch.setattr(forest_bags, "_words", lambda *given: usual(*given)[::-1])
    assert drawn_again(model, 40, 2) is None
    values = DataOOBValuation(model).fit(Dataset(X, CODES)).result.values
    np.testing.assert_allclose(values, by_definition(model, X, CODES)[0], atol=1e-12)


# --- honest errors ------------------------------------------------------------------------------------------------


def coverage(job_type: type[OobJob], runs: int = 400) -> float:
    """Share of 95 % intervals that hold the known chance of a hit: points sure, nearly sure and in doubt."""
    rng = np.random.default_rng(1)
    model = BaggingClassifier(KNeighborsClassifier(1), 2, max_samples=3, random_state=0).fit(X, CODES)
    job = job_type(model, Dataset(X, CODES), point_wise_accuracy, 0)
    chance = np.concatenate([rng.beta(8, 0.8, 30), rng.uniform(0, 1, 10)])
    inside = []
    for _ in range(runs):
        count = rng.binomial(100, 0.368, 40)
        mean = rng.binomial(count, chance) / count
        e = job.estimate({"count": count, "mean": mean, "m2": count * mean * (1 - mean)})
        inside.append(np.abs(e.values - chance) <= stats.norm.ppf(0.975) * e.stderr)
    return float(np.mean(inside))


class Plain(OobJob):
    """The sample's variance, which is 0 for ten hits of ten."""

    def estimate(self, stats: Any) -> Any:
        e, count = super().estimate(stats), stats["count"]
        return type(e)(e.values, np.sqrt(stats["m2"] / (count - 1) / count), count)


class TooSure(OobJob):
    """Standard errors that are too small."""

    def estimate(self, stats: Any) -> Any:
        e = super().estimate(stats)
        return type(e)(e.values, 0.8 * e.stderr, e.counts)


def test_intervals_over_estimators_cover() -> None:
    assert 0.93 <= coverage(OobJob) <= 0.97
    for twin in (Plain, TooSure):
        assert not 0.93 <= coverage(twin) <= 0.97


def test_three_hits_of_three_are_not_certain() -> None:
    model = RandomForestClassifier(8, random_state=0).fit(X, CODES)
    result = DataOOBValuation(model).fit(Dataset(X, CODES)).result
    assert (result.stderr[result.counts > 1] > 0).all()
    assert np.isnan(result.stderr[result.counts < 2]).all()


# --- one loop -----------------------------------------------------------------------------------------------------


def test_serial_threads_and_loky_give_the_same_bits() -> None:
    data = Dataset(X, WORDS)
    for model in (
        RandomForestClassifier(24, random_state=0),
        RandomForestClassifier(24, random_state=0).fit(X, WORDS),
    ):
        serial = DataOOBValuation(model).fit(data).result
        for backend in ("threading", "loky"):
            with joblib.parallel_config(backend=backend, n_jobs=2):
                spread = DataOOBValuation(model).fit(data).result
            assert spread.values.tobytes() == serial.values.tobytes()
            assert spread.stderr.tobytes() == serial.stderr.tobytes()


def test_it_resumes_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, model = Dataset(X, CODES), RandomForestClassifier(80, random_state=0)
    whole = DataOOBValuation(model).fit(data).result
    for frame in DataOOBValuation(model).stream(data, checkpoint=tmp_path):
        if frame.done >= 20:
            break
    fits: list[int] = []
    usual = OobJob._fit
    monkeypatch.setattr(OobJob, "_fit", lambda self, step, k: (fits.append(k), usual(self, step, k))[1])
    resumed = DataOOBValuation(model).fit(data, checkpoint=tmp_path).result
    assert 20 <= sum(fits) - 1 < 80, "what was done is not done again"
    assert resumed.values.tobytes() == whole.values.tobytes()
    assert resumed.stderr.tobytes() == whole.stderr.tobytes()
    for other in (DataOOBValuation(model, seed=1), DataOOBValuation(RandomForestClassifier(81))):
        with pytest.raises(IdentityError):
            other.fit(data, checkpoint=tmp_path)
    with pytest.raises(IdentityError, match="training data"):
        DataOOBValuation(model).fit(data.relabel({0: 1 - CODES[0]}), checkpoint=tmp_path)


def test_two_forests_of_other_bags_are_other_runs(tmp_path: Path) -> None:
    data = Dataset(X, CODES)
    DataOOBValuation(RandomForestClassifier(9).fit(X, CODES)).fit(data, checkpoint=tmp_path)
    with pytest.raises(IdentityError, match="bags"):
        DataOOBValuation(RandomForestClassifier(9).fit(X, CODES)).fit(data, checkpoint=tmp_path)


def test_the_size_of_the_steps_matters_to_rounding_only(monkeypatch: pytest.MonkeyPatch) -> None:
    model = RandomForestClassifier(30, random_state=0).fit(X, CODES)
    usual = DataOOBValuation(model).fit(Dataset(X, CODES)).result
    monkeypatch.setattr(module, "STEPS", 4)
    coarse = DataOOBValuation(model).fit(Dataset(X, CODES)).result
    np.testing.assert_allclose(coarse.values, usual.values, atol=1e-12)
    np.testing.assert_allclose(coarse.stderr, usual.stderr, atol=1e-12)


# --- the score ----------------------------------------------------------------------------------------------------


def test_point_wise_scores() -> None:
    np.testing.assert_array_equal(point_wise_accuracy(np.array(["a", "b"]), np.array(["a", "a"])), [1.0, 0.0])
    np.testing.assert_array_equal(neg_l2_distance(np.array([1.0, 2.0]), np.array([1.0, 5.0])), [0.0, -9.0])
    np.testing.assert_array_equal(
        neg_l2_distance(np.ones((2, 2)), np.array([[1.0, 3.0], [4.0, 5.0]])), [-4.0, -25.0]
    )


def test_a_score_of_ones_own() -> None:
    def near(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return (np.abs(y_true - y_pred) < 1).astype(float)

    model = RandomForestRegressor(10, random_state=0).fit(X, NUMBERS)
    result = DataOOBValuation(model, near).fit(Dataset(X, NUMBERS)).result
    assert ((result.values >= 0) & (result.values <= 1))[result.counts > 0].all()
    assert "points of near" in result.unit
    for wrong, words in [
        (lambda y, p: 1.0, "one finite number a point"),
        (lambda y, p: y * np.nan, "NaN"),
        (lambda y, p: "a", "one number"),
    ]:
        with pytest.raises((InputError, InputTypeError), match=words):
            DataOOBValuation(model, wrong).fit(Dataset(X, NUMBERS))


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, bootstrap=False),
        ExtraTreesClassifier(5),
        BaggingClassifier(DecisionTreeClassifier(), 5, bootstrap=False, max_samples=1.0),
        BaggingRegressor(Ridge(), 5, bootstrap=False, max_samples=1.0).fit(X, NUMBERS),
    ],
    ids=lambda m: type(m).__name__,
)
def test_bags_of_everything_are_refused_before_any_work(model: Any) -> None:
    with pytest.raises(InputError, match="no point is ever out of bag"):
        DataOOBValuation(model)


@pytest.mark.parametrize("fitted", [True, False])
def test_bags_of_all_rows_by_number_are_refused(fitted: bool) -> None:
    model = BaggingClassifier(DecisionTreeClassifier(), 5, bootstrap=False, max_samples=40)
    with pytest.raises(InputError, match="every bag holds all points"):
        DataOOBValuation(model.fit(X, CODES) if fitted else model).fit(Dataset(X, CODES))


def test_other_models_are_refused() -> None:
    for model in (
        LogisticRegression(),
        GradientBoostingClassifier(),
        IsolationForest(),
        RandomTreesEmbedding(),
        3,
    ):
        with pytest.raises(InputTypeError, match="must be a bagging model"):
            DataOOBValuation(model)


def test_other_data_than_the_fits_are_refused() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(X, CODES)
    for data, words in [
        (Dataset(X[:30], CODES[:30]), "fitted on 40 points"),
        (Dataset(X[:, :3], CODES), "fitted on 5 features"),
        (Dataset(X, WORDS), "a label 'eggs' that it does not know"),
    ]:
        with pytest.raises(InputError, match=words):
            DataOOBValuation(model).fit(data)
    words = Dataset(X, WORDS)
    with pytest.raises(InputTypeError, match="neg_l2_distance measures numbers"):
        DataOOBValuation(RandomForestClassifier(5), neg_l2_distance).fit(words)


def test_edited_labels_are_noticed_in_the_trees() -> None:
    for kind, y in ((RandomForestClassifier, CODES), (RandomForestRegressor, NUMBERS)):
        data = Dataset(X, y)
        model = kind(20, random_state=0).fit(X, y)
        assert "grown on other labels" not in DataOOBValuation(model).fit(data).result.describe()
        edited = data.relabel({0: y[1] if y[1] != y[0] else y[2]})
        assert edited.y[0] != y[0]
        assert "grown on other labels" in DataOOBValuation(model).fit(edited).result.describe()


def test_a_model_that_cannot_be_fitted_says_so() -> None:
    model = BaggingClassifier(LogisticRegression(penalty="nonsense"), 5)
    with pytest.raises(FirstFitError, match="could not be fitted"):
        DataOOBValuation(model).fit(Dataset(X, CODES))
