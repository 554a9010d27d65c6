"""A copy of a panel as a file holds it -> a record that can be printed; whatever is wrong in it is one sentence."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.notebook_file import Found
from dvlwidgets.data.shared_edits import Edits
from dvlwidgets.errors import DvlError, NotebookError, WireError


@dataclass(frozen=True)
class Copy:
    """What is printed of a copy.

    Attributes:
        found: the copy.
        message: the frame with its arrays; shapes (k,).
        positions: of the k points among all n.
        ranks: of their values, from 0.
        n: all points.
        edits: the edits, or None.
        unread: why there are edits that cannot be read, or nothing.
        tables: what else is there: title, head and rows.
        test_edits: the edits of test points, or None.
    """

    found: Found
    message: dict[str, Any]
    positions: NDArray[np.intp]
    ranks: NDArray[np.intp]
    n: int
    edits: Edits | None = None
    unread: str = ""
    tables: Sequence[tuple[str, list[str], list[list[str]]]] = ()
    test_edits: Edits | None = None

    def text(self, *names: str) -> str:
        """A text of the payload, or nothing where there is none."""
        found: Any = self.found.payload
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, str) else ""

    def status(self, name: str) -> Any:
        """A field of the status: a number that is finite, a text, or None."""
        found = self.message["status"].get(name)
        usable = isinstance(found, str) or (type(found) in {int, float} and math.isfinite(found))
        return found if usable else None


def read(found: Found) -> Copy:
    """Checks a copy.

    Raises:
        NotebookError: it is damaged.
    """
    try:
        return _read(found)
    except DvlError as reason:
        raise NotebookError(f"The copy in {found.place} is damaged: {reason}") from None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as reason:
        raise NotebookError(
            f"The copy in {found.place} is damaged ({type(reason).__name__}: {str(reason)[:80]}). "
            "Ask for the file again."
        ) from None


def _read(found: Found) -> Copy:
    from dvlwidgets.widgets import unwire

    payload = found.payload
    if "frame" not in payload:
        raise WireError("it holds edits only; print them with `dvlwidgets edits`.")
    buffers = [_bytes(item) for item in payload["frame"]["buffers"]]
    content = payload["frame"]["content"] | {
        "dvl positions": payload.get("positions"),
        "dvl ranks": payload.get("ranks"),
    }
    message = unwire.decode(content, buffers)
    if message["t"] != "full":
        raise WireError("its frame is no full one.")
    _check_names(message)
    k, n = message["n"], payload["manifest"]["n_total"]
    if type(n) is not int or n < k:
        raise WireError(f"it announces {n!r:.40} points and holds {k}.")
    positions, ranks = message["dvl positions"], message["dvl ranks"]
    if positions is None or ranks is None:
        positions, ranks = np.arange(k), np.empty(k, dtype=np.intp)
        ranks[np.argsort(message["value"], kind="stable")] = np.arange(k)
    unwire.lengths(k, positions=positions, ranks=ranks)
    if k and max(positions.max(), ranks.max()) >= n:
        raise WireError(f"a point has a number that is not below {n}.")
    edits, unread = _edits(payload.get("edits"))
    tested, _ = _edits(payload.get("test_edits"))
    tables = _tables(payload.get("tables", []))
    return Copy(found, message, positions, ranks, n, edits, unread, tables, tested)


def _check_names(message: dict[str, Any]) -> None:
    label = message["label"]
    classes = label["classes"] if label is not None and label["kind"] == "class" else []
    ids = message["ids"] or []
    if not isinstance(message["status"], dict) or not all(isinstance(name, str) for name in [*classes, *ids]):
        raise WireError("its names are no texts.")


def _bytes(item: Any) -> bytes:
    try:
        return base64.b64decode(item, validate=True)
    except (binascii.Error, TypeError):
        raise WireError("its arrays are not base64.") from None


def _tables(found: list[Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    tables = [(table["title"], table["head"], table["rows"]) for table in found]
    for title, head, rows in tables:
        cells = [title, *head, *(cell for row in rows for cell in row)]
        if not all(isinstance(cell, str) for cell in cells) or any(len(row) != len(head) for row in rows):
            raise WireError("one of its tables is none.")
    return tables


def _edits(found: Any) -> tuple[Edits | None, str]:
    if found is None:
        return None, ""
    try:
        return Edits.from_payload(found), ""
    except DvlError as reason:
        return None, str(reason)
