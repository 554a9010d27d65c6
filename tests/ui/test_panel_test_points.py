"""Test points that are wrong, in the influence panel: found, flagged, commented, corrected, each log apart."""

from __future__ import annotations

import json
from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.influence_work import REAL, InfluenceView, position, write_notebook
from ui.work import START, Lab, until

FLIPPED = REAL.replace(
    "test = Dataset(images[-120:], labels[-120:])",
    "told = labels[-120:].copy()\ntold[:9] = (told[:9] + 1) % 10\ntest = Dataset(images[-120:], told)",
)


def test_a_wrong_test_point_is_found_flagged_and_corrected_in_its_own_log(
    page: Page, server: Server, folder: Path
):
    lab = Lab.open(page, server, write_notebook(folder, "test_points", START, setup=FLIPPED))
    lab.run_all()
    panel = InfluenceView.of(lab)
    panel.expect_state("finished", timeout=90_000)

    # those that their own class speaks against come first
    header = panel.part("tests").get_by_test_id("sort-f2")
    header.click()
    header.click()
    order = lab.run_code("print(np.argsort(-panel.explorer.disagreement(), kind='stable')[:9].tolist())")
    panel.into_view()
    expect(panel.rows("tests").first).to_have_attribute("data-row", str(json.loads(order)[0]))
    shown = [position(row) for row in panel.rows("tests").all()[:5]]
    assert shown == json.loads(order)[:5]
    assert sum(row < 9 for row in json.loads(order)) >= 6  # most of the nine that are wrong

    # flag, comment and label of the test point, by keys
    row = next(row for row in shown if row < 9)
    at = panel.part("tests").locator(f"[data-testid=row][data-row='{row}']")
    at.click()
    expect(panel.at).to_have_attribute("data-editing", "tests")
    expect(panel.part("test-keys-here")).to_be_visible()
    loss = float(lab.run_code(f"print(panel.explorer.test_columns()['loss'][{row}])"))
    right = lab.run_code(f"print(labels[-120:][{row}])")
    at.click()
    page.keyboard.press("f")
    expect(panel.part("test-flag")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("c")
    page.keyboard.type("see the slide")
    page.keyboard.press("Enter")
    expect(panel.part("test-point-note")).to_have_text("see the slide")
    page.keyboard.press(right)
    expect(panel.part("subject-was")).to_have_text(f"came as {(int(right) + 1) % 10}")
    expect(panel.part("saved")).to_have_text("3 edits, saved")
    expect(panel.part("stale")).to_have_text("1 test point relabelled")
    code = f"print(panel.explorer.test_columns()['loss'][{row}])"
    until(lambda: float(lab.run_code(code)) < loss - 1)
    assert lab.run_code(f"print(panel.test_dataset().labels[{row}], len(panel.edits))") == f"{right} 0"
    path = Path(lab.run_code("print(panel.test_edits.path)"))
    ops = [json.loads(line)["op"] for line in path.read_text().splitlines()[1:]]
    assert ops == ["flag", "note", "relabel"]
    assert path.name.endswith("-test.jsonl")
    assert path.parent == panel.notebook.file.parent

    # a training point's edits, and its undo, go to the other log
    panel.into_view()
    card = panel.cards("harmful").first
    card.click()
    expect(panel.at).to_have_attribute("data-editing", "train")
    page.keyboard.press("f")
    expect(card.get_by_test_id("marks").get_by_role("img")).to_have_count(1)
    page.keyboard.press("c")
    page.keyboard.type("a 9?")
    page.keyboard.press("Enter")
    expect(panel.part("point-note")).to_have_text("a 9?")
    page.keyboard.press("u")
    expect(panel.part("point-note")).to_be_hidden()
    assert [edit["op"] for edit in panel.notebook.edits] == ["flag", "note", "undo"]
    assert len(path.read_text().splitlines()) == 4

    # undo and history of the test points' log
    panel.part("test-undo").click()
    expect(panel.part("subject-was")).to_be_hidden()
    until(lambda: abs(float(lab.run_code(code)) - loss) < 1e-6)
    panel.into_view()
    panel.part("test-redo").click()
    expect(panel.part("subject-was")).to_be_visible()
    panel.part("test-log-open").click()
    log = panel.part("test-log")
    expect(log.get_by_test_id("log-entry")).to_have_count(3)
    expect(log).to_contain_text("History of the edits of test points")
    expect(log.get_by_test_id("log-entry").first).to_contain_text("relabelled 1 point")
    with page.expect_download() as coming:
        log.get_by_test_id("test-export-download").click()
    assert "test" in Path(coming.value.path()).read_text(encoding="utf-8")
    page.keyboard.press("Escape")
    expect(log).to_be_hidden()

    # by its id and features the edit finds its point in another copy
    again = (
        "from dvlwidgets.data.edit_log import EditLog; order = rng.permutation(120); "
        f"print(EditLog(panel.test_edits.path).apply(test.take(order)).labels[int(np.flatnonzero(order == {row})[0])])"
    )
    assert lab.run_code(again) == right
