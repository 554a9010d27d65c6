"""What reads filter expressions comes after the panel: what a person sees until it does, and where it cannot."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from influence_fakes import FakeExplorer, two_sets
from playwright.sync_api import Browser, expect
from ui.bridge import bridged
from ui.work import until, valued_digits

from dvlwidgets import InfluencePanel

pytestmark = pytest.mark.usefixtures("in_a_folder")

BROKEN = 'export default () => { throw new Error("refused") }'


class Slow:
    """A kernel that lets the page wait for its module of expressions."""

    def __init__(self, panel: Any) -> None:
        self._send, self._held = panel.send, []
        panel.send = self._tell

    def _tell(self, content: Any, buffers: Any = None) -> None:
        if content.get("part") == "expression":
            self._held.append(content)
        else:
            self._send(content, buffers)

    @property
    def asked(self) -> int:
        return len(self._held)

    def answer(self, text: str | None = None) -> None:
        """With the module, or with `text` instead."""
        self._send(self._held[-1] if text is None else self._held[-1] | {"text": text})


def test_an_expression_from_python_says_that_it_does_not_filter_yet_and_then_does(browser: Browser) -> None:
    panel = valued_digits()
    negative = int(np.sum(np.asarray(panel.wait().values) < 0))
    panel.filters = {"expression": "value < 0"}
    with bridged(browser, panel) as at:
        kernel, count = Slow(panel), at.part("footer-shown")
        chip = at.page.locator("[data-chip=expression]")
        expect(chip).to_have_attribute("title", re.compile("comes in a moment"))
        expect(count).to_have_text("80 of 80 shown")
        until(lambda: bool(at.page.evaluate("true")) and kernel.asked > 0)
        kernel.answer(BROKEN)
        expect(chip).to_have_attribute("title", re.compile("could not be loaded"))
        expect(at.page.locator(".chips p.muted")).to_contain_text("refused")
        expect(count).to_have_text("80 of 80 shown")
        asked = kernel.asked
        at.page.get_by_role("button", name="Try again").click()
        until(lambda: bool(at.page.evaluate("true")) and kernel.asked > asked)
        kernel.answer()
        expect(chip).to_have_attribute("title", "Remove the filter value < 0")
        expect(at.page.locator(".chips p.muted")).to_have_count(0)
        expect(count).to_have_text(f"{negative} of 80 shown")


@pytest.mark.parametrize("width", [1400, 400])
def test_a_slash_leads_to_the_field_and_what_is_written_then_edits_nothing(
    browser: Browser, width: int
) -> None:
    panel = valued_digits()
    negative = int(np.sum(np.asarray(panel.wait().values) < 0))
    with bridged(browser, panel, width=width, turn=False) as at:
        expect(at.part("row").first).to_be_visible()
        at.part("row").first.focus()
        at.page.keyboard.type("/value < 0")  # a letter of it would relabel or accept
        expect(at.part("expression")).to_have_value("value < 0")
        at.page.keyboard.press("Enter")
        expect(at.part("footer-shown")).to_have_text(f"{negative} of 80 shown")
        expect(at.part("saved")).not_to_contain_text("edit")
        at.page.keyboard.press("Escape")
        at.part("row").first.focus()
        at.page.keyboard.press("?")
        expect(at.part("sheet")).to_contain_text("filter by an expression")


def test_nothing_comes_untouched_and_what_is_written_meanwhile_is_kept(browser: Browser) -> None:
    panel = valued_digits()
    with bridged(browser, panel, turn=False) as at:
        kernel, field = Slow(panel), at.part("expression")
        expect(at.part("cell-suggested").first).to_contain_text("%")
        assert kernel.asked == 0
        field.click()
        at.page.keyboard.type("value < 0")
        at.page.keyboard.press("Enter")
        expect(field).to_have_attribute("aria-busy", "true")
        expect(at.part("footer-shown")).to_have_text("80 of 80 shown")
        until(lambda: bool(at.page.evaluate("true")) and kernel.asked > 0)
        kernel.answer()
        expect(at.page.locator("[data-chip=expression]")).to_have_text("value < 0")
        expect(at.part("footer-shown")).not_to_have_text("80 of 80 shown")


def test_completions_lie_below_the_field_wherever_the_panel_stands(browser: Browser) -> None:
    train, test, _ = two_sets()
    panel = InfluencePanel(FakeExplorer(train, test), train, test, title="blobs")
    panel.start()
    panel.wait(60)
    with bridged(browser, panel) as at:
        at.page.evaluate("document.getElementById('at').style.cssText = 'padding: 70px 0 0 90px'")
        expect(at.part("tests").get_by_test_id("row").first).to_be_visible()
        at.page.locator("[data-testid=tab][data-chip=training]").click()
        at.part("expression").click()
        expect(at.part("expression-options")).to_be_visible()
        field = at.part("expression").bounding_box()
        options = at.part("expression-options").bounding_box()
        assert field is not None
        assert options is not None
        below = options["y"] - field["y"] - field["height"]
        assert 0 < below < 12
        assert abs(options["x"] - field["x"]) < 4
