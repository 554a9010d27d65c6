"""The live panel: anywidget, ipywidgets and IPython live only here."""

from __future__ import annotations
