"""Per-sample gradients of a batch, by one forward and one backward pass where the layers allow it.

Layers that are known (`layers.py`) give their gradients as factors; for parameters of which these are not right
(shared tensors, samples that are not on the first axis, functional calls) there is the general path (`general.py`).
Which way each takes is found on the first batch (`agreement.py`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError
from .agreement import paths_of
from .batches import Batch
from .capture import captured
from .general import looped, mapped
from .plain_chain import is_plain_chain
from .problem import Problem
from .rows import Rows


class Gradients:
    """Per-sample gradients: called with a batch, gives `Rows`.

    Args:
        problem: model and loss.
        factored: False for flat rows only.

    Attributes:
        path: how each parameter's gradient is had, "factors", "vmap" or "loop"; known after the first batch.
    """

    def __init__(self, problem: Problem, *, factored: bool = True) -> None:
        self.problem, self.factored = problem, factored
        self.path: dict[str, str] = {}

    def __call__(self, batch: Batch) -> Rows:
        """The rows of a batch, detached."""
        return self.with_losses(batch)[0]

    def with_losses(self, batch: Batch) -> tuple[Rows, Tensor]:
        """The rows and the losses (B,) of a batch, detached.

        Raises:
            InputError: for models and losses of which single samples have no gradient.
        """
        batch = self.problem.place(batch)
        with self.problem.in_words([batch]):
            return self._computed(batch)

    def found_path(self, batch: Batch) -> dict[str, str]:
        """`path`, looked for in a batch where none was seen yet."""
        if not self.path:
            batch = self.problem.place(batch)
            with self.problem.in_words([batch]):
                plain = is_plain_chain(self.problem, batch)
                names = self.problem.layout.names
                self.path = dict.fromkeys(names, "factors") if plain else paths_of(self.problem, batch)
        return self.path

    def _computed(self, batch: Batch) -> tuple[Rows, Tensor]:
        self.found_path(batch)
        by_factors = self._names("factors")
        parts, losses = captured(self.problem, batch, by_factors) if by_factors else ([], self.losses(batch))
        if missing := set(by_factors).difference(*(part.names for part in parts)):
            raise InputError(
                f"the layers of {sorted(missing)} were called with other shapes than in the first batch: their first "
                f"axis is no longer the {len(batch)} samples. Pass batches of one kind."
            )
        for way, computed in (("vmap", mapped), ("loop", looped)):
            if names := self._names(way):
                parts.append(computed(self.problem, batch, names))
        rows = Rows(self.problem.layout, tuple(parts))
        return (rows if self.factored else Rows.of_flat(rows.layout, rows.flat())), losses

    def losses(self, batch: Batch) -> Tensor:
        """Losses of shape (B,), detached."""
        with torch.no_grad():
            return self.problem.losses(None, self.problem.place(batch))

    def _names(self, way: str) -> list[str]:
        return [name for name, its in self.path.items() if its == way]
