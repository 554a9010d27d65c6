"""What a panel does at once, in a browser: features that are no columns yet are fetched, keys count before a frame."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from ui.bridge import bridged
from ui.work import until, valued_digits

pytestmark = pytest.mark.usefixtures("in_a_folder")

QUICK = """(grid, second) => {
    const written = [];
    Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => written.push(text)}});
    grid.querySelector(`[data-testid=row][data-row="${second}"]`).click();
    grid.getRootNode().activeElement.dispatchEvent(
        new KeyboardEvent('keydown', {key: 'c', ctrlKey: true, bubbles: true, composed: true, cancelable: true}));
    return new Promise((resolve) => setTimeout(() => resolve(written), 500));
}"""
"""A click and a key in one frame."""


def test_what_is_copied_is_the_row_chosen_a_moment_before(browser: Browser) -> None:
    panel = valued_digits()
    with bridged(browser, panel) as at:
        expect(at.part("cell-suggested").first).to_contain_text("%")
        first, second = at.order()[:2]
        at.row(first).click()
        expect(at.row(first)).to_be_focused()
        (copied,) = at.part("table").first.evaluate(QUICK, second)
        names, cells = (line.split("\t") for line in copied.split("\n"))
        assert cells[names.index("rank")] == "2", (first, second, copied)


def test_an_expression_fetches_the_feature_that_it_names(browser: Browser) -> None:
    panel = valued_digits()
    train = panel._session.train
    x, names = np.asarray(train.x), [str(name) for name in train.feature_names]
    ink, other = names.index("pixel_2_3"), names.index("pixel_3_4")
    with bridged(browser, panel) as at:
        page, part, count = at.page, at.part, at.part("footer-shown")
        expect(part("cell-suggested").first).to_contain_text("%")
        field = part("expression")
        field.click()
        page.keyboard.type("pixel_2_3")
        expect(part("expression-options")).to_contain_text("pixel_2_3")  # offered before it is here
        page.keyboard.type(" > 0.5 and value < 1")
        page.keyboard.press("Enter")
        expect(count).to_have_text(f"{np.sum(x[:, ink] > 0.5)} of 80 shown")
        expect(part("expression-error")).to_be_hidden()
        field.fill("pixel_2_33 > 0")
        page.keyboard.press("Enter")
        expect(part("expression-error")).to_contain_text(
            "There is no column pixel_2_33; did you mean pixel_2_3?"
        )

        # from Python, too, once it has heard of what the page filters by
        expect(field).to_be_focused()
        until(lambda: page.evaluate("0") == 0 and panel.filters)
        panel.filters = {"expression": "pixel_3_4 > 0.5"}
        expect(count).to_have_text(f"{np.sum(x[:, other] > 0.5)} of 80 shown")
        expect(page.locator("[data-chip=expression]")).to_have_attribute("title", re.compile("^Remove"))


def test_the_map_offers_every_feature_that_holds_numbers_and_fetches_the_one_chosen(browser: Browser) -> None:
    panel = valued_digits()
    with bridged(browser, panel) as at:
        part = at.part
        expect(part("cell-suggested").first).to_contain_text("%")
        part("picture-map").click()
        plane, across = part("map"), part("map-x")
        across.select_option(label="pixel_2_3")
        part("map-y").select_option(label="value")
        expect(plane).to_have_attribute("data-points", "80")
        expect(plane).to_have_attribute("aria-label", re.compile("pixel_2_3"))
        expect(across).to_have_value("x:feature:pixel_2_3")
        expect(across.locator("option", has_text="pixel_2_3")).to_have_count(1)
