"""Anything that is a picture -> an array of pixels, and pixels of any size -> pixels of a given one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.errors import InputError

_PIXELS = 500
"""So many of an image, about, say what is usual."""
_FAR = 3.0
"""Extremes this many times as far apart as usual numbers are outliers; those of normal noise are twice as far."""
GREY = 128
"""Around a picture that does not fill its place."""


def pixels(given: Any, position: int, side: int) -> NDArray[Any]:
    """A picture as numbers (h, w, 1 or 3).

    Args:
        given: an array (h, w), (h, w, channels) or (channels, h, w); a tensor, channels first (its own least and
            greatest number become black and white, unless it is of bytes); a PIL image; a path of an image file.
        position: of the point, for what is said when it is refused.
        side: files and PIL images are shrunk to at most this many pixels a side; arrays are not.

    Raises:
        InputError: it is no picture, or Pillow is needed and missing.
        OSError: a file cannot be read.
    """
    if isinstance(given, str | PathLike):
        return _from_file(given, side)
    if hasattr(given, "getbands") and hasattr(given, "convert"):
        return _from_pil(given, side)
    return _from_tensor(given, position) if hasattr(given, "detach") else _from_array(given, position)


def _from_file(path: str | PathLike[str], side: int) -> NDArray[Any]:
    try:
        from PIL import Image
    except ImportError:
        raise InputError(
            "Previews that are image files are read with Pillow, which is not installed: pip install pillow, "
            "or pass arrays."
        ) from None
    with Image.open(path) as image:
        image.draft("RGB", (side, side))  # a JPEG is decoded no larger than it is shown
        return _from_pil(image, side)


def _from_pil(image: Any, side: int) -> NDArray[Any]:
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(image)
    if turned.mode in {"I", "F"} or turned.mode.startswith("I;16"):
        return bright(np.asarray(turned, dtype=float)[:, :, None])
    if turned.mode in {"L", "1"}:
        plain = turned.convert("L")
    elif turned.mode in {"RGBA", "LA", "PA"} or "transparency" in turned.info:
        above = turned.convert("RGBA")
        plain = Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")
    else:
        plain = turned.convert("RGB")
    plain = plain.copy()  # the user's picture is left as it is
    plain.thumbnail((side, side))
    found = np.asarray(plain)
    return found if found.ndim == 3 else found[:, :, None]


def _from_tensor(tensor: Any, position: int) -> NDArray[Any]:
    held = tensor.detach().cpu()
    image = np.asarray(held.float() if held.is_floating_point() else held)
    if image.ndim == 3 and image.shape[0] in {1, 3, 4}:
        image = image.transpose(1, 2, 0)
    shaped = _from_array(image, position)
    return shaped if shaped.dtype == np.uint8 else bright(shaped.astype(float))


def _from_array(given: Any, position: int) -> NDArray[Any]:
    image = np.asarray(given)
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.dtype.kind not in "buif" or image.size == 0:
        raise InputError(
            f"The preview of point {position} is of shape {image.shape}, type {image.dtype}; "
            "expected numbers (h, w) or (h, w, channels)."
        )
    first_is_channels = image.shape[0] in {1, 3} and image.shape[2] not in {1, 3, 4}
    image = image.transpose(1, 2, 0) if first_is_channels else image
    image = image[:, :, :3] if image.shape[2] == 4 else image
    if image.shape[2] not in {1, 3}:
        raise InputError(
            f"An image has shape {image.shape}; expected (h, w), (h, w, 1), (h, w, 3) or (h, w, 4). "
            "Pass previews as a function: position -> array."
        )
    return image


def extremes(image: NDArray[Any]) -> tuple[float, float] | None:
    """The least and the greatest finite number."""
    finite = np.isfinite(image)
    return (float(image[finite].min()), float(image[finite].max())) if finite.any() else None


def frame(images: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """What is black and what is white in many images that are shown alike.

    Their least and greatest number; but where a few pixels stand far out, as in features that were standardised, the
    bounds of the middle 99 %, without which all the others would be one shade of grey.
    """
    ranges, some = [], [np.empty(0)]
    for image in images:
        if (found := extremes(image)) is not None:
            ranges.append(found)
            numbers = image.ravel()[:: image.size // _PIXELS | 1]  # an odd step, so as not to follow a column
            some.append(numbers[np.isfinite(numbers)].astype(float))
    if not ranges:
        return 0.0, 1.0
    least, greatest = min(low for low, _ in ranges), max(high for _, high in ranges)
    if not any(map(len, some)):
        return least, greatest
    low, lower, upper, high = np.quantile(np.concatenate(some), [0.005, 0.05, 0.95, 0.995])
    alone = lower == upper  # next to nothing but background: what stands out is the picture
    far = (high - low) * _FAR < greatest - least
    return (float(low), float(high)) if far and not alone else (least, greatest)


def bright(image: NDArray[Any], low: float | None = None, high: float | None = None) -> NDArray[np.uint8]:
    """Numbers as bytes, black at `low` and white at `high`, by default the image's own; NaN is black."""
    own = extremes(image) or (0.0, 1.0)
    dark = own[0] if low is None else low
    scale = ((own[1] if high is None else high) - dark) or 1.0
    bounded = np.clip(np.nan_to_num(image.astype(float), nan=dark), dark, dark + scale)
    shown = (bounded - dark) / scale
    return np.asarray(np.round(np.clip(shown, 0.0, 1.0) * 255), dtype=np.uint8)


def shrunk(image: NDArray[Any], factor: int) -> NDArray[Any]:
    """The means of blocks of `factor` by `factor` pixels; edges are continued."""
    if factor == 1:
        return image
    fill = [(0, -side % factor) for side in image.shape[:2]]
    whole = np.pad(image.astype(float), [*fill, (0, 0)], mode="edge")
    height, width = (side // factor for side in whole.shape[:2])
    return np.asarray(whole.reshape(height, factor, width, factor, -1).mean(axis=(1, 3)))


def fitted(image: NDArray[np.uint8], height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Bytes of any size in a place of a given one: scaled by a whole factor, in the middle, its shape kept."""
    h, w, c = image.shape
    if h > height or w > width:
        image = np.asarray(np.round(shrunk(image, math.ceil(max(h / height, w / width)))), dtype=np.uint8)
    else:
        times = min(height // h, width // w)
        image = np.repeat(np.repeat(image, times, axis=0), times, axis=1)
    if c != channels:
        image = np.repeat(image.mean(axis=2, keepdims=True), channels, axis=2).astype(np.uint8)
    out = np.full((height, width, channels), GREY, dtype=np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    out[top : top + image.shape[0], left : left + image.shape[1]] = image
    return out
