"""The KNN family: each method equals enumeration of its own utility; ties, duplicates and groups included."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import semivalue_by_enumeration
from scipy import sparse, stats
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, RadiusNeighborsClassifier

from dvlwidgets import (
    CalibratedKNNShapleyValuation,
    Dataset,
    DeterministicUniformSampler,
    GroupedDataset,
    KNNClassifierUtility,
    KNNRegressionShapleyValuation,
    KNNShapleyValuation,
    MaxUpdates,
    NoStopping,
    PermutationSampler,
    ShapleyValuation,
    SoftLabelKNNShapleyValuation,
    ThresholdKNNShapleyValuation,
    WeightedKNNShapleyValuation,
)
from dvlwidgets.engine.draws import TEST_POINTS, permutation, words
from dvlwidgets.errors import InputError, NotFittedError
from dvlwidgets.utility import knn as utility_module
from dvlwidgets.valuation.methods.knn_weighted import vote_values
from dvlwidgets.valuation.semivalue import shapley_law

Floats = np.ndarray
CLASSES = ["ham", "spam", "eggs"]

# --- the utilities by their definitions, one subset and one test point at a time -----------------------------------


def mean_over(test: Dataset, score: Callable[[Any, int], float]) -> Callable[[Floats], Floats]:
    """`score(rows of a subset, test point)` averaged over test points."""

    def utility(masks: Floats) -> Floats:
        return np.array(
            [np.mean([score(np.flatnonzero(m), t) for t in range(len(test))]) for m in np.asarray(masks)]
        )

    return utility


def definition(
    kind: str,
    train: Dataset,
    test: Dataset,
    k: int,
    *,
    chance: float = 0.0,
    baseline: float = 0.0,
    radius: float = 1.0,
    votes: Floats | None = None,
) -> Callable[[Floats], Floats]:
    """What the docstrings say, in loops."""
    x, y, x_test, y_test = (np.asarray(a) for a in (train.x, train.y, test.x, test.y))
    d = np.sqrt(((x_test[:, None] - x[None]) ** 2).sum(axis=2))

    def near(rows: Any, t: int) -> list[int]:
        return sorted(rows, key=lambda r: (d[t, r], r))[:k]

    def score(rows: Any, t: int) -> float:
        chosen = near(rows, t)
        hits = [y[r] == y_test[t] for r in chosen]
        if kind == "share":
            return sum(hits) / k
        if kind == "soft":
            return sum(hits) / len(hits) if hits else chance
        if kind == "regression":
            targets = [y[r] for r in chosen] + [baseline] * (k - len(chosen))
            return -((np.mean(targets) - y_test[t]) ** 2)
        if kind == "radius":
            inside = [y[r] == y_test[t] for r in rows if d[t, r] <= radius]
            return sum(inside) / len(inside) if inside else chance
        assert votes is not None
        total = sum(votes[t, r] if y[r] == y_test[t] else -votes[t, r] for r in chosen)
        return (np.sign(total) + 1) / 2

    return mean_over(test, score)


def points(
    n: int, t: int, classes: Any = (0, 1), seed: int = 0, grid: int | None = None
) -> tuple[Dataset, Dataset]:
    """Random points; on a coarse grid many coincide and many distances tie."""
    rng = np.random.default_rng([n, t, seed])
    x = rng.normal(size=(n + t, 2)) if grid is None else rng.integers(0, grid, size=(n + t, 2)).astype(float)
    y = np.asarray(classes)[np.r_[rng.integers(0, len(classes), n), np.arange(t) % len(classes)]]
    y[0] = classes[0]
    return Dataset(x[:n], y[:n]), Dataset(x[n:], y[n:])


def values_of(valuation: Any, train: Dataset) -> Floats:
    result = valuation.fit(train).result
    assert (result.stderr == 0).all()
    return result.values


SIZES = [(1, 1), (1, 3), (2, 1), (3, 2), (5, 4), (6, 1), (7, 3), (8, 2), (8, 5), (8, 8), (8, 11), (9, 2)]
GRIDS = [None, 2]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_soft_label_equals_enumeration(n: int, k: int, grid: int | None) -> None:
    train, test = points(n, 4, CLASSES, grid=grid)
    classes = len({*train.y, *test.y})
    truth = semivalue_by_enumeration(definition("soft", train, test, k, chance=1 / classes), shapley_law(n))
    model = KNeighborsClassifier(k)
    np.testing.assert_allclose(values_of(SoftLabelKNNShapleyValuation(model, test), train), truth, atol=1e-12)
    truth = semivalue_by_enumeration(definition("soft", train, test, k, chance=0.7), shapley_law(n))
    found = values_of(SoftLabelKNNShapleyValuation(model, test, chance=0.7), train)
    np.testing.assert_allclose(found, truth, atol=1e-12)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_calibrated_equals_enumeration_over_large_subsets(n: int, k: int, grid: int | None) -> None:
    train, test = points(n, 4, grid=grid)
    utility = definition("share", train, test, k)
    for smallest in (None, 0, n - 1, n // 2):
        least = max(0, n - 2 * k) if smallest is None else smallest
        law = np.where(np.arange(n) >= least, 1.0 / (n - least), 0.0)
        valuation = CalibratedKNNShapleyValuation(KNeighborsClassifier(k), test, smallest=smallest)
        truth = semivalue_by_enumeration(utility, law)
        np.testing.assert_allclose(values_of(valuation, train), truth, atol=1e-12)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_regression_equals_enumeration(n: int, k: int, grid: int | None) -> None:
    train, test = points(n, 3, grid=grid)
    rng = np.random.default_rng(n)
    train, test = Dataset(train.x, rng.normal(3.0, 1.0, n)), Dataset(test.x, rng.normal(3.0, 1.0, 3))
    for baseline in (None, 0.0, -1.5):
        b = float(np.mean(train.y)) if baseline is None else baseline
        truth = semivalue_by_enumeration(definition("regression", train, test, k, baseline=b), shapley_law(n))
        valuation = KNNRegressionShapleyValuation(KNeighborsRegressor(k), test, baseline=baseline)
        np.testing.assert_allclose(values_of(valuation, train), truth, atol=1e-11)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("n", [1, 2, 5, 8, 9])
def test_threshold_equals_enumeration(n: int, grid: int | None) -> None:
    train, test = points(n, 4, CLASSES, grid=grid)
    classes = len({*train.y, *test.y})
    for radius in (1.0, 1.6, 50.0):  # 1.0 is a distance on the grid
        utility = definition("radius", train, test, n, chance=1 / classes, radius=radius)
        try:
            valuation = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(radius), test).fit(train)
        except InputError:  # nothing is near
            assert utility(np.ones((1, n), bool))[0] == pytest.approx(1 / classes)
            continue
        truth = semivalue_by_enumeration(utility, shapley_law(n))
        np.testing.assert_allclose(valuation.result.values, truth, atol=1e-12)


def test_enumeration_tells_the_kinds_apart() -> None:
    """Each kind is rejected by the utility of another, so that no test above passes for the wrong reason."""
    train, test = points(8, 4)
    model = KNeighborsClassifier(3)
    found = {
        "share": values_of(KNNShapleyValuation(model, test, progress=False), train),
        "soft": values_of(SoftLabelKNNShapleyValuation(model, test), train),
        "radius": values_of(ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.0), test), train),
        "votes": values_of(WeightedKNNShapleyValuation(model, test), train),
        "calibrated": values_of(CalibratedKNNShapleyValuation(model, test), train),
    }
    for kind in ("share", "soft", "radius", "votes"):
        utility = definition(kind, train, test, 3, chance=0.5, votes=np.ones((4, 8), int))
        truth = semivalue_by_enumeration(utility, shapley_law(8))
        assert {k for k, v in found.items() if np.abs(v - truth).max() < 1e-3} == {kind}


def votes_by_definition(train: Dataset, test: Dataset, weights: Any, levels: int) -> Floats:
    d = np.sqrt(((np.asarray(test.x)[:, None] - np.asarray(train.x)[None]) ** 2).sum(axis=2))
    votes = np.zeros(d.shape, int)
    for t, r in np.ndindex(*d.shape):
        if weights == "uniform":
            w = 1.0
        elif weights == "distance":
            w = 1.0 if d[t, r] == 0 else d[t].min() / d[t, r]
        else:
            w = weights(d[t])[r] / max(1e-300, weights(d[t]).max())
        votes[t, r] = 0 if w == 0 else max(1, int(np.rint(levels * w)))
    return votes


def bell(distances: Floats) -> Floats:
    return np.where(distances < 2.0, np.exp(-(distances**2)), 0.0)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_weighted_equals_enumeration(n: int, k: int, grid: int | None) -> None:
    train, test = points(n, 3, CLASSES, grid=grid)
    for weights, levels in (("uniform", 1), ("distance", 8), (bell, 5)):
        votes = votes_by_definition(train, test, weights, levels)
        truth = semivalue_by_enumeration(definition("votes", train, test, k, votes=votes), shapley_law(n))
        valuation = WeightedKNNShapleyValuation(KNeighborsClassifier(k, weights=weights), test, levels=levels)
        np.testing.assert_allclose(values_of(valuation, train), truth, atol=1e-12)


def test_weighted_values_of_many_neighbours_keep_their_digits() -> None:
    """Against integers that cannot lose any: subsets counted without inclusion and exclusion."""
    from fractions import Fraction
    from math import comb

    def exact(w: list[int], k: int) -> list[float]:
        n, found = len(w), []

        def f(s: int) -> Fraction:
            return Fraction(int(np.sign(s)) + 1, 2)

        for i in range(n):
            sets: list[dict[int, int]] = [{} for _ in range(k)]
            sets[0][0] = 1
            value = Fraction(0)
            for j in (j for j in range(n) if j != i):
                if j > i and j >= k:  # j is the K-th nearest of the others
                    gain = sum(c * (f(s + w[i]) - f(s + w[j])) for s, c in sets[k - 1].items())
                    value += Fraction(1, (j + 1) * comb(j, k)) * gain
                for m in range(k - 1, 0, -1):
                    for s, c in sets[m - 1].items():
                        sets[m][s + w[j]] = sets[m].get(s + w[j], 0) + c
            for m in range(min(k, n)):
                gain = sum(c * (f(s + w[i]) - f(s)) for s, c in sets[m].items())
                value += Fraction(1, n * comb(n - 1, m)) * gain
            found.append(float(value))
        return found

    rng = np.random.default_rng(0)
    for n, k in ((9, 3), (22, 20), (30, 16)):
        w = rng.integers(-3, 4, size=n)
        np.testing.assert_allclose(vote_values(w[None], k, 3)[0], exact(w.tolist(), k), atol=1e-11)
    w = rng.integers(-8, 9, size=(2, 3000))
    gained = (np.sign(w[:, :20].sum(axis=1)) + 1) / 2 - 0.5
    np.testing.assert_allclose(vote_values(w, 20, 8).sum(axis=1), gained, atol=3000 * 1e-11)


# --- the utility whose Shapley value it is (defect D11) ------------------------------------------------------------


def exhaustive(utility: Any, train: Dataset) -> Floats:
    return ShapleyValuation(utility, DeterministicUniformSampler(), NoStopping()).fit(train).result.values


@pytest.mark.parametrize(("n", "k"), [(7, 5), (9, 2), (10, 3), (4, 9)])
@pytest.mark.parametrize("grid", GRIDS)
def test_d11_the_shapley_value_of_the_utility_is_knn_shapley(n: int, k: int, grid: int | None) -> None:
    train, test = points(n, 6, grid=grid)
    model = KNeighborsClassifier(k)
    for soft, method in ((False, KNNShapleyValuation), (True, SoftLabelKNNShapleyValuation)):
        found = exhaustive(KNNClassifierUtility(model, test, soft=soft), train)
        np.testing.assert_allclose(found, values_of(method(model, test, progress=False), train), atol=1e-10)


def test_d11_a_utility_that_knows_the_neighbours_of_all_points_only_is_rejected() -> None:
    train, test = points(9, 6)
    right = KNNClassifierUtility(KNeighborsClassifier(2), test).with_dataset(train)
    d = np.linalg.norm(test.x[:, None] - train.x[None], axis=2)
    nearest = np.argsort(d, axis=1, kind="stable")[:, :2]
    hit = np.take_along_axis(train.y[None] == test.y[:, None], nearest, axis=1)

    def twin(masks: Floats) -> Floats:
        return (masks[:, nearest] & hit).sum(axis=2).mean(axis=1) / 2

    law = shapley_law(9)
    wrong, truth = semivalue_by_enumeration(twin, law), semivalue_by_enumeration(right, law)
    assert np.abs(wrong - truth).max() > 0.01


@pytest.mark.parametrize("soft", [False, True])
def test_the_utility_is_what_it_says_in_any_batch(soft: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = points(30, 7, CLASSES, grid=4)
    rng = np.random.default_rng(0)
    masks = rng.random((40, 30)) < rng.random((40, 1))
    masks[0], masks[1] = False, True
    truth = definition("soft" if soft else "share", train, test, 3, chance=1 / 3 if soft else 0.0)(masks)
    utility = KNNClassifierUtility(KNeighborsClassifier(3), test, soft=soft)
    bound = utility.with_dataset(train)
    first = bound.first()
    assert (first.empty[0], first.full[0]) == (truth[0], pytest.approx(truth[1], abs=1e-12))
    whole = bound(masks)
    np.testing.assert_allclose(whole, truth, atol=1e-12)
    monkeypatch.setattr(utility_module, "PAIRS", 50)
    monkeypatch.setattr(utility_module, "ORDER_BYTES", 0)
    assert np.concatenate([bound(m[None]) for m in masks]).tobytes() == whole.tobytes()
    assert bound._kept is not None
    fresh = utility.with_dataset(train)
    assert fresh(masks).tobytes() == whole.tobytes()
    assert fresh._kept is None, "rankings were kept although they are too large"
    with joblib.parallel_config(backend="loky", n_jobs=2):
        spread = ShapleyValuation(utility, DeterministicUniformSampler(), NoStopping()).fit(train[:8]).result
    assert spread.values.tobytes() == exhaustive(utility, train[:8]).tobytes()


def test_the_utility_takes_sparse_features_and_precomputed_distances() -> None:
    train, test = points(20, 6)
    masks = np.random.default_rng(0).random((9, 20)) < 0.4
    dense = KNNClassifierUtility(KNeighborsClassifier(3, metric="cosine"), test).with_dataset(train)(masks)
    a, b = Dataset(sparse.csr_matrix(train.x), train.y), Dataset(sparse.csr_matrix(test.x), test.y)
    found = KNNClassifierUtility(KNeighborsClassifier(3, metric="cosine"), b).with_dataset(a)(masks)
    np.testing.assert_array_equal(found, dense)
    d = Dataset(distances(train, test, METRICS["cosine"][1]), test.y)
    given = KNNClassifierUtility(KNeighborsClassifier(3, metric="precomputed"), d)
    np.testing.assert_array_equal(given.with_dataset(train)(masks), dense)


# --- groups --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(
    ("rows", "groups", "k"), [(20, 6, 3), (12, 9, 2), (10, 10, 3), (25, 3, 7), (5, 1, 2), (9, 4, 12)]
)
def test_values_of_groups_are_exact(rows: int, groups: int, k: int, grid: int | None) -> None:
    train, test = points(rows, 4, CLASSES, grid=grid)
    of = np.r_[np.arange(groups), np.random.default_rng(rows).integers(0, groups, rows - groups)]
    grouped = GroupedDataset(train.x, train.y, of[::-1])
    model = KNeighborsClassifier(k)
    rowwise = definition("share", train, test, k)
    truth = semivalue_by_enumeration(lambda masks: rowwise(masks[:, of[::-1]]), shapley_law(groups))
    found = values_of(KNNShapleyValuation(model, test, progress=False), grouped)
    np.testing.assert_allclose(found, truth, atol=1e-12)
    utility = KNNClassifierUtility(model, test)
    np.testing.assert_allclose(exhaustive(utility, grouped), truth, atol=1e-10)


def test_a_group_is_not_the_sum_of_its_rows() -> None:
    train, test = points(20, 5)
    of = np.arange(20) % 5
    model = KNeighborsClassifier(3)
    each = values_of(KNNShapleyValuation(model, test, progress=False), train)
    grouped = values_of(
        KNNShapleyValuation(model, test, progress=False), GroupedDataset(train.x, train.y, of)
    )
    assert np.abs(np.bincount(of, each) - grouped).max() > 0.005
    assert each.sum() == pytest.approx(grouped.sum(), abs=1e-12)


def test_sampled_values_of_groups_agree_within_their_standard_errors() -> None:
    train, test = points(60, 8)
    grouped = GroupedDataset(train.x, train.y, np.arange(60) % 9)
    model = KNeighborsClassifier(3)
    truth = values_of(KNNShapleyValuation(model, test, progress=False), grouped)
    utility = KNNClassifierUtility(model, test)
    found = ShapleyValuation(utility, PermutationSampler(seed=0), MaxUpdates(400)).fit(grouped).result
    limit = stats.t.ppf(1 - 1e-3 / (2 * 9), 399)
    assert (np.abs(found.values - truth) <= limit * found.stderr).all()
    assert found.stderr.max() < 0.02


def test_many_groups_add_up_and_single_rows_are_points() -> None:
    train, test = points(400, 10, CLASSES)
    model = KNeighborsClassifier(4)
    single = GroupedDataset(train.x, train.y, np.random.default_rng(0).permutation(400))
    order = single.data_indices(np.arange(400))
    each = values_of(KNNShapleyValuation(model, test, progress=False), train)
    np.testing.assert_allclose(
        values_of(KNNShapleyValuation(model, test, progress=False), single), each[order], atol=1e-12
    )
    many = GroupedDataset(train.x, train.y, np.arange(400) % 60)
    found = values_of(KNNShapleyValuation(model, test, progress=False), many)
    assert found.sum() == pytest.approx(each.sum(), abs=1e-12)


# --- what values must satisfy --------------------------------------------------------------------------------------


def family(test: Dataset, k: int, numbers: Dataset) -> dict[str, Any]:
    """One valuation of each kind whose values sum to v(N) - v(empty), with that utility."""
    model = KNeighborsClassifier(k)
    return {
        "share": KNNShapleyValuation(model, test, progress=False),
        "soft": SoftLabelKNNShapleyValuation(model, test, chance=0.25),
        "votes": WeightedKNNShapleyValuation(KNeighborsClassifier(k, weights="uniform"), test, levels=2),
        "radius": ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.2), test, chance=0.25),
        "regression": KNNRegressionShapleyValuation(KNeighborsRegressor(k), numbers, baseline=1.0),
    }


@settings(max_examples=12)
@given(n=st.integers(1, 25), k=st.integers(1, 20), seed=st.integers(0, 99), grid=st.sampled_from([None, 3]))
def test_values_sum_to_what_all_points_gain_and_equal_points_are_worth_the_same(
    n: int, k: int, seed: int, grid: int | None
) -> None:
    train, test = points(n, 4, CLASSES, seed, grid)
    train = Dataset(np.r_[train.x, train.x[:1]], np.r_[train.y, train.y[:1]])  # the first point twice
    numbers, wanted = Dataset(train.x, np.arange(n + 1) / 7 % 1), Dataset(test.x, np.arange(4.0))
    numbers = Dataset(numbers.x, np.r_[numbers.y[:-1], numbers.y[0]])
    ends = np.array([[False] * (n + 1), [True] * (n + 1)])
    for kind, valuation in family(test, k, wanted).items():
        data, asked = (numbers, wanted) if kind == "regression" else (train, test)
        try:
            values = values_of(valuation, data)
        except InputError:
            assert kind == "radius"  # nothing is near
            continue
        options: dict[str, Any] = {
            "chance": 0.25,
            "baseline": 1.0,
            "radius": 1.2,
            "votes": np.full((4, n + 1), 2),
        }
        empty, full = definition(kind, data, asked, k, **options)(ends)
        assert values.sum() == pytest.approx(full - empty, abs=1e-9), kind
        told = valuation.result.ends
        assert (told.empty, told.full) == pytest.approx((empty, full), abs=1e-12), kind
        assert told.efficient
        if grid is None:  # elsewhere others lie between them by index, at the same distance
            assert values[0] == pytest.approx(values[-1], abs=1e-9), kind


def test_zero_separates_flipped_labels_where_a_method_says_so() -> None:
    """Blobs that overlap a little, one label in five flipped: most of those are below 0, most others above."""
    rng = np.random.default_rng(3)
    y = np.arange(600) % 2
    x = rng.normal(size=(600, 4)) + 1.5 * y[:, None]
    given = y.copy()
    flipped = rng.permutation(400)[:80]
    given[flipped] = 1 - given[flipped]
    train, test = Dataset(x[:400], given[:400]), Dataset(x[400:], y[400:])
    bad = np.isin(np.arange(400), flipped)
    model = KNeighborsClassifier(5)
    for valuation in (
        CalibratedKNNShapleyValuation(model, test),
        SoftLabelKNNShapleyValuation(model, test),
        ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.5), test),
        WeightedKNNShapleyValuation(KNeighborsClassifier(5, weights="distance"), test),
    ):
        assert valuation.threshold == 0.0
        values = values_of(valuation, train)
        seen = values != 0  # a point that no test point has near is neither
        assert (values[bad & seen] < 0).mean() > 0.8, valuation
        assert (values[~bad & seen] > 0).mean() > 0.8, valuation
    assert KNNShapleyValuation(model, test).threshold is None


# --- metrics and kinds of data -------------------------------------------------------------------------------------


def by_distances(d: Floats, train: Dataset, test: Dataset, k: int = 2) -> Floats:
    """Values from distances that the user has measured, shape (t, n)."""
    own = Dataset(d, test.y)
    return values_of(
        KNNShapleyValuation(KNeighborsClassifier(k, metric="precomputed"), own, progress=False), train
    )


def distances(train: Dataset, test: Dataset, measure: Callable[[Floats, Floats], float]) -> Floats:
    return np.array([[measure(a, b) for b in np.asarray(train.x)] for a in np.asarray(test.x)])


METRICS: dict[str, tuple[dict[str, Any], Callable[[Floats, Floats], float]]] = {
    "euclidean": ({}, lambda a, b: float(np.sqrt(((a - b) ** 2).sum()))),
    "manhattan": ({"p": 1}, lambda a, b: float(np.abs(a - b).sum())),
    "cubic": ({"p": 3}, lambda a, b: float((np.abs(a - b) ** 3).sum() ** (1 / 3))),
    "infinity": ({"metric": "infinity"}, lambda a, b: float(np.abs(a - b).max())),
    "cosine": (
        {"metric": "cosine"},
        lambda a, b: float(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)),
    ),
    "mahalanobis": (
        {"metric": "mahalanobis", "metric_params": {"VI": np.diag([1.0, 4.0])}},
        lambda a, b: float(np.sqrt((a - b) @ np.diag([1.0, 4.0]) @ (a - b))),
    ),
    "callable": ({"metric": lambda a, b: abs(a[0] - b[0])}, lambda a, b: float(abs(a[0] - b[0]))),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_and_precomputed_distances_agree(name: str) -> None:
    train, test = points(15, 6)
    options, measure = METRICS[name]
    d = distances(train, test, measure)
    found = values_of(KNNShapleyValuation(KNeighborsClassifier(2, **options), test, progress=False), train)
    np.testing.assert_allclose(found, by_distances(d, train, test), atol=1e-12)


def test_sparse_features_tensors_frames_and_maps_are_taken(tmp_path: Path) -> None:
    import pandas as pd
    import torch

    train, test = points(20, 6, CLASSES)
    codes = {name: c for c, name in enumerate(CLASSES)}
    y, y_test = (np.array([codes[label] for label in d.y]) for d in (train, test))
    mapped = np.memmap(tmp_path / "x", np.float64, "w+", shape=train.x.shape)
    mapped[:] = train.x
    kinds = {
        "sparse": (Dataset(sparse.csr_matrix(train.x), train.y), Dataset(sparse.csr_matrix(test.x), test.y)),
        "tensor": (
            Dataset(torch.as_tensor(np.array(train.x)), torch.as_tensor(y)),
            Dataset(torch.as_tensor(np.array(test.x)), torch.as_tensor(y_test)),
        ),
        "frame": (
            Dataset(pd.DataFrame(train.x), pd.Series(train.y, dtype="category")),
            Dataset(pd.DataFrame(test.x), pd.Series(test.y, dtype="category")),
        ),
        "map": (Dataset(mapped, train.y), test),
    }
    for metric in ("euclidean", "cosine", "manhattan"):
        model = KNeighborsClassifier(3, metric=metric)
        dense = values_of(KNNShapleyValuation(model, test, progress=False), train)
        for kind, (a, b) in kinds.items():
            found = values_of(KNNShapleyValuation(model, b, progress=False), a)
            np.testing.assert_allclose(found, dense, atol=1e-12, err_msg=f"{kind}, {metric}")


def test_many_features_go_through_a_matrix_product_with_the_same_neighbours() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(1000.0, 1.0, size=(90, 80)), rng.integers(0, 2, 90)
    train, test = Dataset(x[:60], y[:60]), Dataset(x[60:], y[60:])
    d = np.sqrt(((x[60:, None] - x[None, :60]) ** 2).sum(axis=2))
    found = values_of(KNNShapleyValuation(KNeighborsClassifier(2), test, progress=False), train)
    np.testing.assert_allclose(found, by_distances(d, train, test), atol=1e-12)


def test_copies_and_whole_numbers_tie_among_many_features_too() -> None:
    """A matrix product alone would break such ties by its rounding, another way for each size of chunk."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 3, size=(120, 60)).astype(float)
    floats = rng.normal(100.0, 1.0, size=(120, 60))
    floats[20:60] = floats[:40]  # copies, with labels of their own
    for x in (pixels, floats):
        y = rng.integers(0, 2, 120)
        train, test = Dataset(x[:90], y[:90]), Dataset(x[90:], y[90:])
        d = cdist(x[90:], x[:90])
        found = values_of(KNNShapleyValuation(KNeighborsClassifier(3), test, progress=False), train)
        np.testing.assert_allclose(found, by_distances(d, train, test, 3), atol=1e-14)
        shared = exhaustive(KNNClassifierUtility(KNeighborsClassifier(3), test), train[:6])
        each = values_of(KNNShapleyValuation(KNeighborsClassifier(3), test, progress=False), train[:6])
        np.testing.assert_allclose(shared, each, atol=1e-12)


