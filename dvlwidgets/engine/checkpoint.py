"""Checkpoints of closed forms: folded arrays and the next step, replaced in one move.

Runs whose payloads are utilities need none of this: their journal is the checkpoint (`journal.py`).
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import JournalError
from .journal_records import FORMAT, Piece


class StateReceipts:
    """Arrays in one .npz file, written beside it and moved over it, so that a crash leaves a whole file.

    Args:
        path: the file.
        header: what the run is.

    Raises:
        JournalError: if an existing file is no checkpoint of this format.
    """

    def __init__(self, path: str | os.PathLike[str], header: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.header = dict(header)
        self.seconds = 0.0
        self._state: tuple[int, dict[str, NDArray[Any]]] | None = None
        if self.path.exists():
            self._load()

    def _load(self) -> None:
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                meta = json.loads(bytes(stored["meta"]).decode())
                arrays = {k[6:]: stored[k] for k in stored.files if k.startswith("array_")}
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise JournalError(
                f"{self.path} is no checkpoint that this version of dvlwidgets reads ({error}). "
                "Choose another checkpoint folder."
            ) from error
        if meta.pop("format") != FORMAT:
            raise JournalError(
                f"{self.path} has another format than {FORMAT}. Choose another checkpoint folder."
            )
        self.header, self.seconds = meta["header"], float(meta["seconds"])
        self._state = int(meta["step"]), arrays

    def begin(self) -> None:
        """Nothing to take: the file is replaced whole."""

    def end(self) -> None:
        """Nothing to let go."""

    def round(self, step: int, steps: int, checksum: int, plan: Mapping[str, Any]) -> None:
        """Nothing to note: the state says it all."""

    def plan(self, step: int) -> Mapping[str, Any] | None:
        """No round is kept on its own."""
        return None

    def read(self, step: int) -> list[tuple[int, int, Any, float]]:
        """No step is kept on its own."""
        return []

    def task(self, pieces: Sequence[Piece], payloads: Sequence[Any], seconds: float) -> None:
        """Nothing to note: the state says it all."""

    def restore(self) -> tuple[int, dict[str, NDArray[Any]]] | None:
        """The stored (next step, arrays)."""
        return self._state

    def save(self, step: int, stats: Any, seconds: float) -> None:
        """Write `stats`, a mapping of names to arrays."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        meta = {"format": FORMAT, "header": self.header, "step": step, "seconds": seconds}
        arrays: dict[str, Any] = {f"array_{k}": v for k, v in stats.items()}
        new = self.path.with_suffix(".new.npz")
        with open(new, "wb") as out:
            np.savez(out, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), **arrays)
            out.flush()
            os.fsync(out.fileno())
        new.replace(self.path)
