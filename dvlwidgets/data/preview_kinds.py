"""What a point may be shown as: nothing, a text, or an image; sounds are in `preview_audio`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.preview_audio import cross
from dvlwidgets.data.preview_pixels import bright, fitted, frame, pixels, shrunk
from dvlwidgets.data.tables import plain

MAX_SIDE = 96
"""Images are shrunk to at most this many pixels a side."""
MAX_TEXT = 500
"""Texts are cut to this many characters."""
MAX_LARGE = 512
"""Of an image that somebody enlarges."""
MAX_FULL_TEXT = 100_000
"""Of a text that somebody enlarges."""
UNREADABLE = "✗ could not be read"
"""In the place of a text; copies hold it, so it says no more."""
LOOKED_AT = 4
"""So many previews are read at first, to learn what they are."""
_PLACE = (48, 48, 1)
"""Where none of those could be read."""
_SAMPLE = 1000
"""Brightness is scaled by what is in at most so many images."""


class Previews(Protocol):
    """Previews of the points of one data set."""

    @property
    def description(self) -> dict[str, Any]:
        """The wire's PREVIEW: {"kind": "image", "width", "height", "channels"}, or kind "text" or "none"."""

    def get(self, positions: Sequence[int]) -> NDArray[np.uint8] | list[str]:
        """Pixels (k, h, w, channels) or texts (k) of the points at some positions."""


class NoPreviews:
    """Points without a picture or text: the table's columns say all."""

    description: dict[str, Any] = {"kind": "none"}  # noqa: RUF012 - never written to

    def get(self, positions: Sequence[int]) -> list[str]:
        """Empty texts."""
        return [""] * len(positions)


class Texts:
    """One text a point.

    Args:
        read: position -> text.
    """

    description: dict[str, Any] = {"kind": "text"}  # noqa: RUF012 - never written to

    def __init__(self, read: Callable[[int], Any]) -> None:
        self._read = read

    def get(self, positions: Sequence[int]) -> list[str]:
        """The texts, each at most `MAX_TEXT` characters."""
        texts = [self._one(position) for position in positions]
        return [cut(text, MAX_TEXT) for text in texts]

    def _one(self, position: int) -> str:
        try:
            return _text(self._read(position))
        except Exception:
            # one bad text is no reason to lose the others; what is wrong may name paths: see `large`
            return UNREADABLE

    def large(self, position: int) -> str:
        """The whole text of a point, at most `MAX_FULL_TEXT` characters; raises what reading it raises."""
        return cut(_text(self._read(position)), MAX_FULL_TEXT)


def absent(given: Any) -> bool:
    """Whether a point has no preview: None, NaN, or what pandas has for a missing text."""
    scalar = given is None or isinstance(given, float) or type(given).__name__ in {"NAType", "NaTType"}
    return scalar and plain(given) is None


def _text(given: Any) -> str:
    return "" if absent(given) else str(given)


def cut(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


class Images:
    """One image a point. Sizes may differ: each is then scaled into one place, its shape kept.

    Numbers other than bytes are scaled alike for all points; tensors each by their own extremes (see `pixels`).

    Args:
        read: position -> whatever `preview_pixels.pixels` takes.
        n: number of points; a few are read now to learn the size, and where they are no bytes the range of brightness.
    """

    def __init__(self, read: Callable[[int], Any], n: int) -> None:
        self._read = read
        samples = [image for at in range(min(n, LOOKED_AT)) if (image := self._sample(at)) is not None]
        shapes = {image.shape for image in samples} or {_PLACE}
        height, width, channels = (max(sides) for sides in zip(*shapes, strict=True))
        self._factor = max(1, math.ceil(max(height, width) / MAX_SIDE)) if len(shapes) == 1 else 1
        self._shape = (height, width, channels) if len(shapes) == 1 else None
        self._low, self._high = (0.0, 255.0) if all(i.dtype == np.uint8 for i in samples) else self._range(n)
        self.description: dict[str, Any] = {
            "kind": "image",
            "width": min(MAX_SIDE, math.ceil(width / self._factor)),
            "height": min(MAX_SIDE, math.ceil(height / self._factor)),
            "channels": channels,
        }

    def get(self, positions: Sequence[int]) -> NDArray[np.uint8]:
        """Pixels as bytes, shape (k, h, w, channels); a cross for an image that cannot be read."""
        size = self.description["height"], self.description["width"], self.description["channels"]
        out = np.zeros((len(positions), *size), dtype=np.uint8)
        for i, position in enumerate(positions):
            try:
                out[i] = self._thumbnail(pixels(self._read(position), position, MAX_SIDE))
            except Exception:
                # one bad file is no reason to lose the others; `large` says what is wrong with it
                out[i] = cross(*size)
        return out

    def large(self, position: int) -> NDArray[np.uint8]:
        """The image of one point, (h, w, 1 or 3), at most `MAX_LARGE` pixels a side; raises what reading it raises."""
        image = pixels(self._read(position), position, MAX_LARGE)
        return self._bytes(shrunk(image, math.ceil(max(image.shape[:2]) / MAX_LARGE)), image.dtype)

    def _thumbnail(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        if image.shape == self._shape:
            return self._bytes(shrunk(image, self._factor), image.dtype)
        place = self.description["height"], self.description["width"], self.description["channels"]
        return fitted(self._bytes(image, image.dtype), *place)

    def _bytes(self, image: NDArray[Any], came_as: np.dtype[Any]) -> NDArray[np.uint8]:
        return bright(image, 0.0, 255.0) if came_as == np.uint8 else bright(image, self._low, self._high)

    def _sample(self, position: int, forgiven: type[Exception] = OSError) -> NDArray[Any] | None:
        """None for a file that cannot be read; what is no image at all is refused at once, unless said otherwise."""
        try:
            return pixels(self._read(position), position, MAX_SIDE)
        except forgiven:
            return None

    def _range(self, n: int) -> tuple[float, float]:
        looked_at = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(int)).tolist()
        # a point without an image is no reason to lose the others
        images = (image for at in looked_at if (image := self._sample(at, Exception)) is not None)
        return frame(images)
