"""The module with which a panel's table filters and arranges what the valuation panel's can from its beginning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.part import Hub, taken

NAME: Final = "table"


class TablePart:
    """Hands the module over; filters and columns are `ViewPart`'s and `ColumnsPart`'s.

    Args:
        hub: the panel.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """The module ("code")."""
        wanted = taken(command, "do", str, "'code'")
        if wanted != "code":
            raise WireError(f"'do' should be 'code', not {short(wanted)}.")
        return wire.part(NAME, "code", {"text": bundle.read("table.js")}, request=request)

    def hello(self) -> list[wire.Frame]:
        """Nothing: a page asks for the module."""
        return []

    def close(self) -> None:
        """Nothing was begun."""
