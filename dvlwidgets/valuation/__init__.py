"""Values of training points for a model's performance on test data.

Every public name of `dvlwidgets` that belongs to valuation can also be imported from here; it is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    house = importlib.import_module(__name__.rpartition(".")[0])
    if name in house.__all__:
        return getattr(house, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
