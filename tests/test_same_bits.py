"""The same bits, however the work is spread: serial, threads, loky; one, two or three workers."""

from __future__ import annotations

import functools
from typing import Any

import joblib
import numpy as np
import pytest
from engine_worlds import make

from dvlwidgets import MaxUpdates

KINDS = ["boosting", "logistic", "truncated", "walks"]
Bits = tuple[bytes, bytes, bytes]


def _made(kind: str) -> Any:
    valuation, data = make(kind)
    if kind == "walks":
        valuation.is_done = MaxUpdates(24)  # three rounds
    return valuation, data


def _values(kind: str, backend: str | None, n_jobs: int) -> Bits:
    valuation, data = _made(kind)
    if backend is None:
        valuation.fit(data)
    else:
        with joblib.parallel_config(backend=backend, n_jobs=n_jobs):
            valuation.fit(data)
    r = valuation.values()
    assert np.isfinite(r.values).all()
    return r.values.tobytes(), r.stderr.tobytes(), r.counts.tobytes()


@functools.cache
def _serial(kind: str) -> Bits:
    return _values(kind, None, 1)


# workers of one number serve all kinds before there are more of them: starting one takes seconds
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("backend", "n_jobs"), [("sequential", 1), ("threading", 2), ("loky", 1), ("loky", 2), ("loky", 3)]
)
def test_serial_threads_and_loky_give_the_same_bits(kind: str, backend: str, n_jobs: int) -> None:
    assert _values(kind, backend, n_jobs) == _serial(kind)


def test_multiprocessing_without_lazy_generators_gives_the_same_bits() -> None:
    assert _values("logistic", "multiprocessing", 2) == _serial("logistic")


def test_a_run_in_the_background_uses_the_callers_backend() -> None:
    valuation, data = make("logistic")
    with joblib.parallel_config(backend="loky", n_jobs=2):
        run = valuation.start(data)
    run.wait(120)
    r = valuation.values()
    assert (r.values.tobytes(), r.stderr.tobytes(), r.counts.tobytes()) == _serial("logistic")


def test_inner_threads_are_capped_while_running_and_given_back() -> None:
    from threadpoolctl import threadpool_info, threadpool_limits

    seen: list[int] = []
    valuation, data = _made("walks")
    plain = valuation.utility.function

    def spy(masks: np.ndarray) -> np.ndarray:
        seen.extend(p["num_threads"] for p in threadpool_info())
        return plain(masks)

    valuation.utility.function = spy
    with threadpool_limits(2):
        for _ in valuation.stream(data):  # whoever looks at the stream has its own threads
            assert {p["num_threads"] for p in threadpool_info()} == {2}
        assert seen
        assert set(seen) == {1}
        assert {p["num_threads"] for p in threadpool_info()} == {2}


def test_two_runs_in_one_context_do_not_share_a_backend_instance() -> None:
    # joblib serves one call per backend instance: shared, one of the runs would hang
    with joblib.parallel_config(backend="threading", n_jobs=2):
        first, data = make("truncated")
        second, _ = make("truncated")
        runs = [first.start(data), second.start(data)]
        joblib.Parallel()(joblib.delayed(abs)(k) for k in range(20))
    bits = [run.wait(100).values.tobytes() for run in runs]
    assert bits[0] == bits[1]


def test_a_broken_off_stream_leaves_joblibs_context_alone() -> None:
    from joblib.parallel import get_active_backend

    valuation, data = make("truncated")
    outside = type(get_active_backend()[0]).__name__
    assert outside != "ThreadingBackend"
    with joblib.parallel_config(backend="threading", n_jobs=2):
        stream = valuation.stream(data)
        for frame in stream:
            if frame.done:
                break
    stream.close()
    assert type(get_active_backend()[0]).__name__ == outside


def test_overlapping_runs_give_the_threads_back() -> None:
    from threadpoolctl import threadpool_info

    before = [p["num_threads"] for p in threadpool_info()]
    runs = []
    for _ in range(2):
        valuation, data = _made("walks")
        runs.append(valuation.start(data))
    for run in runs:
        run.wait(100)
    assert [p["num_threads"] for p in threadpool_info()] == before
