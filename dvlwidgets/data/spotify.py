"""The songs of the Spotify example in three parts: top hits of 2000 to 2019, from a file that is not ours to ship."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..errors import InputError
from .dataset import Dataset
from .example_files import example_file
from .shares import three_parts

FILE = "spotify/top_hits_spotify_dataset.csv"
SOURCE = "the Kaggle data set paradisejoy/top-hits-spotify-from-20002019"
NUMBERS = (
    "duration_ms", "explicit", "year", "popularity", "danceability", "energy", "key", "loudness", "mode",
    "speechiness", "acousticness", "instrumentalness", "liveness", "valence", "tempo",
)  # fmt: skip
WORDS = ("artist", "song", "genre")

Row = dict[str, str]


def load_spotify_dataset(
    path: str | os.PathLike[str] | None = None,
    val_size: float = 0.3,
    test_size: float = 0.2,
    target_column: str = "popularity",
    random_state: int = 24,
    *,
    groups: str | None = None,
    after: int = 2014,
    repeats: bool = False,
) -> tuple[Dataset, Dataset, Dataset]:
    """Songs with what Spotify measured of them, split by chance into three parts.

    Features are all columns of numbers but the target, and an indicator for each genre that a song is filed under.
    Ids are the row numbers of the file, names are "artist: song". 74 of the 2,000 rows list a song of the same artist
    again; they are left out, because a song in two parts would let a model look up what it is to predict.

    Args:
        path: the file, or a folder that holds it; by default the folder `DVLWIDGETS_DATA`, then the cache folder.
        val_size: share of what the test set leaves that becomes the validation set, in (0, 1).
        test_size: share of all songs that becomes the test set, in (0, 1).
        target_column: the column of numbers to predict.
        random_state: seed of the two splits.
        groups: "artist" makes the points of the training set artists, each with all of their songs (any column
            goes); the three parts hold the same songs with and without.
        after: only songs of later years than this one.
        repeats: keep rows that list a song again.

    Returns:
        train, val, test: to fit models, to compute values, and to judge them.

    Raises:
        InputError: if the file is not there or not that file, or an argument leaves nothing to load.
    """
    if target_column not in NUMBERS:
        raise InputError(f"target_column={target_column!r}; expected one of {', '.join(NUMBERS)}.")
    if groups is not None and groups not in (*WORDS, *NUMBERS):
        raise InputError(f"groups={groups!r}; expected None or a column, for example 'artist'.")
    arguments.whole("after", after, 0, "It is a year.")
    arguments.whole("random_state", random_state, 0, "It is the seed of the splits.")
    arguments.flag("repeats", repeats)
    file = example_file(path, FILE, SOURCE)
    everything = _read(file)
    known: set[tuple[str, str]] = set()
    chosen = [
        i for i, row in enumerate(everything) if int(row["year"]) > after and (_new(row, known) or repeats)
    ]
    parts = three_parts(len(chosen), val_size, test_size, random_state, what="songs", of_rest=True)
    rows = [everything[i] for i in chosen]
    description = f"Top hits on Spotify after {after}; target {target_column}. From {SOURCE}."
    songs = _songs(rows, np.array(chosen), target_column, description)
    train, val, test = (songs.take_rows(part) for part in parts)
    if groups is not None:
        train = _grouped(train, [rows[i][groups] for i in parts[0]])
    return train, val, test


def _songs(rows: list[Row], ids: NDArray[Any], target_column: str, description: str) -> Dataset:
    """Songs as points: their numbers, and an indicator for each genre."""
    features = [name for name in NUMBERS if name != target_column]
    genres = sorted({genre for row in rows for genre in _genres(row)})
    x = [[_number(row[c]) for c in features] + [float(g in _genres(row)) for g in genres] for row in rows]
    return Dataset(
        np.array(x),
        np.array([_number(row[target_column]) for row in rows]),
        feature_names=[*features, *(f"genre: {genre}" for genre in genres)],
        target_names=[target_column],
        data_names=[f"{row['artist']}: {row['song']}" for row in rows],
        description=description,
        ids=ids,
    )


def _grouped(train: Dataset, groups: list[str]) -> Dataset:
    from .grouped import GroupedDataset

    return GroupedDataset.from_dataset(train, np.array(groups))


def _new(row: Row, known: set[tuple[str, str]]) -> bool:
    """Whether the song comes for the first time; it is known from now on."""
    song = row["artist"], row["song"]
    first = song not in known
    known.add(song)
    return first


def _genres(row: Row) -> list[str]:
    """The file writes an unknown genre as Python's empty set."""
    return [genre.strip() for genre in row["genre"].split(",") if genre.strip() != "set()"]


def _number(cell: str) -> float:
    return {"True": 1.0, "False": 0.0}[cell] if cell in ("True", "False") else float(cell)


def _read(file: Path) -> list[Row]:
    with open(file, encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = [name for name in (*WORDS, *NUMBERS) if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(
                f"{file} has no column {missing[0]!r}, so it is not the Spotify file. Pass the path of "
                f"{Path(FILE).name} from {SOURCE}."
            )
        return list(reader)
