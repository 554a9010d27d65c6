"""Detection, removal curves and the judgement on a third split, on cases whose answers are known."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.errors import InputError
from dvlwidgets.evaluation import (
    compute_removal_score,
    detection_scores,
    judge_dropping,
    precision_among_lowest,
    two_means_split,
)
from dvlwidgets.utility.model import ModelUtility
from dvlwidgets.utility.scorer import SupervisedScorer


class MeanModel:
    """Predicts the mean label of its training rows everywhere."""

    def fit(self, x, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, x):
        return np.full(len(x), self.mean_)


def negative_error(model, x, y):
    return -float(np.mean(np.abs(model.predict(x) - y)))


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30), st.data())
def test_precision_counts_hits_among_the_lowest(values, data):
    n = len(values)
    wrong = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
    k = data.draw(st.integers(1, n))
    found = precision_among_lowest(values, wrong, k)
    lowest = sorted(range(n), key=lambda i: values[i])[:k]
    assert list(found.lowest) == lowest
    assert found.hits == len(set(lowest) & set(wrong))
    assert found.precision == found.hits / k
    assert found.recall == found.hits / len(wrong)
    assert found.chance == len(wrong) / n


def test_unknown_values_are_never_among_the_lowest_while_others_are_known():
    assert list(precision_among_lowest([np.nan, 0.5, np.nan, -0.5], wrong=[0, 1]).lowest) == [3, 1]


@pytest.mark.parametrize(
    ("wrong", "k", "words"),
    [
        ([], None, "at least one position"),
        ([0.5], None, "np.flatnonzero"),
        ([True, False, True], None, "np.flatnonzero"),
        ([3], None, "0 to 2"),
        ([-1], None, "0 to 2"),
        ([1, 1], None, "different"),
        ([1], 0, "between 1 and"),
        ([1], 4, "between 1 and"),
    ],
)
def test_bad_detection_input_is_refused(wrong, k, words):
    with pytest.raises(InputError, match=words):
        precision_among_lowest([0.1, 0.2, 0.3], wrong, k)


def test_values_must_be_one_number_per_point():
    with pytest.raises(InputError, match=r"result\.values"):
        precision_among_lowest([[0.1, 0.2]], [0])


def result(values, indices=None):
    values = np.asarray(values, float)
    return SimpleNamespace(
        values=values, indices=np.arange(len(values)) if indices is None else np.asarray(indices)
    )


WEIGHTS = np.array([4.0, 1.0, 3.0, 2.0])
POINTS = Dataset(np.zeros((4, 1)), np.zeros(4))
ADDITIVE = ModelUtility.from_function(lambda masks: masks @ WEIGHTS)


@pytest.mark.parametrize(
    "valued",
    [result(WEIGHTS), result(np.sort(WEIGHTS), np.argsort(WEIGHTS))],
    ids=["in the data's order", "sorted"],
)
def test_removal_takes_the_worst_or_the_best_first(valued):
    shares = [0, 0.25, 0.5, 0.75]
    worst = compute_removal_score(ADDITIVE, valued, POINTS, shares)
    best = compute_removal_score(ADDITIVE, valued, POINTS, shares, remove_best=True)
    assert worst == {0: 10.0, 0.25: 9.0, 0.5: 7.0, 0.75: 4.0}
    assert best == {0: 10.0, 0.25: 6.0, 0.5: 3.0, 0.75: 1.0}


@pytest.mark.parametrize(
    ("valued", "share", "words"),
    [
        (result(WEIGHTS[:3]), 0.1, "3 values, the training data 4 points"),
        (result([np.nan, 1, 2, 3]), 0.1, "1 of 4 values are not known"),
        (result(WEIGHTS), 1.0, "from 0 to below 1"),
        (result(WEIGHTS), -0.1, "from 0 to below 1"),
    ],
)
def test_bad_removal_input_is_refused(valued, share, words):
    with pytest.raises(InputError, match=words):
        compute_removal_score(ADDITIVE, valued, POINTS, [share])


def test_removal_in_other_data_of_the_same_length_is_refused():
    valued = result(WEIGHTS)
    valued.fingerprint = POINTS.fingerprint
    assert compute_removal_score(ADDITIVE, valued, POINTS, [0.25]) == {0.25: 9.0}
    with pytest.raises(InputError, match="of other data than training_data"):
        compute_removal_score(ADDITIVE, valued, Dataset(np.ones((4, 1)), np.zeros(4)), [0.25])


def test_judging_refits_without_the_chosen_and_without_random_points():
    train = Dataset(np.zeros((10, 1)), np.array([0.0] * 8 + [10.0] * 2))  # two labels are far off
    unseen = Dataset(np.zeros((5, 1)), np.zeros(5))
    scorer = SupervisedScorer(negative_error, unseen, default=-10.0, name="minus error")
    (judged,) = judge_dropping(MeanModel(), scorer, train, [8, 9], repeats=20, seed=3)
    assert (judged.before, judged.after, judged.dropped) == (-2.0, 0.0, 2)
    possible = [-20 / 8, -10 / 8, 0.0]  # none, one or both of the two were among the random ones
    assert all(np.isclose(score, possible).any() for score in judged.random)
    assert len(set(judged.random)) > 1
    assert judged.better_than_random
    (again,) = judge_dropping(MeanModel(), scorer, train, [8, 9], repeats=20, seed=3)
    assert np.array_equal(judged.random, again.random)
    (harmful,) = judge_dropping(MeanModel(), scorer, train, [0, 1], repeats=20, seed=3)
    assert not harmful.better_than_random


@pytest.mark.parametrize("drop", [[], list(range(10)), [0, 0], [10], [0.5]])
def test_bad_drops_are_refused(drop):
    train = Dataset(np.zeros((10, 1)), np.zeros(10))
    with pytest.raises(InputError, match="drop must hold"):
        judge_dropping(MeanModel(), SupervisedScorer(negative_error, train, default=0.0), train, drop)


def test_judging_needs_a_random_removal_to_compare_with():
    train = Dataset(np.zeros((10, 1)), np.zeros(10))
    with pytest.raises(InputError, match="repeats"):
        judge_dropping(
            MeanModel(), SupervisedScorer(negative_error, train, default=0.0), train, [1], repeats=0
        )


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=12), st.data())
def test_scores_of_detection_equal_sklearns_and_an_exhaustive_split(whole, data):
    values, n = np.array(whole) / 7.0, len(whole)
    wrong = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
    is_wrong = np.isin(np.arange(n), wrong)
    found = detection_scores(values, wrong)
    assert found.precision == precision_among_lowest(values, wrong).precision
    assert found.average_precision == pytest.approx(average_precision_score(is_wrong, -values))
    low = two_means_split(values)
    assert found.f1 == pytest.approx(f1_score(is_wrong, low, zero_division=0.0))

    def squares(cluster):
        parts = [values[cluster], values[~cluster]]
        return sum(((part - part.mean()) ** 2).sum() for part in parts if len(part))

    if len(set(whole)) == 1:
        assert not low.any()
    else:
        assert values[low].max() < values[~low].min()
        best = min(squares(np.array(bits)) for bits in itertools.product([False, True], repeat=n))
        assert squares(low) == pytest.approx(best)


def test_values_that_are_not_known_are_in_no_cluster_and_come_last():
    values = [np.nan, 5.0, -1.0, 5.1, np.nan, -1.1]
    assert two_means_split(values).tolist() == [False, False, True, False, False, True]
    assert detection_scores(values, [0]).average_precision == pytest.approx(1 / 6)
    assert not two_means_split([np.nan, 1.0]).any()


def test_large_values_close_together_are_split_in_the_right_place():
    assert two_means_split(np.array([0.0, 1e-7, 1.0, 1.0 + 1e-7]) * 1e-3 + 1e6).sum() == 2
