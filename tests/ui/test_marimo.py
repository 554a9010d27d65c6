"""The panels in marimo: a real server, its own threads, and the hands of a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from marimoserver import marimo, write_marimo
from playwright.sync_api import Page, expect
from ui.influence_work import FAKE, TESTS, InfluenceView
from ui.work import SETUP, Notebook, Panel, stands_still, until

LONG = "MaxUpdates(10_000)"
CELLS = ".marimo-cell"


@pytest.fixture
def page(own_page: Page) -> Page:
    """Not the one in which JupyterLab stays open."""
    return own_page


def shown(page: Page, notebook: Notebook, what: str = "row") -> Panel:
    """The panel on the page, once it shows something. marimo has elements of the same test id."""
    found = page.locator("[data-dvl-panel] [data-testid=panel]").first
    expect(found.get_by_test_id(what).first).to_be_visible(timeout=120_000)
    return Panel(found, notebook)


def background(panel: Panel) -> int:
    """How light the panel is, 0-255."""
    color = str(panel.at.evaluate("element => getComputedStyle(element).backgroundColor"))
    return int(color.split("(")[1].split(",", maxsplit=1)[0])


def test_values_stream_and_the_page_pauses_relabels_goes_on_and_stops(page: Page, folder: Path):
    notebook = Notebook(folder, "in_marimo")
    setup = SETUP.format(name="in_marimo", data="digits", points=40, seconds=0.01, rule=LONG)
    threads = "import threading\nPath('threads').write_text(str([type(t).__module__ for t in threading.enumerate()]))"
    file = write_marimo(folder, "in_marimo", setup, f"panel.start()\n{threads}\npanel")
    with marimo(file) as address:
        page.goto(address)
        panel = shown(page, notebook)
        panel.expect_values()
        panel.expect_state("running")
        first = panel.part("progress-text").inner_text()
        until(lambda: panel.part("progress-text").inner_text() != first, what="the progress stood still")
        assert "marimo._runtime.threads" in (folder / "threads").read_text()
        panel.click("pause")
        panel.expect_state("paused")
        assert stands_still(notebook)

        row = panel.order()[0]
        old = panel.row(row).get_by_test_id("cell-label").inner_text().strip()
        new = "6" if old != "6" else "5"
        cells = page.locator(CELLS).count()
        panel.row(row).click()
        for key in ("b", "d", "d", "m", "x", new):
            page.keyboard.press(key)
        expect(panel.part("edits-summary")).to_contain_text("1 relabelled, 1 dropped")
        assert [edit["op"] for edit in notebook.edits] == ["drop", "relabel"]
        assert str(notebook.edits[1]["rows"][0]["new"]) == new
        assert page.locator(CELLS).count() == cells
        assert file.read_text().count("@app.cell") == cells

        assert background(panel) > 200
        page.emulate_media(color_scheme="dark")  # marimo's own choice counts
        assert background(panel) > 200
        page.emulate_media(color_scheme="light")

        page.reload()
        panel = shown(page, notebook)
        panel.expect_state("paused")
        panel.click("resume")
        panel.expect_state("running")
        fits = notebook.fits()
        until(lambda: notebook.fits() > fits)
        panel.click("stop")
        panel.expect_state("stopped")
        assert stands_still(notebook)
        page.goto("about:blank")


def test_an_influence_panel_answers_questions(page: Page, folder: Path):
    setup = FAKE.format(name="influence_in_marimo", points=60, tests=str(TESTS))
    file = write_marimo(folder, "influence_in_marimo", setup, "explorer.go(9)\npanel.start()\npanel")
    with marimo(file, theme="dark") as address:
        page.goto(address)
        notebook = Notebook(folder, "influence_in_marimo")
        panel = InfluenceView(shown(page, notebook, "subject").at, notebook)
        panel.expect_state("finished")
        assert background(panel) < 60
        panel.into_view()
        for gallery in ("harmful", "helpful"):
            expect(panel.cards(gallery).first.get_by_test_id("card-preview")).to_have_attribute(
                "data-drawn", ""
            )
        page.goto("about:blank")
