"""pandas, for those who have it: imported when somebody asks for a data frame."""

from __future__ import annotations

from typing import Any

from dvlwidgets.errors import InputError


def pandas(wanted: str, instead: str = "to_csv") -> Any:
    """The module.

    Args:
        wanted: the method that needs it.
        instead: what does without.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise InputError(
            f"{wanted} needs pandas, which is not installed. pip install 'dvlwidgets[frames]', or use {instead}."
        ) from error
    return pd
