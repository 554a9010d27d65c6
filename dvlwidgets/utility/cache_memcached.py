"""A cache in a memcached server, shared by processes and machines.

A server that cannot be reached costs speed only: what is asked meanwhile counts as missing. Attempts to reach it
again wait longer each time, and end after `_ATTEMPTS` in a row.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .. import arguments
from ..errors import InputError, InputTypeError, InstallationError
from .cache_backend import CacheBackend, Link

_ATTEMPTS = 8
"""So many attempts in a row to reach a server, then a thread goes on without it."""
_FIRST_WAIT = 0.1
"""Seconds from a failure to the first attempt; each further wait is twice as long."""

T = TypeVar("T")


@dataclass(frozen=True)
class MemcachedClientConfig:
    """Which server, and how long to wait for it.

    Args:
        server: (host, port).
        connect_timeout: seconds to wait for a connection.
        timeout: seconds to wait for an answer.
        no_delay: send small packets at once (TCP_NODELAY).

    Raises:
        InputError, InputTypeError: for values that cannot work.
    """

    server: tuple[str, int] = ("localhost", 11211)
    connect_timeout: float = 1.0
    timeout: float = 1.0
    no_delay: bool = True

    def __post_init__(self) -> None:
        server: Any = self.server
        if not isinstance(server, tuple | list) or len(server) != 2:
            raise InputTypeError(
                f"server must be a pair (host, port), not {server!r}. Pass ('localhost', 11211)."
            )
        arguments.text("the host of server", server[0], "Pass ('localhost', 11211).")
        port = arguments.whole("the port of server", server[1], 1, "memcached's own is 11211.")
        if port > 65535:
            raise InputError(
                f"the port of server must be at most 65535, not {port}. memcached's own is 11211."
            )
        for name in ("connect_timeout", "timeout"):
            if arguments.number(name, getattr(self, name), "It is in seconds.") <= 0:
                raise InputError(f"{name} must be above 0 seconds, not {getattr(self, name)}.")
        arguments.flag("no_delay", self.no_delay)


class MemcachedCacheBackend(CacheBackend):
    """A cache in a memcached server (`pip install 'dvlwidgets[cache]'`).

    Args:
        config: which server; by default the one on this machine. If it does not answer now, that is said once, and
            the cache stays empty until it does.

    Raises:
        InstallationError: if pymemcache is not installed.
        InputTypeError: if `config` is no `MemcachedClientConfig`.
    """

    def __init__(self, config: MemcachedClientConfig | None = None) -> None:
        given: Any = MemcachedClientConfig() if config is None else config
        if not isinstance(given, MemcachedClientConfig):
            raise InputTypeError(
                f"config must be a MemcachedClientConfig, not {given!r}. "
                "Write MemcachedClientConfig(server=('localhost', 11211))."
            )
        super().__init__()
        self.config = given
        self._mine = _Connection()
        try:
            self._client().version()
        except (OSError, _errors()) as error:
            self._failed(error)
            host, port = given.server
            warnings.warn(
                f"no memcached server answers at {host}:{port} ({error}), so nothing is cached until one does; results "
                f"stay the same. Start one with: memcached -l {host} -p {port}",
                UserWarning,
                stacklevel=2,
            )

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        names = {_name(key): key for key in keys}

        def ask(client: Any) -> dict[bytes, bytes]:
            found: Mapping[str, Any] = client.get_many(list(names))
            return {names[name]: entry for name, entry in found.items() if type(entry) is bytes}

        return self._with(ask, {}) if keys else {}

    def set_many(self, entries: Mapping[bytes, bytes]) -> int:
        def tell(client: Any) -> int:
            # without an answer the server drops entries silently
            refused = client.set_many({_name(key): entry for key, entry in entries.items()}, noreply=False)
            self.count("errors", len(refused))
            return len(entries) - len(refused)

        return self._with(tell, 0) if entries else 0

    def clear(self) -> None:
        """Throw away everything that the server holds, also what others have put there."""
        self._with(lambda client: client.flush_all(noreply=False), None)

    def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        self._mine = _Connection()

    def _with(self, work: Callable[[Any], T], nothing: T) -> T:
        """Do some work with the server, or count why that was not possible and answer `nothing`."""
        mine = self._mine
        if mine.failures:
            if mine.failures > _ATTEMPTS or time.monotonic() < mine.again_at:
                return nothing
            self.count("reconnects")
        try:
            answer = work(self._client())
        except (OSError, _errors()) as error:
            self._failed(error)
            return nothing
        except BaseException:  # an interrupt: half an answer may still be on its way
            mine.link = None
            raise
        mine.failures = 0
        return answer

    def _client(self) -> Any:
        """This thread's connection; one may not be taken into a forked process."""
        mine, config = self._mine, self.config
        if mine.link is None or mine.link.pid != os.getpid():
            client = _client_class()(
                tuple(config.server),
                connect_timeout=config.connect_timeout,
                timeout=config.timeout,
                no_delay=config.no_delay,
            )
            mine.link = Link(client)
        return mine.link.handle

    def _failed(self, error: BaseException) -> None:
        mine = self._mine
        self.count("timeouts" if isinstance(error, TimeoutError) else "errors")
        mine.link = None
        mine.again_at = time.monotonic() + _FIRST_WAIT * 2**mine.failures
        mine.failures += 1

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_mine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _mine=_Connection())

    def __repr__(self) -> str:
        return f"MemcachedCacheBackend({self.config!r})"


class _Connection(threading.local):
    """A thread's connection, and its failures in a row."""

    link: Link | None = None
    failures = 0
    again_at = 0.0


def _name(key: bytes) -> str:
    return "dvl" + key.hex()


def _client_class() -> Any:
    try:
        from pymemcache.client.base import Client
    except ImportError as error:
        raise InstallationError(
            "MemcachedCacheBackend needs pymemcache, which is not installed. Run: pip install 'dvlwidgets[cache]'"
        ) from error
    return Client


def _errors() -> type[Exception]:
    from pymemcache.exceptions import MemcacheError

    error: type[Exception] = MemcacheError
    return error
