"""A kernel that hears no click while a cell runs (ipykernel 6): the panel says so, and what it says is true."""

from __future__ import annotations

import os
from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import ASK, OLD_KERNEL, START, Lab, stands_still, until, write_notebook

BUSY = "open('begun', 'w').close()\nwhile True:\n    time.sleep(0.05)"
INTERRUPT = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.interrupt()"


def test_a_click_that_waits_is_explained_and_an_interrupt_lets_it_through_while_the_run_goes_on(
    page: Page, server: Server, folder: Path, old_kernel: str
):
    notebook = write_notebook(folder, "unheard", START, kernel=old_kernel)
    opened = Lab.open(page, server, notebook)
    opened.run_all()
    panel = opened.panel()
    panel.expect_state("running")
    page.evaluate(ASK, BUSY)
    until((folder / "begun").exists)
    panel.part("toolbar-pause").click()
    notice = panel.part("notice")
    expect(notice).to_contain_text(f"ipykernel {OLD_KERNEL}")
    expect(notice).to_contain_text("The run goes on")
    if where := os.environ.get("DVLWIDGETS_SHOTS"):
        page.screenshot(path=f"{where}/unheard.png")
    before = notebook.fits()
    until(lambda: notebook.fits() > before, what="the run does not go on")
    page.evaluate(INTERRUPT)
    panel.expect_state("paused")
    expect(notice).to_be_hidden()
    assert stands_still(notebook)
    panel.part("toolbar-resume").click()
    panel.expect_state("running")
