"""A saved page, walked through by hand: it filters, sorts by several columns, selects and prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from ui.blank import snapshot
from ui.eyes import box, until_fewer
from ui.work import until

from dvlwidgets.widgets import copies
from dvlwidgets.widgets.material import Material
from dvlwidgets.widgets.snapshot import Snapshot

TRACE = "ValueError: in /home/ada/secret.py"


def test_a_saved_page_filters_sorts_selects_and_walks(browser: Browser, tmp_path: Path) -> None:
    now = snapshot(60, state="finished", failures=2, failure=TRACE)
    file = tmp_path / "report.html"
    file.write_text(copies.copy_of(Material(now), "full").page(), encoding="utf-8")
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(file.as_uri())
    filters(page, now)
    sorts(page, now)
    selects(page)

    # how many fits failed is shared, the traceback with the paths of a person's files is not
    failed = page.get_by_test_id("footer-failures")
    expect(failed).to_have_text("2 failed fits")
    expect(failed).to_be_disabled()
    expect(failed).to_have_attribute("title", "Failed fits count with the default score")
    assert "secret" not in page.content()

    page.set_viewport_size({"width": 1000, "height": 900})
    printed = page.locator(".dvl-paper")
    expect(printed).to_be_hidden()
    page.emulate_media(media="print")
    part = page.get_by_test_id
    expect(printed).to_be_visible()  # no line of the table is a sign of what paper has no room for
    expect(printed).to_contain_text("The file has all points with 1 feature: ink.")
    for control in (part("filter-text"), part("filter-label"), page.get_by_role("checkbox").first):
        expect(control).to_be_hidden()
    below = box(part("footer-shown"))["y"] - box(part("row").locator("visible=true").last)["y"]
    assert below < 120, "a printed panel is as high as the screen was"
    assert page.pdf(print_background=True).count(b"/Type /Page\n") <= 2

    def inside() -> bool:
        number, grid = box(part("cell-value").first.locator(".number")), box(part("table"))
        return bool(number["x"] + number["width"] <= grid["x"] + grid["width"])

    until(inside, what="the numbers of a printed table are cut off")
    page.context.close()


def filters(page: Page, now: Snapshot) -> None:
    """A brush, chips, a class, a text."""
    part = page.get_by_test_id
    count, labels = part("footer-shown"), now.labels
    assert labels is not None
    part("histogram").scroll_into_view_if_needed()
    chart = box(part("histogram"))
    page.mouse.move(chart["x"] + 3, chart["y"] + 40)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] / 2, chart["y"] + 40, steps=3)
    page.mouse.up()
    until_fewer(count, 59)
    part("histogram").press("Escape")
    expect(count).to_have_text("60 of 60 shown")
    uncertain = int((now.points.converged == 0).sum())
    for chip, shown in (("lowest", 3), ("unconverged", uncertain)):
        page.locator(f"[data-chip={chip}]").click()
        expect(count).to_have_text(f"{shown} of 60 shown")
        page.locator(f"[data-chip={chip}]").click()
    part("filter-label").select_option("3")
    expect(count).to_have_text(f"{int((labels.current == 3).sum())} of 60 shown")
    part("filter-label").select_option("")
    part("filter-text").fill("no such point")
    expect(page.locator(".table-empty")).to_have_text("None of 60 points passes the filters.")
    part("filter-text").fill("")
    expect(count).to_have_text("60 of 60 shown")


def sorts(page: Page, now: Snapshot) -> None:
    """By the label, and within each by the value, highest first; by keys as well; back by one click."""
    part, labels = page.get_by_test_id, now.labels
    assert labels is not None
    part("sort-label").click()
    part("sort-value").click(modifiers=["Shift"])
    part("sort-value").click(modifiers=["Shift"])
    expect(part("sort-value")).to_contain_text("▼2")
    refined = np.lexsort((-now.points.value, labels.current)).tolist()

    def shown() -> list[int]:
        rows = page.locator("[data-testid=row]:visible").all()
        return [int(row.get_attribute("data-row") or -1) for row in rows]

    until(lambda: shown() == refined[: len(shown())], what="the value does not refine the label's order")
    part("sort-label").focus()
    page.keyboard.press("Shift+Enter")
    expect(part("sort-label")).to_contain_text("▼1")
    part("sort-value").click()
    expect(page.locator("[aria-sort=ascending]")).to_have_count(1)
    lowest = np.argsort(now.points.value).tolist()
    until(lambda: shown() == lowest[: len(shown())], what="a click does not sort by one column again")


def selects(page: Page) -> None:
    """A range by keys, the last row, none."""
    part = page.get_by_test_id
    part("row").first.click()
    for key in ("Space", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(part("footer-selected")).to_have_text("3 selected")
    page.keyboard.press("End")
    expect(part("point-name")).to_have_text("point 60 of 60 shown")
    page.keyboard.press("Escape")
    expect(part("footer-selected")).to_be_hidden()


LOOKS: dict[str, dict[str, str]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "high contrast": {"forced_colors": "active"},
}
ENDS = """one => [['::before', 'Left'], ['::after', 'Right']].map(([end, side]) => {
    const {content, borderRightColor} = getComputedStyle(one, end);
    return content === 'none' ? getComputedStyle(one)[`border${side}Width`] : borderRightColor;
})"""
"""Of each end of a whisker the colour of its arrow, or the width of its cap."""


@pytest.mark.parametrize("look", LOOKS)
def test_a_whisker_that_is_longer_than_the_scale_ends_in_an_arrow(
    browser: Browser, tmp_path: Path, look: str
) -> None:
    now = snapshot(60, state="finished")
    order = [int(row) for row in np.argsort(now.points.value)]
    stderr = now.points.stderr.copy()
    stderr[[order[0], order[-1]]] = [40, 80]
    file = tmp_path / "long.html"
    long = replace(now, points=replace(now.points, stderr=stderr))
    file.write_text(copies.copy_of(Material(long), "full").page(), encoding="utf-8")
    page = browser.new_context(viewport={"width": 1400, "height": 900}, **LOOKS[look]).new_page()
    page.goto(file.as_uri())
    ink = page.locator(".whisker").first.evaluate("one => getComputedStyle(one).borderTopColor")

    def ends(row: int) -> list[str]:
        whisker = page.locator(f"[data-testid=row][data-row='{row}']:visible .whisker")
        told: list[str] = whisker.evaluate(ENDS)
        return told

    assert ends(order[0]) == [ink, ink]
    page.get_by_test_id("sort-value").click()
    assert ends(order[-1]) == [ink, ink]
    assert ends(order[-5]) == ["1px", "1px"]
    page.context.close()
