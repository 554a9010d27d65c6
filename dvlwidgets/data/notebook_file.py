"""Copies of panels in files that somebody sends: notebooks, pages, payloads. They are read as data, never executed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvlwidgets.data import bounded_json, snapshot_html
from dvlwidgets.errors import NotebookError

MIME = "application/vnd.dvlwidgets.snapshot+json"
FORMAT, VERSION = "dvlwidgets-snapshot", 1
EDITS_FORMAT = "dvlwidgets-edits"
_SHOWN = 20


@dataclass(frozen=True)
class Found:
    """One copy of a panel.

    Attributes:
        run: the run's name, or its title where the file does not tell the name.
        title: heading of the panel.
        place: where it stands, in words.
        payload: the copy; its parts are not checked.
    """

    run: str
    title: str
    place: str
    payload: dict[str, Any]


def payloads(path: str | os.PathLike[str]) -> list[Found]:
    """The copies in a notebook, a page or a payload's file, in order.

    Args:
        path: .ipynb (nbformat 4), .html or .json; what it is, is seen from the content.

    Raises:
        NotebookError: the file cannot be read, or a copy in it is damaged or of another version.
    """
    return list(_payloads(Path(path)))


def read_notebook(path: str | os.PathLike[str]) -> tuple[dict[str, Any], str]:
    """A notebook and the text that it was read from.

    Raises:
        NotebookError: the file is no notebook of nbformat 4, or is damaged.
    """
    text = bounded_json.read_text(Path(path))
    found = bounded_json.parse(text, f"The notebook {path}", nan=True)
    if not is_notebook(found):
        raise NotebookError(f"{path} is no notebook: it has no cells. Pass an .ipynb file of nbformat 4.")
    _check_version(found, Path(path))
    return found, text


def is_notebook(found: Any) -> bool:
    """Whether an object from JSON is a notebook of any version."""
    return isinstance(found, dict) and ("cells" in found or "worksheets" in found) and "nbformat" in found


def bundles(notebook: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """The outputs of a notebook that have a MIME bundle: number of the cell (from 1), output, bundle."""
    cells = notebook.get("cells")
    for number, cell in enumerate(cells if isinstance(cells, list) else [], start=1):
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        for output in outputs if isinstance(outputs, list) else []:
            data = output.get("data") if isinstance(output, dict) else None
            if isinstance(data, dict):
                yield number, output, data


def joined(html: Any) -> str:
    """The text of a MIME entry, which nbformat stores as a string or a list of strings."""
    if isinstance(html, list):
        return "".join(part for part in html if isinstance(part, str))
    return html if isinstance(html, str) else ""


def _payloads(path: Path) -> Iterator[Found]:
    text = bounded_json.read_text(path)
    start = text[:1000].lstrip()[:1]
    if start != "{":
        if "<" not in text[:10_000]:
            raise NotebookError(f"{path} is neither a notebook nor a page; expected .ipynb, .html or .json.")
        yield from _in_html(text, f"{path}", None)
        return
    found = bounded_json.parse(text, f"{path}", nan=True)
    if is_notebook(found):
        _check_version(found, path)
        for number, _, data in bundles(found):
            yield from _in_html(joined(data.get("text/html")), f"cell {number} of {path}", data.get(MIME))
    elif isinstance(found, dict) and found.get("format") == FORMAT:
        yield _found(bounded_json.parse(text, f"{path}"), f"{path}", None)
    elif isinstance(found, dict) and found.get("format") == EDITS_FORMAT:
        yield Found("", "", f"{path}", {"format": FORMAT, "v": VERSION, "edits": found})
    else:
        raise NotebookError(f"{path} is JSON, but no notebook; expected cells, or a copy of a panel.")


def _check_version(notebook: dict[str, Any], path: Path) -> None:
    if notebook["nbformat"] != 4:
        raise NotebookError(
            f"{path} has nbformat {notebook['nbformat']!r:.20}; expected 4. Open it in JupyterLab and save it again."
        )


def _in_html(html: str, place: str, small: Any) -> Iterator[Found]:
    for block in snapshot_html.blocks(html):
        if block.end < 0:
            raise NotebookError(f"The copy in {place} is cut off. Ask for the file again.")
        yield _found(bounded_json.parse(block.data, f"The copy in {place}"), place, small)


def _found(payload: Any, place: str, small: Any) -> Found:
    if not isinstance(payload, dict) or payload.get("format") != FORMAT:
        raise NotebookError(f"What stands in {place} is no copy of a panel: its format is not {FORMAT!r}.")
    if payload.get("v") != VERSION:
        raise NotebookError(
            f"The copy in {place} has version {payload.get('v')!r:.20}; this dvlwidgets reads version {VERSION}. "
            "Use the version that wrote it."
        )
    if bounded_json.too_deep(payload):
        raise NotebookError(f"The copy in {place} is nested too deeply; it is not read.")
    title = _at(payload, "frame", "content", "title") or _at(payload, "title")
    run = _at(small, "run") or _at(payload, "run") or title
    return Found(run, title, place, payload)


def _at(found: Any, *names: str) -> str:
    """The text at a path, or nothing."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def edits_in(path: Path, run: str | None = None, kind: str = "edits") -> dict[str, Any]:
    """The edits of one run in a file; `run` is its name or title, `kind` "edits" or "test_edits".

    Raises:
        NotebookError: the file cannot be read, holds no edits, or those of several runs.
    """
    copies = payloads(path)
    if not copies:
        raise NotebookError(nothing_in(path))
    chosen = [copy for copy in copies if run is None or run in {copy.run, copy.title}]
    if not chosen:
        raise NotebookError(f"{path} has no run {run!r}; it has {names(copies)}.")
    edited = [copy for copy in chosen if isinstance(copy.payload.get(kind), dict)]
    if not edited:
        which = "edits" if kind == "edits" else "edits of test points"
        raise NotebookError(
            f"{path} holds no {which}: nothing was edited in {names(chosen)} when it was saved."
        )
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for copy in edited:
        edits = copy.payload[kind]
        newest[str(edits.get("salt")), str(edits.get("order"))] = edits  # a log shown twice: the later copy
    if len(newest) > 1:
        raise NotebookError(
            f"{path} has edits of {len(newest)} data sets; say which run's are meant: {names(edited)}."
        )
    return next(iter(newest.values()))


def _no_edits(path: Path, chosen: list[Found]) -> str:
    """Why copies have no edits."""
    for copy in chosen:
        frame = copy.payload.get("frame")
        content = frame.get("content") if isinstance(frame, dict) else None
        counts = content.get("edits") if isinstance(content, dict) else None
        if isinstance(counts, dict) and (counts.get("relabelled") or counts.get("dropped")):
            return f"{path} has no room for the edits of {names(chosen)}. Ask for the log, or a larger copy."
    return f"{path} holds no edits: nothing was edited in {names(chosen)} when it was saved."


def nothing_in(path: Path) -> str:
    """Why a file may hold no copy."""
    return (
        f"{path} holds no copy of a panel. It may have been saved before a run ended, or its copies were taken out "
        "(dvlwidgets strip)."
    )


def names(copies: list[Found]) -> str:
    """The names of runs, in words."""
    listed = sorted({repr(copy.run)[:80] for copy in copies})
    return ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
