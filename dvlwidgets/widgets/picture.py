"""Small pictures without a drawing library: pixels to PNG, a histogram of values and the course of a run.

The background is transparent and the colours are of middle brightness, so that a picture can be read on white and on
the dark grey of code hosts. Blue and orange are safe for colour-blind eyes.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvlwidgets.widgets.snapshot import History

WIDTH, HEIGHT = 1280, 300
"""Twice the size at which it is shown: sharp on dense screens."""
BINS = 60
PALETTE = np.array(
    [(255, 255, 255), (58, 124, 204), (213, 112, 52), (128, 134, 145), (158, 163, 172)], dtype=np.uint8
)
"""Background (transparent), helps, hurts, axis, target."""
_BACKGROUND, _HELPS, _HURTS, _AXIS, _TARGET = range(5)
_GAP = 48
_LINE = 4

Pixels = NDArray[np.uint8]


def png(pixels: Pixels, palette: NDArray[np.uint8] = PALETTE) -> bytes:
    """A PNG file of indexed colours, the first of which is transparent.

    Args:
        pixels: (h, w) indices into the palette.
        palette: (k, 3) red, green, blue.
    """
    height, width = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels
    chunks = (
        (b"IHDR", head),
        (b"PLTE", palette.tobytes()),
        (b"tRNS", b"\0"),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def beside(values: ArrayLike, threshold: float | None, history: History, target: float | None) -> Pixels:
    """A histogram, and to its right the certainty of the ranking where a run told it more than once."""
    rounds = rounds_of(history)
    if len(rounds) < 2:
        return histogram(values, threshold)
    half = (WIDTH - _GAP) // 2
    pixels = np.full((HEIGHT, WIDTH), _BACKGROUND, dtype=np.uint8)
    pixels[:, :half] = histogram(values, threshold, half)
    pixels[:, WIDTH - half :] = course(rounds, target, half)
    return pixels


def rounds_of(history: History) -> list[tuple[int, float]]:
    """(done, certainty) of the rounds whose certainty is known."""
    return [(done, certainty) for done, certainty, _ in history if math.isfinite(certainty)]


def histogram(values: ArrayLike, threshold: float | None = 0.0, width: int = WIDTH) -> Pixels:
    """A histogram of the finite values, one colour on each side of the threshold: (HEIGHT, width) indices."""
    pixels = _empty(width)
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return pixels
    counts, edges = np.histogram(finite, bins=BINS)
    sides = 2 * np.linspace(0, width / 2, BINS + 1).round().astype(int)  # whole pixels at the shown size
    for i, count in enumerate(counts):
        # one point among a million is still seen
        top = HEIGHT - _LINE - int(np.ceil(count / counts.max() * (HEIGHT - 16))) - (2 if count else 0)
        middle = (edges[i] + edges[i + 1]) / 2
        colour = _HURTS if threshold is not None and middle < threshold else _HELPS
        pixels[top : HEIGHT - _LINE, sides[i] : sides[i + 1] - 2] = colour
    if threshold is not None and edges[0] < threshold < edges[-1]:
        column = int((threshold - edges[0]) / (edges[-1] - edges[0]) * width)
        pixels[:, max(0, column - 1) : column + 1] = _AXIS
    return pixels


def course(rounds: list[tuple[int, float]], target: float | None, width: int = WIDTH) -> Pixels:
    """Certainty (0 at the bottom, 1 at the top) over the work done, with a dashed line at the target."""
    pixels = _empty(width)
    pixels[:, :_LINE] = _AXIS
    low, high = 8, HEIGHT - _LINE - 2

    def row(share: ArrayLike) -> NDArray[np.intp]:
        height: NDArray[np.float64] = np.clip(np.asarray(share, dtype=float), 0, 1) * (high - low)
        return np.rint(high - height).astype(np.intp)

    if target is not None:
        dashes = np.arange(_LINE, width) // 12 % 2 == 0
        at = int(row(target))
        pixels[at - 1 : at + 1, _LINE:][:, dashes] = _TARGET
    done, certainty = (np.array(column, dtype=float) for column in zip(*rounds, strict=True))
    columns = np.arange(_LINE, width)
    place = _LINE + (done - done[0]) / max(done[-1] - done[0], 1e-12) * (width - 1 - _LINE)
    rows = row(np.interp(columns, place, certainty))
    before = np.concatenate([rows[:1], rows[:-1]])
    for column, one, other in zip(columns.tolist(), rows.tolist(), before.tolist(), strict=True):
        pixels[min(one, other) - 2 : max(one, other) + 2, column] = _HELPS
    return pixels


def _empty(width: int) -> Pixels:
    pixels = np.full((HEIGHT, width), _BACKGROUND, dtype=np.uint8)
    pixels[-_LINE:] = _AXIS
    return pixels


def data_uri(image: bytes) -> str:
    """The address of an <img> that holds the bytes of a PNG."""
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")
