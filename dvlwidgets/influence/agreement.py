"""Which way to each parameter's per-sample gradients is right, found on a few samples of the first batch.

A layer's factors are wrong where its tensors are used elsewhere, where samples are not on the first axis, or where a
subclass does something of its own. What each way must give is the gradient of a weighted sum of the losses, by one
backward pass. Where gradients vanish (dead units, layers that begin at zero) every way agrees and nothing is learned,
so the comparison is made with random parameters and random inputs too; a layer that is never heard of takes the way
that cannot be wrong.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import InputError
from .batches import Batch, cat
from .capture import captured
from .general import gradient, mapped
from .problem import Problem
from .rows import Outer, Part
from .seam import copied
from .tokens import Tokens

FEW = 8
"""Samples that ways are compared on."""

LEAST = 5
"""Fewer than these are repeated, so that no other axis is likely to be as long."""

COARSE = 0.06
"""What is more than this is no rounding, whatever the precision."""

Names = tuple[str, ...]


def paths_of(problem: Problem, batch: Batch) -> dict[str, str]:
    """For each trainable parameter "factors", "vmap" or "loop": the cheapest way that is right.

    Raises:
        InputError: for models that are random in eval mode, or whose losses depend on other samples of the batch.

    Warns:
        UserWarning: where a model cannot be vectorised.
    """
    few = batch[:FEW] if len(batch) >= LEAST else cat([batch] * -(-LEAST // len(batch)))
    require_samples_apart(problem, few)
    path = dict.fromkeys(problem.layout.names, "vmap")
    for names in _right_layers(problem, few):
        path |= dict.fromkeys(names, "factors")
    rest = [name for name, way in path.items() if way == "vmap"]
    if rest and (why := _why_not_mapped(problem, few, rest)):
        listed = ", ".join(rest[:3]) + (f" and {len(rest) - 3} more" if len(rest) > 3 else "")
        warnings.warn(
            f"gradients of {listed} are taken one sample after the other, which is slow: this model cannot be "
            f"vectorised by torch ({why}).",
            UserWarning,
            stacklevel=6,
        )
        path |= dict.fromkeys(rest, "loop")
    return path


@dataclass(frozen=True)
class _Reference:
    """What each way must give: the gradient of the weighted sum of losses of a few samples.

    Attributes:
        weights: one for each sample.
        slopes: the gradient by parameter, from single samples where the model takes these.
        near: the relative difference that is rounding: more than the parameters' type says where single samples
            show it, as under autocast.
    """

    weights: Tensor
    slopes: dict[str, Tensor]
    near: float

    @staticmethod
    def of(problem: Problem, few: Batch) -> _Reference:
        """By one backward pass, and by one for each sample."""
        drawn = torch.rand(len(few), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        weights = (0.5 + drawn).to(problem.device, problem.dtype)
        params = {n: t for n, t in problem.model.named_parameters() if n in problem.layout.sizes}

        def slopes(batch: Batch, own: Tensor) -> list[Tensor]:
            with torch.enable_grad():
                return gradient((own * problem.losses(None, batch)).sum(), list(params.values()))

        together = slopes(few, weights)
        eps = torch.finfo(problem.dtype).eps
        least = max(1e-3, 8 * eps)
        try:
            each = [slopes(few[i : i + 1], weights[i : i + 1]) for i in range(len(few))]
        except Exception:  # some models take no batch of one
            return _Reference(weights, dict(zip(params, together, strict=True)), least)
        apart = [sum(column[1:], column[0]) for column in zip(*each, strict=True)]
        off = [
            float((a - b).abs().max() / b.abs().max().clamp(min=torch.finfo(b.dtype).tiny))
            for a, b in zip(together, apart, strict=True)
            if float(b.abs().max()) > 1e-3 * max(float(t.abs().max()) for t in apart)
        ]
        near = least if max(off, default=0.0) <= 0.1 * least else max(COARSE, least)
        return _Reference(weights, dict(zip(params, apart, strict=True)), near)

    def verdict(self, part: Part) -> bool | None:
        """Whether a layer's gradients of the few samples are right; None where they vanish."""
        its = [self.slopes[name].flatten() for name in part.names]
        mine = _weighted(part, self.weights.to(its[0].dtype)).split([len(t) for t in its])
        whole = max(float(t.abs().max()) for t in its)
        if not math.isfinite(whole):
            return None
        noise, heard = 64 * torch.finfo(its[0].dtype).eps * whole, []
        for name, a, b in zip(part.names, mine, its, strict=True):
            scale = float(b.abs().max())
            # products in another order differ in their last bits; a wrong layer is off by its own size
            if not float((a - b).abs().max()) <= self.near * scale + noise:
                return False
            if not name.endswith("bias") or len(part.names) == 1:
                heard.append(scale > noise)  # some biases move nothing, such as those of attention's keys
        return True if all(heard) else None


