"""Values read as another semivalue than the run's own, from the utilities that are there, without a fit."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dvlwidgets.errors import DvlError, NotFittedError
from dvlwidgets.valuation.reweight import KNOWN, method_of, reweighted
from dvlwidgets.widgets.reading import points_of
from dvlwidgets.widgets.snapshot import Points, Status

if TYPE_CHECKING:
    from dvlwidgets.engine.live import Run
    from dvlwidgets.widgets.session import Session
    from dvlwidgets.widgets.valued import Valued


@dataclass(frozen=True)
class Reading:
    """Values of a moment, as another semivalue.

    Attributes:
        asked: the name that was asked for, as `reweight` takes it.
        result: the values, of the points that are valued.
        points: those of all points, as a page shows them.
        own: name of the run's own method.
        valued: what they are values of.
        run: whose utilities they are from; None for those of an earlier fit.
        progress: how far the run was.
    """

    asked: str
    result: Any
    points: Points
    own: str
    valued: Valued
    run: Run | None
    progress: object

    @property
    def name(self) -> str:
        """What a page calls the method: "Banzhaf (from Shapley)"."""
        return f"{self.result.algorithm} (from {self.own})"


class ShownAs:
    """As what the values of a session are shown: by the run's own method, or as another semivalue.

    Args:
        session: whose values.
        tell: called when that is another.
    """

    def __init__(self, session: Session, tell: Callable[[], None]) -> None:
        self._session, self._tell = session, tell
        self._lock = threading.Lock()
        self.refreshing = threading.Lock()
        self.reading: Reading | None = None

    @property
    def method(self) -> str:
        """The method of the values that are shown."""
        return self._session.subject.method if self.reading is None else self.reading.name

    @property
    def read(self) -> bool:
        """Whether something of what is valued now, and of no run before, is shown as another semivalue."""
        valued, run = self._session.present()
        return self.reading is not None and self.reading.valued is valued and self.reading.run is run

    @property
    def stale(self) -> bool:
        """Whether the values are shown as another semivalue, and the run has newer ones."""
        shown, (_, run) = self.reading, self._session.present()
        return shown is not None and not (self.read and (run is None or run.progress is shown.progress))

    def show(self, reading: Reading | None, *, instead_of: Reading | None = None) -> None:
        """Shows values as another semivalue from now on, or (None) the run's own again.

        Args:
            reading: of `read_as`.
            instead_of: only if this one is still shown.
        """
        with self._lock:
            if instead_of is not None and self.reading is not instead_of:
                return
            self.reading = reading
        self._tell()

    def freshen(self) -> None:
        """Before files and copies are made: the newest values, also as another semivalue."""
        with suppress(DvlError):  # then the run's own are shown again
            refresh(self._session)

    def points(self, own: Points) -> Points:
        """What is shown in place of the run's own values."""
        shown = self.reading
        if shown is None:
            return own
        # a run that has just begun is not read yet: neither values before nor others in its name
        return shown.points if self.read else Points.unknown(len(own.value))

    def status(self, own: Status) -> Status:
        """The run's line above what is shown: how certain these values are is another number."""
        shown = self.reading
        if shown is None or not self.read:
            return own
        return replace(own, certainty=shown.result.certainty, threshold=shown.result.threshold)


def read_as(session: Session, name: str) -> Reading:
    """The newest values of a session as another semivalue, or by its own method; nothing is changed.

    Raises:
        InputError: the utilities cannot tell, with the reason, or nothing is known of `name`.
        NotFittedError: there are none yet.
    """
    moment = session.moment()
    if moment.run is not None and moment.progress is None:
        raise NotFittedError("The run has no values yet; wait for its first frame.")
    valued, result, own = moment.valued, moment.result, session.subject.method
    if name == own:
        found = result
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the menu says which are told badly
            found = reweighted(result, name)
        name = _usual(name, found.algorithm, result)
    points = valued.spread(points_of(found, len(valued.data)))
    target = getattr(getattr(session.valuation, "is_done", None), "target", lambda: None)()
    if found.converged is None and (found.certainty == 1 or (target and found.certainty >= target)):
        # no rule was asked of single points: what the run's rule wants of all of them is all that can be said
        points = replace(points, converged=np.ones_like(points.converged))
    return Reading(name, found, points, own, valued, moment.run, moment.progress)


def refresh(session: Session) -> None:
    """Has a session show the newest values where it shows them as another semivalue.

    Raises:
        DvlError: they cannot be read so any more; the run's own are shown again.
    """
    with session.shown.refreshing:  # whoever comes second finds it done
        shown = session.shown.reading
        if shown is None or not session.shown.stale:
            return
        try:
            reading = read_as(session, shown.asked)
        except NotFittedError:
            return  # a run that has just begun
        except DvlError:
            session.shown.show(None, instead_of=shown)
            raise
        session.shown.show(reading, instead_of=shown)


def result_shown(session: Session) -> Any:
    """The newest values of a session, as what they are shown; raises what `Session.result` and `read_as` raise."""
    shown = session.shown.reading
    if shown is None:
        return session.result()
    return read_as(session, shown.asked).result if session.shown.stale else shown.result


def _usual(name: str, algorithm: str, result: Any) -> str:
    """What menus call a semivalue that somebody named otherwise: "Banzhaf" for "banzhaf"."""
    utility = result.replay.utility
    usual = (known for known in KNOWN if method_of(known, {}, utility).algorithm_name == algorithm)
    return next(usual, name)
