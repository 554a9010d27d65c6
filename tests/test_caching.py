"""Caches: a score that was paid for is not paid for again, is the same bits, and a broken cache breaks nothing."""

from __future__ import annotations

import copy
import gc
import itertools
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pytest
from engine_worlds import blobs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets import (
    CachedFuncConfig,
    CacheStats,
    Dataset,
    DiskCacheBackend,
    GroupedDataset,
    InMemoryCacheBackend,
    MaxUpdates,
    ModelUtility,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
)
from dvlwidgets.engine import counters, parallel
from dvlwidgets.engine.records import FAILED, OK
from dvlwidgets.errors import UnhashableError
from dvlwidgets.utility import bound_model, cache_disk, cache_lookup
from dvlwidgets.utility.caching import CacheBackend
from dvlwidgets.utility.seeding import subset_seed

TRAIN, TEST = blobs(12)
rng = np.random.default_rng(5)
MASKS = rng.random((40, 12)) < 0.6
MASKS[7] = MASKS[3]  # a subset that comes twice
MASKS[9] = False
MASKS[11] = True
DIFFERENT = len({m.tobytes() for m in MASKS if m.any()})
ASKED = int(MASKS.any(axis=1).sum())

FITS: list[int] = []


class Counted:
    """The label of the nearest class mean; notes each fit."""

    def __init__(self, stretch: float = 1.0) -> None:
        self.stretch = stretch

    def fit(self, x: Any, y: Any) -> None:
        FITS.append(len(x))
        self.labels_ = np.unique(y)
        self.means = np.array([x[y == c].mean(axis=0) for c in self.labels_]) * self.stretch

    def __dvl_identity__(self) -> tuple[object, ...]:
        return (
            type(self).__name__,
            self.stretch,
        )  # the list of fits, a global that `fit` uses, is no part of it

    def predict(self, x: Any) -> Any:
        return self.labels_[((x[:, None] - self.means) ** 2).sum(axis=2).argmin(axis=1)]


def utility(cache: Any = None, model: Any = None, scoring: Any = "accuracy", **kwargs: Any) -> ModelUtility:
    scorer = SupervisedScorer(scoring, kwargs.pop("test", TEST))
    return ModelUtility(Counted() if model is None else model, scorer, cache_backend=cache, **kwargs)


@pytest.fixture(autouse=True)
def _no_fits_yet() -> None:
    FITS.clear()


