"""One JupyterLab and one browser for all browser tests; each test gets a page that must stay clean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from labserver import Server, Watch, chromium, lab, watched_page
from playwright.sync_api import Browser, Page, expect

expect.set_options(timeout=30_000)  # a limit for what is broken, not for a slow machine


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


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page; the test fails if it loads anything from elsewhere, or a script of it fails."""
    opened, watch = watched_page(browser)
    complaints = _console(opened)
    yield opened
    _end_kernels(opened)
    opened.context.close()
    _expect_clean(watch, complaints)


def _console(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    return complaints


def _end_kernels(page: Page) -> None:
    """A kernel that goes on would take the next test's processor."""
    page.evaluate(
        """async () => {
            const manager = window.jupyterapp?.serviceManager.sessions;
            await manager?.shutdownAll();
        }"""
    )


def _expect_clean(watch: Watch, complaints: list[str]) -> None:
    assert watch.outside == [], "the page asked other machines"
    assert watch.errors == [], "a script failed"
    assert complaints == [], "the console shows errors"
