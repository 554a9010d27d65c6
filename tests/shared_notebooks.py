"""Notebooks and pages with copies of panels, as tests of their readers need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.sent_edits import shared
from dvlwidgets.valuation.result import ValuationResult
from dvlwidgets.widgets import bundle, sharing
from dvlwidgets.widgets.copies import Copy, copy_of
from dvlwidgets.widgets.material import Material
from dvlwidgets.widgets.snapshot import Content

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
MODEL, LAYOUT, OTHER = "a" * 32, "b" * 32, "c" * 32
N = 30


def no_build(monkeypatch: Any) -> None:
    """A viewer that is a line long, and made to break out of its element."""
    monkeypatch.setattr(bundle, "read", lambda name: 'let s = "</script><!-- <script>"; VIEWER')


def points(n: int = N, **more: Any) -> Dataset:
    y = np.array(["cat", "dog", "cow"])[np.arange(n) % 3]
    return Dataset(np.arange(2.0 * n).reshape(n, 2) * 1.5, y, ids=[f"id-{i}" for i in range(n)], **more)


def edited_log(folder: Path) -> EditLog:
    """Two relabelled points and a dropped one."""
    log = EditLog(folder / "edits.jsonl")
    log.relabel(points(), [0, 1], "cow")
    log.drop(points(), [5])
    return log


def result(n: int = N) -> ValuationResult:
    return ValuationResult(
        values=np.arange(n) / 10 - 1, variances=np.full(n, 0.01), counts=np.full(n, 9), algorithm="Shapley"
    )


def copy(
    level: str = "values", *, run: str = "my run", title: str = "the points", log: EditLog | None = None,
    dataset: Dataset | None = None,
) -> Copy:  # fmt: skip
    """A copy of made-up values; point i has the value i / 10 - 1, whatever the data are."""
    dataset = points() if dataset is None else dataset
    now = sharing.snapshot_of(result(len(dataset)), dataset, title=title)
    edits = (lambda level: shared(log, dataset, level)) if log else lambda level: None
    return copy_of(Material(now, run=run, edits=edits), level)


def saved(folder: Path, *bundles: Content, states: bool = False, name: str = "report.ipynb") -> Path:
    """A notebook as nbformat writes it: text, somebody else's outputs, then one cell a bundle."""
    cells = [
        new_markdown_cell("# Dög\n\ntext"),
        new_code_cell("other", outputs=[
            new_output("stream", name="stdout", text="one\ntwo\n"),
            new_output("display_data", data={"text/html": "<table><tr><td>mine</td></tr></table>\n<script>1</script>"}),
            new_output("display_data", data={"text/plain": "a slider"} | view(OTHER)),
        ]),
    ]  # fmt: skip
    cells += [
        new_code_cell("panel", outputs=[new_output("display_data", data=dict(data))]) for data in bundles
    ]
    notebook = new_notebook(cells=cells)
    if states:
        notebook.metadata["widgets"] = {
            STATE: {
                "version_major": 2,
                "version_minor": 0,
                "state": {
                    MODEL: {
                        "model_name": "AnyModel",
                        "state": {
                            "_anywidget_id": "dvlwidgets.widgets.panel.ValuationPanel",
                            "_esm": "x" * 5000,
                            "layout": f"IPY_MODEL_{LAYOUT}",
                        },
                    },
                    LAYOUT: {"model_name": "LayoutModel", "state": {}},
                    OTHER: {"model_name": "SliderModel", "state": {}},
                },
            }
        }
    path = folder / name
    nbformat.write(notebook, path)
    return path


def view(model: str) -> Content:
    return {VIEW: {"model_id": model, "version_major": 2, "version_minor": 0}}


def live(made: Copy) -> Content:
    """The bundle of a copy whose panel was alive."""
    return made.bundle(MODEL) | view(MODEL)
