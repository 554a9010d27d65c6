"""A real marimo server for tests: isolated, on loopback, nothing of the user's is read or written."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

from servers import free_port, serving

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
    port = free_port()
    command = [
        python, "-m", "marimo", "--yes", "edit", notebook.name, "--headless", "--no-token", "--skip-update-check",
        "--no-sandbox", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    own = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    url = f"http://127.0.0.1:{port}/"
    try:
        log = home / "marimo.log"
        with serving(command, folder=notebook.parent, env=own, log=log, alive=f"{url}health"):
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)
