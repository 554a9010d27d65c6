"""Where users of pyDVL look for influence methods; they live in `dvlwidgets.influence`."""

from __future__ import annotations

import importlib
from typing import Any

_NAMES = (
    "ArnoldiInfluence",
    "BlockMode",
    "CgInfluence",
    "DirectInfluence",
    "EkfacInfluence",
    "EkfacPreconditioner",
    "InverseHarmonicMeanInfluence",
    "JacobiPreconditioner",
    "LissaInfluence",
    "NystroemPreconditioner",
    "NystroemSketchInfluence",
    "SecondOrderMode",
)


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return list(_NAMES)
    if name == "util":
        return importlib.import_module(f"{__name__}.util")
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .. import __getattr__ as of_influence

    return of_influence(name)


def __dir__() -> list[str]:
    return sorted({*_NAMES, "util", *globals()})
