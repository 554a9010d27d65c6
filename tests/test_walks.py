"""Walks: growing subsets are seen as such, and say what a batch and single fits say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fit_worlds import CLASSIFIERS, COUNTERS, REGRESSORS, gaps, problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid

from dvlwidgets import Dataset, GroupedDataset, InMemoryCacheBackend, SupervisedScorer, Utility
from dvlwidgets.engine.records import FAILED, OK, TRUNCATED
from dvlwidgets.utility.fits import walk as walk_module
from dvlwidgets.utility.fits.many import batched_fits
from dvlwidgets.utility.fits.predictions import Predictions, joined
from dvlwidgets.utility.fits.walk import LEAST, walks_in
from dvlwidgets.utility.fits.walkers import walker_of
from dvlwidgets.valuation.samplers import RelativeTruncation
from dvlwidgets.valuation.samplers.truncated import evaluate_walk

EXAMPLES = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
N = 40


def walk_masks(rng: Any, n: int, low: int = 1, share: float = 1.0) -> Any:
    """Prefixes of a random order of n points, from `low` points on; a share of the sizes."""
    place, sizes = np.argsort(rng.permutation(n)), np.arange(low, n + 1)
    return place < sizes[rng.random(len(sizes)) < share][:, None]


def points(*, numbers: bool = False, n: int = N, classes: int = 2) -> tuple[Dataset, Dataset]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n + 23, 4))
    y: Any = x @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=len(x))
    if not numbers:
        y = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
    return Dataset(x[:n], y[:n]), Dataset(x[n:], y[n:])


def pair(model: Any, scoring: Any, train: Any, test: Any, **options: Any) -> tuple[Any, Any]:
    """The bound utility, with walks and forced to one by one."""
    scorer = SupervisedScorer(scoring, test)
    together, alone = (
        Utility(model, scorer, batched=b, show_warnings=False, **options).with_dataset(train)
        for b in (None, False)
    )
    assert together.looks_ahead
    assert not alone.looks_ahead
    return together, alone


# --- what a walk is ------------------------------------------------------------------------------------------------


@EXAMPLES
@given(data=st.data())
def test_growing_masks_are_walks_and_others_are_not(data: Any) -> None:
    n, rng = 30, np.random.default_rng(data.draw(st.integers(0, 2**20)))
    parts, expected, rest, at = [], [], [], 0
    for kind in data.draw(st.lists(st.sampled_from(["walk", "later", "random", "short"]), max_size=6)):
        if kind in ("walk", "later"):
            parts.append(walk_masks(rng, n, 1 if kind == "walk" else 10))
            expected.append((at, parts[-1]))
        elif kind == "random":
            # a point more and a point less each time: no subset holds the one before
            parts.append(np.roll(np.eye(n, dtype=bool)[rng.integers(n)], 1)[None] ^ np.eye(n, dtype=bool)[:9])
            parts[-1][~parts[-1].any(axis=1), 0] = True
        else:
            parts.append(walk_masks(rng, n)[: LEAST - 1])
        rest += [kind not in ("walk", "later")] * len(parts[-1])
        at += len(parts[-1])
    masks = np.concatenate(parts) if parts else np.zeros((0, n), bool)
    found, left = walks_in(masks)
    for begin, walk in found:
        own = masks[begin : begin + len(walk.sizes)]
        np.testing.assert_array_equal(walk.masks(0, len(own)), own)
        assert (np.diff(walk.sizes) > 0).all()
        assert not left[begin : begin + len(own)].any()
    assert len(left) - left.sum() == sum(len(walk.sizes) for _, walk in found)
    for begin, own in expected:  # a walk may go on from a short one before it, never end before its own end
        assert not left[begin + 1 : begin + len(own)].any()


@pytest.mark.parametrize("slab", [1, 50, 10**6])
def test_a_repeated_subset_ends_a_walk(slab: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_module, "_SLAB", slab)
    masks = walk_masks(np.random.default_rng(0), 20)
    found, left = walks_in(np.concatenate([masks[:9], masks[8:]]))
    assert [begin for begin, _ in found] == [0, 9]
    assert not left.any()
    np.testing.assert_array_equal(found[1][1].masks(0, 12), masks[8:])


# --- the same answers ----------------------------------------------------------------------------------------------


def answers(model: Any, problem: Any, masks: Any, want: list[str]) -> tuple[Predictions, Predictions]:
    """What the walk says and what the batch says."""
    fits = batched_fits(model, *problem, want)
    assert not isinstance(fits, str), fits
    walker = walker_of(fits.method)
    assert walker is not None
    (begin, walk), *others = walks_in(masks)[0]
    assert begin == 0
    assert not others
    return joined(list(walker.along(walk, fits.want))), fits.predictions(masks)


def check(model: Any, data: Any, *, classes: bool, counts: bool = False) -> None:
    problem = data.draw(problems(classes=classes, counts=counts))
    n, rng = len(problem[0]), np.random.default_rng(data.draw(st.integers(0, 2**20)))
    masks = walk_masks(rng, n, data.draw(st.integers(1, 3)), data.draw(st.sampled_from([0.7, 1.0])))
    fits = batched_fits(model, *problem, ["predict"])
    if isinstance(fits, str) or len(masks) < LEAST or walker_of(fits.method) is None:
        return
    proba = hasattr(model, "predict_proba") and "NearestCentroid" not in str(model)
    walked, batch = answers(model, problem, masks, ["predict", "predict_proba"] if proba else ["predict"])
    np.testing.assert_array_equal(walked.done, batch.done)
    rows = np.flatnonzero(batch.done)
    for name in ("proba", "numbers", "decided"):
        a, b = getattr(walked, name), getattr(batch, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(
                a[rows], b[rows], rtol=1e-8, atol=1e-8 * (1 + np.abs(b[rows]).max(initial=0))
            )
    if batch.codes is None:
        return
    np.testing.assert_array_equal(walked.seen, batch.seen)
    for b in rows[(walked.codes[rows] != batch.codes[rows]).any(axis=1)]:
        assert (gaps(model, problem, masks[b])[walked.codes[b] != batch.codes[b]] < 1e-8).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", [*CLASSIFIERS, KNeighborsClassifier(3)], ids=str)
@EXAMPLES
@given(data=st.data())
def test_walks_of_classifiers_say_what_batches_say(model: Any, data: Any) -> None:
    check(model, data, classes=True)


@pytest.mark.parametrize("model", COUNTERS, ids=str)
@EXAMPLES
@given(data=st.data())
def test_walks_of_naive_bayes_of_counts_say_what_batches_say(model: Any, data: Any) -> None:
    check(model, data, classes=True, counts=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", REGRESSORS, ids=str)
@EXAMPLES
@given(data=st.data())
def test_walks_of_regressors_say_what_batches_say(model: Any, data: Any) -> None:
    check(model, data, classes=False)


@pytest.mark.parametrize(
    ("model", "numbers"),
    [
        (GaussianNB(), False),
        (NearestCentroid(), False),
        (Ridge(), True),
        (RidgeClassifier(), False),
        (KNeighborsClassifier(7), False),
        (KNeighborsRegressor(7), True),
    ],
    ids=str,
)
def test_long_walks_are_answered_for_in_pieces(
    model: Any, numbers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_module, "_PAIRS", 33 * 23)
    train, test = points(numbers=numbers, n=400, classes=3)
    problem, rng = (train.x, train.y, test.x), np.random.default_rng(0)
    for masks in (walk_masks(rng, 400), walk_masks(rng, 400, 200), walk_masks(rng, 400, 5, 0.05)):
        walked, batch = answers(model, problem, masks, ["predict"])
        np.testing.assert_array_equal(walked.done, batch.done)
        rows = batch.done
        if batch.codes is not None:
            np.testing.assert_array_equal(walked.codes[rows], batch.codes[rows])
        else:
            np.testing.assert_allclose(walked.numbers[rows], batch.numbers[rows], rtol=1e-9, atol=1e-10)


def test_several_outputs_walk_along() -> None:
    train, test = points(numbers=True)
    y = np.column_stack([train.y, train.y**2])
    for model in (Ridge(), KNeighborsRegressor(3)):
        walked, batch = answers(
            model, (train.x, y, test.x), walk_masks(np.random.default_rng(1), N), ["predict"]
        )
        rows = batch.done
        np.testing.assert_allclose(walked.numbers[rows], batch.numbers[rows], rtol=1e-9, atol=1e-10)


def test_updates_that_would_lose_digits_are_left_to_the_batch() -> None:
    train, test = points(numbers=True)
    problem = train.x, train.y, test.x
    for alpha, walks in ((1.0, True), (1e-5, False)):
        fits = batched_fits(Ridge(alpha=alpha), *problem, ["predict"])
        assert not isinstance(fits, str)
        assert (walker_of(fits.method) is not None) == walks


# --- utilities -----------------------------------------------------------------------------------------------------

UTILITIES = [
    (GaussianNB(), ["accuracy", "neg_log_loss", "margin"]),
    (GaussianNB(), "accuracy"),
    (KNeighborsClassifier(), ["accuracy", "balanced_accuracy", "probability", "f1_macro"]),
    (LinearDiscriminantAnalysis(), "accuracy"),
    (LogisticRegression(tol=1e-10, max_iter=5000), ["accuracy", "neg_log_loss"]),
    (NearestCentroid(), "accuracy"),
    (RidgeClassifier(), ["accuracy", "roc_auc"]),
    (Ridge(), ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error", "explained_variance"]),
    (LinearRegression(), "neg_mean_squared_error"),
    (KNeighborsRegressor(), "r2"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("model", "scoring"), UTILITIES, ids=str)
def test_a_walks_scores_and_failures_are_those_of_single_fits(model: Any, scoring: Any) -> None:
    numbers = isinstance(model, Ridge | LinearRegression | KNeighborsRegressor)
    together, alone = pair(model, scoring, *points(numbers=numbers))
    rng = np.random.default_rng(3)
    masks = np.concatenate(
        [np.zeros((1, N), bool), walk_masks(rng, N), walk_masks(rng, N)[::-1], walk_masks(rng, N)]
    )
    a, b = together.evaluate(masks), alone.evaluate(masks)
    np.testing.assert_array_equal(a.status, b.status)
    np.testing.assert_allclose(a.values, b.values, rtol=1e-7, atol=1e-9)
    assert (a.failure or "").splitlines()[-1:] == (b.failure or "").splitlines()[-1:]
    again = together.evaluate(masks)  # refusals are known now
    np.testing.assert_array_equal(again.values, a.values)
    np.testing.assert_array_equal(again.status, a.status)
    assert again.failure == a.failure


def test_groups_walk_with_all_their_rows() -> None:
    train, test = points(classes=3)
    grouped = GroupedDataset(train.x, train.y, np.random.default_rng(0).permutation(np.arange(N) % 17))
    masks = walk_masks(np.random.default_rng(3), 17)
    for model in (GaussianNB(), KNeighborsClassifier(3), RidgeClassifier()):
        together, alone = pair(model, "accuracy", grouped, test)
        a, b = together.evaluate(masks), alone.evaluate(masks)
        np.testing.assert_array_equal(a.status, b.status)
        np.testing.assert_allclose(a.values, b.values, rtol=1e-9)


def test_the_estimator_is_asked_once_for_each_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    together, _ = pair(KNeighborsClassifier(5), "accuracy", *points())
    asked: list[int] = []
    fit = KNeighborsClassifier.fit
    monkeypatch.setattr(
        KNeighborsClassifier, "fit", lambda self, x, y: asked.append(len(x)) or fit(self, x, y)
    )
    for seed in range(3):
        found = together.evaluate(walk_masks(np.random.default_rng(seed), N))
        assert found.status.tolist() == [FAILED] * 4 + [OK] * (N - 4)
        assert found.failure is not None
        assert "n_samples_fit = 1" in found.failure
    assert asked == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="n_samples_fit = 1"):
        pair(KNeighborsClassifier(5), "accuracy", *points(), catch_errors=False)[0].evaluate(
            np.eye(N, dtype=bool)
        )


def test_a_walk_that_breaks_off_is_finished_by_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    together, alone = pair(KNeighborsClassifier(2), "accuracy", *points())
    masks = walk_masks(np.random.default_rng(0), N)
    walker, calls = together._together().walker, []

    def breaks(walk: Any, want: Any) -> Iterator[Predictions]:
        calls.append(1)
        told = joined(list(type(walker).along(walker, walk, want)))
        yield told.head(11)
        raise np.linalg.LinAlgError

    monkeypatch.setattr(walker, "along", breaks)
    np.testing.assert_array_equal(together.evaluate(masks).values, alone.evaluate(masks).values)
    assert calls


def test_a_cache_hears_of_every_subset_of_a_walk() -> None:
    backend = InMemoryCacheBackend()
    together, alone = pair(GaussianNB(), "accuracy", *points(), cache_backend=backend)
    masks = walk_masks(np.random.default_rng(0), N)
    first = together.evaluate(masks[::2])
    both = together.evaluate(masks)  # what is missing is a walk with gaps
    np.testing.assert_array_equal(both.values[::2], first.values)
    np.testing.assert_array_equal(both.values, alone.evaluate(masks).values)


# --- walks that are stopped ----------------------------------------------------------------------------------------


class _Reckless:
    """A utility of sizes that raises for large sets, and counts the sets it is asked for."""

    batched = True

    def __init__(self, *, looks_ahead: bool, raises_at: int) -> None:
        self.looks_ahead, self.raises_at, self.asked = looks_ahead, raises_at, 0

    def evaluate(self, masks: Any) -> Any:
        from dvlwidgets.engine.records import Evaluations

        self.asked += len(masks)
        sizes = masks.sum(axis=1)
        if (sizes >= self.raises_at).any():
            raise ValueError(f"{int(sizes.max())} points")
        bad = sizes % 10 == 0
        failure = f"{int(sizes[bad][0])} failed" if bad.any() else None
        return Evaluations(sizes[:, None] / 100.0, bad.astype(np.uint8), failure=failure)


@pytest.mark.parametrize(("rtol", "raises_at"), [(0.5, 999), (0.95, 999), (0.65, 38), (0.3, 90), (0.01, 999)])
def test_a_stopped_walk_is_that_of_single_steps(rtol: float, raises_at: int) -> None:
    masks, policy = walk_masks(np.random.default_rng(0), 90), RelativeTruncation(rtol)
    chunks, steps = (_Reckless(looks_ahead=a, raises_at=raises_at) for a in (True, False))
    a, b = (evaluate_walk(u, masks, policy, 1.0) for u in (chunks, steps))
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.status, b.status)
    assert a.failure == b.failure
    if raises_at > 90:
        assert chunks.asked <= 16 + 3 * steps.asked


def test_a_stopped_walk_raises_what_single_steps_raise() -> None:
    masks, policy = walk_masks(np.random.default_rng(0), 90), RelativeTruncation(0.01)
    for ahead in (True, False):
        with pytest.raises(ValueError, match=r"^40 points"):
            evaluate_walk(_Reckless(looks_ahead=ahead, raises_at=40), masks, policy, 1.0)


@pytest.mark.filterwarnings("ignore")
def test_a_truncated_walk_of_a_model_looks_ahead_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    together, alone = pair(GaussianNB(), "accuracy", *points())
    masks, sizes, evaluate = walk_masks(np.random.default_rng(0), N), [], type(together).evaluate
    monkeypatch.setattr(type(together), "evaluate", lambda self, m: sizes.append(len(m)) or evaluate(self, m))
    full = float(together.first().full[0])
    a = evaluate_walk(together, masks, RelativeTruncation(0.02), full)
    assert sizes[0] == 16
    assert len(sizes) <= 2
    b = evaluate_walk(alone, masks, RelativeTruncation(0.02), full)
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.status, b.status)
    assert (a.status == TRUNCATED).any()
