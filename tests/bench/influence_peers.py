"""Our end of the peers' drivers: start one in its own environment, hand it jobs, read its answers."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
NOT_MEASURED = "NOT MEASURED"
PLACES = {"pydvl": "/tmp/dvl/peers", "dattri": "/tmp/dvl/peers", "kronfluence": "/tmp/dvl/peers-kron"}


class Peer:
    """One library in a process that lives as long as the table is being made. See peer_influence_serve.py."""

    def __init__(self, name: str, environment: str | Path | None = None, threads: int = 1) -> None:
        self.name = name
        self.missing: str | None = None
        self.versions: dict[str, str] = {}
        place = Path(environment or os.environ.get(f"PEER_{name.upper()}", PLACES[name]))
        python = place / "bin" / "python"
        if not python.exists():
            self.missing = f"no environment at {place} (tests/bench/peers_influence.txt)"
            return
        count = str(threads)
        self.errors = tempfile.TemporaryFile("w+")  # what the library says goes here, for whoever debugs
        self.process = subprocess.Popen(
            [str(python), "-W", "ignore", str(HERE / f"peer_influence_{name}.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            bufsize=1,
            env=os.environ
            | {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count},
        )
        hello = self._line()
        if hello is None:
            self.missing = f"{place} does not start: {self.said()}"
        else:
            self.versions = hello["versions"]

    def ask(
        self, problem: Path, method: str, options: Mapping[str, Any] | None = None, **job: Any
    ) -> dict[str, Any]:
        """The answer to one job, with the matrix under "scores" unless there was an error."""
        if self.missing:
            return {"error": NOT_MEASURED}
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "scores.npy"
            whole = {"train_chunk": 100, "test_chunk": 50, **job}
            whole |= {
                "problem": str(problem),
                "method": method,
                "options": dict(options or {}),
                "out": str(out),
            }
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(whole) + "\n")
            self.process.stdin.flush()
            said = self._line()
            if said is None:
                self.missing = f"died: {self.said()}"
                return {"error": self.missing}
            if "error" not in said:
                said["scores"] = np.load(out)
        return said

    def said(self) -> str:
        """The last words on the error stream."""
        self.errors.seek(0)
        return " / ".join(self.errors.read().strip().splitlines()[-3:])

    def close(self) -> None:
        """End the process by ending its input."""
        if self.missing is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process.wait(timeout=30)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.errors.close()

    def _line(self) -> dict[str, Any] | None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None
