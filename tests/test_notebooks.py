"""Every example runs from top to bottom in a fresh kernel, and its last cell asserts what its text claims."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from dvlwidgets.data.example_files import VARIABLE
from dvlwidgets.data.spotify import FILE

pytestmark = [pytest.mark.notebook, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(REPOSITORY.glob("examples/*.ipynb"))

NEEDS = {"02_spotify": FILE}
"""Files of other people's data: without them there is nothing to run, and the report says so."""


def test_there_are_examples():
    assert [path.stem for path in EXAMPLES[:2]] == ["01_find_mislabelled_points", "02_spotify"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = Path(os.environ.get(VARIABLE) or REPOSITORY.parent / "shared" / "data")
    if path.stem in NEEDS and not (folder / NEEDS[path.stem]).is_file():
        pytest.skip(f"{folder / NEEDS[path.stem]} is not there; set {VARIABLE} to a folder that has it")
    monkeypatch.setenv(VARIABLE, str(folder))
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code), (
        "commit it without outputs"
    )
    assert "assert" in code[-1].source
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    complaints = [out.text for cell in code for out in cell.outputs if out.get("name") == "stderr"]
    assert complaints == []
