"""Selection and filters go both ways between a page and Python; the table is taken away; the rule is changed."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import paused_run


def test_page_and_python_share_selection_and_filters_and_the_table_is_taken_as_it_is_shown(
    page: Page, server: Server, folder: Path
) -> None:
    _, lab, panel = paused_run(page, server, folder, "view")
    first, second = panel.order()[:2]
    expect(panel.part("export")).to_be_visible(timeout=60_000)
    panel.row(first).get_by_role("checkbox").check()
    panel.row(second).get_by_role("checkbox").check()
    seen = "import time\nend = time.time() + 20\nwhile len(panel.selection) != 2 and time.time() < end:\n"
    seen += "    time.sleep(0.05)\nprint(panel.selection.tolist())"
    assert lab.run_code(seen) == str(sorted([first, second]))
    panel.into_view()

    # from Python to the page
    lab.run_in_the_background("panel.selection = [4, 7, 9]\npanel.filters = {'presets': ['selected']}")
    expect(panel.part("row").locator("visible=true")).to_have_count(3)
    assert sorted(panel.order()) == [4, 7, 9]

    # what is shown is what is taken
    panel.part("export").click()
    expect(panel.part("export-menu")).to_be_visible()
    with page.expect_download() as taken:
        panel.part("export-csv").click()
    with open(taken.value.path(), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert taken.value.suggested_filename == "view.csv"

    # when it stops, and as what it is read
    panel.part("rule").click()
    panel.part("rule-certainty").fill("42")
    panel.part("rule-minutes").fill("90")
    panel.part("rule-change").click()
    expect(panel.part("rule")).to_have_attribute("title", re.compile(r"rtol=0\.58"))
    assert "0.58" in lab.run_code("print(panel.run.valuation.is_done)")
    panel.into_view()
    panel.part("export").click()
    expect(panel.part("as-Shapley")).to_have_attribute("aria-pressed", "true")
    panel.part("as-Banzhaf").click()
    expect(panel.at.locator(".method")).to_contain_text("Banzhaf (from Shapley)", timeout=20_000)
    assert "Banzhaf (from Shapley)" in lab.run_code("print(panel.semivalue)")
    panel.into_view()
    panel.part("export").click()
    expect(panel.part("as-Banzhaf")).to_have_attribute("aria-pressed", "true")
    panel.part("beside-Shapley").click()
    expect(panel.at.locator("[data-column='x:as Shapley']").first).to_be_visible(timeout=20_000)
    assert lab.run_code("panel.semivalue = None; print(panel.semivalue)") == "Shapley"
    expect(panel.at.locator(".method")).not_to_contain_text("Banzhaf", timeout=20_000)
