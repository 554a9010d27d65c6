"""What every live panel is: a widget between a session and a page, with the run's buttons for Python as well.

Longer than other files: what people may call is one class. What it does it asks of others: the session, the desk, the
publisher, the output and the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import anywidget
import numpy as np
import traitlets

from dvlwidgets.arguments import text
from dvlwidgets.counts import many
from dvlwidgets.data import table_export
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.shown import writable
from dvlwidgets.data.user_file import write_file
from dvlwidgets.engine import runs
from dvlwidgets.errors import InputError
from dvlwidgets.widgets import bundle, ears, fragment, levels, wire
from dvlwidgets.widgets.copies import MAX_BYTES, Copy, copy_of
from dvlwidgets.widgets.desk import Desk
from dvlwidgets.widgets.edited import Edited
from dvlwidgets.widgets.follower import Follower
from dvlwidgets.widgets.material import Material, Static
from dvlwidgets.widgets.output import Output
from dvlwidgets.widgets.parts import view, view_table
from dvlwidgets.widgets.parts.part import Hub, MakePart
from dvlwidgets.widgets.publisher import Encoder, Publisher
from dvlwidgets.widgets.session import Session

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from dvlwidgets.data.dataset import Dataset
    from dvlwidgets.engine.live import Run
    from dvlwidgets.widgets.snapshot import Content, Status

P = TypeVar("P")

MIN_HEIGHT = 200
WRITING = 10.0
"""Seconds that `wait` gives the last output to be written."""


class LivePanel(anywidget.AnyWidget):
    """A session in a notebook. The work runs in a background thread: the cell returns at once.

    Args:
        session: makes the state behind the panel; it is given what to call when the run has news.
        title: heading of the panel, or None for the session's own.
        name: what the list of runs calls it; by default its title.
        height: of the panel in pixels.
        desk: takes the page's commands.
        encode: makes the messages.
        static: makes the words and tables of what a notebook stores.
        parts: make the parts of the panel, by name.

    Raises:
        InputError, InputTypeError: before any work, for arguments that do not go together.
        EditError: the log of edits belongs to other data, or cannot be read.
        InstallationError: the JavaScript was not built.
    """

    title = traitlets.Unicode("", read_only=True).tag(sync=True)
    state = traitlets.Unicode("pending", read_only=True).tag(sync=True)
    height = traitlets.Int(600, min=MIN_HEIGHT).tag(sync=True, echo_update=False)

    kernel: Any = traitlets.Dict(read_only=True).tag(sync=True)
    """What the kernel hears while it computes, for the words beside a click that waits."""

    page = traitlets.Unicode("", read_only=True).tag(sync=True)
    """A copy at the panel's level, only in hosts that store states and no outputs: marimo's exported pages show it."""

    kind: ClassVar[str] = "valuation"
    """What the list of runs calls such a panel."""

    _bundle: ClassVar[str] = "widget.js"

    @property
    def _esm(self) -> str:
        """Read when a panel is made, so that importing needs no build."""
        return bundle.read(self._bundle)

    @traitlets.default("kernel")
    def _abilities(self) -> dict[str, Any]:
        return ears.abilities()

    def __init__(
        self,
        session: Callable[[Callable[[], None]], Session],
        *,
        title: str | None,
        height: int,
        name: str | None = None,
        desk: Callable[[Any, Publisher], Desk] = Desk,
        encode: Encoder = wire,
        static: Static = fragment,
        parts: Mapping[str, MakePart] | None = None,
    ) -> None:
        if type(height) is not int or height < MIN_HEIGHT:
            raise InputError(
                f"height={height!r} was given; expected at least {MIN_HEIGHT} pixels, an integer."
            )
        if title is not None:
            text("title", title, "It is the heading of the panel.")
        runs.check_name(name)
        self._session = session(self._changed)
        self._publisher = Publisher(
            self._put, self._session.snapshot, name=self._session.subject.title, encode=encode
        )
        self._desk = desk(self._session, self._publisher)
        hub = Hub(self._session, self._say, self._changed, self._restarted)
        self._desk.parts = {part: make(hub) for part, make in (parts or {}).items()}
        self._static = static
        self._output = Output(
            self._material,
            level=lambda: self._session.level,
            views=self._views,
            model=lambda: self.model_id,
            listening=lambda: self._publisher.listening,
            keep=self._keep_page if ears.keeps_states() else None,
        )
        self._follower = Follower(
            self._session,
            self._publisher,
            self._output,
            told=lambda: self.state,
            tell=lambda state: self.set_trait("state", state),
        )
        super().__init__(height=height)
        self.set_trait("title", writable(self._session.subject.title))
        with self._publisher.lock:
            self.set_trait("state", self._session.state)
        ears.keep_on_subshells(self.comm)
        self.on_msg(self._received)
        self._deaf = self._session.edits.subscribe(self._edited)
        self._entry = runs.enter(self, name=name)

    # --- what users call ------------------------------------------------------------------------------------

    def start(self) -> Run:
        """Begins, or begins again when the last run is over; returns the run at once."""
        run = self._session.start()
        self._publisher.restart()
        return run

    def pause(self) -> None:
        """Hands out no new work; what is finished is kept."""
        self._session.control("pause")

    def resume(self) -> None:
        """Goes on after a pause."""
        self._session.control("resume")

    def stop(self) -> None:
        """Ends the run with the values so far."""
        self._session.control("stop")

    def wait(self, timeout: float | None = None) -> Any:
        """Blocks until the run is over and returns its result; Ctrl-C leaves the run alive.

        In a notebook `await panel.run` is better: the buttons go on working in every front-end.
        """
        result = self._session.run.wait(timeout)
        self._follower.written.wait(
            WRITING
        )  # a program may end, and its kernel with it, as soon as this returns
        return result

    @property
    def run(self) -> Run:
        """The run behind the panel; `await panel.run` waits for it while the buttons go on working."""
        return self._session.run

    @property
    def method(self) -> str:
        """Name of the method."""
        return self._session.subject.method

    @property
    def n(self) -> int:
        """Number of points."""
        return self._session.subject.n

    @property
    def edits(self) -> EditLog:
        """The relabels and drops, shared with all panels on the same data."""
        return self._session.edits

    def dataset(self) -> Dataset:
        """The training points with the edits applied; the original is untouched."""
        return self._session.edits.apply(self._session.train)

    @property
    def status(self) -> Status:
        """State, progress and certainty of the run."""
        return self._session.status()

    def snapshot(self, share: str | None = None, *, max_bytes: int = MAX_BYTES) -> Copy:
        """A copy of the panel as it is now, for a cell of its own: it stays what it is and needs no kernel.

        Args:
            share: how much it holds: "summary", "values", "values+text" or "full"; None for the panel's own level.
            max_bytes: of the copy. Where not all points fit it has the lowest, the highest and a sample.

        Returns:
            What a notebook displays; `snapshot().page()` is the same as an HTML page.

        Raises:
            InputError, InputTypeError: there is no such level, or `max_bytes` is too few for any copy.
        """
        level = levels.checked(share)
        return copy_of(self._material(), level or self._session.level, max_bytes=max_bytes)

    def save(
        self, path: str | PathLike[str], share: str | None = None, *, max_bytes: int = MAX_BYTES
    ) -> Path:
        """Writes the panel as one static page that works from a file, without network or kernel.

        Args:
            path: of the HTML file.
            share: how much it holds, as in `snapshot`.
            max_bytes: of the file, as in `snapshot`.

        Returns:
            The path written.

        Raises:
            InputError, InputTypeError: there is no such level, `max_bytes` is too few for any copy, the file cannot
                be written, or the path is none.
        """
        page = self.snapshot(share, max_bytes=max_bytes).page()
        return write_file(path, page.encode(), like="panel.html")

    # --- what is seen ---------------------------------------------------------------------------------------

    @property
    def selection(self) -> NDArray[np.intp]:
        """Positions of the selected points, ascending. Set it to positions or to a mask: every view follows."""
        return self._part(view.ViewPart).selection

    @selection.setter
    def selection(self, rows: ArrayLike) -> None:
        self._part(view.ViewPart).select(rows)

    @property
    def selected_ids(self) -> NDArray[Any]:
        """Ids of the selected points, in the order of the data."""
        return np.asarray(self._session.train.ids)[self.selection]

    @property
    def filters(self) -> dict[str, Any]:
        """What the table is filtered by; set it, and every view follows; {} shows everything.

        Keys: `ranges` (column to (from, to), None for an open end), `classes` (column to a list of names), `presets`
        ("lowest", "unconverged", "edited", "dropped", "selected", "disagrees", "flagged"), `text` (part of an id or
        label) and `expression` (as in the panel's field, checked there). Columns: "value", "stderr", "updates",
        "rank", "converged", "label", "suggested", "predicted" and the features by name; an influence panel has
        "quantile", "loss", "loss_rank", "self_influence", "self_influence_rank", "quantile_all", "mean" and "negatives"
        instead of "stderr", "updates" and "converged".

        Example:
            >>> panel.filters = {
            ...     "ranges": {"value": (None, 0)},
            ...     "classes": {"label": ["cat"]},
            ... }  # doctest: +SKIP
        """
        return self._part(view.ViewPart).filters

    @filters.setter
    def filters(self, given: dict[str, Any]) -> None:
        self._part(view.ViewPart).filter(given)

    def on_selection(self, callback: Callable[[NDArray[np.intp]], None]) -> Callable[[], None]:
        """Calls back with the positions after every change of the selection, from any thread.

        Returns:
            What stops it.
        """
        return self._part(view.ViewPart).hear(callback)

    def to_frame(self, rows: ArrayLike | None = None) -> pd.DataFrame:
        """What the panel knows of each point as a pandas data frame: values, ranks, labels, edits, features and so on.

        Args:
            rows: positions or a mask, e.g. `panel.selection`; None for all points.

        Raises:
            InputError: pandas is not installed.
        """
        return table_export.to_frame(self._table(rows))

    def to_parquet(self, path: str | PathLike[str], rows: ArrayLike | None = None) -> Path:
        """Writes what `to_frame` gives as a Parquet file; needs pyarrow.

        Raises:
            InputError: pyarrow is not installed, or the file cannot be written.
        """
        table_export.parquet(self._table(rows), str(Path(path)))
        return Path(path)

    def to_csv(self, path: str | PathLike[str], rows: ArrayLike | None = None) -> Path:
        """Writes what `to_frame` gives as a CSV file.

        Texts that begin with =, +, -, @, a tab or a return, which spreadsheets take for formulas, get an apostrophe in
        front.

        Raises:
            InputError, InputTypeError: the file cannot be written, or the path is none.
        """
        return table_export.write_csv(self._table(rows), path)

    # --- between engine and page ----------------------------------------------------------------------------

    def _received(self, _widget: object, content: Any, _buffers: object) -> None:
        self._desk.receive(content)
        if isinstance(content, dict) and content.get("t") == "hello":
            self._output.heard()

    def _changed(self) -> None:
        if "_follower" in vars(self):  # a run that was at work before may have news while the panel is made
            self._follower.changed()

    def _restarted(self) -> None:
        self._publisher.restart()
        self._output.changed()

    def _edited(self, news: Announcement) -> None:
        self._publisher.post(lambda: self._session.edits_frame(news))
        self._output.changed()

    def _say(self, frame: wire.Frame) -> None:
        self._publisher.post(lambda: frame)

    def _put(self, content: Content, buffers: list[bytes]) -> None:
        self.send(wire.readable(content), buffers)

    def _keep_page(self, page: str) -> None:
        with self._publisher.lock:
            self.set_trait("page", page)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """A page sets traits; ipywidgets holds all notifications meanwhile, so nothing may be sent then."""
        with self._publisher.lock:
            super().set_state(sync_data)

    def close(self) -> None:
        """Removes the panel from the page; the run goes on."""
        if "_publisher" in vars(self):  # ipywidgets closes what a refused constructor left behind, too
            self._publisher.close()
        if "_desk" in vars(self):
            for part in self._desk.parts.values():
                part.close()
        if "_output" in vars(self):
            self._output.close()
        if "_deaf" in vars(self):
            self._deaf()
        runs.leave(self)
        super().close()

    # --- the cell's output ----------------------------------------------------------------------------------

    def _views(self) -> tuple[Content, Content]:
        if self.comm is None:  # closed: there is no widget any more
            return {}, {}
        shown: Any = super()._repr_mimebundle_()  # a pair since anywidget 0.9.9
        data, about = shown if isinstance(shown, tuple) else (shown, {})
        return dict(data), dict(about)

    def _material(self) -> Material:
        session = self._session
        session.shown.freshen()
        return Material(
            session.snapshot(),
            self._static,
            session.previews,
            session.shared_edits,
            self._entry.name,
            self._tested,
        )

    def _tested(self) -> Edited | None:
        """The test points, where they have a log of edits."""
        return None

    def __repr__(self) -> str:
        if "_entry" not in vars(self):
            return f"{type(self).__name__}(refused: its arguments did not go together)"
        about = f"{self.method}, {many(self.n, 'point')}, {self._session.state}"
        return f"{type(self).__name__}({self._entry.name!r}: {about})"

    def _table(self, rows: ArrayLike | None) -> table_export.Table:
        chosen = None if rows is None else view.positions(rows, self.n)
        return view_table.table_of(self._session, chosen)

    def _part(self, kind: type[P]) -> P:
        return next(part for part in self._desk.parts.values() if isinstance(part, kind))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[Content, Content]:
        return self._output.bundle(first=True), self._views()[1]

    def _ipython_display_(self) -> None:
        self._output.show()
