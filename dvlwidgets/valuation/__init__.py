"""Values of training points for a model's performance on test data.

Every public name of `dvlwidgets` that belongs to valuation can also be imported from here; it is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..homes import HOME_OF, STAR

_PARTS = ("dataset", "games", "methods", "result", "samplers", "scorers", "stopping", "utility")


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return _names()
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in HOME_OF:
        return getattr(importlib.import_module(__name__.rpartition(".")[0]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS, *_names()})


def _names() -> list[str]:
    """What `from dvlwidgets.valuation import *` brings: all but the widgets."""
    return [name for name in STAR if not HOME_OF[name].startswith("widgets.")]
