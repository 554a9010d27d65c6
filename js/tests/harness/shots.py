"""Pictures of the panel with synthetic frames: `python js/tests/harness/shots.py FOLDER [name ...]`.

Serves the repository on a free loopback port and drives the system's chromium; `npm run build:widget` comes first.
"""

from __future__ import annotations

import functools
import http.server
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[3]
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, *args: object) -> None:
        """Silence."""


@contextmanager
def serve() -> Iterator[str]:
    """The repository under a loopback address."""
    handler = functools.partial(Quiet, directory=str(ROOT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/js/tests/harness/index.html"
        server.shutdown()


def edit(page: Page) -> None:
    """Relabels three points and drops one, then leaves two selected."""
    rows = page.get_by_test_id("row")
    for i, key in ((1, "3"), (2, "4"), (5, "6"), (7, "x")):
        rows.nth(i).click()
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    rows.nth(1).get_by_test_id("row-select").click()
    rows.nth(2).get_by_test_id("row-select").click()
    rows.nth(5).click()


def press(*keys: str):
    """Focuses the table and presses keys."""

    def act(page: Page) -> None:
        page.get_by_test_id("row").first.click()
        for key in keys:
            page.keyboard.press(key)

    return act


def click(*names: str):
    """Clicks one element after the other."""

    def act(page: Page) -> None:
        for name in names:
            page.get_by_test_id(name).first.click()

    return act


def chip(page: Page) -> None:
    """Brushes the lower part of the histogram."""
    box = page.get_by_test_id("histogram").bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 40, steps=4)
    page.mouse.up()


def cards(page: Page) -> None:
    """Relabels the most harmful training point, drops the next, ticks two more."""
    harmful = page.get_by_test_id("harmful").get_by_test_id("card")
    harmful.nth(0).click()
    page.keyboard.press("3")
    page.wait_for_timeout(200)
    harmful = page.get_by_test_id("harmful").get_by_test_id("card")
    harmful.nth(1).click()
    page.keyboard.press("x")
    page.wait_for_timeout(100)
    for i in (2, 3):
        harmful.nth(i).click(modifiers=["Control"])
    harmful.nth(1).click()


def training(page: Page) -> None:
    """The training points, with a threshold where there are values."""
    page.locator("[data-testid=tab][data-chip=training]").click()
    page.wait_for_timeout(200)
    box = page.get_by_test_id("threshold-chart").bounding_box()
    if box:
        page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + 40, steps=4)
        page.mouse.up()


def tall(page: Page) -> None:
    """A panel so high that the point's column is seen to its end."""
    page.set_viewport_size({"width": 1304, "height": 980})
    page.get_by_test_id("card").nth(3).click()


def pictures(page: Page) -> None:
    """The training points below a threshold as pictures."""
    training(page)
    page.get_by_test_id("as-pictures").click()


def nothing(page: Page) -> None:
    """As it opens."""


SHOTS = {
    "light-1400": ("", 1424, edit),
    "dark-1400": ("theme=dark", 1424, edit),
    "own-dark-1400": ("theme=own-dark", 1424, edit),
    "brush": ("", 1424, chip),
    "light-960": ("", 984, edit),
    "tabular-960": ("kind=tabular&state=finished&n=300", 984, edit),
    "light-700": ("", 724, edit),
    "light-700-overview": ("", 724, click("open-overview")),
    "dark-700-point": ("theme=dark", 724, click("open-point")),
    "light-400": ("", 424, nothing),
    "light-400-point": ("", 424, press()),
    "tabular": ("kind=tabular&state=finished&n=300", 1424, edit),
    "tabular-dark-700": ("kind=tabular&n=300&theme=dark", 724, nothing),
    "number": ("kind=number&unit=test points&method=KNN-Shapley&total=180&done=90", 1424, press()),
    "text": ("kind=text", 1424, press()),
    "early": ("known=0.03&done=300", 1424, nothing),
    "waiting": ("silent", 1424, nothing),
    "help": ("", 1424, press("?")),
    "influence": ("influence", 1304, nothing),
    "influence-dark": ("influence&theme=dark", 1304, nothing),
    "influence-edited": ("influence", 1304, cards),
    "influence-training": ("influence", 1304, training),
    "influence-pictures": ("influence&theme=own-dark", 1304, pictures),
    "influence-960": ("influence", 984, nothing),
    "influence-training-960": ("influence", 984, training),
    "influence-700": ("influence", 724, nothing),
    "influence-700-tests": ("influence&theme=dark", 724, click("open-overview")),
    "influence-520": ("influence", 544, nothing),
    "influence-520-tests": ("influence", 544, click("open-overview")),
    "influence-520-point": ("influence&theme=dark", 544, click("card")),
    "influence-520-training": ("influence", 544, training),
    "influence-tabular": ("influence&kind=tabular&n=300", 1304, nothing),
    "influence-tabular-training": ("influence&kind=tabular&n=300&theme=dark", 1304, training),
    "influence-text": ("influence&kind=text&n=300", 1304, nothing),
    "influence-number": ("influence&kind=number&n=300", 1304, nothing),
    "influence-pending": ("influence&state=pending", 1304, nothing),
    "influence-running": ("influence&state=running&known=0.4", 1304, training),
    "influence-fitting": ("influence&state=running&known=0&fitted=0", 1304, nothing),
    "influence-help": ("influence", 1304, press("?")),
    "influence-tall": ("influence&height=940", 1304, tall),
    "influence-waiting": ("influence&silent", 1304, nothing),
    "million": ("kind=tabular&n=1000000", 1424, press("End")),
}


def main(folder: Path, names: list[str]) -> None:
    """Takes the pictures named, or all."""
    folder.mkdir(parents=True, exist_ok=True)
    with serve() as url, sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name in names or SHOTS:
            query, width, act = SHOTS[name]
            page = browser.new_page(viewport={"width": width, "height": 640})
            page.on("pageerror", lambda e, name=name: print(name, "PAGE ERROR", e))
            page.on(
                "console", lambda m, name=name: print(name, m.type, m.text) if m.type == "error" else None
            )
            page.goto(f"{url}?{query}")
            if "silent" not in query:
                page.get_by_test_id("state").first.wait_for(timeout=30_000)
                page.wait_for_timeout(300)
            act(page)
            page.wait_for_timeout(350)
            page.screenshot(path=folder / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
