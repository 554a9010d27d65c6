"""What a part of the valuation panel is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.commands import short

if TYPE_CHECKING:
    from dvlwidgets.widgets.session import Session


@dataclass(frozen=True)
class Hub:
    """What a part may use.

    Attributes:
        session: the valuation, its data, its run and its edits.
        say: brings a message to the page; from any thread, returns at once.
        changed: has the panel look at its session again: values, status.
        restart: has the page be told everything anew.
    """

    session: Session
    say: Callable[[wire.Frame], None]
    changed: Callable[[], None]
    restart: Callable[[], None]


class Part(Protocol):
    """One part. Its methods are called in the publisher's thread: long work belongs into a thread of its own."""

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """A page's command; what is returned is its answer, a `DvlError` that is raised its refusal."""

    def hello(self) -> list[wire.Frame]:
        """What a page that has nothing yet is told."""

    def close(self) -> None:
        """The panel is closed: ends what was begun."""


MakePart = Callable[[Hub], Part]


def taken(command: Mapping[str, Any], key: str, kind: type | tuple[type, ...], expected: str) -> Any:
    """An argument of a command.

    Args:
        command: as it came.
        key: name of the argument.
        kind: of which type it is; a bool is no number.
        expected: the same in words.

    Raises:
        WireError: it is missing, or something else.
    """
    given = command.get(key)
    if not isinstance(given, kind) or (isinstance(given, bool) and kind is not bool):
        raise WireError(f"'{key}' should be {expected}, not {short(given)}.")
    return given
