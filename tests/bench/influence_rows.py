"""Influence in the table of `make bench`: what influence_speed.py measures, in the table's unit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import influence_speed
import numpy as np
import torch
from influence_peers import Peer
from row import Row

PARTS = ("direct", "ekfac", "low_rank", "cg", "bound")


def told(row: influence_speed.Row, versions: dict[str, str]) -> Row:
    """A line of influence_speed.py, processor seconds."""
    ours = float(np.median(np.array(row.ours)[:, 1]))
    theirs = float(np.median(np.array(row.theirs)[:, 1])) if row.theirs else None
    against = row.reference
    for name, version in versions.items():
        against = against.replace(name, f"{name} {version}")
    return Row(f"influence: {row.what} ({row.reference})", ours, theirs, against, row.goal, row.note)


def rows(small: bool) -> Iterator[Row]:
    """The lines of the table; the small ones need no peer."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.npz"
        stated = influence_speed.trained_digits(path)
        if small:
            yield from (told(row, {}) for row in influence_speed.gemm_rows(stated, 9))
            return
        peers = [Peer("pydvl"), Peer("kronfluence")]
        versions = {name: v for peer in peers for name, v in peer.versions.items() if name != "torch"}
        try:
            for part in PARTS:
                table = influence_speed.Table(stated, path, *peers, repeats=5)
                getattr(table, part)()
                yield from (told(row, versions) for row in table.rows)
        finally:
            for peer in peers:
                peer.close()