@pytest.fixture(params=["memory", "disk"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> CacheBackend:
    return InMemoryCacheBackend() if request.param == "memory" else DiskCacheBackend(tmp_path / "cache")


# --- the same bits, without the fits --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "scoring"),
    [
        (RandomForestClassifier(n_estimators=2), "neg_log_loss"),
        (BaggingClassifier(DecisionTreeClassifier(max_features=1), n_estimators=2), "probability"),
        (make_pipeline(StandardScaler(), SGDClassifier(max_iter=5, tol=None)), "accuracy"),
        (LogisticRegression(), ["neg_log_loss", "accuracy"]),
    ],
)
def test_a_cached_score_equals_a_fresh_one_bit_for_bit(cache: CacheBackend, model: Any, scoring: Any) -> None:
    masks = MASKS[MASKS.sum(axis=1) > 6][:12]
    plain = utility(None, model, scoring).with_dataset(TRAIN)(masks)
    first = utility(cache, model, scoring).with_dataset(TRAIN)(masks)
    again = utility(cache, model, scoring).with_dataset(TRAIN)
    assert first.tobytes() == plain.tobytes()
    assert again(masks).tobytes() == plain.tobytes()
    # alone, in another order and in other batches: a subset has one score
    alone = np.concatenate([again(masks[k : k + 1]) for k in reversed(range(len(masks)))])[::-1]
    assert np.ascontiguousarray(alone).tobytes() == plain.tobytes()
    assert cache.stats.errors == 0


def test_what_was_fitted_is_not_fitted_again(cache: CacheBackend) -> None:
    once = utility(cache).with_dataset(TRAIN)
    first = once(MASKS)
    assert len(FITS) == DIFFERENT
    assert cache.stats == CacheStats(hits=ASKED - DIFFERENT, misses=DIFFERENT, sets=DIFFERENT)
    assert once.cache_stats == once.utility.cache_stats == cache.stats
    assert (
        utility(cache).with_dataset(Dataset(TRAIN.x.copy(), TRAIN.y.copy()))(MASKS).tobytes()
        == first.tobytes()
    )
    assert len(FITS) == DIFFERENT  # another utility and another data set, equal in content
    assert cache.stats == CacheStats(hits=2 * ASKED - DIFFERENT, misses=DIFFERENT, sets=DIFFERENT)


def test_some_are_there_and_some_are_not(cache: CacheBackend) -> None:
    bound = utility(cache).with_dataset(TRAIN)
    bound(MASKS[::2])
    FITS.clear()
    np.testing.assert_array_equal(bound(MASKS), utility().with_dataset(TRAIN)(MASKS))
    known = {m.tobytes() for m in MASKS[::2]}
    new = {m.tobytes() for m in MASKS if m.any()} - known
    assert len(FITS) == len(new) + ASKED  # the plain utility fits every row


def test_a_valuation_is_the_same_with_a_cache_and_a_second_one_fits_nothing(cache: CacheBackend) -> None:
    def value(cache: Any) -> Any:
        valuation = ShapleyValuation(utility(cache), PermutationSampler(seed=1), MaxUpdates(12))
        return valuation.fit(TRAIN).result

    plain = value(None)
    first, n = value(cache), len(FITS)
    second = value(cache)
    assert len(FITS) == n + 1  # the first fit is always made: it checks, and it is timed
    for found in (first, second):
        np.testing.assert_array_equal(found.values, plain.values)
        np.testing.assert_array_equal(found.stderr, plain.stderr)
    assert plain.provenance.keys == second.provenance.keys  # a cache changes no identity
    stats = cache.stats
    assert stats.hits > stats.misses == stats.sets


def test_grouped_data_are_cached_by_their_groups(cache: CacheBackend) -> None:
    masks = np.array(list(itertools.product([False, True], repeat=4)))
    groups = GroupedDataset.from_dataset(TRAIN, np.arange(12) // 3)
    other = GroupedDataset.from_dataset(TRAIN, np.arange(12) % 4)
    plain = [utility().with_dataset(g)(masks) for g in (groups, other)]
    for _ in range(2):
        for g, expected in zip((groups, other), plain, strict=True):
            np.testing.assert_array_equal(utility(cache).with_dataset(g)(masks), expected)
    assert cache.stats.misses == 2 * 15
    assert cache.stats.hits == 2 * 15


# --- what an entry is found by --------------------------------------------------------------------------------


def test_anything_that_changes_the_score_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = InMemoryCacheBackend()
    masks = MASKS[:5]

    def misses(**kwargs: Any) -> int:
        before = cache.stats.misses
        utility(cache, **kwargs).with_dataset(kwargs.pop("data", TRAIN))(masks)
        return cache.stats.misses - before

    def misses_on(data: Dataset) -> int:
        before = cache.stats.misses
        utility(cache).with_dataset(data)(masks)
        return cache.stats.misses - before

    assert misses() == 5
    assert misses() == 0
    assert misses(catch_errors=True, show_warnings=False) == 0  # only words
    for kwargs in (
        {"model": Counted(2.0)},
        {"model": LogisticRegression()},
        {"scoring": "balanced_accuracy"},
        {"scoring": ["accuracy", "balanced_accuracy"]},
        {"test": TEST[:20]},
        {"seed": 1},
        {"key": "mine"},
        {"cached_func_options": CachedFuncConfig(hash_prefix="b", time_threshold=0)},
    ):
        assert misses(**kwargs) == 5, kwargs
        assert misses(**kwargs) == 0, kwargs
    x = TRAIN.x.copy()
    x[0, 0] += 1e-9
    for data in (TRAIN.relabel([0], 1 - TRAIN.y[0]), Dataset(x, TRAIN.y)):
        assert misses_on(data) == 5
    monkeypatch.setattr(cache_lookup, "versions", lambda: {"numpy": "99"})
    assert misses() == 5  # another version may round differently


def test_the_version_of_the_models_own_library_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("boosters")
    monkeypatch.setitem(sys.modules, "boosters", module)
    mine = type("Mine", (ClassifierMixin, BaseEstimator, Counted), {"__module__": "boosters.trees"})
    cache = InMemoryCacheBackend()
    for version in ("1.0", "1.0", "1.1"):
        module.__version__ = version  # type: ignore[attr-defined]
        utility(cache, make_pipeline(StandardScaler(), mine()), key="mine").with_dataset(TRAIN)(MASKS[:4])
    assert cache.stats == CacheStats(hits=4, misses=8, sets=8)


def test_what_cannot_be_hashed_needs_a_key() -> None:
    class Holding(Counted):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

        def __dvl_identity__(self) -> tuple[object, ...]:
            return (self.lock,)

        def __deepcopy__(self, memo: Any) -> Any:
            return type(self)()

    cache = InMemoryCacheBackend()
    with pytest.raises(UnhashableError, match="key="):
        utility(cache, Holding()).with_dataset(TRAIN)
    for _ in range(2):
        utility(cache, Holding(), key="holding, 1").with_dataset(TRAIN)(MASKS[:4])
    assert cache.stats == CacheStats(hits=4, misses=4, sets=4)
    utility(None, Holding()).with_dataset(TRAIN)(MASKS[:4])  # without a cache nobody asks


# --- what is kept ---------------------------------------------------------------------------------------------


def test_failures_are_not_kept(cache: CacheBackend) -> None:
    class Picky(Counted):
        def fit(self, x: Any, y: Any) -> None:
            super().fit(x, y)
            if len(x) < 7:
                raise ArithmeticError(f"{len(x)} rows")

    small = (MASKS.sum(axis=1) < 7) & MASKS.any(axis=1)
    for _ in range(2):
        found = utility(cache, Picky()).with_dataset(TRAIN).evaluate(MASKS)
        np.testing.assert_array_equal(found.status, np.where(small, FAILED, OK))
        assert "ArithmeticError" in str(found.failure)
    stats = cache.stats
    assert stats.sets == len({m.tobytes() for m in MASKS[~small] if m.any()})
    assert stats.misses == stats.sets + 2 * len({m.tobytes() for m in MASKS[small]})


def test_an_error_that_is_raised_loses_nothing_that_was_fitted(cache: CacheBackend) -> None:
    class Sixth(Counted):
        def fit(self, x: Any, y: Any) -> None:
            super().fit(x, y)
            if len(FITS) == 6:
                raise ArithmeticError("now")

    with pytest.raises(ArithmeticError):
        utility(cache, Sixth(), catch_errors=False).with_dataset(TRAIN)(MASKS)
    assert cache.stats.sets == 5


def test_quick_fits_are_not_kept_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(bound_model, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    class Slow(Counted):
        def fit(self, x: Any, y: Any) -> None:
            super().fit(x, y)
            now[0] += 0.03 if len(x) > 8 else 0.02

    cache = InMemoryCacheBackend()
    options = CachedFuncConfig(time_threshold=0.025)
    utility(cache, Slow(), cached_func_options=options).with_dataset(TRAIN)(MASKS)
    slow = len({m.tobytes() for m in MASKS if m.sum() > 8})
    assert cache.stats == CacheStats(
        hits=ASKED - DIFFERENT, misses=DIFFERENT, sets=slow, skipped=DIFFERENT - slow
    )
    assert CachedFuncConfig().time_threshold == 0.3  # pyDVL's; without a configuration all is kept


def test_the_oldest_entries_go_when_memory_is_bounded() -> None:
    cache = InMemoryCacheBackend(max_entries=10)
    bound = utility(cache).with_dataset(TRAIN)
    masks = np.tri(12, dtype=bool)
    bound(masks)
    assert len(cache) == 10
    bound(masks[2:])
    assert len(FITS) == 12
    bound(masks[:2])
    assert len(FITS) == 14
    cache.clear()
    assert len(cache) == 0


# --- stochastic models, repeated ------------------------------------------------------------------------------


def forest(**kwargs: Any) -> Any:
    options = CachedFuncConfig(time_threshold=0, allow_repeated_evaluations=True, **kwargs)
    model = SGDClassifier(max_iter=1, tol=None)
    return utility(InMemoryCacheBackend(), model, cached_func_options=options).with_dataset(TRAIN)


def single_scores(mask: np.ndarray, repetitions: int) -> np.ndarray:
    """Scores of the repetitions, each a fit of its own, from the definition of the seeds."""
    scores = []
    for r in range(repetitions):
        model = SGDClassifier(max_iter=1, tol=None, random_state=subset_seed(0, mask, r))
        scores.append(model.fit(TRAIN.x[mask], TRAIN.y[mask]).score(TEST.x, TEST.y))
    return np.array(scores)


def test_repeated_evaluations_are_the_mean_of_seeded_fits_until_it_is_sure() -> None:
    masks = MASKS[MASKS.sum(axis=1) > 5][:4]
    numbers = []
    for rtol in (1e-9, 0.05, 10.0):
        bound = forest(rtol_stderr=rtol, max_repetitions=20)
        found = bound(masks)
        for mask, value in zip(masks, found, strict=True):
            scores = single_scores(mask, 20)
            means = [scores[:r].mean() for r in range(1, 21)]
            enough = [
                r for r in range(3, 21) if scores[:r].std(ddof=1) / np.sqrt(r) <= rtol * scores[:r].mean()
            ]
            r = min([*enough, 20])
            numbers.append(r)
            assert value == pytest.approx(means[r - 1], abs=1e-12)
        assert bound(masks[::-1])[::-1].tobytes() == found.tobytes()  # from the cache
        assert forest(rtol_stderr=rtol, max_repetitions=20)(masks).tobytes() == found.tobytes()
        assert bound.first().full.shape == (1,)
    assert numbers[8:] == [3, 3, 3, 3]
    assert max(numbers) == 20
    assert 3 < np.mean(numbers[4:8]) < 20


def test_repetitions_of_a_model_that_draws_globally_are_seeded_in_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Global(Counted):
        def predict(self, x: Any) -> Any:
            return np.random.randint(0, 2, len(x))  # noqa: NPY002

    monkeypatch.setattr(parallel, "_IN_WORKER", True)
    options = CachedFuncConfig(allow_repeated_evaluations=True, min_repetitions=4, max_repetitions=4)
    bound = utility(InMemoryCacheBackend(), Global(), cached_func_options=options).with_dataset(TRAIN)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    found = bound(MASKS[:3])
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    for mask, value in zip(MASKS[:3], found, strict=True):
        scores = []
        for r in range(4):
            draws = np.random.RandomState(subset_seed(0, mask, r)).randint(0, 2, len(TEST))
            scores.append((draws == TEST.y).mean())
        assert value == pytest.approx(np.mean(scores), abs=1e-12)


def test_repetitions_belong_to_what_the_utility_is() -> None:
    one, other = forest().key_parts(), forest(rtol_stderr=0.2).key_parts()
    plain = utility(None, SGDClassifier(max_iter=1, tol=None)).with_dataset(TRAIN).key_parts()
    assert len({parts["fit policy"] for parts in (one, other, plain)}) == 3


# --- workers --------------------------------------------------------------------------------------------------


def test_threads_share_a_cache(cache: CacheBackend) -> None:
    plain = utility().with_dataset(TRAIN)(MASKS)
    FITS.clear()
    bound = utility(cache).with_dataset(TRAIN)
    with joblib.parallel_config(backend="threading", n_jobs=4):
        found = joblib.Parallel()(joblib.delayed(bound)(MASKS) for _ in range(6))
    assert all(f.tobytes() == plain.tobytes() for f in found)
    stats = cache.stats
    assert stats.hits + stats.misses == 6 * ASKED
    assert stats.sets == stats.misses == len(FITS) <= 6 * DIFFERENT
    assert stats.errors == stats.timeouts == 0


@pytest.mark.parametrize("kind", ["disk in loky", "memory in forks"])
def test_counts_of_worker_processes_reach_the_users_object(kind: str, tmp_path: Path) -> None:
    cache = DiskCacheBackend(tmp_path) if kind == "disk in loky" else InMemoryCacheBackend()
    backend = "loky" if kind == "disk in loky" else "multiprocessing"
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)

    def value(cache: Any = None) -> Any:
        valuation = ShapleyValuation(utility(cache, tree), PermutationSampler(seed=1), MaxUpdates(8))
        return valuation.fit(TRAIN).result

    plain = value()
    utility(cache, tree).with_dataset(TRAIN)(MASKS[:2])  # counted here, and not again by forks
    before = cache.stats
    for _ in range(2):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            found = value(cache)
        np.testing.assert_array_equal(found.values, plain.values)
        stats = cache.stats
        looked_up = stats.hits + stats.misses - before.hits - before.misses
        assert looked_up == plain.provenance.evaluations
        assert stats.sets - before.sets == stats.misses - before.misses
        assert stats.errors == stats.timeouts == 0
        first, before = before, stats
    if kind == "disk in loky":
        assert stats.misses == first.misses  # the second run found all


def test_copies_share_their_entries_and_their_statistics() -> None:
    cache = InMemoryCacheBackend()
    bound = utility(cache).with_dataset(TRAIN)
    bound(MASKS)
    FITS.clear()
    for twin in (pickle.loads(pickle.dumps(bound)), copy.deepcopy(bound)):
        twin(MASKS)
    assert FITS == []
    assert cache.stats.hits == 3 * ASKED - DIFFERENT


def test_counts_travel_once() -> None:
    counters.drain()
    counters.count("a", "hits", 2)
    counters.count("b", "misses")
    counters.count("b", "errors", 0)
    taken = counters.drain()
    assert taken == {"a": {"hits": 2}, "b": {"misses": 1}}
    assert counters.drain() == {}
    counters.absorb(taken)
    counters.absorb({"a": {"hits": 3}})
    assert counters.counted("a") == {"hits": 5}
    counters.drain()


# --- on disk --------------------------------------------------------------------------------------------------


def test_a_folder_serves_the_next_session(tmp_path: Path) -> None:
    first = utility(DiskCacheBackend(tmp_path)).with_dataset(TRAIN)(MASKS)
    FITS.clear()
    later = DiskCacheBackend(str(tmp_path))
    np.testing.assert_array_equal(utility(later).with_dataset(TRAIN)(MASKS), first)
    assert FITS == []
    assert len(later) == DIFFERENT
    later.clear()
    assert len(later) == 0


def test_a_folder_of_our_own_goes_with_its_object() -> None:
    cache = DiskCacheBackend()
    folder = cache.cache_dir
    utility(cache).with_dataset(TRAIN)(MASKS[:3])
    assert any(folder.iterdir())
    copied = pickle.loads(pickle.dumps(cache))
    assert len(copied) == 3
    del copied
    gc.collect()
    assert folder.exists()  # a worker's copy does not own the folder
    del cache
    gc.collect()
    assert not folder.exists()


WRITER = """
import sys
import numpy as np
from dvlwidgets.utility.caching import DiskCacheBackend
cache = DiskCacheBackend(sys.argv[1])
k0 = int(sys.argv[2])
print("ready", flush=True)
for k in range(k0, k0 + int(sys.argv[3])):
    cache.set_many({f"{k},{j}".encode(): b"x" * (k % 50) + f"{k},{j}".encode() for j in range(20)})
print(cache.stats.errors, cache.stats.timeouts)
"""


def test_processes_write_at_the_same_time(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(k0), "60"], stdout=subprocess.PIPE, text=True
        )
        for k0 in (0, 40, 1000)  # two of them write some of the same keys
    ]
    for writer in writers:
        out, _ = writer.communicate(timeout=60)
        assert out.split() == ["ready", "0", "0"]
    cache = DiskCacheBackend(tmp_path)
    assert len(cache) == (100 + 60) * 20
    keys = [f"{k},{j}".encode() for k in (*range(100), *range(1000, 1060)) for j in range(20)]
    found = cache.get_many(keys)
    assert found == {key: b"x" * (int(key.split(b",")[0]) % 50) + key for key in keys}


