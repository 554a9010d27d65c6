"""Values read as another semivalue than the run's own, from the utilities that are there, without a fit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dvlwidgets.valuation.reweight import reweighted
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

    def of(self, valued: Valued, run: Run | None) -> bool:
        """Whether these are values of what is shown now, and of no run before."""
        return self.valued is valued and self.run is run

    def newest(self, valued: Valued, run: Run | None) -> bool:
        """Whether the run has nothing newer."""
        return self.of(valued, run) and (run is None or run.progress is self.progress)

    def of_status(self, status: Status) -> Status:
        """A run's line above these values: how certain they are is another number."""
        return replace(status, certainty=self.result.certainty, threshold=self.result.threshold)


def read_as(session: Session, name: str) -> Reading:
    """The newest values of a session as another semivalue; nothing is changed.

    Raises:
        InputError: the utilities cannot tell, with the reason, or nothing is known of `name`.
        NotFittedError: there are none yet.
    """
    valued, run, result = session.moment()
    progress = None if run is None else run.progress
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the menu says which are told badly
        found = reweighted(result, name)
    points = valued.spread(points_of(found, len(valued.data)))
    return Reading(name, found, points, session.subject.method, valued, run, progress)


def result_shown(session: Session) -> Any:
    """The newest values of a session, as what they are shown; raises what `Session.result` and `read_as` raise."""
    shown = session.shown_as
    if shown is None:
        return session.result()
    return read_as(session, shown.asked).result if session.stale else shown.result
