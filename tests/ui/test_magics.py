"""The magics in JupyterLab: a cell becomes a panel, its runs are listed, the tab key completes."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import Lab, until, write_notebook

CELL = """%%valuation --train split.train --test split.val --sampler permutation --until updates(10_000) --edits m.jsonl
Counting()"""
RUN_FIRST_AGAIN = """async () => {
    const {content} = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = 2;
    await window.jupyterapp.commands.execute('notebook:run-cell');
}"""


def test_a_magic_cell_shows_the_panel_lists_its_run_and_completes(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "magics", "%load_ext dvlwidgets", CELL)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_values()
    panel.expect_state("running")
    first = panel.part("cell-value").all_inner_texts()
    until(lambda: panel.part("cell-value").all_inner_texts() != first, what="the values did not move")

    listed = lab.run_code("%dvl")
    assert listed.splitlines()[0].split()[:3] == ["name", "method", "state"]
    (running,) = [line for line in listed.splitlines() if "running" in line]
    assert running.startswith("40 points  Shapley  running")

    page.evaluate(RUN_FIRST_AGAIN)  # the cell has no name for its run, but it is the same cell
    expect(page.locator(".jp-OutputArea-output pre", has_text="was stopped")).to_be_visible(timeout=30_000)
    lab.panel().expect_state("running")
    listed = lab.run_code("%dvl")
    assert sum("running" in line for line in listed.splitlines()) == 1
    assert "paused" not in listed
    lab.run_code("%dvl pause")
    lab.panel().expect_state("paused")

    _new_cell(page)
    page.keyboard.type("%%valuation --train split.train --me")
    page.keyboard.press("Tab")
    items = page.locator(".jp-Completer-item")
    expect(items).to_have_count(2)
    assert [text.strip() for text in page.locator(".jp-Completer-match").all_inner_texts()] == [
        "--method",
        "--metric",
    ]
    items.filter(has_text="--method").click()
    page.keyboard.type(" shap")
    page.keyboard.press("Tab")
    items.filter(has_text="shapley").click()
    until(lambda: lab.cells()[-1][1] == "%%valuation --train split.train --method shapley")


def _new_cell(page: Page) -> None:
    page.evaluate(
        """async () => {
            const {content} = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = content.widgets.length - 1;
            await window.jupyterapp.commands.execute('notebook:insert-cell-below');
            await window.jupyterapp.commands.execute('notebook:enter-edit-mode');
        }"""
    )
    expect(page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content")).to_be_focused()
