"""What a panel is about: one valuation of one data set, what is shown of it, its edits. Knows no widget and no comm."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.counts import many
from dvlwidgets.data import sent_edits
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.edits import Key
from dvlwidgets.data.preview import Given, previews_of
from dvlwidgets.errors import InputTypeError
from dvlwidgets.widgets import levels, wire
from dvlwidgets.widgets.places import Places, edits_frame
from dvlwidgets.widgets.reading import finished, status_of
from dvlwidgets.widgets.reading_as import ShownAs
from dvlwidgets.widgets.snapshot import Content, Points, Snapshot, Status
from dvlwidgets.widgets.subject import LabelBook, describe
from dvlwidgets.widgets.valued import Valued
from dvlwidgets.widgets.valuing import Valuing


class Session(Valuing):
    """State behind a panel: what is valued, as a page shows it and people edit it.

    Args:
        valuation: an unfitted or fitted method.
        train: the points.
        title: heading; by default how many points there are (never the description: titles are in every shared copy).
        previews: see `data.preview.previews_of`.
        image_shape: see `data.preview.previews_of`.
        checkpoint: folder of the run's checkpoint.
        edits: a log of edits, a file for one, or None for the data set's own.
        share: how much a shared copy holds, one of `preferences.LEVELS`, or None for the default.
        on_change: called from any thread when the run has news; must be quick.
    """

    OWN: ClassVar[Mapping[str, str]] = {
        "value": "value",
        "stderr": "stderr",
        "updates": "count",
        "rank": "rank",
        "label": "label",
        "converged": "converged",
    }
    """Columns that every point has, by their names in Python, and their ids in the page."""
    FEATURES_FROM: ClassVar[int] = 0
    """The number of the first of the data's features among those of the page."""

    def __init__(
        self,
        valuation: Any,
        train: Dataset,
        *,
        title: str | None = None,
        previews: Given = None,
        image_shape: Sequence[int] | None = None,
        checkpoint: Any = None,
        edits: EditLog | str | PathLike[str] | None = None,
        share: str | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        _check(valuation, train)
        self._share = levels.checked(share)
        self.edits = edits if isinstance(edits, EditLog) else EditLog.of(train, edits)
        self._places = Places(self.edits.net, train)
        self.previews = previews_of(train, previews, image_shape)
        self.subject = describe(
            train,
            title=title or many(len(train), "point"),
            method=valuation.algorithm_name,
            previews=self.previews,
        )
        self._labels = LabelBook(train)
        self.besides: dict[str, tuple[Valued | None, NDArray[Any]]] = {}
        """Columns that parts have added, for tables: (n,) by name, and the values that they belong to, if to any."""
        self.shown = ShownAs(self, self._tell)
        # last: a run that is at work has news at once
        super().__init__(valuation, train, checkpoint=checkpoint, on_change=on_change)

    def value_again(self) -> None:
        """Values the points with the edits in force; all points stay, those that are dropped without a value.

        A method that can update its values computes only what changed; the others run anew, which begins at once. The
        former values are shown until then.

        Raises:
            RunError: the present run is not over, or the points are being valued again already.
            InputError: nothing is left, or the method refuses the edited points; nothing was changed.
        """
        self.shown.freshen()
        self._value_anew(self._edited)

    def _edited(self) -> Valued:
        net = self.edits.net
        former = self._points().value, self.shown.method
        return Valued.of(self.train, net, self._places.of(net), former, self.valued.turn + 1)

    @property
    def data(self) -> Dataset:
        """The points that are edited, see `edited.Edited`."""
        return self.train

    # --- what is shared -------------------------------------------------------------------------------------

    @property
    def level(self) -> str:
        """How much a shared copy holds now."""
        return levels.level_of(self._share)

    def shared_edits(self, level: str) -> Content | None:
        """The edits in force as a level allows them."""
        return sent_edits.shared(self.edits, self.train, level)

    # --- what is shown --------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Everything that a page shows, now."""
        with self._lock:
            status, edits = self.status(), self.edits.net
            return Snapshot(
                subject=replace(self.subject, share=levels.HOLDS[self.level], method=self.shown.method),
                points=self._points(),
                labels=self._labels.labels(edits, self._places.of(edits)),
                dropped=self._places.dropped(edits),
                status=status,
                history=[] if self._run is None else list(self._run.history),
                edits=self.edits.summary(),
            )

    def numbers(self, now: Snapshot) -> dict[str, NDArray[Any]]:
        """What was computed of each point, by the names that tables have in Python."""
        points = now.points
        return {
            "value": points.value,
            "stderr": points.stderr,
            "updates": points.count,
            "converged": points.converged.astype(bool),
        }

    def status(self) -> Status:
        """The toolbar's line."""
        if self._run is None:
            return self.shown.status(finished(self._earlier))
        return self.shown.status(status_of(self.valuation, self._run, self._pending()))

    def _points(self) -> Points:
        return self.shown.points(self._own_points())

    def places(self, keys: Collection[Key]) -> dict[Key, int]:
        """Positions of edited points; those that are not here are left out."""
        return self._places.of(keys)

    def values_now(self) -> NDArray[np.float32]:
        """The values that are shown, (n,); NaN where they are not known."""
        with self._lock:
            return self._points().value

    # --- edits ----------------------------------------------------------------------------------------------

    def label_meant(self, choice: dict[str, Any]) -> Any:
        """The label that a page's choice names; see `LabelBook.meant`."""
        with self._lock:
            return self._labels.meant(choice)

    def word(self, label: Any) -> str:
        """A label as people read it; see `LabelBook.word`."""
        return self._labels.word(label)

    def edits_frame(self, news: Announcement) -> wire.Frame:
        """Tells a page about edits that are on disk; `news.source` is (this session, request) for its own."""
        return edits_frame(news, self, self._places, self.snapshot())


def _check(valuation: Any, train: Any) -> None:
    if isinstance(valuation, type) or not hasattr(valuation, "prepare_run"):
        name = valuation.__name__ if isinstance(valuation, type) else type(valuation).__name__
        raise InputTypeError(
            f"The first argument is {name}; expected a valuation, e.g. ShapleyValuation(utility, sampler, rule)."
        )
    if not isinstance(train, Dataset):
        raise InputTypeError(
            f"The second argument is a {type(train).__name__}; expected the training points as a Dataset(x, y)."
        )
