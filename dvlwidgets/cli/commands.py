"""What the program's commands do."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from pathlib import Path

from dvlwidgets.cli.copies import Copy, read
from dvlwidgets.cli.printing import code_of, described, edits_table
from dvlwidgets.cli.saying import say
from dvlwidgets.data import bounded_json, notebook_file, notebook_strip
from dvlwidgets.data.notebook_strip import Removed
from dvlwidgets.data.shared_edits import Edits
from dvlwidgets.errors import InputError, NotebookError


def show(file: Path, *, run: str | None, rows: int) -> None:
    """Prints the copies in a file."""
    say("\n\n".join(described(copy, rows) for copy in _chosen(file, run)))


def edits(file: Path, *, run: str | None, code: bool) -> None:
    """Prints the edits in a file."""
    found = Edits.from_notebook(file, run)
    say(code_of(found) if code else edits_table(found))


def page(file: Path, out: Path, *, run: str | None) -> None:
    """Writes the copies in a file as one page."""
    from dvlwidgets.cli.pages import page_of

    _not_the_same(file, out)
    _write(out, page_of(_chosen(file, run)))
    say(f"wrote {out}")


def browse(file: Path, *, run: str | None) -> None:
    """Opens the copies in a file in a browser, as a page in the folder for temporary files."""
    from dvlwidgets.cli.pages import page_of

    text = page_of(_chosen(file, run))
    handle, name = tempfile.mkstemp(prefix="dvlwidgets-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(text)
    if webbrowser.open(Path(name).as_uri()):
        say(f"opened {name}")
    else:
        say(f"There is no browser here; the page is {name}")


def strip(file: Path, *, level: str, out: Path | None, in_place: bool) -> None:
    """Writes a notebook or page without the data of panels."""
    text = bounded_json.read_text(file)
    if text.lstrip()[:1] == "{":
        notebook, _ = notebook_file.read_notebook(file)
        clean, removed = notebook_strip.strip(notebook, level)
        stripped = notebook_strip.written(clean, text)
    else:
        stripped, copies, tables = notebook_strip.strip_html(text, level)
        removed = Removed(copies, tables)
    target = file if in_place else out or file.with_name(f"{file.stem}-stripped{file.suffix}")
    if not in_place:
        _not_the_same(file, target)
        if out is None and target.exists():
            raise InputError(f"{target} is there already. Name the new file with --out, or use --in-place.")
    nothing = removed == Removed()
    if not (nothing and in_place):
        _write(target, text if nothing else stripped)
    shorter = len(text.encode("utf-8", "surrogatepass")) - len(stripped.encode("utf-8", "surrogatepass"))
    say(f"{file}: {removed.sentence(shorter)}")
    say(f"left {file} as it is" if nothing and in_place else f"wrote {target}")


def _chosen(file: Path, run: str | None) -> list[Copy]:
    found = notebook_file.payloads(file)
    if not found:
        raise NotebookError(notebook_file.nothing_in(file))
    chosen = [copy for copy in found if run is None or run in {copy.run, copy.title}]
    if not chosen:
        raise NotebookError(f"{file} has no run {run!r}; it has {notebook_file.names(found)}.")
    return [read(copy) for copy in chosen]


def _not_the_same(file: Path, out: Path) -> None:
    if out.exists() and file.exists() and out.samefile(file):
        raise InputError(f"{out} is the file that is read. Name another one with --out.")


def _write(path: Path, text: str) -> None:
    """Writes a file at once: whoever reads it sees the old content or the new one, never half of it."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.resolve().parent)
    except OSError as refusal:  # it names a file that nobody gave
        raise InputError(
            f"{path} cannot be written: {refusal.strerror}. Give a file in a folder that exists and may be written to."
        ) from refusal
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass", newline="") as opened:
            opened.write(text)
        mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(path.resolve())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