def test_gaps_need_a_metric_that_knows_them_and_distances_must_be_numbers() -> None:
    x = np.array([[0.0, np.nan], [1.0, 1.0], [0.2, 0.1], [np.nan, 0.9]])
    train, test = Dataset(x, [0, 1, 0, 1]), Dataset([[0.1, 0.0], [1.0, 1.1]], [0, 1])
    with pytest.raises(InputError, match="nan_euclidean"):
        KNNShapleyValuation(KNeighborsClassifier(1), test).fit(train)
    model = KNeighborsClassifier(1, metric="nan_euclidean")
    assert values_of(KNNShapleyValuation(model, test, progress=False), train).sum() == pytest.approx(1.0)
    nothing = Dataset([[np.nan, np.nan], [1.0, 1.0], [0.0, 0.0], [1.0, 0.9]], [0, 1, 0, 1])
    with pytest.raises(InputError, match="NaN for a pair"):
        KNNShapleyValuation(model, test, progress=False).fit(nothing)
    negative = Dataset([[1.0, -1.0, 2.0, 3.0]], [0])
    with pytest.raises(InputError, match="negative"):
        KNNShapleyValuation(KNeighborsClassifier(1, metric="precomputed"), negative).fit(train)


def test_whole_numbers_are_classes_for_a_classifier_however_many() -> None:
    x = np.arange(50.0)[:, None]
    train, test = Dataset(x, np.arange(50)), Dataset(x[:5], np.arange(5.0))
    values = values_of(KNNShapleyValuation(KNeighborsClassifier(1), test, progress=False), train)
    assert values.sum() == pytest.approx(1.0)


