"""Red blood cells under the microscope, with and without the malaria parasite: pictures that are not ours to ship."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..errors import InputError, InstallationError
from .dataset import Dataset
from .example_files import example_folder
from .shares import three_parts

FOLDER = "malaria"
CLASSES = ("Parasitized", "Uninfected")
SOURCE = (
    "thin-film crops in two folders, Parasitized and Uninfected: those of the repository "
    "Kaelin03/Malaria-Detection-with-a-Deep-Convolutional-Neural-Network, or the NIH's (Kaggle iarunava/cell-images)"
)
ENDINGS = (".jpg", ".jpeg", ".png")


def load_malaria_dataset(
    path: str | os.PathLike[str] | None = None,
    val_size: float = 0.15,
    test_size: float = 0.15,
    random_state: int = 31,
    *,
    size: int = 48,
) -> tuple[Dataset, Dataset, Dataset]:
    """Pictures of single cells, split by chance into three parts.

    Args:
        path: a folder with the folders Parasitized and Uninfected; by default `malaria` in the folder
            `DVLWIDGETS_DATA`, then in the cache folder.
        val_size: share of the pictures that becomes the validation set, in (0, 1).
        test_size: share of the pictures that becomes the test set, in (0, 1).
        random_state: seed of the split.
        size: height and width in pixels that the pictures are scaled to.

    Returns:
        train, val, test: x of shape (n, 3, size, size), float32 from 0 to 1, y 0 for parasitized and 1 for uninfected,
        ids and names are the file names.

    Raises:
        InputError: if the folder is not there or has no pictures, or the shares leave a part empty.
        InstallationError: without pillow, which reads pictures.
    """
    arguments.whole("size", size, 1, "It is the height and width in pixels.")
    arguments.whole("random_state", random_state, 0, "It is the seed of the split.")
    folder = example_folder(path, FOLDER, CLASSES, SOURCE)
    files = [(file, code) for code, name in enumerate(CLASSES) for file in _pictures(folder / name)]
    parts = three_parts(len(files), val_size, test_size, random_state, what="pictures")
    names = np.array([file.name for file, _ in files])
    cells = Dataset(
        np.stack([_read(file, size) for file, _ in files]),
        np.array([code for _, code in files]),
        target_names=list(CLASSES),
        data_names=list(names),
        description=f"{len(files):,} red blood cells of {size} x {size} pixels; {CLASSES[0]} or {CLASSES[1]}",
        ids=names,
    )
    train, val, test = (cells.take_rows(part) for part in parts)
    return train, val, test


def pictures_of(cells: Dataset) -> NDArray[np.uint8]:
    """What `load_malaria_dataset` loaded, as pictures for the eye: shape (n, size, size, 3)."""
    return (np.asarray(cells.x).transpose(0, 2, 3, 1) * 255).round().astype(np.uint8)


def _pictures(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in ENDINGS)
    if not found:
        raise InputError(f"{folder} holds no picture ({', '.join(ENDINGS)}). It should hold {SOURCE}.")
    return found


def _read(file: Path, size: int) -> NDArray[np.float32]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise InstallationError("pictures are read by pillow: pip install 'dvlwidgets[images]'.") from error
    try:
        with Image.open(file) as opened:
            scaled: Any = opened.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(
            f"{file} cannot be read as a picture ({error}). Remove it, or load it again."
        ) from error
    return np.asarray(scaled, np.float32).transpose(2, 0, 1) / np.float32(255)
