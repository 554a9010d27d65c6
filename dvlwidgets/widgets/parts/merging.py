"""A file of edits that a page sends: first what it would change, and only when it is asked for that it is merged."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dvlwidgets.counts import many
from dvlwidgets.data.edit_fitting import Clash, Fitted, fit
from dvlwidgets.data.edit_merge import Prefer
from dvlwidgets.data.edit_reading import Reading, read
from dvlwidgets.data.edits import FIELDS, LABEL, MAX_NOTE, Net, plain
from dvlwidgets.errors import DvlError, EditError, WireError
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.answered import in_words
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.edited import Edited
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.snapshot import Content

DEEDS = ("piece", "merge", "discard")
"""What a page may ask for here."""
MOST_PIECES = 64
MOST_IN_A_PIECE = 1_000_000
"""Characters of a piece."""
MOST_SHOWN = 5
"""Points that are named of each kind."""
MOST_NEW_CLASSES = 1_000
"""Labels that no point has yet: more are no file of edits of these data."""


@dataclass
class File:
    """A file that comes in pieces.

    Attributes:
        token: what the page calls it.
        name: of the file.
        of: how many pieces it has.
        pieces: those that came.
        fitted: what it is on these data, once it is read.
    """

    token: str
    name: str
    of: int
    pieces: list[str] = field(default_factory=list)
    fitted: Fitted | None = None


class Merging:
    """Takes one file at a time; a newer one replaces it.

    Args:
        hub: of the panel.
        part: name of the part that it belongs to.
        edited: the points and their log.
        never: fields that are not edited here, and why.
    """

    def __init__(self, hub: Hub, part: str, edited: Edited, never: Mapping[str, str]) -> None:
        self._part, self._edited, self._never = part, edited, never
        self._aside = Aside(hub, f"{part} file")
        self._lock = threading.Lock()
        self._file: File | None = None

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """A "piece" of a file, to "merge" what it holds, or to "discard" it."""
        wanted = command["do"]
        token = _text(command, "file", 100)
        if wanted == "piece":
            return self._piece(token, command, request)
        if wanted == "merge":
            return self._merge(token, command, request)
        with self._lock:
            if self._file is not None and self._file.token == token:
                self._file = None
        return None

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until what came is read; False after `timeout` seconds."""
        return self._aside.settle(timeout)

    def close(self) -> None:
        """Lets the file go."""
        with self._lock:
            self._file = None
        self._aside.close()

    # --- a file comes ---------------------------------------------------------------------------------------

    def _piece(self, token: str, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        at, of = (taken(command, key, int, "a number of pieces") for key in ("at", "of"))
        name, text = _text(command, "name", MAX_NOTE), _text(command, "text", MOST_IN_A_PIECE)
        if not 0 <= at < of <= MOST_PIECES:
            raise WireError(f"Piece {short(at)} of {short(of)} came; a file has at most {MOST_PIECES}.")
        with self._lock:
            if at == 0:
                self._file = File(token, name, of)
            file = self._file
            if file is None or (file.token, file.of, len(file.pieces)) != (token, of, at):
                return self._told(token, request, _gone(name))
            file.pieces.append(text)
        if at + 1 < of:
            return self._told(token, request, {"state": "more", "next": at + 1})
        self._aside.ask(lambda: self._look(file, request), request, kind="look")
        return None

    def _look(self, file: File, request: str | None) -> wire.Frame | None:
        """What the file would change: in a thread of its own, because all points may have to be looked at."""
        try:
            reading = read("".join(file.pieces), file.name)
            found = self._fit(reading, file.name)
            told = self._preview(file, reading, found)
        except DvlError as refusal:
            found, told = None, {"state": "refused", "why": str(refusal)}
        file.pieces.clear()
        with self._lock:
            if self._file is not file:  # a newer one came, or nobody wants it
                return None
            file.fitted = found
        return self._told(file.token, request, told)

    def _fit(self, reading: Reading, name: str) -> Fitted:
        edited = self._edited
        if not any(edit.rows for edit in reading.edits):
            cut = "; its last line is cut off" if reading.cut else ""
            raise EditError(f"{name} holds no edits that are in force{cut}. Nothing was changed.")
        found = fit(reading.edits, edited.data, edited.places, edited.edits.net, self._never)
        if found.missing and not (found.net or found.contested or found.here or found.unfit):
            raise EditError(
                f"{name} edits {many(len(found.missing), 'point')}, and none of them is in these data of "
                f"{len(edited.data):,}: it is the log of other data. Expected one of the same points, in any order."
            )
        return found

    # --- what is said of it ---------------------------------------------------------------------------------

    def _preview(self, file: File, reading: Reading, found: Fitted) -> Content:
        ours = self._edited.edits.net
        new, here, clashes = found.against(ours)
        classes = self._new_classes(found, ours, file.name)
        fields = Counter(row.field for row in new)
        return {
            "state": "preview",
            "name": file.name,
            "authors": found.authors,
            "cut": reading.cut,
            "new": [fields[name] for name in FIELDS],
            "here": here,
            "missing": sum(found.missing.values()),
            "missing_points": len(found.missing),
            "missing_ids": [str(key.id) for key in list(found.missing)[:MOST_SHOWN]],
            "unfit": len(found.unfit),
            "unfit_ids": [str(row.id) for row in found.unfit[:MOST_SHOWN]],
            "why": found.why,
            "clashes": len(clashes),
            "shown": [self._clash(clash) for clash in clashes[:MOST_SHOWN]],
            "classes": [self._edited.word(label) for label in classes[:MOST_SHOWN]],
            "more_classes": max(0, len(classes) - MOST_SHOWN),
        }

    def _new_classes(self, found: Fitted, ours: Net, name: str) -> list[Any]:
        data = self._edited.data
        if data.labels is None or not data.is_classification:
            return []
        known = {plain(label) for label in np.unique(data.labels)}
        known |= {fields[LABEL][1] for fields in ours.values() if LABEL in fields}
        wanted = (fields[LABEL][1] for fields in found.all.values() if LABEL in fields)
        new = [label for label in dict.fromkeys(wanted) if label not in known]
        if len(new) > MOST_NEW_CLASSES:
            raise EditError(
                f"{name} has {len(new):,} labels that no point here has, such as {new[0]!r:.40}; at most "
                f"{MOST_NEW_CLASSES:,} are added at once. Expected the log of these data."
            )
        return new

    def _clash(self, clash: Clash) -> Content:
        mine, theirs = (self._word(clash, content) for content in (clash.mine, clash.theirs))
        return {"id": str(clash.key.id), "field": clash.field, "mine": mine, "theirs": theirs}

    def _word(self, clash: Clash, content: Any) -> str | bool:
        if clash.field == LABEL:
            return self._edited.word(content)
        return content if isinstance(content, bool) else str(content)

    # --- it is merged ---------------------------------------------------------------------------------------

    def _merge(self, token: str, command: Mapping[str, Any], request: str | None) -> wire.Frame:
        prefer: Any = taken(command, "prefer", str, "'ours' or 'theirs'")
        if prefer not in ("ours", "theirs"):
            raise WireError(f"'prefer' should be 'ours' or 'theirs', not {short(prefer)}.")
        with self._lock:
            file = self._file
        if file is None or file.token != token or file.fitted is None:
            return self._told(token, request, _gone("The file"))
        try:
            count = self._add(file, file.fitted, prefer)
        except (DvlError, OSError) as refusal:  # the file stays: whoever made room on the disk tries again
            return self._told(token, request, {"state": "failed", "why": in_words(refusal)})
        with self._lock:
            self._file = None
        return self._told(token, request, {"state": "merged", "count": count})

    def _add(self, file: File, found: Fitted, prefer: Prefer) -> int:
        why = ": ".join(filter(None, (file.name[:200], found.authors)))[:MAX_NOTE]
        net = found.all if prefer == "theirs" else found.net
        return self._edited.edits.add(net, prefer=prefer, why=why, values=found.values, origins=found.origins)

    def _told(self, token: str, request: str | None, body: Content) -> wire.Frame:
        return wire.part(self._part, "merge", {"file": token, **body}, request=request)


def _gone(name: str) -> Content:
    why = f"{name} is no longer here: another file was loaded, or the panel was made anew. Load it again."
    return {"state": "refused", "why": why}


def _text(command: Mapping[str, Any], key: str, most: int) -> str:
    given: str = taken(command, key, str, "a text")
    if len(given) > most:
        raise WireError(f"'{key}' should have at most {most:,} characters, not {len(given):,}.")
    return given
