"""The append-only journal of a run: every utility that was paid for, with its status.

One record follows each finished task. A record is a length, a CRC-32 and a payload; a tail that was torn by a crash
is dropped on opening. Draws are not stored: masks are regenerated, and each round keeps a checksum of its masks. The
cost is 9 bytes an evaluation with one metric, plus about 40 bytes a piece.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
import weakref
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import JournalError
from .records import Evaluations

if sys.platform != "win32":
    import fcntl

FORMAT = 1
"""Version of the journal's format; another one is refused, never guessed."""

Piece = tuple[int, int, int]
"""(step, first row, last row + 1)."""

_MAGIC = b"DVLJOUR1"
_FRAME = struct.Struct("<II")
_PIECE = struct.Struct("<qIIHdd")
_HEADER, _ROUND, _TASK, _NOTE = b"H", b"R", b"T", b"N"


class Journal:
    """Utilities on disk, readable by (step, rows), one writer.

    Args:
        path: the file; None makes a temporary one that goes when the journal is no longer used.
        header: what the run is (see `identity`); written once, compared by the caller on resume.

    Raises:
        JournalError: if the file is no journal, is damaged before its tail, or has another format version.
    """

    def __init__(self, path: str | os.PathLike[str] | None, header: Mapping[str, Any] | None = None) -> None:
        if path is None:
            handle, name = tempfile.mkstemp(prefix="dvlwidgets-", suffix=".journal")
            os.close(handle)
            os.unlink(name)
            self.path = Path(name)
        else:
            self.path = Path(path)
        self.resumed = self.path.exists() and self.path.stat().st_size > len(_MAGIC)
        self.header: dict[str, Any] = dict(header or {})
        self.seconds = 0.0
        self.rounds: dict[int, dict[str, Any]] = {}
        self.failure: str | None = None
        self._index: dict[int, list[tuple[int, int, int]]] = {}
        self._file: BinaryIO
        self._temporary = path is None
        if self.resumed:
            try:
                self._open()
            except JournalError:
                self._file.close()
                raise
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "w+b")
            self._file.write(_MAGIC)
            self._append(_HEADER, _json({"format": FORMAT, **self.header}))
            self.flush()
        weakref.finalize(self, _let_go, self._file, self.path if self._temporary else None)

    def _open(self) -> None:
        self._file = open(self.path, "r+b")
        if self._file.read(len(_MAGIC)) != _MAGIC:
            raise JournalError(
                f"{self.path} is not a journal of dvlwidgets. Choose another checkpoint folder."
            )
        end, first = len(_MAGIC), True
        for start, payload in _records(self._file):
            if first and not payload.startswith(_HEADER):
                raise JournalError(f"{self.path} does not begin with a header; it cannot be resumed.")
            self._take(start, payload)
            end, first = start + len(payload), False
        if first:  # killed before the header was complete: nothing was lost
            self._file.close()
            self.path.unlink()
            Journal.__init__(self, self.path, self.header)
            return
        self._file.truncate(end)
        self._file.seek(end)

    def _take(self, start: int, payload: bytes) -> None:
        kind, body = payload[:1], payload[1:]
        if kind == _HEADER:
            header = json.loads(body)
            if header.pop("format", None) != FORMAT:
                raise JournalError(
                    f"{self.path} was written in another journal format than {FORMAT}, which this version of "
                    "dvlwidgets reads. Run again into an empty checkpoint folder."
                )
            self.header = header
        elif kind == _ROUND:
            entry = json.loads(body)
            self.rounds[entry["step"]] = entry
        elif kind == _NOTE:
            self.failure = self.failure or body.decode("utf-8", "replace")
        else:
            self._index_task(start + 1, body)

    def _index_task(self, offset: int, body: bytes) -> None:
        at = 0
        while at < len(body):
            step, lo, hi, m, _, clock = _PIECE.unpack_from(body, at)
            self._index.setdefault(step, []).append((lo, hi, offset + at))
            self.seconds = max(self.seconds, clock)
            at += _PIECE.size + (hi - lo) * (8 * m + 1)

    def append_round(self, step: int, steps: int, checksum: int, plan: Mapping[str, Any]) -> None:
        """Remember a round's plan and masks, or check them when the round is known already.

        Raises:
            JournalError: if this machine draws other masks, or makes another plan, than the recorded ones.
        """
        entry = {"step": step, "steps": steps, "checksum": checksum, "plan": json.loads(_json(dict(plan)))}
        known = self.rounds.get(step)
        if known is None:
            self.rounds[step] = entry
            self._append(_ROUND, _json(entry))
        elif known["plan"] != entry["plan"] or (known["steps"] == steps and known["checksum"] != checksum):
            raise JournalError(
                f"{self.path}: round at step {step} cannot be repeated here: this installation draws other subsets "
                "or gets another utility of the full set than was recorded. Resume with the versions that wrote it "
                f"({self.header.get('versions', 'not recorded')}), or run into an empty checkpoint folder."
            )

    def append_task(self, pieces: Sequence[Piece], payloads: Sequence[Evaluations], seconds: float) -> None:
        """Write one finished task; `seconds` is the run's active time so far."""
        parts: list[bytes] = []
        written = 0
        start = self._file.seek(0, os.SEEK_END) + _FRAME.size + 1
        for (step, lo, hi), payload in zip(pieces, payloads, strict=True):
            self._index.setdefault(step, []).append((lo, hi, start + written))
            parts.append(_PIECE.pack(step, lo, hi, payload.values.shape[1], payload.seconds, seconds))
            parts.append(payload.values.astype("<f8").tobytes() + payload.status.tobytes())
            written += len(parts[-1]) + len(parts[-2])
            if payload.failure and self.failure is None:
                self.failure = payload.failure
        self._append(_TASK, b"".join(parts))
        if any(p.failure for p in payloads) and self.failure and len(self.rounds) <= 1:
            self._append(_NOTE, self.failure.encode())
        self.seconds = max(self.seconds, seconds)
        self._file.flush()

    def read(self, step: int) -> list[tuple[int, int, Evaluations, float]]:
        """The recorded pieces of a step: (first row, last row + 1, evaluations, active seconds of the run then)."""
        found = []
        for lo, hi, offset in self._index.get(step, []):
            self._file.seek(offset)
            _, _, _, m, spent, clock = _PIECE.unpack(self._file.read(_PIECE.size))
            rows = hi - lo
            values = np.frombuffer(self._file.read(rows * m * 8), "<f8").reshape(rows, m)
            status = np.frombuffer(self._file.read(rows), np.uint8)
            failure = self.failure if (status == 1).any() else None
            found.append((lo, hi, Evaluations(values, status, spent, failure), clock))
        return found

    def steps(self) -> list[int]:
        """The steps with at least one recorded piece, in order."""
        return sorted(self._index)

    def lock(self) -> None:
        """Keep other runs from writing.

        Raises:
            JournalError: if another run is writing now.
        """
        try:
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(
                f"another run is writing to {self.path} now. Wait for it, stop it, or use another checkpoint folder."
            ) from error

    def unlock(self) -> None:
        """Let other runs write."""
        self.flush()
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def flush(self) -> None:
        """Force everything to the disk, so that a power cut loses nothing."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Flush and close; reading is over."""
        if not self._file.closed:
            self.flush()
            self._file.close()

    def _append(self, kind: bytes, body: bytes) -> None:
        payload = kind + body
        self._file.seek(0, os.SEEK_END)
        self._file.write(_FRAME.pack(len(payload), zlib.crc32(payload)) + payload)


def _records(file: BinaryIO) -> Any:
    """Whole records as (offset of the payload, payload), up to the first torn or damaged one."""
    while True:
        head = file.read(_FRAME.size)
        if len(head) < _FRAME.size:
            return
        length, crc = _FRAME.unpack(head)
        start = file.tell()
        payload = file.read(length)
        if len(payload) < length or zlib.crc32(payload) != crc or length == 0:
            return
        yield start, payload


def read_header(path: Path) -> dict[str, Any]:
    """The header of a journal file, without opening it for writing; empty if it has none yet."""
    with open(path, "rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            for _, payload in _records(file):
                header: dict[str, Any] = json.loads(payload[1:])
                return header
    return {}


def _json(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


def _let_go(file: BinaryIO, remove: Path | None) -> None:
    file.close()
    if remove is not None:
        remove.unlink(missing_ok=True)
