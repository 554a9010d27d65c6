"""What a notebook that ran without a front-end keeps of a panel."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

SETUP = """
from sklearn.naive_bayes import GaussianNB
from dvlwidgets.data.examples import load_split
from dvlwidgets.engine.stopping import MaxUpdates
from dvlwidgets.utility.model import ModelUtility
from dvlwidgets.utility.scorer import SupervisedScorer
from dvlwidgets.valuation.methods.semivalues import ShapleyValuation
from dvlwidgets.valuation.samplers import PermutationSampler
from dvlwidgets.widgets import bundle
bundle.read = lambda name: "export default {}"  # not looked at here
from dvlwidgets.widgets.panel import ValuationPanel
split = load_split("breast_cancer", n_train=20, flip=0.1, seed=0)
utility = ModelUtility(GaussianNB(), SupervisedScorer("accuracy", split.val))
panel = ValuationPanel(ShapleyValuation(utility, PermutationSampler(seed=1), MaxUpdates(3)), split.train)
"""


@pytest.mark.notebook
@pytest.mark.parametrize("ending", ["_ = panel.wait()", "_ = await panel.run"])
def test_an_executed_notebook_holds_the_final_table_and_no_blank_view(ending, tmp_path):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in (SETUP, "panel.start()\npanel", ending)]
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (output,) = notebook.cells[1].outputs
    assert "finished" in output.data["text/plain"]
    assert "<table>" in output.data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in output.data
