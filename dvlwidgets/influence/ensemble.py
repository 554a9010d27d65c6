"""Influence averaged over several trained models: checkpoints of one training, or trainings with other seeds."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

import torch
from torch import Tensor, nn

from ..counts import many
from ..errors import InputError, InputTypeError
from .base import InfluenceFunctionModel
from .batches import Batch, Batches
from .layout import Layout
from .members import join, joined_layout, split
from .rows import Rows
from .types import InfluenceMode

Checkpoint = nn.Module | Mapping[str, Any] | str | PathLike[str]
"""A model, its state dict, or a file that `torch.save` wrote of a state dict."""


class EnsembleInfluence(InfluenceFunctionModel):
    """The mean influence over several models, of any method.

    Averaging takes out what one training's seed adds: on a small MLP, EKFAC agrees with retraining at an LDS of .21
    with one model, .32 with ten. Park et al., TRAK (ICML 2023), show the same for theirs.

    Args:
        members: influence models of one kind over the same architecture, fitted or not.
        weights: of the members, by default 1 / len(members) each.

    Raises:
        InputError: for no members, members of other shapes, or weights of another number.
        InputTypeError: for members that are no influence models.

    Example:
        >>> EnsembleInfluence.of_checkpoints(model, states, lambda m: EkfacInfluence(m))  # doctest: +SKIP
    """

    def __init__(
        self, members: Sequence[InfluenceFunctionModel], weights: Sequence[float] | None = None
    ) -> None:
        self.members = list(members)
        if not self.members:
            raise InputError("no members were given; expected at least one influence model.")
        for member in self.members:
            if not isinstance(member, InfluenceFunctionModel):
                raise InputTypeError(
                    f"a member is a {type(member).__name__}; expected influence models, such as EkfacInfluence(model)."
                )
        shapes = {member.layout.shapes for member in self.members}
        if len(shapes) > 1:
            raise InputError("the members have parameters of different shapes; expected one architecture.")
        self.weights = [1.0 / len(self.members)] * len(self.members) if weights is None else list(weights)
        if len(self.weights) != len(self.members):
            raise InputError(
                f"{many(len(self.weights), 'weight')} came for {many(len(self.members), 'member')}."
            )
        first = self.members[0]
        self.model, self.loss, self.problem = first.model, first.loss, first.problem

    @classmethod
    def of_checkpoints(
        cls,
        model: nn.Module,
        checkpoints: Sequence[Checkpoint],
        make: Callable[[nn.Module], InfluenceFunctionModel],
    ) -> EnsembleInfluence:
        """One member for each checkpoint of a model.

        Args:
            model: the architecture; it is not changed.
            checkpoints: models, state dicts, or files of state dicts.
            make: from a model to an influence model.

        Raises:
            InputError: for no checkpoints, files that cannot be read, or members of other shapes.
            InputTypeError: for what is no checkpoint, and where `make` gives no influence model.
        """
        return cls([make(restored(model, state)) for state in checkpoints])

    @property
    def needs_fit(self) -> bool:  # type: ignore[override]  # what the members need
        """Whether a member has a curvature to learn."""
        return any(member.needs_fit for member in self.members)

    @property
    def is_fitted(self) -> bool:
        """Whether all members are."""
        return all(member.is_fitted for member in self.members)

    @property
    def n_train(self) -> int:
        """Training points that the members were fitted on."""
        return max(member.n_train for member in self.members)

    @property
    def layout(self) -> Layout:
        """The members' parameters, one member after the other."""
        return joined_layout(self._layouts)

    @property
    def store_key(self) -> str:
        """The members' keys, as one."""
        return hashlib.blake2b(
            "".join(m.store_key for m in self.members).encode(), digest_size=20
        ).hexdigest()

    def fit(self, data: Any) -> EnsembleInfluence:
        """Fits every member on the same data; see `InfluenceFunctionModel.fit`."""
        batches = Batches.of(data)
        for member in self.members:
            member.fit(batches)
        self.problem = self.members[0].problem
        return self

    @property
    def regularization(self) -> list[Any]:
        """The damping of each member; None where it has none."""
        return [getattr(member, "regularization", None) for member in self.members]

    def with_regularization(self, regularization: Any) -> EnsembleInfluence:
        """Another damping for every member, in place and without a refit; returns self.

        Raises:
            InputTypeError: for members without a damping; what else is raised is the members' own.
        """
        able = [hasattr(member, "with_regularization") for member in self.members]
        if not all(able):
            raise InputTypeError(
                f"{type(self).__name__} has no regularization to change: "
                f"{'a member of it' if any(able) else 'it'} inverts no curvature."
            )
        for member in self.members:
            member.with_regularization(regularization)  # type: ignore[attr-defined]
        return self

    def gradients(self, batch: Batch) -> Rows:
        """The members' rows, side by side."""
        return join([member.gradients(batch) for member in self.members])

    def precondition(self, rows: Rows) -> Rows:
        """Each member's rows, preconditioned by it and weighted."""
        own = zip(self.members, split(rows, self._layouts), self.weights, strict=True)
        return join([_times(member.precondition(part), weight) for member, part, weight in own])

    def scores(self, factors: Rows, rows: Rows) -> Tensor:
        """The weighted sum of the members' scores (q, w)."""
        pairs = zip(self.members, split(factors, self._layouts), split(rows, self._layouts), strict=True)
        first, *others = (member.scores(f, r) for member, f, r in pairs)
        return sum(others, start=first)

    @property
    def _layouts(self) -> list[Layout]:
        return [member.layout for member in self.members]

    def _learn(self, batches: Batches) -> None:
        """`fit` asks the members."""

    def _move(self, device: torch.device) -> None:
        for member in self.members:
            member.to(device)

    def _from_factors(self, factors: Rows, batch: Batch, mode: InfluenceMode | str) -> Tensor:
        pairs = zip(self.members, split(factors, self._layouts), strict=True)
        first, *others = (member._from_factors(own, batch, mode) for member, own in pairs)  # noqa: SLF001 - siblings
        return sum(others, start=first)


def restored(model: nn.Module, checkpoint: Checkpoint) -> nn.Module:
    """A copy of a model with a checkpoint's state; a checkpoint that is a model, as it is.

    Raises:
        InputTypeError: for something that is no checkpoint.
        InputError: for the state of another architecture, or a file that cannot be read.
    """
    if isinstance(checkpoint, nn.Module):
        return checkpoint
    if isinstance(checkpoint, (str, PathLike)):
        checkpoint = _state_in(checkpoint)
    if not isinstance(checkpoint, Mapping):
        raise InputTypeError(
            f"a checkpoint is a {type(checkpoint).__name__}; expected a model, a state dict or a file of one."
        )
    again = copy.deepcopy(model)
    try:
        again.load_state_dict(dict(checkpoint))
    except RuntimeError as error:
        raise InputError(f"a checkpoint does not fit {type(model).__name__}: {error}") from error
    return again


def _state_in(path: str | PathLike[str]) -> Any:
    """What a file of tensors holds; a file of anything else could run code, and is not read."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(
            f"the checkpoint {path} cannot be read: {error.strerror or error}. Pass a file of a state dict."
        ) from error
    except Exception as error:  # torch's own words advise to run what is in it
        raise InputError(
            f"the checkpoint {path} is damaged or holds more than tensors, such as a whole model. Write it with "
            "torch.save(model.state_dict(), path)."
        ) from error


def _times(rows: Rows, weight: float) -> Rows:
    like = next(t for t in rows.tensors().values() if t.is_floating_point())
    return rows.scaled(torch.full((len(rows),), weight, dtype=like.dtype, device=like.device))
