"""Whether something read from a file is the edits that `sent_edits.shared` writes: nothing is taken on trust."""

from __future__ import annotations

import math
import re
from typing import Any

from dvlwidgets.counts import many
from dvlwidgets.data.edits import CAME, FIELDS, MAX_NOTE
from dvlwidgets.data.shared_places import Marks, SharedEdit
from dvlwidgets.errors import InputError

FORMAT, VERSION = "dvlwidgets-edits", 1
_HEX = re.compile(r"[0-9a-f]{16}")
_MOST = 1 << 53


def checked(payload: Any) -> tuple[list[SharedEdit], Marks, int, int]:
    """The edits, what tells their data, the number of points, and how many edits were left out.

    Raises:
        InputError: the payload is damaged, of another version, or holds the number of edits only.
    """
    if not isinstance(payload, dict) or payload.get("format") != FORMAT:
        raise _damaged("they are not marked as edits of dvlwidgets")
    if payload.get("v") != VERSION:
        raise InputError(
            f"The edits have format version {payload.get('v')!r:.40}; this dvlwidgets reads version {VERSION}. "
            "Use the version that wrote them."
        )
    rows = payload.get("edits")
    n, count = _number(payload, "n"), _number(payload, "count")
    if not isinstance(rows, list) or len(rows) > count:
        raise _damaged(f"it announces {many(count, 'edit')}, something else came")
    if count and not rows:
        raise InputError(
            f"The copy tells of {many(count, 'edit')}, but holds none of them: it was shared at level "
            "'summary'. Ask for a copy at level 'values', or for the log."
        )
    edits = [_edit(row, n) for row in rows]
    if len({(edit.position, edit.field) for edit in edits}) < len(edits):
        raise _damaged("a point is edited twice")
    if len({(edit.position, edit.hash) for edit in edits}) > len({edit.position for edit in edits}):
        raise _damaged("a point has two hashes")
    return edits, _marks(payload), n, count - len(edits)


def _damaged(why: str) -> InputError:
    return InputError(
        f"The edits cannot be read: {why}; expected what `shared` wrote. Ask for the file again."
    )


def _number(record: dict[str, Any], name: str) -> int:
    found = record.get(name)
    if type(found) is not int or not 0 <= found < _MOST:
        raise _damaged(f"{name} is {found!r:.40}")
    return found


def _marks(payload: dict[str, Any]) -> Marks:
    salt, after = payload.get("salt"), payload.get("after")
    if not isinstance(salt, str) or not re.fullmatch(r"([0-9a-f]{2}){1,64}", salt):
        raise _damaged("the salt is no salt")
    fingerprint, order = _hash(payload, "fingerprint"), _hash(payload, "order")
    return Marks(bytes.fromhex(salt), fingerprint, order, None if after is None else _hash(payload, "after"))


def _hash(record: dict[str, Any], name: str) -> str:
    found = record.get(name)
    if not isinstance(found, str) or not _HEX.fullmatch(found):
        raise _damaged(f"{name} is {found!r:.40}, expected 16 hexadecimal digits")
    return found


def _edit(row: Any, n: int) -> SharedEdit:
    if not isinstance(row, dict):
        raise _damaged(f"{row!r:.40} is no edit")
    position, field = _number(row, "position"), row.get("field")
    if position >= n:
        raise _damaged(f"point {position} is edited, there are {n}")
    if field not in FIELDS:
        raise _damaged(f"{field!r:.40} is edited, which this version does not know")
    old, new = (_content(row, name, field) for name in ("old", "new"))
    at, given, twins, who = row.get("at", ""), row.get("id"), row.get("twins", 1), row.get("who", "")
    if not isinstance(at, str) or len(at) > 64:
        raise _damaged(f"point {position} was edited at {at!r:.40}")
    if given is not None and type(given) not in (int, str):
        raise _damaged(f"point {position} has id {given!r:.40}")
    if twins is not None and (type(twins) is not int or not 1 <= twins <= n):
        raise _damaged(f"point {position} has {twins!r:.40} twins")
    if not isinstance(who, str) or len(who) > MAX_NOTE:
        raise _damaged(f"point {position} was edited by {who!r:.40}")
    return SharedEdit(position, _hash(row, "hash"), field, old, new, at, given, twins, who)


def _content(row: dict[str, Any], name: str, field: str) -> Any:
    """What a field was or became; NaN is nothing that a label can be."""
    found = row.get(name)
    kinds = (type(CAME[field]),) if field in CAME else (str, int, float, bool)
    long = field in CAME and isinstance(found, str) and len(found) > MAX_NOTE
    if type(found) not in kinds or long or (isinstance(found, float) and not math.isfinite(found)):
        raise _damaged(f"{name} of a {field} is {found!r:.40}")
    return found
