"""Journals merge exactly: whatever held the steps, the values are those of one run of the union, bit for bit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_worlds import blobs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dvlwidgets import (
    AbsoluteStandardError,
    AntitheticPermutationSampler,
    BanzhafValuation,
    LOOValuation,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    RelativeTruncation,
    ShapleyValuation,
    Utility,
    VRDSSampler,
)
from dvlwidgets.errors import IdentityError, InputError, InputTypeError, JournalError, NotFittedError
from dvlwidgets.valuation.merging import merge_journals
from dvlwidgets.valuation.result import ValuationResult, load_result, save_result

DATA = blobs(10)[0]
SAMPLERS = {
    "strata": lambda seed: MSRSampler(seed=seed, batch_size=5, adjusted=False),
    "adjusted": lambda seed: MSRSampler(seed=seed, batch_size=40),
    "walks": lambda seed: PermutationSampler(seed=seed),
    "pairs": lambda seed: AntitheticPermutationSampler(seed=seed),
    "truncated": lambda seed: PermutationSampler(RelativeTruncation(0.3), seed=seed),
}


def curved(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))


def valuation(kind: str, seed: int, updates: int = 40, method: Any = ShapleyValuation) -> Any:
    return method(Utility.from_function(curved), SAMPLERS[kind](seed), MaxUpdates(updates))


def bits(result: Any) -> tuple[bytes, bytes, bytes]:
    return result.values.tobytes(), result.stderr.tobytes(), result.counts.tobytes()


def torn(folder: Path, new: Path, share: float) -> Path:
    """A copy of a checkpoint, cut off within its last record."""
    new.mkdir()
    body = (folder / "journal.dvl").read_bytes()
    (new / "journal.dvl").write_bytes(body[: max(600, int(len(body) * share))])
    return new


def union(kind: str, steps: dict[int, int]) -> Any:
    """One run of all these steps of these seeds, by hand: folded in the order of seed and step."""
    job = valuation(kind, 0)._job(DATA, min(steps))
    folded = job.initial(job.first())
    for seed in sorted(steps):
        one = valuation(kind, 0)._job(DATA, seed)
        for step in range(steps[seed]):
            folded = one.fold(folded, step, one.task(one.plan(folded), step, 0, one.rows(step)))
    return job.estimate(folded)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Checkpoint folders of runs by kind, seed and length, with their number of steps."""
    home, made = tmp_path_factory.mktemp("runs"), {}

    def run(kind: str, seed: int, updates: int) -> tuple[Path, int, Any]:
        key = (kind, seed, updates)
        if key not in made:
            folder = home / "-".join(map(str, key))
            result = valuation(kind, seed, updates).fit(DATA, checkpoint=folder).result
            made[key] = folder, result.provenance.steps[0][2], result
        return made[key]

    return run


PARTS = st.lists(
    st.tuples(st.sampled_from([3, 1, 2]), st.sampled_from([8, 24, 40]), st.booleans()), min_size=1, max_size=6
)


