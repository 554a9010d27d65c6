"""The cache in a real memcached on loopback: shared by processes, and its death costs speed, not results."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pytest
from engine_worlds import blobs
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets import (
    MaxUpdates,
    MemcachedCacheBackend,
    MemcachedClientConfig,
    ModelUtility,
    MSRSampler,
    ShapleyValuation,
    SupervisedScorer,
)
from dvlwidgets.engine.parallel import in_worker
from dvlwidgets.errors import InstallationError
from dvlwidgets.utility import cache_memcached
from dvlwidgets.utility.caching import CacheStats

PROGRAM = shutil.which("memcached")
needs_server = pytest.mark.skipif(
    PROGRAM is None, reason="no memcached on the PATH (apt-get install memcached)"
)
TRAIN, TEST = blobs(12)
MASKS = np.random.default_rng(5).random((60, 12)) < 0.6
MASKS = MASKS[MASKS.any(axis=1)]
DIFFERENT = len({m.tobytes() for m in MASKS})


class Server:
    """A memcached that can be killed, frozen and started again on its port."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert PROGRAM is not None
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        self.process = subprocess.Popen([PROGRAM, *user, "-l", "127.0.0.1", "-p", str(self.port), "-U", "0"])
        for _ in range(3000):
            assert self.process.poll() is None, "memcached ended: is its port taken?"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.01)
        raise RuntimeError("memcached did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self, *, frozen: bool) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def cache(self, timeout: float = 60.0) -> MemcachedCacheBackend:
        """By default only a server that is gone is given up, not one that a busy machine lets wait."""
        kwargs = {"timeout": timeout, "connect_timeout": 60.0}
        return MemcachedCacheBackend(MemcachedClientConfig(("127.0.0.1", self.port), **kwargs))


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    found.start()
    yield found
    found.kill()


def utility(cache: Any = None, scoring: Any = "neg_log_loss") -> ModelUtility:
    return ModelUtility(
        DecisionTreeClassifier(max_depth=2, random_state=0),
        SupervisedScorer(scoring, TEST),
        cache_backend=cache,
    )


PLAIN = utility().with_dataset(TRAIN)(MASKS)


@needs_server
def test_scores_are_the_same_bits_and_are_fitted_once(server: Server) -> None:
    first, second = server.cache(), server.cache()
    assert utility(first).with_dataset(TRAIN)(MASKS).tobytes() == PLAIN.tobytes()
    assert utility(second).with_dataset(TRAIN)(MASKS).tobytes() == PLAIN.tobytes()
    assert first.stats == CacheStats(hits=len(MASKS) - DIFFERENT, misses=DIFFERENT, sets=DIFFERENT)
    assert second.stats == CacheStats(hits=len(MASKS))
    first.clear()
    third = server.cache()
    assert utility(third).with_dataset(TRAIN)(MASKS).tobytes() == PLAIN.tobytes()
    assert third.stats.misses == DIFFERENT


@needs_server
def test_several_scores_a_subset(server: Server) -> None:
    scoring = ["neg_log_loss", "accuracy", "probability"]
    plain = utility(None, scoring).with_dataset(TRAIN)(MASKS)
    for _ in range(2):
        assert utility(server.cache(), scoring).with_dataset(TRAIN)(MASKS).tobytes() == plain.tobytes()


@needs_server
def test_threads_have_connections_of_their_own(server: Server) -> None:
    cache = server.cache()
    bound = utility(cache).with_dataset(TRAIN)
    with joblib.parallel_config(backend="threading", n_jobs=4):
        found = joblib.Parallel()(joblib.delayed(bound)(MASKS[k::3]) for k in (0, 1, 2) * 4)
    for k, part in enumerate(found):
        assert part.tobytes() == PLAIN[k % 3 :: 3].tobytes()
    assert cache.stats.errors == 0
    assert cache.stats.hits + cache.stats.misses == 4 * len(MASKS)


@needs_server
def test_a_damaged_entry_costs_speed_not_results(server: Server) -> None:
    cache = server.cache()
    bound = utility(cache).with_dataset(TRAIN)
    bound(MASKS)
    keys = bound._cache.keys(MASKS[:3])
    entries = cache.get_many(keys)
    damaged = {keys[0]: b"", keys[1]: b"12 bytes wide", keys[2]: entries[keys[0]]}
    assert cache.set_many(damaged) == 3
    assert bound(MASKS).tobytes() == PLAIN.tobytes()
    assert cache.stats.errors == 3


@needs_server
def test_an_entry_that_the_server_refuses_is_an_error(server: Server) -> None:
    cache = server.cache()
    assert cache.set_many({b"large": b"x" * 2_000_000}) == 0
    assert cache.stats.errors == 1
    time.sleep(0.15)
    assert cache.set_many({b"small": b"x"}) == 1
    assert cache.get_many([b"small", b"large"]) == {b"small": b"x"}


@needs_server
def test_a_server_that_dies_in_a_run_costs_speed_not_results(server: Server) -> None:
    def value(cache: Any, at: int = -1) -> Any:
        valuation = ShapleyValuation(utility(cache), MSRSampler(seed=3, batch_size=16), MaxUpdates(400))
        for k, _ in enumerate(valuation.stream(TRAIN)):
            if k == at:
                server.kill()
        return valuation.result

    plain, cache = value(None), server.cache()
    found = value(cache, at=2)
    assert server.process is None
    np.testing.assert_array_equal(found.values, plain.values)
    np.testing.assert_array_equal(found.stderr, plain.stderr)
    stats = cache.stats
    assert stats.sets > 0
    assert 0 < stats.errors <= 1 + cache_memcached._ATTEMPTS
    assert stats.reconnects <= cache_memcached._ATTEMPTS


@needs_server
def test_attempts_to_reach_a_dead_server_are_few_and_end(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_memcached, "_FIRST_WAIT", 0.001)
    cache = server.cache()
    bound = utility(cache).with_dataset(TRAIN)
    server.kill()
    for _ in range(2000):
        bound(MASKS[:1])
        if cache.stats.reconnects == cache_memcached._ATTEMPTS:
            break
        time.sleep(0.001)
    assert cache.stats.reconnects == cache_memcached._ATTEMPTS
    server.start()
    time.sleep(0.6)
    bound(MASKS[:1])  # given up
    assert cache.stats.reconnects == cache_memcached._ATTEMPTS
    assert cache.stats.errors == cache_memcached._ATTEMPTS + 1
    assert pickle.loads(pickle.dumps(cache)).set_many({b"a": b"b"}) == 1  # a new worker tries anew


@needs_server
def test_a_server_that_comes_back_is_used_again(server: Server) -> None:
    cache = server.cache()
    bound = utility(cache).with_dataset(TRAIN)
    bound(MASKS)
    server.kill()
    bound(MASKS)
    server.start()
    time.sleep(0.25)
    bound(MASKS)
    before = cache.stats
    assert bound(MASKS).tobytes() == PLAIN.tobytes()
    assert cache.stats.hits - before.hits == len(MASKS)
    assert cache.stats.reconnects == before.reconnects >= 1  # once it is back, nothing is tried again


@needs_server
def test_an_interrupt_in_a_request_leaves_no_half_answer(server: Server) -> None:
    cache = server.cache()
    bound = utility(cache).with_dataset(TRAIN)
    bound(MASKS)

    def interrupted(client: Any) -> None:
        client.sock.sendall(b"get dvl" + bound._cache.keys(MASKS[:1])[0].hex().encode() + b"\r\n")
        raise KeyboardInterrupt  # the answer is on its way

    with pytest.raises(KeyboardInterrupt):
        cache._with(interrupted, None)
    before = cache.stats
    assert bound(MASKS).tobytes() == PLAIN.tobytes()
    assert cache.stats.hits - before.hits == len(MASKS)
    assert cache.stats.errors == 0


@needs_server
def test_a_server_that_hangs_is_given_up_in_time(server: Server) -> None:
    cache = server.cache(timeout=0.05)
    bound = utility(cache).with_dataset(TRAIN)
    bound(MASKS[:5])
    server.freeze(frozen=True)
    try:
        assert bound(MASKS).tobytes() == PLAIN.tobytes()
        assert cache.stats.timeouts >= 1
    finally:
        server.freeze(frozen=False)


def test_a_server_that_is_absent_is_said_once_and_changes_nothing() -> None:
    absent = Server()
    with pytest.warns(UserWarning, match=f"no memcached server answers at 127.0.0.1:{absent.port}") as said:
        cache = absent.cache()
    assert len(said) == 1
    assert "memcached -l 127.0.0.1" in str(said[0].message)
    valuation = ShapleyValuation(utility(cache), MSRSampler(seed=3), MaxUpdates(10)).fit(TRAIN)
    plain = ShapleyValuation(utility(), MSRSampler(seed=3), MaxUpdates(10)).fit(TRAIN)
    np.testing.assert_array_equal(valuation.result.values, plain.result.values)
    assert cache.stats.sets == 0


def test_a_server_that_speaks_another_language_is_no_cache() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(10_000)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=talk, daemon=True).start()
        with pytest.warns(UserWarning, match="no memcached server answers"):
            cache = MemcachedCacheBackend(MemcachedClientConfig(listening.getsockname()))
        time.sleep(0.15)
        assert utility(cache).with_dataset(TRAIN)(MASKS).tobytes() == PLAIN.tobytes()
        assert cache.stats.errors >= 2


def test_without_pymemcache_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymemcache.client.base", None)
    with pytest.raises(InstallationError, match=r"pip install 'dvlwidgets\[cache\]'"):
        MemcachedCacheBackend()


@needs_server
def test_worker_processes_share_the_server_and_send_their_counts_home(server: Server) -> None:
    assert not in_worker()
    cache = server.cache()

    def value() -> Any:
        valuation = ShapleyValuation(utility(cache), MSRSampler(seed=3, batch_size=8), MaxUpdates(20))
        with joblib.parallel_config(backend="loky", n_jobs=2):
            valuation.fit(TRAIN)
        return valuation.result

    plain = ShapleyValuation(utility(), MSRSampler(seed=3, batch_size=8), MaxUpdates(20)).fit(TRAIN).result
    first, stats = value(), cache.stats
    second = value()
    for found in (first, second):
        np.testing.assert_array_equal(found.values, plain.values)
    evaluations = plain.provenance.evaluations
    assert stats.hits + stats.misses == evaluations
    assert stats.sets == stats.misses
    again = cache.stats
    assert again.misses == stats.misses
    assert again.hits == stats.hits + evaluations
    assert again.errors == 0
