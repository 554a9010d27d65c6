"""What whoever asked is told of a deed that failed: one way to say it, and one way to do and to answer."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from dvlwidgets.errors import DvlError
from dvlwidgets.widgets import wire


def in_words(error: BaseException) -> str:
    """Our own sentences as they are; of other errors the type comes first, since many say little."""
    return str(error) if isinstance(error, DvlError) else with_type(error)


def with_type(error: BaseException) -> str:
    """An error as the last line of a traceback says it."""
    return f"{type(error).__name__}: {error}" if str(error).strip() else type(error).__name__


def traceback_of(error: BaseException) -> str | None:
    """Where the user's own code failed: the traceback of the cause where the error is a sentence of ours about it.

    Returns:
        The traceback, cut as that of a failed fit is; None for a sentence of ours that has no cause.
    """
    own = error.__cause__ if isinstance(error, DvlError) else error
    return None if own is None else "".join(traceback.format_exception(own, limit=-8))


def answered(deed: Callable[[], wire.Frame | None], request: str | None, where: str) -> wire.Frame | None:
    """Does what a page asked for; never raises.

    Args:
        deed: gives the answer, or None where there is none to give.
        request: the number of the page's request.
        where: name of the command or part, for the page and for the log.

    Returns:
        The answer, or the error in words.
    """
    try:
        return deed()
    except DvlError as refusal:
        return wire.error(str(refusal), request, where)
    except Exception as failure:
        logging.getLogger(__name__).exception("%s failed", where)
        return wire.error(with_type(failure), request, where)
