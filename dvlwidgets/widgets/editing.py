"""Carries out the edits that a page asks for, and keeps with each what the points were worth at that time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvlwidgets.widgets.commands import Command

if TYPE_CHECKING:
    from dvlwidgets.widgets.edited import Edited


def edit(edited: Edited, command: Command, source: object) -> None:
    """Makes one edit; who subscribed to the log hears of it.

    Args:
        edited: the points and their log.
        command: one of `commands.EDITS`.
        source: handed on to subscribers.

    Raises:
        InputError: the label cannot be; nothing was changed.
        EditError: there is nothing to undo, or the edit could not be written; nothing was changed.
    """
    log, data, rows = edited.edits, edited.data, command.rows
    match command.name:
        case "undo":
            return log.undo(back_to=command.back_to, source=source)
        case "redo":
            return log.redo(source=source)
    why, values = command.why, edited.values_now()
    match command.name:
        case "relabel":
            label = edited.label_meant(command.choice)
            log.relabel(data, rows, label, why=why, values=values, source=source)
        case "accept":
            meant = {code: edited.label_meant({"label": code}) for code in dict.fromkeys(command.codes)}
            labels = {row: meant[code] for row, code in zip(rows, command.codes, strict=True)}
            log.relabel(data, labels, why=why, values=values, source=source)
        case "drop":
            log.drop(data, rows, dropped=command.dropped, why=why, values=values, source=source)
        case "flag":
            log.flag(data, rows, flagged=command.flagged, why=why, values=values, source=source)
        case "note":
            log.note(data, rows, command.note, why=why, values=values, source=source)
    return None
