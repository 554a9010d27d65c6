"""KNN-Shapley: equal to enumeration; partial values are honest; a twin that is not is rejected; same bits anywhere."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pytest
from oracles import semivalue_by_enumeration
from scipy import stats
from sklearn.neighbors import KNeighborsClassifier

from dvlwidgets import Dataset, GroupedDataset, KNNShapleyValuation
from dvlwidgets.engine.draws import TEST_POINTS, permutation, words
from dvlwidgets.engine.records import Estimate
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.utility.knn_neighbours import Neighbours
from dvlwidgets.valuation.methods import knn_job as module
from dvlwidgets.valuation.methods import knn_kernels as kernels
from dvlwidgets.valuation.methods import knn_moments
from dvlwidgets.valuation.methods.knn_job import KnnJob
from dvlwidgets.valuation.semivalue import shapley_law


def method(test: Dataset, k: int, **kwargs: Any) -> KNNShapleyValuation:
    seed = kwargs.pop("seed", 0)
    return KNNShapleyValuation(KNeighborsClassifier(k, **kwargs), test, progress=False, seed=seed)


def job_of(train: Dataset, test: Dataset, k: int, seed: int = 0, kind: type[KnnJob] = KnnJob) -> KnnJob:
    """The job of a valuation, or a twin of it."""
    job = method(test, k)._job(train, seed)
    return kind(Neighbours(train, test, KNeighborsClassifier(k)), job.kernel, seed)


def each_of(train: Dataset, test: Dataset, k: int) -> np.ndarray:
    """Values for each test point, shape (t, n)."""
    return job_of(train, test, k).each(np.arange(len(test))).values


def share_of_right_neighbours(train: Dataset, test: Dataset, k: int, p: int = 2) -> Any:
    """The utility by its definition: the K nearest in the subset (ties to the lower index), hits / K."""
    distances = np.linalg.norm(test.x[:, None] - train.x[None], ord=p, axis=2)
    order = np.argsort(distances, axis=1, kind="stable")
    hits = np.asarray(train.y)[order] == np.asarray(test.y)[:, None]

    def utility(masks: np.ndarray) -> np.ndarray:
        inside = masks[:, order]  # (B, t, n), nearest first
        nearest = inside & (np.cumsum(inside, axis=2) <= k)
        return (nearest & hits).sum(axis=2).mean(axis=1) / k

    return utility


def points(n: int, t: int, classes: Any, seed: int = 0, grid: int | None = None) -> tuple[Dataset, Dataset]:
    """Random points; on a coarse grid many distances tie."""
    rng = np.random.default_rng([n, t, seed])
    x = rng.normal(size=(n + t, 2)) if grid is None else rng.integers(0, grid, size=(n + t, 2)).astype(float)
    y = np.asarray(classes)[np.arange(n + t) % len(classes)]
    order = rng.permutation(n)
    return Dataset(x[:n], y[:n][order]), Dataset(x[n:], y[n:])


# --- equal to enumeration -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("classes", [[0, 1], ["ham", "spam", "eggs"], [False, True]], ids=str)
def test_it_equals_enumeration(n: int, classes: Any) -> None:
    train, test = points(n, 5, classes)
    for k in range(1, n + 3):
        result = method(test, k).fit(train).result
        truth = semivalue_by_enumeration(share_of_right_neighbours(train, test, k), shapley_law(n))
        np.testing.assert_allclose(result.values, truth, atol=1e-10)
        assert (result.stderr == 0).all()
        assert (result.counts == 5).all()


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_it_equals_enumeration_with_ties(k: int) -> None:
    train, test = points(8, 6, [0, 1], grid=2)
    truth = semivalue_by_enumeration(share_of_right_neighbours(train, test, k), shapley_law(8))
    np.testing.assert_allclose(method(test, k).fit(train).result.values, truth, atol=1e-10)


def test_it_takes_the_models_metric() -> None:
    train, test = points(7, 5, [0, 1])
    for p, kwargs in [(1, {"p": 1}), (1, {"metric": "manhattan"}), (np.inf, {"metric": "chebyshev"})]:
        truth = semivalue_by_enumeration(share_of_right_neighbours(train, test, 2, p), shapley_law(7))
        np.testing.assert_allclose(method(test, 2, **kwargs).fit(train).result.values, truth, atol=1e-10)


def test_values_sum_to_the_score_of_everything_and_a_wrong_label_is_worth_less() -> None:
    train, test = points(60, 40, [0, 1])
    values = method(test, 5).fit(train).result.values
    full = share_of_right_neighbours(train, test, 5)(np.ones((1, 60), bool))[0]
    assert values.sum() == pytest.approx(full, abs=1e-10)


def test_the_enumeration_rejects_a_twin_that_forgets_small_subsets() -> None:
    """Without min(K, i): right for K = 1 only."""
    train, test = points(6, 5, [0, 1])
    order = np.argsort(np.linalg.norm(test.x[:, None] - train.x, axis=2), axis=1, kind="stable")
    hit = (train.y[order] == test.y[:, None]).astype(float)
    k, n = 3, 6
    ranked = np.cumsum(
        np.concatenate([hit[:, -1:] / n, ((hit[:, :-1] - hit[:, 1:]) / np.arange(1, n))[:, ::-1]], axis=1),
        axis=1,
    )[:, ::-1]
    twin = np.empty_like(ranked)
    np.put_along_axis(twin, order, ranked / k, axis=1)
    truth = semivalue_by_enumeration(share_of_right_neighbours(train, test, k), shapley_law(n))
    assert np.abs(twin.mean(axis=0) - truth).max() > 1e-3
    right = each_of(train, test, k)
    np.testing.assert_allclose(right.mean(axis=0), truth, atol=1e-10)


# --- partial values -----------------------------------------------------------------------------------------------


def test_partial_values_are_means_over_the_visited_test_points() -> None:
    train, test = points(20, 35, [0, 1])
    each = each_of(train, test, 3)
    for seed in (0, 1):
        order = permutation(words(seed, TEST_POINTS, 0, 35))
        assert sorted(order.tolist()) == list(range(35))
        frames = list(method(test, 3, seed=seed).stream(train))
        seen = {frame.done for frame in frames}
        assert len(seen) >= 10, "it does not stream"
        for frame in frames:
            if frame.done:
                expected = each[order[: frame.done]].mean(axis=0)
                np.testing.assert_allclose(frame.values, expected, atol=1e-12)
                assert (frame.counts == frame.done).all()
            else:
                assert np.isnan(frame.values).all()
        assert frames[-1].unit == "test points"
        assert (frames[-1].done, frames[-1].total) == (35, 35)
        assert (frames[-1].stderr == 0).all()
        assert frames[-1].verdict.done
    assert not np.array_equal(order, permutation(words(0, TEST_POINTS, 0, 35)))


def test_the_standard_error_is_that_of_a_finite_population() -> None:
    train, test = points(12, 30, [0, 1])
    each = each_of(train, test, 2)
    for frame in method(test, 2).stream(train):
        m = frame.done
        if m >= 2:
            chosen = each[permutation(words(0, TEST_POINTS, 0, 30))[:m]]
            expected = np.sqrt(chosen.var(axis=0, ddof=1) / m * (1 - m / 30))
            np.testing.assert_allclose(frame.stderr, expected, atol=1e-12)
        else:
            assert np.isnan(frame.stderr).all()


def population(t: int = 90) -> tuple[Dataset, Dataset]:
    """Overlapping classes, and test points sorted by label, as data sets often come."""
    rng = np.random.default_rng(7)
    y = np.arange(40 + t) % 2
    x = rng.normal(size=(40 + t, 3)) + 0.5 * y[:, None]
    late = 40 + np.argsort(y[40:], kind="stable")
    return Dataset(x[:40], y[:40]), Dataset(x[late], y[late])


def after(job: KnnJob, steps: int) -> Estimate:
    state = job.initial(None)
    for step in range(steps):
        state = job.fold(state, step, job.task({}, step, 0, job.rows(step)))
    return job.estimate(state)


def coverage(kind: type[KnnJob], runs: int = 400) -> tuple[float, float]:
    """Share of 95 % intervals that hold the full mean, at a third of the test points, and the largest bias in s.e."""
    train, test = population()
    truth = each_of(train, test, 5).mean(axis=0)
    found = []
    for seed in range(runs):
        job = job_of(train, test, 5, seed, kind)
        assert job.chunk == 9
        found.append(after(job, 4))  # 36 of 90 test points; the t quantile of 36 observations
    values, stderr = np.array([e.values for e in found]), np.array([e.stderr for e in found])
    inside = np.abs(values - truth) <= stats.t.ppf(0.975, 35) * stderr
    spread = np.maximum(values.std(axis=0, ddof=1), 1e-12) / np.sqrt(runs)
    return float(inside.mean()), float((np.abs(values.mean(axis=0) - truth) / spread).max())


class EarlyBird(KnnJob):
    """Visits the test points in the order given."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.order = np.arange(self.n_test)


