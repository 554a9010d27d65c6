"""What can be edited in a panel: points with the log of their edits, be they training or test points."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset
    from dvlwidgets.data.edit_log import EditLog
    from dvlwidgets.data.edits import Key


class Edited(Protocol):
    """Points and the log of their edits."""

    edits: EditLog

    @property
    def data(self) -> Dataset:
        """The points as they came."""

    def places(self, keys: Collection[Key]) -> dict[Key, int]:
        """Positions of edited points; those that are not here are left out."""

    def values_now(self) -> NDArray[np.float32]:
        """What the points are worth at this time, (n,): it is kept with each edit."""

    def label_meant(self, choice: dict[str, Any]) -> Any:
        """The label that a page's choice names."""

    def word(self, label: Any) -> str:
        """A label as people read it."""