# --- edits that values follow --------------------------------------------------------------------------------------


def refitted(valuation: ThresholdKNNShapleyValuation) -> Floats:
    fresh = ThresholdKNNShapleyValuation(valuation.model, valuation.test_data, chance=valuation.chance)
    return fresh.fit(valuation.data).result.values


@pytest.mark.parametrize("kind", ["array", "sparse", "frame"])
def test_values_follow_edits(kind: str) -> None:
    import pandas as pd

    as_kind = {"array": np.asarray, "sparse": sparse.csr_matrix, "frame": pd.DataFrame}[kind]
    train, test = points(40, 60, CLASSES, grid=6)
    train = Dataset(as_kind(train.x), train.y)
    valuation = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.0), test).fit(train)
    rng = np.random.default_rng(0)
    for round_ in range(8):
        n = len(valuation.data)
        if round_ % 3 == 0:
            where = rng.permutation(n)[:3]
            result = valuation.relabel({int(i): CLASSES[int(rng.integers(3))] for i in where})
        elif round_ % 3 == 1:
            result = valuation.remove(rng.permutation(n)[:4])
        else:
            more = rng.integers(0, 6, size=(5, 2)).astype(float)
            labels = [CLASSES[int(c)] for c in rng.integers(0, 3, 5)]
            result = valuation.add(Dataset(as_kind(more), labels, ids=np.arange(5) + 1000 * (round_ + 1)))
        np.testing.assert_allclose(result.values, refitted(valuation), atol=1e-14)
        np.testing.assert_array_equal(result.ids, valuation.data.ids)
        assert result.values.tobytes() == valuation.result.values.tobytes()
        assert (result.stderr == 0).all()
        assert result.fingerprint == valuation.data.fingerprint
        assert result.values.sum() == pytest.approx(result.ends.gain, abs=1e-12)
    assert valuation.fit(train).data is train, "a new fit forgets the edits"


