"""Larger previews in the panel: under the pointer, by key, in the point's column; missing files."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import Lab, write_notebook

IMAGES = """
from PIL import Image
for i in range(40):
    Image.new("RGB", (300, 200 + 10 * (i % 3)), (6 * i, 90, 160)).save(f"look{i}.png")
for i in range(3, 40, 5):
    Path(f"look{i}.png").unlink()
panel = ValuationPanel(valuation, split.train, title="look", previews=[f"look{i}.png" for i in range(40)])
panel.start()
panel
"""


def test_a_preview_is_enlarged_under_the_pointer_and_by_key_says_why_it_failed(
    page: Page, server: Server, folder: Path
):
    page.set_viewport_size({"width": 1500, "height": 900})
    lab = Lab.open(page, server, write_notebook(folder, "look", IMAGES, rule="MaxUpdates(3)"))
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    lab.run_all()
    panel = lab.panel()
    panel.expect_state("finished", 60_000)
    panel.into_view()
    larger = panel.part("larger")

    there = [row for row in panel.order()[1:4] if row % 5 != 3]

    # the pointer rests on a picture; it goes, the picture closes
    second = there[0]
    third = panel.order()[panel.order().index(second) + 1]
    panel.row(second).get_by_test_id("preview").hover()
    expect(larger).to_have_attribute("data-row", str(second))
    expect(panel.part("larger-image")).to_have_js_property("width", 300)
    page.mouse.move(2, 2)
    expect(larger).to_be_hidden()

    # by key, and along with the arrows; Escape closes; the column holds the picture at full size
    panel.row(second).click()
    expect(panel.part("point-preview")).to_have_js_property("width", 300)
    page.keyboard.press("v")
    expect(larger).to_have_attribute("data-row", str(second))
    page.keyboard.press("ArrowDown")
    expect(larger).to_have_attribute("data-row", str(third))
    page.keyboard.press("Escape")
    expect(larger).to_be_hidden()

    # a file that is not there is a mark, with the reason
    gone = next(row for row in panel.order()[:12] if row % 5 == 3)
    panel.row(gone).get_by_test_id("preview").hover()
    expect(panel.part("larger-text")).to_contain_text(f"look{gone}.png")
    page.mouse.move(2, 2)
