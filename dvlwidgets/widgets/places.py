"""Where edited points are in a data set, and what a page is told of edits."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_places import locate, resolve
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.edits import DROPPED, Key, Net
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.snapshot import Content, Labels


class Places:
    """Positions of edited points; each is looked up once.

    Args:
        net: the edits in force, which must fit.
        dataset: the points as they came.

    Raises:
        EditError: the edits belong to other data.
    """

    def __init__(self, net: Net, dataset: Dataset) -> None:
        self._dataset = dataset
        self._lock = threading.RLock()
        self._where = locate(net, dataset)

    def of(self, keys: Collection[Key]) -> dict[Key, int]:
        """Positions of these points; those that are not here are left out."""
        with self._lock:
            new = [key for key in keys if key not in self._where]
            if new:
                self._where |= resolve(new, self._dataset)
            return {key: self._where[key] for key in keys if key in self._where}

    def dropped(self, net: Net) -> NDArray[np.uint8]:
        """1 for each point that is dropped, (n,)."""
        where = self.of(net)
        found = np.zeros(len(self._dataset), dtype=np.uint8)
        found[[where[key] for key, fields in net.items() if DROPPED in fields and key in where]] = 1
        return found


class Shown(Protocol):
    """Points as a page shows them, with the edits in force."""

    @property
    def labels(self) -> Labels | None:
        """Of all points."""

    @property
    def dropped(self) -> NDArray[np.uint8]:
        """(n,)."""

    @property
    def edits(self) -> Content:
        """Counts of the log."""


def edits_frame(news: Announcement, owner: object, places: Places, now: Shown) -> wire.Frame:
    """Tells a page about edits that are on disk.

    Args:
        news: of the log; its source is (owner, request) for what the owner's page asked for.
        owner: whose page is told.
        places: of the points.
        now: the points with the edits.
    """
    rows = np.array(sorted(places.of(news.keys).values()), dtype=np.intp)
    asked = isinstance(news.source, tuple) and news.source[0] is owner
    request = news.source[1] if asked and isinstance(news.source, tuple) else None
    return wire.edits(request, rows, now.labels, now.dropped, now.edits)
