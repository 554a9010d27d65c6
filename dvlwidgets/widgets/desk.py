"""Takes a page's commands: quick ones at once, the others in the publisher's thread; every error is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.answered import answered
from dvlwidgets.widgets.commands import Command, parse, request_of, short
from dvlwidgets.widgets.editing import edit
from dvlwidgets.widgets.parts.part import Part
from dvlwidgets.widgets.publisher import Publisher
from dvlwidgets.widgets.session import Session


class Desk:
    """Commands in, deeds of a session out.

    Args:
        session: what the commands are about.
        publisher: brings the answers.
    """

    def __init__(self, session: Session, publisher: Publisher) -> None:
        self._session, self._publisher = session, publisher
        self.parts: Mapping[str, Part] = {}
        """Take the commands that carry their name."""

    def receive(self, content: Any) -> None:
        """One message from a page, in whatever thread it comes; returns quickly and never raises."""
        request = request_of(content)
        if isinstance(content, dict) and content.get("t") == "part":
            self._for_part(content, request)
            return
        try:
            command = self._parse(content)
        except WireError as refusal:
            self._refuse(str(refusal), request)
            return
        if command.name == "hello":
            self._publisher.hello()
            self._publisher.post(self._greet)
        elif command.name == "ack":
            self._publisher.ack(command.seq)
        elif command.name in {"pause", "resume", "stop"}:
            # these only set events: a busy publisher must not delay them
            answer = self._guarded(command, lambda: self._session.control(cast(Any, command.name)))
            if answer is not None:
                self._publisher.post(lambda: answer)
        else:
            self._publisher.post(lambda: self._guarded(command, lambda: self._do(command)))

    def _greet(self) -> None:
        for part in self.parts.values():
            for frame in part.hello():
                self._publisher.put(frame)  # not at the end of the queue: what waits there is newer

    def _for_part(self, content: dict[str, Any], request: str | None) -> None:
        name = content.get("part")
        part = self.parts.get(name) if isinstance(name, str) else None
        if part is None:
            self._refuse(f"{short(name)} is no part of this panel.", request)
            return
        command = Command(str(name), request)
        self._publisher.post(lambda: self._guarded(command, lambda: part.receive(content, request)))

    def _parse(self, content: Any) -> Command:
        return parse(content, self._session.subject.n)

    def _do(self, command: Command) -> wire.Frame | None:
        session = self._session
        match command.name:
            case "start":
                session.start()
                self._publisher.restart()
            case "previews":
                shown = session.previews.get(command.rows)
                return wire.previews(command.request, list(command.rows), shown)
            case _:
                edit(session, command, (session, command.request))
        return None

    def _guarded(self, command: Command, deed: Callable[[], wire.Frame | None]) -> wire.Frame | None:
        return answered(deed, command.request, command.name)

    def _refuse(self, sentence: str, request: str | None) -> None:
        self._publisher.post(lambda: wire.error(sentence, request, "command"))
