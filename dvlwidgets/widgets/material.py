"""What copies of a panel are made of: its whole state, and who makes words and tables of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dvlwidgets.data.preview_kinds import Previews
from dvlwidgets.widgets import fragment
from dvlwidgets.widgets.edited import Edited
from dvlwidgets.widgets.snapshot import Content, Snapshot, Table


class Static(Protocol):
    """Makes the words and the table of a snapshot: the module `fragment`, or one that knows other columns."""

    KIND: str

    def plain(self, now: Any, /) -> Snapshot:
        """The snapshot as the payload holds it."""

    def sentence(self, now: Any, /) -> str:
        """The state in words."""

    def fragment(self, now: Any, level: str, /) -> str:
        """Heading, table and picture."""

    def tables(self, now: Any, level: str, /) -> Sequence[Table]:
        """What else is known, and not of the points: it stays below the interactive panel."""


def _no_edits(_level: str) -> None:
    return None


def _no_tests() -> None:
    return None


@dataclass(frozen=True)
class Material:
    """What copies are made of.

    Attributes:
        now: the whole state, nothing left out.
        static: makes words and table.
        previews: of the points, or None.
        edits: level -> the edits as it allows them.
        run: what the list of runs calls it.
        tests: the test points with the log of their own edits, where there are edits.
    """

    now: Snapshot
    static: Static = fragment
    previews: Previews | None = None
    edits: Callable[[str], Content | None] = _no_edits
    run: str = ""
    tests: Callable[[], Edited | None] = _no_tests
