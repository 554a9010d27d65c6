"""A valuation by pyDVL in its own environment, timed: what engine_overhead.py and valuations.py compare with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
USUAL = "/tmp/dvl/peers"
REPEATS = 5


def pydvl_seconds(**job: Any) -> tuple[float | None, str]:
    """Processor seconds an evaluation, median of warm repeats, and pyDVL's version; None where it is not installed.

    Args:
        **job: see peer_overhead_pydvl.py.
    """
    python = Path(os.environ.get("PEER_PYDVL", USUAL)) / "bin" / "python"
    if not python.exists():
        return None, "pyDVL"
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [
        str(python),
        "-W",
        "ignore",
        str(HERE / "peer_overhead_pydvl.py"),
        json.dumps({"repeats": REPEATS, **job}),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | one).stdout
    found = json.loads(said.splitlines()[-1])
    return found["seconds"], f"pyDVL {found['version']}"
