"""Writes pictures to look at: `python tests/ui/screenshots.py screenshots --only page --themes dark --widths 400`.

run: the panel of a run in JupyterLab, running, finished, with edits; page: a saved page; influence: the other panel;
lab: all of JupyterLab, with the list of runs and a panel beside the notebook. Themes: light, dark and high contrast.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from labserver import Server, chromium, lab, watched_page
from playwright.sync_api import Browser, Error, Page, expect
from ui.influence_work import InfluenceView
from ui.influence_work import write_notebook as write_influence_notebook
from ui.work import START, Lab, Notebook, Panel, saved_page, until, write_notebook

KINDS = ("run", "page", "influence", "lab")
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark", "contrast": "JupyterLab Dark High Contrast"}
WIDTHS = (1400, 1000, 700, 400)
HEIGHT = 900
EXECUTE = "([command, args]) => window.jupyterapp.commands.execute(command, args)"


def main(target: Path, kinds: Sequence[str], themes: Sequence[str], widths: Sequence[int]) -> None:
    """Takes the pictures that were asked for."""
    target.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="dvlwidgets-pictures-"))
    with lab(folder) as server, chromium() as browser:
        for theme in themes:
            taking = Taking(browser, server, folder, theme, target, widths)
            for kind in kinds:
                getattr(taking, kind)()
    for file in sorted(target.glob("*.png")):
        print(file)


class Taking:
    """Takes the pictures of one theme."""

    def __init__(
        self,
        browser: Browser,
        server: Server,
        folder: Path,
        theme: str,
        target: Path,
        widths: Sequence[int],
    ) -> None:
        self.browser, self.server, self.folder = browser, server, folder
        self.theme, self.target, self.widths = theme, target, widths

    def run(self) -> None:
        """The panel in JupyterLab: running, finished, with edits."""
        page, work = self._opened("digits", left=False)
        panel = work.panel()
        panel.expect_values()
        chart = panel.part("certainty-chart")
        until(lambda: int(chart.get_attribute("data-points") or 0) >= 4, 60)
        self._pictures(page, panel, "running", self.widths[:1])
        panel.expect_state("finished", timeout=90_000)
        self._pictures(page, panel, "finished")
        edit(page, panel)
        self._pictures(page, panel, "edits")
        self._end(page)

    def lab(self) -> None:
        """All of JupyterLab: the list of runs at the side, a panel beside the notebook."""
        page, work = self._opened("seen", left=True)
        work.panel().expect_state("finished", timeout=90_000)
        page.screenshot(path=self._file("lab-cell"))
        page.evaluate(EXECUTE, ["dvlwidgets:show-runs", {}])
        page.locator(".dvl-run [data-deed=beside]").first.click()
        beside = page.locator(".dvl-view").get_by_test_id("panel")
        expect(beside.get_by_test_id("row").first).to_be_visible()
        page.wait_for_timeout(1000)
        page.screenshot(path=self._file("lab-beside"))
        self._end(page)

    def page(self) -> None:
        """The saved page."""
        file = saved_page(self.folder / "report.html")
        for width in self.widths:
            page, _ = watched_page(self.browser, width=width, height=HEIGHT, dark=self.theme != "light")
            page.goto(file.as_uri())
            expect(page.get_by_test_id("row").first).to_be_visible()
            page.screenshot(path=self._file("page", width))
            page.context.close()

    def influence(self) -> None:
        """The influence panel in JupyterLab: a prediction, the training points, pictures below a threshold."""
        page, _ = watched_page(self.browser, width=1500, height=HEIGHT, dark=self.theme != "light")
        notebook = write_influence_notebook(self.folder, f"influence_{self.theme}", START, points=400)
        work = self._open(page, notebook, left=False)
        panel = InfluenceView.of(work)
        panel.expect_state("finished", timeout=90_000)
        fit_width(page, panel, 1280)
        panel.cards("harmful").first.click()
        page.keyboard.press("3")
        expect(panel.part("stale")).to_be_visible()
        page.wait_for_timeout(500)
        self._pictures(page, panel, "influence")
        fit_width(page, panel, 1280)
        panel.tab("training")
        panel.drag_threshold(page, 0.6)
        page.wait_for_timeout(300)
        self._pictures(page, panel, "influence-training")
        panel.part("as-pictures").click()
        page.wait_for_timeout(300)
        self._pictures(page, panel, "influence-pictures")
        self._end(page)

    def _opened(self, name: str, *, left: bool) -> tuple[Page, Lab]:
        """A notebook whose run has begun."""
        page, _ = watched_page(self.browser, width=1500, height=HEIGHT, dark=self.theme != "light")
        rule = "RankCorrelation() | MaxTime(25)"
        named = name if self.theme == "light" else f"{name}_{self.theme}"
        notebook = write_notebook(self.folder, named, START, points=200, seconds=0.0, rule=rule)
        return page, self._open(page, notebook, left=left)

    def _open(self, page: Page, notebook: Notebook, *, left: bool) -> Lab:
        work = Lab.open(page, self.server, notebook)
        page.evaluate(EXECUTE, ["apputils:change-theme", {"theme": THEMES[self.theme]}])
        if not left:
            page.evaluate(EXECUTE, ["application:toggle-left-area", {}])
        work.run_all()
        return work

    def _pictures(self, page: Page, panel: Panel, name: str, widths: Sequence[int] | None = None) -> None:
        """One picture of the panel at each width."""
        for width in widths or self.widths:
            fit_width(page, panel, width)
            until(partial(taken, panel, self._file(name, width)), 60)

    def _file(self, name: str, width: int | None = None) -> Path:
        size = "" if width is None else f"-{width}"
        return self.target / f"{name}-{self.theme}{size}.png"

    @staticmethod
    def _end(page: Page) -> None:
        page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
        page.context.close()


def taken(panel: Panel, file: Path) -> bool:
    """Takes a picture; JupyterLab may just be making a new view of the panel."""
    try:
        panel.at.screenshot(path=file, animations="disabled", timeout=10_000)
    except Error:
        return False
    return True


def edit(page: Page, panel: Panel) -> None:
    """Takes what is suggested for three points and drops a fourth, by keys."""
    fit_width(page, panel, WIDTHS[0])
    expect(panel.at.locator(".differs").nth(3)).to_be_visible()
    rows = [row for row in panel.order() if panel.row(row).locator(".differs").count() > 0][:4]
    for row, key in zip(rows, "aaax", strict=True):
        panel.row(row).click()
        page.keyboard.press(key)
    expect(panel.part("edits-summary")).to_contain_text("1 dropped")
    panel.row(rows[1]).click()
    expect(panel.at.locator(".around:not(.stale)").first).to_be_visible()


def fit_width(page: Page, panel: Panel, width: int) -> None:
    """Makes the window so wide that the panel has the wanted width."""

    def missing() -> int:
        box = until(panel.at.bounding_box)  # there is none while JupyterLab makes a view anew
        return int(width - round(box["width"]))

    for _ in range(3):
        size = page.viewport_size
        assert size is not None
        if missing() == 0:
            break
        page.set_viewport_size({"width": size["width"] + missing(), "height": HEIGHT})
        page.wait_for_timeout(300)  # JupyterLab lays out in steps of its own
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--themes", nargs="+", choices=THEMES, default=("light", "dark"))
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS)
    asked = parser.parse_args()
    main(asked.target, asked.only, asked.themes, asked.widths)
