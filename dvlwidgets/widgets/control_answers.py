"""What the control channel answers: the list of runs, after doing what was asked. Never raises.

Requests and answers (version 1) are described in `answer`; every argument is checked, and what cannot be done is
answered with a sentence.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from dvlwidgets.engine import runs
from dvlwidgets.errors import DvlError, WireError
from dvlwidgets.widgets import ears, preferences
from dvlwidgets.widgets.answered import with_type
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.control_runs import Sparks, described, plain

VERSION = 1
MAX_RUNS = 200
"""The newest runs are listed; a longer list would be read by nobody, and takes its time every second."""
MAX_REQUEST = 100

_SPARKS = Sparks()


def answer(data: Any) -> dict[str, Any]:
    """The reply to one message of a front-end.

    Args:
        data: {"v": 1, "t": "runs", "request": "7"}, {"v": 1, "t": "pause" | "resume" | "stop", "request", "run": id}
            or {"v": 1, "t": "prefer", "request", "share": level | None, "rate": frames a second | None}.

    Returns:
        {"v": 1, "t": "runs", "request", "runs": [...], "kernel": {...}}, or
        {"v": 1, "t": "error", "request", "message"}.
    """
    request = data.get("request") if isinstance(data, dict) else None
    request = plain(request[:MAX_REQUEST]) if isinstance(request, str) else None
    try:
        _deed(data, request)()
        return _runs(request)
    except DvlError as refusal:
        return _error(request, str(refusal))
    except Exception as failure:
        # the page shows the sentence; it asks every second, so a warning each time would flood the notebook
        logging.getLogger(__name__).debug("The control channel could not answer", exc_info=True)
        return _error(request, with_type(failure))


def _deed(data: Any, request: str | None) -> Callable[[], object]:
    """What a message asks for."""
    if not isinstance(data, dict) or data.get("v") != VERSION:
        raise WireError(f"A request should be an object of version {VERSION}, not {short(data)}.")
    if request is None:
        raise WireError(
            f"A request should have a 'request' to answer to, a string, not {short(data.get('request'))}."
        )
    name = data.get("t")
    if name == "runs":
        return lambda: None
    if name == "prefer":
        return lambda: preferences.prefer(share=data.get("share"), rate=data.get("rate"))
    if name not in ("pause", "resume", "stop"):
        raise WireError(f"{short(name)} is no request of the control channel.")
    wanted = data.get("run")
    if not isinstance(wanted, str):
        raise WireError(f"'run' should be the id of a run, not {short(wanted)}.")
    return getattr(runs.find(wanted), str(name))  # type: ignore[no-any-return]


def _runs(request: str | None) -> dict[str, Any]:
    present = runs.entries()
    shown = [entry for entry in present if entry.alive][-MAX_RUNS:]
    rest = [entry for entry in present if not entry.alive]
    shown += rest[len(rest) - min(len(rest), MAX_RUNS - len(shown)) :]
    listed = [entry for entry in present if entry in shown]
    _SPARKS.keep({entry.id for entry in listed})
    return {
        "v": VERSION,
        "t": "runs",
        "request": request,
        "runs": [described(entry, _SPARKS) for entry in listed],
        "left_out": len(present) - len(listed),
        "kernel": {"ipykernel": None, "subshells": False, **ears.abilities(), "dvlwidgets": _version()},
    }


def _error(request: str | None, message: str) -> dict[str, Any]:
    return {"v": VERSION, "t": "error", "request": request, "message": plain(message)}


@functools.cache
def _version() -> str:
    from importlib import metadata

    return metadata.version("dvlwidgets")
