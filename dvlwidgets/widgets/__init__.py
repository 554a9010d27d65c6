"""The live panel: anywidget, ipywidgets and IPython live only here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dvlwidgets.widgets.influence_panel import InfluencePanel
    from dvlwidgets.widgets.panel import ValuationPanel

__all__ = ["InfluencePanel", "ValuationPanel"]


def __getattr__(name: str) -> Any:
    """Loads anywidget with the first panel: static pages do without."""
    if name == "ValuationPanel":
        from dvlwidgets.widgets.panel import ValuationPanel

        return ValuationPanel
    if name == "InfluencePanel":
        from dvlwidgets.widgets.influence_panel import InfluencePanel

        return InfluencePanel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
