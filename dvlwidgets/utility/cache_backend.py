"""What every cache does: keep entries by key, count what happened, and never fail a run."""

from __future__ import annotations

import os
import uuid
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..engine import counters
from ..errors import InputTypeError


@dataclass(frozen=True)
class CacheStats:
    """What a cache did, all workers of our runs together.

    Attributes:
        hits: subsets whose score was there.
        misses: subsets that had to be fitted.
        sets: scores that were put in.
        skipped: scores that were not put in, because their fit took less than `time_threshold`.
        timeouts: requests that took too long, and were given up.
        errors: requests that failed, and entries that were damaged.
        reconnects: attempts to reach the server again.
    """

    hits: int = 0
    misses: int = 0
    sets: int = 0
    skipped: int = 0
    timeouts: int = 0
    errors: int = 0
    reconnects: int = 0


class CacheBackend:
    """Where entries are kept, by key; both are bytes. Subclasses give `get_many`, `set_many` and `clear`.

    No method raises because a cache misbehaves: entries that cannot be had are not in the answer.
    """

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The entries of those keys that are there."""
        raise NotImplementedError

    def set_many(self, entries: Mapping[bytes, bytes]) -> int:
        """Put entries in; returns how many were taken."""
        raise NotImplementedError

    def clear(self) -> None:
        """Throw all entries away."""
        raise NotImplementedError

    @property
    def stats(self) -> CacheStats:
        """What was looked up and kept since this object was made, here and in the workers of our runs."""
        found = counters.counted(self.token)
        return CacheStats(**{f.name: found.get(f.name, 0) for f in fields(CacheStats)})

    def count(self, name: str, more: int = 1) -> None:
        """Add to one of the statistics."""
        counters.count(self.token, name, more)

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("cache",)  # where scores are kept does not change them

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Link:
    """An open file or connection of one thread in one process, closed with its thread or with the cache.

    Args:
        handle: has `close`.
    """

    def __init__(self, handle: Any) -> None:
        self.handle, self.pid = handle, os.getpid()
        weakref.finalize(self, _close, handle, self.pid)


def _close(handle: Any, pid: int) -> None:
    if pid == os.getpid():  # in a forked child it is the parent's
        handle.close()


def check_backend(backend: Any) -> CacheBackend | None:
    """Refuse what is no cache.

    Raises:
        InputTypeError: for a class instead of an instance, a path, or anything else.
    """
    if backend is None or isinstance(backend, CacheBackend):
        return backend
    if isinstance(backend, type):
        raise InputTypeError(
            f"cache_backend is the class {backend.__name__}; pass an instance: {backend.__name__}()."
        )
    raise InputTypeError(
        f"cache_backend must be InMemoryCacheBackend(), DiskCacheBackend('folder') or MemcachedCacheBackend(), "
        f"not {backend!r}."
    )
