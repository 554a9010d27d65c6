"""Parts of a page that need nothing from Python but their module: it comes when a page asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.part import taken

TABLE: Final = "table"
"""Filters and columns of a panel's table, which the valuation panel's has from its beginning."""
EXPRESSION: Final = "expression"
"""The language of filter expressions."""


class ModulePart:
    """Hands a module over.

    Args:
        name: of the part; its module is the built file of this name.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """The module ("code")."""
        wanted = taken(command, "do", str, "'code'")
        if wanted != "code":
            raise WireError(f"'do' should be 'code', not {short(wanted)}.")
        return wire.part(self._name, "code", {"text": bundle.read(f"{self._name}.js")}, request=request)

    def hello(self) -> list[wire.Frame]:
        """Nothing: a page asks for the module."""
        return []

    def close(self) -> None:
        """Nothing was begun."""