def test_only_test_points_near_an_edit_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.arange(60.0)[:, None]
    train, test = Dataset(x, np.arange(60) % 2), Dataset(x + 0.25, np.arange(60) % 2)
    valuation = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.5), test).fit(train)
    from dvlwidgets.valuation.methods.knn_kernels import RadiusKernel

    looked: list[int] = []
    plain = RadiusKernel.from_near

    def spy(self: Any, near: Any, codes: Any, at: Any) -> Any:
        looked.extend(at)
        return plain(self, near, codes, at)

    monkeypatch.setattr(RadiusKernel, "from_near", spy)
    before = valuation.result.values
    after = valuation.relabel({30: 1}).values
    assert set(looked) == {29, 30, 31, 28} - {28}
    assert (after != before).sum() <= 7
    valuation.relabel({30: 1})  # nothing changes
    assert set(looked) == {29, 30, 31}


def test_a_new_class_changes_the_score_of_a_guess_for_all() -> None:
    train, test = points(20, 10)
    valuation = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.0), test).fit(train)
    result = valuation.relabel({3: 7})
    np.testing.assert_allclose(result.values, refitted(valuation), atol=1e-14)


def test_unfinished_runs_and_precomputed_distances_are_not_edited() -> None:
    train, test = points(20, 40)
    valuation = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.0), test)
    stream = valuation.stream(train)
    while next(stream).done == 0:
        pass
    stream.close()
    with pytest.raises(NotFittedError, match="all test points"):
        valuation.relabel({0: 1})
    d = Dataset(np.linalg.norm(np.asarray(test.x)[:, None] - train.x[None], axis=2), test.y)
    model = RadiusNeighborsClassifier(1.0, metric="precomputed")
    own = ThresholdKNNShapleyValuation(model, d).fit(train)
    np.testing.assert_allclose(own.result.values, valuation.fit(train).result.values, atol=1e-14)
    changed = {0: 1 - int(train.y[0]), 5: 1 - int(train.y[5])}
    np.testing.assert_allclose(own.relabel(changed).values, valuation.relabel(changed).values, atol=1e-14)
    for edit in (lambda: own.remove([0]), lambda: own.add(train)):
        with pytest.raises(InputError, match="precomputed"):
            edit()


