"""A stored output is written again while somebody works in the live panel, who must not notice."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import START, Lab, until, write_notebook

STORED = "window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.get(0).data"
HAS_COPY = f"{STORED}['text/html'].includes('dvl-snapshot-data')"
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
    panel.at.evaluate("element => { element.dataset.same = 'yes' }")
    panel.expect_state("finished")
    until(lambda: page.evaluate(HAS_COPY))
    expect(panel.at).to_have_attribute("data-live", "")
    expect(panel.at).to_have_attribute("data-same", "yes")
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


def test_one_view_stays_while_a_run_is_stored_and_a_lost_kernel_leaves_the_values_so_far(
    page: Page, server: Server, folder: Path
):
    notebook = write_notebook(folder, "one view", START)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_state("running")
    panel.at.evaluate("element => { element.dataset.same = 'yes' }")
    until(lambda: page.evaluate(HAS_COPY), what="no copy came while it ran")
    panel.expect_state("running")
    expect(panel.at).to_have_attribute("data-same", "yes")
    assert page.evaluate(PANELS) == 1
    panel.click("stop")
    panel.expect_state("stopped")
    until(lambda: page.evaluate(f"{STORED}['text/plain'].includes('stopped')"), what="the end is not stored")
    expect(panel.at).to_have_attribute("data-same", "yes")
    panel.expect_values()

    lab.run_all()
    lab.panel().expect_state("running")
    until(lambda: page.evaluate(HAS_COPY), what="no copy of the second run came")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    expect(page.locator(".dvl-copy-note")).to_have_text("A saved copy; run the cell to make it live.")
    saved = lab.panel()
    expect(saved.part("footer-shown")).to_have_text("40 of 40 shown")
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)


def test_a_run_that_never_began_leaves_its_sentence_and_no_error(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "never", "panel")
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    lab.panel().expect_state("pending")
    lab.save()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    output = page.locator(".dvl-snapshot-output")
    expect(output.locator(".dvl-copy-note")).to_have_text("A saved copy; run the cell to make it live.")
    expect(output).to_contain_text("40 points")
    expect(output.get_by_role("alert")).to_have_count(0)
    page.goto(f"{server.url}/lab/tree/{notebook.file.name}?token={server.token}&reset")
    expect(output).to_contain_text("40 points")
    expect(page.get_by_text("Error displaying widget").locator("visible=true")).to_have_count(0)
    expect(page.get_by_text("Loading widget").locator("visible=true")).to_have_count(0)
