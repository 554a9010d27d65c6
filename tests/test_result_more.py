"""What results say of themselves, what they keep of v(empty) and v(N), continuing and adding runs; pyDVL's defects."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance import Runs, check_coverage, check_unbiased
from engine_worlds import blobs
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles import LowOrderGame

from dvlwidgets import (
    AntitheticPermutationSampler,
    BanzhafValuation,
    DeterministicUniformSampler,
    MaxUpdates,
    MinUpdates,
    MSRSampler,
    PermutationSampler,
    RankCorrelation,
    RelativeTruncation,
    SemivalueValuation,
    ShapleyValuation,
    Utility,
)
from dvlwidgets.errors import IdentityError, InputError
from dvlwidgets.valuation.result import ValuationResult, ValueItem, load_result, save_result
from dvlwidgets.valuation.result_columns import Ends
from dvlwidgets.valuation.semivalue import beta_law, shapley_law

N = 10
DATA = blobs(N)[0]
GAME = LowOrderGame(N, 2)


def game(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    return 5.0 + GAME(masks)


UTILITY = Utility.from_function(game)
PLAIN = {
    "msr": lambda seed: MSRSampler(seed=seed, adjusted=False),
    "walks": lambda seed: PermutationSampler(seed=seed),
}


def run(sampler: Any, updates: int = 60, method: Any = ShapleyValuation, **kwargs: Any) -> Any:
    return method(UTILITY, sampler, MaxUpdates(updates), **kwargs).fit(DATA)


def bits(result: Any) -> tuple[bytes, bytes, bytes]:
    return result.values.tobytes(), result.stderr.tobytes(), result.counts.tobytes()


# --- v(empty), v(N) and what the values sum to --------------------------------------------------------------------


def test_the_ends_are_kept_saved_and_loaded(tmp_path: Path) -> None:
    result = run(PermutationSampler(seed=0)).result
    full = float(game(np.ones((1, N), bool))[0])
    assert result.ends == Ends(5.0, full, N, efficient=True)
    assert result.ends.gain == full - 5.0
    save_result(result.sort(), tmp_path / "r")
    assert load_result(tmp_path / "r").ends == result.ends
    assert load_result(tmp_path / "r").describe() == result.describe()
    assert not run(PermutationSampler(seed=0), method=BanzhafValuation).result.ends.efficient
    assert ValuationResult(values=[1.0]).ends is None


def test_the_ends_follow_what_is_done_to_the_values() -> None:
    result = run(PermutationSampler(seed=0)).result
    gain = result.ends.gain
    assert (result + run(PermutationSampler(seed=1)).result).ends == result.ends
    assert result[:3].ends == result.ends
    assert result.copy().scale(-2.0).ends.gain == -2.0 * gain
    assert result.copy().scale(2.0, [1]).ends is None
    changed = result.copy()
    changed.set(0, 1.0)
    assert changed.ends is None
    other = dataclasses.replace(result.ends, full=1.0)
    noisy = run(PermutationSampler(seed=1)).result
    noisy._about = dataclasses.replace(noisy._about, ends=other)
    assert (result + noisy).ends is None  # a score that is not reproducible has no one end


def test_describe_says_whether_the_sum_is_right_and_by_how_much_it_misses() -> None:
    walks = run(PermutationSampler(seed=0)).result
    gain = walks.ends.gain
    assert f"v(N) - v(empty) = {walks.ends.full:.4g} - 5 = {gain:.4g}, as it should be." in walks.describe()
    strata = run(MSRSampler(seed=0, adjusted=False)).result
    miss = strata.values.sum() - gain
    assert f"and miss it by {miss:.2g} ({abs(miss / gain):.1%})." in strata.describe()
    banzhaf = run(MSRSampler(seed=0, adjusted=False), method=BanzhafValuation).result
    assert "By this method they need not sum to v(N) - v(empty)" in banzhaf.describe()
    assert f"Those of all {N} points should sum to" in walks[:4].describe()
    cut = run(PermutationSampler(RelativeTruncation(0.5), seed=0)).result
    assert "miss it by" in cut.describe()
    assert "cut short" in cut.describe()
    exact = run(DeterministicUniformSampler(), 10**6).result
    assert "as it should be. They are exact: no standard error." in exact.describe()


def test_describe_says_how_sure_and_how_to_repeat() -> None:
    result = run(PermutationSampler(seed=7)).result
    text = result.describe()
    for words in (
        f"Shapley of {N} points, in points of {result.unit.removeprefix('points of ')}.",
        f"expected correlation of {result.certainty:.2f}",
        f"a value is typically off by its standard error (median {np.median(result.stderr):.2g}).",
        "Each rests on 60 observations.",
        "Points below 0 hurt the score",
        "The same again: seed=7, with dvlwidgets",
    ):
        assert words in text
    both = result + run(PermutationSampler(seed=8)).result
    assert "The same again: the seeds 7, 8, with" in both.describe()
    assert "\n" not in both.describe()


def test_tooltips_have_a_sentence_for_every_column() -> None:
    result = run(PermutationSampler(seed=0)).result
    tips = result.tooltips()
    assert set(tips) == {
        "rank", "index", "id", "name", "label", "value", "stderr", "variance", "count", "converged",
    }  # fmt: skip
    assert all(tip.endswith(".") and "\n" not in tip for tip in tips.values())
    assert "Points below 0 hurt the score" in tips["value"]
    assert f"sum to v(N) - v(empty) = {result.ends.gain:.4g}" in tips["value"]
    assert "sum to" not in run(PermutationSampler(seed=0), method=BanzhafValuation).result.tooltips()["value"]
    assert "exact" in run(DeterministicUniformSampler(), 10**6).result.tooltips()["stderr"]
    assert "0 included" in ValuationResult(values=[1.0]).tooltips()["value"]


# --- continuing ---------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(
    cuts=st.lists(st.sampled_from([8, 12, 20, 32, 44]), min_size=1, max_size=4),
    kind=st.sampled_from(["walks", "pairs", "msr"]),
)
def test_any_way_of_continuing_equals_one_long_run(cuts: list[int], kind: str) -> None:
    make = {**PLAIN, "pairs": lambda seed: AntitheticPermutationSampler(seed=seed)}[kind]
    result = None
    for updates in [*cuts, 60]:
        # another object every time, and another rule: the run's key is what counts
        rule = MaxUpdates(updates) if updates % 8 else MinUpdates(updates)
        one = ShapleyValuation(UTILITY, make(3), rule)
        result = one.fit(DATA, continue_from=result).result
    assert result is not None
    assert bits(result) == bits(ShapleyValuation(UTILITY, make(3), MaxUpdates(60)).fit(DATA).result)


def test_a_finished_run_goes_on_under_another_rule_without_a_fit_twice() -> None:
    calls: list[int] = []

    def counted(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        calls.append(len(masks))
        return game(masks)

    utility = Utility.from_function(counted, key="counted")
    first = ShapleyValuation(utility, PermutationSampler(seed=0), MaxUpdates(16)).fit(DATA).result
    second = ShapleyValuation(utility, PermutationSampler(seed=0), RankCorrelation(0.0005) | MaxUpdates(400))
    result = second.fit(DATA, continue_from=first).result
    assert result.provenance.evaluations == sum(calls) - 2  # the two ends are not counted
    assert result.counts.min() > 16


def test_a_result_of_a_run_can_be_pickled_and_copied_without_its_journal() -> None:
    result = ShapleyValuation(UTILITY, PermutationSampler(seed=0), MaxUpdates(16)).fit(DATA).result
    for twin in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), copy.copy(result)):
        assert twin == result
        assert twin.describe() == result.describe()
        assert (twin.journal, twin.replay) == (None, None)
    assert result.journal is not None


def test_labels_in_the_place_of_an_earlier_result_are_named() -> None:
    valuation = ShapleyValuation(UTILITY, PermutationSampler(seed=0), MaxUpdates(16))
    with pytest.raises(InputError, match=r"not ndarray.*fit\(Dataset\(x, y\)\)"):
        valuation.fit(np.zeros((3, 1)), np.zeros(3))


def test_a_loaded_result_goes_on_with_its_checkpoint(tmp_path: Path) -> None:
    first = ShapleyValuation(UTILITY, PermutationSampler(), MaxUpdates(16))
    save_result(first.fit(DATA, checkpoint=tmp_path / "c").result, tmp_path / "r")
    loaded = load_result(tmp_path / "r")
    again = ShapleyValuation(UTILITY, PermutationSampler(), MaxUpdates(60))
    longer = again.fit(DATA, continue_from=loaded, checkpoint=tmp_path / "c").result
    assert longer.provenance.seed == loaded.provenance.seed
    assert (longer.counts == 60).all()
    with pytest.raises(InputError, match="checkpoint=FOLDER"):
        again.fit(DATA, continue_from=loaded)
    ShapleyValuation(UTILITY, PermutationSampler(seed=5), MaxUpdates(16)).fit(
        DATA, checkpoint=tmp_path / "other"
    )
    with pytest.raises(IdentityError, match="of another run"):
        again.fit(DATA, continue_from=loaded, checkpoint=tmp_path / "other")
    with pytest.raises(InputError, match="holds no run yet"):
        again.fit(DATA, continue_from=loaded, checkpoint=tmp_path / "new")
    with pytest.raises(InputError, match="not both"):
        again.fit(DATA, continue_from=longer, checkpoint=tmp_path / "c")


# --- adding -------------------------------------------------------------------------------------------------------


def test_two_size_laws_of_one_class_are_two_methods() -> None:
    def semivalue(seed: int, a: float) -> Any:
        return run(
            PermutationSampler(seed=seed), method=SemivalueValuation, law=lambda n: beta_law(n, a, 1)
        ).result

    assert len((semivalue(1, 2) + semivalue(2, 2)).runs) == 2
    with pytest.raises(IdentityError, match="different methods"):
        semivalue(1, 2) + semivalue(2, 3)


def test_what_was_reweighted_adds_to_its_own_kind_only() -> None:
    uniform = MSRSampler(seed=1, law="uniform-size", adjusted=False)
    shapley, banzhaf = (
        run(uniform).result,
        run(MSRSampler(seed=2, adjusted=False), method=BanzhafValuation).result,
    )
    assert (shapley.reweight("banzhaf") + banzhaf).algorithm == "Banzhaf"
    with pytest.raises(IdentityError, match="methods"):
        shapley + banzhaf


@pytest.mark.parametrize("kind", PLAIN)
def test_sums_of_runs_are_unbiased_and_cover(kind: str) -> None:
    # D4: errors of merged runs are neither inflated nor too small
    found = []
    for seed in range(0, 300, 2):
        parts = [run(PLAIN[kind](s), 40 + 24 * (s % 2)).result for s in (seed, seed + 1)]
        found.append(parts[0] + parts[1])
    r = Runs(
        np.array([f.values for f in found]), np.array([f.stderr for f in found]), GAME.values(shapley_law(N))
    )
    check_unbiased(r)
    check_coverage(r)


# --- defects of VALUATION.md, section 2 ---------------------------------------------------------------------------


def test_d1_the_table_of_a_sorted_run_pairs_every_value_with_its_own_error() -> None:
    pytest.importorskip("pandas")
    result = run(PermutationSampler(seed=0)).result
    by_index = {item.idx: item for item in result}
    for key in ("value", "variance", "name", "index"):
        table = result.copy().sort(key=key, reverse=True).to_dataframe("v")
        for index, row in table.iterrows():
            item = by_index[index]
            assert (row["v"], row["v_variances"], row["v_counts"]) == (item.value, item.variance, item.count)
            assert row["v_stderr"] == pytest.approx(item.stderr)


def test_d2_runs_are_equal_whatever_their_order_and_different_when_they_differ() -> None:
    a, b = run(PermutationSampler(seed=0)).result, run(PermutationSampler(seed=0)).result
    assert a == b.sort()
    assert a != run(PermutationSampler(seed=1)).result
    turned = ValuationResult(values=a.values, indices=a.indices[::-1])
    assert turned != ValuationResult(values=a.values, indices=a.indices)


def test_d3_copies_and_slices_of_a_sorted_run_keep_its_order() -> None:
    result = run(PermutationSampler(seed=0)).result.sort(key="variance", reverse=True)
    assert result.copy().indices.tolist() == result.indices.tolist()
    assert result[::2].copy().indices.tolist() == result.indices.tolist()[::2]


@pytest.mark.parametrize("kind", PLAIN)
def test_d4_continuing_does_not_inflate_variances(kind: str) -> None:
    # many short continuations: the variance of the observations stays what it is, standard errors shrink
    once = run(PLAIN[kind](0), 200).result
    result = None
    for updates in range(20, 201, 20):
        result = (
            ShapleyValuation(UTILITY, PLAIN[kind](0), MaxUpdates(updates))
            .fit(DATA, continue_from=result)
            .result
        )
    assert result is not None
    np.testing.assert_allclose(result.variances, once.variances, rtol=0.5)
    assert (result.stderr < 1.3 * once.stderr).all()


def test_d5_continuing_with_msr_discards_nothing() -> None:
    first = run(MSRSampler(seed=0, adjusted=False), 210).result
    second = ShapleyValuation(UTILITY, MSRSampler(seed=0, adjusted=False), MaxUpdates(211))
    longer = second.fit(DATA, continue_from=first).result
    assert (longer.counts >= first.counts).all()
    assert longer.provenance.evaluations >= first.provenance.evaluations


def test_d18_items_of_a_run_are_not_greater_than_themselves() -> None:
    for item in run(PermutationSampler(seed=0)).result:
        twin = ValueItem(item.idx, item.name, item.value, item.variance, item.count)
        assert item == twin
        assert not item > twin
        assert not item < twin
