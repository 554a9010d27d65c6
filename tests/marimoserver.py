"""A real marimo server for tests: isolated, on loopback, nothing of the user's is read or written."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

CONFIG = """
[display]
theme = "{theme}"
[runtime]
auto_instantiate = true
"""
"""A notebook runs when it is opened."""


def write_marimo(folder: Path, name: str, *cells: str) -> Path:
    """A marimo notebook; each cell is code as one types it there."""
    text = "import marimo\n\napp = marimo.App()\n"
    for cell in cells:
        text += f"\n\n@app.cell\ndef _():\n{indent(cell.strip(), '    ')}\n    return\n"
    path = folder / f"{name}.py"
    path.write_text(text + '\n\nif __name__ == "__main__":\n    app.run()\n', encoding="utf-8")
    return path


@contextlib.contextmanager
def marimo(notebook: Path, *, theme: str = "light", python: str = sys.executable) -> Iterator[str]:
    """Edits `notebook` with the marimo of `python`, kernel and all, and gives the address."""
    home = Path(tempfile.mkdtemp(prefix="dvlwidgets-marimo-"))
    (home / "marimo").mkdir()
    (home / "marimo" / "marimo.toml").write_text(CONFIG.format(theme=theme), encoding="utf-8")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = int(s.getsockname()[1])
    command = [
        python, "-m", "marimo", "--yes", "edit", notebook.name, "--headless", "--no-token", "--skip-update-check",
        "--no-sandbox", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    own = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    log = home / "marimo.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=notebook.parent, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=file,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(home, ignore_errors=True)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"marimo did not start:\n{log.read_text()}") from None
            time.sleep(0.1)
