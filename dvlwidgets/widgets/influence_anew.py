"""Which relabelled points the explorer does not know yet under their present labels."""

from __future__ import annotations

from typing import Any

from dvlwidgets.data import edits as _edits
from dvlwidgets.widgets.edited import Edited


class Relabelled:
    """Labels of edited points against those that the explorer computed with. Whoever asks holds the session's lock.

    Args:
        edited: the points and their log.
    """

    def __init__(self, edited: Edited) -> None:
        self._edited = edited
        self._known: dict[int, Any] = {}
        self._refused: set[tuple[int, Any]] = set()

    def due(self) -> list[tuple[int, Any]]:
        """Positions with the labels that the explorer does not know yet."""
        labels = self._edited.data.labels
        if labels is None:
            return []
        net = self._edited.edits.net
        where = self._edited.places(net)
        wanted = dict.fromkeys(self._known)
        wanted |= {
            where[key]: f[_edits.LABEL][1] for key, f in net.items() if _edits.LABEL in f and key in where
        }
        due = []
        for position, edited in wanted.items():
            original = _edits.plain(labels[position])
            label = original if edited is None else edited
            if self._known.get(position, original) != label and (position, label) not in self._refused:
                due.append((position, label))
        return due

    def waiting(self) -> tuple[int, ...]:
        """Positions whose numbers are still those of another label."""
        return tuple(sorted(position for position, _ in self.due()))

    def computed(self, position: int, label: Any) -> None:
        """The explorer knows this point with this label."""
        self._known[position] = label

    def refused(self, position: int, label: Any) -> None:
        """The explorer cannot: it is not asked again in this run."""
        self._refused.add((position, label))

    def begin(self, *, forget: bool = False) -> None:
        """A new run may do what the last could not; with `forget` the explorer knows all points as they came."""
        self._refused.clear()
        if forget:
            self._known.clear()
