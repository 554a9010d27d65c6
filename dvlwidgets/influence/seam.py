"""A model in two: a frozen prefix, and a suffix with all trainable parameters whose output is the model's."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn
from torch.func import functional_call

from ..errors import InputError

FEATURES = "features at the seam"
"""The keyword under which a batch holds the prefix's output in place of the model's inputs."""

_KNOWN: WeakKeyDictionary[nn.Module, Seam | None] = WeakKeyDictionary()


@dataclass(frozen=True)
class Seam:
    """Where a model is cut.

    Attributes:
        suffix: modules of the model, one after the other; what goes into the first are the features.
        names: of the suffix's trainable parameters, to their names in the model.
    """

    suffix: nn.Sequential
    names: Mapping[str, str]

    @staticmethod
    def before(model: nn.Module, modules: Sequence[nn.Module]) -> Seam:
        """In front of modules of a model."""
        suffix = nn.Sequential(*modules).eval()
        full = {id(p): name for name, p in model.named_parameters()}
        return Seam(suffix, {n: full[id(p)] for n, p in suffix.named_parameters() if p.requires_grad})

    def output(self, params: Mapping[str, Tensor] | None, features: Tensor) -> Any:
        """What the model gives for these features, with these parameters under their names in the model."""
        if params is None:
            return self.suffix(features)
        own = {name: params[full] for name, full in self.names.items()}
        return functional_call(self.suffix, own, (features,))


def note_seam(model: nn.Module, seam: Seam | None) -> None:
    """Remembers where a model is cut, or that it cannot be, for as long as the model lives."""
    _KNOWN[model] = seam


def seam_is_known(model: nn.Module) -> bool:
    """Whether somebody looked already."""
    return model in _KNOWN


def seam_of(model: nn.Module) -> Seam | None:
    """Where a model is cut."""
    return _KNOWN.get(model)


def output_after(model: nn.Module, params: Mapping[str, Tensor] | None, features: Tensor) -> Any:
    """The model's output from its features.

    Raises:
        InputError: for a model that has no seam.
    """
    seam = seam_of(model)
    if seam is None:
        raise InputError(
            "a batch of features was given to a model that is not cut; pass the data as they are, without `condensed`."
        )
    return seam.output(params, features)


def copied(model: nn.Module) -> nn.Module:
    """A deep copy of a model, cut at the same place."""
    other, seam = copy.deepcopy((model, seam_of(model)))
    note_seam(other, seam)
    return other
