"""Copies of a panel inside HTML, as text: where the data stand, and how they are taken out.

`widgets/sharing.py` writes them: a fragment with a table and a picture, then the data in a script element that
browsers do not execute, then the script that shows them. The data never hold a "<", so that the element ends where
it seems to end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

DATA_CLASS = "dvl-snapshot-data"
FRAGMENT_CLASS = "dvl-snapshot"
_TAG = re.compile(r"<(div|script)\b([^<>]{0,500})>", re.IGNORECASE)
_CLASS = re.compile(r"(?:^|\s)class\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_CLOSE = re.compile(r"</script\s*>", re.IGNORECASE)
_NEXT_SCRIPT = re.compile(r"\s{0,100}<script(?: type=[\"']?text/javascript[\"']?)?\s{0,100}>", re.IGNORECASE)
_TABLE_OPEN = re.compile(r"<table\b[^<>]{0,500}>", re.IGNORECASE)
_TABLE_CLOSE = re.compile(r"</table\s*>", re.IGNORECASE)
_HELD = re.compile(r"<p><small>[^<>]{0,2000}</small></p>", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """One copy's data within a text.

    Attributes:
        start: where its element begins.
        end: where the element ends, and the script after it; -1 where the text is cut off.
        data: the JSON.
    """

    start: int
    end: int
    data: str


def blocks(html: str) -> Iterator[Block]:
    """The data of every copy in a text, in order."""
    place = 0
    while found := _tag(html, place, "script", DATA_CLASS):
        closed = _CLOSE.search(html, found.end())
        if closed is None:
            yield Block(found.start(), -1, html[found.end() :])
            return
        place = closed.end()
        if viewer := _NEXT_SCRIPT.match(html, place):
            ended = _CLOSE.search(html, viewer.end())
            place = len(html) if ended is None else ended.end()
        yield Block(found.start(), place, html[found.end() : closed.start()])


def is_copy(html: str) -> bool:
    """Whether a text holds the fragment or the data of a panel."""
    return any(_tag(html, 0, *what) for what in (("div", FRAGMENT_CLASS), ("script", DATA_CLASS)))


def _tag(html: str, place: int, name: str, marked: str) -> re.Match[str] | None:
    """The next opening tag of an element with a class."""
    for found in _TAG.finditer(html, place):
        classes = _CLASS.search(found[2]) if found[1].lower() == name else None
        if classes and marked in (classes[1] or classes[2] or classes[3] or "").split():
            return found
    return None


def without_data(html: str, note: str, *, table: bool) -> tuple[str, int, int]:
    """A text without data and scripts of copies.

    Args:
        html: the text.
        note: takes the place of the line that says what the copy holds.
        table: leave the tables of the lowest and highest points.

    Returns:
        The text, how many copies' data, and how many tables were taken out.
    """
    kept, place, count = [], 0, 0
    for block in blocks(html):
        kept.append(html[place : block.start].rstrip("\n") + "\n")
        place = len(html) if block.end < 0 else block.end
        count += 1
    kept.append(html[place:].removeprefix("\n") if count else html)
    text, tables = "".join(kept), 0
    pieces, place = [], 0
    while found := _tag(text, place, "div", FRAGMENT_CLASS):
        after = _tag(text, found.end(), "div", FRAGMENT_CLASS)
        stop = len(text) if after is None else after.start()
        inside = text[found.end() : stop]
        if not table:
            inside, taken = _without_table(inside)
            tables += taken
        pieces += [text[place : found.end()], _HELD.sub(lambda _: note, inside, count=1)]
        place = stop
    return "".join(pieces) + text[place:], count, tables


def _without_table(fragment: str) -> tuple[str, int]:
    """A fragment without its first table: a table cut off is taken to the end."""
    opened = _TABLE_OPEN.search(fragment)
    if opened is None:
        return fragment, 0
    closed = _TABLE_CLOSE.search(fragment, opened.end())
    rest = "" if closed is None else fragment[closed.end() :]
    return fragment[: opened.start()].rstrip("\n") + rest, 1
