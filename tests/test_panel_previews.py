"""What a page learns about one point: its large preview, its sound, its row, the members of its group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import panel_fakes as fakes
import pytest
from panel_fakes import dataset

from dvlwidgets import previews
from dvlwidgets.data import Dataset, GroupedDataset
from dvlwidgets.widgets import levels


def as_it_came(content, buffers):
    return {**content, "buffers": [bytes(b) for b in buffers]}


@pytest.fixture
def page_with(opened):
    """The page of a panel; it has the bytes of its messages as they came."""

    def make(train, **more):
        return opened(train, decode=as_it_came, hello=False, **more)[1]

    return make


def ask(page, **command):
    return fakes.ask(page, "previews", **command)


def test_an_image_is_sent_large_when_somebody_looks_at_it_and_a_failure_in_words(page_with):
    def read(position):
        if position == 7:
            raise FileNotFoundError("7.png is gone")
        return np.full((600, 300), position, dtype=np.uint8)

    page = page_with(dataset(), previews=read)
    assert "previews.js" in ask(page, do="code")["text"]
    said = ask(page, what="show", row=5)
    assert (said["image"]["height"], said["image"]["width"]) == (300, 150)
    assert set(said["buffers"][0]) == {5}
    assert ask(page, what="show", row=7)["why"] == "FileNotFoundError: 7.png is gone"


@pytest.mark.parametrize(
    "command", [{"what": "show", "row": 20}, {"what": "show"}, {"what": "no", "row": 1}, {"row": True}]
)
def test_what_cannot_be_asked_is_refused(page_with, command):
    assert ask(page_with(dataset()), **command)["t"] == "error"


def test_a_text_is_sent_whole(page_with):
    page = page_with(dataset(), previews=["word " * 400] * 20)
    assert ask(page, what="show", row=0)["text"] == "word " * 400


def test_a_sound_is_sent_when_it_is_played(page_with):
    page = page_with(dataset(), previews=[previews.Audio([0.0, 0.5] * 400, 8000)] * 20)
    said = ask(page, what="audio", row=2)
    assert said["seconds"] == 0.1
    assert said["buffers"][0][:4] == b"RIFF"
    assert ask(page, what="show", row=2)["image"]["width"] == 480
    assert ask(page_with(dataset()), what="audio", row=2)["t"] == "error"


def test_a_row_of_a_table_is_told_with_all_its_features(page_with):
    frame = pd.DataFrame({f"c{i}": np.arange(20.0) / 3 for i in range(30)})
    page = page_with(Dataset(frame, np.arange(20) % 2))
    said = ask(page, what="show", row=1)
    assert len(said["facts"]) == said["of"] == 30
    assert said["facts"][29] == ["c29", "0.333333"]


def test_a_group_lists_its_first_members_with_their_previews(page_with):
    images = np.arange(120 * 4, dtype=np.uint8).reshape(120, 2, 2)
    groups = np.array(["a", "b"])[(np.arange(120) >= 60).astype(int)]
    page = page_with(GroupedDataset(images, np.arange(120) % 2, groups))
    said = ask(page, what="members", row=1)
    assert said["total"] == 60
    assert len(said["members"]) == 50
    assert said["members"][1] == {"name": "61", "label": "1", "text": ""}
    assert said["buffers"][0][:8] == images[60:62].tobytes()
    page = page_with(GroupedDataset(np.eye(4), [0, 1, 0, 1], ["a", "a", "b", "b"]))
    assert ask(page, what="members", row=0)["members"][1]["text"] == "x0 0, x1 1, x2 0, x3 0"


@pytest.mark.parametrize(
    ("given", "least"),
    [(previews.Audio([0.5] * 40, 8000), "full"), (np.ones((2, 2)), "full"), ("words", "values+text")],
)
def test_copies_hold_a_preview_only_from_its_level_on(opened, given, least):
    panel, _ = opened(dataset(), previews=[given] * 20)
    order = ["summary", "values", "values+text", "full"]
    for level in order:
        shown = levels.restricted(panel._session.snapshot(), level).subject.preview["kind"] != "none"
        assert shown == (order.index(level) >= order.index(least))
