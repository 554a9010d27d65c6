"""Notebooks and pages without the data of panels: what `dvlwidgets strip` does.

Taken out are the data that a copy carries with its viewer script, our MIME type, the reference to a live panel and
its saved state (it holds the panel's program). What stays is what a reader without JavaScript sees: the heading, the
sentence, the picture, and the table of the lowest and highest points where it holds positions, labels and values
only. A copy that was shared with more (ids, texts) loses its table as well; level "summary" takes it from all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dvlwidgets.data import bounded_json, snapshot_html
from dvlwidgets.data.notebook_file import MIME, bundles, joined
from dvlwidgets.errors import InputError, NotebookError

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
LEVELS = ("values", "summary")
_WITH_TABLE = "The data of this copy were taken out; the table holds positions, labels and values."
_WITHOUT_TABLE = "The data of this copy were taken out; it holds no single points."
_OWN = "dvlwidgets."
_REFERENCE = "IPY_MODEL_"


@dataclass(frozen=True)
class Removed:
    """What was taken out.

    Attributes:
        copies: data of panels, with the script that shows them.
        tables: tables of points.
        states: saved states of live panels.
        views: outputs that show a live panel, or name the copy that they hold.
    """

    copies: int = 0
    tables: int = 0
    states: int = 0
    views: int = 0

    def sentence(self, shorter: int) -> str:
        """The same in words; `shorter`: by how many bytes."""
        if self == Removed():
            return "nothing to take out: there is no copy of a panel"
        counted = (
            (self.copies, "panel's data", "panels' data"),
            (self.tables, "table of points", "tables of points"),
            (self.states, "saved widget state", "saved widget states"),
            (self.views, "live view", "live views"),
        )
        listed = ", ".join(f"{n:,} {one if n == 1 else many}" for n, one, many in counted if n)
        return f"took out {listed}; {shorter:,} bytes less"


def strip(notebook: dict[str, Any], level: str = "values") -> tuple[dict[str, Any], Removed]:
    """A notebook without the data of panels; the given one stays as it is.

    Args:
        notebook: nbformat 4.
        level: "values" leaves tables that hold positions, labels and values only; "summary" leaves none.

    Raises:
        InputError: there is no such level.
    """
    _check(level)
    clean: dict[str, Any] = json.loads(json.dumps(notebook))
    models = _own_models(clean)
    removed = Removed(states=len(models))
    for _, output, bundle in bundles(clean):
        view = bundle.get(WIDGET_VIEW)
        model = view.get("model_id") if isinstance(view, dict) else None
        html = joined(bundle.get("text/html"))
        ours = isinstance(model, str) and model in models
        if MIME not in bundle and not snapshot_html.is_copy(html) and not ours:
            continue
        views = int(MIME in bundle or WIDGET_VIEW in bundle)
        for holder in (bundle, output.get("metadata")):
            if isinstance(holder, dict):
                holder.pop(MIME, None)
                holder.pop(WIDGET_VIEW, None)
        text, copies, tables = strip_html(html, level)
        counts = (removed.copies + copies, removed.tables + tables, removed.states, removed.views + views)
        removed = Removed(*counts)
        if text != html:
            bundle["text/html"] = (
                text.splitlines(keepends=True) if isinstance(bundle["text/html"], list) else text
            )
    _forget(clean, models)
    return clean, removed


def strip_html(html: str, level: str = "values") -> tuple[str, int, int]:
    """A text without the data of panels, how many there were, and how many tables were taken out."""
    _check(level)
    shares = {_share_of(block.data) for block in snapshot_html.blocks(html)}
    if not shares:
        shares = {_share_said(html[held:end]) for _, held, end in snapshot_html.fragments(html)}
    # a table of level "summary" has no points; where the level is not known there may be ids
    fit = {"values": {"summary", "values"}, "summary": {"summary"}}[level]
    table = bool(shares) and shares <= fit
    note = _WITH_TABLE if table and shares != {"summary"} else _WITHOUT_TABLE
    text, copies = snapshot_html.without_data(html)
    text, tables = snapshot_html.with_note(text, f"<p><small>{note}</small></p>", table=table)
    return text, copies, tables


def _check(level: str) -> None:
    if level not in LEVELS:
        raise InputError(f"level is {level!r}; expected 'values' or 'summary'.")


def _share_of(data: str) -> str:
    """The level of a copy, or nothing where it cannot be read."""
    try:
        share = bounded_json.parse(data, "The copy")["share"]
    except (NotebookError, LookupError, TypeError):
        return ""
    return share if isinstance(share, str) else ""


def _share_said(held: str) -> str:
    """The level that the line on what a copy holds means, or nothing."""
    if "no single points" in held or _WITHOUT_TABLE in held:
        return "summary"
    return "values" if "no ids" in held or _WITH_TABLE in held else ""


def _states(notebook: dict[str, Any]) -> dict[str, Any]:
    found: Any = notebook
    for name in ("metadata", "widgets", WIDGET_STATE, "state"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _own_models(notebook: dict[str, Any]) -> set[str]:
    """Ids of the saved models that are panels."""
    own = set()
    for model, saved in _states(notebook).items():
        state = saved.get("state") if isinstance(saved, dict) else None
        if isinstance(state, dict) and str(state.get("_anywidget_id", "")).startswith(_OWN):
            own.add(model)
    return own


def _forget(notebook: dict[str, Any], models: set[str]) -> None:
    """Takes saved states away, and those that only they refer to (layouts)."""
    states = _states(notebook)
    if not models:
        return
    theirs = {ref for model in models for ref in _references(states.pop(model))}
    others = {ref for saved in states.values() for ref in _references(saved)}
    for ref in theirs - others:
        states.pop(ref, None)
    if not states:
        widgets = notebook["metadata"]["widgets"]
        del widgets[WIDGET_STATE]
        if not widgets:
            del notebook["metadata"]["widgets"]


def _references(saved: Any) -> set[str]:
    """Ids of the models that a saved model names."""
    pieces = json.dumps(saved).split(f'"{_REFERENCE}')[1:]
    return {piece.split('"', 1)[0] for piece in pieces}


def written(notebook: dict[str, Any], like: str) -> str:
    """A notebook as text, in the style of the text that it was read from; else as nbformat writes it."""
    original = json.loads(like.removeprefix("\ufeff"))
    end = "\n" if like.endswith("\n") else ""
    for ascii_only in (False, True):
        for indent in (1, 2, 4, None):
            style: dict[str, Any] = {"ensure_ascii": ascii_only, "indent": indent}
            if _dumped(original, style) + end == like:
                return _dumped(notebook, style) + end
    return _dumped(notebook, {"ensure_ascii": False, "indent": 1}) + "\n"


def _dumped(notebook: dict[str, Any], style: dict[str, Any]) -> str:
    text = json.dumps(notebook, **style)
    # half a character (a lone surrogate) has no UTF-8: it stays the escape that it was
    return text.encode("utf-8", "backslashreplace").decode() if not style["ensure_ascii"] else text
