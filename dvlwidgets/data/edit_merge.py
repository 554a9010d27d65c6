"""Two logs of edits as one: which changes the other one adds, and whose content counts where both edited a point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from dvlwidgets.data.edits import Change, Key, Net
from dvlwidgets.errors import EditError, InputError

Prefer: TypeAlias = Literal["ours", "theirs"] | None


def additions(
    ours: Net, theirs: Net, then: Mapping[tuple[Key, str], float | None], prefer: Prefer
) -> tuple[Change, ...]:
    """The changes that bring what is theirs to what is ours.

    Args:
        ours: the edits in force.
        theirs: those to be added.
        then: values of points when a field of theirs was edited, where that is known.
        prefer: whose content counts where both edited a point differently.

    Raises:
        EditError: they did, and `prefer` is None.
        InputError: for another `prefer`.
    """
    if prefer not in (None, "ours", "theirs"):
        raise InputError(f"prefer={prefer!r} was given; expected 'ours', 'theirs' or None.")
    rows: list[Change] = []
    clashes: list[str] = []
    for key, fields in theirs.items():
        for field, (old, new) in fields.items():
            mine: Any = ours.get(key, {}).get(field, (old, old))[1]
            if mine not in (old, new):
                clashes.append(f"id {key.id!r}: {mine!r} here, {new!r} there")
            if mine == old or (mine != new and prefer == "theirs"):
                rows.append(Change(*key, field, mine, new, then.get((key, field))))
    if clashes and prefer is None:
        raise EditError(
            f"{len(clashes)} points are edited differently in the two logs: {'; '.join(clashes[:5])}. "
            "Say whose edits count: prefer='ours' for those of this log, or prefer='theirs'."
        )
    return tuple(rows)
