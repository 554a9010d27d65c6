"""Executed notebooks as nbconvert's HTML, opened with the network cut: every panel in them is at work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from labserver import Server
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect
from ui.work import START, Lab, until, write_notebook

from dvlwidgets.widgets.copies import MIME

HOSTILE = """
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from dvlwidgets import Dataset, KNNShapleyValuation, ValuationPanel
evil = [
    "</script><script>window.hit=1</script>", "<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1>",
    "<!--<script>", "{{window.hit=1}}", "${window.hit=1}", "\\u202egnp.exe", "' onmouseover=window.hit=1 '",
]
rng = np.random.default_rng(0)
def points(n):
    y = np.arange(n) % len(evil)
    names = [f"{evil[i % len(evil)]}{i}" for i in range(n)]
    return Dataset(rng.normal(size=(n, 2)) + y[:, None], np.array(evil)[y], ids=names, feature_names=evil[:2])
train, test = points(64), points(40)
def panel(title, share, texts=None):
    valuation = KNNShapleyValuation(KNeighborsClassifier(3), test, progress=False)
    made = ValuationPanel(
        valuation, train, title=title, share=share, previews=texts, name=title, edits=f"{share}.jsonl"
    )
    made.start()
    return made
first = panel(evil[1] + " values", "values")
first.edits.relabel(train, [3], evil[0])
first.edits.drop(train, [4, 5])
"""
CELLS = [
    HOSTILE,
    "first",
    "second = panel(evil[0] + ' summary', 'summary')\nsecond",
    "third = panel(evil[2] + ' full', 'full', [f'{evil[i % 8]} text {i}' for i in range(64)])\nthird",
    "_ = [made.wait() for made in (first, second, third)]",
    "first.snapshot('values+text')",
    "first",
]
"""Four panels, one of them shown twice."""
NBCONVERT = ("https://cdnjs.cloudflare.com/", "https://unpkg.com/")
"""What nbconvert's own page asks for (require.js, MathJax, its widget manager), whatever is in the notebook."""


@dataclass
class Offline:
    """A page without a network, and what it tried."""

    page: Page
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, file: Path) -> None:
        self.page.goto(file.as_uri())

    def panels(self) -> list[Locator]:
        expect(self.page.get_by_test_id("panel").first).to_be_visible()
        return self.page.get_by_test_id("panel").all()

    def check(self) -> None:
        """Nothing of ours was asked of the network, no script failed, and nothing from the data was run."""
        assert [url for url in self.asked if not url.startswith(NBCONVERT)] == []
        assert self.errors == []
        assert self.page.evaluate("window.hit") is None


@pytest.fixture
def offline(browser: Browser) -> Iterator[Offline]:
    context = browser.new_context(viewport={"width": 1300, "height": 900}, offline=True)
    made = Offline(context.new_page())
    made.page.on(
        "request",
        lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else made.asked.append(r.url),
    )
    made.page.on("pageerror", lambda error: made.errors.append(str(error)))
    made.page.on("dialog", lambda dialog: made.errors.append(f"dialog: {dialog.message}"))
    yield made
    context.close()


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Path:
    """The HTML of a notebook that nbclient ran."""
    folder = tmp_path_factory.mktemp("executed")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [nbformat.v4.new_code_cell(text.strip()) for text in CELLS]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JUPYTER_PATH", str(warm))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return to_html(notebook, folder / "executed.html")


def to_html(notebook: nbformat.NotebookNode, path: Path) -> Path:
    exported, _ = HTMLExporter().from_notebook_node(notebook)
    path.write_text(exported, encoding="utf-8")
    return path


def values(panel: Locator) -> list[float]:
    texts = panel.get_by_test_id("cell-value").all_inner_texts()
    return [float(text.split()[0].replace("−", "-")) for text in texts if text.strip()][:6]


def check_sorts(panel: Locator) -> None:
    """The table is that of a panel at work: sorted by value, and the other way after a click."""
    panel.scroll_into_view_if_needed()
    expect(panel.get_by_test_id("row").first).to_be_visible()
    ascending = values(panel)
    assert len(ascending) > 3
    assert ascending == sorted(ascending)
    panel.get_by_test_id("sort-value").click()
    until_true(lambda: values(panel) == sorted(values(panel), reverse=True) != ascending)


def until_true(condition: Callable[[], bool]) -> None:
    until(condition, what="the table was not sorted the other way")


def test_every_panel_of_an_executed_notebook_works_without_a_network(offline: Offline, executed: Path):
    offline.open(executed)
    expect(offline.page.get_by_test_id("panel")).to_have_count(5)
    first, summary, full, copied, again = offline.panels()
    for panel in (first, full, copied, again):
        check_sorts(panel)
    expect(first).to_contain_text("<img src=x onerror=window.hit=1> values")
    expect(first.get_by_test_id("edits-summary")).to_have_text("1 relabelled, 2 dropped")
    expect(summary.get_by_test_id("row")).to_have_count(0)
    expect(summary).to_contain_text("64 points")
    expect(copied).to_contain_text("</script><script>window.hit=1</script>")
    full.get_by_test_id("row").nth(1).click()
    full.hover()
    for standing in offline.page.locator(".dvl-snapshot").all():
        expect(standing).to_be_hidden()
    offline.check()


def test_without_scripts_the_tables_and_pictures_stand(browser: Browser, executed: Path):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(executed.as_uri())
    expect(page.locator(".dvl-snapshot")).to_have_count(5)
    expect(page.locator(".dvl-snapshot img").first).to_be_visible()
    expect(page.locator(".dvl-snapshot table").first).to_be_visible()
    expect(page.get_by_text("This copy holds").first).to_be_visible()
    context.close()


def test_a_notebook_saved_from_jupyterlab_is_a_panel_with_its_edits(
    page: Page, server: Server, folder: Path, offline: Offline, tmp_path: Path
):
    notebook = write_notebook(folder, "shared", START, rule="MaxUpdates(3)")
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_state("finished")
    lab.run_in_the_background("panel.edits.drop(split.train, [7])")

    def saved() -> bool:
        lab.save()
        stored = notebook.stored(1)
        return bool(stored) and '"field":"dropped"' in "".join(stored[0]["data"]["text/html"])

    until(saved, what="the edit is not in the saved notebook")
    (output,) = notebook.stored(1)
    assert output["data"][MIME]["model"] is not None
    assert "finished" in "".join(output["data"]["text/plain"])
    assert len(json.dumps(output)) < 1_000_000
    offline.open(to_html(nbformat.read(notebook.file, as_version=4), tmp_path / "saved.html"))
    (shown,) = offline.panels()
    expect(shown.get_by_test_id("edits-summary")).to_have_text("0 relabelled, 1 dropped")
    check_sorts(shown)
    offline.check()
