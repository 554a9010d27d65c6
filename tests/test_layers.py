"""Import directions and heavy imports, read from the source: rooms know only the rooms below them.

typing, errors < arguments < data, engine < utility < valuation < influence < evaluation < widgets < programs
(DESIGN.md, section 3). A module that is imported for types only obeys the same directions.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "dvlwidgets"

FLOOR = {
    "typing": 0, "errors": 0, "counts": 0, "homes": 0,
    "arguments": 1, "devices": 1,
    "data": 2, "engine": 2,
    "utility": 3,
    "valuation": 4,
    "influence": 5,
    "evaluation": 6,
    "widgets": 7, "utils": 7, "reporting": 7,
    "magics": 8,
    "demo": 8, "cli": 8, "previews": 8,
    "__main__": 9, "__init__": 9,  # the front door: every public name, the heavy ones lazily
}  # fmt: skip

# Where a library may be imported at all. "at once" = at module level; "lazily" = inside functions, or for types.
AT_ONCE, LAZILY = "at once", "lazily"
ALLOWED: dict[str, dict[str, str]] = {
    "numpy": {"*": AT_ONCE},
    "scipy": {"*": AT_ONCE},
    "sklearn": {
        "data/*": LAZILY, "utility/fits/torch_ensemble.py": AT_ONCE, "utility/*": LAZILY,
        "valuation/*": LAZILY, "influence/*": LAZILY, "evaluation/*": LAZILY, "widgets/*": LAZILY, "demo/*": AT_ONCE,
    },
    "joblib": {"engine/parallel.py": AT_ONCE, "evaluation/experiment.py": LAZILY, "demo/*": AT_ONCE},
    "cloudpickle": {"engine/shipment.py": AT_ONCE},
    "threadpoolctl": {"engine/threads.py": AT_ONCE},
    "torch": {
        "influence/*": AT_ONCE, "utility/fits/torch_*.py": AT_ONCE, "data/dataset.py": LAZILY,
        "devices.py": LAZILY, "utility/model.py": LAZILY, "utility/learned*.py": LAZILY, "utility/scorer.py": LAZILY,
        "valuation/methods/knn_torch.py": LAZILY, "magics/influence.py": LAZILY,
    },
    "pandas": {
        "data/*": LAZILY, "valuation/result_*.py": LAZILY, "influence/summary.py": LAZILY, "evaluation/*": LAZILY,
        "widgets/*": LAZILY,
    },
    "pyarrow": {"data/*": LAZILY},
    "PIL": {"data/preview_pixels.py": LAZILY, "data/malaria.py": LAZILY},
    "matplotlib": {"evaluation/*": LAZILY},
    "dask": {"influence/*": LAZILY}, "distributed": {"influence/*": LAZILY}, "zarr": {"influence/*": LAZILY},
    "pymemcache": {"utility/cache_memcached.py": LAZILY},
    "anywidget": {"widgets/*": AT_ONCE},
    "ipywidgets": {"widgets/*": AT_ONCE},
    "traitlets": {"widgets/*": AT_ONCE},
    "IPython": {"widgets/*": AT_ONCE, "magics/*": AT_ONCE},
    "ipykernel": {"widgets/*": LAZILY},
    "comm": {"widgets/*": AT_ONCE},
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One imported module: its full name, its line, and whether importing the file imports it too."""

    name: str
    line: int
    when: str


def imports(source: str, module: str, *, package: bool = False) -> list[Import]:
    """Every import in `source`, relative names resolved against `module` (dotted)."""
    found: list[Import] = []

    def visit(node: ast.AST, when: str) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, when) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.extend(Import(name, node.lineno, when) for name in _targets(node, module, package=package))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, LAZILY)
            for child in node.orelse:
                visit(child, when)
            return
        inner = LAZILY if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else when
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(ast.parse(source), AT_ONCE)
    return found


def _targets(node: ast.ImportFrom, module: str, *, package: bool) -> list[str]:
    if not node.level:
        stem = node.module or ""
    else:
        parts = module.split(".")
        parts = parts[: len(parts) - node.level + (1 if package else 0)]
        stem = ".".join([*parts, *([node.module] if node.module else [])])
    # `from dvlwidgets import data` and `from .. import engine` name the room in the alias
    return [f"{stem}.{alias.name}" for alias in node.names] if stem == "dvlwidgets" else [stem]


def complaints(source: str, path: str) -> list[str]:
    """What is wrong with the imports of the file at `path` (relative to the package)."""
    parts = path.removesuffix(".py").split("/")
    module = ".".join(["dvlwidgets", *(p for p in parts if p != "__init__")])
    room = parts[0]
    wrong = []
    for item in imports(source, module, package=parts[-1] == "__init__"):
        top, _, rest = item.name.partition(".")
        where = f"{path}:{item.line} imports {item.name}"
        if top == "dvlwidgets":
            other = rest.split(".")[0]
            if other not in FLOOR:
                wrong.append(f"{where}: import it from its room, not from the package's front door")
            elif other != room and FLOOR[other] >= FLOOR[room]:
                wrong.append(f"{where}: {room} may not know {other}")
        elif top not in sys.stdlib_module_names:
            allowed = [when for glob, when in ALLOWED.get(top, {}).items() if fnmatch(path, glob)]
            if not allowed:
                wrong.append(f"{where}: {top} has no place there")
            elif item.when == AT_ONCE and AT_ONCE not in allowed:
                wrong.append(f"{where}: import it inside the function that needs it")
    return wrong


FILES = sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py") if "labextension" not in p.parts)


@pytest.mark.parametrize("path", [f for f in FILES if f != "__init__.py"])
def test_imports_go_down(path: str):
    assert complaints((PACKAGE / path).read_text(), path) == []


@pytest.mark.parametrize(
    ("source", "path", "word"),
    [
        ("from ..widgets.panel import ValuationPanel", "engine/run.py", "engine may not know widgets"),
        ("from dvlwidgets.utility import Utility", "data/dataset.py", "data may not know utility"),
        ("from .. import valuation", "engine/run.py", "engine may not know valuation"),
        ("from . import valuation", "utility/__init__.py", None),  # its own file
        ("def f():\n    from ..valuation import x", "engine/run.py", "engine may not know valuation"),
        ("if TYPE_CHECKING:\n    from ..evaluation import x", "data/a.py", "data may not know evaluation"),
        ("from dvlwidgets import Dataset", "evaluation/removal.py", "front door"),
        ("import joblib", "engine/run.py", "no place"),
        ("import joblib", "engine/parallel.py", None),
        ("import torch", "utility/model.py", "inside the function"),
        ("def f():\n    import torch", "utility/model.py", None),
        ("if TYPE_CHECKING:\n    import pandas", "data/dataset.py", None),
        ("try:\n    import pandas\nexcept ImportError:\n    pass", "data/dataset.py", "inside the function"),
        ("class A:\n    import IPython", "valuation/result.py", "no place"),
        ("from ..errors import InputError", "data/dataset.py", None),
        ("from .engine import x", "data/dataset.py", None),  # data/engine.py would be its own room
        ("import requests", "widgets/panel.py", "no place"),
    ],
)
def test_the_check_can_fail(source: str, path: str, word: str | None):
    found = complaints(source, path)
    assert found == [] if word is None else (len(found) == 1 and word in found[0])