def _right_layers(problem: Problem, few: Batch) -> set[Names]:
    """Parameters of the layers whose factors are right wherever they were heard of, and heard of at least once."""
    found = _verdicts(problem, few)
    other = _randomised(problem)
    for batch in (few, _noise(few)):
        for names, verdict in _said(other, batch).items():
            before = found.get(names, False)
            found[names] = False if before is False or verdict is False else before or verdict
    return {names for names, verdict in found.items() if verdict}


def _said(problem: Problem, batch: Batch) -> dict[Names, bool | None]:
    """Verdicts under random parameters and inputs; a model may refuse what it was not made for, and says nothing."""
    try:
        return _verdicts(problem, batch)
    except Exception:  # of the model's own making
        return {}


def _verdicts(problem: Problem, few: Batch) -> dict[Names, bool | None]:
    """Whether each layer's factors are right on these samples; None where its gradients vanish."""
    parts, _ = captured(problem, few, problem.layout.names)
    wanted = _Reference.of(problem, few)
    return {part.names: wanted.verdict(part) for part in parts}


def _why_not_mapped(problem: Problem, few: Batch, names: Sequence[str]) -> str:
    """What is wrong with gradients by vmap, or nothing."""
    try:
        part = mapped(problem, few, names)
    except Exception as error:  # whatever torch says of operations that it cannot map
        return " ".join(str(error).split())[:160] or type(error).__name__
    wrong = _Reference.of(problem, few).verdict(part) is False
    return "mapped gradients differ from those of single samples" if wrong else ""


def _weighted(part: Part, weights: Tensor) -> Tensor:
    """The weighted sum of a part's rows, without making them."""
    if isinstance(part, Outer):
        whole = part.scaled(weights)
        a, g = (t.reshape(-1, t.shape[-1]) for t in (whole.a, whole.g))
        return torch.cat([(g.T @ a).flatten(), g.sum(0)][: len(part.names)])
    if isinstance(part, Tokens):
        table = part.g.new_zeros(part.rows, part.g.shape[-1])
        g = part.scaled(weights).g.flatten(0, 1)
        return table.index_add_(0, part.tokens.flatten().long(), g).flatten()
    return weights @ part.values


def require_samples_apart(problem: Problem, few: Batch) -> None:
    """Refuses models that are random in eval mode, and losses that depend on other samples of the batch.

    Raises:
        InputError: saying which of the two.
    """
    with torch.no_grad():
        together, again = problem.losses(None, few), problem.losses(None, few)
        if together.shape == (len(few),) and not close(together, again):
            raise InputError(
                "the model gives other losses for the same samples each time, in eval mode. Influence is that of a "
                "fixed function: switch the randomness off, such as dropout that is called with training=True."
            )
        for i in (0, len(few) - 1):
            alone = problem.losses(None, cat([few[i : i + 1]] * 2))  # some models take no batch of one
            if together.shape == (len(few),) and not close(alone[:1], together[i : i + 1]):
                raise InputError(
                    "a sample's loss depends on the other samples of its batch, so that it has no gradient of its own: "
                    "batch norm without running statistics, or a contrastive loss? Use track_running_stats=True, or "
                    "make each group that belongs together one sample."
                )


def close(a: Tensor, b: Tensor) -> bool:
    """Whether numbers are the same but for rounding."""
    tolerance = max(1e-3, 8 * torch.finfo(a.dtype).eps)
    largest = float(b.abs().nan_to_num(nan=0.0, posinf=0.0).max())
    return torch.allclose(a, b, rtol=tolerance, atol=tolerance * largest, equal_nan=True)


def _randomised(problem: Problem) -> Problem:
    """A copy with random parameters of usual sizes."""
    other = copy.copy(problem)
    other.model = copied(problem.model)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, t in other.model.named_parameters():
            if not t.is_floating_point():
                continue
            noise = torch.randn(t.shape, generator=generator, dtype=torch.float64)
            if t.ndim > 1:
                noise /= math.sqrt(max(1, t[0].numel()))
            elif name.endswith("bias"):
                noise *= 0.1
            else:
                noise = 1.0 + 0.1 * noise
            t.copy_(noise)
        for module in other.model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all three
                module.reset_running_stats()
    return other


def _noise(few: Batch) -> Batch:
    """Random numbers in place of float inputs."""
    generator = torch.Generator().manual_seed(2)

    def drawn(t: Tensor) -> Tensor:
        return (
            torch.randn(t.shape, generator=generator, dtype=torch.float64).to(t)
            if t.is_floating_point()
            else t
        )

    keywords = {k: drawn(t) for k, t in few.keywords.items()}
    return Batch(tuple(drawn(x) for x in few.inputs), few.target, keywords)
