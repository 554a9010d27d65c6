"""What a notebook stores of a panel: the live view, and text and HTML for readers without a kernel.

The stored output is written again when the run pauses or ends, so that a saved notebook does not say "running".
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from dvlwidgets.widgets import sharing
from dvlwidgets.widgets.snapshot import Content, Snapshot


class Static(Protocol):
    """Makes static copies of a snapshot: the module `sharing`, or one that knows other columns."""

    def without_secrets(self, now: Any, /) -> Any:
        """The snapshot as it may leave the house."""

    def sentence(self, now: Any, /) -> str:
        """The state in words."""

    def fragment(self, now: Any, /) -> str:
        """A plain table and a picture in HTML."""

    def page(self, now: Any, /) -> str:
        """The same as a whole page."""


class Output:
    """The outputs that show one panel; all have the same display id.

    Args:
        snapshot: the present state.
        static: makes the text and the HTML.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], static: Static = sharing) -> None:
        self._snapshot, self._static = snapshot, static
        self._id = f"dvlwidgets-{uuid.uuid4().hex}"
        self._shown = False

    def bundle(self, views: Content) -> Content:
        """The MIME bundle: `views` (the widget) with text and static HTML added."""
        static = self._static
        now = static.without_secrets(self._snapshot())
        return views | {"text/plain": static.sentence(now), "text/html": static.fragment(now)}

    def show(self, views: Content) -> None:
        """Displays the panel in the cell that is running."""
        from IPython.display import display

        self._shown = True
        display(self.bundle(views), raw=True, display_id=self._id)

    def refresh(self, views: Content) -> None:
        """Writes the stored outputs again, wherever they are shown."""
        if self._shown and "IPython" in sys.modules:
            from IPython.display import update_display

            update_display(self.bundle(views), raw=True, display_id=self._id)
