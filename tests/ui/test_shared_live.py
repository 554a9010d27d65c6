"""A stored output is written again while somebody works in the live panel, who must not notice."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import START, Lab, until, write_notebook

STORED = "window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.get(0).data"


PANELS = (
    "window.jupyterapp.shell.currentWidget.content.widgets[1].outputArea.node"
    ".querySelectorAll('[data-dvl-panel]').length"
)


def dropped_in_output(page: Page) -> int:
    """How many drops the output of the second cell tells its readers."""
    return int(page.evaluate(f"""({STORED}['text/html'].match(/"field":"dropped"/g) ?? []).length"""))


def test_edits_reach_the_stored_output_and_the_live_view_stays_as_it_is(
    page: Page, server: Server, folder: Path
):
    notebook = write_notebook(folder, "stays", START, rule="MaxUpdates(3)")
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_state("finished")
    until(lambda: page.evaluate(f"'application/vnd.dvlwidgets.snapshot+json' in {STORED}"))
    panel = lab.panel()  # the output became another kind: this view is a new one
    expect(panel.at).to_have_attribute("data-live", "")
    panel.at.evaluate("element => { element.dataset.same = 'yes' }")
    grid = panel.part("table")
    panel.part("row").first.click()
    page.keyboard.press("End")
    for count in (1, 2):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("x")
        expect(panel.part("saved")).to_contain_text(f"{count} edit")
        top, shown = grid.evaluate("element => element.scrollTop"), panel.order()
        until(lambda count=count: dropped_in_output(page) == count, what="the edit is not in the output")
        expect(panel.at).to_have_attribute("data-same", "yes")
        assert page.evaluate(PANELS) == 1
        assert (grid.evaluate("element => element.scrollTop"), panel.order()) == (top, shown)
    assert top > 0
    page.keyboard.press("u")  # the focus is still in the table
    until(lambda: dropped_in_output(page) == 1, what="the undo is not in the output")
    assert len(lab.cells()) == 2
