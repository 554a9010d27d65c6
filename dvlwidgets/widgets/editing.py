"""Carries out the edits that a page asks for, and keeps with each what the points were worth at that time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvlwidgets.widgets.commands import Command

if TYPE_CHECKING:
    from dvlwidgets.widgets.session import Session


def edit(session: Session, command: Command, source: object) -> None:
    """Makes one edit; who subscribed to the log hears of it.

    Args:
        session: whose data are edited.
        command: one of `commands.EDITS`.
        source: handed on to subscribers.

    Raises:
        InputError: the label cannot be; nothing was changed.
        EditError: there is nothing to undo, or the edit could not be written; nothing was changed.
    """
    log, train, rows = session.edits, session.train, command.rows
    match command.name:
        case "undo":
            return log.undo(back_to=command.back_to, source=source)
        case "redo":
            return log.redo(source=source)
    why, values = command.why, session.values_now()
    match command.name:
        case "relabel":
            label = session.label_meant(command.choice)
            log.relabel(train, rows, label, why=why, values=values, source=source)
        case "accept":
            meant = {code: session.label_meant({"label": code}) for code in dict.fromkeys(command.codes)}
            labels = {row: meant[code] for row, code in zip(rows, command.codes, strict=True)}
            log.relabel(train, labels, why=why, values=values, source=source)
        case "drop":
            log.drop(train, rows, dropped=command.dropped, why=why, values=values, source=source)
        case "flag":
            log.flag(train, rows, flagged=command.flagged, why=why, values=values, source=source)
        case "note":
            log.note(train, rows, command.note, why=why, values=values, source=source)
    return None