@pytest.mark.parametrize("kind", [kind for kind in SAMPLERS if kind != "adjusted"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=PARTS)
def test_any_parts_give_the_run_of_their_union(kind: str, runs: Any, parts: Any) -> None:
    sources, steps = [], {}
    for seed, updates, as_folder in parts:
        folder, done, result = runs(kind, seed, updates)
        sources.append(folder if as_folder else result)
        steps[seed] = max(steps.get(seed, 0), done)
    merged = valuation(kind, 99).merge(sources, DATA)
    assert bits(merged) == bits(union(kind, steps))
    assert bits(valuation(kind, 5).merge(sources[::-1], DATA)) == bits(merged)
    assert [(run.seed, run.steps[0][2]) for run in merged.runs] == sorted(steps.items())


def test_a_regression_over_all_seeds_sees_the_rows_of_the_union(runs: Any) -> None:
    (one, a, _), (two, b, result) = runs("adjusted", 1, 8), runs("adjusted", 2, 8)
    merged = valuation("adjusted", 9).merge([result, one], DATA)
    assert (
        bits(merged)
        == bits(valuation("adjusted", 9).merge([one, two], DATA))
        == bits(union("adjusted", {1: a, 2: b}))
    )


@pytest.mark.parametrize("kind", SAMPLERS)
def test_overlapping_parts_of_one_seed_are_one_long_run(kind: str, runs: Any) -> None:
    short, long = runs(kind, 1, 8), runs(kind, 1, 40)
    for sources in ([short[0], long[0]], [long[0], short[2], short[2]], [long[2]]):
        assert bits(valuation(kind, 1).merge(sources, DATA)) == bits(long[2])


def test_results_merge_without_a_valuation_and_again(runs: Any) -> None:
    a, b, c = (runs("strata", seed, 40)[2] for seed in (1, 2, 3))
    at_once = merge_journals([a, b, c])
    in_turn = merge_journals([merge_journals([c, a]), b])
    assert bits(at_once) == bits(in_turn)
    assert at_once.provenance.evaluations == sum(r.provenance.evaluations for r in (a, b, c))
    assert "merged from 3 journals with 3 seeds" in at_once.describe()
    assert at_once.fingerprint == DATA.fingerprint
    assert bits(at_once.reweight("shapley")) == bits(at_once)
    with pytest.raises(IdentityError, match="count twice"):
        at_once + a


def test_a_merged_run_is_more_certain_than_its_parts(runs: Any) -> None:
    parts = [runs("walks", seed, 40)[2] for seed in (1, 2, 3)]
    merged = merge_journals(parts)
    expected = np.sqrt(sum(p.stderr**2 for p in parts)) / 3
    np.testing.assert_allclose(merged.stderr, expected, rtol=0.2)
    assert (merged.counts == sum(p.counts for p in parts)).all()


def test_walks_add_up_to_rounding(runs: Any) -> None:
    a, b = (runs("walks", seed, 40)[2] for seed in (1, 2))
    added, merged = a + b, merge_journals([a, b])
    np.testing.assert_allclose(added.values, merged.values, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(added.stderr, merged.stderr, rtol=1e-10)
    assert (added.counts == merged.counts).all()


def test_a_torn_journal_gives_its_whole_steps(runs: Any, tmp_path: Path) -> None:
    folder, _, _ = runs("walks", 1, 40)
    part = valuation("walks", 1).merge([torn(folder, tmp_path / "torn", 0.6)], DATA)
    steps = part.provenance.steps[0][2]
    assert 0 < steps < 40
    assert bits(part) == bits(union("walks", {1: steps}))


def test_scores_that_are_not_reproducible_do_not_depend_on_the_order(tmp_path: Path) -> None:
    def noisy(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return masks.sum(axis=1) + np.random.normal(size=len(masks))  # noqa: NPY002

    utility = Utility.from_function(noisy)
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        ShapleyValuation(utility, PermutationSampler(seed=1), MaxUpdates(20)).fit(DATA, checkpoint=folder)
    again = ShapleyValuation(utility, PermutationSampler(seed=1), MaxUpdates(20))
    assert bits(again.merge(folders, DATA)) == bits(again.merge(folders[::-1], DATA))


def test_methods_that_share_draws_share_journals(tmp_path: Path) -> None:
    def run(method: Any, seed: int) -> Any:
        sampler = MSRSampler(seed=seed, law="uniform-size", adjusted=False)
        return method(Utility.from_function(curved), sampler, MaxUpdates(100))

    run(ShapleyValuation, 1).fit(DATA, checkpoint=tmp_path / "s")
    banzhaf = run(BanzhafValuation, 2).fit(DATA)
    merged = banzhaf.merge([tmp_path / "s", banzhaf.result])
    assert merged.algorithm == "Banzhaf"
    assert [r.seed for r in merged.runs] == [1, 2]


def test_an_exhaustive_sampler_counts_each_subset_once() -> None:
    found = [LOOValuation(Utility.from_function(curved)).fit(DATA).result for _ in range(2)]
    merged = merge_journals(found)
    assert bits(merged) == bits(found[0])
    assert len(merged.runs) == 1


def test_what_differs_is_named(runs: Any) -> None:
    folder, _, result = runs("walks", 1, 8)
    other = valuation("walks", 1)
    with pytest.raises(IdentityError, match="training data"):
        other.merge([folder], DATA.relabel({0: 1 - int(DATA.y[0])}))
    with pytest.raises(IdentityError, match="sampler"):
        valuation("strata", 1).merge([folder], DATA)
    with pytest.raises(IdentityError, match="utility"):
        ShapleyValuation(Utility.from_function(np.ravel, key="x"), PermutationSampler(), None).merge(
            [folder], DATA
        )
    with pytest.raises(IdentityError, match="sampler"):
        merge_journals([result, runs("strata", 1, 8)[2]])


def test_runs_that_rested_differently_are_no_parts_of_one(tmp_path: Path) -> None:
    def run(threshold: float, seed: int, folder: str) -> Any:
        rule = AbsoluteStandardError(threshold) | MaxUpdates(32)
        v = ShapleyValuation(
            Utility.from_function(curved), PermutationSampler(seed=seed), rule, skip_converged=True
        )
        return v.fit(DATA, checkpoint=tmp_path / folder)

    a, b, c = run(0.02, 1, "a"), run(0.08, 1, "b"), run(0.02, 2, "c")
    assert len(set(a.result.counts.tolist())) > 1
    assert bits(merge_journals([a.result])) == bits(a.result)
    with pytest.raises(IdentityError, match="rest"):
        merge_journals([a.result, b.result])
    both = merge_journals([c.result, a.result])
    assert (both.counts == a.result.counts + c.result.counts).all()
    np.testing.assert_allclose(both.values, (a.result + c.result).values, rtol=1e-10, atol=1e-12)


def test_draws_that_were_decided_by_what_was_seen_replay_and_do_not_mix() -> None:
    def run(seed: int) -> Any:
        return ShapleyValuation(Utility.from_function(curved), VRDSSampler(30, seed=seed)).fit(DATA).result

    a, b = run(0), run(1)
    assert bits(merge_journals([a, a])) == bits(a)
    with pytest.raises(IdentityError, match="each for itself"):
        merge_journals([a, b])


def test_a_journal_of_other_draws_is_refused(
    runs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvlwidgets.valuation.samplers import permutation

    folder, _, _ = runs("walks", 1, 8)
    real = permutation.words
    monkeypatch.setattr(permutation, "words", lambda seed, *rest: real(seed + 1, *rest))
    with pytest.raises(JournalError, match="cannot be drawn again"):
        valuation("walks", 1).merge([folder], DATA)


def test_what_cannot_be_merged_is_refused(runs: Any, tmp_path: Path) -> None:
    folder, _, result = runs("walks", 1, 8)
    v = valuation("walks", 1)
    save_result(result, tmp_path / "r")
    with pytest.raises(NotFittedError, match="merge"):
        v.merge([folder])
    for sources, error, words in [
        ([], InputError, "empty"),
        (folder, InputTypeError, "a list"),
        ([tmp_path / "none"], InputError, "does not exist"),
        ([3], InputTypeError, "path of a checkpoint folder"),
        ([load_result(tmp_path / "r")], InputError, "without a journal"),
        ([ValuationResult.empty()], InputError, "without a journal"),
    ]:
        with pytest.raises(error, match=words):
            v.merge(sources, DATA)
    with pytest.raises(InputTypeError, match=r"valuation\.merge"):
        merge_journals([folder])
    nameless = ShapleyValuation(
        Utility.from_function(_unhashable()), PermutationSampler(seed=1), MaxUpdates(8)
    )
    with pytest.raises(IdentityError, match="key="):
        merge_journals([nameless.fit(DATA).result])
    shutil.copytree(folder, tmp_path / "head")
    body = (folder / "journal.dvl").read_bytes()
    (tmp_path / "head" / "journal.dvl").write_bytes(body[: 8 + 8 + int.from_bytes(body[8:12], "little")])
    with pytest.raises(JournalError, match="no finished work"):
        v.merge([tmp_path / "head"], DATA)


def _unhashable() -> Any:
    import threading

    lock = threading.Lock()

    def locked(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        with lock:
            return masks.sum(axis=1) * 1.0

    return locked
