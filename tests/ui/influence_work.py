"""An influence panel at work in JupyterLab: a notebook with a small torch model, or with an explorer driven by hand."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect
from ui.work import Lab, Notebook, Panel

TESTS = Path(__file__).resolve().parent.parent

REAL = """
import numpy as np
import torch
from sklearn.datasets import load_digits
from dvlwidgets import Dataset, InfluencePanel
from dvlwidgets.influence import DirectInfluence

torch.set_num_threads(1)
torch.manual_seed(0)
digits, rng = load_digits(), np.random.default_rng(0)
order = rng.permutation(1797)
images, labels = (digits.data / 16).astype("float32")[order], digits.target[order].copy()
flipped = rng.choice({points}, {points} // 12, replace=False)
labels[flipped] = (labels[flipped] + rng.integers(1, 10, len(flipped))) % 10
train = Dataset(images[:{points}], labels[:{points}])
test = Dataset(images[-120:], labels[-120:])
model, loss = torch.nn.Linear(64, 10), torch.nn.CrossEntropyLoss()
x, y = torch.tensor(train.x), torch.tensor(train.labels)
solver = torch.optim.LBFGS(model.parameters(), max_iter=100)

def closure():
    solver.zero_grad()
    value = loss(model(x), y) + 0.005 * sum((p**2).sum() for p in model.parameters())
    value.backward()
    return value

solver.step(closure)
influence = DirectInfluence(model, loss, regularization=0.01)
panel = InfluencePanel(influence, train, test, title="{name}", image_shape=(8, 8), edits="{name}.jsonl")
"""

FAKE = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from dvlwidgets import Dataset, InfluencePanel
from dvlwidgets.data.examples import load_split
from influence_fakes import FakeExplorer

split = load_split("digits", n_train={points}, flip=0.1, seed=0)
train, test = split.train, split.val[:60]
explorer = FakeExplorer(train, test, tile=10, by_hand=True)
panel = InfluencePanel(explorer, train, test, title="{name}", image_shape=(8, 8), edits="{name}.jsonl")
"""


def write_notebook(folder: Path, name: str, *cells: str, setup: str = REAL, points: int = 150) -> Notebook:
    """A notebook whose first cell makes `panel`."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    first = setup.format(name=name, points=points, tests=str(TESTS))
    notebook.cells = [nbformat.v4.new_code_cell(text.strip()) for text in (first, *cells)]
    made = Notebook(folder, name)
    nbformat.write(notebook, made.file)
    return made


class InfluenceView(Panel):
    """One view of an influence panel."""

    @classmethod
    def of(cls, lab: Lab) -> InfluenceView:
        """The panel on the page, once it shows test points."""
        found = lab.page.get_by_test_id("panel").first
        expect(found.get_by_test_id("tests").get_by_test_id("row").first).to_be_visible(timeout=60_000)
        return cls(found, lab.notebook)

    def rows(self, table: str) -> Locator:
        """Rows on the screen of "tests" or "table"."""
        return self.part(table).get_by_test_id("row").filter(visible=True)

    def cards(self, gallery: str) -> Locator:
        return self.part(gallery).get_by_test_id("card").filter(visible=True)

    def tab(self, view: str) -> None:
        self.at.locator(f"[data-testid=tab][data-chip={view}]").click()
        expect(self.at).to_have_attribute("data-view", view)

    def drag_threshold(self, page: Page, share: float) -> None:
        """Drags the line to a share of the chart's width."""
        box = self.part("threshold-chart").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] - 2, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * share, middle, steps=5)
        page.mouse.up()


def position(at: Locator) -> int:
    """Position of the point that a row or a card shows."""
    return int(at.get_attribute("data-row") or -1)
