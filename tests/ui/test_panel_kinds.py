"""What points are, as the panel shows them: sounds, groups of rows, rows of a table, what somebody registered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from panel_fakes import FakeValuation
from playwright.sync_api import Browser, expect
from ui.bridge import bridged

from dvlwidgets import Dataset, ValuationPanel, previews, register_preview
from dvlwidgets.data import preview
from dvlwidgets.data.grouped import GroupedDataset

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_a_sound_is_played(browser: Browser) -> None:
    tones = [
        previews.Audio(np.sin(np.arange(4000) * (0.05 + 0.01 * i)), 8000) for i in range(12)
    ]  # half a second each
    loud = ValuationPanel(
        FakeValuation(), Dataset(np.eye(12), np.arange(12) % 2), previews=tones, title="sounds"
    )
    with bridged(browser, loud) as at:
        expect(at.row(1).get_by_test_id("preview")).to_have_attribute("data-drawn", "")  # its outline
        at.row(1).click()
        column = at.page.locator(".preview-sound")
        column.get_by_test_id("preview-play").click()
        player = at.part("preview-player")
        expect(player).to_be_visible()
        expect(player).to_have_js_property("duration", 0.5)
        expect(player).to_have_js_property("ended", True)
        column.get_by_test_id("preview-play").click()
        player.evaluate("one => { one.pause(); one.currentTime = 0.1 }")
        expect(player).to_have_js_property("paused", True)
        at.page.keyboard.press("n")
        column.get_by_test_id("preview-play").click()  # another point's
        expect(player).to_have_js_property("paused", True)
        assert player.evaluate("one => one.src").startswith("blob:")


def test_a_group_has_a_name_a_size_and_members(browser: Browser) -> None:
    images = np.arange(60 * 16, dtype=np.uint8).reshape(60, 4, 4)
    codes = np.repeat([0, 1, 2], (10, 20, 30))
    grouped = ValuationPanel(
        FakeValuation(),
        GroupedDataset(images, np.arange(60) % 2, codes, group_names=["north", "south", "west"]),
        title="groups",
    )
    with bridged(browser, grouped) as at:
        part = at.part
        head, cells = at.page.locator("[data-column='x:group']"), part("cell-group")
        expect(head).to_contain_text("group")
        expect(at.row(1)).to_contain_text("south")
        head.get_by_test_id("sort-x:group").click()
        head.get_by_test_id("sort-x:group").click()
        expect(part("row").locator("visible=true").first).to_contain_text("west")
        part("columns-open").click()
        part("show-x:rows").check()
        part("columns-close").click()
        expect(at.row(1)).to_contain_text("20")
        part("expression").fill('group == "south" and rows > 15')
        expect(part("footer-shown")).to_have_text("1 of 3 shown")
        part("expression").fill("")
        expect(cells.locator("visible=true")).to_have_count(3)
        part("expression").press("Escape")  # the names that it offers lie over the rows

        at.row(1).click()
        group = part("preview-group")
        group.locator("summary").click()
        members = part("preview-members").locator("li")
        expect(members).to_have_count(20)
        expect(members.first).to_contain_text("10")
        expect(members.first.locator("canvas")).to_be_visible()
        at.row(2).click()
        expect(members).to_have_count(30)
        expect(members.first).to_contain_text("30")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(preview, "_readers", list(preview._readers))


def test_a_row_tells_all_its_features_and_is_shown_as_somebody_registered(
    browser: Browser, registry: Any
) -> None:
    frame = pd.DataFrame({f"x{i}": np.arange(20) + i / 10 for i in range(12)})
    frame["city"] = [f"city {i % 7}" for i in range(20)]
    plain = ValuationPanel(FakeValuation(), Dataset(frame, np.arange(20) % 2), title="rows")
    with bridged(browser, plain) as at:
        card = at.part("preview-features")
        at.row(4).click()
        expect(card.locator("summary")).to_have_text("All 13 features")
        card.locator("summary").click()
        expect(at.part("preview-row")).to_contain_text("city 4")
        expect(at.part("preview-row")).to_contain_text("5.1")
        at.page.keyboard.press("n")
        expect(at.part("preview-row")).to_contain_text("city 5")

    def sentence(data: Dataset, i: int) -> str:
        if i == 3:
            raise ValueError("nobody knows this place")
        return f"a visit to {data.column('city')[i]}"

    register_preview(lambda data: "city" in data.feature_names, sentence)
    own = ValuationPanel(FakeValuation(), Dataset(frame, np.arange(20) % 2), title="visits")
    with bridged(browser, own) as at:
        expect(at.row(4)).to_contain_text("a visit to city 4")
        at.row(3).click()
        expect(at.part("preview-why")).to_contain_text("nobody knows this place")
        at.page.keyboard.press("n")
        expect(at.part("preview-why")).to_be_hidden()
        expect(at.page.locator(".detail")).to_contain_text("a visit to city 4")
        at.part("as-gallery").click()
        expect(at.part("gallery").locator("[data-row='6']")).to_contain_text("a visit to city 6")

    # where all features stand with the numbers of the point, they are not told twice
    few = ValuationPanel(FakeValuation(), Dataset(frame[["x0", "x1"]], np.arange(20) % 2), title="few")
    with bridged(browser, few) as at:
        at.row(4).click()
        expect(at.page.locator(".detail")).to_contain_text("x1")
        expect(at.part("preview-features")).to_be_hidden()
