"""The log of edits in the panel: flags, comments, accepted suggestions, back in the history, export."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import paused_run


def test_a_point_is_flagged_commented_corrected_as_suggested_and_all_of_it_can_be_undone_and_exported(
    page: Page, server: Server, folder: Path
):
    notebook, lab, panel = paused_run(page, server, folder, "marks")
    first, second = panel.order()[:2]
    marks = panel.row(first).get_by_test_id("marks").get_by_role("img")

    # a flag and a comment, by keys; "saved" once they are on disk
    panel.row(first).click()
    page.keyboard.press("f")
    expect(marks).to_have_count(1)
    expect(panel.part("saved")).to_have_attribute("data-unsaved", "0")
    page.keyboard.press("c")
    page.keyboard.type("not sure: x or 3?")
    page.keyboard.press("Enter")
    expect(panel.part("point-note")).to_have_text("not sure: x or 3?")
    expect(marks).to_have_count(2)
    expect(panel.part("edits-also")).to_have_text("1 flagged, 1 commented")
    assert [edit["op"] for edit in notebook.edits] == ["flag", "note"]
    assert notebook.edits[1]["who"]
    assert notebook.edits[1]["rows"][0]["value"] is not None
    flagged = panel.at.locator("[data-chip=flagged]")
    flagged.click()
    expect(panel.part("table")).to_have_attribute("data-points", "1")
    flagged.click()

    # a label by its name
    panel.row(second).click()
    label = panel.row(second).get_by_test_id("cell-label")
    other = "7" if label.inner_text().strip() != "7" else "4"
    page.keyboard.press("l")
    page.keyboard.type(other)
    page.keyboard.press("Enter")
    expect(label).to_contain_text(other)

    # suggestions that the model is sure of, counted first, in one step
    if panel.part("open-overview").is_visible():
        panel.part("open-overview").click()
    expect(panel.part("suggestions")).to_be_visible(timeout=60_000)
    panel.part("accept-number").fill("1")
    accept = panel.part("accept-all")
    expect(accept).to_contain_text("suggestion")
    said = accept.inner_text()
    accept.click()
    expect(accept).to_be_disabled()
    taken = notebook.edits[-1]
    assert taken["op"] == "relabel"
    assert f"{len(taken['rows'])} suggestion" in said
    assert taken["why"].startswith("suggestion accepted")

    # the history, newest first; back to the flag; the text of it elsewhere
    panel.part("log-open").click()
    entries = panel.part("log-entry")
    expect(entries).to_have_count(4)
    expect(entries.first).to_contain_text("suggestion accepted")
    expect(entries.last).to_contain_text("flagged 1 point")
    panel.part("export-form").select_option("json")
    with page.expect_download() as coming:
        panel.part("export-download").click()
    everything = coming.value.path()
    entries.last.get_by_test_id("log-back").click()
    expect(entries.and_(panel.at.locator("[data-in-force=true]"))).to_have_count(1)
    expect(marks).to_have_count(1)
    assert [edit["op"] for edit in notebook.edits][4:] == ["undo"] * 3
    panel.part("export-form").select_option("csv")
    with page.expect_download() as coming:
        panel.part("export-download").click()
    table = Path(coming.value.path()).read_text(encoding="utf-8")
    assert coming.value.suggested_filename == "edits.csv"
    assert "not sure: x or 3?" in table
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.part("export-form").select_option("code")
    panel.part("export-copy").click()
    expect(panel.part("export-told")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()").startswith("flagged = [")

    # what was taken back comes again from the file, in one step
    panel.part("merge-file").set_input_files(
        {"name": "all.json", "mimeType": "application/json", "buffer": everything.read_bytes()}
    )
    expect(panel.part("merge-list")).to_contain_text("1 already here")
    panel.part("merge-go").click()
    expect(panel.part("export-told")).to_contain_text("Merged")
    expect(entries.first).to_contain_text("all.json: edits by")
    merged = notebook.edits[-1]
    assert (merged["op"], len(merged["rows"])) == ("merge", 2 + len(taken["rows"]))
    assert merged["from"][0]["who"] == notebook.edits[1]["who"]
    panel.part("undo").click()
    expect(entries.first).to_have_attribute("data-in-force", "false")
    panel.part("merge-open").press("Escape")
    expect(panel.part("log")).to_be_hidden()

    told = "now['flagged'], now['noted'], now['relabelled'], len(panel.edits.history())"
    code = f"now = panel.edits.summary(); print({told})"
    assert lab.run_code(code) == "1 0 0 5"
