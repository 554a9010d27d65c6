"""Edits in JupyterLab: they reach the disk and Python; keys stay in the panel."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import DROPPED, START, Lab, paused_run, until, write_notebook


def test_a_relabel_reaches_the_disk_and_python_and_can_be_undone(page: Page, server: Server, folder: Path):
    notebook, lab, panel = paused_run(page, server, folder, "relabel")
    row = panel.order()[0]
    panel.row(row).click()
    old = panel.row(row).get_by_test_id("cell-label").inner_text().strip()
    new = "3" if old != "3" else "4"
    panel.at.locator(f"[data-testid=relabel-button][data-code='{new}']").click()
    expect(panel.row(row).get_by_test_id("cell-label")).to_contain_text(new)
    expect(panel.part("saved")).to_have_attribute("data-unsaved", "0")
    assert [edit["op"] for edit in notebook.edits] == ["relabel"]
    change = notebook.edits[0]["rows"][0]
    assert (str(change["old"]), str(change["new"])) == (old, new)
    code = f"print(split.train.labels[{row}], panel.dataset().labels[{row}], panel.edits.summary()['relabelled'])"
    assert lab.run_code(code) == f"{old} {new} 1"
    panel.part("undo").click()
    expect(panel.row(row).get_by_test_id("cell-label")).to_have_text(old, use_inner_text=True)
    assert [edit["op"] for edit in notebook.edits] == ["relabel", "undo"]
    assert lab.run_code(f"print(panel.dataset().labels[{row}])") == old
    lab.run_code(f"panel.edits.drop(split.train, [{row}]); print('dropped')")
    expect(panel.row(row)).to_have_class(DROPPED)


def test_an_edit_that_cannot_be_saved_is_said_and_not_shown(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "unsaved", "panel")
    (folder / "unsaved.jsonl").mkdir()  # a folder is in the way
    notebook.file.write_text(
        notebook.file.read_text().replace("unsaved.jsonl", "unsaved.jsonl/no/file.jsonl")
    )
    lab = Lab.open(page, server, notebook)
    (folder / "unsaved.jsonl" / "no").write_text("a file is in the way")
    lab.run_all()
    panel = lab.panel()
    row = panel.order()[0]
    panel.row(row).click()
    page.keyboard.press("x")
    expect(panel.part("notice")).to_contain_text("could not be written")
    expect(panel.row(row)).not_to_have_class(DROPPED)


def test_keys_in_the_panel_never_change_the_notebook(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "keys", START, "# the last cell")
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_values()
    panel.click("pause")
    panel.expect_state("paused")
    before = lab.cells()
    focused = {
        "a row": lambda: panel.row(panel.order()[0]).click(),
        "a button": lambda: panel.part("toolbar-resume").focus(),
        "a header": lambda: panel.part("sort-value").focus(),
        "the table": lambda: panel.part("table").click(position={"x": 5, "y": 5}),
    }
    for where, focus in focused.items():
        focus()
        for key in ("b", "d", "d", "m", "x", "1", "2", "3", "4", "5", "6", "a", "z", "c", "v", "Delete"):
            page.keyboard.press(key)
        assert lab.cells() == before, f"the notebook changed: focus was on {where}"
    until(lambda: notebook.edits, what="the keys reached nobody")
    page.keyboard.press("Escape")  # the field of a comment, which c has opened
    expect(panel.part("prompt")).to_be_hidden()
    panel.part("filter-text").click()
    page.keyboard.type("bddmx123456")
    assert lab.cells() == before
    expect(panel.part("filter-text")).to_have_value("bddmx123456")
