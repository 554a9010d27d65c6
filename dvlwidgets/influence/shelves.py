"""Where numbers of n samples are kept, a few tensors a sample; here in memory, in files by `store_files.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError

Where = slice | Tensor
"""Samples: a range, or positions (k,)."""

DTYPES = (torch.float32, torch.float64, torch.bfloat16)
"""That numbers may be kept in."""

BESIDE = 9
"""Bytes of a sample besides its tensors: its loss, and the mark that it is there."""


@dataclass(frozen=True)
class Form:
    """What a store holds of each sample.

    Attributes:
        spec: of the rows, see `Rows.spec`.
        shapes: of one sample's tensors by name.
        dtypes: that the tensors are kept in, by name.
        working: the precision that rows are handed out in.
    """

    spec: list[dict[str, Any]]
    shapes: dict[str, list[int]]
    dtypes: dict[str, str]
    working: str

    @staticmethod
    def of(spec: list[dict[str, Any]], tensors: Mapping[str, Tensor], dtype: torch.dtype) -> Form:
        """Of the first samples that are kept.

        Args:
            spec: of the rows.
            tensors: theirs, by name, each (B, ...).
            dtype: that floating-point numbers are kept in.
        """
        working = next(t.dtype for t in tensors.values() if t.is_floating_point())
        dtypes = {k: dtype if t.is_floating_point() else t.dtype for k, t in tensors.items()}
        return Form(
            spec,
            {k: list(t.shape[1:]) for k, t in tensors.items()},
            {k: name_of(t) for k, t in dtypes.items()},
            name_of(working),
        )

    def takes(self, spec: list[dict[str, Any]], tensors: Mapping[str, Tensor]) -> bool:
        """Whether further samples are of this form."""
        return self.spec == spec and all(self.shapes[k] == list(t.shape[1:]) for k, t in tensors.items())

    @cached_property
    def row_bytes(self) -> int:
        """Bytes a sample, its loss and its mark included."""
        return BESIDE + sum(math.prod(s) * dtype_of(self.dtypes[k]).itemsize for k, s in self.shapes.items())


class Shelf(Protocol):
    """Numbers of n samples."""

    form: Form | None

    def open(self, form: Form) -> None:
        """Makes room, once it is known what a sample holds."""
        ...

    def done(self, lo: int, hi: int) -> NDArray[np.bool_]:
        """Which samples of a range are there."""
        ...

    def write(self, where: Where, tensors: Mapping[str, Tensor], losses: Tensor) -> None:
        """Keeps samples."""
        ...

    def flush(self) -> None:
        """What was written outlives the process, where that is promised at all."""
        ...

    def forget(self, where: Tensor) -> None:
        """Samples that are not there any more."""
        ...

    def read(self, lo: int, hi: int) -> dict[str, Tensor]:
        """The tensors of a range of samples that are there, without a copy."""
        ...

    def losses(self) -> Tensor:
        """Shape (n,), float64, NaN where not there."""
        ...


class MemoryShelf:
    """In tensors; memory is taken as samples come.

    Args:
        n: samples.
        device: where the tensors lie.
    """

    def __init__(self, n: int, device: torch.device) -> None:
        self.n, self.device = n, device
        self.form: Form | None = None
        self._done = np.zeros(n, bool)
        self._losses = torch.full((n,), math.nan, dtype=torch.float64)
        self._tensors: dict[str, Tensor] = {}

    def open(self, form: Form) -> None:
        self.form = form
        self._tensors = {
            k: torch.empty(self.n, *shape, dtype=dtype_of(form.dtypes[k]), device=self.device)
            for k, shape in form.shapes.items()
        }

    def done(self, lo: int, hi: int) -> NDArray[np.bool_]:
        return self._done[lo:hi]

    def write(self, where: Where, tensors: Mapping[str, Tensor], losses: Tensor) -> None:
        for name, tensor in tensors.items():
            self._tensors[name][where] = tensor.to(self._tensors[name])
        self._losses[where] = losses.to(self._losses)
        self._done[where if isinstance(where, slice) else where.cpu().numpy()] = True

    def flush(self) -> None:
        """Nothing: memory outlives nothing."""

    def forget(self, where: Tensor) -> None:
        self._done[where.cpu().numpy()] = False
        self._losses[where] = math.nan

    def read(self, lo: int, hi: int) -> dict[str, Tensor]:
        return {name: tensor[lo:hi] for name, tensor in self._tensors.items()}

    def losses(self) -> Tensor:
        return self._losses.clone()


def dtype_of(name: str) -> torch.dtype:
    """A torch dtype from its name."""
    found = getattr(torch, name)
    assert isinstance(found, torch.dtype)
    return found


def name_of(dtype: torch.dtype) -> str:
    """The inverse of `dtype_of`."""
    return str(dtype).removeprefix("torch.")


def kept_dtype(given: torch.dtype | str | None, own: torch.dtype) -> torch.dtype:
    """What numbers are kept in: what somebody asked for, or the model's own.

    Raises:
        InputError: for anything but `DTYPES`.
    """
    found = getattr(torch, given, None) if isinstance(given, str) else given
    if found is None and given is None:
        return own
    if found not in DTYPES:
        names = ", ".join(repr(name_of(d)) for d in DTYPES)
        raise InputError(f"dtype={given!r} was given; expected one of {names}, or None for the model's own.")
    return found
