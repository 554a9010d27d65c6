"""dvlwidgets: find the training points that help, hurt or are mislabelled, and fix them, live in a notebook.

Public names are loaded when they are first used, so that `import dvlwidgets` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .homes import HOME_OF, STAR

_PARTS = ("influence", "previews", "reporting", "utils", "valuation")

__all__ = list(STAR)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("dvlwidgets")
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *HOME_OF, "__version__"})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "dvlwidgets"}]


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext dvlwidgets`: the magics %%valuation, %%influence and %dvl."""
    from .magics.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """`%unload_ext dvlwidgets`."""
    from .magics.extension import unload

    unload(ipython)


if "ipykernel" in sys.modules:  # a front-end may ask for the runs of this kernel from now on
    from .widgets import control

    control.register()
