"""Saved pages, opened from a file with nothing around them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from ui.shared_copies import material
from ui.work import saved_page, until

from dvlwidgets.data.examples import load_split
from dvlwidgets.data.preview_kinds import Images
from dvlwidgets.widgets import copies
from dvlwidgets.widgets.document import document
from dvlwidgets.widgets.material import Material


@pytest.fixture
def page(own_page: Page) -> Page:
    """Not the one in which JupyterLab stays open."""
    return own_page


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_page(tmp_path_factory.mktemp("page") / "report.html")


def test_the_saved_page_is_a_panel_that_sorts(page: Page, saved: Path):
    page.goto(saved.as_uri())
    panel = page.get_by_test_id("panel")
    expect(panel).to_have_attribute("data-room", "wide")
    expect(panel).not_to_have_attribute("data-live", "")
    rows = panel.get_by_test_id("row")
    expect(rows.first).to_be_visible()

    def values() -> list[float]:
        texts = panel.get_by_test_id("cell-value").all_inner_texts()
        return [float(text.split()[0].replace("−", "-")) for text in texts if text.strip()][:8]

    ascending = values()
    assert ascending == sorted(ascending)
    panel.get_by_test_id("sort-value").click()
    expect(
        panel.get_by_test_id("sort-value").locator("xpath=ancestor-or-self::*[@aria-sort]").first
    ).to_have_attribute("aria-sort", "descending")
    assert values() == sorted(values(), reverse=True)
    expect(page.locator(".dvl-snapshot")).to_be_hidden()

    # from cell to cell by keys, as a grid that names the one in focus; up into the headers, and down into their column
    rows.nth(1).click()
    page.keyboard.press("End")
    row, cell = panel.locator(".row.focused"), panel.locator("#dvl-cell")
    expect(row).to_have_attribute(
        "aria-rowindex", re.compile(r"^\d{2,}$")
    )  # the last row: no cell was entered
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(row).to_have_attribute("aria-activedescendant", "dvl-cell")
    last = panel.get_by_role("columnheader").count()
    expect(cell).to_have_attribute("aria-colindex", str(last))
    assert cell.evaluate("cell => getComputedStyle(cell).outlineStyle") == "solid"
    page.keyboard.press("ArrowDown")
    expect(row).to_have_attribute("aria-rowindex", "3")
    expect(row.locator("#dvl-cell")).to_have_attribute("aria-colindex", str(last))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(panel.get_by_test_id("sort-value")).to_be_focused()
    page.keyboard.press("Enter")
    until(lambda: values() == ascending)
    page.keyboard.press("ArrowDown")
    expect(row).to_be_focused()
    expect(cell).to_have_class(re.compile("value"))
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-selected", "true")


def test_without_scripts_the_table_and_the_picture_stand(browser: Browser, saved: Path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(saved.as_uri())
    expect(page.locator("table")).to_be_visible()
    expect(page.locator("img")).to_be_visible()
    context.close()


def hostile(html: str) -> list[str]:
    """The same copy as people may damage it, by accident or on purpose: one fragment each."""
    start = html.index('data-for="')
    start, end = html.index(">", start) + 1, html.index("</script>", start)
    payload = html[start:end]
    n = json.loads(payload)["frame"]["content"]["n"]
    return [
        html[:start] + changed + html[end:]
        for changed in (
            payload[: len(payload) // 2],
            payload.replace('"v":1', '"v":99', 1),
            payload.replace(f'"n":{n}', '"n":1000000000000'),
            payload.replace('"buffers":["', '"buffers":["*', 1),
            "[" * 100_000 + "]" * 100_000,
            payload.replace('"lo":', '"lo":{"toString":1},"low":', 1),
        )
    ]


def test_of_several_copies_each_becomes_its_own_panel_and_what_is_damaged_says_so(page: Page, tmp_path: Path):
    def fragment(points: int, level: str, max_bytes: int = copies.MAX_BYTES) -> str:
        return copies.copy_of(material(points), level, max_bytes=max_bytes).html

    part = fragment(3000, "values", 120_000)
    damaged = hostile(part)
    good = [part, fragment(12, "values"), part, fragment(50, "summary")]  # one of them stands there twice
    file = tmp_path / "several.html"
    file.write_text(document("several", "\n".join(good + damaged)), encoding="utf-8")
    page.goto(file.as_uri())

    panels = page.get_by_test_id("panel")
    expect(panels).to_have_count(len(good))
    expect(page.get_by_role("alert")).to_have_count(len(damaged))
    for words in page.get_by_role("alert").all_inner_texts():
        assert words.startswith("The interactive panel cannot be shown.")
        assert words.endswith("The table below stays.")
    expect(page.locator("table:visible")).to_have_count(len(damaged))
    shown = [panel.get_by_test_id("note").inner_text() for panel in panels.all()]
    assert [words[:10] for words in shown] == [shown[0][:10], "", shown[0][:10], "This copy "]
    assert "of 3,000 points are in this copy" in shown[0]
    expect(panels.nth(1).get_by_test_id("footer-shown")).to_have_text("12 of 12 shown")
    expect(panels.nth(3).get_by_test_id("table")).to_be_hidden()
    assert page.evaluate("window.hit") is None
    assert page.evaluate("Object.keys(window).filter(name => /dvl/i.test(name))") == []


def test_pictures_of_a_copy_are_a_gallery_and_edits_are_found(page: Page, tmp_path: Path):
    split = load_split("digits", n_train=60, flip=0.1, seed=0)
    images = np.asarray(split.images)
    now = material(60).now
    pictures = Images(images.__getitem__, 60)
    assert now.labels is not None
    current = now.labels.current.copy()
    current[7] = (current[7] + 1) % 3
    changed = replace(
        now,
        subject=replace(now.subject, preview=pictures.description),
        labels=replace(now.labels, current=current),
        edits=now.edits | {"count": 1, "relabelled": 1},
    )
    file = tmp_path / "gallery.html"
    file.write_text(copies.copy_of(Material(changed, previews=pictures), "full").page(), encoding="utf-8")
    page.goto(file.as_uri())
    panel = page.get_by_test_id("panel")
    expect(panel.get_by_test_id("preview").first).to_have_attribute("data-drawn", "")
    panel.get_by_test_id("as-gallery").click()
    gallery = panel.get_by_test_id("gallery")
    tiles = gallery.locator("[data-row]:visible")
    expect(tiles).to_have_count(60)
    assert width_of(tiles.first) < width_of(gallery) / 3
    tiles.nth(3).click()
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_test_id("point-name")).to_have_text("point 5 of 60 shown")
    panel.locator("[data-chip=edited]").click()
    expect(tiles).to_have_count(1)
    expect(tiles.first).to_have_attribute("data-row", "7")
    expect(tiles.first.locator("s")).to_be_visible()


def width_of(at: Locator) -> float:
    box = at.bounding_box()
    assert box is not None
    return box["width"]


def test_the_page_is_dark_where_the_system_is(browser: Browser, saved: Path):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(saved.as_uri())
    expect(page.get_by_test_id("panel")).to_have_attribute("data-theme", "dark")
    context.close()


def test_a_page_of_a_million_points_is_small(page: Page, tmp_path: Path):
    copy = copies.copy_of(material(1_000_000), "values")
    html = copy.page()
    assert len(html.encode()) < copies.MAX_BYTES
    file = tmp_path / "million.html"
    file.write_text(html, encoding="utf-8")
    page.goto(file.as_uri())
    panel = page.get_by_test_id("panel")
    expect(panel.get_by_test_id("note")).to_contain_text("of 1,000,000 points are in this copy")
    panel.get_by_test_id("sort-value").click()
    expect(panel.get_by_test_id("cell-rank").first).to_have_text("1,000,000")
