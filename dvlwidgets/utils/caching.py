"""Where users of pyDVL look for caches; they live in `dvlwidgets.utility.caching`."""

from __future__ import annotations

from ..utility.caching import (
    CachedFuncConfig,
    CacheStats,
    DiskCacheBackend,
    InMemoryCacheBackend,
    MemcachedCacheBackend,
    MemcachedClientConfig,
)

__all__ = [
    "CacheStats",
    "CachedFuncConfig",
    "DiskCacheBackend",
    "InMemoryCacheBackend",
    "MemcachedCacheBackend",
    "MemcachedClientConfig",
]
