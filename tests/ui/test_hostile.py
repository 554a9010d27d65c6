"""Everything that data may be called, in every view, in a real browser: it is shown as text, and nothing of it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile
import nbformat
import numpy as np
import pytest
from labserver import Server, open_lab
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect
from ui.test_lab_runs import Runs
from ui.test_renderer import WITHOUT_KERNEL, output, trust
from ui.work import Lab, Notebook

from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.preview import previews_of
from dvlwidgets.data.sent_edits import shared
from dvlwidgets.data.shown import shown
from dvlwidgets.valuation.result import ValuationResult
from dvlwidgets.widgets import sharing
from dvlwidgets.widgets.copies import Copy, copy_of
from dvlwidgets.widgets.material import Material

TESTS = Path(__file__).resolve().parent.parent
WORDS = tuple(word for word in hostile.PAYLOADS if word.strip() and len(word) < 1000 and "\ud800" not in word)
"""What a class and an id can be called; the others are tested in `tests/test_hostile_html.py`."""
PANELS = """
import sys
sys.path.insert(0, {tests!r})
import hostile, numpy as np
from influence_fakes import FakeExplorer
from sklearn.dummy import DummyClassifier
from dvlwidgets import (Dataset, InfluencePanel, MaxUpdates, ModelUtility, PermutationSampler, ShapleyValuation,
    SupervisedScorer, ValuationPanel)
words = [w for w in hostile.PAYLOADS if w.strip() and len(w) < 1000 and "\\ud800" not in w]
n = len(words)
rng = np.random.default_rng(0)
def points(shift):
    names = [f"{{i}} {{words[i]}}" for i in range(n)]
    y = np.array(words, dtype=object)
    return Dataset(rng.normal(size=(n, 4)) + shift, y, ids=names, feature_names=words[:4])
train, test = points(0), points(0.1)
def panel(word, **more):
    utility = ModelUtility(DummyClassifier(), SupervisedScorer("accuracy", test))
    valuation = ShapleyValuation(utility, PermutationSampler(seed=1), MaxUpdates(100_000))
    return ValuationPanel(valuation, train, title=word, name=word, share="full", edits="hostile.jsonl", **more)
first = panel(words[12], previews=words)
others = [panel(word) for word in (*words[13:40], *words[-20:])]
first.edits.relabel(train, [3], words[0])
first.edits.drop(train, [4, 5])
for one in (first, *others[:3]):
    one.start()
explorer = FakeExplorer(train, test, tile=n)
second = InfluencePanel(explorer, train, test, title=words[1], name=words[2], previews=(words, words),
    edits="hostile-influence.jsonl")
