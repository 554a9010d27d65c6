"""What axe finds in a panel whose every part is open, in light and in dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from ui.blank import Blank, before, course, full

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
FOUND = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(
    ({id, impact, help, nodes}) => ({id, impact, help, nodes: nodes.map(
        ({target, any, all}) =>
            [target.flat().join(' '), ...[...any, ...all].map((one) => one.message)].join(': '))}))"""


def serious(page: Page) -> list[dict[str, Any]]:
    """The violations that keep people from using the page."""
    found: list[dict[str, Any]] = page.evaluate(FOUND)
    return [one for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_whatever_is_open(browser: Browser, scheme: str) -> None:
    blank = Blank.open(browser, color_scheme=scheme)
    page = blank.page
    page.evaluate("dark => { document.body.dataset.dvlTheme = dark ? 'dark' : 'light' }", scheme == "dark")
    page.add_script_tag(content=AXE.read_text("utf-8"))
    blank.mount()
    assert serious(page) == [], "waiting"
    blank.tell(full(300, failures=2, failure="ValueError: one class", error="the disk is full"))
    expect(page.get_by_test_id("picture-curve")).to_be_visible()
    assert serious(page) == [], "at rest"
    blank.tell(before(300))
    blank.tell(course(), "course")
    expect(page.get_by_test_id("stability")).to_be_visible()
    page.get_by_test_id("row").first.click()
    page.keyboard.press("ArrowRight")
    assert serious(page) == [], "in a cell, beside what was before"
    page.get_by_test_id("select-all").check()
    for part in ("picture-map", "picture-classes"):
        page.get_by_test_id(part).click()
        assert serious(page) == [], part
    for part in ("columns-open", "help", "footer-failures"):
        page.get_by_test_id(part).click()
        assert serious(page) == [], part
    page.get_by_test_id("expression").fill("value <")
    assert serious(page) == [], "expression"
    page.set_viewport_size({"width": 400, "height": 800})
    for part in ("open-overview", "close-drawer", "open-point"):
        page.get_by_test_id(part).locator("visible=true").first.click()
        blank.paint()
        assert serious(page) == [], part
    blank.close()
