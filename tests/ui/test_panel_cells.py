"""The table from cell to cell by keys, and the charts with what was before, in a browser without a kernel."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect
from ui.blank import Blank, before, course, full

CELL = "#dvl-cell"


def press_while_words_grow(blank: Blank) -> None:
    """A button stays under the mouse while what is said of the run becomes longer, and hears the click."""
    page = blank.page
    blank.tell(full(300, done=1, total=None, left=None, certainty=None))
    box = page.get_by_test_id("toolbar-pause").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    blank.tell(full(300, done=1_297_440, left=36_210.0))
    blank.paint()
    page.mouse.up()
    assert page.evaluate("kernel.model.sent.some((one) => one.t === 'pause')")


def test_cells_are_walked_by_keys_and_charts_show_what_was_before(browser: Browser) -> None:
    blank = Blank.open(browser, width=1000)
    page = blank.page
    blank.mount()
    blank.tell(full(300))
    expect(page.get_by_test_id("picture-curve")).to_be_visible()
    expect(page.get_by_test_id("columns-open")).to_be_visible()
    press_while_words_grow(blank)
    table = page.get_by_test_id("table")
    page.get_by_test_id("row").first.click()

    # to the last cell, which is scrolled into sight, and down the column
    row = table.locator(".row.focused")
    expect(row).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(row).to_have_attribute("aria-activedescendant", "dvl-cell")
    page.keyboard.press("End")
    last = table.get_by_role("columnheader").count()
    expect(table.locator(CELL)).to_have_attribute("aria-colindex", str(last))
    expect(table.locator(CELL)).to_be_in_viewport(ratio=0.9)
    assert table.locator(CELL).evaluate("cell => getComputedStyle(cell).outlineStyle") == "solid"
    page.keyboard.press("ArrowDown")
    expect(row).to_have_attribute("aria-rowindex", "3")
    expect(row.locator(CELL)).to_have_attribute("aria-colindex", str(last))

    # the label is edited where it stands, and the focus comes back
    page.keyboard.press("Home")
    while "label" not in (table.locator(CELL).get_attribute("class") or ""):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("prompt-field")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_test_id("sort-label")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-column=label]")).to_have_attribute("aria-sort", "ascending")

    # the outline of the values before can be taken away; a brush filters under it
    page.set_viewport_size({"width": 1400, "height": 900})
    blank.tell(before(300))
    blank.tell(course(), "course")
    chart = page.get_by_test_id("histogram")
    expect(chart.locator(".before")).to_be_visible()
    below = re.compile(r"^below 0: (\d+) before, \1 now$")
    expect(page.get_by_test_id("before-said")).to_have_text(below)
    expect(chart).to_have_attribute("aria-description", below)
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.up()
    value = page.locator("[data-chip=value]")
    expect(value).to_be_visible()
    page.get_by_test_id("before-toggle").click()
    expect(chart.locator(".before")).to_be_hidden()
    value.click()
    expect(page.get_by_test_id("footer-shown")).to_have_text("300 of 300 shown")

    certainty = page.get_by_test_id("certainty-chart")
    expect(certainty).to_have_attribute("data-stabilities", "12")
    expect(certainty).to_have_attribute(
        "aria-description", re.compile("Rank stability 92\u00a0%: .* 7,400 evaluations")
    )
    expect(page.get_by_test_id("stability")).to_have_text("stability 92 %")
    blank.close()
