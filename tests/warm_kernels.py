"""Kernels that begin warm: forks of one process that has imported the libraries which notebooks of the tests import.

dvlwidgets itself is not among them: every kernel imports it anew, as a person's does. The server starts
`python warm_kernels.py join SOCKET -f CONNECTION_FILE`, which takes a few milliseconds: it asks the warm process for a
fork, hands over its own output and environment, passes signals on, and ends when the kernel ends. A kernel whose
launcher was killed ends, too.
"""

from __future__ import annotations

import array
import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = "python3"
"""The kernelspec that takes the place of the environment's own."""
READY = b"ready\n"
LIBRARIES = (
    "ipykernel.ipkernel", "ipykernel.kernelapp", "anywidget", "joblib", "PIL.Image", "scipy.stats", "sklearn.dummy",
    "sklearn.linear_model", "sklearn.model_selection", "sklearn.naive_bayes", "sklearn.neighbors",
)  # fmt: skip


@contextlib.contextmanager
def warm_kernels(home: Path) -> Iterator[None]:
    """Such kernels are those of a server on whose JUPYTER_PATH `home` comes first."""
    spec, address = home / "kernels" / NAME, str(home / "socket")
    spec.mkdir(parents=True)
    argv = [sys.executable, "-I", "-S", __file__, "join", address, "-f", "{connection_file}"]
    words = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(words), encoding="utf-8")
    serving = [sys.executable, "-P", __file__, "serve", address]
    with subprocess.Popen(serving, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == READY
            yield
        finally:
            process.terminate()


def serve(address: str) -> None:
    """Imports, and then forks whenever somebody asks."""
    for name in LIBRARIES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the kernels
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, READY)
        while True:
            connection, _ = listener.accept()
            asked, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
            if os.fork() == 0:
                listener.close()
                be_a_kernel(connection, json.loads(asked), descriptors)
            for descriptor in (*descriptors, connection.detach()):
                os.close(descriptor)


def be_a_kernel(connection: socket.socket, asked: dict[str, Any], descriptors: list[int]) -> None:
    """In the fork: a new kernel, as if the launcher had become one."""
    import threading

    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    connection.sendall(b"%d\n" % os.getpid())

    def end_with_the_launcher() -> None:
        with contextlib.suppress(OSError):
            connection.recv(1)
        os._exit(1)

    threading.Thread(target=end_with_the_launcher, daemon=True).start()
    sys.argv = ["ipykernel_launcher.py", *asked["arguments"]]
    IPKernelApp.launch_instance()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def join(address: str, *arguments: str) -> None:
    """The process that the notebook server knows as the kernel."""
    hidden = {"JPY_PARENT_PID"}  # the fork is not the server's child
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    asked = json.dumps(
        {"arguments": arguments, "folder": str(Path.cwd()), "environment": environment}
    ).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
        connection.sendmsg([asked], rights)
        kernel = int(connection.makefile().readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(kernel, number))
        connection.recv(1)  # until it ends


if __name__ == "__main__":
    {"serve": serve, "join": join}[sys.argv[1]](*sys.argv[2:])
