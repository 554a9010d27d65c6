"""Two logs of edits as one: which changes the other one adds, and whose content counts where both edited a point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from dvlwidgets.counts import many
from dvlwidgets.data.edits import MAX_NOTE, Change, Edit, Key, Net, Source
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
            if mine != new and (mine == old or prefer == "theirs"):
                rows.append(Change(*key, field, mine, new, then.get((key, field))))
    if clashes and prefer is None:
        raise EditError(
            f"{many(len(clashes), 'point')} {'is' if len(clashes) == 1 else 'are'} edited differently in the two "
            f"logs: {'; '.join(clashes[:5])}. "
            "Say whose edits count: prefer='ours' for those of this log, or prefer='theirs'."
        )
    return tuple(rows)


def by_authors(edits: Iterable[Edit]) -> str:
    """Whose edits these are, in words; empty where nobody is named."""
    names = dict.fromkeys(source.who for edit in edits for _, source in edit.each() if source.who)
    return f"edits by {', '.join(names)}"[:MAX_NOTE] if names else ""


def origins(edits: Iterable[Edit]) -> dict[tuple[Key, str], Source]:
    """Who changed each field of each point last, when and why."""
    return {(row.key, row.field): source for edit in edits for row, source in edit.each()}


def by_source(
    rows: Sequence[Change], known: Mapping[tuple[Key, str], Source]
) -> tuple[tuple[Change, ...], tuple[Source, ...]]:
    """The changes of one source after those of the other, and the sources; none where no source is known."""
    if not known:
        return tuple(rows), ()
    nobody = Source("", "", "", 0)
    groups: dict[Source, list[Change]] = {}
    for row in rows:
        source = known.get((row.key, row.field), nobody)._replace(rows=0)
        groups.setdefault(source, []).append(row)
    sources = tuple(source._replace(rows=len(group)) for source, group in groups.items())
    return tuple(row for group in groups.values() for row in group), sources
