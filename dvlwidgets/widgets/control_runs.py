"""One run as the control channel tells it: its name, what it does, how far it is, and its values as a small curve."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvlwidgets.data.shown import writable
from dvlwidgets.errors import DvlError
from dvlwidgets.widgets.answered import with_type
from dvlwidgets.widgets.reading import status_of
from dvlwidgets.widgets.snapshot import Content, Status

if TYPE_CHECKING:
    from dvlwidgets.engine.live import Run
    from dvlwidgets.engine.runs import Entry

POINTS = 60
SAMPLE = 100_000
"""Of more values the curve is drawn from so many, and from the lowest and the highest: it is asked for every second."""
LONGEST = 500
"""Characters of a name or a sentence."""

Spark = tuple[list[int], int | None]


def spark(values: ArrayLike, threshold: float | None, *, points: int = POINTS) -> Spark:
    """The sorted values as a small curve.

    Args:
        values: shape (n,); what is not finite is not known yet, and left out.
        threshold: between helpful and harmful, or None.
        points: of the curve, at most.

    Returns:
        Quantiles in equal steps from the lowest value to the highest, scaled to 0..100 (all 50 where all values are
        the same; none before any value is known), and where the threshold lies on that scale, or None.
    """
    known = np.asarray(values, dtype=float).ravel()
    known = known[np.isfinite(known)]
    if not known.size:
        return [], None
    if known.size > SAMPLE:
        some = np.random.default_rng(0).integers(
            known.size, size=SAMPLE
        )  # always the same: a still curve stays still
        known = np.concatenate([known[some], [known.min(), known.max()]])
    steps = np.linspace(0, known.size - 1, min(points, known.size)).round().astype(int)
    curve = np.partition(known, steps)[steps]
    low, high = float(curve[0]), float(curve[-1])
    if low == high:
        return [50] * curve.size, 50 if threshold == low else None
    span = high / 2 - low / 2  # halves: the difference of two huge numbers may be infinite
    scaled = np.rint(100 * ((curve / 2 - low / 2) / span)).astype(int)
    inside = threshold is not None and low <= threshold <= high
    zero = round(100 * ((threshold / 2 - low / 2) / span)) if inside and threshold is not None else None
    return scaled.tolist(), zero


class Sparks:
    """Remembers the curve of values that have not changed since they were last asked for."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[weakref.ref[Any], float | None, Spark]] = {}

    def of(self, key: str, values: NDArray[Any] | None, threshold: float | None) -> Spark:
        """The curve of a run's values; None are no values."""
        if values is None:
            return [], None
        made = self._made.get(key)
        if made is None or made[0]() is not values or made[1] != threshold:
            made = weakref.ref(values), threshold, spark(values, threshold)
            self._made[key] = made
        return made[2]

    def keep(self, keys: set[str]) -> None:
        """Forgets all others."""
        for key in set(self._made) - keys:
            self._made.pop(key, None)


def _share_done(status: Status) -> float:
    """What the panel's own bar shows: how far the rule is, or the work or the time, whichever is further."""
    spent = status.seconds + (status.left or 0.0)
    timed = status.seconds / spent if status.left is not None and spent > 0 else 0.0
    counted = status.done / status.total if status.total else timed
    return min(1.0, max(0.0, status.completion if status.completion > 0 else 0.0, counted))


def described(entry: Entry, sparks: Sparks) -> Content:
    """A run in JSON; one that cannot be read says why instead of hiding the others."""
    try:
        status, values, more = _status(entry), _values(entry), _of_panel(entry)
        curve, zero = sparks.of(entry.id, values, status.threshold)
    except Exception as failure:
        # the list shows it; it is asked for every second, so a warning each time would flood the notebook
        logging.getLogger(__name__).debug("A run could not be described", exc_info=True)
        status, more = Status(error=with_type(failure)), {}
        values, curve, zero = None, [], None
    told = status.json()
    shown = ("state", "pending", "done", "total", "left", "certainty")
    return {
        "id": entry.id,
        "name": plain(entry.name),
        "title": plain(entry.title),
        "method": plain(entry.method),
        "kind": entry.kind,
        **{key: told[key] for key in shown},
        "completion": _share_done(status),
        "seconds": told["seconds"] or 0.0,
        "unit": plain(status.unit),
        "reason": plain(status.reason),
        "error": None if status.error is None else plain(status.error),
        "n": None if values is None else len(values),
        "edits": 0,
        "spark": curve,
        "zero": zero,
        "cell": entry.cell,
        "model": None,
        **more,
    }


def _status(entry: Entry) -> Status:
    panel, run = entry.panel, entry.run
    if panel is not None:
        status: Status = panel.status
        return status
    return Status() if run is None else status_of(run.valuation, run, _pending(run))


def _pending(run: Run) -> Literal["pause", "stop"] | None:
    if run.stopping:
        return "stop"
    return "pause" if run.pausing else None


def _values(entry: Entry) -> NDArray[Any] | None:
    run = entry.run
    if run is not None and run.progress is not None:
        return run.progress.values
    try:
        earlier = getattr(entry.panel, "values", None)  # an influence panel has no values of an earlier fit
    except DvlError:
        return None
    return None if earlier is None else np.asarray(earlier.values)


def _of_panel(entry: Entry) -> Content:
    panel = entry.panel
    if panel is None:
        return {}
    model = panel.model_id if panel.comm is not None else None
    return {"n": panel.n, "edits": panel.edits.summary()["count"], "model": model}


def plain(words: str) -> str:
    """Words of a length that fits a list, and that every encoder takes."""
    whole = writable(words)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"
