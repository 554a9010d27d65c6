"""Everything that dvlwidgets raises on purpose.

Each message says what was given, what was expected and what to do. Classes derive from the built-in
exception that a user would guess, so that `except ValueError` keeps working.
"""

from __future__ import annotations


def cause(error: BaseException) -> str:
    """An error inside a sentence of ours: its type and words, without the full stop that our sentence has itself.

    Example:
        >>> cause(ValueError("X is empty."))
        'ValueError: X is empty'
    """
    words = str(error).strip().rstrip(".")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


class DvlError(Exception):
    """Base of all errors raised by dvlwidgets."""


class InputError(DvlError, ValueError):
    """An argument has a value that cannot work."""


class InputTypeError(DvlError, TypeError):
    """An argument has a type that cannot work."""


class UnhashableError(DvlError, TypeError):
    """Something cannot be identified across processes; `key=` names it."""


class ScorerError(DvlError, ValueError):
    """A model and a scorer do not go together, or a score is impossible."""


class FirstFitError(DvlError, RuntimeError):
    """The model could not be fitted and scored on the full training set."""


class TooManyFailuresError(DvlError, RuntimeError):
    """More than half of the large subsets failed in the first round."""


class IdentityError(DvlError, ValueError):
    """A checkpoint, journal or result belongs to something else."""


class JournalError(DvlError, ValueError):
    """A journal file is damaged beyond its torn tail, or was written by another format version."""


class StoreError(DvlError, OSError):
    """A gradient store cannot be read or written: no room, no permission, or files of another format."""


class NotFittedError(DvlError, RuntimeError):
    """A result was asked for before anything was computed."""


class RunError(DvlError, RuntimeError):
    """A background run failed, or was asked for something that its state forbids."""


class EditError(DvlError, RuntimeError):
    """An edit could not be made, kept on disk or applied to a data set."""


class WireError(DvlError, ValueError):
    """A message between the panel and the page does not follow the wire's format."""


class InstallationError(DvlError, RuntimeError):
    """A part of the installed package is missing."""


class NotebookError(DvlError, ValueError):
    """A notebook, page or copy of a panel cannot be read: damaged, of another format, or not there."""
