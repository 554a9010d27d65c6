"""What axe finds in a panel whose every part is open, in light and in dark."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from influence_fakes import FakeExplorer
from playwright.sync_api import Browser, Page, expect
from ui.blank import Blank, before, course, full
from ui.bridge import Bridge, bridged
from ui.work import valued_digits

from dvlwidgets import Dataset, InfluencePanel
from dvlwidgets.evaluation.drop_curve import DropCurve

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
FOUND = """async (parts) => (await axe.run(parts === null ? document : parts.map((part) => ({
    fromShadowDom: ['[data-dvl-panel]', part]})), {resultTypes: ['violations']})).violations.map(
    ({id, impact, help, nodes}) => ({id, impact, help, nodes: nodes.map(
        ({target, any, all}) =>
            [target.flat().join(' '), ...[...any, ...all].map((one) => one.message)].join(': '))}))"""

SEEN = """[...document.querySelector('[data-dvl-panel]').shadowRoot.querySelectorAll('.panel > *')]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().height > 0)
    .map((one) => one.className)"""

THEME = "scheme => { document.body.dataset.dvlTheme = scheme; document.body.style.colorScheme = scheme }"


def serious(page: Page, *parts: str) -> list[dict[str, Any]]:
    """The violations that keep people from using the page, or some parts of the panel."""
    found: list[dict[str, Any]] = page.evaluate(FOUND, parts or None)
    return [one for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_whatever_is_open(browser: Browser, scheme: str) -> None:
    blank = Blank.open(browser, color_scheme=scheme)
    page = blank.page
    page.evaluate(THEME, scheme)
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


@pytest.mark.parametrize("module", ["widget", "influence"])
def test_nothing_behind_the_words_that_wait_can_be_seen_or_reached(browser: Browser, module: str) -> None:
    blank = Blank.open(browser)
    blank.mount(module=module)
    expect(blank.page.get_by_test_id("waiting")).to_be_visible()
    assert blank.page.evaluate(SEEN) == ["waiting"]
    for _ in range(3):
        blank.page.keyboard.press("Tab")
    assert blank.page.evaluate("document.activeElement === document.body")
    blank.close()


def check(at: Bridge, *parts: str) -> None:
    """Nothing serious in these parts, in light nor in dark."""
    for scheme in ("light", "dark"):
        at.page.evaluate(THEME, scheme)
        expect(at.part("panel")).to_have_attribute("data-theme", scheme)
        assert serious(at.page, *parts) == [], scheme


def test_axe_finds_nothing_serious_in_what_python_answers(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # logs of edits are kept there
    panel = valued_digits(80)
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        page.add_script_tag(content=AXE.read_text("utf-8"))
        expect(part("cell-suggested").first).to_contain_text("%")
        at.overview_end()
        part("test-look").click()
        part("test-doubt").first.click()
        page.keyboard.press("f")
        expect(part("test-edits-summary")).to_contain_text("1 flagged")
        part("whatif").click()
        expect(part("whatif-card")).to_have_attribute("data-state", "done", timeout=120_000)
        at.row(at.order()[0]).click()
        for key in ("x", "f", "3"):
            page.keyboard.press(key)
        part("picture-map").click()
        expect(part("map")).to_have_attribute("data-points", "80")
        check(at, ".overview", ".detail")
        part("enlarge").click()
        check(at, ".pictures-large")
        page.keyboard.press("Escape")
        part("log-open").click()
        expect(part("log-entry")).to_have_count(3)
        check(at, ".sheet.log")

    images, labels = np.random.default_rng(0).random((60, 16)), np.arange(60) % 3
    train, test = Dataset(images, labels), Dataset(images[:20] / 2, labels[:20])
    influence = InfluencePanel(FakeExplorer(train, test), train, test, image_shape=(4, 4))
    influence.start()
    influence.wait()
    with bridged(browser, influence) as at:
        page, part = at.page, at.part
        page.add_script_tag(content=AXE.read_text("utf-8"))
        cards = part("harmful").get_by_test_id("card").filter(visible=True)
        cards.first.click()
        page.locator(".detail [data-testid=relabel-button][aria-pressed=false]").first.click()
        expect(part("stale")).to_be_visible()
        expect(page.locator(".galleries")).not_to_have_attribute("data-outdated", "")  # no longer pale
        check(at, ".panel")
        part("panel").locator("[data-testid=tab][data-chip=training]").click()
        check(at, ".overview", ".chips", ".detail")
        part("as-pictures").click()
        check(at, ".work-training")


def test_keys_go_on_when_the_button_that_was_pressed_goes_away(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a second try begins without the edits of the first
    seen = threading.Event()
    run = DropCurve.run

    def held(curve: DropCurve) -> Iterator[int]:
        """Refits that are over before the page has painted would leave the button where it is."""
        seen.wait(60)
        yield from run(curve)

    monkeypatch.setattr(DropCurve, "run", held)
    with bridged(browser, valued_digits()) as at:
        expect(at.part("row").first).to_be_visible()
        first = at.order()[0]
        summary = at.part("edits-summary")
        at.row(first).click()
        at.page.keyboard.press("x")
        expect(summary).to_contain_text("1 dropped")
        at.part("undo").first.click()  # nothing is left to undo: the button is disabled
        expect(summary).to_have_text("None yet.")
        expect(at.row(first)).to_be_focused()
        at.page.keyboard.press("U")
        expect(summary).to_contain_text("1 dropped")
        at.part("whatif").click()  # its place is taken by one that cancels
        expect(at.row(first)).to_be_focused()
        seen.set()
        at.page.keyboard.press("u")
        expect(summary).to_have_text("None yet.")


@pytest.mark.parametrize("goes", ["disabled", "hidden"])
def test_keys_go_on_when_the_button_that_was_pressed_is_back_at_once(browser: Browser, goes: str) -> None:
    """Its focus is lost although it can be seen again before the next frame: a quick answer on a slow page."""
    blank = Blank.open(browser)
    blank.mount()
    blank.tell(full(60))
    page = blank.page
    row = page.get_by_test_id("row").first
    row.click()
    page.get_by_test_id("help").evaluate(
        """(button, goes) => {
            const back = () => requestAnimationFrame(() => (button[goes] = false)); // before the panel's own
            button.addEventListener('focusout', back, {once: true});
            button.focus();
            button[goes] = true;
        }""",
        goes,
    )
    expect(row).to_be_focused()
    expect(page.get_by_test_id("help")).to_be_enabled()
    page.keyboard.press("?")
    expect(page.get_by_test_id("sheet")).to_be_visible()
    blank.close()