class Infinite(KnnJob):
    """Forgets that the test points are all there are."""

    def estimate(self, stats: Any) -> Estimate:
        e, seen = super().estimate(stats), int(stats["points"][0])
        return Estimate(e.values, e.stderr / np.sqrt(1 - seen / self.n_test), e.counts)


class TooSure(KnnJob):
    """Standard errors that are too small."""

    def estimate(self, stats: Any) -> Estimate:
        e = super().estimate(stats)
        return Estimate(e.values, 0.8 * e.stderr, e.counts)


def honest(kind: type[KnnJob]) -> None:
    covered, bias = coverage(kind)
    assert 0.93 <= covered <= 0.97, f"95 % intervals cover {covered:.1%}"
    assert bias < stats.t.ppf(1 - 1e-4 / 80, 399), f"biased: {bias:.1f} standard errors"


def test_intervals_cover_at_a_part_of_the_test_points() -> None:
    honest(KnnJob)


@pytest.mark.parametrize("twin", [EarlyBird, Infinite, TooSure])
def test_a_dishonest_twin_is_rejected(twin: type[KnnJob]) -> None:
    with pytest.raises(AssertionError, match=r"cover|biased"):
        honest(twin)


# --- chunks and workers -------------------------------------------------------------------------------------------


def test_the_size_of_the_chunks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = points(25, 40, [0, 1, 2])
    usual = method(test, 4).fit(train).result.values
    for size in (1, 8 * 25 * 3, 10**9):
        monkeypatch.setattr(module, "CHUNK_BYTES", size)
        monkeypatch.setattr(module, "LARGE_BYTES", size)
        valuation = method(test, 4).fit(train)
        np.testing.assert_allclose(valuation.result.values, usual, atol=1e-12, rtol=0)
        assert (valuation.result.stderr == 0).all()


