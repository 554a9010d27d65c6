"""The module that draws the pictures, and the map of the points: a page asks for each when it is first of use."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from dvlwidgets.errors import DvlError, WireError
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.answered import with_type
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.parts.projection import Coordinates, project
from dvlwidgets.widgets.snapshot import Content
from dvlwidgets.widgets.worker import Worker

NAME = "pictures"


class PicturesPart:
    """Answers where the points are on a map; what is not passed is computed once, in a thread of its own.

    Args:
        hub: what a part may use.
        given: coordinates that were passed, see `projection.passed`; None to compute them.
    """

    def __init__(self, hub: Hub, given: Coordinates | None = None) -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self._begun = False
        self._answer: tuple[str, Content, wire.Packer] | None = None if given is None else _packed(given)
        self._worker = Worker("dvlwidgets-map")

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """The module ("code"), or the map ("map"): at once where it is known, else a word that it follows."""
        wanted = taken(command, "do", str, "'code' or 'map'")
        if wanted == "code":
            return wire.part(NAME, "code", {"text": bundle.read("pictures.js")}, request=request)
        if wanted != "map":
            raise WireError(f"'do' should be 'code' or 'map', not {short(wanted)}.")
        with self._lock:
            if self._answer is not None:
                kind, body, pack = self._answer
                return wire.part(NAME, kind, body, request=request, pack=pack)
            begin, self._begun = not self._begun, True
        if begin:
            self._worker.ask("map", self._compute)
        return wire.part(NAME, "busy", {}, request=request)

    def hello(self) -> list[wire.Frame]:
        """Nothing: a page asks when somebody wants to see the map."""
        return []

    def close(self) -> None:
        """Ends the thread after the map in hand."""
        self._worker.close()

    def _compute(self) -> None:
        try:
            answer = _packed(project(self._hub.session.train))
        except DvlError as refusal:
            answer = "refused", {"words": str(refusal)}, wire.Packer()
        except Exception as failure:  # said where the map would be; a traceback would be of no use there
            words = f"The map could not be computed: {with_type(failure)}"
            with self._lock:
                self._begun = False  # it is tried again when somebody asks again
            self._hub.say(wire.part(NAME, "refused", {"words": words}))
            return
        with self._lock:
            self._answer = answer
        kind, body, pack = answer
        self._hub.say(wire.part(NAME, kind, body, pack=pack))


def _packed(place: Coordinates) -> tuple[str, Content, wire.Packer]:
    pack = wire.Packer()
    body: Content = {
        "name": place.name,
        "axes": list(place.axes),
        "words": place.words,
        "x": pack(place.xy[:, 0], "f4"),
        "y": pack(place.xy[:, 1], "f4"),
    }
    return "map", body, pack
