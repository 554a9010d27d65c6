"""The magics in a real kernel: nbclient executes a notebook, the protocol completes and inspects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

SETUP = """
%load_ext dvlwidgets
from sklearn.naive_bayes import GaussianNB
from dvlwidgets.data.examples import load_split
from dvlwidgets.widgets import bundle
bundle.read = lambda name: "export default {}"  # not looked at here
split = load_split("breast_cancer", n_train=20, flip=0.1, seed=0)
"""
WAITS = """
%%valuation nb --train split.train --test split.val --sampler permutation --until updates(3) --wait --out run
print("cell")
GaussianNB()"""


@pytest.mark.notebook
def test_nbclient_stores_the_end_of_a_run_that_was_waited_for(tmp_path):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    cells = (SETUP, WAITS, "%dvl", "print(len(run.result.values))", "%%valuation --train splt\nGaussianNB()")
    notebook.cells = [nbformat.v4.new_code_cell(text.strip()) for text in cells]
    notebook.cells[-1].metadata["tags"] = ["raises-exception"]
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        ask = run_sync(_answer)
        reply = ask(client.kc.complete, "%%valuation --method shap")
        inspected = ask(client.kc.inspect, "%%valuation")
        text = "x = 1\n%dvl show "
        runs = ask(client.kc.complete, text, len(text))
    _, waited, listed, counted, refused = (cell.outputs for cell in notebook.cells)
    assert waited[0].text == "cell\n"
    assert "finished" in waited[1].data["text/plain"]
    assert "<table" in waited[1].data["text/html"]
    assert listed[0].text.splitlines()[1].split()[:3] == ["nb", "Shapley", "finished"]
    assert counted[0].text == "20\n"
    assert refused[0].name == "stderr"
    assert refused[0].text.startswith(
        "UsageError: --train: there is no variable 'splt'. Did you mean 'split'?"
    )
    assert len(refused) == 1
    assert (reply["matches"], reply["cursor_start"], reply["cursor_end"]) == (["shapley"], 21, 25)
    assert runs["matches"] == ["nb"]
    assert "--until RULES" in inspected["data"]["text/plain"]


async def _answer(method: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    return dict((await method(*arguments, reply=True, timeout=60))["content"])
