"""The modes that influence methods can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Any, TypeAlias, TypeVar

from torch import Tensor

from ..errors import InputError

UnsupportedInfluenceModeException = InputError
"""pyDVL's name of what is raised for modes that there are not."""

LossType: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""`loss(output, target)`, a scalar: the mean over the batch that it is given."""


class InfluenceMode(StrEnum):
    """What the influence of a training point is.

    `Up`: of giving the point more weight, one number a pair. `Perturbation`: of changing its input, one number for
    every number of the input.
    """

    Up = "up"
    Perturbation = "perturbation"


class SecondOrderMode(StrEnum):
    """Which matrix stands for the curvature of the mean loss.

    `HESSIAN`: the Hessian itself. `GAUSS_NEWTON`: J^T (d^2 loss / d output^2) J, the generalised Gauss-Newton matrix,
    never indefinite for convex losses; for cross-entropy on logits it equals the exact Fisher matrix.
    `EMPIRICAL_FISHER`: the mean of g g^T over the training points' gradients g.
    """

    HESSIAN = "hessian"
    GAUSS_NEWTON = "gauss_newton"
    EMPIRICAL_FISHER = "empirical_fisher"


class BlockMode(StrEnum):
    """Which parameters share a block of the curvature: all, those of a direct child of the model, or of a tensor."""

    FULL = "full"
    LAYER_WISE = "layer_wise"
    PARAMETER_WISE = "parameter_wise"


Choice = TypeVar("Choice", bound=Enum)


def choose(kind: type[Choice], given: Any, name: str) -> Choice:
    """A member of an enumeration from itself, its value or its name.

    Raises:
        InputError: naming the possible ones.
    """
    for member in kind:
        if given is member or (
            isinstance(given, str) and given.lower() in (member.value, member.name.lower())
        ):
            return member
    possible = ", ".join(repr(m.value) for m in kind)
    raise InputError(
        f"{name}={given!r} was given; expected one of {possible}, or a member of {kind.__name__}."
    )
