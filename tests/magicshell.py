"""A real IPython shell for tests of the magics: what a cell printed, showed and raised."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from dvlwidgets.engine import runs

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SETUP = """
import numpy as np
from sklearn.naive_bayes import GaussianNB
from dvlwidgets import Dataset
_rng = np.random.default_rng(0)
x = _rng.normal(size=(24, 2))
y = (x[:, 0] + 0.3 * x[:, 1] > 0).astype(int)
x_train, y_train, x_test, y_test = x[:8], y[:8], x[8:], y[8:]
train, test = Dataset(x_train, y_train), Dataset(x_test, y_test)
"""


@dataclass(frozen=True)
class Said:
    """What came of a cell."""

    out: str
    err: str
    error: BaseException | None
    value: Any

    @property
    def all(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Shell:
    """IPython with the extension loaded and a small problem in its variables."""

    ip: InteractiveShell

    def run(self, cell: str) -> Said:
        """Runs a cell as a front-end would, leading blank lines aside."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            result = self.ip.run_cell(cell.strip("\n"), store_history=True)
        clean = [COLOURS.sub("", stream.getvalue()) for stream in (out, err)]
        return Said(*clean, result.error_before_exec or result.error_in_exec, result.result)

    def refused(self, cell: str) -> str:
        """The one line that wrong use gives."""
        said = self.run(cell)
        lines = said.err.strip().splitlines()  # the other stream may have news of earlier runs
        assert type(said.error).__name__ == "UsageError", said
        assert len(lines) == 1, said.err
        assert lines[0].startswith("UsageError: ")
        return lines[0].removeprefix("UsageError: ")

    def completions(self, text: str) -> list[str]:
        """What the tab key offers at the end of the text, in place of the fragment before the cursor."""
        with provisionalcompleter():
            found = list(self.ip.Completer.completions(text, len(text)))
        return [completion.text for completion in found]

    @property
    def names(self) -> dict[str, Any]:
        """The user's variables."""
        return self.ip.user_ns

    def own_names(self) -> set[str]:
        """Names of the variables, IPython's aside."""
        return {name for name in self.names if not name.startswith("_")}


@contextlib.contextmanager
def new_shell(folder: Any) -> Iterator[Shell]:
    """A shell of its own; `__main__` and the list of runs are as before afterwards."""
    main = sys.modules["__main__"]
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    ip = InteractiveShell.instance(config=config, ipython_dir=str(folder))
    shell = Shell(ip)
    try:
        assert shell.run("%load_ext dvlwidgets").error is None
        assert shell.run(SETUP).error is None
        gc.collect()
        gc.freeze()  # IPython stays: whoever looks for garbage after each test need not look there
        yield shell
    finally:
        end_all()
        ip.run_line_magic("unload_ext", "dvlwidgets")
        atexit.unregister(ip.atexit_operations)
        ip.atexit_operations()
        InteractiveShell.clear_instance()
        sys.modules["__main__"] = main


def end_all() -> None:
    """Ends every run and closes every panel."""
    for entry in runs.entries():
        run, panel = entry.run, entry.panel
        if run is not None and not run.over:
            run.stop()
            with contextlib.suppress(Exception):
                run.wait(30)
        if panel is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                panel.close()
    gc.collect()  # a run without a panel is in the list until nobody holds it
