"""The pages of the tests: what a page does is watched, and JupyterLab is tidied up for the next test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page

LOCAL = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "file:", "about:")
INTERRUPTED = ("Could not restore the debugger state", "Error: Canceled future for create_subshell_request")
ENDED = re.compile(r"(?=.* 404)(WebSocket connection|Failed to load resource).*/api/(sessions|kernels)/")
"""A kernel was ended while JupyterLab asked for it."""
SIZE = {"width": 1400, "height": 900}
TIDY = """async () => {
    const app = window.jupyterapp;
    if (app === undefined) {
        return;
    }
    await app.restored; // what a reload opens again is there by then
    for (const widget of [...app.shell.widgets('main')]) {
        if (widget.context !== undefined) {
            widget.context.model.dirty = false; // or it would ask whether to save
        }
        widget.close();
    }
    // a kernel that goes on would take the next test's processor
    await app.serviceManager.sessions.shutdownAll();
    app.shell.activateById('filebrowser');
    app.shell.expandLeft();
    app.shell.collapseRight();
}"""
"""Closes all documents, ends all kernels, and shows the files at the left side and nothing at the right one."""


def is_ours(message: ConsoleMessage) -> bool:
    """An error, but for JupyterLab's own when a reload, a restart or a shutdown interrupts its questions."""
    said = words(message)
    return message.type == "error" and not said.startswith(INTERRUPTED) and ENDED.match(said) is None


def words(message: ConsoleMessage) -> str:
    """What the console says, and of which address."""
    return f"{message.text} {message.location.get('url', '')}"


def is_the_labs(error: Error) -> bool:
    """JupyterLab's own, its widget manager's (it looks for the kernel of a notebook that has none), or Notebook's.

    Notebook 7.6 reads the schema of a plugin that it has not loaded, without our extension as well.
    """
    stack = error.stack or ""
    manager = "/@jupyter-widgets/jupyterlab-manager/" in stack and "'kernel'" in error.message
    notebook = "/static/notebook/notebook_core." in stack and "'schema'" in error.message
    closed = error.message == "Disposed"  # a document that is closed while JupyterLab still reads it
    return manager or notebook or closed or str(error).startswith(INTERRUPTED)


@dataclass
class Watched:
    """A page, how often it was loaded, what it asked of other machines, and what failed on it."""

    page: Page
    loads: int = 0
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, context: BrowserContext) -> Watched:
        """An empty page."""
        made = cls(context.new_page())
        on, outside, errors = made.page.on, made.outside, made.errors
        on("load", lambda _: made.loaded())
        on("request", lambda request: None if request.url.startswith(LOCAL) else outside.append(request.url))
        on("pageerror", lambda error: None if is_the_labs(error) else errors.append(str(error)))
        on("console", lambda message: errors.append(words(message)) if is_ours(message) else None)
        return made

    def loaded(self) -> None:
        """Once more."""
        self.loads += 1

    @property
    def fresh(self) -> bool:
        """Whether another test may have it: what a second load opens again may come when it was closed already."""
        return self.loads <= 1 and not self.errors and not self.outside

    def tidy(self) -> None:
        """Ends what a test began, for the next one."""
        before = len(self.errors)
        self.page.set_viewport_size({"width": SIZE["width"], "height": SIZE["height"]})
        self.page.evaluate(TIDY)
        del self.errors[before:]  # of views whose kernel was ended

    def begin(self) -> None:
        """Waits until nothing of another test is left: a document that a reload has opened again may come late."""
        if "/lab" in self.page.url:
            self.tidy()
            self.page.wait_for_function("document.querySelector('.jp-NotebookPanel') === null")

    def check(self) -> None:
        """Nothing was asked of other machines, and nothing failed."""
        assert self.outside == [], "the page asked other machines"
        assert self.errors == [], "a script failed, or the console shows errors"
