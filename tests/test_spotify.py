"""The loader of the Spotify songs, on a file of the same form that the tests write."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dvlwidgets.data import GroupedDataset
from dvlwidgets.data.examples import load_spotify_dataset
from dvlwidgets.data.spotify import FILE, NUMBERS, WORDS
from dvlwidgets.errors import DvlError

SONGS = 60


def row(i: int, **changes: Any) -> dict[str, Any]:
    numbers = dict.fromkeys(NUMBERS, i / 10)
    plain = {"explicit": i % 2 == 0, "year": 2015, "artist": f"artist {i % 7}", "song": f"song {i}"}
    return {**numbers, **plain, "genre": ("pop", "rock, pop", "set()")[i % 3], **changes}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """60 songs after 2014 by 7 artists, one of them twice, and one of 2014; in the folder that loaders expect."""
    path = tmp_path / FILE
    path.parent.mkdir()
    rows = [row(-1, year=2014), *(row(i) for i in range(SONGS)), row(3, energy=0.5)]
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*WORDS, *NUMBERS])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_three_parts_of_the_songs_without_repeats(file: Path) -> None:
    parts = load_spotify_dataset(file)
    assert [len(part) for part in parts] == [33, 15, 12]  # 20 % of 60, then 30 % of 48, rounded up
    ids = np.concatenate([part.ids for part in parts])
    assert sorted(ids) == list(
        range(1, SONGS + 1)
    )  # rows of the file; neither the song of 2014 nor the repeat


def test_columns_are_what_the_file_says(file: Path) -> None:
    train, *_ = load_spotify_dataset(file)
    assert train.target_names == ["popularity"]
    assert not train.is_classification
    i = train.ids - 1
    assert np.allclose(train.y, i / 10)
    assert np.allclose(train.column("energy"), i / 10)
    assert (train.column("explicit") == (i % 2 == 0)).all()
    assert (train.column("genre: pop") == (i % 3 < 2)).all()
    assert (train.column("genre: rock") == (i % 3 == 1)).all()
    assert [name for name in train.feature_names if name.startswith("genre")] == ["genre: pop", "genre: rock"]
    assert train.names[0] == f"artist {i[0] % 7}: song {i[0]}"


def test_groups_are_of_the_same_songs(file: Path) -> None:
    songs, val, test = load_spotify_dataset(file)
    artists, val_too, test_too = load_spotify_dataset(file, groups="artist")
    assert isinstance(artists, GroupedDataset)
    assert set(artists.names) == {f"artist {k}" for k in range(7)}
    assert artists.row_ids.tolist() == songs.ids.tolist()
    assert (val_too.fingerprint, test_too.fingerprint) == (val.fingerprint, test.fingerprint)


def test_other_targets_years_and_repeats(file: Path) -> None:
    train, *_ = load_spotify_dataset(file, target_column="tempo", after=2013, repeats=True)
    assert "popularity" in train.feature_names
    assert "tempo" not in train.feature_names
    assert sum(len(part) for part in load_spotify_dataset(file, after=2013, repeats=True)) == SONGS + 2
    assert load_spotify_dataset(file, random_state=1)[0].ids.tolist() != train.ids.tolist()


def test_the_file_is_looked_for(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_spotify_dataset(file)[0].fingerprint
    for path in (tmp_path, file.parent, str(file)):
        assert load_spotify_dataset(path)[0].fingerprint == expected
    monkeypatch.setenv("DVLWIDGETS_DATA", str(tmp_path))
    assert load_spotify_dataset()[0].fingerprint == expected
    monkeypatch.delenv("DVLWIDGETS_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(DvlError, match=r"Kaggle.*set DVLWIDGETS_DATA") as refused:
        load_spotify_dataset()
    assert str(tmp_path / "cache" / "dvlwidgets") in str(refused.value)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "dvlwidgets").symlink_to(tmp_path)
    assert load_spotify_dataset()[0].fingerprint == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target_column": "song"}, "target_column='song'"),
        ({"groups": "label"}, "groups='label'"),
        ({"val_size": 0.0}, "val_size=0.0"),
        ({"test_size": 3}, "test_size=3"),
        ({"test_size": "a"}, "test_size='a'"),
        ({"after": 2030}, "0 songs cannot be split"),
        ({"after": "2014"}, "after must be an integer"),
        ({"random_state": None}, "random_state must be an integer"),
        ({"repeats": "no"}, "repeats must be True or False"),
    ],
)
def test_what_cannot_be_loaded_is_refused(file: Path, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(DvlError, match=words):
        load_spotify_dataset(file, **arguments)


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DvlError, match="has no column 'artist'"):
        load_spotify_dataset(other)