def test_a_process_killed_while_it_writes_leaves_whole_entries(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), "0", "1000000"], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    seen = DiskCacheBackend(tmp_path)
    while len(seen) < 200:  # at work, however long a busy machine takes
        assert writer.poll() is None
        time.sleep(0.001)
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    cache = DiskCacheBackend(tmp_path)
    n = len(cache)
    assert n >= 200
    assert n % 20 == 0
    keys = [f"{k},{j}".encode() for k in range(n // 20) for j in range(20)]
    assert cache.get_many(keys) == {key: b"x" * (int(key.split(b",")[0]) % 50) + key for key in keys}
    assert cache.set_many({b"more": b"entries"}) == 1
    assert cache.stats == CacheStats()


@pytest.mark.parametrize("damage", ["header", "middle", "empty", "text"])
def test_a_damaged_file_costs_speed_not_results(tmp_path: Path, damage: str) -> None:
    cache = DiskCacheBackend(tmp_path)
    plain = utility(cache).with_dataset(TRAIN)(MASKS)
    cache.close()
    file = tmp_path / "utilities-0.sqlite"
    content = file.read_bytes()
    file.write_bytes(
        {
            "header": b"\xff" * 100 + content[100:],
            "middle": content[:100] + b"\xff" * (len(content) - 100),
            "empty": b"",
            "text": b"not a database " * 400,
        }[damage]
    )
    FITS.clear()
    broken = DiskCacheBackend(tmp_path)
    bound = utility(broken).with_dataset(TRAIN)
    if damage == "empty":
        assert bound(MASKS).tobytes() == plain.tobytes()
    else:
        with pytest.warns(UserWarning, match="damaged: its scores are computed again"):
            assert bound(MASKS).tobytes() == plain.tobytes()
        assert broken.stats.errors == 1
        assert file.exists()  # left as it is
    assert len(FITS) == DIFFERENT
    assert bound(MASKS).tobytes() == plain.tobytes()
    fresh = DiskCacheBackend(tmp_path)
    utility(fresh).with_dataset(TRAIN)(MASKS)
    assert len(FITS) == DIFFERENT  # the next file serves
    assert fresh.stats.hits == ASKED


def test_a_damaged_file_does_not_stop_who_makes_errors_of_warnings(tmp_path: Path) -> None:
    (tmp_path / "utilities-0.sqlite").write_bytes(b"not a database " * 400)
    found = utility(DiskCacheBackend(tmp_path)).with_dataset(TRAIN)(MASKS)  # pytest's filter is "error"
    np.testing.assert_array_equal(found, utility().with_dataset(TRAIN)(MASKS))


@pytest.mark.parametrize("damage", [b"", b"x" * 12, b"\0" * 11, 3, None, "text", b"swap"])
def test_a_damaged_entry_costs_speed_not_results(tmp_path: Path, damage: Any) -> None:
    cache = DiskCacheBackend(tmp_path)
    bound = utility(cache).with_dataset(TRAIN)
    plain = bound(MASKS)
    with sqlite3.connect(tmp_path / "utilities-0.sqlite") as db:
        entries = db.execute("SELECT key, entry FROM entries ORDER BY key").fetchall()
        (one, _), (_, other) = entries[:2]
        db.execute(
            "UPDATE entries SET entry = ? WHERE key = ?", (other if damage == b"swap" else damage, one)
        )
    db.close()
    FITS.clear()
    assert bound(MASKS).tobytes() == plain.tobytes()
    assert len(FITS) == 1
    assert cache.stats.errors == 1
    assert bound(MASKS).tobytes() == plain.tobytes()
    assert len(FITS) == 1  # the entry was repaired


def test_a_file_that_another_process_holds_costs_speed_not_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_disk, "_WAIT", 0.01)
    cache = DiskCacheBackend(tmp_path)
    bound = utility(cache).with_dataset(TRAIN)
    plain = bound(MASKS[:10])
    other = sqlite3.connect(tmp_path / "utilities-0.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    found = bound(MASKS)  # reads, but cannot write
    other.execute("ROLLBACK")
    other.close()
    np.testing.assert_array_equal(found[:10], plain)
    np.testing.assert_array_equal(found, utility().with_dataset(TRAIN)(MASKS))
    assert cache.stats.timeouts == 1
    assert cache.stats.sets == len({m.tobytes() for m in MASKS[:10] if m.any()})


def test_a_folder_that_vanishes_costs_speed_not_results(tmp_path: Path) -> None:
    cache = DiskCacheBackend(tmp_path / "gone")
    bound = utility(cache).with_dataset(TRAIN)
    (tmp_path / "gone").rmdir()
    np.testing.assert_array_equal(bound(MASKS), utility().with_dataset(TRAIN)(MASKS))
    assert cache.stats.errors > 0
    assert cache.stats.hits == ASKED - DIFFERENT
