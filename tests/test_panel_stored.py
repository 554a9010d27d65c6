"""What a notebook keeps of a panel when it ran without a front-end: nbclient, papermill, nbconvert."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from ui.work import until

from dvlwidgets.widgets.copies import MIME

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
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
valuation = ShapleyValuation(utility, PermutationSampler(seed=1), MaxUpdates(3))
panel = ValuationPanel(valuation, split.train, name="cancer", edits="edits.jsonl")
print(split.train.feature_names[3], repr(float(split.train.x[7, 3])))
"""
START = "panel.start()\npanel"
pytestmark = pytest.mark.notebook


@pytest.fixture(autouse=True)
def _warm(warm, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(warm))


def notebook(*cells):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    made.cells = [nbformat.v4.new_code_cell(text) for text in (SETUP, *cells)]
    return made


def run(made, folder):
    NotebookClient(made, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return made


def payload_of(output):
    html = "".join(output["data"]["text/html"])
    return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)[1])


def check_final(made, state="finished"):
    """The stored output is the whole copy of a run that is over, and nothing raw is anywhere; returns its payload."""
    (output,) = [output for output in made["cells"][1]["outputs"] if "data" in output]
    data = output["data"]
    assert set(data) == {MIME, "text/html", "image/png", "text/plain"}
    assert f"20 points, {state}" in "".join(data["text/plain"])
    assert (data[MIME]["run"], data[MIME]["model"], data[MIME]["share"]) == ("cancer", None, "values")
    found = payload_of(output)
    assert found["frame"]["content"]["status"]["state"] == state
    assert found["manifest"]["n_embedded"] == 20
    name, value = made["cells"][0]["outputs"][0]["text"].split("\n")[0].rsplit(" ", 1)
    for stored in (json.dumps(output), json.dumps(made["metadata"].get("widgets", {}))):
        assert name not in stored
        assert value not in stored
    states = made["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    panels = [model for model in states.values() if model["model_name"] == "AnyModel"]
    for model in panels:
        assert "buffers" not in model
        kept = {key for key in model["state"] if not key.startswith("_")}
        assert kept <= {"title", "state", "height", "kernel", "page", "layout", "tabbable", "tooltip"}
        assert not model["state"].get("page")  # a copy in the state is for marimo
    return found


@pytest.mark.parametrize("ending", ["_ = panel.wait()", "_ = await panel.run"])
def test_an_executed_notebook_holds_the_final_copy_and_no_blank_view(ending, tmp_path):
    check_final(run(notebook(START, ending), tmp_path))


def test_edits_that_a_later_cell_makes_are_in_the_stored_output(tmp_path):
    edits = "panel.edits.relabel(split.train, [4], 0)\npanel.edits.drop(split.train, [5, 6])"
    made = run(notebook(START, "_ = panel.wait()", edits, "panel.edits.undo()"), tmp_path)
    found = check_final(made)
    assert found["frame"]["content"]["edits"]["count"] == 1
    assert [edit["position"] for edit in found["edits"]["edits"]] == [4]
    assert "1 relabelled, 0 dropped" in made.cells[1].outputs[0].data["text/plain"]


def test_an_earlier_fit_is_stored_at_once(tmp_path):
    fitted = (
        "valuation.fit(split.train)\npanel = ValuationPanel(valuation, split.train, name='cancer 2')\npanel"
    )
    made = run(
        notebook(fitted.replace("cancer 2", "cancer").replace("panel =", "panel.close()\npanel =")), tmp_path
    )
    check_final(made)


def test_a_paused_run_is_stored_as_such_and_one_that_begins_again_as_what_it_comes_to(tmp_path):
    pause = """
panel.start()
display(panel)
panel.pause()
import time
while panel.state != "paused": time.sleep(0.01)
"""
    made = run(notebook(pause), tmp_path)
    check_final(made, "paused")
    again = run(notebook(pause, "panel.stop()\n_ = panel.wait()\npanel.start()\n_ = panel.wait()"), tmp_path)
    assert check_final(again)["frame"]["content"]["status"]["done"] > 0


def test_papermill_keeps_the_same(tmp_path):
    nbformat.write(notebook(START, "_ = panel.wait()"), tmp_path / "in.ipynb")
    papermill.execute_notebook(
        str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb"), cwd=str(tmp_path), progress_bar=False
    )
    check_final(nbformat.read(tmp_path / "out.ipynb", as_version=4))


def test_nbconvert_that_executes_keeps_the_same_and_writes_it_as_html(tmp_path):
    nbformat.write(notebook(START, "_ = await panel.run"), tmp_path / "in.ipynb")

    def convert(*options):
        command = [sys.executable, "-m", "nbconvert", *options]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=200)

    convert("--execute", "--to", "notebook", "--output", "out.ipynb", "in.ipynb")
    check_final(nbformat.read(tmp_path / "out.ipynb", as_version=4))
    convert("--to", "html", "--output", "out.html", "out.ipynb")
    page = Path(tmp_path / "out.html").read_text(encoding="utf-8")
    assert 'class="dvl-snapshot-data"' in page
    assert f'<script type="{VIEW}">' not in page


GATED = """
import threading, time
from pathlib import Path
from dvlwidgets import Utility
def value(masks):
    while not Path("go").exists():
        time.sleep(0.01)
    return masks.sum(axis=1) * 1.0
valuation = ShapleyValuation(Utility.from_function(value), PermutationSampler(seed=1), MaxUpdates(3))
panel = ValuationPanel(valuation, split.train, name="gated", edits="edits.jsonl")
panel.start()
threading.Thread(target=lambda: (panel.wait(), Path("done").touch())).start()
panel
"""


def test_a_run_that_ends_between_two_cells_is_stored_by_the_next_one(tmp_path):
    made = notebook(GATED.strip(), "1")
    client = NotebookClient(made, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    with client.setup_kernel():
        for i in (0, 1):
            client.execute_cell(made.cells[i], i)
        (tmp_path / "go").touch()
        until((tmp_path / "done").exists)
        assert MIME not in made.cells[1].outputs[0]["data"]  # nobody has told nbclient
        client.execute_cell(made.cells[2], 2)
    assert MIME in made.cells[1].outputs[0]["data"]
