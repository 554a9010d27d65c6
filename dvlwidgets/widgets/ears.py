"""What a kernel hears while it computes: whether it is ipykernel, of which version, and what it can do.

A click is a message on a comm. ipykernel 6 takes it between two cells; 7 has subshells, threads of their own that take
it while a cell computes, in front-ends that use them.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def kernel() -> Any:
    """The running ipykernel, or None: a script, or a host with a kernel of its own. Imports nothing."""
    base = getattr(sys.modules.get("ipykernel.kernelbase"), "Kernel", None)
    return base.instance() if base is not None and base.initialized() else None


def abilities() -> dict[str, Any]:
    """{"ipykernel": version, "subshells": bool}, or {} without an ipykernel."""
    now = kernel()
    if now is None:
        return {}
    version = getattr(sys.modules.get("ipykernel"), "__version__", "")
    return {"ipykernel": str(version), "subshells": bool(getattr(now, "_supports_kernel_subshells", False))}


def attended() -> bool:
    """Whether somebody may see what the running cell shows while it is alive.

    Programs that run notebooks (nbclient, papermill) refuse to be asked anything. Voilà does as well, and then shows
    the widgets of the kernel that it keeps.
    """
    parent: Any = getattr(kernel(), "get_parent", dict)()
    asked = bool(parent.get("content", {}).get("allow_stdin", True))
    return asked or os.environ.get("SERVER_SOFTWARE", "").lower().startswith("voila")


def keeps_states() -> bool:
    """Whether what is shared of this notebook are the states of its widgets, not outputs: so in marimo."""
    marimo: Any = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def keep_on_subshells(comm: Any) -> None:
    """Lets a message be heard while a cell runs, under ipykernel 7.4.

    It routes a page's messages to the shell that last published on the comm: for a widget made in a cell that is the
    main one, where clicks queue behind the cell. The page's own choice (a subshell) is the right one.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001 - no public way
