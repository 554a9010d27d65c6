"""What if the lowest were dropped, and what do the edits do: refits beside the run, streamed into a curve."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from dvlwidgets.counts import many
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.errors import InputError, WireError
from dvlwidgets.evaluation.drop_curve import CERTAIN, SEEDS, DropCurve, Gain, MetricCurve
from dvlwidgets.evaluation.own_model import own_model, parts_of
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.answered import in_words
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.snapshot import Content, finite
from dvlwidgets.widgets.valued import Valued
from dvlwidgets.widgets.worker import Worker

NAME = "whatif"
MOST_SEEDS = 200
EVERY = 0.3
"""Seconds between two messages on the way."""


class WhatIfPart:
    """Refits the valuation's own model without its lowest points, in a thread of its own.

    Args:
        hub: of the panel.
        held_out: points that the values have not seen, see `check_held_out`; None scores on the valuation's test set.
    """

    def __init__(self, hub: Hub, held_out: Dataset | None = None) -> None:
        self._hub, self._held_out = hub, held_out
        self._lock = threading.Lock()
        self._worker = Worker("what if")
        self._turn = 0
        """Number of the newest run: those before it end."""
        self._newest: Content | None = None

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """Hands over the page's half ("code"), begins ("run") or ends ("cancel") the refits."""
        wanted = taken(command, "do", str, "'code', 'run' or 'cancel'")
        if wanted == "code":
            return wire.part(NAME, "code", {"text": bundle.read("whatif.js")}, request=request)
        if wanted == "run":
            seeds = command.get("seeds", SEEDS)
            if type(seeds) is not int or not 3 <= seeds <= MOST_SEEDS:
                raise WireError(f"'seeds' should be a number from 3 to {MOST_SEEDS}, not {short(seeds)}.")
            parts_of(self._hub.session.valuation, self._held_out)  # refuses at once
            turn = self._next_turn()
            self._tell(turn, {"state": "running", "done": 0, "total": 0, "metrics": []}, request)
            self._worker.ask("curve", partial(self._begin, turn, seeds))
        elif wanted == "cancel":
            with self._lock:
                running = self._newest if self._newest and self._newest["state"] == "running" else None
            if running is not None:
                self._tell(self._next_turn(), {**running, "state": "cancelled"}, request)
        else:
            raise WireError(f"'do' should be 'code', 'run' or 'cancel', not {short(wanted)}.")
        return None

    def hello(self) -> list[wire.Frame]:
        """What can be refitted, and the newest curve."""
        with self._lock:
            newest = self._newest
        frames = [wire.part(NAME, "about", self._about())]
        return frames if newest is None else [*frames, wire.part(NAME, "curve", newest)]

    def close(self) -> None:
        """Ends the refits after the one in hand."""
        self._next_turn()
        self._worker.close()

    def settle(self, timeout: float = 60.0) -> bool:
        """Waits until all refits are done; False after `timeout` seconds."""
        return self._worker.settle(timeout)

    def _next_turn(self) -> int:
        with self._lock:
            self._turn += 1
            return self._turn

    def _about(self) -> Content:
        try:
            found = parts_of(self._hub.session.valuation, self._held_out)
        except InputError as why:
            return {"possible": False, "why": str(why), "held_out": False}
        return {
            "possible": True,
            "why": "",
            "model": type(found.model).__name__,
            "held_out": found.held_out,
            "test": found.test.n_rows,
        }

    # --- in the worker's thread -----------------------------------------------------------------------------

    def _begin(self, turn: int, seeds: int) -> None:
        session = self._hub.session
        try:
            session.shown.freshen()
            valued, values, edits = session.valued, session.values_now(), session.edits.net
            changed = (
                Valued.of(session.train, edits, session.places(edits)) if valued.differs(edits) else None
            )
            own = own_model(session.valuation, valued.labelled, self._held_out)
            curve = DropCurve(
                own,
                valued.labelled,
                values,
                kept=valued.kept,
                edited=None if changed is None else (changed.labelled, changed.kept),
                seeds=seeds,
            )
        except Exception as why:
            self._fail(turn, why)
            return
        told: Content = {
            "shares": [100 * share for share in curve.shares],
            "counts": curve.counts.tolist(),
            "seeds": seeds,
            "total": curve.total,
            "certain": int(CERTAIN),
            "model": type(own.model).__name__,
            "held_out": own.held_out,
            "test": own.test.n_rows,
            "at": session.status().done,
            "turn": valued.turn,
            "method": session.shown.method,
            "edits": valued.differs(edits),
        }
        self._go_on(turn, curve, curve.run(), told, time.monotonic(), 0.0)

    def _go_on(
        self, turn: int, curve: DropCurve, work: Iterator[int], told: Content, began: float, last: float
    ) -> None:
        """One fit, or one batch of fits; then it is the turn of whoever waits."""
        if turn != self._turn:
            return
        before = curve.finished
        try:
            done = next(work, None)
            now = time.monotonic()
            if done is None or curve.finished > before or now - last > EVERY:
                last = now
                self._tell(turn, {**told, **_progress(curve, done, now - began)})
        except Exception as why:
            self._fail(turn, why)
            return
        if done is not None:
            self._worker.ask("curve", partial(self._go_on, turn, curve, work, told, began, last))

    def _fail(self, turn: int, why: Exception) -> None:
        """The page hears of it whatever it is: the model and its metrics are the user's."""
        self._tell(turn, {"state": "failed", "why": in_words(why), "done": 0, "total": 0, "metrics": []})

    def _tell(self, turn: int, body: Content, request: str | None = None) -> None:
        with self._lock:
            if turn != self._turn:
                return
            self._newest = body
            self._hub.say(wire.part(NAME, "curve", body, request=request))


def check_held_out(held_out: Any, train: Dataset) -> None:
    """Refuses what cannot be scored on.

    Raises:
        InputError: `held_out` is no data set, or has other columns than the training points.
    """
    if held_out is None:
        return
    if not isinstance(held_out, Dataset):
        raise InputError(
            f"held_out is a {type(held_out).__name__}; expected points that the values have not seen: "
            "Dataset(x, y)."
        )
    if held_out.n_features != train.n_features:
        raise InputError(
            f"held_out has {many(held_out.n_features, 'column')}, the training points have {train.n_features}. "
            "Pass points of the same kind."
        )


def _progress(curve: DropCurve, done: int | None, seconds: float) -> Content:
    spent = curve.total if done is None else done
    return {
        "state": "done" if done is None else "running",
        "done": spent,
        "seconds": seconds,
        "left": seconds / spent * (curve.total - spent) if spent else None,
        "finished": curve.finished,
        "failures": curve.failures,
        "metrics": [_metric(each) for each in curve.curves()],
    }


def _metric(curve: MetricCurve) -> Content:
    return {
        "name": curve.name,
        "lowest": _told(curve.lowest),
        "random": _told(curve.random),
        "edited": None if curve.edited is None else _told(curve.edited),
        "best": curve.best,
    }


def _told(gain: Gain) -> Content:
    return {
        "score": _numbers(gain.score),
        "error": _numbers(gain.error),
        "gain": _numbers(gain.gain),
        "gain_error": _numbers(gain.gain_error),
    }


def _numbers(of: Any) -> list[float | None]:
    return [finite(float(number)) for number in np.atleast_1d(of)]
