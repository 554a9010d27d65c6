"""A saved page, opened from a file with nothing around it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from ui.work import saved_page


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


def test_without_scripts_the_table_and_the_picture_stand(browser, saved: Path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(saved.as_uri())
    expect(page.locator("table")).to_be_visible()
    expect(page.locator("img")).to_be_visible()
    context.close()
