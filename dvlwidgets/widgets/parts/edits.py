"""Flags and notes of the points, the history of edits and its export: the log of edits beyond labels and drops."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from dvlwidgets.data import edit_export
from dvlwidgets.data.edit_history import Entry
from dvlwidgets.data.edits import DROPPED, FLAG, LABEL, NOTE, Change
from dvlwidgets.errors import InputError, WireError
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.edited import Edited
from dvlwidgets.widgets.parts.merging import DEEDS, Merging
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.snapshot import Content

NAME = "edits"
TESTS = "test_edits"
"""The part of an influence panel's test points."""
NEVER_OF_TESTS = MappingProxyType({DROPPED: "test points are not dropped, which would flatter the model"})
"""Fields of test points that a page does not edit, and why."""
MOST_EDITS = 200
"""Edits of the history that are sent at once."""
MOST_ROWS = 20
"""Points of an edit that are listed."""
MOST_BYTES = 20_000_000
"""Of an export that goes through the page."""


class EditsPart:
    """Tells a page the flags and notes, and answers what was edited when, by whom and why.

    Args:
        hub: of the panel.
        edited: the points and their log; by default those that the session is about.
        name: of the part.
        variable: what the points are called in exported code.
        never: fields that are not edited here, and why.
    """

    def __init__(
        self,
        hub: Hub,
        edited: Edited | None = None,
        *,
        name: str = NAME,
        variable: str = "train",
        never: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._hub, self._name, self._variable = hub, name, variable
        self._edited: Edited = hub.session if edited is None else edited
        self._telling = threading.Lock()
        self._merging = Merging(hub, name, self._edited, never)
        self._deaf = self._edited.edits.subscribe(lambda _: self.tell())

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """What shows the "history", a page of it ("log"), all of it as a text ("export"), or what merges a file."""
        wanted = taken(command, "do", str, "'history', 'log', 'export' or what merges a file")
        if wanted in DEEDS:
            return self._merging.receive(command, request)
        if wanted == "history":
            return wire.part(self._name, "history", {"text": bundle.read("history.js")}, request=request)
        if wanted == "log":
            return self._log(taken(command, "before", int, "the number of an edit"), request)
        if wanted == "export":
            return self._export(taken(command, "as", str, "'csv', 'json' or 'code'"), request)
        raise WireError(f"'do' should be 'history', 'log', 'export' or one of {DEEDS}, not {short(wanted)}.")

    def hello(self) -> list[wire.Frame]:
        """The flags and notes as they are, and which data they are of: a page keeps what is being written for those."""
        return [self._marks()]

    def tell(self) -> None:
        """The same as in `hello`, at once."""
        with self._telling:  # the marks that are read last are sent last
            self._hub.say(self._marks())

    def close(self) -> None:
        """Hears of no further edit."""
        self._deaf()
        self._merging.close()

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until a file that came is read; False after `timeout` seconds."""
        return self._merging.settle(timeout)

    def _marks(self) -> wire.Frame:
        edited, pack = self._edited, wire.Packer()
        net = edited.edits.net
        where = edited.places(net)
        flagged = [where[key] for key, fields in net.items() if FLAG in fields and key in where]
        notes = {
            where[key]: fields[NOTE][1] for key, fields in net.items() if NOTE in fields and key in where
        }
        texts = {text: code for code, text in enumerate(dict.fromkeys(notes.values()))}
        body: Content = {
            "flagged": pack(np.array(flagged, dtype=np.uint32), "u4"),
            "noted": pack(np.array(list(notes), dtype=np.uint32), "u4"),
            "codes": pack(np.array([texts[text] for text in notes.values()], dtype=np.uint32), "u4"),
            "texts": list(texts),
            "data": edited.data.fingerprint[:16],
        }
        return wire.part(self._name, "marks", body, pack=pack)

    def _log(self, before: int, request: str | None) -> wire.Frame:
        log = self._edited.edits
        history = log.history()
        chosen = [entry for entry in history if before <= 0 or entry.number < before][-MOST_EDITS:][::-1]
        told = [self._told(entry) for entry in chosen]
        more = bool(chosen) and chosen[-1].number > 1
        body = {"edits": told, "before": before, "more": more, "author": log.author}
        return wire.part(self._name, "log", body, request=request)

    def _told(self, entry: Entry) -> Content:
        number, edit, in_force = entry
        rows = list(islice(edit.each(), MOST_ROWS))
        where = self._edited.places([row.key for row, _ in rows])
        return {
            "number": number,
            "op": edit.op,
            "at": edit.at,
            "who": edit.who,
            "why": edit.why,
            "in_force": in_force,
            "points": len(edit.rows),
            "rows": [
                {
                    "row": where.get(row.key),
                    "id": str(row.id),
                    "field": row.field,
                    "old": self._content(row, row.old),
                    "new": self._content(row, row.new),
                    "value": row.value,
                    "from": [source.who, source.at, source.why] if edit.sources else None,
                }
                for row, source in rows
            ],
        }

    def _content(self, row: Change, content: Any) -> str | bool:
        """A label in words, a note, or whether a point is dropped or flagged."""
        if row.field == LABEL:
            return self._edited.word(content)
        return content if isinstance(content, bool) else str(content)

    def _export(self, form: str, request: str | None) -> wire.Frame:
        log = self._edited.edits
        if form == "code":
            text = log.as_code(self._variable)
        elif form == "csv":
            text = edit_export.csv_text(log.history())
        elif form == "json":
            text = edit_export.json_text(log.history())
        else:
            raise WireError(f"'as' should be 'csv', 'json' or 'code', not {short(form)}.")
        size = len(text.encode())
        if size > MOST_BYTES:
            raise InputError(
                f"The edits as {form} have {size:,} bytes, a page takes at most {MOST_BYTES:,}. "
                "Write them to a file: panel.edits.to_csv('edits.csv') or panel.edits.to_json('edits.json')."
            )
        return wire.part(self._name, "export", {"as": form, "text": text}, request=request)
