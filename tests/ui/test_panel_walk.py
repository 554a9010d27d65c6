"""A walk through the panel by hand and by keys, in a page without a kernel: its Python half is in this process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, expect
from ui.bridge import Bridge, bridged
from ui.eyes import until_fewer
from ui.work import valued_digits

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_columns_refine_the_order_filters_combine_and_keys_edit(browser: Browser) -> None:
    panel = valued_digits()
    with bridged(browser, panel) as at:
        expect(at.part("cell-suggested").first).to_contain_text("%")  # closed forms have a model, too
        refine(at, panel)
        combine(at, panel)
        hand_over(at)
        by_keys(at)
        gallery(at)


def refine(at: Bridge, panel: Any) -> None:
    """A second column refines the first."""
    values, labels = panel.values.values, panel._session.train.labels.astype(str)
    at.part("sort-label").click()
    at.part("sort-value").click(modifiers=["Shift"])
    at.part("sort-value").click(modifiers=["Shift"])
    expect(at.page.locator("[data-column=value]")).to_have_attribute("aria-sort", "descending")
    expect(at.part("sort-label")).to_contain_text("▲1")
    shown = at.order()
    assert shown == np.lexsort((-values, labels))[: len(shown)].tolist()
    at.part("sort-value").click()


def combine(at: Bridge, panel: Any) -> None:
    """Chips, a class and a text, all at once; a chip takes itself away."""
    page, part, train = at.page, at.part, panel._session.train
    count = part("footer-shown")
    page.locator("[data-chip=lowest]").click()
    expect(count).to_have_text("4 of 80 shown")
    page.locator("[data-chip=lowest]").click()
    page.locator("[data-chip=disagrees]").click()
    expect(count).not_to_have_text("80 of 80 shown")
    part("filter-label").select_option(str(train.labels[0]))
    part("filter-text").fill(str(train.ids[0])[:1])
    until_fewer(count, 8)
    part("clear-filters").click()
    expect(count).to_have_text("80 of 80 shown")


def hand_over(at: Bridge) -> None:
    """A suggestion is taken by its key; a column is chosen; the table goes to Parquet, the selection to Python."""
    page, part = at.page, at.part
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
    expect(part("export-csv")).to_have_text("Table as CSV: columns shown")
    expect(part("export-parquet")).to_have_text("Table as Parquet: all columns")
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


def by_keys(at: Bridge) -> None:
    """Next, previous, drop, undo, redo, the list of keys."""
    page, part, rows = at.page, at.part, at.order()
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


def gallery(at: Bridge) -> None:
    """The lowest first: a gallery is walked by arrows."""
    page, part, rows = at.page, at.part, at.order()
    part("as-gallery").click()
    tiles = part("gallery").locator("[data-row]:visible")
    for i in range(4):
        expect(tiles.nth(i)).to_have_attribute("data-row", str(rows[i]))
    tiles.first.click()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    expect(part("point-name")).to_have_text("point 3 of 80 shown")
    expect(tiles.nth(2)).to_be_focused()
    page.keyboard.press("v")
    expect(part("larger")).to_have_attribute("data-row", str(rows[2]))
    page.keyboard.press("Escape")
    expect(part("larger")).to_be_hidden()
