"""Whether a panel, live or saved, fits every width, paper, and those who want contrast or rest."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from influence_fakes import FakeExplorer
from panel_fakes import FakeValuation, dataset, progress
from playwright.sync_api import Browser, Locator, Page, expect
from ui.blank import snapshot
from ui.bridge import bridged
from ui.eyes import box, contrasts, fits
from ui.test_panel_a11y import AXE, serious
from ui.work import until, valued_digits

from dvlwidgets import Dataset, InfluencePanel, ValuationPanel
from dvlwidgets.widgets import copies
from dvlwidgets.widgets.material import Material

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_a_live_panel_fits_400_pixels_and_4k_paper_and_those_who_want_contrast_or_rest(
    browser: Browser,
) -> None:
    panel = valued_digits()
    with bridged(browser, panel, reduced_motion="reduce") as at:
        page, part = at.page, at.part
        expect(part("cell-suggested").first).to_contain_text("%")
        assert stands_still(page)
        at.row(at.order()[2]).get_by_role("checkbox").check()
        fits(page)
        until(lambda: box(part("histogram"))["width"] > 300, what="a wide window is not made use of")  # at 4k
        page.set_viewport_size({"width": 1400, "height": 900})
        contrasts(page)

        # on paper: charts, then the table, then the point, all of it within the page
        page.set_viewport_size({"width": 720, "height": 1000})
        page.emulate_media(media="print")

        def in_order() -> bool:
            tops = [box(part(name))["y"] for name in ("histogram", "table", "point-name")]
            return tops == sorted(tops)

        until(in_order, what="the parts of a printed panel are in another order")

        def on_paper() -> bool:
            number = box(part("cell-value").first.locator(".number"))
            return number["x"] + number["width"] <= 720

        until(on_paper, what="numbers off the page")
        expect(page.get_by_role("button").locator("visible=true").filter(has_text="Export")).to_have_count(0)
        expect(page.get_by_text("Drag to select.")).to_be_hidden()  # nobody drags on paper
        expect(part("whatif-card")).to_be_hidden()
        expect(part("cell-rank").nth(20)).to_be_visible()
        assert page.pdf(print_background=True).count(b"/Type /Page\n") <= 3
        expect(part("on-paper")).to_have_text(re.compile(r"Rows 1 to \d\d of 80 are on this page"))


def test_on_a_phone_the_table_has_most_of_the_panel_and_the_filters_are_behind_a_button(
    browser: Browser,
) -> None:
    with bridged(browser, valued_digits(), width=400, height=620) as at:
        page, part = at.page, at.part
        page.add_script_tag(content=AXE.read_text("utf-8"))
        expect(part("chip").filter(has_text="disagrees")).to_be_visible()
        expect(part("footer-share")).not_to_be_empty()
        fold, field, label = part("fold"), part("expression"), part("filter-label")

        def share() -> float:
            return float(box(part("table"))["height"] / box(part("panel"))["height"])

        assert share() >= 0.6
        assert len({box(chip)["y"] for chip in part("chip").locator("visible=true").all()}) == 1
        expect(fold).to_have_accessible_name("Filters")
        for hidden in (field, label, part("filter-text"), part("columns-open")):
            expect(hidden).to_be_hidden()
        assert serious(page) == [], "folded"
        fold.focus()  # by the keyboard
        page.keyboard.press("Enter")
        expect(fold).to_have_attribute("aria-expanded", "true")
        at_first = box(fold)
        expect(part("columns-open")).to_be_visible()
        assert serious(page) == [], "unfolded"
        label.select_option("3")
        field.fill("value < 1")
        field.press("Enter")
        expect(fold).to_have_text("2")
        expect(fold).to_have_accessible_name("Filters, 2 on")
        assert box(fold)["x"] == at_first["x"]
        fold.click()
        expect(field).to_be_hidden()
        assert share() >= 0.6
        chips = part("chip").filter(has_text="value < 1")  # a line that scrolls
        chips.press("Enter")
        expect(chips).to_have_count(0)
        expect(fold).to_have_text("1")
        part("chip").filter(has_text="label: 3").press("Enter")
        expect(fold).to_have_text("")
        assert page.evaluate("document.activeElement.shadowRoot.activeElement.dataset.testid") == "fold"


def test_the_buttons_of_a_run_stand_on_one_line_of_400_pixels(browser: Browser) -> None:
    panel = ValuationPanel(FakeValuation(), dataset())
    panel.run.has_rule = True
    panel.start()
    panel.run.yields(progress())
    with bridged(browser, panel, width=400, height=620) as at:
        for button in ("rule", "export", "toolbar-pause", "toolbar-stop", "help"):
            expect(at.part(button)).to_be_visible()
            assert abs(box(at.part(button))["y"] - box(at.part("open-overview"))["y"]) < 2, button


@pytest.mark.parametrize("width", [400, 700, 1400])
def test_words_that_come_into_the_foot_move_no_button(browser: Browser, width: int) -> None:
    with bridged(browser, valued_digits(), width=width, height=700) as at:
        page, button = at.page, at.part("value-again")
        expect(at.part("row").first).to_be_visible()
        row = at.row(at.order()[0])
        row.press("Control+a")  # what says how many are selected is there before and after
        expect(at.part("footer-selected")).to_be_visible()
        stood = box(button)
        row.press("Control+c")
        expect(at.part("copied")).to_have_text(re.compile("copied"))
        assert box(button) == stood
        page.keyboard.press("Escape")
        row.press("x")
        expect(at.part("saved")).to_contain_text("saved")
        assert box(button) == stood


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_saved_page_fits_the_same_and_axe_finds_nothing_serious(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    file = tmp_path / "report.html"
    now = snapshot(60, state="finished", failures=2, failure="ValueError: in /home/ada/secret.py")
    file.write_text(copies.copy_of(Material(now), "full").page(), encoding="utf-8")
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(file.as_uri())
    part = page.get_by_test_id
    expect(part("panel")).to_have_attribute("data-theme", scheme)
    assert stands_still(page)
    page.add_script_tag(content=AXE.read_text("utf-8"))
    assert serious(page) == [], "at rest"
    first(part("row")).click()
    page.keyboard.press("Space")
    expect(part("footer-selected")).to_have_text("1 selected")
    part("filter-text").fill("no such point")
    expect(page.locator(".table-empty")).to_be_visible()
    assert serious(page) == [], "nothing passes"
    part("filter-text").fill("")
    fits(page)
    page.set_viewport_size({"width": 400, "height": 800})
    for drawer in ("open-overview", "close-drawer", "open-point"):
        first(part(drawer)).click()
        assert serious(page) == [], drawer
    first(part("close-drawer")).click()
    page.set_viewport_size({"width": 1400, "height": 900})
    contrasts(page)
    context.close()


def first(of: Locator) -> Locator:
    return of.locator("visible=true").first


def stands_still(page: Page) -> bool:
    """Whether nothing moves by itself for those who ask for that."""
    still = """() => [...document.querySelector('[data-dvl-panel]').shadowRoot.querySelectorAll('*')].every((one) => {
        const {transitionDuration, animationName} = getComputedStyle(one);
        return transitionDuration.split(', ').every((time) => time === '0s') && animationName === 'none';
    })"""
    return bool(page.evaluate(still))


def test_exact_values_are_coloured_by_their_sign_and_nothing_of_them_converges(
    browser: Browser, tmp_path: Path
) -> None:
    panel = valued_digits()
    with bridged(browser, panel) as at:
        expect(at.part("row").first).to_be_visible()
        expect(at.part("export")).to_be_visible()
        exact(at.page)
        panel.save(tmp_path / "exact.html", "full")
    assert "exact values" in panel.snapshot().text
    assert "certain" not in panel.snapshot().html.split("<script", 1)[0]
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((tmp_path / "exact.html").as_uri())
    exact(page)
    page.close()


def exact(page: Page) -> None:
    part = page.get_by_test_id
    rows = part("row").locator("visible=true")
    expect(rows.first.locator(".bar")).to_have_class("bar hurts")
    expect(part("point-name")).to_be_visible()
    expect(part("certainty-chart")).to_be_hidden()
    expect(part("reason")).to_have_text(re.compile("complete"))
    words = part("panel").inner_text()
    assert "exact values" in words
    assert not re.search("converged|certainty|updates", words), words
    part("sort-value").click()
    expect(rows.first.locator(".bar")).to_have_class("bar helps")


def test_the_test_points_of_a_printed_influence_panel_stand_in_one_table(browser: Browser) -> None:
    images, labels = np.random.default_rng(0).random((60, 16)), np.arange(60) % 3
    train, test = Dataset(images, labels), Dataset(images[:20] / 2, labels[:20])
    panel = InfluencePanel(FakeExplorer(train, test), train, test, image_shape=(4, 4))
    panel.start()
    panel.wait()
    with bridged(browser, panel) as at:
        rows = at.part("tests").get_by_test_id("row").locator("visible=true")
        expect(rows.nth(5)).to_be_visible()
        at.page.emulate_media(media="print")
        expect(at.page.locator(".overview")).to_have_css("column-count", "auto")
