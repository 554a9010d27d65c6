"""What a notebook stores of a panel: the live view, and text and HTML for readers without a kernel.

The stored output is written again when the run pauses or ends, so that a saved notebook does not say "running".
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable

from dvlwidgets.widgets import sharing
from dvlwidgets.widgets.snapshot import Content, Snapshot


class Output:
    """The outputs that show one panel; all have the same display id.

    Args:
        snapshot: the present state.
    """

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._id = f"dvlwidgets-{uuid.uuid4().hex}"
        self._shown = False

    def bundle(self, views: Content) -> Content:
        """The MIME bundle: `views` (the widget) with text and static HTML added."""
        now = sharing.without_secrets(self._snapshot())
        return views | {"text/plain": sharing.sentence(now), "text/html": sharing.fragment(now)}

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
