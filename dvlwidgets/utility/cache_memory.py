"""A cache in the memory of this process."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from .. import arguments
from .cache_backend import CacheBackend


class _Store:
    """The entries of one in-memory cache in this process."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.lock = threading.Lock()


_STORES: weakref.WeakValueDictionary[str, _Store] = weakref.WeakValueDictionary()
_STORES_LOCK = threading.Lock()


def _store(token: str) -> _Store:
    with _STORES_LOCK:
        store = _STORES.get(token)
        if store is None:
            store = _STORES[token] = _Store()
        return store


class InMemoryCacheBackend(CacheBackend):
    """A cache in the memory of the process, shared by its threads and by all utilities that are given this object.

    Worker processes (loky, dask, ...) each have their own, which lasts while they keep the job; to share scores
    between processes take `DiskCacheBackend` or `MemcachedCacheBackend`. An entry takes about 170 bytes.

    Args:
        max_entries: the oldest entries go when there are more.
    """

    def __init__(self, *, max_entries: int = 1_000_000) -> None:
        self.max_entries = arguments.whole("max_entries", max_entries, 1, "It bounds the memory.")
        super().__init__()
        self._mine = _store(self.token)

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        entries = self._mine.entries
        return {key: entry for key in keys if (entry := entries.get(key)) is not None}

    def set_many(self, entries: Mapping[bytes, bytes]) -> int:
        with self._mine.lock:
            kept = self._mine.entries
            kept.update(entries)
            for key in list(itertools.islice(kept, max(0, len(kept) - self.max_entries))):
                del kept[key]
        return len(entries)

    def clear(self) -> None:
        with self._mine.lock:
            self._mine.entries.clear()

    def __len__(self) -> int:
        return len(self._mine.entries)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_mine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _mine=_store(state["token"]))
