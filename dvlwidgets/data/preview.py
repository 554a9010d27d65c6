"""A datum -> a small preview: pixels or a text, made only for the points that somebody looks at."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

MAX_SIDE = 96
"""Images are shrunk by whole factors to at most this many pixels a side."""
MAX_TEXT = 500
"""Texts are cut to this many characters."""
_SAMPLE = 1000
"""Brightness is scaled by the extremes of at most so many images."""


class Previews(Protocol):
    """Previews of the points of one data set."""

    @property
    def description(self) -> dict[str, Any]:
        """The wire's PREVIEW: {"kind": "image", "width", "height", "channels"}, or kind "text" or "none"."""

    def get(self, positions: Sequence[int]) -> NDArray[np.uint8] | list[str]:
        """Pixels (k, h, w, channels) or texts (k) of the points at some positions."""


Given: TypeAlias = str | NDArray[Any] | Sequence[str] | Callable[[int], Any] | None
"""What a user may say about previews."""


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
        texts = [str(self._read(position)) for position in positions]
        return [text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…" for text in texts]


class Images:
    """One image a point, all of one size.

    Args:
        read: position -> array (h, w) or (h, w, channels), or anything that `np.asarray` turns into one.
        n: number of points; a few are read now to learn the size and the range of brightness.
    """

    def __init__(self, read: Callable[[int], Any], n: int) -> None:
        self._read = read
        self._shape = _pixels(read(0), 0).shape
        height, width, channels = self._shape
        if channels not in {1, 3}:
            raise InputError(
                f"An image has shape {self._shape}; expected (h, w), (h, w, 1), (h, w, 3) or (h, w, 4). "
                "Pass previews as a function: position -> array."
            )
        self._factor = max(1, math.ceil(max(height, width) / MAX_SIDE))
        self._low, self._high = self._range(n)
        self.description: dict[str, Any] = {
            "kind": "image",
            "width": math.ceil(width / self._factor),
            "height": math.ceil(height / self._factor),
            "channels": channels,
        }

    def get(self, positions: Sequence[int]) -> NDArray[np.uint8]:
        """Pixels as bytes, shape (k, h, w, channels); brightness is scaled alike for all points."""
        size = self.description["height"], self.description["width"], self.description["channels"]
        out = np.zeros((len(positions), *size), dtype=np.uint8)
        for i, position in enumerate(positions):
            out[i] = self._bytes(_pixels(self._read(position), position), position)
        return out

    def _range(self, n: int) -> tuple[float, float]:
        looked_at = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(int)).tolist()
        first = _pixels(self._read(0), 0)
        if first.dtype == np.uint8:
            return 0.0, 255.0
        images = (_pixels(self._read(position), position).astype(float) for position in looked_at)
        ranges = [
            (image[finite].min(), image[finite].max())
            for image in images
            if (finite := np.isfinite(image)).any()
        ]
        if not ranges:
            return 0.0, 1.0
        return float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))

    def _bytes(self, image: NDArray[Any], position: int) -> NDArray[np.uint8]:
        if image.shape != self._shape:
            raise InputError(
                f"The preview of point {position} has shape {image.shape}, the first one has {self._shape}; "
                "expected one size for all. Resize them in the function given as previews."
            )
        f = self._factor
        fill = [(0, -side % f) for side in image.shape[:2]]
        whole = np.pad(image.astype(float), [*fill, (0, 0)], mode="edge")
        blocks = whole.reshape(whole.shape[0] // f, f, whole.shape[1] // f, f, -1).mean(axis=(1, 3))
        scale = (self._high - self._low) or 1.0
        shown = (np.nan_to_num(blocks, nan=self._low) - self._low) / scale
        return np.asarray(np.round(np.clip(shown, 0.0, 1.0) * 255), dtype=np.uint8)


Reader: TypeAlias = "Callable[[Dataset], Previews | None]"
_readers: list[Reader] = []


def register(reader: Reader) -> Reader:
    """Adds a way to recognise previews in a data set; the latest is asked first, None means "not mine"."""
    _readers.insert(0, reader)
    return reader


def previews_of(dataset: Dataset, given: Given = None, image_shape: Sequence[int] | None = None) -> Previews:
    """The previews of a data set.

    Args:
        dataset: the points.
        given: None or "auto" to recognise images and texts in the features; "none"; an array of images (n, h, w) or
            (n, h, w, channels); n texts; or a function from a position to an image or a text.
        image_shape: (h, w) or (h, w, channels): the features of a point are the pixels of an image.

    Raises:
        InputError: a number or a shape does not fit the data.
        InputTypeError: something else was given.
    """
    n = len(dataset)
    if image_shape is not None:
        if np.ndim(image_shape) != 1:
            raise InputTypeError(
                f"image_shape is {image_shape!r}; expected (h, w) or (h, w, channels). Pass (8, 8)."
            )
        return _features_as_images(dataset, image_shape)
    if given is None or isinstance(given, str):
        if given in {None, "auto"}:
            return next(
                (found for reader in _readers if (found := reader(dataset)) is not None), NoPreviews()
            )
        if given == "none":
            return NoPreviews()
        raise InputError(
            f"previews={given!r} was given; expected 'auto', 'none', images, texts or a function."
        )
    if callable(given):
        return Texts(given) if isinstance(given(0), str) else Images(given, n)
    if not hasattr(given, "__len__"):
        raise InputTypeError(
            f"previews is a {type(given).__name__}; expected 'auto', 'none', images (n, h, w), texts or a function."
        )
    if len(given) != n:
        raise InputError(f"{len(given)} previews were given for {n} points; expected one each.")
    if isinstance(given[0], str):
        return Texts(given.__getitem__)
    array = np.asarray(given)
    if array.ndim not in {3, 4}:
        raise InputError(f"previews has shape {array.shape}; expected (n, h, w) or (n, h, w, channels).")
    return Images(array.__getitem__, n)


@register
def _array_of_images(dataset: Dataset) -> Previews | None:
    x = dataset.x
    many = (
        isinstance(x, np.ndarray) and x.ndim in {3, 4} and x.dtype.kind in "buif" and len(x) == len(dataset)
    )
    return Images(x.__getitem__, len(dataset)) if many and min(x.shape[1:]) > 0 else None


@register
def _one_text_each(dataset: Dataset) -> Previews | None:
    if dataset.n_features != 1 or dataset.n_rows != len(dataset):
        return None
    column = dataset.column(dataset.feature_names[0])
    return Texts(column.__getitem__) if column.dtype.kind in "UO" and isinstance(column[0], str) else None


@register
def _columns_named_pixel(dataset: Dataset) -> Previews | None:
    """scikit-learn's digits name their columns pixel_<row>_<column>; other images come as arrays."""
    names = [re.fullmatch(r"pixel_(\d+)_(\d+)", str(name)) for name in dataset.feature_names]
    places = [(int(m[1]), int(m[2])) for m in names if m is not None]
    if len(places) < len(names) or not places or dataset.n_rows != len(dataset):
        return None
    height, width = max(row for row, _ in places) + 1, max(column for _, column in places) + 1
    in_order = [(row, column) for row in range(height) for column in range(width)]
    return _features_as_images(dataset, (height, width)) if places == in_order else None


def _features_as_images(dataset: Dataset, shape: Sequence[int]) -> Previews:
    if math.prod(shape) != dataset.n_features or len(shape) not in {2, 3}:
        raise InputError(
            f"image_shape={tuple(shape)} was given for {dataset.n_features} features; expected (h, w) or "
            "(h, w, channels) with as many pixels as features."
        )
    if dataset.n_rows != len(dataset):
        raise InputError(
            "image_shape was given for grouped data; pass previews as a function: position -> array."
        )
    x = dataset.x

    def read(position: int) -> NDArray[Any]:
        row = x.iloc[position] if hasattr(x, "iloc") else x[position]
        return np.asarray(row.todense() if hasattr(row, "todense") else row, dtype=float).reshape(
            tuple(shape)
        )

    return Images(read, len(dataset))


def _pixels(given: Any, position: int) -> NDArray[Any]:
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
    return image[:, :, :3] if image.shape[2] == 4 else image