def test_blocks_of_ranks_and_pieces_of_a_chunk_give_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = points(60, 50, [0, 1, 2], grid=6)
    job = job_of(train, test, 4)
    whole, moments = job.each(np.arange(50)).values, job.task({}, 0, 0, job.rows(0))
    assert job.rows(0) > 3
    for size in (1, 59, 60, 200):  # 200: three test points together
        for part in (kernels, module, knn_moments):
            monkeypatch.setattr(part, "BLOCK", size)
        np.testing.assert_allclose(job.each(np.arange(50)).values, whole, atol=1e-15, rtol=0)
        again = job.task({}, 0, 0, job.rows(0))
        np.testing.assert_allclose(again.mean, moments.mean, atol=1e-15, rtol=0)
        np.testing.assert_allclose(again.squares, moments.squares, atol=1e-15, rtol=0)


def test_many_points_have_large_steps_and_still_ten_rounds() -> None:
    train, test = points(20_000, 200, [0, 1])
    job = job_of(train, test, 4)
    assert job.chunk == 20
    assert job.chunk * job.round_steps == 20


def test_the_order_of_visits_does_not_matter_in_the_end() -> None:
    train, test = points(25, 40, [0, 1])
    np.testing.assert_allclose(
        method(test, 4, seed=1).fit(train).result.values,
        method(test, 4, seed=2).fit(train).result.values,
        atol=1e-12,
        rtol=0,
    )


