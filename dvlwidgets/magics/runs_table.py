"""The runs of this kernel as lines of text: name, method, state, progress, time left, certainty."""

from __future__ import annotations

import math

from dvlwidgets.engine.runs import Entry

HEADINGS = ("name", "method", "state", "progress", "time left", "certainty")
WIDEST = 40


def table(entries: list[Entry]) -> str:
    """The entries under headings, in columns."""
    rows = [HEADINGS, *(_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _row(entry: Entry) -> tuple[str, ...]:
    run = entry.run
    name, method = _short(entry.name), _short(entry.method)
    if run is None:
        return name, method, "finished", "values of an earlier fit", "", ""
    progress = run.progress
    wish = "stopping" if run.stopping and not run.over else "pausing" if run.pausing else ""
    state = f"{run.state}, {wish}" if wish else run.state
    if progress is None:
        return name, method, state, "", "", ""
    total = "" if progress.total is None else f" of {progress.total:,}"
    left = "" if run.over or progress.seconds_left is None else duration(progress.seconds_left)
    sure = "" if math.isnan(progress.certainty) else f"{math.floor(progress.certainty * 100)} %"
    return name, method, state, f"{progress.done:,}{total} {progress.unit}", left, sure


def duration(seconds: float) -> str:
    """Seconds as people say them: "40 s", "3 min", "2 h 5 min"."""
    if not math.isfinite(seconds):
        return ""
    whole = math.ceil(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = math.ceil(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _short(text: str) -> str:
    # printed: control characters and line breaks of a name would break the table
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= WIDEST else f"{plain[: WIDEST - 1]}…"
