"""The panel in Notebook 7: a real server, with our extension, but without JupyterLab's shell and status bar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from labserver import Server, lab
from playwright.sync_api import Page, expect
from ui.work import START, Lab, stands_still, until, write_notebook

IDLE = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
OURS = "() => [...window.jupyterapp.listPlugins()].filter(name => name.startsWith('dvlwidgets'))"
ACTIVE = "name => window.jupyterapp.isPluginActivated(name)"


@pytest.fixture
def page(own_page: Page) -> Page:
    """Not the one in which JupyterLab stays open."""
    return own_page


@pytest.fixture(scope="module")
def notebook7(folder: Path) -> Iterator[Server]:
    """Notebook 7 on the folder of notebooks."""
    with lab(folder, app=("notebook", "JupyterNotebookApp")) as running:
        yield running


def test_values_stream_keys_stay_in_the_panel_and_the_output_is_saved(
    page: Page, notebook7: Server, folder: Path
):
    notebook = write_notebook(folder, "seven", START)
    page.goto(f"{notebook7.url}/notebooks/{notebook.file.name}?token={notebook7.token}")
    page.wait_for_function(IDLE, timeout=120_000)
    opened = Lab(page, notebook)
    ours = page.evaluate(OURS)
    assert ours
    assert [name for name in ours if not page.evaluate(ACTIVE, name)] == []

    opened.run_all()
    panel = opened.panel()
    panel.expect_values()
    panel.expect_state("running")
    panel.click("pause")
    panel.expect_state("paused")
    assert stands_still(notebook)

    cells = opened.cells()
    row = panel.order()[0]
    old = panel.row(row).get_by_test_id("cell-label").inner_text().strip()
    new = "6" if old != "6" else "5"
    panel.row(row).click()
    for key in ("b", "a", "d", "d", "m", "y", "x", new):
        page.keyboard.press(key)
    expect(panel.part("edits-summary")).to_contain_text("1 relabelled, 1 dropped")
    assert [edit["op"] for edit in notebook.edits] == ["drop", "relabel"]
    assert opened.cells() == cells

    panel.click("stop")
    panel.expect_state("stopped")

    def stored() -> str:
        opened.save()
        return "".join("".join(out.get("data", {}).get("text/plain", "")) for out in notebook.stored(1))

    until(lambda: "stopped" in stored(), what="the stored output does not tell how the run ended")
    assert "<table" in "".join("".join(out["data"]["text/html"]) for out in notebook.stored(1))
