"""Which previews the points of a data set have: what the user says, or what their features are."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.counts import many
from dvlwidgets.data.preview_audio import Audio, Audios
from dvlwidgets.data.preview_kinds import LOOKED_AT, Images, NoPreviews, Previews, Texts, absent
from dvlwidgets.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

_IMAGE_FILES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")

Given: TypeAlias = str | NDArray[Any] | Sequence[Any] | Callable[[int], Any] | None
"""What a user may say about previews."""
Reader: TypeAlias = "Callable[[Dataset], Previews | None]"
_readers: list[Reader] = []


def register(reader: Reader) -> Reader:
    """Adds a way to recognise previews in a data set; the latest is asked first, None means "not mine"."""
    _readers.insert(0, reader)
    return reader


def register_preview(matches: Callable[[Dataset], bool], make: Callable[[Dataset, int], Any]) -> None:
    """Shows the points of some data sets in a way of one's own, in every panel made from now on.

    Args:
        matches: whether a data set is one of those.
        make: data set, position -> a text; an image (array, tensor, PIL image, path of an image file); or a sound
            (`dvlwidgets.previews.Audio`, bytes or path of a WAV file). All points of a data set alike. It is called
            for the points that somebody looks at, and for the first few when a panel is made. Where it raises,
            the point is shown with a mark and the reason.

    Raises:
        InputTypeError: for what are no functions.

    Example:
        >>> import dvlwidgets as dvl
        >>> dvl.register_preview(
        ...     lambda data: "path" in data.feature_names, lambda data, i: data.column("path")[i]
        ... )
    """
    for one in (matches, make):
        if not callable(one):
            raise InputTypeError(f"register_preview was given a {type(one).__name__}; expected functions.")

    def reader(dataset: Dataset) -> Previews | None:
        return _made(partial(make, dataset), len(dataset)) if matches(dataset) else None

    _readers.insert(0, reader)


def _made(read: Callable[[int], Any], n: int) -> Previews:
    """Texts, images or sounds, as the first few that can be read say."""
    first = [_first(read, position) for position in range(min(n, LOOKED_AT))]
    seen = [item for item in first if not absent(item)]
    if seen and all(isinstance(item, Audio | bytes | bytearray) or _ends(item, (".wav",)) for item in seen):
        return Audios(read)
    texts = bool(seen) and all(isinstance(item, str) for item in seen)
    return Texts(read) if texts and not all(_ends(item, _IMAGE_FILES) for item in seen) else Images(read, n)


def _first(read: Callable[[int], Any], position: int) -> Any:
    try:
        return read(position)
    except OSError:
        return None
    except Exception:
        if position == 0:
            raise  # a function that cannot show the first point is refused before any work
        return None  # one that fails now and then: the point gets a mark


def _ends(item: Any, suffixes: tuple[str, ...]) -> bool:
    return isinstance(item, str | PathLike) and str(item).lower().endswith(suffixes)


def of_both(given: Given | tuple[Given, Given]) -> tuple[Given, Given]:
    """What is said about previews of the training points and of the test points: by a pair, or of the former only."""
    if isinstance(given, tuple) and len(given) == 2:
        return given
    return given, (given if isinstance(given, str) else None)


def previews_of(dataset: Dataset, given: Given = None, image_shape: Sequence[int] | None = None) -> Previews:
    """The previews of a data set.

    Args:
        dataset: the points.
        given: None or "auto" to recognise images and texts in the features, as `register_preview` says or as they
            are; "none"; an array or tensor of images (n, h, w) or (n, h, w, channels); n texts, images, PIL images,
            sounds or paths of image or WAV files; or a function from a position to one of these. Texts count as
            paths where the first few all end as image files do (.png, .jpg, ...) or all end in .wav.
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
        return _made(given, n)
    if not hasattr(given, "__len__"):
        raise InputTypeError(
            f"previews is a {type(given).__name__}; expected 'auto', 'none', images (n, h, w), texts or a function."
        )
    if len(given) != n:
        raise InputError(f"{many(len(given), 'preview')} came for {many(n, 'point')}; expected one each.")
    each: Any = given
    if hasattr(each, "iloc"):
        each = each.to_numpy()
    if isinstance(each, np.ndarray) and each.dtype.kind in "buif" and each.ndim not in {3, 4}:
        raise InputError(f"previews has shape {each.shape}; expected (n, h, w) or (n, h, w, channels).")
    return _made(each.__getitem__, n)


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
            f"image_shape={tuple(shape)} was given for {many(dataset.n_features, 'feature')}; expected (h, w) or "
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
