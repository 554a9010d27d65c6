"""What a person sees of a panel in a page: where things stand, how much is shown, what fits, what a chart says."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from PIL import Image
from playwright.sync_api import Locator, Page, expect
from ui.work import until

SVG: Final = "{http://www.w3.org/2000/svg}"
CLIPPED: Final = """() => [...document.querySelector('[data-dvl-panel]').shadowRoot.querySelectorAll('button, h3')]
    .filter((one) => one.checkVisibility() && !one.closest('.visually-hidden, .table-head'))
    .filter((one) => one.scrollWidth > one.clientWidth + 1 || (one.getBoundingClientRect().right > innerWidth
        && getComputedStyle(one.parentElement).overflowX !== 'auto'))
    .map((one) => one.textContent)"""
ZEROS: Final = """() => [...new Set([...document.querySelector('[data-dvl-panel]').shadowRoot.querySelectorAll('.zero')]
    .filter((one) => one.checkVisibility()).map((one) => Math.round(one.getBoundingClientRect().left)))]"""
WIDTHS: Final = ((400, 800), (700, 800), (1400, 900), (3840, 2160))
EDGE: Final = "one => { const look = getComputedStyle(one); return look.borderTopColor === look.color }"
INKS: Final = (
    "row => [...new Set([...row.querySelectorAll('.cell, .cell span, .cell s')]"
    ".map((one) => getComputedStyle(one).color))]"
)


def box(at: Locator) -> Any:
    """Where something is; a row that is made anew has no place for a moment."""
    return until(at.bounding_box, what="it is nowhere to be seen")


def until_fewer(count: Locator, most: int) -> None:
    """Waits until some points are shown, and no more than `most`."""
    expect(count).to_have_text(re.compile("^(" + "|".join(map(str, range(1, most + 1))) + ") of "))


def fits(page: Page) -> None:
    """At every width the page is no wider than the window, no word is cut off, and all bars have one scale."""
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        room = "narrow" if width < 560 else "medium" if width < 900 else "wide"
        expect(page.get_by_test_id("panel")).to_have_attribute("data-room", room)
        until(
            lambda most=width: page.evaluate("document.documentElement.scrollWidth") <= most, what="too wide"
        )
        until(lambda: page.evaluate(CLIPPED) == [], what=f"words are cut off at {width} px")
        until(lambda: len(page.evaluate(ZEROS)) == 1, what=f"bars of several scales at {width} px")


def contrasts(page: Page) -> None:
    """Who asks for contrast has edges as dark as words; with the system's colours a selected row is in one of them."""
    panel = page.get_by_test_id("panel")
    page.emulate_media(contrast="more")
    until(lambda: panel.evaluate(EDGE), what="edges are faint")
    page.emulate_media(contrast="no-preference")
    until(lambda: not panel.evaluate(EDGE), what="edges are as dark as words, and nobody asked")
    page.emulate_media(forced_colors="active")
    picked = page.locator("[data-testid=row][aria-selected=true]:visible")
    until(lambda: len(picked.evaluate(INKS)) == 1, what="a selected row has colours of its own")
    page.emulate_media(forced_colors="none")


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
