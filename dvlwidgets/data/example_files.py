"""Where files of example data are looked for: they are other people's work and do not come with the package."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError

VARIABLE = "DVLWIDGETS_DATA"
"""Environment variable that names a folder of example data."""


def cache_folder() -> Path:
    """The user's own folder of example data: `dvlwidgets` in the cache folder of the system."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dvlwidgets"


def example_folder(
    path: str | os.PathLike[str] | None, name: str, parts: tuple[str, ...], source: str
) -> Path:
    """The folder `name` of the example data, which holds the folders `parts`; the rest as `example_file`."""
    places = _places(path)
    for place in places:
        for candidate in (place, place / name):
            if all((candidate / part).is_dir() for part in parts):
                return candidate
    raise InputError(
        f"{name} is not in {' or '.join(str(place) for place in places)}. It is {source}. Pass the path of the folder, "
        f"or set {VARIABLE} to a folder that holds {name}."
    )


def _places(path: str | os.PathLike[str] | None) -> list[Path]:
    if path is not None:
        return [Path(path)]
    return [Path(folder) for folder in [os.environ.get(VARIABLE, "")] if folder] + [cache_folder()]


def example_file(path: str | os.PathLike[str] | None, name: str, source: str) -> Path:
    """The file `name` of the example data.

    Args:
        path: the file itself, or a folder that has it, directly or under its full name; None looks into the folder
            that `DVLWIDGETS_DATA` names, then into the cache folder.
        name: path of the file within a folder of example data, "spotify/songs.csv".
        source: where the file can be had.

    Raises:
        InputError: if it is in none of these places; says which, and where the file can be had.
    """
    places = _places(path)
    for place in places:
        for candidate in (place, place / name, place / Path(name).name):
            if candidate.is_file():
                return candidate
    raise InputError(
        f"{Path(name).name} is not in {' or '.join(str(place) for place in places)}. It is {source}: pass the path of "
        f"the file, or set {VARIABLE} to a folder that holds {name}."
    )
