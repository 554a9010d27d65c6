"""`ModelUtility` with many fits at once: the same scores, failures, values and receipts as fits one by one."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dvlwidgets import (
    AntitheticPermutationSampler,
    CrossValidatedUtility,
    Dataset,
    GroupedDataset,
    InMemoryCacheBackend,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
    compose_score,
    sigmoid,
)
from dvlwidgets.engine.records import FAILED, OK
from dvlwidgets.errors import FirstFitError, InputTypeError
from dvlwidgets.utility.plain import PLAIN
from dvlwidgets.utility.together import Together
from dvlwidgets.valuation.samplers import RelativeTruncation

N = 24


def data(classes: int = 2, *, numbers: bool = False, seed: int = 0) -> tuple[Dataset, Dataset]:
    rng = np.random.default_rng(seed)
    y = np.arange(N + 31) % classes
    x = rng.normal(size=(N + 31, 3)) + y[:, None]
    target = x @ [1.0, -2.0, 0.5] + rng.normal(size=len(x)) if numbers else y
    return Dataset(x[:N], target[:N]), Dataset(x[N:], target[N:])


def masks(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    drawn = np.zeros((70, N), bool)
    for row, size in zip(drawn, [0, 1, 2, N, *rng.integers(1, N + 1, size=66)], strict=True):
        row[rng.permutation(N)[:size]] = True
    return drawn


def pair(model: Any, scoring: Any, train: Dataset, test: Dataset, **options: Any) -> tuple[Any, Any]:
    """The bound utility, batched and forced to one by one."""
    scorer = scoring if isinstance(scoring, SupervisedScorer) else SupervisedScorer(scoring, test)
    both = [Utility(model, scorer, batched=b, **options).with_dataset(train) for b in (None, False)]
    assert both[0].batched, both[0].path
    assert both[0].path.startswith("batched: ")
    assert not both[1].batched
    assert both[1].path == "one by one: batched=False"
    return both[0], both[1]


def assert_alike(together: Any, alone: Any, drawn: Any, rtol: float = 1e-8) -> None:
    a, b = together.evaluate(drawn), alone.evaluate(drawn)
    np.testing.assert_array_equal(a.status, b.status)
    np.testing.assert_allclose(a.values, b.values, rtol=rtol, atol=1e-9)
    assert (a.failure is None) == (b.failure is None)
    if a.failure is not None:
        assert a.failure.splitlines()[-1] == b.failure.splitlines()[-1]


# --- scores ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "scoring",
    [
        "accuracy", "score", "balanced_accuracy", "f1_macro", "f1_weighted", "neg_log_loss", "probability", "margin",
        "matthews_corrcoef", "neg_brier_score", "jaccard_macro",
        make_scorer(f1_score, average="micro"),
        ["neg_log_loss", "accuracy", "precision_macro"],
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_metrics_of_classes_are_those_of_single_fits(scoring: Any, classes: int) -> None:
    train, test = data(classes)
    # a single fit and its score take milliseconds each; the first four are all sizes that are special
    drawn = masks()[: 28 if isinstance(scoring, str) and scoring in PLAIN else 14]
    for model in (GaussianNB(), KNeighborsClassifier(3), make_pipeline(StandardScaler(), GaussianNB())):
        assert_alike(*pair(model, scoring, train, test), drawn)


@pytest.mark.filterwarnings("ignore")
def test_roc_auc_ranks_by_decision_values_where_the_model_has_them() -> None:
    train, test = data(2)
    for model in (GaussianNB(), RidgeClassifier(), LinearDiscriminantAnalysis(), KNeighborsClassifier(4)):
        assert_alike(*pair(model, ["roc_auc", "average_precision"], train, test), masks())


@pytest.mark.parametrize(
    "scoring",
    [
        "r2", "score", "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error",
        "explained_variance", ["neg_median_absolute_error", "r2"],
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_metrics_of_numbers_are_those_of_single_fits(scoring: Any) -> None:
    train, test = data(numbers=True)
    for model in (Ridge(), LinearRegression()):
        assert_alike(*pair(model, scoring, train, test), masks())
    several = [Dataset(d.x, np.column_stack([d.y, d.y**2]), multi_output=True) for d in (train, test)]
    assert_alike(*pair(Ridge(), scoring, *several), masks())


@pytest.mark.filterwarnings("ignore")
def test_classes_that_the_other_part_lacks_are_wrong_or_impossible() -> None:
    train, test = data(3)
    fewer, other = train.take(np.flatnonzero(train.y < 2)), test.take(np.flatnonzero(test.y > 0))
    drawn = masks()[:, : len(fewer)]
    for scoring in ("accuracy", "balanced_accuracy", "neg_log_loss", "margin", "f1_macro"):
        assert_alike(*pair(GaussianNB(), scoring, fewer, test), drawn)
        assert_alike(*pair(GaussianNB(), scoring, train, other), masks())


def test_labels_may_be_texts() -> None:
    train, test = data(3)
    named = [Dataset(d.x, np.array(["a", "bb", "ccc"])[d.y]) for d in (train, test)]
    numbered = pair(NearestCentroid(), "accuracy", train, test)[0]
    np.testing.assert_array_equal(pair(NearestCentroid(), "accuracy", *named)[0](masks()), numbered(masks()))


@pytest.mark.filterwarnings("ignore")
def test_transformed_scores_and_ranges_hold() -> None:
    train, test = data()
    composed = compose_score(SupervisedScorer("neg_log_loss", test), sigmoid, "squashed")
    assert_alike(*pair(GaussianNB(), composed, train, test), masks())
    narrow = SupervisedScorer("accuracy", test, default=0.55, range=(0.5, 0.7))  # others are failures
    together, alone = pair(GaussianNB(), narrow, train, test)
    assert_alike(together, alone, masks())
    assert (together.evaluate(masks()).status == FAILED).any()


def test_logistic_regressions_score_as_with_a_sharp_tolerance() -> None:
    train, test = data()
    model = LogisticRegression(tol=1e-10, max_iter=10_000)
    assert_alike(*pair(model, "neg_log_loss", train, test), masks(), rtol=1e-6)


def test_groups_are_fitted_with_all_their_rows() -> None:
    train, test = data()
    grouped = GroupedDataset.from_dataset(train, np.arange(N) * 5 % 8)
    assert_alike(*pair(GaussianNB(), "neg_log_loss", grouped, test), masks()[:, :8])


# --- failures, limits, caches ------------------------------------------------------------------------------------


def test_failures_are_those_of_single_fits() -> None:
    train, test = data()
    together, alone = pair(KNeighborsClassifier(6), SupervisedScorer("accuracy", test, 0.25), train, test)
    assert_alike(together, alone, masks())
    small = (masks().sum(axis=1) < 6) & masks().any(axis=1)
    found = together.evaluate(masks())
    np.testing.assert_array_equal(found.status, np.where(small, FAILED, OK))
    np.testing.assert_array_equal(found.values[small], 0.25)
    strict = Utility(KNeighborsClassifier(6), SupervisedScorer("accuracy", test), catch_errors=False)
    with pytest.raises(ValueError, match="n_neighbors"):
        strict.with_dataset(train)(masks())


def test_a_first_fit_that_fails_is_told_before_anything_is_valued() -> None:
    train, test = data()
    with pytest.raises(FirstFitError, match="n_neighbors"):
        Utility(KNeighborsClassifier(99), SupervisedScorer("accuracy", test)).with_dataset(train).first()


def test_the_full_sets_score_comes_from_the_batch_too() -> None:
    train, test = data()
    utility = Utility(LogisticRegression(tol=1e-3), SupervisedScorer("neg_log_loss", test))
    bound = utility.with_dataset(train)
    assert bound.first().full[0] == pytest.approx(bound(np.ones((1, N), bool))[0], rel=1e-12)


def test_a_batch_beyond_its_time_is_fitted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from dvlwidgets.utility.fits.many import BatchedFits
    from dvlwidgets.utility.time_limit import FitTimeoutError

    def late(self: Any, drawn: Any) -> Any:
        raise FitTimeoutError

    train, test = data()
    together, alone = pair(GaussianNB(), "accuracy", train, test, fit_seconds=60.0)
    expected = alone(masks())
    monkeypatch.setattr(BatchedFits, "predictions", late)
    np.testing.assert_array_equal(together(masks()), expected)


def test_cached_scores_are_found_again() -> None:
    train, test = data()
    backend = InMemoryCacheBackend()
    together, alone = pair(GaussianNB(), "neg_log_loss", train, test, cache_backend=backend)
    first = together.evaluate(masks()).values
    misses, kept = backend.stats.misses, backend.stats.sets
    again = together.evaluate(masks()[::-1]).values
    np.testing.assert_array_equal(again[::-1], first)
    assert backend.stats.misses == 2 * misses - kept  # failures are tried again
    np.testing.assert_allclose(alone.evaluate(masks()).values, first, rtol=1e-8)
    assert backend.stats.sets == 2 * kept > 80  # other bits, other entries


# --- what is fitted one by one -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "scoring", "words"),
    [
        ({"clone_before_fit": False}, "accuracy", "clone_before_fit"),
        ({}, lambda model, x, y: float(model.theta_.mean()), "may ask the model anything"),
        ({}, ["accuracy", lambda model, x, y: 1.0], "may ask the model anything"),
    ],
)
def test_the_path_says_why_fits_are_made_one_by_one(options: Any, scoring: Any, words: str) -> None:
    train, test = data()
    bound = Utility(GaussianNB(), SupervisedScorer(scoring, test), **options).with_dataset(train)
    assert not bound.batched
    assert bound.path.startswith("one by one: ")
    assert words in bound.path
    assert np.isfinite(bound(masks())).all()


def test_a_metric_that_needs_what_no_batch_says_is_scored_one_by_one() -> None:
    train, test = data()
    bound = Utility(NearestCentroid(), SupervisedScorer("neg_log_loss", test)).with_dataset(train)
    assert "predict_proba" in bound.path


def test_batched_is_none_or_false() -> None:
    _, test = data()
    with pytest.raises(InputTypeError, match="batched"):
        Utility(GaussianNB(), SupervisedScorer("accuracy", test), batched=True)  # type: ignore[arg-type]


# --- whole valuations --------------------------------------------------------------------------------------------

SAMPLERS = [
    (MSRSampler(seed=1), 12),
    (PermutationSampler(seed=1), 3),
    (PermutationSampler(RelativeTruncation(0.05), seed=1), 3),
    (AntitheticPermutationSampler(seed=1), 4),
]


def valued(
    sampler: Any, updates: int, model: Any, scoring: str, folder: Path | None = None, **options: Any
) -> Any:
    train, test = data(numbers=isinstance(model, Ridge))
    utility = Utility(model, SupervisedScorer(scoring, test), show_warnings=False, **options)
    return ShapleyValuation(utility, sampler, MaxUpdates(updates)).fit(train).values()


@pytest.mark.parametrize(("sampler", "updates"), SAMPLERS, ids=str)
def test_a_whole_valuation_is_the_same_batched_and_one_by_one(sampler: Any, updates: int) -> None:
    for model, scoring in ((GaussianNB(), "accuracy"), (Ridge(), "r2")):
        together = valued(sampler, updates, model, scoring)
        alone = valued(sampler, updates, model, scoring, batched=False)
        np.testing.assert_allclose(together.values, alone.values, rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal(together.counts, alone.counts)


@pytest.mark.parametrize("model", [LogisticRegression(), GaussianNB()], ids=str)
def test_any_workers_give_the_same_bits(model: Any) -> None:
    def bits() -> bytes:
        return bytes(valued(MSRSampler(seed=2), 20, model, "neg_log_loss").values.tobytes())

    serial = bits()
    for backend, n_jobs in (("threading", 2), ("loky", 2)):
        with joblib.parallel_config(backend=backend, n_jobs=n_jobs):
            assert bits() == serial, backend


def test_a_step_is_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    score = Together.score

    def counted(self: Any, drawn: Any, values: Any, at: Any, **options: Any) -> Any:
        seen.append(len(at))
        return score(self, drawn, values, at, **options)

    monkeypatch.setattr(Together, "score", counted)
    valued(MSRSampler(seed=1, batch_size=40), 30, GaussianNB(), "accuracy")
    assert seen[0] == 1  # v(N)
    assert set(seen[1:]) == {40}


def test_the_key_tells_batched_from_single_fits() -> None:
    train, test = data()
    together, alone = pair(GaussianNB(), "accuracy", train, test)
    assert together.key_parts() != alone.key_parts()
    assert together.key_parts() == pair(GaussianNB(), "accuracy", train, test)[0].key_parts()


def test_a_copy_in_another_process_prepares_itself() -> None:
    train, test = data()
    together, _ = pair(GaussianNB(), "neg_log_loss", train, test)
    expected = together(masks())
    copied = pickle.dumps(together)
    assert len(copied) < 20_000  # the data, not what was prepared
    np.testing.assert_array_equal(pickle.loads(copied)(masks()), expected)


def test_folds_of_a_cross_validated_utility_are_batched() -> None:
    train, _ = data()
    batched = CrossValidatedUtility(GaussianNB(), "neg_log_loss", folds=3).with_dataset(train)
    forced = CrossValidatedUtility(GaussianNB(), "neg_log_loss", folds=3, batched=False).with_dataset(train)
    assert batched.batched
    assert not forced.batched
    np.testing.assert_allclose(batched(masks()), forced(masks()), rtol=1e-8)
