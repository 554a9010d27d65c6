"""Every example runs from top to bottom in a fresh kernel, and its last cell asserts what its text claims."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = [pytest.mark.notebook, pytest.mark.slow]

EXAMPLES = sorted(Path(__file__).resolve().parent.parent.glob("examples/*.ipynb"))


def test_there_are_examples():
    assert EXAMPLES[0].name == "01_find_mislabelled_points.ipynb"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path):
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
