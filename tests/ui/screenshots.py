"""Writes a fixed list of pictures to look at: `python tests/ui/screenshots.py screenshots`.

Light and dark, the panel 700 and 1400 pixels wide: running, finished, with edits, as a saved page; and one of the
whole JupyterLab.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from labserver import Server, chromium, lab, watched_page
from playwright.sync_api import Browser, Page, expect
from ui.influence_work import InfluenceView
from ui.influence_work import write_notebook as write_influence_notebook
from ui.work import START, Lab, Panel, saved_page, until, write_notebook

WIDTHS = (1400, 700)
HEIGHT = 900


def main(target: Path) -> None:
    """Takes all pictures."""
    target.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="dvlwidgets-pictures-"))
    page_file = saved_page(folder / "report.html")
    with lab(folder) as server, chromium() as browser:
        for theme in ("light", "dark"):
            of_a_run(browser, server, folder, theme, target)
            of_a_page(browser, page_file, theme, target)
            of_influences(browser, server, folder, theme, target)
    for file in sorted(target.glob("*.png")):
        print(file)


def of_a_run(browser: Browser, server: Server, folder: Path, theme: str, target: Path) -> None:
    """The panel in JupyterLab: running, finished, with edits."""
    page, _ = watched_page(browser, width=1500, height=HEIGHT, dark=theme == "dark")
    rule = "RankCorrelation() | MaxTime(25)"
    notebook = write_notebook(folder, f"digits_{theme}", START, points=200, seconds=0.0, rule=rule)
    work = Lab.open(page, server, notebook)
    if theme == "dark":
        page.evaluate(
            "window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
        )
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    work.run_all()
    panel = work.panel()
    panel.expect_values()
    chart = panel.part("certainty-chart")
    until(lambda: int(chart.get_attribute("data-points") or 0) >= 4, 60)
    pictures(page, panel, target, f"running-{theme}")
    panel.expect_state("finished", timeout=90_000)
    pictures(page, panel, target, f"finished-{theme}")
    edit(page, panel)
    pictures(page, panel, target, f"edits-{theme}")
    fit_width(page, panel, 1000)
    page.screenshot(path=target / f"lab-{theme}.png")
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    page.context.close()


def of_influences(browser: Browser, server: Server, folder: Path, theme: str, target: Path) -> None:
    """The influence panel in JupyterLab: a prediction, the training points, pictures below a threshold."""
    page, _ = watched_page(browser, width=1500, height=HEIGHT, dark=theme == "dark")
    notebook = write_influence_notebook(folder, f"influence_{theme}", START, points=400)
    work = Lab.open(page, server, notebook)
    if theme == "dark":
        page.evaluate(
            "window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
        )
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    work.run_all()
    panel = InfluenceView.of(work)
    panel.expect_state("finished", timeout=90_000)
    fit_width(page, panel, 1280)
    panel.cards("harmful").first.click()
    page.keyboard.press("3")
    expect(panel.part("stale")).to_be_visible()
    page.wait_for_timeout(500)
    for width in (1280, 520):
        fit_width(page, panel, width)
        panel.at.screenshot(path=target / f"influence-{theme}-{width}.png", animations="disabled")
    fit_width(page, panel, 1280)
    panel.tab("training")
    panel.drag_threshold(page, 0.6)
    page.wait_for_timeout(300)
    panel.at.screenshot(path=target / f"influence-training-{theme}-1280.png", animations="disabled")
    panel.part("as-pictures").click()
    page.wait_for_timeout(300)
    for width in (1280, 520):
        fit_width(page, panel, width)
        panel.at.screenshot(path=target / f"influence-pictures-{theme}-{width}.png", animations="disabled")
    fit_width(page, panel, 1000)
    page.screenshot(path=target / f"influence-lab-{theme}.png")
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    page.context.close()


def edit(page: Page, panel: Panel) -> None:
    """Relabels three points and drops a fourth, by keys."""
    fit_width(page, panel, WIDTHS[0])
    rows = panel.order()[:4]
    for row, key in zip(rows, ("3", "8", "1", "x"), strict=True):
        panel.row(row).click()
        page.keyboard.press(key)
    expect(panel.part("edits-summary")).to_contain_text("1 dropped")
    panel.row(rows[1]).click()


def of_a_page(browser: Browser, file: Path, theme: str, target: Path) -> None:
    """The saved page."""
    for width in WIDTHS:
        page, _ = watched_page(browser, width=width, height=HEIGHT, dark=theme == "dark")
        page.goto(file.as_uri())
        expect(page.get_by_test_id("row").first).to_be_visible()
        page.screenshot(path=target / f"page-{theme}-{width}.png")
        page.context.close()


def pictures(page: Page, panel: Panel, target: Path, name: str) -> None:
    """One picture of the panel at each width."""
    for width in WIDTHS:
        fit_width(page, panel, width)
        panel.at.screenshot(path=target / f"{name}-{width}.png", animations="disabled")


def fit_width(page: Page, panel: Panel, width: int) -> None:
    """Makes the window so wide that the panel has the wanted width."""

    def missing() -> int:
        box = panel.at.bounding_box()
        assert box is not None
        return width - round(box["width"])

    for _ in range(3):
        size = page.viewport_size
        assert size is not None
        if missing() == 0:
            break
        page.set_viewport_size({"width": size["width"] + missing(), "height": HEIGHT})
        page.wait_for_timeout(300)  # JupyterLab lays out in steps of its own
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
