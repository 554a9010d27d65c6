"""Made-up states for tests of shared copies."""

from __future__ import annotations

import numpy as np

from dvlwidgets.widgets import copies
from dvlwidgets.widgets.snapshot import Labels, Points, Snapshot, Status, Subject

EVIL = ("<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1>", "{{window.hit=1}}")


def material(points: int) -> copies.Material:
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
    return copies.Material(now, run="made up")
