"""A utility's place in a cache: keys of subsets, entries of scores, and evaluation of what is not there.

Look-ups and entries go in batches; an entry is checked by its length and a CRC over key and scores, and a wrong one is
a miss. Failures are not kept: they have no score of their own, and may be of the moment.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
import zlib
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..engine.identity import versions
from ..engine.records import OK, Evaluations
from ..typing import Masks
from .cache_backend import CacheBackend
from .cache_config import CachedFuncConfig

_FORMAT = 1
"""Version of keys and entries; entries of another one are never found."""
_FLUSH_SECONDS = 1.0
"""New scores go to the cache that often, so that a kill loses little."""

Scores = NDArray[np.float64]


class Fitting(Protocol):
    """Evaluates subsets (B, n), and says after each fit (row, seconds) what it took."""

    def __call__(self, masks: Masks, values: Scores, done: Any) -> Evaluations: ...


class SubsetCache:
    """The scores of one bound utility in a cache.

    Args:
        backend: the cache.
        config: what is kept.
        identity: what the utility is, part by part, as hashes.
        model: the model, for the version of the library that it comes from.
        metrics: scores per subset.
    """

    def __init__(
        self,
        backend: CacheBackend,
        config: CachedFuncConfig,
        identity: Mapping[str, str],
        model: Any,
        metrics: int,
    ) -> None:
        self.backend, self.config, self.metrics = backend, config, metrics
        parts = [_FORMAT, config.hash_prefix, dict(identity), versions(), _makers(model), platform.machine()]
        text = json.dumps(parts, sort_keys=True)
        self.prefix = hashlib.blake2b(text.encode(), digest_size=20).digest()

    def evaluate(self, masks: Masks, fit: Fitting) -> Evaluations:
        """Scores of subsets (B, n), from the cache where they are there.

        Args:
            masks: the subsets.
            fit: evaluates those that are not; see `Fitting`.
        """
        start = time.perf_counter()
        keys = self.keys(masks)
        asked: list[bool] = np.asarray(
            masks.any(axis=1)
        ).tolist()  # the empty set has its default score, and no entry
        found = self.find([key for key, some in zip(keys, asked, strict=True) if some])
        first: dict[bytes, int] = {}  # where a subset that is not there comes first
        for b, key in enumerate(keys):
            if key not in found:
                first.setdefault(key, b)
        missing = sum(asked[b] for b in first.values())
        self.backend.count("misses", missing)
        self.backend.count("hits", sum(asked) - missing)
        if not first:
            values = np.array([found[key] for key in keys]).reshape(-1, self.metrics)
            return Evaluations(values, np.full(len(keys), OK, np.uint8), time.perf_counter() - start)
        fitted = self._fitted(masks[list(first.values())], list(first), fit)
        at = {key: k for k, key in enumerate(first)}
        values = np.empty((len(masks), self.metrics))
        status = np.full(len(masks), OK, np.uint8)
        for b, key in enumerate(keys):
            k = at.get(key)
            if k is None:
                values[b] = found[key]
            else:
                values[b], status[b] = fitted.values[k], fitted.status[k]
        spent = time.perf_counter() - start
        return Evaluations(values, status, spent, fitted.failure, fitted.warnings, fitted.warning)

    def _fitted(self, masks: Masks, keys: list[bytes], fit: Fitting) -> Evaluations:
        """Scores of different subsets that are not there; they are from now on, as far as the fits came."""
        new = _New(self, keys)
        try:
            return fit(masks, new.values, new.done)
        finally:
            new.flush()

    def keys(self, masks: Masks) -> list[bytes]:
        """The key of each subset: 20 bytes."""
        prefix = self.prefix + len(masks[0]).to_bytes(8, "little") if len(masks) else self.prefix
        packed = np.packbits(masks, axis=1)
        return [hashlib.blake2b(prefix + row.tobytes(), digest_size=20).digest() for row in packed]

    def find(self, keys: list[bytes]) -> dict[bytes, Scores]:
        """The scores (m,) of those subsets that are there."""
        found: dict[bytes, Scores] = {}
        size = 8 * self.metrics
        for key, entry in self.backend.get_many(keys).items():
            if (
                type(entry) is bytes
                and len(entry) == size + 4
                and zlib.crc32(key + entry[:size]) == int.from_bytes(entry[size:], "little")
            ):
                found[key] = np.frombuffer(entry, "<f8", self.metrics)
            else:
                self.backend.count("errors")
        return found

    def keep(self, scores: Mapping[bytes, Scores]) -> None:
        """Put the scores (m,) of subsets in."""
        entries = {}
        for key, values in scores.items():
            body = values.astype("<f8").tobytes()
            entries[key] = body + zlib.crc32(key + body).to_bytes(4, "little")
        if entries:
            self.backend.count("sets", self.backend.set_many(entries))


class _New:
    """Scores that are being computed, on their way to the cache."""

    def __init__(self, cache: SubsetCache, keys: list[bytes]) -> None:
        self.cache, self.keys = cache, keys
        self.values = np.empty((len(keys), cache.metrics))
        self._waiting: dict[bytes, Scores] = {}
        self._flushed = time.monotonic()

    def done(self, row: int, seconds: float) -> None:
        """A fit succeeded."""
        if seconds < self.cache.config.time_threshold:
            self.cache.backend.count("skipped")
            return
        self._waiting[self.keys[row]] = self.values[row]
        if time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Hand over what waits."""
        self.cache.keep(self._waiting)
        self._waiting = {}
        self._flushed = time.monotonic()


def _makers(model: Any) -> list[str]:
    """The libraries, with versions, that a model and its parts come from: another version may fit other bits."""
    params: dict[str, Any] = model.get_params(deep=True) if hasattr(model, "get_params") else {}
    names = {type(part).__module__.partition(".")[0] for part in (model, *params.values())}
    found = {name: getattr(sys.modules.get(name), "__version__", None) for name in names}
    return sorted(f"{name} {version}" for name, version in found.items() if isinstance(version, str))
