"""Made-up states for tests of shared copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.widgets.material import Material
from dvlwidgets.widgets.snapshot import Labels, Points, Snapshot, Status, Subject

EVIL = ("<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1>", "{{window.hit=1}}")


class WithEdits:
    """Test points with a log of their own edits."""

    def __init__(self, folder: Path) -> None:
        self.data = Dataset(np.arange(12.0).reshape(6, 2), np.arange(6) % 2)
        self.edits = EditLog(folder / "tests.jsonl", author=EVIL[1])
        self.edits.relabel(self.data, [3], 0)
        self.edits.note(self.data, [3], EVIL[0])

    def word(self, label: int) -> str:
        return EVIL[label]


def material(points: int) -> Material:
    """A made-up state whose labels and title are markup."""
    rng = np.random.default_rng(0)
    codes = (np.arange(points) % len(EVIL)).astype(np.uint16)
    now = Snapshot(
        subject=Subject(points, EVIL[0], "Shapley"),
        points=Points.of(rng.normal(size=points), np.full(points, 0.1), np.full(points, 9), np.ones(points)),
        labels=Labels(EVIL, codes, codes),
        dropped=np.zeros(points, dtype=np.uint8),
        status=Status(state="finished", done=90, total=90, certainty=0.97, threshold=0.0, completion=1.0),
        history=[(30, 0.5, 0.3), (90, 0.97, 1.0)],
        edits={
            "count": 0,
            "relabelled": 0,
            "dropped": 0,
            "undo": False,
            "redo": False,
            "path": "",
            "saved": True,
        },
    )
    return Material(now, run="made up")
