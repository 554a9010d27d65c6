"""The append-only journal of a run: every utility that was paid for, with its status.

One record follows each finished task; a tail that was torn by a crash is dropped on opening. Draws are not stored:
masks are regenerated, and each round keeps a checksum of its masks. The cost is 9 bytes an evaluation with one
metric, plus about 40 bytes a piece. `journal_records` lays the bytes out.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import JournalError
from .journal_records import (
    HEADER,
    MAGIC,
    NOTE,
    ROUND,
    TASK,
    Piece,
    as_json,
    body_at,
    framed,
    header_body,
    header_of,
    is_torn,
    places_in,
    read_piece,
    records,
    task_body,
)
from .records import FAILED, Evaluations
from .step_table import Rounds, StepTable

try:
    import fcntl
except ImportError:  # Windows and Pyodide: a journal is kept from other runs of this process only
    fcntl = None  # type: ignore[assignment]

SPOOL_BYTES = 4_000_000
"""A journal without a path stays in memory up to this size."""

COPIED_AT_ONCE = 2**22


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
        magic = self._file.read(len(MAGIC))
        if magic != MAGIC:
            if not MAGIC.startswith(magic):
                raise JournalError(
                    f"{self.path} is not a journal of dvlwidgets. Choose another checkpoint folder."
                )
            return  # empty, or killed within its first eight bytes
        end = 0
        for start, payload in records(self._file):
            if end == 0 and not payload.startswith(HEADER):
                raise JournalError(f"{self.path} does not begin with a header; it cannot be resumed.")
            self._take(start, payload)
            end = start + len(payload)
        self._refuse_damage(end or len(MAGIC), size)
        self._end = end

    def _refuse_damage(self, end: int, size: int) -> None:
        """A crash tears the last record; anything else would lose what lies behind it."""
        self._file.seek(end)
        if not is_torn(self._file.read(size - end)):
            raise JournalError(
                f"{self.path} is damaged at byte {end:,} of {size:,}, before its end, so it is left as it is. Restore "
                "it from a copy, or run into another checkpoint folder; cut there, it would lose what lies behind."
            )

    def _take(self, start: int, payload: bytes) -> None:
        kind, body = payload[:1], payload[1:]
        if kind == HEADER:
            self.header = header_of(body, self.path)
        elif kind == ROUND:
            self.rounds.add(json.loads(body))
        elif kind == NOTE:
            self.failure = self.failure or body.decode("utf-8", "replace")
        else:
            self._index_task(start + 1, body)

    def _index_task(self, offset: int, body: bytes) -> None:
        for step, lo, hi, at, clock in places_in(body):
            self._index.add(step, lo, hi, offset + at)
            self.seconds = max(self.seconds, clock)

    def append_round(self, step: int, steps: int, checksum: int, plan: Mapping[str, Any]) -> None:
        """Remember a round's plan and masks, or check them when the round is known already.

        Raises:
            JournalError: if this machine draws other masks, or makes another plan, than the recorded ones.
        """
        entry = {"step": step, "steps": steps, "checksum": checksum, "plan": json.loads(as_json(dict(plan)))}
        known = self.rounds.get(step)
        if known is None:
            self.rounds.add(entry)
            self._append(ROUND, as_json(entry))
        elif known["plan"] != entry["plan"] or (known["steps"] == steps and known["checksum"] != checksum):
            raise JournalError(
                f"{self.path}: round at step {step} cannot be repeated here: this installation draws other subsets "
                "or gets another utility of the full set than was recorded. Resume with the versions that wrote it "
                f"({self.header.get('versions', 'not recorded')}), or run into an empty checkpoint folder."
            )

    def append_task(self, pieces: Sequence[Piece], payloads: Sequence[Evaluations], seconds: float) -> None:
        """Write one finished task; `seconds` is the run's active time so far."""
        body, places = task_body(pieces, payloads, seconds)
        failures = [payload.failure for payload in payloads if payload.failure]
        if failures and self.failure is None:
            self.failure = failures[0]
        start = self._append(TASK, body)
        for step, lo, hi, at, _ in places:
            self._index.add(step, lo, hi, start + at)
        if failures and self.failure and len(self.rounds) <= 1:
            self._append(NOTE, self.failure.encode())
        self.seconds = max(self.seconds, seconds)

    def read(self, step: int) -> list[tuple[int, int, Evaluations, float]]:
        """The recorded pieces of a step: (first row, last row + 1, evaluations, active seconds of the run then)."""
        found = []
        for lo, hi, offset in self._index.rows(step):
            with self._io:
                told, clock = read_piece(self._file, offset)
            failure = self.failure if (told.status == FAILED).any() else None
            found.append((lo, hi, replace(told, failure=failure), clock))
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
            self._file.write(MAGIC)
            self._end = len(MAGIC)
            self._append(HEADER, header_body(header))
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
        record = framed(kind + body)
        with self._io:
            start = self._end
            try:
                self._file.seek(start)
                self._file.write(record)
                self._file.flush()
            except OSError:
                self._file.seek(start)
                self._file.truncate()
                raise
            self._end = start + len(record)
        return body_at(start)
