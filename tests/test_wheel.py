"""The wheel holds all that a user needs, and works in a fresh environment that has no Node."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from labserver import chromium, lab, open_notebook, run_all, watched_page
from packaging_jobs import Environment

pytestmark = [pytest.mark.wheel, pytest.mark.slow]

EXTENSION = "share/jupyter/labextensions/dvlwidgets"


@pytest.fixture(scope="module")
def assets(wheel: Path) -> dict[str, bytes]:
    """Everything in the wheel: name -> content."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_python_files_and_type_marker(assets: dict[str, bytes]):
    assert {"dvlwidgets/py.typed", "dvlwidgets/__init__.py", "dvlwidgets/demo/__main__.py"} <= assets.keys()
    assert not any(name.startswith(("tests/", "js/", "examples/", "node_modules/")) for name in assets)
    assert "dvlwidgets/DESIGN.md" not in assets


def test_bundles_hold_everything_and_ask_no_other_host(assets: dict[str, bytes]):
    for part in ("widget", "influence", "viewer"):
        name = f"dvlwidgets/static/{part}.js"
        code = assets[name].decode()
        assert 1_000 < len(code) < 150_000, f"{name} has {len(code)} bytes"
        assert "sourceMappingURL" not in code, f"{name} is a development build"
        assert not any(cdn in code for cdn in ("unpkg.com", "jsdelivr", "cdnjs", "esm.sh"))


def test_prebuilt_lab_extension(assets: dict[str, bytes]):
    (prefix,) = {name.partition(EXTENSION)[0] for name in assets if EXTENSION in name}
    package = json.loads(assets[f"{prefix}{EXTENSION}/package.json"])
    entry = package["jupyterlab"]["_build"]["load"]
    assert f"{prefix}{EXTENSION}/{entry}" in assets
    assert json.loads(assets[f"{prefix}{EXTENSION}/install.json"])["packageName"] == "dvlwidgets"


def test_one_version_number(assets: dict[str, bytes], wheel: Path, repository: Path):
    version = json.loads((repository / "package.json").read_text())["version"]
    assert wheel.name.startswith(f"dvlwidgets-{version}-py3-none-any")


def test_licences(assets: dict[str, bytes]):
    (own,) = [content for name, content in assets.items() if name.endswith(".dist-info/licenses/LICENSE")]
    assert b"BSD 3-Clause" in own
    # js/build.mjs refuses to put anything third-party into the bundles; the lab extension may hold some
    (listed,) = [
        content for name, content in assets.items() if name.endswith("static/third-party-licenses.json")
    ]
    packages = json.loads(listed)["packages"]
    assert all(package["licenseId"] and package["extractedText"] for package in packages), packages


def test_extension_is_listed_enabled(lab_environment: Environment, tmp_path: Path):
    listed = lab_environment.run("-m", "jupyter", "labextension", "list", "--verbose", cwd=tmp_path)
    (line,) = [line for line in listed.splitlines() if line.strip().startswith("dvlwidgets v")]
    assert "enabled" in line
    assert "OK" in line


FINISHED = """
() => [...document.querySelectorAll('[data-dvl-panel]')].some(
  (host) => host.shadowRoot.querySelector('[data-testid=state]')?.dataset.state === 'finished')
"""

NOTEBOOK = """
from sklearn.linear_model import LogisticRegression
import dvlwidgets as dvl
from dvlwidgets.data.examples import load_split
split = load_split("breast_cancer", n_train=60, flip=0.1, seed=0)
utility = dvl.Utility(LogisticRegression(C=0.1), dvl.SupervisedScorer("neg_log_loss", split.val))
valuation = dvl.ShapleyValuation(utility, dvl.PermutationSampler(seed=1), dvl.MaxUpdates(4))
panel = dvl.ValuationPanel(valuation, split.train)
panel.start()
panel
"""


def test_the_panel_renders_in_jupyterlab_without_node(lab_environment: Environment, tmp_path: Path):
    assert shutil.which("node", path=lab_environment.variables()["PATH"]) is None
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(NOTEBOOK)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "panel.ipynb")
    variables = lab_environment.variables()
    with (
        lab(tmp_path, python=lab_environment.python, env={"PATH": variables["PATH"]}) as server,
        chromium() as browser,
    ):
        page, watch = watched_page(browser)
        open_notebook(page, server, "panel.ipynb")
        run_all(page)
        panel = page.locator(".jp-OutputArea-output [data-testid=panel]")
        panel.wait_for(timeout=120_000)
        panel.locator("[data-testid=row]").nth(5).wait_for(timeout=60_000)
        page.wait_for_function(FINISHED, timeout=120_000)
        assert watch.errors == []
        assert watch.outside == []
