"""One JupyterLab and one browser for all browser tests; each test gets a page that must stay clean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from labserver import Server, chromium, lab
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

expect.set_options(timeout=30_000)  # a limit for what is broken, not for a slow machine

LOCAL = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "file:", "about:")
# a kernel that goes on would take the next test's processor
END_KERNELS = "async () => { await window.jupyterapp?.serviceManager.sessions.shutdownAll(); }"

INTERRUPTED = ("Could not restore the debugger state", "Error: Canceled future for create_subshell_request")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.ui)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebooks live; kernels run in it."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    """JupyterLab on that folder."""
    with lab(folder) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's chromium."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests: JupyterLab's scripts are loaded once."""
    with browser.new_context(viewport={"width": 1400, "height": 900}) as shared:
        yield shared


def _is_ours(message: ConsoleMessage) -> bool:
    """An error, but for JupyterLab's own when a reload, a restart or a shutdown interrupts its questions."""
    return message.type == "error" and not message.text.startswith(INTERRUPTED)


def _is_the_labs(error: Error) -> bool:
    """JupyterLab's own, its widget manager's (it looks for the kernel of a notebook that has none), or Notebook's.

    Notebook 7.6 reads the schema of a plugin that it has not loaded, without our extension as well.
    """
    stack = error.stack or ""
    manager = "/@jupyter-widgets/jupyterlab-manager/" in stack and "'kernel'" in error.message
    notebook = "/static/notebook/notebook_core." in stack and "'schema'" in error.message
    return manager or notebook or str(error).startswith(INTERRUPTED)


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; the test fails if it loads anything from elsewhere, or a script of it fails."""
    opened = context.new_page()
    outside: list[str] = []
    errors: list[str] = []
    opened.on(
        "request", lambda request: None if request.url.startswith(LOCAL) else outside.append(request.url)
    )
    opened.on("pageerror", lambda error: None if _is_the_labs(error) else errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if _is_ours(message) else None)
    yield opened
    opened.evaluate(END_KERNELS)
    opened.close()
    assert outside == [], "the page asked other machines"
    assert errors == [], "a script failed, or the console shows errors"
