"""The blood cells of the third example: read, scaled, split; what is missing is said in words."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from dvlwidgets.data.examples import load_malaria_dataset
from dvlwidgets.data.malaria import CLASSES, pictures_of
from dvlwidgets.errors import InputError, InstallationError


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures a class, each of one shade, at malaria/CLASS/NUMBER.png."""
    for code, name in enumerate(CLASSES):
        (tmp_path / "malaria" / name).mkdir(parents=True)
        for i in range(12):
            shade = np.full((20, 30, 3), (10 * i, 100 * code, 255), np.uint8)
            Image.fromarray(shade).save(tmp_path / "malaria" / name / f"{name}{i:02}.png")
    return tmp_path


def test_every_picture_is_in_one_part_with_its_colour_and_class(folder, monkeypatch):
    monkeypatch.setenv("DVLWIDGETS_DATA", str(folder))
    parts = load_malaria_dataset(val_size=0.25, test_size=0.25, size=8)
    assert [len(part) for part in parts] == [12, 6, 6]
    seen = {}
    for part in parts:
        x, y = part.data()
        assert x.shape[1:] == (3, 8, 8)
        assert x.dtype == np.float32
        for picture, label, name in zip(x, y, part.ids, strict=True):
            seen[name] = label
            shade = (10 * int(name[-6:-4]), 100 * label, 255)
            assert np.allclose(picture * 255, np.reshape(shade, (3, 1, 1)), atol=1e-3)
    assert seen == {f"{name}{i:02}.png": code for code, name in enumerate(CLASSES) for i in range(12)}


def test_pictures_for_the_eye_have_their_colours_last(folder):
    train, *_ = load_malaria_dataset(folder / "malaria", size=4)
    pictures = pictures_of(train)
    assert pictures.shape == (len(train), 4, 4, 3)
    assert pictures.dtype == np.uint8
    assert (pictures[..., 2] == 255).all()


def test_the_split_is_a_function_of_its_seed(folder):
    names = [load_malaria_dataset(folder, random_state=s, size=2)[0].ids.tolist() for s in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"path": "nowhere"}, "malaria is not in nowhere"),
        ({"size": 0}, "size"),
        ({"val_size": 1.5}, "val_size=1.5; expected a share"),
        ({"test_size": 0.99}, "24 pictures cannot be split"),
    ],
)
def test_what_cannot_be_loaded_is_said(folder, arguments, words):
    with pytest.raises(InputError, match=words):
        load_malaria_dataset(**{"path": folder, **arguments})


def test_a_file_that_is_no_picture_is_named(folder):
    (folder / "malaria" / "Uninfected" / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"broken\.jpg cannot be read"):
        load_malaria_dataset(folder)


def test_an_empty_folder_is_named(folder):
    for file in (folder / "malaria" / "Parasitized").iterdir():
        file.unlink()
    with pytest.raises(InputError, match="Parasitized holds no picture"):
        load_malaria_dataset(folder)


def test_without_pillow_it_says_how_to_get_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(InstallationError, match="pip install"):
        load_malaria_dataset(folder)
