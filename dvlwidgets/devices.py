"""Devices that tensors may be on, asked for before anything is moved there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import InputError, InputTypeError

if TYPE_CHECKING:
    import torch


def device_there(given: Any) -> torch.device:
    """The device, if tensors can be made on it here.

    Args:
        given: "cpu", "cuda", "cuda:1", a torch.device or the like.

    Raises:
        InputError: it is not there, nothing is called so, or PyTorch is not installed.
        InputTypeError: for what names no device at all.
    """
    try:
        import torch
    except ImportError as error:
        raise InputError(
            f"device={given!r} needs PyTorch: pip install torch, or leave device out."
        ) from error
    try:
        device = torch.device(given)
    except (RuntimeError, TypeError) as error:
        kind = InputError if isinstance(error, RuntimeError) else InputTypeError
        raise kind(
            f"device={given!r} was given; expected the name of a device, such as 'cpu' or 'cuda'."
        ) from error
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # what torch raises depends on how it was built
        why = str(error).splitlines()[0].split(". ")[0].rstrip(".")  # torch goes on to list what it has
        raise InputError(
            f"device={str(device)!r} is not there: {why}. Pass one that is, such as 'cpu'."
        ) from error
    return device
