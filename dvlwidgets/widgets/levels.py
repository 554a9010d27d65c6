"""How much a shared copy holds: the four levels, what each is called, and a snapshot cut down to one of them.

What is cut here is gone before anything is written: neither the payload, nor the table, nor the words of a copy are
made from a snapshot that has more than its level allows.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from dvlwidgets.arguments import text
from dvlwidgets.errors import InputError
from dvlwidgets.widgets import preferences
from dvlwidgets.widgets.preferences import LEVELS
from dvlwidgets.widgets.snapshot import Snapshot, Status, Subject

HOLDS = {
    "summary": "counts, the distribution of the values and the convergence; no single points",
    "values": "positions, labels, values and edits; no ids, features, previews or texts",
    "values+text": "positions, ids, labels, values, texts, and edits with their notes; no features or images",
    "full": "positions, ids, labels, values, texts, edits with their notes, features and images",
}
"""What a copy of each level contains: completes "a shared copy holds: ..."."""

_TYPE = re.compile(r"[A-Za-z_][\w.]*")
_FAILED = "failed"

S = TypeVar("S", bound=Snapshot)


def checked(share: Any) -> str | None:
    """A level, or None for the default.

    Raises:
        InputTypeError: it is no string.
        InputError: there is no such level.
    """
    if share is None:
        return None
    known = ", ".join(repr(level) for level in LEVELS)
    if text("share", share, f"It is one of {known}.") not in LEVELS:
        raise InputError(f"share={share!r:.60} was given; expected one of {known}.")
    return str(share)


def level_of(share: str | None) -> str:
    """The level that counts now: the given one, or else the default of this process."""
    return preferences.current().share if share is None else share


def has_texts(level: str) -> bool:
    """Whether a level has ids and texts."""
    return level in {"values+text", "full"}


def restricted(now: S, level: str) -> S:
    """A snapshot with no more in it than a level allows, and without what no level allows: paths and error messages.

    Args:
        now: the state of a panel.
        level: one of `LEVELS`.
    """
    changes: dict[str, Any] = {
        "subject": subject_at(now.subject, level),
        "status": _status(now.status),
        "edits": now.edits | {"path": ""},
    }
    if level == "summary":
        changes |= {"labels": None, "dropped": np.zeros(now.subject.n, dtype=np.uint8)}
    return replace(now, **changes)


def subject_at(subject: Subject, level: str) -> Subject:
    """What is valued, at a level."""
    kind = (subject.preview or {"kind": "none"})["kind"]
    shown = level == "full" or (kind == "text" and has_texts(level))
    full = level == "full"
    return replace(
        subject,
        ids=subject.ids if has_texts(level) else None,
        features=subject.features if full else (),
        features_left_out=subject.features_left_out + (0 if full else len(subject.features)),
        preview=subject.preview if shown else {"kind": "none"},
        share=HOLDS[level],
    )


def _status(status: Status) -> Status:
    """Without what an exception says: its message may quote the data, its type does not."""
    reason = status.reason
    at = reason.find(f"{_FAILED}: ")
    if at >= 0:
        reason = reason[:at] + f"{_FAILED}: {_type_of(reason[at + len(_FAILED) + 2 :])}"
    elif status.error is not None:
        reason = _FAILED
    return replace(
        status,
        failure=None,
        announcement="",
        reason=reason,
        error=None if status.error is None else _type_of(status.error),
    )


def _type_of(error: str) -> str:
    found = _TYPE.match(error)
    return "Error" if found is None else found[0]
