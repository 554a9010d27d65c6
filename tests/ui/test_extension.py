"""The JupyterLab extension: its commands, its button, its keys, and the one key that leaves the panel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from jupyterlab.commands import get_app_dir
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
    page.keyboard.press("Escape")
    page.locator(".jp-NotebookPanel-toolbar [data-command='dvlwidgets:show-runs']").click()
    expect(page.locator(".dvl-runs")).to_be_visible()


def shortcuts(*schemas: Path) -> Iterator[tuple[str, str, str]]:
    """(keys, selector, command) of settings schemas."""
    for schema in schemas:
        for shortcut in json.loads(schema.read_text(encoding="utf-8")).get("jupyter.lab.shortcuts", []):
            yield " ".join(shortcut["keys"]), shortcut["selector"], shortcut["command"]


def test_no_key_of_ours_is_jupyterlabs(repository: Path):
    theirs = Path(get_app_dir(), "schemas", "@jupyterlab").glob("*/*.json")
    everywhere = {keys.replace("Ctrl", "Accel"): command for keys, _, command in shortcuts(*theirs)}
    assert "Accel S" in everywhere
    own = ".dvl-runs .dvl-run"  # elements that JupyterLab has no keys for, but those of the body
    for keys, selector, command in shortcuts(repository / "js" / "schema" / "plugin.json"):
        if selector == own:
            assert " " not in keys.replace("Shift ", ""), f"{command}: a key of the list is a plain one"
        else:
            assert keys not in everywhere, f"{keys} is {everywhere[keys]} in JupyterLab, {command} here"


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
