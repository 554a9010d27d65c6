"""A kernel that hears no click while a cell runs (ipykernel 6): the panel says so, and what it says is true."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kernels import write_kernelspec
from labserver import Server, lab
from playwright.sync_api import Page, expect
from ui.work import START, Lab, stands_still, until, write_notebook

OLD = "6.31.0"
BUSY = "open('begun', 'w').close()\nwhile True:\n    time.sleep(0.05)"
ASK = "code => void window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.requestExecute({code})"
INTERRUPT = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.interrupt()"


@pytest.fixture(scope="module")
def old_kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A JupyterLab that has kernels without subshells."""
    data, folder = tmp_path_factory.mktemp("kernelspecs"), tmp_path_factory.mktemp("old")
    write_kernelspec(data, OLD)
    with lab(folder, env={"JUPYTER_PATH": str(data)}) as running:
        yield running, folder


def test_a_click_that_waits_is_explained_and_an_interrupt_lets_it_through_while_the_run_goes_on(
    page: Page, old_kernels: tuple[Server, Path]
):
    server, folder = old_kernels
    notebook = write_notebook(folder, "deaf", START)
    content = json.loads(notebook.file.read_text(encoding="utf-8"))
    content["metadata"]["kernelspec"] = {"name": f"ipykernel-{OLD}", "display_name": "old"}
    notebook.file.write_text(json.dumps(content), encoding="utf-8")
    opened = Lab.open(page, server, notebook)
    opened.run_all()
    panel = opened.panel()
    panel.expect_state("running")
    page.evaluate(ASK, BUSY)
    until((folder / "begun").exists)
    panel.part("toolbar-pause").click()
    notice = panel.part("notice")
    expect(notice).to_contain_text(f"ipykernel {OLD}")
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
