"""`import dvlwidgets` is light: nobody waits for libraries that they do not use."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dvlwidgets
from dvlwidgets.homes import HOME_OF

HEAVY = ("torch", "pandas", "pyarrow", "dask", "distributed", "zarr", "matplotlib", "IPython", "anywidget",
         "ipywidgets", "sklearn", "ray", "PIL", "pymemcache")  # fmt: skip

FITTED = """
import torch
from dvlwidgets.influence import DaskInfluenceCalculator, GradDotInfluence, SequentialInfluenceCalculator
pair = torch.ones(3, 2), torch.ones(3, 1)
influence = GradDotInfluence(torch.nn.Linear(2, 1), torch.nn.MSELoss())
"""
DASK_IS_ASKED_FOR = FITTED + "DaskInfluenceCalculator(influence, 'a client')"
ZARR_IS_ASKED_FOR = (
    FITTED + "SequentialInfluenceCalculator(influence).influences(pair, pair).to_zarr('never.zarr')"
)


def loaded_after(statement: str) -> set[str]:
    """Names of the top-level modules that a fresh interpreter has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_import_loads_nothing_heavy():
    assert loaded_after("import dvlwidgets").isdisjoint(HEAVY)


def test_the_engine_needs_numpy_and_scipy_only():
    loaded = loaded_after("import dvlwidgets.engine")
    assert loaded.isdisjoint(HEAVY)


def test_influence_loads_neither_dask_nor_zarr_nor_scikit_learn():
    rest = set(HEAVY) - {"torch"}
    assert loaded_after("import dvlwidgets.influence").isdisjoint(rest)
    used = (
        "from dvlwidgets.influence import DirectInfluence, SequentialInfluenceCalculator, TorchNumpyConverter\n"
        "import dvlwidgets.influence.torch, dvlwidgets.influence.torch.util, dvlwidgets.influence.array\n"
        "import dvlwidgets.influence.influence_calculator"
    )
    assert loaded_after(used).isdisjoint(rest)


@pytest.mark.parametrize(
    ("missing", "code", "extra"),
    [
        ("torch", "import dvlwidgets.influence", "torch"),
        ("torch", "from dvlwidgets import DirectInfluence", "torch"),
        ("torch", "import dvlwidgets.influence.torch.util", "torch"),
        ("distributed", DASK_IS_ASKED_FOR, "dask"),
        ("zarr", ZARR_IS_ASKED_FOR, "torch"),
    ],
)
def test_what_is_not_installed_is_said_with_how_to_install_it(missing: str, code: str, extra: str):
    hide = f"import sys\nsys.modules[{missing!r}] = None\n"
    if missing == "torch":  # as if it were nowhere on the path
        hide += "import importlib.util as u\nold = u.find_spec\n"
        hide += "u.find_spec = lambda name, *rest: None if name == 'torch' else old(name, *rest)\n"
    run = subprocess.run([sys.executable, "-c", hide + code], capture_output=True, text=True, check=False)
    last = run.stderr.strip().splitlines()[-1]
    assert f"pip install 'dvlwidgets[{extra}]'" in last, run.stderr
    assert "Error" in last


def test_the_check_can_fail():
    assert not loaded_after("import dvlwidgets, sklearn").isdisjoint(HEAVY)


def test_type_checkers_are_told_the_names_that_there_are():
    stub = ast.parse((Path(dvlwidgets.__file__).parent / "__init__.pyi").read_text(encoding="utf-8"))
    told = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname
    }
    assert told == HOME_OF


def test_the_lists_of_names_agree() -> None:
    from dvlwidgets import homes, influence
    from dvlwidgets.valuation import samplers

    assert sorted(influence._HOME_OF) == influence.__all__
    assert set(homes.WITH_TORCH["influence"]) <= set(influence.__all__)
    assert sorted(homes.HOMES["valuation.samplers"]) == sorted(samplers.__all__)
