"""A panel at work in JupyterLab: notebooks that make one, and the hands and eyes of a person at the page."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from labserver import Server, open_notebook
from playwright.sync_api import Error, Locator, Page, expect

SETUP = """
import time
import warnings
from pathlib import Path
from sklearn.naive_bayes import GaussianNB
from dvlwidgets.data.examples import load_split
from dvlwidgets.engine.stopping import MaxTime, MaxUpdates, RankCorrelation
from dvlwidgets.utility.model import ModelUtility
from dvlwidgets.utility.scorer import SupervisedScorer
from dvlwidgets.valuation.methods.semivalues import ShapleyValuation
from dvlwidgets.valuation.samplers import PermutationSampler
from dvlwidgets.widgets import ValuationPanel

warnings.simplefilter("ignore")  # those of subsets with one class

class Counting(GaussianNB):
    \"\"\"Leaves a mark in a file with every fit, and takes its time.\"\"\"

    def fit(self, x, y):
        with open("{name}.count", "ab") as file:
            file.write(b".")
        time.sleep({seconds})
        return super().fit(x, y)

split = load_split("{data}", n_train={points}, flip=0.1, seed=0)
utility = ModelUtility(Counting(), SupervisedScorer("accuracy", split.val))
valuation = ShapleyValuation(utility, PermutationSampler(seed=1), {rule})
panel = ValuationPanel(valuation, split.train, title="{name}", previews=split.images, edits="{name}.jsonl")
"""
OLD_KERNEL = "6.31.0"
"""A version of ipykernel without subshells."""
NUMBER = re.compile(r"\d")
DROPPED = re.compile(r"\bdropped\b")
"""Class of a dropped row."""
START = "panel.start()\npanel"
ASK = "code => void window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.requestExecute({code})"
"""Lets the kernel run code, and does not wait for it."""


@dataclass(frozen=True)
class Notebook:
    """A notebook in the server's folder, and the files that its kernel writes."""

    folder: Path
    name: str

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.ipynb"

    @property
    def edits(self) -> list[dict[str, Any]]:
        """The edits on disk."""
        path = self.folder / f"{self.name}.jsonl"
        return [json.loads(line) for line in path.read_bytes().splitlines()[1:]] if path.exists() else []

    def fits(self) -> int:
        """How many fits the utility has made."""
        path = self.folder / f"{self.name}.count"
        return path.stat().st_size if path.exists() else 0

    def stored(self, cell: int) -> list[dict[str, Any]]:
        """The outputs of a cell as the saved file has them; waits while JupyterLab is writing it."""

        def read() -> Any:
            try:
                return json.loads(self.file.read_text(encoding="utf-8"))
            except json.JSONDecodeError:
                return None

        return list(until(read)["cells"][cell]["outputs"])


def write_notebook(
    folder: Path,
    name: str,
    *cells: str,
    data: str = "digits",
    points: int = 40,
    seconds: float = 0.01,
    rule: str = "MaxUpdates(10_000)",
    kernel: str = "python3",
) -> Notebook:
    """A notebook whose first cell makes `panel`; by default it would run for a long time."""
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
    setup = SETUP.format(name=name, data=data, points=points, seconds=seconds, rule=rule)
    notebook.cells = [nbformat.v4.new_code_cell(text.strip()) for text in (setup, *cells)]
    made = Notebook(folder, name)
    nbformat.write(notebook, made.file)
    return made


