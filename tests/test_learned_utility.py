"""A learned utility: its budget goes through the loop once; values are those of what was learned, and it says so."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import LowOrderGame, all_masks, semivalue_by_enumeration
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import PolynomialFeatures

from dvlwidgets import (
    AbsoluteStandardError,
    AntitheticPermutationSampler,
    BanzhafValuation,
    Dataset,
    DeterministicUniformSampler,
    GroupedDataset,
    MaxSamples,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    RelativeTruncation,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.engine.records import OK
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.utility.learned import DataUtilityLearning, budget_of
from dvlwidgets.utility.learned_deep_set import DeepSetUtilityModel
from dvlwidgets.utility.learned_models import IndicatorUtilityModel
from dvlwidgets.valuation.merging import merge_journals
from dvlwidgets.valuation.semivalue import banzhaf_law, shapley_law

N = 8
A = np.random.default_rng(0).normal(size=N)
SAMPLERS = {
    "walks": PermutationSampler(seed=3),
    "pairs": AntitheticPermutationSampler(seed=3),
    "subsets": MSRSampler(seed=3),
    "cut walks": PermutationSampler(RelativeTruncation(0.05), seed=3),
}


class Counted:
    """An additive game that counts its evaluations."""

    def __init__(self, values: NDArray[np.float64] = A) -> None:
        self.values, self.rows = values, 0

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        self.rows += len(masks)
        return 1.0 + masks @ self.values


def learned(
    game: Any = None, budget: int = 40, predictor: Any = None, n: int = N, **kwargs: Any
) -> DataUtilityLearning:
    utility = Utility.from_function(game or Counted(), key="game")
    return DataUtilityLearning(
        utility,
        budget,
        IndicatorUtilityModel(LinearRegression() if predictor is None else predictor, n),
        **kwargs,
    )


# --- the budget -------------------------------------------------------------------------------------------------


def test_budgets_are_different_subsets_of_all_sizes() -> None:
    masks = budget_of(500, 30, seed=1)
    assert masks.shape == (500, 30)
    assert len(np.unique(np.packbits(masks, axis=1), axis=0)) == 500
    sizes = np.bincount(masks.sum(axis=1), minlength=31)
    assert sizes[0] == sizes[30] == 0
    assert (sizes[1:30] >= 4).all()  # 17 expected of each
    np.testing.assert_array_equal(masks, budget_of(500, 30, seed=1))
    assert (budget_of(500, 30, seed=2) != masks).any()


def test_a_large_budget_takes_every_subset_once() -> None:
    assert sorted((budget_of(10_000, 4, 0) @ (1 << np.arange(4))).tolist()) == list(range(1, 15))
    assert budget_of(3, 1, 0).shape == (0, 1)


# --- values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [ShapleyValuation, BanzhafValuation])
def test_what_is_linear_is_learned_exactly(method: Any) -> None:
    for name, sampler in SAMPLERS.items():
        if name == "cut walks" or (
            method is BanzhafValuation and name != "subsets"
        ):  # weighted marginals are noisy
            continue
        result = method(learned(), sampler, MaxUpdates(200)).fit(range(N)).result
        np.testing.assert_allclose(result.values, A, atol=1e-6, err_msg=name)


def test_values_are_those_of_what_was_learned() -> None:
    """Enumeration of the learned utility, which is not the true one."""
    game = LowOrderGame(N, seed=1)
    utility = learned(game, 30, Ridge(1.0))
    result = ShapleyValuation(utility, DeterministicUniformSampler()).fit(range(N)).result
    bound = utility.with_dataset(range(N))
    table = bound(all_masks(N))
    first = bound.first()
    table[0], table[-1] = first.empty[0], first.full[0]  # the ends are the true ones
    expected = semivalue_by_enumeration(lambda m: table[m @ (1 << np.arange(N))], shapley_law(N))
    np.testing.assert_allclose(result.values, expected, atol=1e-10)
    assert np.abs(result.values - game.values(shapley_law(N))).max() > 0.01
    assert result.values.sum() == pytest.approx(first.full[0] - first.empty[0])


def test_a_model_with_the_right_terms_gets_the_right_values() -> None:
    class Pairs(LinearRegression):
        def fit(self, x: Any, y: Any) -> Any:
            return super().fit(PolynomialFeatures(2, interaction_only=True).fit_transform(x), y)

        def predict(self, x: Any) -> Any:
            return super().predict(PolynomialFeatures(2, interaction_only=True).fit_transform(x))

    game = LowOrderGame(N, seed=1)
    result = BanzhafValuation(learned(game, 80, Pairs()), DeterministicUniformSampler()).fit(range(N)).result
    np.testing.assert_allclose(result.values, game.values(banzhaf_law(N)), atol=1e-8)


# --- through the loop -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_budget_is_all_that_is_evaluated(name: str) -> None:
    game = Counted()
    result = ShapleyValuation(learned(game), SAMPLERS[name], MaxUpdates(64)).fit(range(N)).result
    assert game.rows == 40 + 2
    assert result.provenance.evaluations == 40
    assert np.isfinite(result.values).all()
    assert (result.counts >= 64).all()


def test_the_budget_is_streamed_and_announced() -> None:
    frames = list(ShapleyValuation(learned(), PermutationSampler(seed=0), MaxUpdates(16)).stream(range(N)))
    assert "40" in frames[0].announcement
    early = [f for f in frames if f.done < 40]
    assert early
    assert all(np.isnan(f.values).all() and (f.counts == 0).all() for f in early)
    assert np.isfinite(frames[-1].values).all()
    assert frames[-1].done == frames[-1].total == 40


def test_same_bits_for_any_workers() -> None:
    def values(**kwargs: Any) -> NDArray[np.float64]:
        forest = RandomForestRegressor(n_estimators=5)
        valuation = ShapleyValuation(
            learned(LowOrderGame(N, 2), 40, forest), MSRSampler(seed=1), MaxUpdates(50)
        )
        with joblib.parallel_config(**kwargs):
            return valuation.fit(range(N)).result.values

    one = values(backend="sequential")
    np.testing.assert_array_equal(one, values(backend="threading", n_jobs=2))


def test_a_run_that_breaks_off_in_its_budget_goes_on_there(tmp_path: Any) -> None:
    whole = ShapleyValuation(learned(), SAMPLERS["walks"], MaxUpdates(32)).fit(range(N)).result
    stream = ShapleyValuation(learned(), SAMPLERS["walks"], MaxUpdates(32)).stream(
        range(N), checkpoint=tmp_path
    )
    for frame in stream:
        if frame.done >= 8:
            break
    stream.close()
    game = Counted()
    resumed = ShapleyValuation(learned(game), SAMPLERS["walks"], MaxUpdates(32))
    resumed.fit(range(N), checkpoint=tmp_path)
    assert 0 < game.rows < 40
    np.testing.assert_array_equal(resumed.result.values, whole.values)
    np.testing.assert_array_equal(resumed.result.stderr, whole.stderr)
    game.rows = 0
    again = ShapleyValuation(learned(game), SAMPLERS["walks"], MaxUpdates(32)).fit(
        range(N), checkpoint=tmp_path
    )
    assert game.rows == 0
    np.testing.assert_array_equal(again.result.values, whole.values)


def test_runs_of_two_seeds_merge_on_one_budget() -> None:
    game = LowOrderGame(N, 1)
    one, two, both = (
        ShapleyValuation(learned(game, 40, Ridge()), PermutationSampler(seed=s), MaxUpdates(u))
        .fit(range(N))
        .result
        for s, u in ((1, 32), (2, 32), (1, 64))
    )
    merged = merge_journals([one, two])
    assert (merged.counts == 64).all()
    limit = 5 * np.hypot(merged.stderr, both.stderr)
    assert (np.abs(merged.values - both.values) <= limit).all()
    np.testing.assert_allclose(merged.values, (one.values + two.values) / 2, atol=1e-12)


def test_rules_that_wait_for_evaluations_are_refused_before_the_budget() -> None:
    game = Counted()
    with pytest.raises(InputError, match="makes 40 of them and then predicts"):
        ShapleyValuation(learned(game), PermutationSampler(seed=0), MaxSamples(None, 1000)).fit(range(N))
    assert game.rows == 2
    within = ShapleyValuation(learned(), PermutationSampler(seed=0), MaxSamples(None, 20)).fit(range(N))
    assert within.result.provenance.evaluations == 20
    every = ShapleyValuation(learned(), DeterministicUniformSampler(), MaxSamples(None, 1000)).fit(range(N))
    np.testing.assert_allclose(every.result.values, A, atol=1e-8)


def test_points_may_rest() -> None:
    rule = AbsoluteStandardError(0.05)
    found = (
        ShapleyValuation(learned(), PermutationSampler(seed=0), rule, skip_converged=True)
        .fit(range(N))
        .result
    )
    np.testing.assert_allclose(found.values, A, atol=1e-8)


def test_another_method_is_refused_with_the_reason() -> None:
    valuation = ShapleyValuation(learned(), MSRSampler(seed=0), MaxUpdates(20)).fit(range(N))
    with pytest.raises(InputError, match="predicted when they were needed"):
        valuation.reweight("Banzhaf")


def test_results_say_what_they_rest_on() -> None:
    result = ShapleyValuation(learned(), MSRSampler(seed=0), MaxUpdates(20)).fit(range(N)).result
    (said,) = [note for note in result.provenance.notes if "learned utility" in note]
    assert "fitted on 40 evaluations with held-out R2 1.00" in said
    assert "its own error is not in them" in said
    rng = np.random.default_rng(0)
    noise = ShapleyValuation(
        learned(lambda m: rng.normal(size=len(m)), 40), MSRSampler(seed=0), MaxUpdates(20)
    ).fit(range(N))
    (said,) = [note for note in noise.result.provenance.notes if "learned utility" in note]
    assert float(said.split("R2 ")[1].split(";")[0]) < 0.2
    assert "hardly knows" in said
    few = learned(budget=5).with_dataset(range(N))
    few(all_masks(N)[:2])
    assert "unknown" in few.notes[0]


def test_outside_of_a_run_the_first_call_learns() -> None:
    game = Counted()
    bound = learned(game).with_dataset(range(N))
    masks = all_masks(N)[[3, 9, 200]]
    np.testing.assert_allclose(bound(masks), 1.0 + masks @ A)
    assert game.rows == 40
    bound(masks)
    assert game.rows == 40
    assert bound.evaluate(masks).status.tolist() == [OK] * 3
    rng = np.random.default_rng(0)
    rows = Dataset(rng.normal(size=(N, 2)), np.arange(N) % 2)
    real = Utility(Ridge_as_classifier(), SupervisedScorer("accuracy", rows))
    model = IndicatorUtilityModel(Ridge(), N)
    here = DataUtilityLearning(real, 20, model).with_dataset(rows)
    there = pickle.loads(pickle.dumps(here))
    np.testing.assert_array_equal(there(masks), here(masks))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(here))(masks), here(masks))


def test_groups_and_real_models() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    rows = Dataset(x, (x[:, 0] > 0).astype(int))
    groups = GroupedDataset.from_dataset(rows, np.arange(60) % 6)
    utility = Utility(Ridge_as_classifier(), SupervisedScorer("accuracy", rows))
    learning = DataUtilityLearning(utility, 20, IndicatorUtilityModel(Ridge(), 6))
    result = ShapleyValuation(learning, PermutationSampler(seed=0), MaxUpdates(8)).fit(groups).result
    assert result.values.shape == (6,)
    assert np.isfinite(result.values).all()


class Ridge_as_classifier:  # noqa: N801
    """The sign of a least-squares fit: a classifier that fits in microseconds, on one class too."""

    def fit(self, x: Any, y: Any) -> Any:
        self.w = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), 2.0 * y - 1.0, rcond=None)[0]
        return self

    def predict(self, x: Any) -> Any:
        return (np.column_stack([x, np.ones(len(x))]) @ self.w > 0).astype(int)


# --- deep sets --------------------------------------------------------------------------------------------------


def feature_game(data: Dataset) -> Any:
    """A utility that depends on points by their features and labels alone, with diminishing returns."""
    worth = np.exp(data.x[:, 0]) * np.where(data.y == 1, 1.0, -0.5)
    return lambda masks: np.tanh(0.15 * (masks @ worth))


def features(n: int = 40) -> Dataset:
    rng = np.random.default_rng(5)
    return Dataset(rng.normal(size=(n, 3)), rng.integers(0, 2, n))


def test_a_deep_set_learns_from_features() -> None:
    data = features()
    utility = Utility.from_function(feature_game(data), key="g")
    deep = DataUtilityLearning(
        utility, 120, DeepSetUtilityModel(data, 16, 8, 16, num_epochs=60)
    ).with_dataset(data)
    flat = DataUtilityLearning(utility, 120, IndicatorUtilityModel(Ridge(), 40)).with_dataset(data)
    masks = np.random.default_rng(1).random((200, 40)) < 0.5
    truth = feature_game(data)(masks)

    def r2(bound: Any) -> float:
        return float(1 - ((bound(masks) - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())

    found = r2(deep), r2(flat), deep.quality
    assert found[0] > max(0.7, found[1] + 0.1), found
    assert found[2] > 0.6, found


def test_deep_sets_have_the_same_bits_and_leave_torchs_generator_alone() -> None:
    import torch

    data = features(10)
    masks = budget_of(30, 10, 0)
    values = feature_game(data)(masks)
    before = torch.get_rng_state()
    one, two = (
        DeepSetUtilityModel(data, 8, 4, 8, num_epochs=5).fit(masks, values, seed=3).predict(masks)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)
    assert torch.equal(before, torch.get_rng_state())
    other = DeepSetUtilityModel(data, 8, 4, 8, num_epochs=5).fit(masks, values, seed=4).predict(masks)
    assert (one != other).any()


def test_deep_sets_of_groups_add_up_their_rows() -> None:
    rows = features(12)
    groups = GroupedDataset.from_dataset(rows, np.arange(12) % 4)
    of_rows, of_groups = (
        DeepSetUtilityModel(rows, 4, 2, 4, num_epochs=2),
        DeepSetUtilityModel(groups, 4, 2, 4, num_epochs=2),
    )
    masks = all_masks(4)
    wide = masks[:, np.arange(12) % 4]
    values = wide @ np.linspace(0, 1, 12)
    a = of_rows.fit(wide, values).predict(wide)
    np.testing.assert_allclose(of_groups.fit(masks, values).predict(masks), a)


def test_refusals() -> None:
    data, utility = features(8), Utility.from_function(Counted())
    model = IndicatorUtilityModel(Ridge(), N)
    frame = Dataset([["a"], ["b"]], [0, 1])
    for make, kind, words in [
        (lambda: DataUtilityLearning(Ridge(), 10, model), InputTypeError, "Utility to learn"),
        (lambda: DataUtilityLearning(Utility, 10, model), InputTypeError, "Utility to learn"),
        (lambda: DataUtilityLearning(utility, 1, model), InputError, "at least 2"),
        (lambda: DataUtilityLearning(utility, 10.0, model), InputTypeError, "integer"),
        (lambda: DataUtilityLearning(utility, 10, Ridge()), InputTypeError, "Wrap it"),
        (lambda: DataUtilityLearning(utility, 10, IndicatorUtilityModel), InputTypeError, "the class"),
        (lambda: DataUtilityLearning(utility, 10, "linear"), InputTypeError, "utility model such as"),
        (lambda: DataUtilityLearning(utility, 10, model, show_warnings=1), InputTypeError, "show_warnings"),
        (lambda: DataUtilityLearning(utility, 10, model, seed=-1), InputError, "between 0"),
        (lambda: IndicatorUtilityModel(Ridge, 3), InputTypeError, "the class Ridge"),
        (lambda: IndicatorUtilityModel("ridge", 3), InputTypeError, "fit"),
        (lambda: IndicatorUtilityModel(Ridge(), 0), InputError, "at least 1"),
        (lambda: learned(n=5).with_dataset(range(N)), InputError, "n_data=5 points, but the data have 8"),
        (lambda: DeepSetUtilityModel(np.eye(3)), InputTypeError, "must be the training Dataset"),
        (lambda: DeepSetUtilityModel(frame), InputError, "must be numbers"),
        (lambda: DeepSetUtilityModel(Dataset([[np.nan], [1.0]], [0, 1])), InputError, "NaN"),
        (lambda: DeepSetUtilityModel(data, 0), InputError, "phi_hidden_dim"),
        (lambda: DeepSetUtilityModel(data, lr=0.0), InputError, "positive"),
        (lambda: DeepSetUtilityModel(data).check(features(9)), InputError, "other data"),
    ]:
        with pytest.raises(kind, match=words):
            make()

    class Wrong:
        def fit(self, masks: Any, utilities: Any, seed: int = 0) -> None:
            return None

        def predict(self, masks: Any) -> Any:
            return np.full(len(masks), np.nan)

    bound = DataUtilityLearning(utility, 4, Wrong()).with_dataset(range(N))
    with pytest.raises(InputTypeError, match="one finite number"):
        bound(all_masks(N))
