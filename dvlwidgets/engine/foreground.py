"""A run here and now, in the caller's thread: `fit`. A run in the background is in `live`."""

from __future__ import annotations

from .bar import Bar
from .run import Loop


def run_through(loop: Loop, label: str, *, progress: bool) -> None:
    """Do all of a loop's work.

    Args:
        loop: not begun yet.
        label: what is running, for the bar.
        progress: draw a progress bar on standard error.

    Raises:
        KeyboardInterrupt: at Ctrl-C; what was folded by then is the loop's newest estimate.
        Whatever the loop's frames raise.
    """
    bar = Bar(label) if progress else None
    loop.newest.watched = progress
    try:
        with loop.whole.heard():
            for frame in loop.frames():
                if bar is not None:
                    bar.update(frame)
    except KeyboardInterrupt:
        loop.interrupted()
        raise
