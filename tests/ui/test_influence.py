"""The influence panel in JupyterLab: choosing, galleries, threshold, edits, steering; with the real engine."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from influence_fakes import FakeExplorer, two_sets
from labserver import Server
from playwright.sync_api import Browser, Page, expect
from ui.bridge import Bridge, bridged
from ui.influence_work import FAKE, InfluenceView, position, write_notebook
from ui.work import ASK, START, Lab, busy_until, until

from dvlwidgets import InfluencePanel


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


def heard(at: Bridge, condition: Callable[[], bool]) -> None:
    """Waits for something in Python; the bridge hears the page while somebody speaks with it."""
    until(lambda: at.page.evaluate("true") and condition())


def test_the_doubted_points_are_filtered_selected_and_taken_away_as_the_panel_shows_them(
    browser: Browser, in_a_folder: None
):
    train, test, _ = two_sets()
    panel = InfluencePanel(FakeExplorer(train, test), train, test, title="blobs")
    panel.start()
    panel.wait(60)
    now = panel.explorer.columns()
    loss_rank = np.argsort(np.argsort(-now["loss"].astype("f4"), kind="stable")) + 1
    doubted = np.flatnonzero((now["quantile"] < 1) & (loss_rank <= 20))
    with bridged(browser, panel, permissions=["clipboard-read", "clipboard-write"]) as at:
        expect(at.part("tests").get_by_test_id("row").first).to_be_visible()
        at.page.locator("[data-testid=tab][data-chip=training]").click()
        at.part("expression").fill("quantile < 1 and `loss rank` <= 20")
        at.part("expression").press("Enter")
        expect(at.part("table")).to_have_attribute("data-points", str(doubted.size))
        heard(at, lambda: "loss rank" in panel.filters.get("expression", ""))
        panel.selection = doubted[:2]
        expect(at.part("footer-selected")).to_have_text("2 selected")
        at.row(int(doubted[2])).get_by_test_id("row-select").check()
        heard(at, lambda: panel.selection.tolist() == doubted[:3].tolist())

        # the table, as it is shown and as a file
        at.part("export").click()
        with at.page.expect_download() as taken:
            at.part("export-csv").click()
        rows = list(csv.DictReader(Path(taken.value.path()).read_text(encoding="utf-8").splitlines()))
        by_quantile = doubted[np.argsort(now["quantile"][doubted], kind="stable")]
        assert [int(row["point"]) for row in rows] == by_quantile.tolist()
        shown = [float(row["self-influence"]) for row in rows]
        np.testing.assert_allclose(shown, now["self_influence"][by_quantile], rtol=1e-6)

        # the selected rows for a spreadsheet
        at.row(int(by_quantile[0])).focus()
        at.page.keyboard.press("Control+c")
        expect(at.part("copied")).to_have_text("3 rows copied")
        lines = at.page.evaluate("() => navigator.clipboard.readText()").split("\n")
        assert "loss rank" in lines[0].split("\t")
        assert len(lines) == 4

        # a feature of the data as a column
        at.part("columns-open").click()
        at.part("show-f8").click()
        expect(at.page.locator("[data-column=f8]")).to_be_visible()
        at.page.keyboard.press("Escape")

        # the charts as pictures
        for chart, form in (("threshold-chart", "svg"), ("effects-same", "png")):
            card = at.page.locator(".card", has=at.part(chart))
            card.get_by_test_id("save").click()
            with at.page.expect_download() as picture:
                card.get_by_test_id(f"save-{form}").click()
            content = Path(picture.value.path()).read_bytes()
            assert content.startswith(b"<svg" if form == "svg" else b"\x89PNG")
            assert form == "png" or b"25 % quantile" in content
        panel.filters = {"ranges": {"quantile": (None, 0.5)}}
        expect(at.part("threshold-words")).to_contain_text(
            f"{int((now['quantile'] <= 0.5).sum())} points below"
        )
