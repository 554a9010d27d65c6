"""Small pictures without a drawing library: pixels to PNG, and a histogram of values."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT, BINS = 560, 140, 56
PALETTE = np.array([(255, 255, 255), (39, 104, 186), (205, 106, 52), (120, 126, 138)], dtype=np.uint8)
"""Background, helps, hurts, axis: readable on white; blue and orange are safe for colour-blind eyes."""
_BACKGROUND, _HELPS, _HURTS, _AXIS = range(4)


def png(pixels: NDArray[np.uint8], palette: NDArray[np.uint8] = PALETTE) -> bytes:
    """A PNG file of indexed colours.

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
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def histogram(values: ArrayLike, threshold: float | None = 0.0) -> NDArray[np.uint8]:
    """A histogram of the finite values, one colour on each side of the threshold: (HEIGHT, WIDTH) indices."""
    pixels = np.full((HEIGHT, WIDTH), _BACKGROUND, dtype=np.uint8)
    pixels[-1] = _AXIS
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return pixels
    counts, edges = np.histogram(finite, bins=BINS)
    step = WIDTH // BINS
    for i, count in enumerate(counts):
        top = HEIGHT - 1 - int(np.ceil(count / counts.max() * (HEIGHT - 8)))
        middle = (edges[i] + edges[i + 1]) / 2
        colour = _HURTS if threshold is not None and middle < threshold else _HELPS
        pixels[top : HEIGHT - 1, i * step + 1 : (i + 1) * step] = colour
    if threshold is not None and edges[0] < threshold < edges[-1]:
        column = int((threshold - edges[0]) / (edges[-1] - edges[0]) * step * BINS)
        pixels[:, min(column, WIDTH - 1)] = _AXIS
    return pixels


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """A picture as the address of an <img>."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
