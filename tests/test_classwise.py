"""Classwise Shapley: against the definition by enumeration, against a closed form, with errors that cover; and for
every point of every class, whatever the labels look like and however rare the class."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from math import comb
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from conformance import Runs, check_coverage, check_unbiased
from numpy.typing import NDArray
from oracles import all_masks
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.naive_bayes import GaussianNB

from dvlwidgets import Dataset, GroupedDataset, MaxUpdates, SupervisedScorer, Utility
from dvlwidgets.data.identity import digest
from dvlwidgets.errors import InputError, InputTypeError, ScorerError
from dvlwidgets.utility.classwise import BoundClasswiseUtility, ClasswiseModelUtility, class_codes
from dvlwidgets.utility.classwise_scorer import ClasswiseSupervisedScorer
from dvlwidgets.valuation.methods.classwise_shapley import ClasswiseShapleyValuation
from dvlwidgets.valuation.samplers import (
    AntitheticPermutationSampler,
    AntitheticSampler,
    DeterministicPermutationSampler,
    DeterministicUniformSampler,
    DeviationTruncation,
    LOOSampler,
    MSRSampler,
    PermutationSampler,
    RelativeTruncation,
    UniformSampler,
)
from dvlwidgets.valuation.samplers.classwise import ClasswiseSampler

Floats = NDArray[np.float64]
EXACT = ClasswiseSampler(DeterministicUniformSampler(), DeterministicUniformSampler())
CODES = np.array([0, 1, 2, 1, 2, 2])  # classes of one, two and three points, mixed


def by_definition(v: Callable[[frozenset[int], int], float], codes: NDArray[np.intp], least: int) -> Floats:
    """Mean over the subsets of the other classes (each with at least `least` points, or all it has) of the Shapley
    value within the class."""
    n, values = len(codes), np.zeros(len(codes))
    for i in range(n):
        c = codes[i]
        own = [j for j in range(n) if codes[j] == c and j != i]
        pools = []
        for other in set(codes.tolist()) - {c}:
            points = [j for j in range(n) if codes[j] == other]
            pools.append(
                [
                    s
                    for r in range(min(least, len(points)), len(points) + 1)
                    for s in itertools.combinations(points, r)
                ]
            )
        environments = [frozenset(itertools.chain(*parts)) for parts in itertools.product(*pools)]
        for e in environments:
            for r in range(len(own) + 1):
                weight = 1.0 / (len(own) + 1) / comb(len(own), r) / len(environments)
                for s in itertools.combinations(own, r):
                    values[i] += weight * (v(e | set(s) | {i}, c) - v(e | set(s), c))
    return values


class Table:
    """Random utilities of all subsets for each class, smooth in the subset, and in-class scores behind them."""

    def __init__(self, codes: NDArray[np.intp], seed: int = 0, noise: float = 0.3) -> None:
        rng = np.random.default_rng(seed)
        self.codes, n, self.k = codes, len(codes), int(codes.max()) + 1
        masks = all_masks(n)
        own = rng.uniform(0.5, 1.5, (n, self.k)) * (codes[:, None] == np.arange(self.k))
        other = rng.normal(0.0, 0.3, (n, self.k)) * (codes[:, None] != np.arange(self.k))
        self.table = (masks @ own) * np.exp(masks @ other) + noise * rng.normal(size=(2**n, self.k))
        self.scores = rng.uniform(0.1, 1.0, (2**n, self.k))

    def __call__(self, masks: NDArray[np.bool_]) -> Floats:
        at = masks @ (1 << np.arange(len(self.codes)))
        return np.hstack([self.table[at], self.scores[at]])

    def of(self, subset: frozenset[int], c: int) -> float:
        return float(self.table[sum(1 << i for i in subset), c])

    @property
    def utility(self) -> Any:
        return Utility.from_function(self, metrics=[f"m{j}" for j in range(2 * self.k)])

    @property
    def data(self) -> Dataset:
        return Dataset(np.zeros((len(self.codes), 1)), self.codes)

    def truth(self, least: int = 1, *, normalized: bool = False) -> Floats:
        values = by_definition(self.of, self.codes, least)
        if not normalized:
            return values
        total = np.bincount(self.codes, values)
        return values * (self.scores[-1] / total)[self.codes]


# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0, 1, 2])
@pytest.mark.parametrize("normalized", [False, True])
def test_all_subsets_give_the_definition(least: int, normalized: bool) -> None:
    game = Table(CODES)
    sampler = ClasswiseSampler(
        DeterministicUniformSampler(), DeterministicUniformSampler(), min_elements_per_label=least
    )
    valuation = ClasswiseShapleyValuation(game.utility, sampler, normalize_values=normalized).fit(game.data)
    np.testing.assert_allclose(valuation.result.values, game.truth(least, normalized=normalized), rtol=1e-10)
    assert (valuation.result.stderr == 0).all()
    assert valuation.result.provenance.evaluations == 2**6 - 2


def test_a_product_of_classes_has_a_closed_form() -> None:
    """v_c(S) = (sum of a_i, i in S and c) exp(sum of b_j, j in S, not in c): a_i times a mean of exponentials."""
    rng = np.random.default_rng(3)
    codes = np.array([0, 0, 0, 1, 1, 1, 1])
    a, b = rng.normal(size=7), rng.normal(size=7)

    def v(masks: NDArray[np.bool_]) -> Floats:
        own = codes[:, None] == np.arange(2)
        return (masks * a) @ own * np.exp((masks * b) @ ~own)

    sampler = ClasswiseSampler(
        DeterministicPermutationSampler(), DeterministicUniformSampler(), min_elements_per_label=0
    )
    utility = Utility.from_function(v, metrics=["first", "second"])
    data = Dataset(np.zeros((7, 1)), codes)
    values = ClasswiseShapleyValuation(utility, sampler, normalize_values=False).fit(data).result.values
    mean = np.array([np.prod((1 + np.exp(b[codes != c])) / 2) for c in (0, 1)])
    np.testing.assert_allclose(values, a * mean[codes], rtol=1e-10)


SAMPLERS = {
    "walks": ClasswiseSampler(PermutationSampler(), UniformSampler()),
    "pairs": ClasswiseSampler(AntitheticPermutationSampler(), MSRSampler()),
    "three walks": ClasswiseSampler(PermutationSampler(), MSRSampler(), max_in_class_samples=3),
    "all of the class": ClasswiseSampler(
        DeterministicUniformSampler(), MSRSampler(), min_elements_per_label=0
    ),
}


def runs_of(
    sampler: ClasswiseSampler, game: Table, truth: Floats, *, normalize: bool, steps: int, runs: int
) -> Runs:
    """Many independent runs, folded step by step."""
    bound_utility = game.utility.with_dataset(game.data)
    first = bound_utility.first()
    values, stderr = [], []
    for r in range(runs):
        walks = sampler.bind_classes(game.codes, game.k, 5000 + r, normalize=normalize)
        stats = walks.initial(first)
        for step in range(steps):
            stats = walks.fold(stats, step, walks.evaluate(bound_utility, {}, step, 0, walks.rows(step)))
        e = walks.estimate(stats)
        values.append(e.values)
        stderr.append(e.stderr)
    return Runs(np.array(values), np.array(stderr), truth)


@functools.cache
def runs_by(name: str) -> Runs:
    game, sampler = Table(CODES, seed=1), SAMPLERS[name]
    truth = game.truth(sampler.min_elements_per_label)
    return runs_of(sampler, game, truth, normalize=False, steps=40, runs=120)


@pytest.mark.parametrize("name", SAMPLERS)
def test_random_environments_are_unbiased_and_their_errors_cover(name: str) -> None:
    r = runs_by(name)
    check_unbiased(r)
    check_coverage(r, 0.92, 0.975)


def test_errors_of_normalized_values_cover() -> None:
    game = Table(CODES, seed=2)
    r = runs_of(SAMPLERS["walks"], game, game.truth(normalized=True), normalize=True, steps=60, runs=120)
    check_coverage(r, 0.92, 0.975)
    alone = CODES == 0  # one point: its value is the class's score, whatever its walks say
    np.testing.assert_allclose(r.values[:, alone], game.scores[-1, 0])
    assert (r.stderr[:, alone] < 1e-6).all()


def test_the_suite_rejects_broken_twins() -> None:
    game, r = Table(CODES, seed=1), runs_by("walks")
    with pytest.raises(AssertionError, match="cover"):
        check_coverage(Runs(r.values, 0.8 * r.stderr, r.truth), 0.92, 0.975)
    with pytest.raises(AssertionError, match="biased"):  # another law of the environments
        check_unbiased(Runs(r.values, r.stderr, game.truth(0)))
    with pytest.raises(AssertionError, match="biased"):  # two points of a class exchanged
        check_unbiased(Runs(r.values[:, [0, 3, 2, 1, 4, 5]], r.stderr, r.truth))


def test_environments_follow_their_law() -> None:
    walks = ClasswiseSampler(min_elements_per_label=2).bind_classes(CODES, 3, 0, normalize=False)
    drawn = np.array([walks.environments.draw(step) for step in range(4000)])
    counts = np.array([drawn[:, CODES == c].sum(axis=1) for c in range(3)])
    assert (counts[0] == 1).all()  # a class of one point gives all it has
    assert (counts[1] == 2).all()
    assert set(counts[2]) == {2, 3}
    share = (counts[2] == 3).mean()  # of the four subsets with at least two points one has three
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)


# --- through the loop -------------------------------------------------------------------------------------------


def blobs(sizes: list[int], labels: Any, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres = 2.5 * np.array([[0, 0], [1, 0], [0, 1]])
    return Dataset(centres[codes] + rng.normal(size=(len(codes), 2)), np.asarray(labels)[codes])


def utility_on(
    test: Dataset, model: Any = None, scoring: Any = "accuracy", **options: Any
) -> ClasswiseModelUtility:
    return ClasswiseModelUtility(model or GaussianNB(), ClasswiseSupervisedScorer(scoring, test), **options)


@pytest.mark.parametrize(
    "labels", [["cat", "dog", "owl"], [-5, 7, 1000], np.array(["a", "b", "c"], object), [2.0, 3.0, 9.0]]
)
def test_any_class_labels(labels: Any) -> None:
    plain = ClasswiseShapleyValuation(
        utility_on(blobs([5, 5, 5], [0, 1, 2], 1)), ClasswiseSampler(seed=0), MaxUpdates(4)
    ).fit(blobs([4, 5, 6], [0, 1, 2]))
    named = ClasswiseShapleyValuation(
        utility_on(blobs([5, 5, 5], labels, 1)), ClasswiseSampler(seed=0), MaxUpdates(4)
    ).fit(blobs([4, 5, 6], labels))
    np.testing.assert_array_equal(named.result.values, plain.result.values)


def test_every_point_of_a_rare_class_has_a_value_after_one_round() -> None:
    """pyDVL #676: on 95/5 data some samples got no value at all, silently."""
    train, test = blobs([38, 2], [0, 1]), blobs([19, 1], [0, 1], 1)
    frames = list(
        ClasswiseShapleyValuation(
            utility_on(test, LogisticRegression()), ClasswiseSampler(seed=0), MaxUpdates(16)
        ).stream(train)
    )
    assert np.isnan(frames[0].values).all()  # nothing seen yet is not 0
    assert (frames[0].counts == 0).all()
    assert np.isfinite(frames[-1].values).all()
    assert (frames[-1].counts == 16).all()
    assert frames[-1].failures == 0  # environments of one class are no failed fits
    for frame in frames:
        assert (frame.counts == frame.counts[0]).all()


