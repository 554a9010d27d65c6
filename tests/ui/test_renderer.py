"""Shared copies in JupyterLab: interactive without a kernel, trusted or not; live while the kernel has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from labserver import Server, open_lab
from nbformat.sign import NotebookNotary
from playwright.sync_api import ElementHandle, Locator, Page, expect
from ui.shared_copies import EVIL, WithEdits, material
from ui.work import ASK, START, Lab, Notebook, Panel, busy_until, paused_run, until, write_notebook

from dvlwidgets.widgets import copies

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
GONE = "0123456789abcdef0123456789abcdef"
"""Id of a model that no kernel has."""
WITHOUT_KERNEL = """async path => {
    const kernelPreference = {shouldStart: false, canStart: false, autoStartDefault: false};
    await window.jupyterapp.restored;
    await window.jupyterapp.commands.execute('docmanager:open', {path, kernelPreference});
}"""
OUTPUTS = ".jp-Notebook .jp-OutputArea-output"
NEW_VIEW = "window.jupyterapp.commands.execute('notebook:create-output-view')"


def output(bundle: dict[str, Any], *, view: bool = True) -> Any:
    """A stored output; `view` adds the widget that a reader's kernel does not have."""
    views = {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": GONE}} if view else {}
    return nbformat.v4.new_output("display_data", data=bundle | views)


def shared_notebook(folder: Path, name: str) -> Path:
    """One output of each kind: some points, a summary, a damaged payload, none, and the HTML alone."""
    tested: Any = WithEdits(folder / name)
    shown = replace(material(5000), tests=lambda: tested)
    some = copies.copy_of(shown, "values+text", max_bytes=150_000).bundle(GONE)
    damaged = dict(some) | {"text/html": some["text/html"].replace('"n":', '"m":', 1)}
    stripped = {key: item for key, item in some.items() if key != "text/html"}
    plain = {"text/html": some["text/html"], "text/plain": some["text/plain"]}
    summary = copies.copy_of(material(40), "summary").bundle(GONE)
    outputs = [output(some), output(summary), output(damaged), output(stripped), output(plain, view=False)]
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    notebook.cells = [nbformat.v4.new_code_cell("panel", outputs=[one], execution_count=1) for one in outputs]
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def trust(server: Server, path: Path) -> None:
    """Signs a notebook as its owner would."""
    notary = NotebookNotary(data_dir=str(server.log.parent / "data"))
    notebook = nbformat.read(path, as_version=4)
    notary.sign(notebook)
    notary.store.close()


def outputs(page: Page) -> list[Locator]:
    return page.locator(OUTPUTS).all()


def has_no_kernel(page: Page) -> bool:
    return bool(page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session === null"))


@pytest.mark.parametrize("trusted", [False, True])
def test_without_a_kernel_each_copy_is_shown_whatever_state_it_is_in(
    page: Page, server: Server, folder: Path, trusted: bool
):
    path = shared_notebook(folder, f"shared-{trusted}")
    if trusted:
        trust(server, path)
    open_lab(page, server)
    page.evaluate(WITHOUT_KERNEL, path.name)
    expect(page.get_by_test_id("panel")).to_have_count(2 + trusted, timeout=60_000)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets[0].model.trusted") == trusted
    expect(page.locator(OUTPUTS)).to_have_count(5)
    some, summary, damaged, stripped, plain = outputs(page)

    panel = some.get_by_test_id("panel")
    expect(panel.get_by_test_id("footer-shown")).to_contain_text("shown")
    gap = "it => getComputedStyle(it.parentElement).columnGap"
    assert (
        panel.get_by_test_id("footer-shown").evaluate(gap) == "16px"
    )  # or two sentences run into each other
    assert panel.get_attribute("data-live") is None
    expect(panel.get_by_test_id("note")).to_contain_text("of 5,000 points are in this copy")
    first = panel.get_by_test_id("cell-rank").first
    expect(first).to_have_text("1")
    panel.get_by_test_id("sort-value").click()
    expect(first).to_have_text("5,000")
    expect(some).to_contain_text("run the cell to make it live")
    row = panel.get_by_test_id("row").nth(2)
    row.click()
    page.keyboard.press("ArrowRight")
    expect(row).to_have_attribute("aria-activedescendant", "dvl-cell")
    edits = some.locator("details")
    edits.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(edits).to_contain_text(f"{EVIL[1]} → {EVIL[0]}")
    expect(edits.locator("td").last).to_have_text(EVIL[0])
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(5)  # no key was the notebook's

    expect(summary.get_by_test_id("panel")).to_have_attribute("data-rows", "false")
    expect(summary.get_by_test_id("table")).to_be_hidden()
    expect(damaged.get_by_role("alert")).to_contain_text("cannot be shown")
    expect(damaged.locator("table").first).to_be_visible()
    expect(damaged.locator("img")).to_be_visible()
    expect(stripped.get_by_role("alert")).to_contain_text("taken out")
    expect(stripped).to_contain_text("Shapley values of 5,000 points")
    # JupyterLab's own way with HTML: where it trusts the notebook the script runs, else the table stands
    expect(plain.locator("table").first).to_be_visible() if not trusted else expect(
        plain.locator("table").first
    ).to_be_hidden()
    assert page.evaluate("window.hit") is None
    expect(page.get_by_text("Loading widget")).to_have_count(0)
    assert has_no_kernel(page)


def test_a_fresh_kernel_does_not_know_the_panel_and_the_copy_stands(page: Page, server: Server, folder: Path):
    path = shared_notebook(folder, "fresh")
    trust(server, path)
    lab = Lab.open(page, server, Notebook(folder, "fresh"))
    some = outputs(page)[0]
    expect(some.get_by_test_id("row").first).to_be_visible()
    expect(some).to_contain_text("run the cell to make it live")
    lab.run_code("print(1)")  # the kernel is at work, and the copy stands
    assert some.get_by_test_id("panel").get_attribute("data-live") is None
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)


def live(page: Page) -> Locator:
    """The panels on the page that Python answers."""
    return page.locator("[data-testid=panel][data-live]").and_(page.locator(":visible"))


def the_same(panel: Panel, handle: ElementHandle) -> bool:
    return bool(panel.at.evaluate("(now, before) => now === before", handle))


def test_the_live_panel_wins_as_long_as_the_kernel_has_it(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "wins", START, rule="MaxUpdates(3)")
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_state("finished")

    def stored() -> bool:
        lab.save()
        data = (notebook.stored(1) or [{"data": {}}])[0]["data"]
        return copies.MIME in data and WIDGET_VIEW in data

    until(stored, what="the final copy never came")
    expect(live(page)).to_have_count(1)
    before = panel.at.element_handle()

    # an edit reaches Python, and the output that is written again leaves the panel alone
    position = panel.order()[0]
    panel.row(position).click()
    page.keyboard.press("x")
    until(lambda: notebook.edits, what="the edit did not reach Python")
    until(lambda: '"dropped":1' in html_of(lab, notebook), what="the copy does not follow the edit")
    assert the_same(panel, before)
    expect(page.locator(".dvl-copy-note")).to_be_hidden()

    # a second view is as live as the first
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    page.evaluate(NEW_VIEW)
    expect(live(page)).to_have_count(2)

    # so is the page after a reload, once it has found the kernel again
    lab.save()
    page.goto(f"{server.url}/lab/tree/{notebook.file.name}?token={server.token}&reset")
    expect(live(page)).to_have_count(1, timeout=60_000)

    # without its kernel the copy stands, and says what to do
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    note = page.locator(".dvl-copy-note")
    expect(note).to_have_text("A saved copy; run the cell to make it live.")
    expect(live(page)).to_have_count(0)
    saved = lab.panel()
    expect(saved.part("footer-shown")).to_have_text("40 of 40 shown")
    expect(saved.part("edits-summary")).to_contain_text("1 dropped")


def test_while_a_run_goes_on_and_while_the_kernel_is_busy_the_live_panel_wins(
    page: Page, server: Server, folder: Path
):
    notebook, lab, panel = paused_run(page, server, folder, "goes on")
    until(lambda: "dvl-snapshot-data" in html_of(lab, notebook), what="the copy of a paused run never came")
    before = panel.at.element_handle()
    panel.click("resume")
    panel.expect_state("running")
    assert the_same(panel, before)
    panel.click("pause")
    panel.expect_state("paused")
    html_of(lab, notebook)

    # the kernel cannot tell the page of the widget before the cell ends; the copy stands until then
    page.evaluate(ASK, busy_until("goes on.go"))
    page.goto(f"{server.url}/lab/tree/{notebook.file.name}?token={server.token}&reset")
    output = page.locator(".dvl-snapshot-output")
    expect(output.locator(".dvl-copy-note")).to_contain_text("A saved copy")
    expect(output.get_by_test_id("row").first).to_be_visible()
    (folder / "goes on.go").touch()
    expect(live(page)).to_have_count(1, timeout=60_000)
    expect(output.locator(".dvl-copy-note")).to_be_hidden()


def html_of(lab: Lab, notebook: Notebook) -> str:
    lab.save()
    return "".join(notebook.stored(1)[0]["data"]["text/html"])
