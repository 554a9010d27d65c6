"""Votes of neighbours: exact semivalues, means of sizes, and what they bring to the estimator."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from oracles import all_masks, semivalue_by_enumeration
from sklearn.linear_model import LogisticRegression

from dvlwidgets import (
    Dataset,
    GroupedDataset,
    MaxSamples,
    MSRSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.data.examples import load_split
from dvlwidgets.utility import votes as module
from dvlwidgets.utility.votes import NEIGHBOURS, Votes, neighbour_votes
from dvlwidgets.valuation.samplers.adjusted import AdjustedStrata
from dvlwidgets.valuation.semivalue import banzhaf_law, beta_law, loo_law, shapley_law

LAWS: dict[str, Any] = {
    "shapley": shapley_law,
    "banzhaf": banzhaf_law,
    "beta(4,1)": lambda n: beta_law(n, 4, 1),
    "beta(1,4)": lambda n: beta_law(n, 1, 4),
    "loo": loo_law,
}


def some_data(n: int, t: int, seed: int = 0, ties: bool = False) -> tuple[Dataset, Dataset]:
    rng = np.random.default_rng(seed)
    x, x_test = rng.normal(size=(n, 2)), rng.normal(size=(t, 2))
    if ties:
        x, x_test = x.round(), x_test.round()
    words = np.array(["a", "b", "c"])
    return Dataset(x, words[rng.permutation(n) % 3]), Dataset(x_test, words[rng.permutation(t) % 3])


def by_definition(votes: Votes, mask: Any, neighbours: tuple[int, ...] = NEIGHBOURS) -> list[float]:
    shares = []
    for k in neighbours:
        total = 0.0
        for order, hits in zip(votes.order, votes.hits, strict=True):
            total += sum([hit for point, hit in zip(order, hits, strict=True) if mask[point]][:k]) / k
        shares.append(total / len(votes.order))
    return shares


@pytest.mark.parametrize("law", list(LAWS))
@pytest.mark.parametrize("n", [2, 3, 8])
def test_semivalues_are_exact(law: str, n: int) -> None:
    votes = neighbour_votes(*some_data(n, 5, n, ties=n == 8))
    assert votes is not None
    p = LAWS[law](n)
    found = votes.values(p)
    for at in range(len(NEIGHBOURS)):
        truth = semivalue_by_enumeration(lambda masks, at=at: votes(masks)[:, at], p)
        np.testing.assert_allclose(found[at], truth, atol=1e-12)


def test_semivalues_are_exact_where_neighbours_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    # ten points have at most 15 neighbours: other numbers make all branches matter
    monkeypatch.setattr(module, "NEIGHBOURS", (2, 4))
    votes = neighbour_votes(*some_data(9, 4))
    assert votes is not None
    shares = np.array([by_definition(votes, mask, (2, 4)) for mask in all_masks(9)])
    for law in LAWS.values():
        found = votes._values(law(9))
        for at in range(2):
            truth = semivalue_by_enumeration(
                lambda masks, at=at: shares[masks @ (1 << np.arange(9)), at], law(9)
            )
            np.testing.assert_allclose(found[at], truth, atol=1e-12)


@pytest.mark.parametrize(("n", "rows"), [(15, 64), (90, 200), (200, 65)])
def test_votes_of_large_subsets_by_definition(n: int, rows: int) -> None:
    # more members than are counted, words of 64 subsets that end early, a last word that is not full
    votes = neighbour_votes(*some_data(n, 7, ties=True))
    assert votes is not None
    rng = np.random.default_rng(n)
    masks = rng.permuted(np.arange(n) < rng.integers(0, n + 1, rows)[:, None], axis=1)
    masks[:2] = np.array([[False], [True]])
    np.testing.assert_allclose(votes(masks), [by_definition(votes, mask) for mask in masks], atol=1e-12)
    np.testing.assert_allclose(votes.ends(), votes(masks[:2]), atol=1e-12)
    assert votes(masks[:0]).shape == (0, len(NEIGHBOURS))


def test_votes_and_their_means_of_sizes_by_definition() -> None:
    votes = neighbour_votes(*some_data(9, 6, 3))
    assert votes is not None
    masks = all_masks(9)
    counted = votes(masks)
    for row in (0, 5, 77, 200, 511):
        np.testing.assert_allclose(counted[row], by_definition(votes, masks[row]), atol=1e-12)
    sizes = masks.sum(axis=1)
    means = np.array([counted[sizes == s].mean(axis=0) for s in range(10)]).T
    np.testing.assert_allclose(votes.of_sizes(), means, atol=1e-12)


def test_chances_stay_exact_for_many_points() -> None:
    law = shapley_law(600)
    rng = np.random.default_rng(0)
    votes = Votes(np.argsort(rng.random((3, 600)), axis=1), (rng.random((3, 600)) < 0.5).astype(float))
    ends = votes(np.stack([np.zeros(600, bool), np.ones(600, bool)]))
    np.testing.assert_allclose(votes.values(law).sum(axis=1), ends[1] - ends[0], atol=1e-9)


def test_who_has_votes() -> None:
    train, test = some_data(20, 10)
    assert neighbour_votes(train, test) is not None
    assert neighbour_votes(GroupedDataset.from_dataset(train, np.arange(20) % 4), test) is None
    assert neighbour_votes(Dataset(train.x, np.linspace(0, 1, 20)), test) is None
    assert neighbour_votes(Dataset(np.where(train.x > 1, np.nan, train.x), train.y), test) is None
    assert neighbour_votes(train, (test, test)) is None
    # numbers without squares: no votes, no warning
    assert neighbour_votes(Dataset(train.x * 1e200, train.y), test) is None
    assert neighbour_votes(train, Dataset(test.x * 1e200, test.y)) is None
    assert neighbour_votes(Dataset(train.x * 1e-160, train.y), test) is not None


def test_votes_do_not_depend_on_how_numbers_are_kept() -> None:
    train, test = some_data(20, 10)
    plain = neighbour_votes(train, test)
    assert plain is not None
    for keep in (sp.csr_array, pd.DataFrame, torch.tensor):
        votes = neighbour_votes(Dataset(keep(train.x), train.y), Dataset(keep(test.x), test.y))
        assert votes is not None
        np.testing.assert_array_equal(votes.order, plain.order)
    words = pd.DataFrame({"a": train.x[:, 0], "b": ["x", "y"] * 10})
    assert neighbour_votes(Dataset(words, train.y), test) is None


def test_votes_travel() -> None:
    votes = neighbour_votes(*some_data(20, 10))
    assert votes is not None
    again = pickle.loads(pickle.dumps(votes))
    masks = np.random.default_rng(0).random((7, 20)) < 0.5
    np.testing.assert_array_equal(votes(masks), again(masks))


def _run(adjusted: bool, seed: int, utility: Utility, train: Dataset, fits: int = 640) -> Any:
    sampler = MSRSampler(seed=seed, adjusted=adjusted)
    return ShapleyValuation(utility, sampler, MaxSamples(sampler, fits)).fit(train)


def test_models_are_heard_by_their_neighbours_votes() -> None:
    split = load_split("breast_cancer", n_train=12, flip=0.1)
    utility = Utility(LogisticRegression(C=10), SupervisedScorer("accuracy", split.val))
    run = _run(True, 0, utility, split.train, 512)
    sampler = run._fitted.job.sampler
    assert isinstance(sampler, AdjustedStrata)
    assert sampler.votes is not None
    bound = utility.with_dataset(split.train)
    truth = semivalue_by_enumeration(bound, shapley_law(12))
    result = run.result
    assert (np.abs(result.values - truth) < 5 * result.stderr + 1e-12).all()
    assert result.stderr.mean() < 0.7 * _run(False, 0, utility, split.train, 512).result.stderr.mean()


def test_a_resumed_run_hears_the_same(tmp_path: Any) -> None:
    split = load_split("iris", n_train=12, flip=0.1)
    utility = Utility(LogisticRegression(), SupervisedScorer("accuracy", split.val))
    once = _run(True, 3, utility, split.train).result
    sampler = MSRSampler(seed=3)
    ShapleyValuation(utility, sampler, MaxSamples(sampler, 200)).fit(split.train, checkpoint=tmp_path)
    sampler = MSRSampler(seed=3)
    again = ShapleyValuation(utility, sampler, MaxSamples(sampler, 640)).fit(split.train, checkpoint=tmp_path)
    np.testing.assert_array_equal(again.result.values, once.values)
    np.testing.assert_array_equal(again.result.stderr, once.stderr)
    banzhaf = again.reweight("banzhaf")
    assert np.isfinite(banzhaf.values).all()
