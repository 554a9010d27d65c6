"""Whether copies of a module can be trained together: what it is made of, how much room it takes, and a trial."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import DvlError
from .method import NotCoveredError
from .torch_gradient import Gradient
from .torch_recipe import Recipe, outputs, trained, weights_of

if TYPE_CHECKING:
    from .torch_together import TorchTogether

_ROOM = 512_000_000
"""Bytes that models in training may take together on the CPU; on a GPU it is half of what is free."""
_MOST = 256
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
_FEWEST = 4
_TRIAL = 64


def unfit(module: nn.Module) -> str:
    """Why copies of a module cannot be trained together; "" if nothing of what it is made of forbids it."""
    for part in module.modules():
        name = type(part).__name__
        if getattr(part, "track_running_stats", False) or isinstance(part, _BATCH_NORMS):
            return (
                f"{name} mixes the rows of a batch, and its running statistics are changed in place; LayerNorm or "
                "GroupNorm in its place are trained together"
            )
        if _draws(part):
            return f"{name} draws random numbers, which are not the same for models trained together"
        if isinstance(part, nn.modules.lazy.LazyModuleMixin) and part.has_uninitialized_params():
            return f"{name} has no weights yet; call the module once"
    return ""


def _draws(part: nn.Module) -> bool:
    if isinstance(part, _DROPOUTS):
        return part.p > 0
    if isinstance(part, nn.RReLU):
        return True
    share = getattr(part, "dropout", 0.0)  # of recurrent layers and of attention
    return isinstance(share, float) and share > 0


def room_for(recipe: Recipe, module: nn.Module, x: Tensor) -> tuple[int, int]:
    """How many models are trained at once (a power of two), and how many test rows they are asked about.

    Raises:
        NotCoveredError: if only a few models have room, so that nothing is gained.
    """
    try:
        row = max(1, _saved(module, x[:1].repeat_interleave(2, 0)) - _saved(module, x[:1]))
    except Exception as error:
        raise NotCoveredError(f"the module fails on a row: {type(error).__name__}: {error}") from error
    own = weights_of(module)
    weights = sum(p.numel() for p in own) * own[0].element_size()
    rows = len(x) if recipe.batch_size is None else min(recipe.batch_size, len(x))
    each = 5 * weights + rows * (3 * row + x[:1].numel() * x.element_size())
    room = _ROOM if x.device.type != "cuda" else torch.cuda.mem_get_info(x.device)[0] // 2
    models = min(_MOST, int(room // each))
    if models < _FEWEST:
        raise NotCoveredError(
            f"a model in training takes {each / 1e6:,.0f} MB: fewer than {_FEWEST} have room at once, so that nothing "
            "is gained"
        )
    models = 1 << (models.bit_length() - 1)
    return models, max(1, int(room // (models * row)))


def _saved(module: nn.Module, x: Tensor) -> int:
    """Bytes that a forward pass keeps for its gradient."""
    kept: list[int] = []

    def count(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel() * tensor.element_size())
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        copy.deepcopy(module)(x)
    return sum(kept)


def same_as_plain(together: TorchTogether, kinds: list[Gradient]) -> Gradient:
    """The first kind of gradients with which a short training gives what the plain loop gives.

    Raises:
        NotCoveredError: if there is none.
    """
    short = copy.copy(together)
    short.recipe = replace(together.recipe, epochs=min(2, together.recipe.epochs))
    short.x_test = together.x_test[:8]
    n = len(together.x)
    rows = np.unique(np.linspace(0, n - 1, min(n, _TRIAL)).astype(int))
    masks = np.zeros((3, n), np.bool_)
    for mask, size in zip(masks, (len(rows), -(-len(rows) // 2), 1), strict=True):
        mask[rows[:size]] = True
    try:
        expected = np.stack([_plain(short, mask) for mask in masks])
    except (DvlError, ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        raise NotCoveredError(f"a training fails: {error}") from error
    near = float(torch.finfo(together.x.dtype).eps) ** 0.5 * (1 + np.abs(expected).max())
    why = ""
    for kind in kinds:
        short.gradient = kind
        try:
            found = short.answers(masks)
        except Exception as error:
            why = f"torch.func.vmap cannot train it: {str(error).splitlines()[0]}"
            continue
        if found.shape == expected.shape and np.abs(found - expected).max() <= near:
            return kind
        why = why or "models trained together are not those of the plain loop"
    raise NotCoveredError(why)


def _plain(together: TorchTogether, mask: Any) -> Any:
    """Outputs for the test rows by the plain loop."""
    rows = np.flatnonzero(mask)
    x, x_test = together.x[torch.as_tensor(rows)], together.x_test
    shift, scale = together.scales(mask[None])
    if shift is not None and scale is not None:
        x, x_test = ((a - shift) / scale for a in (x, x_test))
    codes = together.codes_of(mask[None])
    y = together.y if codes is None else codes[0]
    return outputs(trained(together.recipe, together.recipe.made(), x, y[torch.as_tensor(rows)]), x_test)
