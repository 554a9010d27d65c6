"""Which data the values of a session belong to: its points with the edits that were in force when they were valued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edits import DROPPED, LABEL, Key, Net
from dvlwidgets.engine.live import Run
from dvlwidgets.errors import NotFittedError
from dvlwidgets.widgets.snapshot import Points

Deeds = Mapping[tuple[Key, str], Any]
"""What edits do to data: the new content of each field that counts, by point and field."""


def deeds(edits: Net) -> Deeds:
    """The relabels and drops among edits in force; flags and notes change no data."""
    return {
        (key, field): fields[field][1]
        for key, fields in edits.items()
        for field in (LABEL, DROPPED)
        if field in fields and (field == LABEL or fields[field][1])
    }


@dataclass(frozen=True)
class Valued:
    """Some of n points, with the labels that they were valued with.

    Attributes:
        done: the edits that are in it.
        labelled: all n points with these labels.
        kept: which of them are valued, (n,).
        data: what is valued.
        before: (n,) the values that were shown before these; None for the first ones.
        before_by: the method of those.
        turn: how often points were valued before.
    """

    done: Deeds
    labelled: Dataset
    kept: NDArray[np.bool_]
    data: Dataset
    before: NDArray[np.float32] | None = None
    before_by: str = ""
    turn: int = 0

    @classmethod
    def of(
        cls,
        train: Dataset,
        edits: Net,
        where: Mapping[Key, int],
        before: tuple[NDArray[np.float32], str] | None = None,
        turn: int = 0,
    ) -> Valued:
        """The points with edits made.

        Args:
            train: as they came.
            edits: in force.
            where: positions of the edited points.
            before: values that were shown until now, and their method.
            turn: how often points were valued before.

        Raises:
            InputError: all points are dropped.
        """
        done = deeds(edits)
        labels = {where[key]: new for (key, field), new in done.items() if field == LABEL and key in where}
        gone = [where[key] for key, field in done if field == DROPPED and key in where]
        labelled = train.relabel(labels) if labels else train
        kept = np.ones(len(train), np.bool_)
        kept[gone] = False
        values, by = before or (None, "")
        return cls(done, labelled, kept, labelled.drop_indices(gone) if gone else labelled, values, by, turn)

    def before_as(self, method: str) -> NDArray[np.float32] | None:
        """The values before, if they are by the method of those now: others do not compare."""
        return self.before if self.before_by == method else None

    def differs(self, edits: Net) -> int:
        """How many points are edited otherwise than here."""
        now, here = deeds(edits), self.done
        differing = {at for at in {*now, *here} if now.get(at, at) != here.get(at, at)}
        return len({key for key, _ in differing})

    def spread(self, points: Points) -> Points:
        """Values of the valued points as those of all n; the others have none."""
        if self.kept.all():
            return points
        n = len(self.kept)
        values, stderr = np.full(n, np.nan), np.full(n, np.nan)
        counts, converged = np.zeros(n), np.ones(n)  # nothing more is to come of the others
        values[self.kept], stderr[self.kept] = points.value, points.stderr
        counts[self.kept], converged[self.kept] = points.count, points.converged
        return Points.of(values, stderr, counts, converged)


def run_on(valuation: Any, train: Dataset) -> Run | None:
    """The run in which a valuation values these very points now; None where there is none."""
    found: Run | None = valuation.run_on(train) if hasattr(valuation, "run_on") else None
    return found


def result_on(valuation: Any, train: Dataset) -> Any:
    """The result of a valuation that was fitted on these very points; None where there is none."""
    if not valuation.is_fitted:
        return None
    result = valuation.result
    return result if getattr(result, "fingerprint", None) == train.fingerprint else None


def updated(valuation: Any, data: Dataset) -> Any:
    """The result of a method that can update its values in place; None where it has to run anew.

    Only changed points are computed again. It needs a finished run, and no point that comes back.

    Args:
        valuation: any method.
        data: what is to be valued.

    Raises:
        InputError: what the method says against the points; its values are what they were.
    """
    if not all(hasattr(valuation, name) for name in ("relabel", "remove", "data")):
        return None
    try:
        now = valuation.data
    except NotFittedError:
        return None
    stays = np.isin(now.ids, data.ids)
    if not np.array_equal(now.ids[stays], data.ids) or now.labels is None or data.labels is None:
        return None
    at = np.flatnonzero(stays)
    changed = at[now.labels[at] != data.labels]
    # a step replaces what the valuation knows and changes none of it, so that putting it back takes the step back
    former = dict(vars(valuation))
    try:
        result = valuation.result
        if len(changed):
            new = dict(zip(at.tolist(), data.labels.tolist(), strict=True))
            result = valuation.relabel({int(row): new[int(row)] for row in changed})
        return result if stays.all() else valuation.remove(np.flatnonzero(~stays))
    except BaseException:
        vars(valuation).clear()
        vars(valuation).update(former)
        raise
