"""The JupyterLab extension, and the one key that leaves the panel."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import START, Lab, until, write_notebook

COMMAND = "window.jupyterapp.commands.execute('dvlwidgets:next-panel')"
ACTIVE = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"


def test_the_command_goes_to_the_next_panel_starts_over_and_is_in_the_palette(
    page: Page, server: Server, folder: Path
):
    many_lines = "\n".join(["1"] * 60)
    notebook = write_notebook(folder, "command", START, many_lines, "panel", rule="MaxUpdates(2)")
    lab = Lab.open(page, server, notebook)
    assert page.evaluate(COMMAND) is None  # there is no panel yet
    lab.run_all()
    lab.panel(1)
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0")
    for cell in (1, 3, 1):
        answer = page.evaluate(COMMAND)
        assert answer == cell == page.evaluate(ACTIVE)
        expect(page.get_by_test_id("panel").nth(0 if cell == 1 else 1)).to_be_in_viewport()
    page.evaluate("window.jupyterapp.commands.execute('apputils:activate-command-palette')")
    page.keyboard.type("next valuation panel")
    item = page.locator(".lm-CommandPalette-item", has_text="Scroll to the Next Valuation Panel")
    expect(item).to_be_visible()


def test_ctrl_s_in_the_panel_saves_the_notebook(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "save", START, rule="MaxUpdates(2)")
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_state("finished")
    assert not notebook.stored(1)
    panel.part("row").first.click()
    page.keyboard.press("Control+s")
    until(lambda: notebook.stored(1), what="the notebook was not saved")
