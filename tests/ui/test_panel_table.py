"""The table's headers, filters and columns, in a browser: what is dragged, typed, chosen and copied."""

from __future__ import annotations

import re
from pathlib import Path

from labserver import Server
from playwright.sync_api import Locator, Page, expect
from ui.work import Panel, paused_run, until

FILTERED = re.compile(r"^([1-9]|[12]\d|3\d) of 40 shown$")


def drag(page: Page, at: Locator, start: float, end: float) -> None:
    """From one share of the width of an element to another."""
    box = at.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y)
    page.mouse.move(box["x"] + end * box["width"], y)
    page.mouse.up()


def heads(panel: Panel) -> list[str]:
    """The columns from left to right."""
    found = panel.at.locator("[role=columnheader]").all()
    return [head.get_attribute("data-column") or "" for head in found]


def wide(panel: Panel, column: str) -> float:
    """The width of a column."""
    box = panel.at.locator(f"[data-column={column}]").bounding_box()
    return 0.0 if box is None else box["width"]


def test_headers_filter_expressions_complete_and_columns_are_arranged(
    page: Page, server: Server, folder: Path
) -> None:
    page.set_viewport_size({"width": 1500, "height": 900})
    _, lab, panel = paused_run(page, server, folder, "table")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    shown = panel.part("footer-shown")
    # what the model suggests comes after the first values, and is compared with the labels
    expect(panel.part("cell-suggested").first).to_contain_text("%", timeout=60_000)

    drag(page, panel.part("mini-value"), 0.3, 0.95)
    expect(shown).to_have_text(FILTERED)
    panel.part("clear-filters").click()
    expect(shown).to_have_text("40 of 40 shown")

    panel.part("mini-label").click(position={"x": 4, "y": 10})
    chip = panel.at.locator("[data-chip=classes-label]")
    expect(chip).to_contain_text("label: 0")
    panel.part("mini-label").press("ArrowRight")
    panel.part("mini-label").press("Space")
    expect(chip).to_contain_text("label: 0, 1")
    chip.click()
    expect(shown).to_have_text("40 of 40 shown")

    field = panel.part("expression")
    field.click()
    page.keyboard.type("lab")
    expect(panel.part("expression-options").get_by_role("option").first).to_contain_text("label")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("label ")
    page.keyboard.type('= "3"')
    page.keyboard.press("Enter")
    expect(panel.part("expression-error")).to_contain_text("Write == instead of =.")
    field.fill('label in ("3", "5")')
    page.keyboard.press("Enter")
    expect(shown).to_have_text(FILTERED)
    expect(panel.at.locator("[data-chip=expression]")).to_contain_text('label in ("3", "5")')

    # a new view of the same output has the same filters and columns
    panel.part("columns-open").click()
    panel.part("show-converged").check()
    panel.part("pin-label").click()
    panel.part("columns-close").click()
    until(lambda: heads(panel)[:2] == ["select", "label"])
    lab.run_in_the_background("from IPython.display import display; panel._output.refresh()")
    expect(panel.at.locator("[data-chip=expression]")).to_be_visible()
    until(lambda: "converged" in heads(panel))

    before = heads(panel)
    value = panel.at.locator("[data-column=value] .sort")
    box, to = value.bounding_box(), panel.at.locator("[data-column=rank]").bounding_box()
    assert box is not None
    assert to is not None
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] - 20, box["y"] + 8)
    page.mouse.move(to["x"] + 4, to["y"] + 8)
    page.mouse.up()
    until(lambda: heads(panel).index("value") < before.index("value"))
    expect(panel.at.locator("[data-column=value]")).to_have_attribute("aria-sort", "ascending")

    edge = panel.part("edge-value")
    width = wide(panel, "value")
    drag(page, edge, 0.5, 10.5)
    until(lambda: wide(panel, "value") > width + 40)

    panel.part("row").first.click()
    page.keyboard.press("Control+c")
    expect(panel.part("copied")).to_have_text("1 row copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    names, cells = (line.split("\t") for line in copied.split("\n"))
    assert len(names) == len(cells)
    assert {"label", "value", "converged", "suggested"} <= set(names)
    assert cells[names.index("label")] in {"3", "5"}

    # so does a page that is loaded again: Python kept how the table was arranged, and what filtered it
    panel.part("sort-label").click()
    arranged, width = heads(panel), round(wide(panel, "value"))
    kept = "panel._desk.parts['view'].arrangement.get('sort')"
    seen = f"end = time.time() + 20\nwhile {kept} != [['label', False]] and time.time() < end:\n"
    assert lab.run_code(f"{seen}    time.sleep(0.05)\nprint({kept})") == "[['label', False]]"
    lab.save()
    page.reload()
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=90_000)
    again = lab.panel()
    again.into_view()
    expect(again.at.locator("[data-chip=expression]")).to_contain_text('label in ("3", "5")')
    expect(again.at.locator("[data-column=label]")).to_have_attribute("aria-sort", "ascending")
    until(lambda: heads(again) == arranged)
    until(lambda: round(wide(again, "value")) == width)