# --- one loop for all ----------------------------------------------------------------------------------------------


def all_kinds(test: Dataset, numbers: Dataset) -> list[tuple[Any, str]]:
    model = KNeighborsClassifier(3)
    return [
        (lambda: KNNShapleyValuation(model, test, progress=False, seed=5), "points"),
        (lambda: KNNShapleyValuation(model, test, progress=False, seed=5), "groups"),
        (lambda: SoftLabelKNNShapleyValuation(model, test, seed=5), "points"),
        (lambda: CalibratedKNNShapleyValuation(model, test, seed=5), "points"),
        (lambda: WeightedKNNShapleyValuation(model, test, seed=5), "points"),
        (lambda: ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.0), test, seed=5), "points"),
        (lambda: KNNRegressionShapleyValuation(KNeighborsRegressor(3), numbers, seed=5), "numbers"),
    ]


@pytest.mark.parametrize("which", range(7))
def test_partial_values_are_honest_and_a_stopped_run_goes_on_to_the_same_bits(
    which: int, tmp_path: Path
) -> None:
    train, test = points(30, 45)
    rng = np.random.default_rng(1)
    wanted = Dataset(test.x, rng.normal(size=45))
    data = {
        "points": train,
        "groups": GroupedDataset(train.x, train.y, np.arange(30) % 7),
        "numbers": Dataset(train.x, rng.normal(size=30)),
    }
    make, kind = all_kinds(test, wanted)[which]
    valuation = make()
    job = valuation._job(data[kind], 5)
    each, order = job.each(np.arange(45)).values, permutation(words(5, TEST_POINTS, 0, 45))
    frames = list(valuation.stream(data[kind]))
    assert len({frame.done for frame in frames}) >= 10, "it does not stream"
    for frame in (f for f in frames if f.done > 1):
        chosen = each[order[: frame.done]]
        np.testing.assert_allclose(frame.values, chosen.mean(axis=0), atol=1e-12)
        spread = np.sqrt(chosen.var(axis=0, ddof=1) / frame.done * (1 - frame.done / 45))
        np.testing.assert_allclose(frame.stderr, spread, atol=1e-12)
    assert frames[-1].verdict.done
    stopped = make().stream(data[kind], checkpoint=tmp_path)
    while next(stopped).done < 20:
        pass
    stopped.close()
    begun = make()
    assert next(begun.stream(data[kind], checkpoint=tmp_path)).done >= 20, "it began anew"
    again = make().fit(data[kind], checkpoint=tmp_path).result
    assert again.values.tobytes() == valuation.result.values.tobytes()


def test_serial_threads_and_loky_give_the_same_bits_for_each_kind() -> None:
    train, test = points(30, 45)
    for make, kind in all_kinds(test, test)[1:6]:
        data = GroupedDataset(train.x, train.y, np.arange(30) % 7) if kind == "groups" else train
        serial = make().fit(data).result.values.tobytes()
        for backend in ("threading", "loky"):
            with joblib.parallel_config(backend=backend, n_jobs=2):
                assert make().fit(data).result.values.tobytes() == serial, backend


def test_no_matrix_of_all_distances_is_made() -> None:
    train, test = points(1500, 1500)
    for valuation in (
        KNNShapleyValuation(KNeighborsClassifier(5), test, progress=False),
        ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(0.3), test),
    ):
        tracemalloc.start()
        valuation.fit(train)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1500 * 1500 * 8 / 2, f"{peak / 1e6:.0f} MB"
