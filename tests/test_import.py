"""`import dvlwidgets` is light: nobody waits for libraries that they do not use."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "pandas", "pyarrow", "dask", "distributed", "zarr", "matplotlib", "IPython", "anywidget",
         "ipywidgets", "sklearn", "ray", "PIL", "pymemcache")  # fmt: skip


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


def test_the_check_can_fail():
    assert not loaded_after("import dvlwidgets, sklearn").isdisjoint(HEAVY)
