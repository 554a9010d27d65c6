"""A cache on disk: one SQLite file that several processes may read and write at the same time.

SQLite keeps an entry whole or not at all, also when a process is killed in the middle. A damaged file is left where
it is, and the next one is begun: `utilities-0.sqlite`, `utilities-1.sqlite`, ...
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..errors import InputError, InputTypeError, InstallationError
from .cache_backend import CacheBackend, Link

try:
    import sqlite3
except ImportError:  # some Pythons are built without it
    sqlite3 = None  # type: ignore[assignment]

_AT_ONCE = 500
"""Keys in one query; SQLite allows 999 parameters."""
_WAIT = 5.0
"""Seconds to wait for another process that is writing."""
_DAMAGED_FILES = 10
"""So many damaged files mean a damaged disk: this process goes on without the cache."""

T = TypeVar("T")


class DiskCacheBackend(CacheBackend):
    """A cache in a folder, shared by all processes of this machine that are given the folder, now and later.

    Args:
        cache_dir: the folder, made if need be; not on a network drive. None takes a temporary one, which is removed
            when this object is.

    Raises:
        InputTypeError: if `cache_dir` is no path.
        InputError: if the folder cannot be made or written to.
        InstallationError: if this Python has no SQLite.
    """

    def __init__(self, cache_dir: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        if sqlite3 is None:
            raise InstallationError(
                "This Python has no module sqlite3, which DiskCacheBackend needs. Use InMemoryCacheBackend(), or "
                "install it (in Pyodide: load the package sqlite3)."
            )
        given: Any = cache_dir
        if given is None:
            self.cache_dir = Path(tempfile.mkdtemp(prefix="dvlwidgets-cache-"))
            weakref.finalize(self, _remove, str(self.cache_dir), os.getpid())
        elif isinstance(given, str | os.PathLike):
            self.cache_dir = Path(given).expanduser().resolve()
        else:
            raise InputTypeError(
                f"cache_dir must be a folder or None, not {given!r}. Pass DiskCacheBackend('cache')."
            )
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.cache_dir):
                pass
        except OSError as error:
            raise InputError(
                f"cache_dir {str(self.cache_dir)!r} cannot be written to: {error.strerror}. Pass a folder of yours."
            ) from error
        self._mine = _Opened()

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        def query(db: sqlite3.Connection) -> dict[bytes, bytes]:
            found: dict[bytes, bytes] = {}
            for at in range(0, len(keys), _AT_ONCE):
                part = keys[at : at + _AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(db.execute(f"SELECT key, entry FROM entries WHERE key IN ({marks})", part))  # noqa: S608 -- only question marks
            return found

        nothing: dict[bytes, bytes] = {}
        return self._with(query, nothing)

    def set_many(self, entries: Mapping[bytes, bytes]) -> int:
        def insert(db: sqlite3.Connection) -> int:
            db.execute("BEGIN IMMEDIATE")
            try:
                db.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", entries.items())
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return len(entries)

        return self._with(insert, 0)

    def clear(self) -> None:
        self._with(lambda db: db.execute("DELETE FROM entries"), None)

    def close(self) -> None:
        """Close the files; they are opened again when they are needed."""
        self._mine = _Opened()

    def __len__(self) -> int:
        return self._with(lambda db: int(db.execute("SELECT count(*) FROM entries").fetchone()[0]), 0)

    def _with(self, work: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        """Do some work with the file, or count why that was not possible and answer `nothing`."""
        for _ in range(2):  # a second time with a new file, if this one is damaged
            try:
                db = self._connection()
                return nothing if db is None else work(db)
            except sqlite3.OperationalError as error:
                busy = "locked" in str(error) or "busy" in str(error)
                self.count("timeouts" if busy else "errors")
                return nothing
            except sqlite3.DatabaseError:
                self.count("errors")
                self._next_file()
            except (sqlite3.Error, OSError):
                self.count("errors")
                return nothing
        return nothing

    def _connection(self) -> sqlite3.Connection | None:
        """This thread's connection; one may not be taken into a forked process."""
        mine = self._mine
        if mine.link is not None and mine.link.pid == os.getpid():
            return mine.link.handle  # type: ignore[no-any-return]
        mine.number = max([mine.number, *map(_number, self.cache_dir.glob("utilities-*.sqlite"))])
        if mine.number >= _DAMAGED_FILES:
            return None
        db = sqlite3.connect(self._path(), timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")  # readers and one writer do not wait for each other
            db.execute("PRAGMA synchronous=NORMAL")  # a power cut may lose the newest entries, nothing else
            db.execute("CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, entry BLOB) WITHOUT ROWID")
        except BaseException:
            db.close()
            raise
        mine.link = Link(db)
        return db

    def _path(self) -> Path:
        return self.cache_dir / f"utilities-{self._mine.number}.sqlite"

    def _next_file(self) -> None:
        """Leave a damaged file alone."""
        with contextlib.suppress(
            UserWarning
        ):  # who makes errors of warnings wants them of fits, not of a cache
            warnings.warn(
                f"{self._path()} is damaged: its scores are computed again, and kept in the next file. "
                "You may delete it.",
                UserWarning,
                stacklevel=2,
            )
        self._mine.link = None
        self._mine.number += 1

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_mine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _mine=_Opened())

    def __repr__(self) -> str:
        return f"DiskCacheBackend({str(self.cache_dir)!r})"


class _Opened(threading.local):
    """A thread's file, and its number."""

    link: Link | None = None
    number = 0


def _number(path: Path) -> int:
    text = path.stem.rpartition("-")[2]
    return int(text) if text.isdigit() else 0


def _remove(folder: str, pid: int) -> None:
    if os.getpid() == pid:  # a forked child leaves its parent's folder alone
        shutil.rmtree(folder, ignore_errors=True)