second.start()
"""
CHECK = """elements => {
    const found = [];
    const odd = new RegExp('[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad' +
        '\\u061c\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2069' +
        '\\u2028\\u2029\\ufeff]');
    const elements_ = new Set(`script iframe object embed base meta link math marquee plaintext noscript
        template title textarea a b animate image foreignObject`.split(/\\s+/));
    const visit = (node, inside) => {
        if (node.nodeType === Node.TEXT_NODE && odd.test(node.data)) {
            found.push(`text ${JSON.stringify(node.data.slice(0, 80))}`);
        }
        if (node.nodeType === Node.COMMENT_NODE && inside) {
            found.push(`comment ${node.data.slice(0, 80)}`);
        }
        if (node.nodeType === Node.ELEMENT_NODE) {
            if (inside && elements_.has(node.localName)) {
                found.push(`element ${node.outerHTML.slice(0, 120)}`);
            }
            for (const {name, value} of node.attributes) {
                const address = ['src', 'href', 'action', 'data', 'xlink:href', 'srcdoc', 'formaction'].includes(name);
                if (name.startsWith('on') || (address && !/^(data:image\\/png;base64,|\\/kernelspecs\\/)/.test(value))
                        || odd.test(value) || (name === 'style' && /url|expression/.test(value))) {
                    found.push(`attribute ${name}=${JSON.stringify(value.slice(0, 80))} of ${node.localName}`);
                }
            }
        }
        const shadow = node.shadowRoot;
        (shadow ? [...shadow.childNodes] : []).forEach(child => visit(child, true));
        node.childNodes.forEach(child => {
            const ours = child.localName === 'style' || (child.localName === 'script' && !inside);
            if (!ours) {
                visit(child, inside);
            }
        });
    };
    elements.forEach(element => visit(element, element.matches('[data-dvl-panel], .dvl-runs, .dvl-status-item')));
    return found;
}"""
OURS = (
    ".dvl-runs, .dvl-status-item, .dvl-view, .dvl-snapshot, .dvl-snapshot-output, .jp-RunningSessions-item, "
    ".lm-TabBar-tab"
)


class Tripwire:
    """What must not happen on a page, and did."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.events: list[str] = []
        self.heard: dict[Any, Callable[[Any], object]] = {
            "dialog": lambda dialog: (self.events.append(dialog.message), dialog.dismiss()),
            "popup": lambda popup: self.events.append(popup.url),
            "download": lambda download: self.events.append(download.url),
            "request": lambda r: self.events.append(r.url) if "example.invalid" in r.url else None,
        }
        for event, hear in self.heard.items():
            page.on(event, hear)

    def end(self) -> None:
        """The page is another test's now."""
        for event, hear in self.heard.items():
            self.page.remove_listener(event, hear)

    def check(self, *, more: str = "[data-dvl-panel]") -> None:
        """Nothing ran, and what is ours has our elements and attributes only."""
        assert self.events == []
        assert self.page.evaluate("[window.hacked, window.hit].every(item => item === undefined)")
        hosts = self.page.locator(f"{OURS}, {more}")
        assert hosts.count() > 0
        assert hosts.evaluate_all(CHECK) == []


def walk(panel: Locator, wire: Tripwire, pages: int = 12) -> None:
    """Looks at every row, the point in focus, and every drawer of a panel."""
    panel.get_by_test_id("row").first.click()
    for _ in range(pages):
        wire.page.keyboard.press("PageDown")
        expect(panel.get_by_test_id("point-facts").first).to_be_attached()
        wire.check()


def data() -> Dataset:
    names = [f"{i} {word}" for i, word in enumerate(WORDS)]
    texts = np.array([f"{word} {i}" for i, word in enumerate(WORDS)], dtype=object)
    return Dataset(texts, np.array(WORDS, dtype=object), ids=names, description=WORDS[0])


def stored(folder: Path) -> Copy:
    """A copy of points that are called everything."""
    points = data()
    n = len(points)
    log = EditLog(folder / "edits.jsonl")
    log.relabel(points, [0, n - 1], WORDS[5])
    log.drop(points, [1])
    result = ValuationResult(
        values=np.arange(n) / 10 - 1, variances=np.full(n, 0.01), counts=np.full(n, 9), algorithm="Shapley"
    )
    now = sharing.snapshot_of(result, points, title=WORDS[12])
    material = Material(
        now, previews=previews_of(points), edits=lambda level: shared(log, points, level), run=WORDS[13]
    )
    return copy_of(material, "full")


def notebook_of(copy: Copy, path: Path) -> Any:
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    bundle = copy.bundle("0123456789abcdef0123456789abcdef")
    damaged = dict(bundle) | {"text/html": bundle["text/html"].replace('"n":', '"m":', 1)}
    outputs = [output(bundle), output(damaged)]
    notebook.cells = [nbformat.v4.new_code_cell("panel", outputs=[one], execution_count=1) for one in outputs]
    nbformat.write(notebook, path)
    return notebook


@pytest.fixture
def wire(page: Page) -> Iterator[Tripwire]:
    """Of the page that tests share."""
    made = Tripwire(page)
    yield made
    made.end()


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1300, "height": 900}, offline=True)
    yield context.new_page()
    context.close()


