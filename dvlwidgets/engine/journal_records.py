"""How a journal is laid out: records of a length, a CRC-32 and a payload, and what payloads hold."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..errors import JournalError
from .records import Evaluations

FORMAT = 1
"""Version of the journal's format; another one is refused, never guessed."""

Piece = tuple[int, int, int]
"""(step, first row, last row + 1)."""

MAGIC = b"DVLJOUR1"
HEADER, ROUND, TASK, NOTE = b"H", b"R", b"T", b"N"
"""Kinds of records: the first byte of a payload."""

_FRAME = struct.Struct("<II")
_PIECE = struct.Struct("<qIIHdd")


class Place(NamedTuple):
    """Where a piece stands in the body of a task, and the run's active seconds when it was done."""

    step: int
    lo: int
    hi: int
    offset: int
    clock: float


def framed(payload: bytes) -> bytes:
    """A record: the payload behind its length and checksum."""
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def body_at(start: int) -> int:
    """Where the body of a record begins, behind its frame and kind, if the record begins at `start`."""
    return start + _FRAME.size + 1


def records(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
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


def is_torn(rest: bytes) -> bool:
    """Whether what follows the last whole record is one record that a crash tore; else the file is damaged."""
    length = _FRAME.unpack(rest[: _FRAME.size])[0] if len(rest) >= _FRAME.size else len(rest)
    return len(rest) <= _FRAME.size + length or not rest.strip(b"\0")


def task_body(
    pieces: Sequence[Piece], payloads: Sequence[Evaluations], seconds: float
) -> tuple[bytes, list[Place]]:
    """A finished task as it is written, and where its pieces stand in it."""
    parts: list[bytes] = []
    places: list[Place] = []
    written = 0
    for (step, lo, hi), payload in zip(pieces, payloads, strict=True):
        places.append(Place(step, lo, hi, written, seconds))
        parts.append(_PIECE.pack(step, lo, hi, payload.values.shape[1], payload.seconds, seconds))
        parts.append(payload.values.astype("<f8").tobytes() + payload.status.tobytes())
        written += len(parts[-1]) + len(parts[-2])
    return b"".join(parts), places


def places_in(body: bytes) -> Iterator[Place]:
    """The pieces of a task that was written."""
    at = 0
    while at < len(body):
        step, lo, hi, m, _, clock = _PIECE.unpack_from(body, at)
        yield Place(step, lo, hi, at, clock)
        at += _PIECE.size + (hi - lo) * (8 * m + 1)


def read_piece(file: BinaryIO, offset: int) -> tuple[Evaluations, float]:
    """The utilities of the piece at an offset of the file, without what failed, and its clock."""
    file.seek(offset)
    _, lo, hi, m, spent, clock = _PIECE.unpack(file.read(_PIECE.size))
    body = file.read((hi - lo) * (8 * m + 1))
    values = np.frombuffer(body, "<f8", (hi - lo) * m).reshape(hi - lo, m)
    status = np.frombuffer(body, np.uint8, hi - lo, (hi - lo) * m * 8)
    return Evaluations(values, status, spent, None), clock


def header_body(header: Mapping[str, Any]) -> bytes:
    """What a run is, as it is written."""
    return as_json({"format": FORMAT, **header})


def header_of(body: bytes, path: Path | None) -> dict[str, Any]:
    """What a run is, as it was written.

    Raises:
        JournalError: for another version of the format.
    """
    header: dict[str, Any] = json.loads(body)
    if header.pop("format", None) != FORMAT:
        raise JournalError(
            f"{path} was written in another journal format than {FORMAT}, which this version of dvlwidgets reads. "
            "Run again into an empty checkpoint folder."
        )
    return header


def read_header(path: Path) -> dict[str, Any]:
    """The header of a journal file, without opening it for writing; empty if it has none yet."""
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            for _, payload in records(file):
                header: dict[str, Any] = json.loads(payload[1:])
                return header
    return {}


def as_json(entry: Mapping[str, Any]) -> bytes:
    """An entry, equal for equal entries."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
