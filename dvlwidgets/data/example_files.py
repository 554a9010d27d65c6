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
    if path is not None:
        places = [Path(path)]
    else:
        places = [Path(folder) for folder in [os.environ.get(VARIABLE, "")] if folder] + [cache_folder()]
    for place in places:
        for candidate in (place, place / name, place / Path(name).name):
            if candidate.is_file():
                return candidate
    raise InputError(
        f"{Path(name).name} is not in {' or '.join(str(place) for place in places)}. It is {source}: pass the path of "
        f"the file, or set {VARIABLE} to a folder that holds {name}."
    )
