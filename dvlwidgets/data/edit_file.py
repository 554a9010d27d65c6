"""An append-only file of lines: durable before acknowledged, shared between processes, safe to tear.

A writer locks the file and first reads what others have appended. A last line without its end was never
acknowledged: readers ignore it and the next writer writes over it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from dvlwidgets.errors import EditError

try:
    import fcntl
except ImportError:  # Windows: one process at a time
    fcntl = None  # type: ignore[assignment]


class LineFile:
    """Lines after a fixed first one.

    Args:
        path: the file; `read` finds it absent or present, the first `appending` makes it.
        header: the first line, the format's mark.
        take: called with each further line, in order, exactly once, whoever wrote it; a ValueError refuses it.
    """

    def __init__(self, path: Path, header: bytes, take: Callable[[bytes], None]) -> None:
        self.path = path
        self._header = header
        self._take = take
        self._end = 0
        self._lines = 0

    def read(self) -> None:
        """Takes the lines that are there.

        Raises:
            EditError: the file cannot be read, or a line before the last is refused.
        """
        absent = contextlib.suppress(FileNotFoundError, NotADirectoryError)
        with self._failing("read"), absent, self.path.open("rb") as file:
            self._catch_up(file)

    @contextlib.contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """Locks the file and takes the lines of others; gives what appends and takes whole lines, together.

        Raises:
            EditError: the file cannot be written; the lines were not taken.
        """
        with self._failing("written"):
            new = not self.path.exists()
            if self._end > (0 if new else self.path.stat().st_size):
                raise EditError(
                    f"{self.path} was deleted or shortened by someone else; the edit was not made. Put the file "
                    "back, or restart the kernel to begin with what it holds now."
                )
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX)
                self._catch_up(file)

                def write(lines: bytes) -> None:
                    self._put(file, lines if self._end else self._header + lines)
                    if new:
                        _sync_folder(self.path.parent)
                    for line in lines.splitlines(keepends=True):
                        self._take(line)

                yield write

    def _put(self, file: IO[bytes], lines: bytes) -> None:
        """Writes at the end of the whole lines, over a torn one; returns when it is on the disk."""
        try:
            file.truncate(self._end)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # what remains is a torn line, and was not acknowledged
                file.truncate(self._end)
            raise
        self._end += len(lines)
        self._lines += lines.count(b"\n")

    def _catch_up(self, file: IO[bytes]) -> None:
        file.seek(self._end)
        for line in file:
            torn = not line.endswith(b"\n")
            if torn and (self._lines or self._header.startswith(line)):
                break
            try:
                self._take(line) if self._lines else self._check_header(line)
            except ValueError as reason:
                raise EditError(
                    f"{self.path} cannot be read as a log of edits, line {self._lines + 1}: {reason}. "
                    "Move the file away, or repair that line."
                ) from None
            self._end += len(line)
            self._lines += 1

    def _check_header(self, line: bytes) -> None:
        if line != self._header:
            raise ValueError(f"it should be {self._header.decode().strip()}")

    @contextlib.contextmanager
    def _failing(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as reason:
            raise EditError(
                f"The edits could not be {verb}: {self.path}: {reason.strerror or reason}. Nothing was changed. "
                "Make the folder writable, or give the panel another file: edits='path.jsonl'."
            ) from reason


def _sync_folder(folder: Path) -> None:
    """Makes a new file's name durable, where folders can be synchronised."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
