"""What the strata's baseline and jackknife buy, beside plain weighted means of the same draws: `make bench` prints it.

Each line compares two estimators on the same subsets, or two samplers at the same number of evaluations, in one run.
Nothing is asserted: the statistical tests of `test_samplers.py` do that.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from conformance import run_steps
from sklearn.linear_model import LogisticRegression

from dvlwidgets import MaxUpdates, MSRSampler, PermutationSampler, ShapleyValuation, SupervisedScorer, Utility
from dvlwidgets.data.examples import load_split
from dvlwidgets.engine.moments import Moments
from dvlwidgets.engine.records import Estimate
from dvlwidgets.evaluation import precision_among_lowest
from dvlwidgets.valuation.samplers.merged_strata import LEAST, merged_starts
from dvlwidgets.valuation.samplers.strata import SizeStrata
from dvlwidgets.valuation.semivalue import shapley_law

pytestmark = pytest.mark.bench


class Plain(SizeStrata):
    """Weighted means of the utilities themselves: no baseline."""

    def initial(self, first: Any) -> Any:
        return dataclasses.replace(super().initial(first), curve=np.zeros(self.n + 1))

    def _levels(self, stats: Any) -> Any:
        return np.zeros(len(stats.sums.zero))


def merge_groups(moments: Moments, starts: Any) -> Moments:
    """Adjacent groups of the second axis merged: group j holds `starts[j] : starts[j + 1]`.

    The within-group parts add up and the between-group parts are centred on the merged mean.
    """
    weight = np.add.reduceat(moments.weight, starts, axis=1)
    sums = np.add.reduceat(moments.weight * moments.mean, starts, axis=1)
    mean = np.divide(sums, weight, out=np.zeros_like(sums), where=weight > 0)
    lengths = np.diff(np.r_[starts, moments.mean.shape[1]])
    spread = moments.weight * (moments.mean - np.repeat(mean, lengths, axis=1)) ** 2
    return Moments(
        np.add.reduceat(moments.count, starts, axis=1),
        weight,
        np.add.reduceat(moments.squares, starts, axis=1),
        mean,
        np.add.reduceat(moments.m2 + spread, starts, axis=1),
    )


class UsualErrors(SizeStrata):
    """The usual variance of a weighted mean in place of the jackknife."""

    def estimate(self, stats: Any) -> Estimate:
        stats = self._settled(stats)
        estimate = super().estimate(stats)
        variance = np.zeros(self.n)
        for side, law in enumerate([self.law[:-1], self.law[1:]]):
            starts = merged_starts(stats.moments.count[side], LEAST)
            centred = dataclasses.replace(
                stats.moments, mean=stats.moments.mean - self._levels(stats)[None, :, None]
            )
            merged = merge_groups(centred.side(side), starts)
            group = np.searchsorted(starts, self.bins[1 : self.n], side="right") - 1
            variance += np.bincount(group, law, len(starts)) ** 2 @ merged.variance_of_mean()[0]
        return dataclasses.replace(estimate, stderr=np.sqrt(variance))


def strata(cls: type, n: int, seed: int) -> SizeStrata:
    good = MSRSampler(adjusted=False).bind(n, shapley_law(n), seed, "Shapley")
    return cls(**{f.name: getattr(good, f.name) for f in dataclasses.fields(good) if f.init})


class Additive:
    def __init__(self, n: int) -> None:
        self.n, self.weights = n, np.random.default_rng(0).normal(size=n) + 0.5

    def __call__(self, masks: Any) -> Any:
        return masks @ self.weights


class Spread:
    """Noise whose spread falls like 1 / size."""

    def __init__(self, n: int) -> None:
        self.n, self.salt = n, np.random.default_rng(0).random(n) * 1e6

    def __call__(self, masks: Any) -> Any:
        return ((masks @ self.salt) % 1.0 - 0.5) / np.maximum(masks.sum(axis=1), 1)


@pytest.mark.parametrize("n", [300, 700])
def test_sum_of_values_of_an_additive_game(n: int) -> None:
    game = Additive(n)
    for name, cls in [("plain means", Plain), ("ours", SizeStrata)]:
        sums = [run_steps(strata(cls, n, seed), game, 48)[0].sum() for seed in range(8)]
        off = np.mean(sums) / game.weights.sum() - 1.0
        error = np.std(sums, ddof=1) / np.sqrt(8) / game.weights.sum()
        print(
            f"\n  additive, n = {n}, 3,072 subsets, {name}: sum of values {off:+.1%} off (se {error:.1%})",
            end="",
        )
    print()


def test_standard_errors_where_small_subsets_spread_more() -> None:
    n, runs = 100, 40
    for name, cls in [("usual variance", UsualErrors), ("ours", SizeStrata)]:
        found = [run_steps(strata(cls, n, seed), Spread(n), 8) for seed in range(runs)]
        values, stderr = np.array([v for v, _ in found]), np.array([e for _, e in found])
        ratio = np.sqrt(values.var(axis=0, ddof=1).mean() / (stderr**2).mean())
        print(
            f"\n  spread ~ 1 / size, n = {n}, 512 subsets, {name}: true error / standard error {ratio:.2f}",
            end="",
        )
    print()


def test_precision_of_samplers_at_few_evaluations() -> None:
    split = load_split("breast_cancer")
    utility = Utility(LogisticRegression(C=0.1, max_iter=500), SupervisedScorer("probability", split.val))
    # four walks are 1,196 evaluations; MSR ends with the round in which every side has 500
    for sampler, rule in [(PermutationSampler(seed=0), MaxUpdates(4)), (MSRSampler(seed=0), MaxUpdates(500))]:
        values = ShapleyValuation(utility, sampler, rule, show_warnings=False).fit(split.train).values()
        found = precision_among_lowest(values.values, split.flipped)
        print(
            f"\n  breast_cancer, {type(sampler).__name__}, {values.provenance.evaluations:,} evaluations: "
            f"precision {found.precision:.2f}, certainty {values.certainty:.2f}",
            end="",
        )
    print()
