"""Steps of torch's optimizers for many models at once, each with its own count of steps."""

from __future__ import annotations

import torch
from torch import Tensor

from .torch_recipe import Recipe

_BETAS, _EPS = (0.9, 0.999), 1e-8  # torch's defaults


class Steps:
    """The optimizer of b models whose weights are the rows of one table; the same updates as torch.optim's.

    Args:
        recipe: optimizer and rates.
        weights: (b, p), changed in place.
        most: steps that a model takes at most.

    References:
        Kingma & Ba, Adam (ICLR 2015); Loshchilov & Hutter, Decoupled weight decay (ICLR 2019).
    """

    def __init__(self, recipe: Recipe, weights: Tensor, most: int) -> None:
        self.recipe, self.weights = recipe, weights
        self.taken = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
        t = torch.arange(1, most + 1, dtype=torch.float64)[:, None]
        size, root = recipe.lr / (1 - _BETAS[0] ** t), (1 - _BETAS[1] ** t).sqrt()
        # mean * size / (square^.5 / root + eps) = mean / (square^.5 * scale + least)
        self.scale, self.least = (a.to(weights) for a in (1 / (root * size), _EPS / size))
        adam = recipe.optimizer != "sgd"
        self.first = torch.zeros_like(weights) if adam or recipe.momentum else None
        self.second = torch.zeros_like(weights) if adam else None

    def step(self, gradients: Tensor, models: int) -> None:
        """One step of the first so many models; gradients (at least so many, p) may be overwritten."""
        r, w, g = self.recipe, self.weights[:models], gradients[:models]
        if r.weight_decay and r.optimizer == "adamw":
            w.mul_(1 - r.lr * r.weight_decay)
        elif r.weight_decay:
            g = g.add_(w, alpha=r.weight_decay)
        if self.second is not None:
            self._adam(w, g, models)
        elif self.first is not None:
            w.sub_(self.first[:models].mul_(r.momentum).add_(g), alpha=r.lr)
        else:
            w.sub_(g, alpha=r.lr)

    def _adam(self, w: Tensor, g: Tensor, models: int) -> None:
        assert self.first is not None
        assert self.second is not None
        taken = self.taken[:models]
        mean = self.first[:models].lerp_(g, 1 - _BETAS[0])
        square = self.second[:models].mul_(_BETAS[1]).addcmul_(g, g, value=1 - _BETAS[1])
        scale, least = self.scale.index_select(0, taken), self.least.index_select(0, taken)
        w.addcdiv_(mean, torch.addcmul(least, square.sqrt(), scale), value=-1)
        taken += 1
