"""Numbers that are not finite: refused where a curvature is made or used, before they become influences."""

from __future__ import annotations

from torch import Tensor

from ..errors import InputError


class NotFiniteError(InputError):
    """NaN or infinity where influence needs numbers."""


def require_finite(tensor: Tensor, what: str) -> None:
    """Refuses NaN and infinity.

    Args:
        tensor: to look at.
        what: how the error calls it.

    Raises:
        NotFiniteError: saying where to look.
    """
    if not bool(tensor.isfinite().all()):
        raise NotFiniteError(
            f"{what} holds numbers that are not finite: the loss or its derivatives overflow at some training point. "
            "Look at the losses of the training data first."
        )
