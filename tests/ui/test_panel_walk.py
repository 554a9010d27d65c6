"""A walk through the panel in a page without a kernel: its Python half is in this process, and real."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from panel_fakes import FakeValuation
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from sklearn.datasets import load_iris
from ui.bridge import bridged
from ui.work import saved_page, until, valued_digits

from dvlwidgets import Dataset, ValuationPanel, previews
from dvlwidgets.data import GroupedDataset

SVG = "{http://www.w3.org/2000/svg}"
CLIPPED = """() => [...document.querySelector('[data-dvl-panel]').shadowRoot.querySelectorAll('button, h3')]
    .filter((one) => one.checkVisibility() && !one.closest('.visually-hidden, .table-head'))
    .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth)
    .map((one) => one.textContent)"""
ZEROS = """() => [...new Set([...document.querySelector('[data-dvl-panel]').shadowRoot.querySelectorAll('.zero')]
    .filter((one) => one.checkVisibility()).map((one) => Math.round(one.getBoundingClientRect().left)))]"""


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # logs of edits are kept there


def drawn(page: Page, at: Locator, kinds: tuple[str, ...] = ("svg", "png")) -> set[str]:
    """Saves the chart whose menu is in `at`, looks at the files, and tells the texts of the SVG."""
    texts: set[str] = set()
    for kind in kinds:
        at.get_by_test_id("save").click()
        with page.expect_download() as waited:
            at.get_by_test_id(f"save-{kind}").click()
        content = Path(waited.value.path()).read_bytes()
        if kind == "png":
            with Image.open(io.BytesIO(content)) as picture:
                assert min(picture.size) > 100
                assert len(picture.convert("RGB").getcolors(1 << 24)) > 10
        else:
            root = ET.fromstring(content)
            assert len(list(root.iter())) > 8
            texts = {text.text or "" for text in root.iter(f"{SVG}text")}
            assert not any("NaN" in value for one in root.iter() for value in one.attrib.values())
    return texts


def test_columns_refine_the_order_keys_edit_and_every_chart_becomes_a_file(browser: Browser) -> None:
    panel = valued_digits()
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        values, labels = panel.values.values, panel._session.train.labels.astype(str)
        expect(part("cell-suggested").first).to_contain_text("%")  # closed forms have a model, too

        # a second column refines the first
        part("sort-label").click()
        part("sort-value").click(modifiers=["Shift"])
        part("sort-value").click(modifiers=["Shift"])
        expect(page.locator("[data-column=value]")).to_have_attribute("aria-sort", "descending")
        expect(part("sort-label")).to_contain_text("▲1")
        shown = at.order()
        assert shown == np.lexsort((-values, labels))[: len(shown)].tolist()
        part("sort-value").click()

        # chips, a class and a text, all at once; a chip takes itself away
        count = part("footer-shown")
        page.locator("[data-chip=lowest]").click()
        expect(count).to_have_text("4 of 80 shown")
        page.locator("[data-chip=lowest]").click()
        page.locator("[data-chip=disagrees]").click()
        expect(count).not_to_have_text("80 of 80 shown")
        part("filter-label").select_option(labels[0])
        part("filter-text").fill(str(panel._session.train.ids[0])[:1])
        until_fewer(count, 8)
        page.get_by_test_id("clear-filters").click()
        expect(count).to_have_text("80 of 80 shown")

        # one suggestion is taken by its key; a column is chosen; the table goes to Parquet, the selection to Python
        odd = page.locator("[data-testid=row]:has(.differs):visible").first
        taken = int(odd.get_attribute("data-row") or -1)
        odd.click()
        page.keyboard.press("a")
        expect(at.row(taken).locator("s")).to_be_visible()
        page.keyboard.press("u")
        expect(at.row(taken).locator("s")).to_be_hidden()
        part("columns-open").click()
        part("show-x:predicted").check()
        part("columns-close").click()
        expect(page.locator("[data-column='x:predicted']")).to_be_visible()
        at.row(taken).get_by_role("checkbox").check()
        part("export").click()
        with page.expect_download() as coming:
            part("export-parquet").click()
        assert len(pd.read_parquet(coming.value.path())) == 80
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        part("export").click()
        part("export-python").click()
        expect(part("export-said")).to_be_visible()
        assert str(taken) in page.evaluate("navigator.clipboard.readText()")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(part("footer-selected")).to_be_hidden()

        # next, previous, drop, undo, redo, the list of keys
        rows = at.order()
        at.row(rows[0]).click()
        for key in ("n", "n", "p"):
            page.keyboard.press(key)
        expect(at.row(rows[1])).to_be_focused()
        page.keyboard.press("x")
        expect(at.row(rows[1])).to_have_class("row focused dropped")
        page.keyboard.press("u")
        expect(part("edits-summary")).to_have_text("None yet.")
        page.keyboard.press("U")
        expect(part("edits-summary")).to_contain_text("1 dropped")
        page.keyboard.press("?")
        expect(part("sheet")).to_contain_text("redo")
        page.keyboard.press("Escape")
        expect(part("sheet")).to_be_hidden()

        # the lowest first: a gallery is walked by arrows
        part("as-gallery").click()
        tiles = part("gallery").locator("[data-row]:visible")
        assert [int(tiles.nth(i).get_attribute("data-row") or -1) for i in range(4)] == rows[:4]
        tiles.first.click()
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight"):
            page.keyboard.press(key)
        expect(part("point-name")).to_have_text("point 3 of 80 shown")
        expect(tiles.nth(2)).to_be_focused()
        page.keyboard.press("v")
        expect(part("larger")).to_have_attribute("data-row", str(rows[2]))
        page.keyboard.press("Escape")
        part("as-gallery").click()

        # every chart, as it is seen
        part("whatif").click()
        card = part("whatif-card")
        expect(card).to_have_attribute("data-state", "done", timeout=120_000)
        for kind in ("svg", "png"):
            assert drawn(page, card, (kind,)) >= ({"accuracy"} if kind == "svg" else set())
        histogram, certainty = (
            page.locator(".card").filter(has=part(name)) for name in ("histogram", "certainty-chart")
        )
        assert "Values" in drawn(page, histogram)
        assert "test points 60" in drawn(page, certainty)
        pictures = page.locator(".pictures")
        for picture, word in (("curve", "Drag to select."), ("map", "all labels"), ("classes", "0")):
            part(f"picture-{picture}").click()
            if picture == "map":
                expect(part("map")).to_have_attribute("data-points", "80")
            texts = drawn(page, pictures)
            assert picture == "map" or word in texts


def test_a_class_is_found_by_typing_and_made_by_typing_and_a_target_is_a_number(browser: Browser) -> None:
    iris = load_iris()
    train = Dataset(iris.data, iris.target_names[iris.target])
    panel = ValuationPanel(FakeValuation(), train, title="iris")
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        row = at.row(3)
        row.click()
        page.keyboard.press("l")
        page.keyboard.type("v")
        options = part("prompt-option")
        expect(options).to_have_count(3)  # two names, and what was typed as a new one
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(row.get_by_test_id("cell-label")).to_contain_text("virginica")
        expect(row).to_be_focused()
        page.keyboard.press("l")
        page.keyboard.type("hybrid")
        expect(options).to_have_count(1)
        page.keyboard.press("Enter")
        expect(row.get_by_test_id("cell-label")).to_contain_text("hybrid")
        expect(page.locator("[data-testid=relabel-button]")).to_have_count(4)
        assert panel.dataset().labels[3] == "hybrid"

        # in bulk
        for one in (5, 7):
            at.row(one).get_by_role("checkbox").check()
        part("relabel-field").fill("virginica")
        part("relabel-apply").click()
        expect(at.row(7).get_by_test_id("cell-label")).to_contain_text("virginica")
        assert panel.dataset().labels[[5, 7]].tolist() == ["virginica"] * 2

    targets = ValuationPanel(FakeValuation(), Dataset(iris.data, iris.data[:, 3] + 0.25), title="widths")
    with bridged(browser, targets) as at:
        at.row(2).click()
        at.page.keyboard.press("l")
        at.part("prompt-field").fill("1.5")
        at.page.keyboard.press("Enter")
        expect(at.row(2).get_by_test_id("cell-label")).to_contain_text("1.5")
        expect(at.row(2).locator("s")).to_contain_text("0.45")
        assert targets.dataset().labels[2] == 1.5


def test_a_sound_is_played_and_a_group_shows_its_members(browser: Browser) -> None:
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

    images = np.arange(60 * 16, dtype=np.uint8).reshape(60, 4, 4)
    names = np.array(["north", "south", "west"])[np.arange(60) // 20]
    grouped = ValuationPanel(
        FakeValuation(), GroupedDataset(images, np.arange(60) % 2, names), title="groups"
    )
    with bridged(browser, grouped) as at:
        at.row(1).click()
        group = at.part("preview-group")
        group.locator("summary").click()
        members = at.part("preview-members").locator("li")
        expect(members).to_have_count(20)
        expect(members.first).to_contain_text("20")
        expect(members.first.locator("canvas")).to_be_visible()
        at.page.keyboard.press("n")
        expect(members.first).to_contain_text("40")


def test_it_fits_400_pixels_and_4k_paper_and_those_who_want_contrast_or_rest(browser: Browser) -> None:
    panel = valued_digits()
    with bridged(browser, panel, reduced_motion="reduce") as at:
        page, part = at.page, at.part
        expect(part("cell-suggested").first).to_contain_text("%")
        assert (
            page.locator(".progress-bar").evaluate("one => getComputedStyle(one).transitionDuration") == "0s"
        )
        at.row(at.order()[2]).get_by_role("checkbox").check()
        for width, height in ((400, 800), (700, 800), (1400, 900), (3840, 2160)):
            page.set_viewport_size({"width": width, "height": height})
            expect(part("panel")).to_have_attribute(
                "data-room", "narrow" if width < 560 else "medium" if width < 900 else "wide"
            )
            until(
                lambda room=width: page.evaluate("document.documentElement.scrollWidth") <= room,
                what="too wide",
            )
            until(lambda: page.evaluate(CLIPPED) == [], what=f"words are cut off at {width} px")
            until(lambda: len(page.evaluate(ZEROS)) == 1, what="bars of several scales")
        sizes = [part(name).bounding_box() for name in ("histogram", "table")]
        assert sizes[0] is not None
        assert sizes[0]["width"] > 300  # it makes use of the room

        # who asks for contrast has edges as dark as words, and reads every cell of a selected row
        page.emulate_media(contrast="more")
        edge = "one => { const look = getComputedStyle(one); return look.borderTopColor === look.color }"
        assert part("panel").evaluate(edge)
        page.emulate_media(contrast="no-preference")
        assert not part("panel").evaluate(edge)
        page.set_viewport_size({"width": 1400, "height": 900})
        page.emulate_media(forced_colors="active")
        picked = page.locator("[data-testid=row][aria-selected=true]")
        inks = picked.evaluate(
            "row => [...new Set([...row.querySelectorAll('.cell, .cell span, .cell s')].map((one) =>"
            " getComputedStyle(one).color))]"
        )
        assert len(inks) == 1
        page.emulate_media(forced_colors="none")

        # on paper: charts, then the table, then the point, all of it within the page
        page.set_viewport_size({"width": 720, "height": 1000})
        page.emulate_media(media="print")

        def in_order() -> bool:
            tops = [box(part(name))["y"] for name in ("histogram", "table", "point-name")]
            return tops == sorted(tops)

        until(in_order, what="the parts of a printed panel are in another order")
        until(
            lambda: box(part("cell-value").first.locator(".number"))["x"] < 640, what="numbers off the page"
        )
        expect(page.get_by_role("button").locator("visible=true").filter(has_text="Export")).to_have_count(0)
        expect(part("cell-rank").nth(20)).to_be_visible()
        assert page.pdf(print_background=True).count(b"/Type /Page\n") <= 3


def test_a_saved_page_filters_selects_and_walks(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(saved_page(tmp_path / "report.html", 60).as_uri())
    part = page.get_by_test_id
    count = part("footer-shown")
    part("histogram").scroll_into_view_if_needed()
    chart = box(part("histogram"))
    page.mouse.move(chart["x"] + 3, chart["y"] + 40)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] / 2, chart["y"] + 40, steps=3)
    page.mouse.up()
    until_fewer(count, 59)
    part("histogram").press("Escape")
    expect(count).to_have_text("60 of 60 shown")
    page.locator("[data-chip=lowest]").click()
    expect(count).to_have_text("3 of 60 shown")
    page.locator("[data-chip=lowest]").click()
    part("filter-label").select_option("3")
    until_fewer(count, 20)
    part("filter-label").select_option("")
    part("filter-text").fill("no such point")
    expect(page.locator(".table-empty")).to_have_text("None of 60 points passes the filters.")
    part("filter-text").fill("")
    part("row").first.click()
    for key in ("Space", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(part("footer-selected")).to_have_text("3 selected")
    page.keyboard.press("End")
    expect(part("point-name")).to_have_text("point 60 of 60 shown")
    page.keyboard.press("Escape")
    expect(part("footer-selected")).to_be_hidden()
    page.set_viewport_size({"width": 1000, "height": 900})
    page.emulate_media(media="print")

    def inside() -> bool:
        number, grid = box(part("cell-value").first.locator(".number")), box(part("table"))
        return bool(number["x"] + number["width"] <= grid["x"] + grid["width"])

    until(inside, what="the numbers of a printed table are cut off")
    page.context.close()


def until_fewer(count: Locator, most: int) -> None:
    """Waits until some points are shown, and no more than `most`."""
    expect(count).to_have_text(re.compile("^(" + "|".join(map(str, range(1, most + 1))) + ") of "))


def box(at: Locator) -> Any:
    """Where something is; a row that is made anew has no place for a moment."""
    return until(at.bounding_box, what="it is nowhere to be seen")