def test_serial_threads_and_loky_give_the_same_bits() -> None:
    train, test = points(30, 50, ["a", "b"])
    serial = method(test, 5).fit(train).result
    for backend, n_jobs in [("threading", 2), ("loky", 1), ("loky", 2)]:
        with joblib.parallel_config(backend=backend, n_jobs=n_jobs):
            spread = method(test, 5).fit(train).result
        assert spread.values.tobytes() == serial.values.tobytes(), (backend, n_jobs)


def test_the_model_is_never_fitted_and_the_data_stay() -> None:
    train, test = points(10, 10, [0, 1])
    x = np.array(train.x)
    model = KNeighborsClassifier(3)
    KNNShapleyValuation(model, test, progress=False).fit(train)
    assert not hasattr(model, "classes_")
    np.testing.assert_array_equal(train.x, x)


# --- float32 and devices ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [None, 2])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 3), (40, 3), (400, 5)])
def test_a_device_gives_the_values_of_numpy(n: int, k: int, grid: int | None) -> None:
    pytest.importorskip("torch")
    train, test = points(n, 30, [0, 1], grid=grid)
    usual = method(test, k).fit(train).result
    valuation = KNNShapleyValuation(KNeighborsClassifier(k), test, progress=False, device="cpu")
    np.testing.assert_allclose(valuation.fit(train).result.values, usual.values, atol=1e-13)
    job = valuation._job(train, 0)
    np.testing.assert_allclose(job.each(np.arange(5)).values, each_of(train, test, k)[:5], atol=1e-13)
    halves = [after(j, 7) for j in (job, method(test, k)._job(train, 0))]
    np.testing.assert_allclose(halves[0].stderr, halves[1].stderr, atol=1e-12)


@pytest.mark.parametrize("device", [None, "cpu"])
def test_float32_moves_values_by_no_more_than_neighbouring_ranks_differ(device: str | None) -> None:
    if device:
        pytest.importorskip("torch")
    train, test = points(2000, 30, [0, 1])
    single = KNNShapleyValuation(
        KNeighborsClassifier(5), test, progress=False, dtype="float32", device=device
    ).fit(train)
    usual = method(test, 5).fit(train).result.values
    assert np.abs(single.result.values - usual).max() < 1e-3 * np.abs(usual).max()
    assert single.result.values.sum() == pytest.approx(usual.sum(), abs=1e-12)


def test_what_float32_and_devices_cannot_do_is_refused() -> None:
    train, test = points(20, 5, [0, 1])
    for wrong in ({"dtype": "float16"}, {"device": 0}):
        with pytest.raises((InputError, InputTypeError), match=next(iter(wrong))):
            KNNShapleyValuation(KNeighborsClassifier(2), test, **wrong)
    for wrong in ({"dtype": "float32"}, {"device": "cpu"}, {"device": "no such thing"}):
        metric = "manhattan" if "such" not in str(wrong) else "minkowski"
        valuation = KNNShapleyValuation(KNeighborsClassifier(2, metric=metric), test, progress=False, **wrong)
        with pytest.raises(InputError, match=next(iter(wrong))):
            valuation.fit(train)
    grouped = GroupedDataset(train.x, train.y, np.arange(20) % 4)
    with pytest.raises(InputError, match="groups"):
        KNNShapleyValuation(KNeighborsClassifier(2), test, progress=False, device="cpu").fit(grouped)
