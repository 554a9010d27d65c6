"""All cores, and no more: what tasks carry, what travels to workers, and how many threads are inside."""

from __future__ import annotations

import logging
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn.ensemble  # noqa: F401 - brings an OpenMP pool
from engine_worlds import blobs, make
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from dvlwidgets import MaxUpdates, PermutationSampler, ShapleyValuation, Utility
from dvlwidgets.engine import parallel, threads
from dvlwidgets.engine.cost import LEAST_SECONDS, TASK_SECONDS, schedule
from dvlwidgets.engine.shipment import Shipment
from dvlwidgets.engine.threads import capped

TRAIN = blobs()[0]


# --- what a task carries --------------------------------------------------------------------------------------------


def makespan(tasks: list[Any], seconds: dict[int, list[float]], workers: int) -> float:
    """When the last worker is done, if each takes the next task when it is free."""
    free = [0.0] * workers
    for task in tasks:
        first = free.index(min(free))
        free[first] += sum(sum(seconds[step][lo:hi]) for step, lo, hi in task)
    return max(free)


@given(st.integers(2, 8), st.integers(20, 700), st.floats(0.005, 0.1), st.integers(0, 2**32 - 1))
def test_workers_end_a_round_together_whatever_single_fits_take(
    workers: int, rows: int, row_seconds: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    seconds = {step: rng.uniform(0, 2 * row_seconds, rows).tolist() for step in range(8)}
    tasks = schedule([(step, 0, rows) for step in range(8)], row_seconds, workers, divisible=True)
    ideal = sum(map(sum, seconds.values())) / workers
    # the last tasks are of one fit, which may take twice the mean, or of about LEAST_SECONDS
    assert makespan(tasks, seconds, workers) <= 1.02 * ideal + 2 * max(LEAST_SECONDS, row_seconds)


@given(st.integers(1, 8), st.floats(1e-6, 1e-4))
def test_a_round_of_quick_fits_is_not_worth_sharing(workers: int, row_seconds: float) -> None:
    pieces = [(step, 0, 64) for step in range(int(LEAST_SECONDS / row_seconds) // 64)]
    assert len(schedule(pieces, row_seconds, workers, divisible=True)) <= 1


def test_tasks_follow_the_measured_fit_time() -> None:
    pieces = [(step, 0, 64) for step in range(8)]
    sizes = {
        s: [sum(hi - lo for _, lo, hi in t) for t in schedule(pieces, s, 2, True)] for s in (0.001, 0.05)
    }
    assert max(sizes[0.001]) == 512 / 4
    assert max(sizes[0.05]) == TASK_SECONDS / 0.05
    assert sizes[0.001][-1] <= 20
    assert sizes[0.05][-1] == 1


# --- what travels ---------------------------------------------------------------------------------------------------


class Counted:
    """A utility that counts how often it is pickled."""

    pickled = 0

    def __call__(self, masks: Any) -> Any:
        return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))

    def __reduce__(self) -> Any:
        Counted.pickled += 1
        return Counted, ()


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two workers of dask that are reached by TCP, so that whatever they get has been pickled."""
    from distributed import Client, LocalCluster

    quiet = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", **quiet) as workers,
        Client(workers, set_as_default=False) as client,
    ):
        yield client


def test_dask_gets_the_job_once_and_gives_the_same_bits(cluster: Any) -> None:
    def run() -> Any:
        sampler = PermutationSampler(seed=1)
        return ShapleyValuation(Utility.from_function(Counted(), key="v"), sampler, MaxUpdates(160)).fit(
            TRAIN
        )

    with joblib.parallel_config(backend="dask", client=cluster):
        before = Counted.pickled
        spread = run().result
        travelled = Counted.pickled - before
    assert spread.provenance.evaluations == 160 * (len(TRAIN) - 1)
    assert travelled <= 4, "twenty rounds of at least four tasks"
    assert spread.values.tobytes() == run().result.values.tobytes()


def test_a_cluster_of_one_thread_gives_the_same_bits() -> None:
    from distributed import Client, LocalCluster

    def run() -> Any:
        return ShapleyValuation(
            Utility.from_function(Counted(), key="v"), PermutationSampler(seed=1), MaxUpdates(9)
        )

    alone = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with (
        LocalCluster(**alone, silence_logs=logging.CRITICAL) as one,
        Client(one, set_as_default=False) as client,
        joblib.parallel_config(backend="dask", client=client),
    ):
        spread = run().fit(TRAIN).result
    assert spread.values.tobytes() == run().fit(TRAIN).result.values.tobytes()


def test_processes_of_this_machine_get_the_job_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped: list[Any] = []
    plain = Shipment.of

    def noted(job: Any, folder: Any) -> Any:
        shipped.append(job)
        return plain(job, folder)

    monkeypatch.setattr(Shipment, "of", noted)
    valuation, data = make("truncated")
    with joblib.parallel_config(backend="loky", n_jobs=2):
        valuation.fit(data)
    assert len(shipped) == 1, "three rounds of at least two tasks"


# --- inner threads --------------------------------------------------------------------------------------------------


@pytest.fixture
def two() -> Iterator[None]:
    """Two inner threads, whatever the environment says: else a cap that does nothing would not be seen."""
    with threadpool_limits(2):
        yield


def counts() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info()]


def test_every_thread_at_work_is_capped_and_given_its_own_back(two: None) -> None:
    """OpenMP keeps a number for each thread: who caps the caller has not capped the workers."""
    with capped():  # threadpoolctl lets the first thread that limits OpenBLAS be the only one that may
        assert set(counts()) == {1}
    seen: dict[str, list[int]] = {}
    inside, done = threading.Barrier(2), threading.Barrier(2)

    def work() -> None:
        threadpool_limits(2, user_api="openmp")
        with capped():
            inside.wait(60)
            seen[threading.current_thread().name] = counts()
            done.wait(60)

    both = [threading.Thread(target=work, name=name) for name in ("first", "second")]
    outside = counts()
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert set(seen["first"]) == set(seen["second"]) == {1}
    assert set(outside) == {2}
    assert counts() == outside


def test_a_stream_that_another_thread_closes_leaves_that_thread_its_cap(two: None) -> None:
    """A generator may be closed by whoever holds it last, and a thread cannot set the OpenMP of another."""
    with capped():  # as above
        outside = len(counts())
    seen: list[list[int]] = []

    def stream() -> Iterator[None]:
        with capped():
            yield

    def elsewhere(opened: Iterator[None]) -> None:
        threadpool_limits(2, user_api="openmp")
        with capped():
            opened.close()  # type: ignore[attr-defined]
            seen.append(counts())
        seen.append(counts())

    opened = stream()
    next(opened)
    thread = threading.Thread(target=elsewhere, args=(opened,))
    thread.start()
    thread.join()
    assert seen == [[1] * outside, [2] * outside]
    with capped():
        pass
    assert counts() == [2] * outside


def test_threads_that_run_tasks_have_one_inner_thread(two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    plain = parallel._here

    def with_two(*task: Any) -> Any:
        threadpool_limits(2, user_api="openmp")
        return plain(*task)

    monkeypatch.setattr(parallel, "_here", with_two)

    def spy(masks: Any) -> Any:
        seen.update(counts())
        return masks.sum(axis=1) ** 0.5

    sampler = PermutationSampler(seed=1)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        ShapleyValuation(Utility.from_function(spy), sampler, MaxUpdates(16)).fit(TRAIN)
    assert seen == {1}


def test_libraries_are_looked_for_when_modules_have_joined_and_else_not(
    two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look() -> Any:
        looks.append(len(sys.modules))
        return ThreadpoolController()

    monkeypatch.setattr(threads, "ThreadpoolController", look)
    monkeypatch.setattr(threads, "_CAP", threads._Cap())
    outside = counts()
    with capped():
        for _ in range(5):
            with capped():
                assert set(counts()) == {1}
        assert len(looks) == 1
        monkeypatch.setitem(sys.modules, "a_model_s_library", types.ModuleType("a_model_s_library"))
        with capped():
            assert len(looks) == 2
            assert set(counts()) == {1}
        with capped():
            assert len(looks) == 2
        assert set(counts()) == {1}
    assert counts() == outside
