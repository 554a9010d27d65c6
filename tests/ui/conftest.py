"""One JupyterLab and one browser for all browser tests; each test gets a page that must stay clean."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from kernels import write_kernelspec
from labserver import Server, chromium, lab
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from ui.pages import SIZE, Watched
from ui.work import OLD_KERNEL

expect.set_options(timeout=30_000)  # a limit for what is broken, not for a slow machine

FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.ui)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Tells the fixtures whether the test has failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebooks live; kernels run in it."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def server(folder: Path, warm: Path) -> Iterator[Server]:
    """JupyterLab on that folder."""
    with lab(folder, kernels=warm) as running:
        yield running


@pytest.fixture(scope="session")
def old_kernel(server: Server) -> str:
    """The name of a kernel without subshells; a page that was loaded before learns of it when it opens a notebook."""
    return write_kernelspec(server.kernels, OLD_KERNEL)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's chromium."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests: JupyterLab's scripts are loaded once."""
    with browser.new_context(viewport=SIZE) as shared:
        yield shared


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the test's own: logs of edits and checkpoints of panels in this process are kept there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def kept() -> list[Watched]:
    """The page that tests share, or none."""
    return []


@pytest.fixture
def page(context: BrowserContext, kept: list[Watched], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page for work in JupyterLab, which may have been loaded already, as a person has it open all day.

    The test fails if the page loads anything from elsewhere, or a script of it fails. After a test that failed, or that
    loaded its page again, the next one gets another page.
    """
    if not kept:
        kept.append(Watched.open(context))
    (shared,) = kept
    shared.begin()
    yield shared.page
    kept.clear()
    failed = request.node.stash.get(FAILED, False)
    with contextlib.suppress(*([Error] if failed else [])):
        shared.tidy()
    if failed or not shared.fresh:
        shared.page.close()
    else:
        kept.append(shared)
    shared.check()


@pytest.fixture
def own_page(context: BrowserContext) -> Iterator[Page]:
    """A page that no other test has used or will use, watched as that of the others."""
    own = Watched.open(context)
    yield own.page
    own.tidy()
    own.page.close()
    own.check()
