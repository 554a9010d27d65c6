"""From a script that made a method to a panel at work: the earlier run makes room, the new one starts and is shown."""

from __future__ import annotations

import contextlib
from typing import Any

from IPython.display import display

from dvlwidgets.engine import place as _place
from dvlwidgets.engine import runs
from dvlwidgets.errors import DvlError
from dvlwidgets.magics.options import Given
from dvlwidgets.magics.script import Code, Script, call
from dvlwidgets.magics.usage import UsageError, in_one_line

PATIENCE = 3.0
"""Seconds that a new run gives the one that it replaces to finish the work in hand."""
LONG_PATIENCE = 60.0
"""The same where both write to a checkpoint."""


def check_run(given: Given) -> str | None:
    """The run's name; refuses what cannot be before the cell is run.

    Raises:
        UsageError: several names, or options that exclude each other.
    """
    if len(given.words) > 1:
        raise UsageError(
            f"several names were given ({', '.join(given.words)}); expected one, then options. "
            "Options begin with --, and a value with spaces stands in quotes."
        )
    if "wait" in given and "background" in given:
        raise UsageError("--wait and --background were both given; give one of them.")
    if given.get("jobs") == 0:
        raise UsageError(
            "--jobs 0 was given; expected how many fits run at a time, e.g. --jobs 4, or -1 for all cores."
        )
    return given.words[0] if given.words else None


def panel_code(script: Script, kind: str, arguments: list[str], name: str | None, given: Given) -> str:
    """The code that makes the panel.

    Raises:
        UsageError: --previews is no expression of the notebook's variables.
    """
    previews = given.get("previews")
    if previews not in {None, "auto", "none"}:
        script.value("--previews", previews)
        previews = Code(previews)
    shape = given.get("image-shape")
    return call(
        kind,
        *arguments,
        name=name,
        title=given.get("title"),
        previews=previews,
        image_shape=shape,
        quantile=given.get("quantile"),
        checkpoint=given.get("checkpoint"),
        edits=given.get("edits"),
        share=given.get("share"),
        height=given.get("height"),
    )


def launch(shell: Any, script: Script, code: str, given: Given, name: str | None) -> None:
    """Makes the panel, starts it and shows it, or prints the code of all that.

    Args:
        shell: IPython's.
        script: has made the method.
        code: makes the panel.
        given: the magic's line.
        name: of the run.

    Raises:
        UsageError: the panel refused an argument.
        Whatever made the run fail, with --wait.
    """
    made, started = f"panel = {code}", "panel.start()"
    if "jobs" in given:
        script.uses_module("joblib")
    if "show-code" in given:
        _print_code(script, _with_jobs(given, made, started), given)
        return
    if "checkpoint" in given:  # the earlier run has the folder
        make_room(name, LONG_PATIENCE)
    script.does("\n".join(_with_jobs(given, made)))  # refused here, it leaves the earlier run alone
    panel = script["panel"]
    make_room(name, PATIENCE, but=panel)
    _give_name(panel, name)
    script.does("\n".join(_with_jobs(given, started)))
    if "out" in given:
        shell.user_ns[given.get("out")] = panel.run
    display(panel)  # type: ignore[no-untyped-call]
    if "wait" in given:
        _wait(panel)


def _with_jobs(given: Given, *lines: str) -> list[str]:
    """The lines, under so many jobs if --jobs was given."""
    if "jobs" not in given:
        return list(lines)
    return [f"with joblib.parallel_config(n_jobs={given.get('jobs')}):", *(f"    {line}" for line in lines)]


def _give_name(panel: Any, name: str | None) -> None:
    """The name that the earlier run had until now."""
    entries = runs.entries()
    if name is not None and name not in {entry.name for entry in entries}:
        next(entry for entry in entries if entry.panel is panel).name = name


def _wait(panel: Any) -> None:
    """Blocks until the end; what ends it early is shown without the magic's frames."""
    try:
        panel.wait()
    except KeyboardInterrupt as error:
        text = "KeyboardInterrupt: the run goes on. %dvl stop ends it, %dvl show displays it."
        error._render_traceback_ = lambda: [text]  # type: ignore[attr-defined]
        raise
    except DvlError as error:
        error._render_traceback_ = f"{type(error).__name__}: {error}".splitlines  # type: ignore[attr-defined]
        raise


def _print_code(script: Script, lines: list[str], given: Given) -> None:
    if "out" in given:
        lines.append(f"{given.get('out')} = panel.run")
    script.shows("\n".join(lines))
    script.shows("display(panel)" if "wait" in given else "panel")
    if "wait" in given:
        script.shows("panel.wait()")
    print(script.code(), end="")  # noqa: T201 - what was asked for


def make_room(name: str | None, patience: float, *, but: Any = None) -> None:
    """Ends the earlier run of that name, or, for a run without one, that of the cell that runs again; says so.

    Args:
        name: of the new run, or None.
        patience: seconds that the earlier run gets to finish the work in hand.
        but: the panel of the new run, where it is made already.
    """
    place = _place.here()
    for entry in runs.entries():
        again = name is None and place is not None and entry.cell == place.cell
        if (entry.name == name or again) and entry.panel is not None and entry.panel is not but:
            _end(entry, patience)


def _end(entry: runs.Entry, patience: float) -> None:
    run, panel, name = entry.run, entry.panel, entry.name
    if entry.alive:
        entry.stop()
        print(f"The earlier run {name!r} was stopped.")  # noqa: T201 - one line to the user
        if run is not None:
            with contextlib.suppress(
                DvlError, Exception
            ):  # still at work, or failed: either way it is given up
                run.wait(patience)
    if panel is not None:
        with in_one_line():
            panel.close()
    if entry in runs.entries():  # the work in hand takes longer; what it found is still reachable
        entry.name = f"{name} (ending)"
