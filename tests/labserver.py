"""A real JupyterLab and a real browser for tests: isolated, on loopback, nothing of the user's is read or written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from servers import free_port, serving

CHROMIUM_FLAGS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
OPEN = """async path => {
    await window.jupyterapp.serviceManager.kernelspecs.refreshSpecs(); // one may have come since
    void window.jupyterapp.commands.execute('docmanager:open', {path});
}"""
NOTIFICATIONS = '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address, its token, the file it logs to, and a folder that it looks for kernels in."""

    url: str
    token: str
    log: Path
    kernels: Path

    def address(self, notebook: str) -> str:
        """Where a browser opens `notebook` in a fresh workspace."""
        return f"{self.url}/lab/tree/{notebook}?token={self.token}&reset"


@contextlib.contextmanager
def lab(
    folder: Path,
    *,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
    app: tuple[str, str] = ("jupyterlab", "LabApp"),
    kernels: Path | None = None,
) -> Iterator[Server]:
    """Serve `folder` with the JupyterLab that lives beside `python`; `env` overrides the environment.

    `kernels`: a folder with kernels besides the environment's own.
    `app` is the module with its configuration's name: ("notebook", "JupyterNotebookApp") is Notebook 7.
    """
    home = Path(tempfile.mkdtemp(prefix="dvlwidgets-lab-"))
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(NOTIFICATIONS)
    bin_folder, port, token = Path(python).parent, free_port(), "dvlwidgets"
    isolated = {
        "JUPYTER_CONFIG_DIR": home / "config", "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime", "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces", "IPYTHONDIR": home / "ipython",
        "JUPYTER_PATH": kernels or home / "kernels",
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
    }  # fmt: skip
    command = [
        python, "-m", app[0], "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}", "--LabApp.news_url=", "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", f"--{app[1]}.expose_app_in_browser=True",
    ]  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", token, home / "lab.log", kernels or home / "kernels")
    own = {**{k: str(v) for k, v in isolated.items()}, **(env or {})}
    try:
        alive = f"{server.url}/api?token={token}"
        with serving(command, folder=folder, env=own, log=server.log, alive=alive):
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def chromium_path() -> str:
    """The system's chromium; one sentence says what to install where there is none.

    Debian's headless one comes first: it has no window of its own to draw around each page, which is a third of the
    work of the browser's tests, and shows pages with the same engine.
    """
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise RuntimeError("No chromium on the PATH: install it (on Debian: apt-get install chromium).")


_RUNNING: list[Browser] = []


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser: the one that runs, if one does, as Playwright can be there only once."""
    if _RUNNING:
        yield _RUNNING[0]
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        _RUNNING.append(browser)
        try:
            yield browser
        finally:
            _RUNNING.clear()
            browser.close()


@dataclass
class Watch:
    """What a page did that a test should know: requests that left the machine, errors of its scripts."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def watched_page(
    browser: Browser, *, width: int = 1400, height: int = 900, dark: bool = False
) -> tuple[Page, Watch]:
    """A page in a context of its own, and the record of what it does."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page, watch = context.new_page(), Watch()
    local = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "file:", "about:")
    page.on("request", lambda r: None if r.url.startswith(local) else watch.outside.append(r.url))
    page.on("pageerror", lambda error: watch.errors.append(str(error)[:500]))
    return page, watch


def open_lab(page: Page, server: Server) -> None:
    """Load JupyterLab, but where the page has it already."""
    if not page.url.startswith(f"{server.url}/lab"):
        page.goto(f"{server.url}/lab?token={server.token}&reset")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=90_000)


def open_notebook(page: Page, server: Server, notebook: str) -> None:
    """Open `notebook` and wait until its kernel is there and idle."""
    if page.url.startswith(f"{server.url}/lab"):
        page.evaluate(OPEN, notebook)
    else:
        page.goto(server.address(notebook))
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=90_000)
    # the execution indicator says idle before the kernel exists: the status bar does not
    page.wait_for_function(
        "document.querySelector('#jp-main-statusbar')?.innerText.includes('| Idle')", timeout=90_000
    )


def run_all(page: Page) -> None:
    """Run every cell, as the menu does."""
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
