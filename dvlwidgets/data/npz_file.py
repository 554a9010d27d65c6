"""Files of arrays (.npz) that a user keeps: never a pickle, and never half written."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, InputTypeError

File = str | os.PathLike[str] | IO[bytes]
"""A path, or a file opened for bytes."""


def check_file(file: Any, way: str, what: str) -> None:
    """Refuse what is neither a path nor an open file; a number would be the file that a program has open.

    Args:
        file: what was given.
        way: "read" or "write".
        what: is kept in it.

    Raises:
        InputTypeError: for anything without the method `way`.
    """
    if not isinstance(file, str | os.PathLike) and not callable(getattr(file, way, None)):
        raise InputTypeError(
            f"the file of a {what} is {file!r}; expected a path, or a file opened for bytes. Pass '{what}.npz'."
        )


def write_arrays(file: File, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays; a path's old content is replaced only when the new one is complete.

    Raises:
        InputTypeError: for an array of Python objects, which would be pickled.
        FileNotFoundError: if the path's folder does not exist.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise InputTypeError(f"{name!r} holds Python objects, which a file cannot keep without pickle.")
    content: Any = arrays  # numpy's stub mixes in allow_pickle, which numpy 1 does not know
    if not isinstance(file, str | os.PathLike):
        np.savez_compressed(file, **content)
        return
    path = Path(file)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in. Make it first.")
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as stream:
            np.savez_compressed(stream, **content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_arrays(file: File) -> dict[str, NDArray[Any]]:
    """The arrays of a file; within `refusing`, for it raises whatever zip files and numpy raise."""
    with np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@contextlib.contextmanager
def refusing(words: str) -> Iterator[None]:
    """Turns what reading another file raises into these words.

    Raises:
        InputError: with them, and not the cause's: numpy's speak of allow_pickle, which would run what the file holds.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(words) from error