def test_saved_pages_and_exported_notebooks_show_everything_as_text(offline: Page, tmp_path: Path):
    wire = Tripwire(offline)
    copy = stored(tmp_path)
    (tmp_path / "page.html").write_text(copy.page(), encoding="utf-8")
    exported, _ = HTMLExporter().from_notebook_node(notebook_of(copy, tmp_path / "exported.ipynb"))
    (tmp_path / "exported.html").write_text(exported, encoding="utf-8")
    for name in ("page.html", "exported.html"):
        offline.goto((tmp_path / name).as_uri())
        panel = offline.get_by_test_id("panel").first
        expect(panel.get_by_test_id("row").first).to_be_visible()
        expect(panel.locator(".title")).to_have_text(shown(WORDS[12]))
        walk(panel, wire)
        labels = panel.get_by_test_id("filter-label").locator("option").all_inner_texts()
        assert {shown(word).split()[0] for word in WORDS} <= {label.split()[0] for label in labels}
    expect(offline.get_by_role("alert")).to_contain_text("cannot be shown")


@pytest.mark.parametrize("trusted", [False, True])
def test_stored_outputs_show_everything_as_text_trusted_or_not(
    page: Page, server: Server, folder: Path, tmp_path: Path, wire: Tripwire, trusted: bool
):
    path = folder / f"hostile-{trusted}.ipynb"
    notebook_of(stored(tmp_path), path)
    if trusted:
        trust(server, path)
    open_lab(page, server)
    page.evaluate(WITHOUT_KERNEL, path.name)
    panel = page.get_by_test_id("panel").first
    expect(panel.get_by_test_id("row").first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("alert").filter(has_text="cannot be shown")).to_be_visible()
    walk(panel, wire)


def test_live_panels_and_the_list_of_runs_show_everything_as_text(
    page: Page, server: Server, folder: Path, wire: Tripwire
):
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    cells = [PANELS.format(tests=str(TESTS)).strip(), "first", "second"]
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in cells]
    made = Notebook(folder, "hostile")
    nbformat.write(notebook, made.file)
    lab = Lab.open(page, server, made)
    lab.run_all()
    for index in (0, 1):
        at = lab.panel(index).at
        expect(at.locator(".title").first).to_have_text(shown(WORDS[12 if index == 0 else 1]))
        walk(at, wire, 6)
    runs = Runs(page).show()
    expect(runs.at.locator(".dvl-run")).to_have_count(49)
    names = runs.at.locator(".dvl-run-name").all_inner_texts()
    assert {shown(word).split()[0] for word in (*WORDS[12:40], *WORDS[-20:]) if len(word) < 300} <= {
        name.split()[0] for name in names
    }
    runs.at.locator("[data-deed=tab]").first.click()
    expect(page.locator(".dvl-view").get_by_test_id("panel")).to_be_visible()
    expect(page.locator(".dvl-status")).to_contain_text("4 runs,")
    page.evaluate("window.jupyterapp.commands.execute('running:show-panel')")
    listed = page.locator(
        ".jp-RunningSessions-item", has_text=shown(WORDS[13])
    )  # not in a tab, as the first is
    expect(listed.last).to_be_visible()
    wire.check()


def test_the_tripwire_trips(offline: Page, tmp_path: Path):
    """Markup where a name should be is found."""
    wire = Tripwire(offline)
    for markup in ("<b>x</b>", "<i onclick=1>x</i>", "<i title='a\u202eb'>x</i>", "a\u200bb", "<!--x-->"):
        (tmp_path / "x.html").write_text(
            f"<meta charset=utf-8><div data-dvl-panel>{markup}</div>", encoding="utf-8"
        )
        offline.goto((tmp_path / "x.html").as_uri())
        with pytest.raises(AssertionError):
            wire.check()
    offline.goto((tmp_path / "x.html").as_uri())
    offline.evaluate("window.hacked = 1")
    with pytest.raises(AssertionError):
        wire.check()
