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
_UNFINISHED_CLASS = "mathjax_ignore"
"""All that a fragment has that was stored while the run went on."""
_TAG = re.compile(r"<(div|script)\b([^<>]{0,500})>", re.IGNORECASE)
_CLASS = re.compile(r"(?:^|\s)class\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_CLOSE = re.compile(r"</script\s*>", re.IGNORECASE)
_NEXT_SCRIPT = re.compile(r"\s{0,100}<script(?: type=[\"']?text/javascript[\"']?)?\s{0,100}>", re.IGNORECASE)
_TABLE = re.compile(r"<(table|pre)\b[^<>]{0,500}>", re.IGNORECASE)
_EMPTY = re.compile(r"\n?<div class=[\"']lm-mod-hidden[\"']>\s{0,100}</div>")
"""What the scripts stood in."""
_HELD = re.compile(
    r"<p><small>(?:This copy holds|The data of this copy) [^<>]{0,2000}</small></p>", re.IGNORECASE
)


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
    return _tag(html, 0, "script", DATA_CLASS) is not None or next(fragments(html), None) is not None


def fragments(html: str) -> Iterator[tuple[int, int, int]]:
    """What of a panel is seen without scripts: where it begins, where the line on what it holds begins and ends."""
    found = _tag(html, 0, "div", FRAGMENT_CLASS, _UNFINISHED_CLASS)
    while found:
        after = _tag(html, found.end(), "div", FRAGMENT_CLASS, _UNFINISHED_CLASS)
        held = _HELD.search(html, found.end(), len(html) if after is None else after.start())
        if held:
            yield found.end(), held.start(), held.end()
        found = after


def _tag(html: str, place: int, name: str, *marked: str) -> re.Match[str] | None:
    """The next opening tag of an element with one of some classes."""
    for found in _TAG.finditer(html, place):
        classes = _CLASS.search(found[2]) if found[1].lower() == name else None
        if classes and set(marked) & set((classes[1] or classes[2] or classes[3] or "").split()):
            return found
    return None


def without_data(html: str) -> tuple[str, int]:
    """A text without data and scripts of copies, and of how many."""
    kept, place, count = [], 0, 0
    for block in blocks(html):
        kept.append(html[place : block.start].rstrip("\n"))
        place = len(html) if block.end < 0 else block.end
        count += 1
    return _EMPTY.sub("", "".join([*kept, html[place:]])) if count else html, count


def with_note(html: str, note: str, *, table: bool) -> tuple[str, int]:
    """A text whose fragments say something else about what they hold.

    Args:
        html: the text.
        note: takes the place of that line.
        table: leave the tables of points.

    Returns:
        The text, and how many tables were taken out.
    """
    pieces, place, tables = [], 0, 0
    for begin, held, end in fragments(html):
        inside, taken = (html[begin:held], 0) if table else _without_tables(html[begin:held])
        tables += taken
        pieces += [html[place:begin], inside, note]
        place = end
    return "".join([*pieces, html[place:]]), tables


def _without_tables(fragment: str) -> tuple[str, int]:
    """A fragment without its tables, and how many there were; one that is cut off is taken out to the end."""
    kept, place, count, lower = [], 0, 0, fragment.lower()
    while opened := _TABLE.search(fragment, place):
        kept.append(fragment[place : opened.start()])
        end = f"</{opened[1].lower()}>"
        closed = lower.find(end, opened.end())
        place = len(fragment) if closed < 0 else closed + len(end)
        count += 1
    return "".join([*kept, fragment[place:]]), count
