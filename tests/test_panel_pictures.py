"""The map of a panel: coordinates passed or projected, asked for once, refused in words."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import panel_fakes as fakes
import pytest
from panel_fakes import dataset
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from dvlwidgets.data import Dataset
from dvlwidgets.data.grouped import GroupedDataset
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.widgets.parts import pictures, projection
from dvlwidgets.widgets.parts.projection import passed, project


@pytest.fixture
def page_with(opened):
    """The page of a panel that has asked for nothing yet."""
    return lambda train, **more: opened(train, hello=False, **more)[1]


def ask(page, what="map"):
    return fakes.ask(page, "pictures", do=what)


def test_the_map_is_the_principal_components_and_is_computed_once(page_with, monkeypatch):
    train, calls, go = dataset(60), [], threading.Event()

    def slow(data):
        calls.append(data)
        assert go.wait(20)
        return project(data)

    monkeypatch.setattr(pictures, "project", slow)
    page = page_with(train)
    assert ask(page)["kind"] == "busy"
    assert ask(page)["kind"] == "busy"  # a second view; the answer goes to both
    go.set()
    told = page.wait_for(lambda m: m.get("kind") == "map")
    assert ask(page)["x"].tolist() == told["x"].tolist()
    assert len(calls) == 1
    oracle = PCA(2).fit(StandardScaler().fit_transform(train.x))
    expected = oracle.transform(StandardScaler().fit_transform(train.x))
    got = np.column_stack([told["x"], told["y"]])
    np.testing.assert_allclose(got, expected * np.sign((got * expected).sum(axis=0)), atol=1e-4)
    assert told["axes"][0] == f"PC 1 ({100 * oracle.explained_variance_ratio_[0]:.0f} %)"


def test_coordinates_that_are_passed_are_shown_as_they_are_with_their_names(page_with):
    frame = pd.DataFrame({"umap 1": np.arange(20.0), "umap 2": -np.arange(20.0)})
    frame.iloc[3] = np.nan
    page = page_with(dataset(20), map=frame)
    told = ask(page)
    assert (told["kind"], told["axes"]) == ("map", ["umap 1", "umap 2"])
    np.testing.assert_array_equal(told["x"], frame["umap 1"].to_numpy(dtype="f4"))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ("umap", InputError, "expected 'pca' or coordinates"),
        (np.zeros((19, 2)), InputError, r"shape \(19, 2\); expected \(20, 2\)"),
        (np.full((20, 2), np.inf), InputError, "infinite"),
        ([["a", "b"]] * 20, InputTypeError, "expected 'pca' or coordinates"),
    ],
)
def test_what_is_no_coordinates_is_refused_before_any_work(page_with, given, error, words):
    with pytest.raises(error, match=words):
        page_with(dataset(20), map=given)


def test_texts_are_refused_in_words_that_say_what_to_do(page_with):
    page = page_with(Dataset(np.array([f"text {i}" for i in range(20)]), np.arange(20) % 2))
    ask(page)
    assert "Pass coordinates" in page.wait_for(lambda m: m.get("kind") == "refused")["words"]
    assert ask(page)["kind"] == "refused"
    assert "'do' should be 'code' or 'map'" in ask(page, "atlas")["message"]


def test_a_map_that_failed_is_tried_again_when_a_page_asks_again(page_with, monkeypatch):
    calls = []

    def broken(data):
        calls.append(data)
        if len(calls) == 1:
            raise MemoryError("no room")
        return project(data)

    monkeypatch.setattr(pictures, "project", broken)
    page = page_with(dataset(20))
    ask(page)
    assert "no room" in page.wait_for(lambda m: m.get("kind") == "refused")["words"]
    ask(page)
    page.wait_for(lambda m: m.get("kind") == "map")
    assert len(calls) == 2


def test_the_module_that_draws_is_handed_over_when_a_page_asks(page_with):
    page = page_with(dataset(20))
    assert ask(page, "code")["text"].startswith("/* pictures.js */")


def spread(xy):
    """Distances do not depend on the signs of the axes."""
    return np.linalg.norm(xy[:, None] - xy[None], axis=2)


def test_frames_images_gaps_and_samples_of_many_points_give_the_same_map(monkeypatch):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(80, 6)) * [1, 2, 3, 4, 5, 6] + rng.normal(size=(80, 1)) * 3
    y = np.arange(80) % 2
    plain = project(Dataset(x, y)).xy
    frame = pd.DataFrame(x).add_prefix("c").assign(word="a", fixed=7.0)
    np.testing.assert_allclose(spread(project(Dataset(frame, y)).xy), spread(plain), atol=1e-3)
    images = x.reshape(80, 2, 3)
    np.testing.assert_allclose(spread(project(Dataset(images, y)).xy), spread(plain), atol=1e-3)
    gaps = x.copy()
    gaps[0, 0] = np.nan
    assert np.isfinite(project(Dataset(gaps, y)).xy).all()
    monkeypatch.setattr(projection, "FIT_CELLS", 240)
    monkeypatch.setattr(projection, "BLOCK_CELLS", 60)
    sampled = project(Dataset(x, y)).xy
    assert abs(np.corrcoef(sampled[:, 0], plain[:, 0])[0, 1]) > 0.95


def test_sparse_features_and_groups_have_a_map():
    rng = np.random.default_rng(2)
    x = sparse.random(50, 40, density=0.2, random_state=3, format="csr")
    assert project(Dataset(x, np.arange(50) % 2)).xy.shape == (50, 2)
    rows = rng.normal(size=(30, 4))
    groups = np.arange(30) % 10
    means = np.stack([rows[groups == g].mean(axis=0) for g in range(10)])
    grouped = project(GroupedDataset(rows, np.arange(30) % 2, groups)).xy
    np.testing.assert_allclose(
        spread(grouped), spread(project(Dataset(means, np.arange(10) % 2)).xy), atol=1e-4
    )


def test_one_feature_is_an_axis_of_its_own():
    got = project(Dataset(np.arange(6.0).reshape(6, 1), np.arange(6) % 2))
    assert got.xy.tolist() == [[float(i), 0.0] for i in range(6)]


def test_a_name_is_no_array():
    assert passed("pca", 3) is None
    assert passed(None, 3) is None