def test_normalized_values_sum_to_the_accuracy() -> None:
    train, test = blobs([6, 6, 8], ["a", "b", "c"]), blobs([10, 12, 14], ["a", "b", "c"], 1)
    v = ClasswiseShapleyValuation(utility_on(test), ClasswiseSampler(seed=0), MaxUpdates(8)).fit(train)
    accuracy = accuracy_score(test.y, GaussianNB().fit(train.x, train.y).predict(test.x))
    assert v.result.values.sum() == pytest.approx(accuracy)
    assert any("scaled" in note for note in v.result.provenance.notes)
    assert v.result.unit == "points of the classwise score"


def test_same_bits_for_any_workers_and_after_a_resume(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = blobs([6, 9], [0, 1]), blobs([10, 10], [0, 1], 1)

    def make(steps: int) -> ClasswiseShapleyValuation:
        return ClasswiseShapleyValuation(utility_on(test), ClasswiseSampler(seed=7), MaxUpdates(steps))

    whole = make(24).fit(train).result
    with joblib.parallel_config("threading", n_jobs=2):
        assert (make(24).fit(train).result.values == whole.values).all()
    make(8).fit(train, checkpoint=tmp_path)
    fits: list[int] = []
    once = BoundClasswiseUtility._fit_and_score
    monkeypatch.setattr(
        BoundClasswiseUtility, "_fit_and_score", lambda self, mask, *a: fits.append(1) or once(self, mask, *a)
    )
    resumed = make(24).fit(train, checkpoint=tmp_path).result
    assert 0 < len(fits) <= 16 * (15 + 2)  # the first eight steps are not done again
    np.testing.assert_array_equal(resumed.values, whole.values)
    np.testing.assert_array_equal(resumed.stderr, whole.stderr)


def test_exact_values_through_workers_and_of_a_real_model() -> None:
    train, test = blobs([3, 4], ["x", "y"]), blobs([8, 8], ["x", "y"], 1)
    utility = utility_on(test)
    valuation = ClasswiseShapleyValuation(utility, EXACT, normalize_values=False).fit(train)
    bound = utility.with_dataset(train)
    table = bound(all_masks(7))
    codes, _ = class_codes(train)
    truth = by_definition(lambda s, c: float(table[sum(1 << i for i in s), c]), codes, 1)
    np.testing.assert_allclose(valuation.result.values, truth, atol=1e-12)
    with joblib.parallel_config("threading", n_jobs=2):
        again = ClasswiseShapleyValuation(utility, EXACT, normalize_values=False).fit(train)
    np.testing.assert_array_equal(again.result.values, valuation.result.values)


def test_truncated_walks_say_so() -> None:
    train, test = blobs([6, 9], [0, 1]), blobs([10, 10], [0, 1], 1)
    sampler = ClasswiseSampler(PermutationSampler(RelativeTruncation(0.2), seed=1), MSRSampler())
    whole = ClasswiseSampler(PermutationSampler(seed=1), MSRSampler())
    cut, full = (
        ClasswiseShapleyValuation(utility_on(test), s, MaxUpdates(8), normalize_values=False)
        .fit(train)
        .result
        for s in (sampler, whole)
    )
    assert cut.provenance.evaluations < full.provenance.evaluations
    assert any("cut short" in note for note in cut.provenance.notes)
    assert np.isfinite(cut.values).all()


def test_groups_of_one_class_are_valued_and_mixed_ones_refused() -> None:
    train, test = blobs([8, 8], [0, 1]), blobs([10, 10], [0, 1], 1)
    sources = np.char.add(train.y.astype(str), np.where(np.arange(16) % 2, "a", "b"))
    groups = GroupedDataset.from_dataset(train, sources)
    v = ClasswiseShapleyValuation(utility_on(test), EXACT, normalize_values=False).fit(groups)
    table = utility_on(test).with_dataset(groups)(all_masks(4))
    truth = by_definition(lambda s, c: float(table[sum(1 << i for i in s), c]), np.array([0, 0, 1, 1]), 1)
    np.testing.assert_allclose(v.result.values, truth, atol=1e-12)
    assert list(v.result.names) == ["0a", "0b", "1a", "1b"]
    mixed = GroupedDataset.from_dataset(train, np.arange(16) % 4)
    with pytest.raises(InputError, match="rows of several classes"):
        ClasswiseShapleyValuation(utility_on(test), EXACT).fit(mixed)


def test_data_frames_and_categories() -> None:
    train, test = blobs([5, 5], ["x", "y"]), blobs([5, 5], ["x", "y"], 1)
    frame = Dataset(pd.DataFrame(train.x, columns=["p", "q"]), pd.Series(train.y, dtype="category"))
    of_frame = Dataset(pd.DataFrame(test.x, columns=["p", "q"]), pd.Series(test.y, dtype="category"))
    sampler = ClasswiseSampler(seed=0)
    a = ClasswiseShapleyValuation(utility_on(test), sampler, MaxUpdates(4)).fit(train).result
    b = ClasswiseShapleyValuation(utility_on(of_frame), sampler, MaxUpdates(4)).fit(frame).result
    np.testing.assert_array_equal(a.values, b.values)


# --- the scorer -------------------------------------------------------------------------------------------------


def by_hand(model: Any, test: Dataset, label: Any, metric: Callable[..., float]) -> tuple[float, float]:
    own = test.y == label
    return metric(model, test.x[own], test.y[own]), metric(model, test.x[~own], test.y[~own])


def accuracy_of(model: Any, x: Any, y: Any) -> float:
    return float(accuracy_score(y, model.predict(x)))


@pytest.mark.parametrize("scoring", ["accuracy", accuracy_of, "f1_micro", "score"])
@pytest.mark.parametrize("rescale", [True, False])
def test_scores_of_classes(scoring: Any, rescale: bool) -> None:
    train, test = blobs([9, 9, 9], ["a", "b", "c"]), blobs([10, 12, 20], ["a", "b", "c"], 1)
    model = GaussianNB().fit(train.x, train.y)
    scorer = ClasswiseSupervisedScorer(scoring, test, rescale_scores=rescale)
    found = scorer(model)
    for k, label in enumerate(["a", "b", "c"]):
        own, others = by_hand(model, test, label, accuracy_of)
        if rescale:
            share = (test.y == label).mean()
            own, others = own * share, others * (1 - share)
        assert found[k] == pytest.approx(own * np.exp(others))
        assert found[3 + k] == pytest.approx(own)


def test_discounts_and_probability() -> None:
    train, test = blobs([9, 9], ["a", "b"]), blobs([10, 12], ["a", "b"], 1)
    model = GaussianNB().fit(train.x, train.y)
    scorer = ClasswiseSupervisedScorer(
        "probability",
        test,
        in_class_discount_fn=lambda s: s**2,
        out_of_class_discount_fn=lambda s: 1 + s,
        rescale_scores=False,
    )
    proba = model.predict_proba(test.x)[np.arange(22), (test.y == "b").astype(int)]
    own, others = proba[test.y == "a"].mean(), proba[test.y == "b"].mean()
    assert scorer(model)[0] == pytest.approx(own**2 * (1 + others))
    changed = ClasswiseSupervisedScorer("probability", test, out_of_class_discount_fn=lambda s: 1 + s)
    assert digest(scorer) != digest(changed)
    assert digest(scorer) == digest(scorer)


def test_one_class_needs_no_fit_and_a_failed_fit_has_the_default() -> None:
    train, test = blobs([3, 3], [0, 1]), blobs([10, 30], [0, 1], 1)
    bound = utility_on(test, LogisticRegression()).with_dataset(train)
    alone = bound.evaluate((train.y == 0)[None, :])
    assert alone.status[0] == 0
    np.testing.assert_allclose(alone.values[0], [0.25, 0.0, 0.25, 0.0])  # all of class 0, none of class 1
    np.testing.assert_array_equal(bound(np.zeros((1, 6), bool)), np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda t: ClasswiseSupervisedScorer(["accuracy", "f1_macro"], t), InputError, "one metric"),
        (
            lambda t: ClasswiseSupervisedScorer("accuracy", t, out_of_class_discount_fn=2),
            InputTypeError,
            "function",
        ),
        (
            lambda t: ClasswiseSupervisedScorer("accuracy", t, rescale_scores="no"),
            InputTypeError,
            "rescale_scores",
        ),
        (
            lambda t: ClasswiseModelUtility(GaussianNB(), SupervisedScorer("accuracy", t)),
            InputTypeError,
            "Classwise",
        ),
        (lambda t: ClasswiseSampler(PermutationSampler), InputTypeError, "the class PermutationSampler"),
        (lambda t: ClasswiseSampler(LOOSampler()), InputTypeError, "in_class must be"),
        (lambda t: ClasswiseSampler(MSRSampler()), InputTypeError, "in_class must be"),
        (
            lambda t: ClasswiseSampler(PermutationSampler(), LOOSampler()),
            InputTypeError,
            "out_of_class must draw",
        ),
        (
            lambda t: ClasswiseSampler(PermutationSampler(), MSRSampler(law="uniform-size")),
            InputTypeError,
            "alike",
        ),
        (
            lambda t: ClasswiseSampler(PermutationSampler(), DeterministicUniformSampler()),
            InputError,
            "enumerates",
        ),
        (lambda t: ClasswiseSampler(PermutationSampler(), AntitheticSampler()), InputTypeError, "alike"),
        (lambda t: ClasswiseSampler(PermutationSampler(DeviationTruncation(1.0))), InputError, "deviation"),
        (lambda t: ClasswiseSampler(max_in_class_samples=0), InputError, "at least 1"),
        (lambda t: ClasswiseSampler(min_elements_per_label=-1), InputError, "at least 0"),
        (
            lambda t: ClasswiseSampler(EXACT.in_class, MSRSampler(), max_in_class_samples=3),
            InputError,
            "short",
        ),
        (
            lambda t: ClasswiseShapleyValuation(utility_on(t), PermutationSampler()),
            InputTypeError,
            "ClasswiseSampler",
        ),
        (
            lambda t: ClasswiseShapleyValuation(utility_on(t), normalize_values=1),
            InputTypeError,
            "normalize_values",
        ),
    ],
)
def test_construction_refuses(make: Callable[[Dataset], object], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        make(blobs([5, 5], [0, 1]))


def test_what_cannot_be_valued_is_refused_before_any_fit() -> None:
    test = blobs([5, 5], [0, 1])
    valuation = ClasswiseShapleyValuation(utility_on(test), ClasswiseSampler(seed=0), MaxUpdates(2))
    with pytest.raises(InputError, match="one class"):
        valuation.fit(Dataset(np.eye(3), [1, 1, 1]))
    with pytest.raises(ScorerError, match="no points of the training data's class 2"):
        valuation.fit(blobs([3, 3, 3], [0, 1, 2]))
    with pytest.raises(InputError, match="fractions"):
        valuation.fit(Dataset(np.eye(3), [0.5, 1.5, 2.0]))
    with pytest.raises(InputTypeError, match="must be a Dataset"):
        valuation.fit(np.eye(3))
    plain = Utility(GaussianNB(), SupervisedScorer("accuracy", test))
    with pytest.raises(InputError, match="ClasswiseModelUtility"):
        ClasswiseShapleyValuation(plain, ClasswiseSampler(seed=0), MaxUpdates(2)).fit(blobs([3, 3], [0, 1]))
    with pytest.raises(InputError, match="at most 25"):
        ClasswiseShapleyValuation(utility_on(test), EXACT).fit(blobs([20, 20], [0, 1]))
    crowded = ClasswiseSampler(DeterministicUniformSampler(), MSRSampler())
    with pytest.raises(InputError, match="at most 12"):
        ClasswiseShapleyValuation(utility_on(test), crowded).fit(blobs([20, 20], [0, 1]))
    several = Dataset(np.eye(2), np.eye(2, dtype=int), multi_output=True)
    with pytest.raises(InputError, match="several columns"):
        valuation.fit(several)
