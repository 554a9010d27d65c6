"""Counts in words."""

from __future__ import annotations


def many(n: int, one: str, more: str = "") -> str:
    """`1 point` and `2,000 points`.

    Args:
        n: how many.
        one: the word for one of them.
        more: the word for several; by default with an s.
    """
    return f"{n:,} {one if n == 1 else more or one + 's'}"
