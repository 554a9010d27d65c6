"""Real kernels of several versions of ipykernel, all with the libraries of this environment.

Only ipykernel itself differs: each version is installed without its dependencies into a folder of its own, which comes
first on the kernel's path. `version_folder` installs, `write_kernelspec` lets a server find it, `kernel` starts one.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_event_loop

VERSIONS = ("6.31.0", "7.1.0", "7.3.0", "7.4.0")
_CACHE = Path(__file__).resolve().parent.parent / ".pytest_cache" / "kernels"
PATIENCE = 60.0
"""Seconds that a kernel may take for what takes it a moment on an idle machine."""
NUDGE = 0.25
"""Seconds of waiting after which a connection is made that only wakes the kernel."""
AGAIN = 5.0
"""Seconds after which a kernel that was restarted is asked again."""

Message = dict[str, Any]


def version_folder(version: str) -> Path:
    """A folder with that ipykernel and nothing else; installed from the package registry when it is first asked for."""
    folder = _CACHE / f"ipykernel-{version}"
    if not folder.is_dir():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as unfinished:
            # versions up to 7.2 import nest_asyncio, later ones nest_asyncio2, which comes with the environment's own
            wanted = [f"ipykernel=={version}", "nest-asyncio"]
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target"]
            subprocess.run(
                [*command, f"{unfinished}/{version}", *wanted], check=True, stdin=subprocess.DEVNULL
            )
            with contextlib.suppress(OSError):  # another process may have been quicker
                Path(unfinished, version).rename(folder)
    return folder


def write_kernelspec(folder: Path, version: str) -> str:
    """Writes a kernelspec below `folder` (to be on JUPYTER_PATH) and returns its name."""
    name = f"ipykernel-{version}"
    home = folder / "kernels" / name
    home.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(version_folder(version)), os.environ.get("PYTHONPATH", "")]))
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"Python (ipykernel {version})",
        "language": "python",
        "env": {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    }
    (home / "kernel.json").write_text(json.dumps(spec))
    return name


class Kernel:
    """A kernel as a front-end sees it: what is sent goes out at once, what comes is kept with the time it came."""

    def __init__(self, client: Any, manager: Any) -> None:
        self.client, self.manager = client, manager
        self.messages: list[tuple[float, Message]] = []
        self._news = threading.Condition()
        self._ended = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def restart(self) -> None:
        """Restarts the process, as the button does; the page's end of all comms stays as it was."""
        self.manager.restart_kernel(now=True)
        for _ in range(
            int(PATIENCE / AGAIN)
        ):  # what is published before the client is connected again is lost
            if self.ended(self.begin(""), timeout=AGAIN) is not None:
                return
        raise AssertionError("the kernel did not come back")

    def close(self) -> None:
        """Stops listening."""
        self._ended.set()
        self._listener.join()

    def _listen(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(queue.Empty):
                message = self.client.get_iopub_msg(timeout=0.05)
                with self._news:
                    self.messages.append((time.monotonic(), message))
                    self._news.notify_all()
        ensure_event_loop().close()  # the client made one for this thread

    def first(
        self, wanted: Callable[[Message], bool], *, timeout: float = PATIENCE, since: float = 0.0
    ) -> tuple[float, Message] | None:
        """The first message that is wanted and when it came; None when none comes in time.

        Args:
            wanted: says which.
            timeout: seconds to wait for it.
            since: a time; what came before does not count.

        ipykernel 7.0 to 7.3 may leave messages unread until somebody connects (its issue 1554): so somebody does.
        """
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            with self._news:
                found = self._news.wait_for(
                    lambda: [m for m in self.messages if m[0] >= since and wanted(m[1])],
                    min(NUDGE, max(0.0, left)),
                )
            if found or left <= NUDGE:
                return found[0] if found else None
            self._wake()

    def _wake(self) -> None:
        with self.client.connect_shell() as socket:
            self.client.session.send(socket, "kernel_info_request", {})
            socket.linger = 200

    # --- cells ----------------------------------------------------------------------------------------------

    def begin(self, code: str, *, cell: str | None = None) -> str:
        """Sends a cell and returns its message's id at once; `cell` is the id that JupyterLab tells the kernel."""
        message = self.client.session.msg("execute_request", _cell(code))
        message["metadata"] = {} if cell is None else {"cellId": cell}
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def ended(self, request: str, *, timeout: float = PATIENCE) -> float | None:
        """When a cell ended, or None when it did not in time."""
        found = self.first(
            lambda m: (
                m["msg_type"] == "status"
                and m["content"]["execution_state"] == "idle"
                and m["parent_header"].get("msg_id") == request
            ),
            timeout=timeout,
        )
        return None if found is None else found[0]

    def run(self, code: str, *, cell: str | None = None) -> str:
        """Runs a cell to its end and returns what it printed.

        Raises:
            AssertionError: it raised; its traceback is in the message.
        """
        request = self.begin(code, cell=cell)
        assert self.ended(request) is not None, f"the cell did not end: {code}"
        with self._news:
            own = [m for _, m in self.messages if m["parent_header"].get("msg_id") == request]
        errors = ["\n".join(m["content"]["traceback"]) for m in own if m["msg_type"] == "error"]
        assert not errors, errors[0]
        return "".join(m["content"]["text"] for m in own if m["msg_type"] == "stream")

    def printed(self, word: str, *, timeout: float = PATIENCE) -> float:
        """When `word` was printed; waits for it."""
        found = self.first(
            lambda m: m["msg_type"] == "stream" and word in m["content"]["text"], timeout=timeout
        )
        assert found is not None, f"{word!r} was never printed"
        return found[0]

    # --- comms ----------------------------------------------------------------------------------------------

    def subshell(self) -> str | None:
        """Makes a subshell, as JupyterLab does for comms, and returns its id; None where there is no such thing."""
        info = self.client.kernel_info(reply=True, timeout=PATIENCE)["content"]
        if "kernel subshells" not in info.get("supported_features", ()):
            return None  # ipykernel 6 would not even answer
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return str(reply["content"]["subshell_id"])

    def open(self, target: str, *, subshell: str | None = None) -> Comm:
        """Opens a comm from the front-end's side."""
        comm = Comm(self, f"test-{time.monotonic_ns()}", subshell)
        comm.post("comm_open", {"target_name": target, "data": {}})
        return comm

    def comm(self, comm_id: str, *, subshell: str | None = None) -> Comm:
        """A comm that the kernel has opened, e.g. a widget's."""
        return Comm(self, comm_id, subshell)


class Comm:
    """The front-end's end of a comm; a subshell's id goes into the header of what it sends, as in JupyterLab."""

    def __init__(self, kernel: Kernel, comm_id: str, subshell: str | None) -> None:
        self.kernel, self.comm_id, self.subshell = kernel, comm_id, subshell

    def post(self, kind: str, content: Message) -> float:
        """Sends a message and returns when."""
        message = self.kernel.client.session.msg(kind, {"comm_id": self.comm_id, **content})
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        sent = time.monotonic()
        self.kernel.client.shell_channel.send(message)
        return sent

    def send(self, data: Any) -> float:
        """Sends data and returns when."""
        return self.post("comm_msg", {"data": data})

    def answer(
        self, wanted: Callable[[Any], bool] = bool, *, timeout: float = PATIENCE, since: float = 0.0
    ) -> tuple[float, Any] | None:
        """The first data from the kernel that is wanted and when it came; None when none comes in time."""
        found = self.kernel.first(
            lambda m: (
                m["msg_type"] == "comm_msg"
                and m["content"]["comm_id"] == self.comm_id
                and wanted(m["content"]["data"])
            ),
            timeout=timeout,
            since=since,
        )
        return None if found is None else (found[0], found[1]["content"]["data"])


def _cell(code: str) -> Message:
    return {
        "code": code, "silent": False, "store_history": True, "user_expressions": {},
        "allow_stdin": True, "stop_on_error": False,
    }  # fmt: skip


@contextlib.contextmanager
def kernel(version: str, folder: Path) -> Iterator[Kernel]:
    """A running kernel of that version of ipykernel; `folder` takes its kernelspec, and is where it works."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import KernelManager

    name = write_kernelspec(folder, version)
    specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")])
    manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
    log = (folder / f"{name}.log").open("wb")
    manager.start_kernel(cwd=str(folder), stdout=log, stderr=log)
    try:
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        front = Kernel(client, manager)
        try:
            assert front.run("import ipykernel; print(ipykernel.__version__)").strip() == version
            yield front
        finally:
            front.close()
            client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        log.close()
