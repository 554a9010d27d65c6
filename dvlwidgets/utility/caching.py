"""Utilities that were paid for once: caches in memory, on disk and in memcached.

`ModelUtility(..., cache_backend=InMemoryCacheBackend())` asks the cache before it fits. An entry is found by what the
utility is (data, model, scorer, test data, model seed, versions of the libraries) and by the subset. Because fits are
seeded by their subset, a cached score equals a fresh one bit for bit. A cache that is lost, full, slow or damaged costs
speed, never a result: whatever goes wrong with it counts as a miss.

A cache helps where the same subsets come again: a second method or rule on the same data, a run begun anew in
another session, exhaustive samplers, small data sets. Random subsets of a large data set hardly ever repeat; what
goes on with a run that was broken off is `checkpoint=`, and another semivalue of the same draws needs no fit at all.
"""

from __future__ import annotations

from .cache_backend import CacheBackend, CacheStats
from .cache_config import CachedFuncConfig
from .cache_disk import DiskCacheBackend
from .cache_memcached import MemcachedCacheBackend, MemcachedClientConfig
from .cache_memory import InMemoryCacheBackend

__all__ = [
    "CacheBackend",
    "CacheStats",
    "CachedFuncConfig",
    "DiskCacheBackend",
    "InMemoryCacheBackend",
    "MemcachedCacheBackend",
    "MemcachedClientConfig",
]
