"""What a notebook stores of a panel: the live view, and copies for readers without a kernel.

While a run begins the output holds the widget, a sentence and a plain table. When it pauses or ends the output is
written again under its display id, with the whole copy, so that a saved notebook does not say "running"; later edits
bring it up to date once they come to rest. A run that goes on is stored after seconds, then after minutes: who saves
meanwhile and loses the kernel has the values so far. The widget is in it only where a page may say hello: a reader of a
notebook that ran without one (nbclient, papermill) would see a blank view in its place. Its id is in it wherever
somebody may see it alive, and so is our MIME type, from the first: a page that preferred another one before would make
the view anew.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from dvlwidgets.data.shown import shown, writable
from dvlwidgets.widgets import ears, levels
from dvlwidgets.widgets.copies import MIME, copy_of, small
from dvlwidgets.widgets.document import document
from dvlwidgets.widgets.fragment import closing, stated
from dvlwidgets.widgets.later import Later
from dvlwidgets.widgets.material import Material
from dvlwidgets.widgets.snapshot import Content

UNFINISHED = frozenset({"pending", "running"})
EARLY, AGAIN = (2.0, 8.0, 20.0, 30.0), 300.0
"""Seconds between the copies of a run that goes on: the first ones, and then always."""
SHARE = 50
"""A copy is stored again after so many times what it took: 2 % of a run at most."""


class Output:
    """The outputs that show one panel; all have the same display id.

    Args:
        material: the present state, and what copies are made of.
        level: how much a copy may hold now.
        views: the widget's own bundle and its metadata; Colab looks there for what shows a widget.
        model: the widget's id.
        listening: whether a page ever said hello.
        keep: takes the copy as a page, in a host that stores the widget's state and no outputs.
    """

    def __init__(
        self,
        material: Callable[[], Material],
        *,
        level: Callable[[], str],
        views: Callable[[], tuple[Content, Content]],
        model: Callable[[], str | None],
        listening: Callable[[], bool],
        keep: Callable[[str], None] | None = None,
    ) -> None:
        self._material, self._level = material, level
        self._views, self._model, self._listening = views, model, listening
        self._id = f"dvlwidgets-{uuid.uuid4().hex}"
        self._writing = threading.RLock()
        self._later = Later(self.refresh, "stored output")
        self._forget: Callable[[], None] = lambda: None
        self._keep = keep
        self._shown = keep is not None
        self._closed = False
        self._copied = self._viewed = self._alive = self._heard = self._elsewhere = False
        self._clock = time.monotonic
        self._due: float | None = None
        self._stores = 0
        self._took = 0.0

    def bundle(self, *, first: bool = False) -> Content:
        """The MIME bundle.

        Args:
            first: it is displayed, not written again: a page that sees it may say hello only then.
        """
        material, level = self._material(), self._level()
        going = material.now.status.state in UNFINISHED
        self._copied |= self._closed or not going
        self._alive = not self._closed and (self._alive or (first and ears.attended()))
        self._viewed = not self._closed and (self._listening() or (first and self._alive))
        views = self._views()[0] if self._viewed else {}
        # the id is in it before a page says hello: our extension asks the kernel for it, also when the page was
        # loaded again before it could, and then no longer hears what is written into this output
        known = self._model() if self._viewed or self._alive else None
        if not self._copied:
            return views | _words(material, level, known)
        if going:
            material = replace(material, now=_as_stored(material.now))
        try:
            return views | copy_of(material, level).bundle(known)
        except Exception as reason:  # whatever it is, the state and the table must not be lost with it
            logging.getLogger(__name__).exception("The copy of a panel could not be made")
            missing = f"<p>The interactive copy could not be made: {type(reason).__name__}.</p>"
            words = _words(material, level, known)
            return views | words | {"text/html": words["text/html"] + missing}

    def show(self) -> None:
        """Displays the panel in the cell that is running."""
        from IPython.display import display

        if not self._shown:
            self._forget = _after_cells(self)
        with self._writing:  # a run that ends now writes its end after this, not before
            self._shown = True
            display(self.bundle(first=True), raw=True, display_id=self._id, metadata=self._views()[1])

    def refresh(self) -> None:
        """Writes the stored outputs again, wherever they are shown."""
        if not self._shown or (self._keep is None and "IPython" not in sys.modules):
            self._later.forget()
            return
        with self._writing:  # of two threads, the one that looked last writes last
            self._later.forget()
            began = self._clock()
            if self._keep is not None:
                self._keep(self._page())
            else:
                self._display_again()
            self._took = self._clock() - began

    def _display_again(self) -> None:
        from IPython.display import update_display

        update_display(self.bundle(), raw=True, display_id=self._id, metadata=self._views()[1])
        self._elsewhere = threading.current_thread() is not threading.main_thread()

    def _page(self) -> str:
        """What `bundle` holds, as a page."""
        shown = self.bundle()
        return document(shown["text/plain"], shown["text/html"])

    def soon(self) -> None:
        """Writes them again soon, at the end of the running cell at the latest."""
        if self._shown:
            self._later.ask()

    def changed(self) -> None:
        """What a stored copy holds has changed: it is written again soon."""
        if self._copied:
            self.soon()

    def progressed(self) -> None:
        """A run goes on: what is stored of it is written soon, then more and more rarely."""
        now = self._clock()
        if self._due is None:
            self._due = now + EARLY[0]
        elif now >= self._due and self._shown:
            self._stores += 1
            rest = EARLY[self._stores] if self._stores < len(EARLY) else AGAIN
            self._due = now + max(rest, SHARE * self._took)
            self._copied = True
            self.soon()

    def heard(self) -> None:
        """A page said hello: the widget belongs into an output that was written without it.

        After another one: what was written in between did not reach it, and is written for our extension.
        """
        if not self._viewed or (self._copied and self._heard):
            self.soon()
        self._heard = True

    def settle(self) -> None:
        """Writes what waits, or lets another thread end its writing: next a notebook may be saved, a kernel ended."""
        self._later.flush()
        with self._writing:
            pass

    def retold(self) -> None:
        """Writes again, in the cell that ends, what a thread has written: nbclient drops what is not of its cell."""
        if self._elsewhere and not self._listening():
            self.refresh()

    def close(self) -> None:
        """Writes what waits, and nothing any more."""
        self._later.flush()
        self._later.close()
        self._forget()
        self._closed = True


def _words(material: Material, level: str, model: str | None) -> Content:
    """A sentence and a plain table, for an output whose run is not over; `model`: where a widget may be alive."""
    static, now = material.static, levels.restricted(material.now, level)
    holds = [closing(level)] if np.isfinite(now.points.value).any() else []
    html = "\n".join([static.fragment(now, level), *map(stated, static.tables(now, level)), *holds])
    marked = f'<div class="tex2jax_ignore mathjax_ignore">\n{html}\n</div>'
    words = {"text/plain": shown(static.sentence(now)), "text/html": writable(marked)}
    if model is None:
        return words
    return {MIME: small(now, level, run=material.run, summary=words["text/plain"], model=model)} | words


def _as_stored(now: Any) -> Any:
    """A run as somebody reads of it later: no time is left, and nothing goes on in a copy."""
    reason = "The run was going on when this was stored."
    return replace(now, status=replace(now.status, pending=None, left=None, reason=reason))


def _after_cells(output: Output) -> Callable[[], None]:
    """What waits is written when a cell ends. Returns how to stop that."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return lambda: None
    reference = weakref.ref(output)

    def after(*_result: object) -> None:
        waiting = reference()
        if waiting is not None:
            waiting.settle()
            waiting.retold()

    def forget() -> None:
        if after in shell.events.callbacks["post_run_cell"]:
            shell.events.unregister("post_run_cell", after)

    shell.events.register("post_run_cell", after)
    weakref.finalize(output, forget)
    return forget