@dataclass(frozen=True)
class Lab:
    """A notebook open in JupyterLab."""

    page: Page
    notebook: Notebook

    @classmethod
    def open(cls, page: Page, server: Server, notebook: Notebook) -> Lab:
        """Opens the notebook and waits for its kernel."""
        open_notebook(page, server, notebook.file.name)
        return cls(page, notebook)

    def run_all(self) -> None:
        self.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def run_code(self, code: str) -> str:
        """Runs code in a new last cell and returns what it printed."""
        count = len(self.cells())
        self.page.evaluate(
            """async code => {
                const {content, context} = window.jupyterapp.shell.currentWidget;
                content.activeCellIndex = content.widgets.length - 1;
                await window.jupyterapp.commands.execute('notebook:insert-cell-below');
                content.activeCell.model.sharedModel.setSource(code);
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            code,
        )
        output = self.page.locator(".jp-Notebook .jp-Cell").nth(count).locator(".jp-OutputArea-output pre")
        expect(output.first).to_be_visible(timeout=30_000)
        return "\n".join(output.all_inner_texts()).strip()

    def run_in_the_background(self, code: str) -> None:
        """Runs code in the kernel without touching the notebook or the focus."""
        self.page.evaluate(
            """async code => {
                const {context} = window.jupyterapp.shell.currentWidget;
                await context.sessionContext.session.kernel.requestExecute({code, store_history: false}).done;
            }""",
            code,
        )

    def cells(self) -> list[tuple[str, str]]:
        """Kind and source of each cell."""
        found = self.page.evaluate(
            """() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells,
                 cell => [cell.type, cell.sharedModel.getSource()])"""
        )
        return [(kind, source) for kind, source in found]

    def save(self) -> None:
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")

    def panel(self, index: int = 0) -> Panel:
        """The n-th panel on the page, once it shows points."""
        found = self.page.get_by_test_id("panel").nth(index)
        expect(found.get_by_test_id("row").first).to_be_visible(timeout=60_000)
        found.dispatch_event("pointerover")  # what comes when somebody turns to it is there for the test
        return Panel(found, self.notebook)


@dataclass(frozen=True)
class Panel:
    """One view of a panel."""

    at: Locator
    notebook: Notebook

    def into_view(self) -> None:
        """Scrolls to the panel: one that nobody sees is not painted. JupyterLab may just be making a new view of it."""

        def scrolled() -> bool:
            try:
                self.at.scroll_into_view_if_needed()
            except Error:
                return False
            return True

        until(scrolled)

    def part(self, name: str) -> Locator:
        return self.at.get_by_test_id(name)

    def click(self, verb: str) -> None:
        self.part(f"toolbar-{verb}").click()

    def expect_state(self, state: str, timeout: float = 30_000) -> None:
        try:
            expect(self.part("state")).to_have_attribute("data-state", state, timeout=timeout)
        except AssertionError as error:
            error.add_note(f"The whole panel: {self.at.inner_text()}")
            raise

    def order(self) -> list[int]:
        """Positions of the points in the rows on the screen, from the top; waits where an output is drawn anew."""
        expect(self.part("row").first).to_be_visible()
        rows = self.part("row").all()
        return [int(row.get_attribute("data-row") or -1) for row in rows if row.is_visible()]

    def row(self, position: int) -> Locator:
        return self.at.locator(f"[data-testid=row][data-row='{position}']")

    def expect_values(self) -> None:
        """Waits until the first row has a value."""
        expect(self.part("cell-value").first).to_have_text(NUMBER, timeout=60_000)


def until(condition: Callable[[], Any], timeout: float = 30.0, what: str = "it never happened") -> Any:
    """Waits for something outside the page: a file, a number of fits."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def busy_until(file: str) -> str:
    """Code that keeps a kernel busy until a file is there."""
    return f"import time\nfrom pathlib import Path\nwhile not Path({file!r}).exists():\n    time.sleep(0.05)"


def stands_still(notebook: Notebook, seconds: float = 0.5, tries: int = 10) -> bool:
    """Whether a time comes in which not one fit is made, where a run would make fifty.

    Not at once: labels are suggested by a few fits of the same model, beside the run.
    """
    for _ in range(tries):
        before = notebook.fits()
        time.sleep(seconds)
        if notebook.fits() == before:
            return True
    return False


def saved_page(path: Path, points: int = 120) -> Path:
    """A page of values that are made up, without a run."""
    from dvlwidgets.data.examples import load_split
    from dvlwidgets.engine.records import Estimate, Provenance
    from dvlwidgets.valuation.result import Status, ValuationResult
    from dvlwidgets.widgets import sharing

    train = load_split("digits", n_train=points, flip=0.1, seed=0).train
    rng = np.random.default_rng(0)
    estimate = Estimate(rng.normal(0.3, 1.0, points), rng.uniform(0.1, 0.3, points), np.full(points, 30))
    result = ValuationResult.from_estimate(
        estimate,
        ids=train.ids,
        names=train.names,
        fingerprint=train.fingerprint,
        algorithm="Shapley",
        status=Status.Converged,
        provenance=Provenance(evaluations=30 * points, seconds=42.0, stopped="made up for a picture"),
        threshold=0.0,
        converged=rng.random(points) < 0.9,
    )
    path.write_text(sharing.static_page(result, train, title="digits, made-up values"), encoding="utf-8")
    return path


def paused_run(page: Page, server: Server, folder: Path, name: str) -> tuple[Notebook, Lab, Panel]:
    """A notebook whose panel has its first values and stands still."""
    notebook = write_notebook(folder, name, START)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_values()
    panel.click("pause")
    panel.expect_state("paused")
    return notebook, lab, panel


def valued_digits(n: int = 80, *, images: bool = True) -> Any:
    """A panel of this process, with values: digits of which a tenth have wrong labels; or their numbers alone."""
    from sklearn.neighbors import KNeighborsClassifier

    from dvlwidgets import KNNShapleyValuation, ValuationPanel
    from dvlwidgets.data.examples import load_split

    split = load_split("digits", n_train=n, flip=0.1, seed=0)
    few = np.arange(60)
    knn = KNNShapleyValuation(KNeighborsClassifier(3), split.val.take(few), progress=False)
    panel = ValuationPanel(
        knn,
        split.train,
        title="digits",
        previews=split.images if images else None,
        held_out=split.test.take(few),
    )
    panel.start()
    panel.wait()
    return panel
