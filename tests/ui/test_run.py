"""A run in JupyterLab: streaming, the buttons, reload, several views."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import DROPPED, START, Lab, Notebook, Panel, paused_run, stands_still, until, write_notebook


def watch_values_stream(panel: Panel) -> None:
    """The same row shows at least three different values while nobody touches anything."""
    panel.expect_values()
    chart = panel.part("certainty-chart")
    seen = int(chart.get_attribute("data-points") or 0)
    first = panel.part("cell-value").all_inner_texts()
    until(lambda: int(chart.get_attribute("data-points") or 0) >= seen + 2, what="the chart did not grow")
    until(lambda: panel.part("cell-value").all_inner_texts() != first, what="the values did not move")


def press_the_buttons(panel: Panel, notebook: Notebook) -> None:
    """Pause holds the fits, resume goes on, stop ends."""
    panel.expect_state("running")
    panel.click("pause")
    panel.expect_state("paused")
    assert notebook.fits() > 0
    assert stands_still(notebook)
    at_rest = notebook.fits()
    panel.click("resume")
    panel.expect_state("running")
    until(lambda: notebook.fits() > at_rest, what="no fit was made after resume")
    panel.click("stop")
    panel.expect_state("stopped")
    assert stands_still(notebook)


def test_values_stream_and_the_buttons_work_while_the_cell_is_idle(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "idle", START)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    watch_values_stream(panel)
    press_the_buttons(panel, notebook)
    assert lab.run_code("print(panel.state, panel.run.state)") == "stopped stopped"


def test_values_stream_and_the_buttons_work_while_a_cell_awaits(page: Page, server: Server, folder: Path):
    notebook = write_notebook(
        folder, "awaiting", START, "result = await panel.run\nprint('over:', len(result))"
    )
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    watch_values_stream(panel)
    press_the_buttons(panel, notebook)
    expect(page.locator(".jp-OutputArea-output pre", has_text="over: 40")).to_be_visible(timeout=30_000)


def test_a_click_is_heard_while_a_plain_cell_keeps_the_kernel_busy(page: Page, server: Server, folder: Path):
    busy = "while not Path('go').exists():\n    time.sleep(0.05)\nprint('the cell ended')"
    notebook = write_notebook(folder, "busy", START, busy)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_values()
    panel.click("pause")
    panel.expect_state("paused")
    assert stands_still(notebook)
    (folder / "go").touch()
    expect(page.locator(".jp-OutputArea-output pre", has_text="the cell ended")).to_be_visible(timeout=30_000)


def test_a_reload_keeps_everything(page: Page, server: Server, folder: Path):
    notebook, lab, panel = paused_run(page, server, folder, "reload")
    row = panel.order()[0]
    panel.row(row).click()
    page.keyboard.press("x")
    expect(panel.row(row)).to_have_class(DROPPED)
    fits = notebook.fits()
    lab.save()
    page.reload()
    panel = lab.panel()
    panel.expect_state("paused")
    panel.expect_values()
    expect(panel.row(row)).to_have_class(DROPPED)
    expect(panel.part("edits-summary")).to_contain_text("1 dropped")
    panel.click("resume")
    panel.expect_state("running")
    until(lambda: notebook.fits() > fits)


def test_a_reload_while_running_goes_on_streaming(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "reload_running", START)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    lab.panel().expect_values()
    lab.save()
    page.reload()
    panel = lab.panel()
    panel.expect_state("running")
    watch_values_stream(panel)
    panel.click("stop")  # the page was told of this output by its file, not by the kernel
    until(lambda: "stopped" in stored_text(lab), what="the stored output still tells of the beginning")


def test_two_views_of_one_panel_and_a_second_panel_agree(page: Page, server: Server, folder: Path):
    other = "other = ValuationPanel(ShapleyValuation(utility), split.train, title='other', edits='views.jsonl')\nother"
    notebook = write_notebook(folder, "views", START, "panel", other)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    expect(page.get_by_test_id("panel")).to_have_count(
        3
    )  # each comes when the kernel has said that it has it
    one, two, three = lab.panel(0), lab.panel(1), lab.panel(2)
    one.expect_values()
    two.click("pause")
    two.expect_state("paused")
    one.into_view()
    one.expect_state("paused")
    row = one.order()[0]
    one.row(row).click()
    page.keyboard.press("x")
    for panel in (one, two, three):
        panel.into_view()
        expect(panel.part("edits-summary")).to_contain_text("1 dropped")
    three.expect_state("pending")
    one.click("stop")
    two.into_view()
    two.expect_state("stopped")


def test_the_saved_notebook_tells_how_the_run_ended(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "ended", START, rule="MaxUpdates(3)", seconds=0.0)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_state("finished")
    panel.expect_values()
    until(lambda: "finished" in stored_text(lab), what="the stored output still tells of the beginning")
    html = "".join("".join(output["data"]["text/html"]) for output in notebook.stored(1))
    assert "<table" in html
    assert "data:image/png" in html


def test_what_a_person_arranged_survives_the_end_of_the_run(page: Page, server: Server, folder: Path):
    """The stored output is written again on pause and at the end."""
    _, lab, panel = paused_run(page, server, folder, "arranged")
    panel.part("sort-label").click()
    row = panel.order()[2]
    panel.row(row).click()
    before = panel.order()
    lab.run_in_the_background("panel.stop()")
    panel.expect_state("stopped")
    expect(panel.row(row)).to_be_focused()
    assert panel.order()[:5] == before[:5]  # how many more are drawn below the edge is no matter
    page.keyboard.press("x")
    expect(panel.row(row)).to_have_class(DROPPED)


def stored_text(lab: Lab) -> str:
    """What the saved notebook says of the panel."""
    lab.save()
    bundles = [output.get("data", {}) for output in lab.notebook.stored(1)]
    return "".join("".join(bundle.get("text/plain", "")) for bundle in bundles)
