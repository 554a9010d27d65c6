"""Selection and filters, which Python and every page of a panel see and set; and what a page takes away as a file."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvlwidgets.counts import many
from dvlwidgets.data.table_export import parquet
from dvlwidgets.errors import InputError, InputTypeError, WireError
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.parts.view_arrangement import arrangement
from dvlwidgets.widgets.parts.view_filters import Filters, as_python, checked, names_of
from dvlwidgets.widgets.parts.view_table import table_of
from dvlwidgets.widgets.snapshot import Content

NAME = "view"
MOST_BYTES = 50_000_000
"""Of a file that goes through the page."""
MOST_TEXT = 20_000

Rows = NDArray[np.intp]
Heard = Callable[[Rows], None]


class ViewPart:
    """Keeps what is selected and filtered; who changes it last wins, and everybody else is told.

    Args:
        hub: the panel.
        report: the panel as a page of its own, in HTML.
    """

    def __init__(self, hub: Hub, report: Callable[[], str]) -> None:
        self._hub, self._report = hub, report
        self._aside = Aside(hub, NAME)
        self._lock = threading.Lock()
        self._selection: Rows = np.zeros(0, np.intp)
        self._names = names_of(hub.session)
        self._filters: Filters = checked({}, hub.session, self._names)
        self.arrangement: Content = {}
        """How a page arranged its table last; see `view_arrangement`."""
        self._set: set[str] = set()
        self._hearers: list[Heard] = []

    # --- Python ---------------------------------------------------------------------------------------------

    @property
    def selection(self) -> Rows:
        """Positions of the selected points, ascending; a copy."""
        return self._selection.copy()

    def select(self, rows: ArrayLike) -> None:
        """Selects points by position, or by a mask of all points.

        Raises:
            InputTypeError: neither whole numbers nor a mask.
            InputError: a position that there is not, or a mask of another length.
        """
        self._take(positions(rows, self._hub.session.subject.n), None)

    @property
    def filters(self) -> Filters:
        """What filters, as a dict; empty for nothing."""
        return as_python(self._filters, self._names)

    def filter(self, given: object) -> None:
        """Sets all filters; see `view_filters.checked`.

        Raises:
            InputError, InputTypeError: they are not filters of this panel.
        """
        self._keep(given, None)

    def hear(self, callback: Heard) -> Callable[[], None]:
        """Calls back with the positions after every change of the selection; returns how to stop that.

        Raises:
            InputTypeError: it cannot be called.
        """
        if not callable(callback):
            raise InputTypeError(
                f"on_selection was given {short(callback)}; expected a function of positions."
            )
        self._hearers.append(callback)
        return lambda: self._hearers.remove(callback) if callback in self._hearers else None

    # --- the page -------------------------------------------------------------------------------------------

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """The page's half ("code"), its "selection", "filters" or "arrangement", or a file: "parquet" or "report"."""
        wanted = taken(command, "do", str, "'selection', 'filters', 'arrangement', 'parquet' or 'report'")
        if wanted == "code":
            return wire.part(NAME, "code", {"text": bundle.read("view.js")}, request=request)
        if wanted == "selection":
            self._take(self._rows(command), request)
        elif wanted == "filters":
            self._take_filters(taken(command, "filters", dict, "filters"), request)
        elif wanted == "arrangement":
            self._arrange(arrangement(taken(command, "arrangement", dict, "an arrangement")), request)
        elif wanted == "parquet":
            rows = self._positions(command)
            self._aside.ask(lambda: self._file("parquet", self._parquet(rows), request), request)
        elif wanted == "report":
            self._aside.ask(lambda: self._file("html", self._report().encode(), request), request)
        else:
            raise WireError(
                f"'do' should be 'selection', 'filters', 'arrangement', 'parquet' or 'report', not {short(wanted)}."
            )
        return None

    def hello(self) -> list[wire.Frame]:
        """What was selected, filtered and arranged last, if anybody ever did."""
        with self._lock:
            frames = {
                "selection": self._selection_frame,
                "filters": self._filters_frame,
                "arrangement": self._arrangement_frame,
            }
            return [make(None) for name, make in frames.items() if name in self._set]

    def close(self) -> None:
        """Calls nobody back any more; ends the thread after the file in hand."""
        self._hearers.clear()
        self._aside.close()

    def _take(self, rows: Rows, request: str | None) -> None:
        with self._lock:
            self._selection = rows
            self._set.add("selection")
            self._hub.say(self._selection_frame(request))
        for callback in list(self._hearers):
            try:
                callback(rows.copy())
            except Exception:  # the panel goes on, whatever others make of the selection
                logging.getLogger(__name__).exception("a callback of on_selection failed")

    def _take_filters(self, given: Mapping[str, Any], request: str | None) -> None:
        if max((len(str(part)) for part in given.values()), default=0) > MOST_TEXT:
            raise WireError("These filters are too long to be kept.")
        self._keep(given, request)

    def _keep(self, given: object, request: str | None) -> None:
        filters = checked(given, self._hub.session, self._names)
        with self._lock:
            self._filters = filters
            self._set.add("filters")
            self._hub.say(self._filters_frame(request))

    def _arrange(self, given: Content, request: str | None) -> None:
        with self._lock:
            self.arrangement = given
            self._set.add("arrangement")
            self._hub.say(self._arrangement_frame(request))

    def _arrangement_frame(self, request: str | None) -> wire.Frame:
        return wire.part(NAME, "arrangement", {"arrangement": self.arrangement}, request=request)

    def _selection_frame(self, request: str | None) -> wire.Frame:
        pack = wire.Packer()
        body = {"rows": pack(self._selection, "u4")}
        return wire.part(NAME, "selection", body, request=request, pack=pack)

    def _filters_frame(self, request: str | None) -> wire.Frame:
        return wire.part(NAME, "filters", {"filters": self._filters}, request=request)

    def _rows(self, command: Mapping[str, Any]) -> Rows:
        """Positions from ranges [from, to, from, to, ...], each end behind its last row."""
        ends = taken(command, "ranges", list, "pairs of positions")
        n = self._hub.session.subject.n
        whole = all(type(end) is int and 0 <= end <= n for end in ends)
        if len(ends) % 2 or not whole or any(b <= a for a, b in pairwise(ends)):
            raise WireError(f"'ranges' should be ascending pairs of positions from 0 to {n:,}.")
        found = [np.arange(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        return np.concatenate(found).astype(np.intp) if found else np.zeros(0, np.intp)

    def _positions(self, command: Mapping[str, Any]) -> Rows:
        rows = taken(command, "rows", list, "positions")
        if not all(type(row) is int for row in rows):
            raise WireError("'rows' should be positions.")
        at = np.array(rows, dtype=np.int64)
        if at.size and (at.min() < 0 or at.max() >= self._hub.session.subject.n):
            raise WireError(f"'rows' should lie from 0 to {self._hub.session.subject.n - 1:,}.")
        return at.astype(np.intp)

    def _parquet(self, rows: Rows) -> bytes:
        out = io.BytesIO()
        parquet(table_of(self._hub.session, rows), out)
        return out.getvalue()

    def _file(self, form: str, content: bytes, request: str | None) -> wire.Frame:
        if len(content) > MOST_BYTES:
            call = "panel.to_parquet('values.parquet')" if form == "parquet" else "panel.save('panel.html')"
            raise InputError(
                f"The file would have {len(content):,} bytes, a page takes at most {MOST_BYTES:,}. Write it: {call}."
            )
        pack = wire.Packer()
        body = {"as": form, "bytes": pack(np.frombuffer(content, np.uint8), "u1")}
        return wire.part(NAME, "file", body, request=request, pack=pack)


def positions(given: ArrayLike, n: int, what: str = "point") -> Rows:
    """Positions, ascending, each once, from positions in any order or a mask; `what`: of which there are `n`.

    Raises:
        InputTypeError: neither whole numbers nor a mask.
        InputError: a position that there is not, or a mask of another length.
    """
    try:
        array = np.asarray(given).reshape(-1)
    except ValueError:
        array = np.array([given], dtype=object)
    if array.dtype == np.bool_:
        if len(array) != n:
            raise InputError(f"a mask of {len(array):,} was given; the panel has {many(n, what)}.")
        return np.flatnonzero(array)
    if array.size == 0:
        return np.zeros(0, np.intp)
    if array.dtype.kind not in "iu":
        raise InputTypeError(
            f"positions of {what}s were expected, whole numbers or a mask, not {short(array.tolist()[0])}. "
            f"Of ids: numpy.isin({'train' if what == 'point' else 'test'}.ids, [...]) is a mask. "
            "To select nothing pass []."
        )
    if array.min() < 0 or array.max() >= n:
        odd = int(array.min() if array.min() < 0 else array.max())
        raise InputError(f"the panel has {many(n, what)}, positions 0 to {n - 1:,}; {odd} was given.")
    return np.unique(array).astype(np.intp)
