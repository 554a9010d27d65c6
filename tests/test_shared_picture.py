"""The picture that a copy shows where no script runs."""

from __future__ import annotations

import io
import math
import zlib

import numpy as np
import pytest

from dvlwidgets.widgets import picture

NAN = math.nan
WHITE, DARK = (255, 255, 255), (13, 17, 23)
"""Backgrounds of code hosts."""


def decoded(png):
    """Pixels of an indexed PNG, by the rules of the format."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == int.from_bytes(png[at + 8 + length : at + 12 + length], "big")
        chunks[kind], at = data, at + 12 + length
    width, height = (int.from_bytes(chunks[b"IHDR"][i : i + 4], "big") for i in (0, 4))
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype="u1").reshape(height, width + 1)
    assert (rows[:, 0] == 0).all()
    assert chunks[b"tRNS"] == b"\0"  # the background lets the page through
    return rows[:, 1:]


def test_the_picture_is_a_png_that_says_what_the_values_are():
    pixels = picture.histogram([-1.0, -1.0, 2.0])
    np.testing.assert_array_equal(decoded(picture.png(pixels)), pixels)
    low, high = ((pixels == colour).any(axis=0).nonzero()[0].mean() for colour in (2, 1))
    assert low < high
    heights = [(pixels == colour).any(axis=1).sum() for colour in (2, 1)]
    assert heights[0] > heights[1]


def test_the_course_rises_where_the_certainty_does():
    history = [(0, NAN, 0.0), (100, 0.2, 0.2), (200, 0.4, 0.5), (300, 0.9, 1.0)]
    pixels = picture.beside([-1.0, 1.0], 0.0, history, 0.95)
    half = pixels[:, -(picture.WIDTH - 48) // 2 :]
    line = [int((half[:, column] == 1).nonzero()[0].mean()) for column in range(10, half.shape[1], 60)]
    assert line == sorted(line, reverse=True)
    assert line[0] == pytest.approx(0.8 * picture.HEIGHT, abs=12)
    assert line[-1] == pytest.approx(0.14 * picture.HEIGHT, abs=12)
    dashed = int((half == 4).any(axis=1).nonzero()[0].mean())
    assert dashed < line[-1]


def test_without_a_course_the_histogram_has_all_the_room():
    alone = picture.beside([-1.0, 1.0], 0.0, [(10, NAN, 1.0), (20, 0.5, 1.0)], 0.95)
    np.testing.assert_array_equal(alone, picture.histogram([-1.0, 1.0], 0.0))


@pytest.mark.parametrize("values", [[], [NAN], [3.0], [0.0, 0.0], [1e-300, -1e-300], [1e300, -1e300]])
def test_any_values_can_be_drawn(values):
    drawn = picture.beside(values, 0.0, [(1, 0.5, 0.1), (1, 2.0, 0.1)], 1.5)
    assert drawn.shape == (picture.HEIGHT, picture.WIDTH)


def test_a_picture_is_small_whatever_it_shows():
    rng = np.random.default_rng(0)
    history = [(i, rng.random(), 0.5) for i in range(5000)]
    assert len(picture.png(picture.beside(rng.normal(size=100_000), 0.0, history, 0.95))) < 60_000


@pytest.mark.parametrize("background", [WHITE, DARK])
@pytest.mark.parametrize("colour", [1, 2, 3])
def test_the_colours_stand_out_on_white_and_on_dark(background, colour):
    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(rgb) / 255]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    pair = sorted([luminance(background), luminance(picture.PALETTE[colour])])
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3


def test_pillow_reads_the_picture():
    image = pytest.importorskip("PIL.Image")
    read = image.open(io.BytesIO(picture.png(picture.histogram([1.0, 2.0]))))
    assert read.size == (picture.WIDTH, picture.HEIGHT)
    assert read.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 0)
