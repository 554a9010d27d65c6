"""The append-only journal of a run: every utility that was paid for, with its status.

One record follows each finished task. A record is a length, a CRC-32 and a payload; a tail that was torn by a crash
is dropped on opening. Draws are not stored: masks are regenerated, and each round keeps a checksum of its masks. The
cost is 9 bytes an evaluation with one metric, plus about 40 bytes a piece.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
import threading
import weakref
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import JournalError
from .records import Evaluations
from .step_table import Rounds, StepTable

try:
    import fcntl
except ImportError:  # Windows and Pyodide: a journal is kept from other runs of this process only
    fcntl = None  # type: ignore[assignment]

FORMAT = 1
"""Version of the journal's format; another one is refused, never guessed."""

Piece = tuple[int, int, int]
"""(step, first row, last row + 1)."""

SPOOL_BYTES = 4_000_000
"""A journal without a path stays in memory up to this size."""

COPIED_AT_ONCE = 2**22
_MAGIC = b"DVLJOUR1"
_FRAME = struct.Struct("<II")
_PIECE = struct.Struct("<qIIHdd")
_HEADER, _ROUND, _TASK, _NOTE = b"H", b"R", b"T", b"N"


class Journal:
    """Utilities on disk, readable by (step, rows), one writer at a time.

    Opening reads only; `lock` takes the file for a run, drops a torn tail and lets the run append. Without a path the
    journal lives in memory and, from 4 MB on, in a temporary file that nobody else sees.

    Args:
        path: the file, or None.
        header: what the run is (see `identity`); written once, compared by the caller on resume.

    Raises:
        JournalError: if the file is no journal, is damaged before its tail, or has another format version.
    """

    def __init__(self, path: str | os.PathLike[str] | None, header: Mapping[str, Any] | None = None) -> None:
        self.path = None if path is None else Path(path)
        self.header: dict[str, Any] = dict(header or {})
        self._io = threading.RLock()
        self._busy = False
        self._file: Any
        if self.path is None:
            self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            self._file = open(self.path, "r+b")
        weakref.finalize(self, self._file.close)
        try:
            self._read_all()
        except JournalError:
            self._file.close()
            raise
        self.resumed = self._end > 0

    def _read_all(self) -> None:
        """Index every whole record; `_end` is where the torn tail, if any, begins."""
        self.seconds = 0.0
        self.rounds = Rounds()
        self.failure: str | None = None
        self._index = StepTable(3)
        self._end = 0
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(0)
        magic = self._file.read(len(_MAGIC))
        if magic != _MAGIC:
            if not _MAGIC.startswith(magic):
                raise JournalError(
                    f"{self.path} is not a journal of dvlwidgets. Choose another checkpoint folder."
                )
            return  # empty, or killed within its first eight bytes
        end = 0
        for start, payload in _records(self._file):
            if end == 0 and not payload.startswith(_HEADER):
                raise JournalError(f"{self.path} does not begin with a header; it cannot be resumed.")
            self._take(start, payload)
            end = start + len(payload)
        self._refuse_damage(end or len(_MAGIC), size)
        self._end = end

    def _refuse_damage(self, end: int, size: int) -> None:
        """A crash tears the last record; anything else would lose what lies behind it."""
        self._file.seek(end)
        rest = self._file.read(size - end)
        length = _FRAME.unpack(rest[: _FRAME.size])[0] if len(rest) >= _FRAME.size else size
        if len(rest) > _FRAME.size + length and rest.strip(b"\0"):
            raise JournalError(
                f"{self.path} is damaged at byte {end:,} of {size:,}, before its end, so it is left as it is. Restore "
                "it from a copy, or run into another checkpoint folder; cut there, it would lose what lies behind."
            )

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
            self.rounds.add(json.loads(body))
        elif kind == _NOTE:
            self.failure = self.failure or body.decode("utf-8", "replace")
        else:
            self._index_task(start + 1, body)

    def _index_task(self, offset: int, body: bytes) -> None:
        at = 0
        while at < len(body):
            step, lo, hi, m, _, clock = _PIECE.unpack_from(body, at)
            self._index.add(step, lo, hi, offset + at)
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
            self.rounds.add(entry)
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
        places: list[tuple[int, int, int, int]] = []
        written = 0
        for (step, lo, hi), payload in zip(pieces, payloads, strict=True):
            places.append((step, lo, hi, written))
            parts.append(_PIECE.pack(step, lo, hi, payload.values.shape[1], payload.seconds, seconds))
            parts.append(payload.values.astype("<f8").tobytes() + payload.status.tobytes())
            written += len(parts[-1]) + len(parts[-2])
            if payload.failure and self.failure is None:
                self.failure = payload.failure
        start = self._append(_TASK, b"".join(parts))
        for step, lo, hi, at in places:
            self._index.add(step, lo, hi, start + at)
        if any(p.failure for p in payloads) and self.failure and len(self.rounds) <= 1:
            self._append(_NOTE, self.failure.encode())
        self.seconds = max(self.seconds, seconds)

    def read(self, step: int) -> list[tuple[int, int, Evaluations, float]]:
        """The recorded pieces of a step: (first row, last row + 1, evaluations, active seconds of the run then)."""
        found = []
        for lo, hi, offset in self._index.rows(step):
            with self._io:
                self._file.seek(offset)
                _, _, _, m, spent, clock = _PIECE.unpack(self._file.read(_PIECE.size))
                body = self._file.read((hi - lo) * (8 * m + 1))
            values = np.frombuffer(body, "<f8", (hi - lo) * m).reshape(hi - lo, m)
            status = np.frombuffer(body, np.uint8, hi - lo, (hi - lo) * m * 8)
            failure = self.failure if (status == 1).any() else None
            found.append((lo, hi, Evaluations(values, status, spent, failure), clock))
        return found

    def steps(self) -> list[int]:
        """The draws' steps with at least one recorded piece, in order; the two ends are at step -1."""
        return [step for step in self._index.steps() if step >= 0]

    def lock(self) -> None:
        """Take the file for one run: keep other runs from writing, and drop a tail torn by a crash.

        Raises:
            JournalError: if another run is writing now.
        """
        busy = (
            f"another run is writing to {self.path or 'this journal'} now. Wait for it, stop it, or use another "
            "checkpoint folder."
        )
        with self._io:
            if self._busy:
                raise JournalError(busy)
            if self.path is not None and fcntl is not None:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise JournalError(busy) from error
            self._busy = True
            if self._file.seek(0, os.SEEK_END) != self._end or self._end == 0:
                self._prepare()

    def _prepare(self) -> None:
        """Bring the index up to the file, which may have grown or been torn since it was read."""
        header = self.header
        self._read_all()
        self._file.seek(self._end)
        self._file.truncate()
        if self._end == 0:
            self._file.write(_MAGIC)
            self._end = len(_MAGIC)
            self._append(_HEADER, _json({"format": FORMAT, **header}))
            self.flush()

    def unlock(self) -> None:
        """Let other runs write."""
        with self._io:
            if not self._busy:
                return
            self.flush()
            self._busy = False
            if self.path is not None and fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def flush(self) -> None:
        """Force everything to the disk, so that a power cut loses nothing."""
        with self._io:
            self._file.flush()
            if self.path is not None:
                os.fsync(self._file.fileno())

    def copy_to(self, path: Path) -> None:
        """Writes what is recorded until now to another file, also while a run appends; the copy is whole or not there.

        Raises:
            JournalError: nothing is recorded yet.
            OSError: the file cannot be written.
        """
        if self._end == 0:
            raise JournalError(
                "nothing is recorded yet; save the checkpoint once the run has its first values."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        end = self._end
        try:
            with open(new, "wb") as out:
                for at in range(0, end, COPIED_AT_ONCE):
                    with self._io:  # for a moment only: the run goes on between
                        self._file.seek(at)
                        out.write(self._file.read(min(COPIED_AT_ONCE, end - at)))
                out.flush()
                os.fsync(out.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)

    def close(self) -> None:
        """Flush and close; reading is over."""
        if not self._file.closed:
            self.unlock()
            self._file.close()

    def _append(self, kind: bytes, body: bytes) -> int:
        """Write a record; returns where its body begins. A record that cannot be written whole is taken back."""
        payload = kind + body
        with self._io:
            start = self._end
            try:
                self._file.seek(start)
                self._file.write(_FRAME.pack(len(payload), zlib.crc32(payload)) + payload)
                self._file.flush()
            except OSError:
                self._file.seek(start)
                self._file.truncate()
                raise
            self._end = start + _FRAME.size + len(payload)
        return start + _FRAME.size + 1


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
