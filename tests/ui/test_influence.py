"""The influence panel in JupyterLab: choosing, galleries, threshold, edits, steering; with the real engine."""

from __future__ import annotations

from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.influence_work import FAKE, InfluenceView, position, write_notebook
from ui.work import ASK, START, Lab, busy_until, until


def opened(
    page: Page, server: Server, folder: Path, name: str, *cells: str, **more
) -> tuple[Lab, InfluenceView]:
    """A notebook that is run, and its panel."""
    lab = Lab.open(page, server, write_notebook(folder, name, *cells, **more))
    lab.run_all()
    return lab, InfluenceView.of(lab)


def test_a_prediction_leads_to_the_training_points_behind_it(page: Page, server: Server, folder: Path):
    lab, panel = opened(page, server, folder, "influence_galleries", START)
    panel.expect_state("finished", timeout=90_000)
    expect(panel.cards("harmful")).to_have_count(12)
    expect(panel.cards("helpful")).to_have_count(12)
    expect(panel.cards("harmful").first.get_by_test_id("card-preview")).to_have_attribute("data-drawn", "")
    expect(panel.cards("harmful").first.get_by_test_id("card-score")).to_contain_text("hurts")
    chosen = panel.rows("tests").nth(2)
    test = position(chosen)
    chosen.click()
    expect(panel.part("subject")).to_have_attribute("data-row", str(test))
    code = f"r = panel.explorer.of_test({test}); print(*r.helpful, *r.harmful)"
    told = [int(word) for word in lab.run_code(code).split()]
    panel.into_view()
    shown = [position(card) for card in [*panel.cards("helpful").all(), *panel.cards("harmful").all()]]
    assert shown == told
    losses = lab.run_code("print(np.argsort(-panel.explorer.test_columns()['loss'])[:5].tolist())")
    assert str([position(row) for row in panel.rows("tests").all()[:5]]) == losses


def test_the_threshold_shows_the_points_to_doubt(page: Page, server: Server, folder: Path):
    lab, panel = opened(page, server, folder, "influence_threshold", START)
    panel.expect_state("finished", timeout=90_000)
    panel.tab("training")
    quantile = "q = panel.explorer.columns()['quantile']; "
    lowest = lab.run_code(quantile + "print(int(np.argmin(q)))")
    panel.into_view()
    expect(panel.rows("table").first).to_have_attribute("data-row", lowest)
    panel.drag_threshold(page, 0.6)
    at = float(panel.part("threshold").get_attribute("aria-valuenow") or "nan")
    shown = int(panel.part("table").get_attribute("data-points") or -1)
    assert 0 < shown < 150
    assert (
        abs(shown - int(lab.run_code(quantile + f"print(int((q <= {at}).sum()))"))) <= 1
    )  # `at` has four digits
    panel.into_view()
    panel.part("threshold").press("ArrowLeft")
    expect(panel.part("table")).not_to_have_attribute("data-points", str(shown))
    panel.part("as-pictures").click()
    expect(panel.cards("below").first).to_have_attribute("data-row", lowest)
    panel.part("threshold-clear").click()
    expect(panel.part("footer-shown")).to_have_text("150 of 150 shown")


def test_edits_from_the_galleries_reach_the_disk_and_the_engine(page: Page, server: Server, folder: Path):
    lab, panel = opened(page, server, folder, "influence_edits", START)
    panel.expect_state("finished", timeout=90_000)
    card = panel.cards("harmful").first
    row = position(card)
    card.click()
    old = card.locator(".label-now").inner_text()
    new = "3" if old != "3" else "4"
    before = lab.run_code(f"print(panel.explorer.columns()['loss'][{row}])")
    panel.into_view()
    panel.at.locator(f".detail [data-testid=relabel-button][data-code='{new}']").click()
    expect(panel.part("saved")).to_have_text("1 edit, saved")
    assert [edit["op"] for edit in panel.notebook.edits] == ["relabel"]
    expect(panel.part("stale")).to_contain_text("1 relabelled")
    after = until(
        lambda: (now := lab.run_code(f"print(panel.explorer.columns()['loss'][{row}])")) != before and now
    )
    panel.into_view()
    expect(panel.part("point-numbers")).to_contain_text(f"{float(after):.3g}"[:4])
    assert lab.run_code(f"print(panel.dataset().labels[{row}])") == new
    panel.into_view()
    panel.part("subject").click()
    panel.cards("helpful").nth(1).click()
    page.keyboard.press("x")
    expect(panel.part("saved")).to_have_text("2 edits, saved")
    assert panel.notebook.edits[-1]["op"] == "drop"
    assert lab.run_code("print(len(panel.dataset()))") == "149"
    panel.into_view()
    panel.part("point-undo").click()
    panel.part("point-undo").click()
    expect(panel.part("stale")).to_be_hidden()
    code = f"print(np.isclose(panel.explorer.columns()['loss'][{row}], {before}))"
    until(lambda: lab.run_code(code) == "True")


def test_a_run_streams_pauses_and_goes_on_while_cells_are_busy(page: Page, server: Server, folder: Path):
    lab, panel = opened(page, server, folder, "influence_run", "panel", setup=FAKE, points=60)
    expect(panel.part("subject-said")).to_have_text("Nothing is predicted yet.")
    panel.click("start")
    panel.expect_state("running")
    expect(panel.cards("harmful").first).to_be_visible()  # influences before any tile is done
    lab.run_in_the_background("explorer.go(2)")
    expect(panel.part("progress-text")).to_contain_text("20 of 60 training points")
    panel.tab("training")
    expect(panel.at.locator(".side-training h3").first).to_contain_text("20 points")
    panel.click("pause")
    panel.expect_state("paused")
    lab.run_in_the_background("explorer.go(1)")
    expect(panel.part("progress-text")).to_contain_text("20 of 60")
    panel.click("resume")
    expect(panel.part("progress-text")).to_contain_text("30 of 60")
    # a busy kernel still answers: the click is heard on a subshell
    page.evaluate(ASK, busy_until("influence_run.go"))
    panel.click("stop")
    panel.expect_state("stopped")
    (folder / "influence_run.go").touch()
    assert (
        lab.run_code("print(int(np.isfinite(explorer.columns()['quantile']).sum()), panel.state)")
        == "30 stopped"
    )


def test_a_reload_brings_everything_back(page: Page, server: Server, folder: Path):
    lab, panel = opened(page, server, folder, "influence_reload", "panel", setup=FAKE, points=60)
    panel.click("start")
    lab.run_in_the_background("explorer.go(3)")
    expect(panel.part("progress-text")).to_contain_text("30 of 60")
    lab.save()
    page.reload()
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=90_000)
    again = InfluenceView.of(lab)
    expect(again.part("progress-text")).to_contain_text("30 of 60")
    expect(again.cards("helpful").first).to_be_visible()
    again.click("stop")
    again.expect_state("stopped")
