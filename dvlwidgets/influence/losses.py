"""Any `loss(output, target)` as one loss a sample, and what is known of its likelihood.

A loss gives the mean over the batch that it is given; the loss of a sample is that of a batch of one. The known ones
(cross-entropy, squared error, binary cross-entropy) are written out, any other is mapped over samples. One exception:
with class weights a sample's cross-entropy is its class's weight times its loss, as in the objective, although the
weight cancels in a batch of one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own shorthand

from ..errors import InputError, InputTypeError
from .types import LossType

Likelihood: TypeAlias = Literal["categorical", "gaussian", "bernoulli"]

_KNOWN: dict[Any, Likelihood] = {
    nn.CrossEntropyLoss: "categorical",
    F.cross_entropy: "categorical",
    nn.MSELoss: "gaussian",
    F.mse_loss: "gaussian",
    nn.BCEWithLogitsLoss: "bernoulli",
    F.binary_cross_entropy_with_logits: "bernoulli",
}


class PerSampleLoss:
    """`loss(output, target)` of each sample.

    Args:
        loss: a module or function that returns a scalar; reductions "mean" and "sum" are understood, "none" is
            averaged over what is not the sample.

    Attributes:
        likelihood: "categorical" (cross-entropy on logits), "gaussian" (squared error), "bernoulli" (binary
            cross-entropy on logits), or None for any other loss.
    """

    def __init__(self, loss: LossType) -> None:
        if not callable(loss):
            raise InputTypeError(
                f"loss={loss!r} was given; expected a function loss(output, target), such as "
                "torch.nn.CrossEntropyLoss()."
            )
        self.loss = loss
        kind = type(loss) if isinstance(loss, nn.Module) else loss
        found = next((likelihood for known, likelihood in _KNOWN.items() if known is kind), None)
        smoothed = getattr(loss, "label_smoothing", 0.0) or getattr(loss, "pos_weight", None) is not None
        weighted = getattr(loss, "weight", None) is not None
        self.likelihood: Likelihood | None = found
        # as many positions as classes could be (B, classes, T), which is what torch takes them for, or (B, T, classes):
        # they are what the batches were that left no doubt
        self._tokenwise = False
        self._vectorised = True
        self._write_out: Callable[[Tensor, Tensor], Tensor] = self._mapped
        if found == "categorical":
            self._write_out = self._cross_entropy
        elif found == "gaussian":
            self._write_out = self._squared
        elif found == "bernoulli" and not smoothed and not weighted:
            self._write_out = self._binary
        elif type(loss) is nn.NLLLoss:
            self._write_out = self._log_likelihood

    def __call__(self, output: Any, target: Tensor) -> Tensor:
        """Losses of shape (B,), differentiable.

        Raises:
            InputError: for outputs and targets that do not go together.
        """
        return self._write_out(output_of(output), target)

    def _cross_entropy(self, output: Tensor, target: Tensor) -> Tensor:
        standard = output.shape[2:] == target.shape[1:] or target.shape == output.shape
        tokenwise = output.ndim == target.ndim + 1 and output.shape[:-1] == target.shape and output.ndim > 2
        if standard != tokenwise:
            self._tokenwise = tokenwise
        if tokenwise and self._tokenwise:
            output = output.movedim(-1, 1)  # (B, T, classes) as transformers give it
        elif not standard:
            raise InputError(
                f"cross-entropy got outputs of shape {tuple(output.shape)} and targets of shape {tuple(target.shape)}; "
                "expected (B, classes) and (B,), or (B, T, classes) and (B, T)."
            )
        options = {
            k: getattr(self.loss, k)
            for k in ("weight", "ignore_index", "label_smoothing")
            if hasattr(self.loss, k)
        }
        return self._averaged(F.cross_entropy(output, target, reduction="none", **options), target)

    def _log_likelihood(self, output: Tensor, target: Tensor) -> Tensor:
        options: Any = {k: getattr(self.loss, k) for k in ("weight", "ignore_index")}
        return self._averaged(F.nll_loss(output, target, reduction="none", **options), target)

    def _averaged(self, losses: Tensor, target: Tensor) -> Tensor:
        """Losses (B,) from those of tokens, of which the ignored ones do not count."""
        if losses.ndim == 1:
            return losses
        if self._summed or target.is_floating_point():
            return self._reduce(losses)
        counted = (target != getattr(self.loss, "ignore_index", -100)).flatten(1).sum(1).clamp(min=1)
        mean: Tensor = losses.flatten(1).sum(1) / counted
        return mean

    def adds_up(self, output: Any, target: Tensor) -> bool:
        """Whether the loss of a batch is the mean, or the sum, of its samples' losses; True where nobody can say.

        It is not with class weights that torch averages out, or tokens that are ignored, in a function of the user's
        own. The losses that are written out here are what they are documented to be.
        """
        if self._write_out != self._mapped or len(target) < 2:
            return True
        single = self(output, target)
        try:
            whole = self._scalar(self.loss(output_of(output), target))
        except Exception:  # a loss for single samples
            return True
        wanted = torch.stack([single.mean(), single.sum()])
        if not wanted.isfinite().all() or not whole.isfinite():
            return True
        rounding = max(1e-4, 8 * torch.finfo(wanted.dtype).eps)
        return bool(torch.isclose(whole, wanted, rtol=rounding, atol=1e-6).any())

    def _squared(self, output: Tensor, target: Tensor) -> Tensor:
        return self._reduce(F.mse_loss(output, self._like(target, output), reduction="none"))

    def _binary(self, output: Tensor, target: Tensor) -> Tensor:
        wanted = self._like(target, output).to(output.dtype)
        return self._reduce(F.binary_cross_entropy_with_logits(output, wanted, reduction="none"))

    def _mapped(self, output: Tensor, target: Tensor) -> Tensor:
        def one(o: Tensor, t: Tensor) -> Tensor:
            return self._scalar(self.loss(o.unsqueeze(0), t.unsqueeze(0)))

        if len(output) == 1:
            return one(output[0], target[0]).unsqueeze(0)
        if self._vectorised:
            try:
                with warnings.catch_warnings():
                    # torch maps an operation without a rule one by one, as we should have to
                    warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
                    mapped: Tensor = torch.vmap(one)(output, target)
                return mapped
            except RuntimeError:  # a loss that branches on its numbers: its own errors come up below
                self._vectorised = False
        return torch.stack([one(o, t) for o, t in zip(output, target, strict=True)])

    def _scalar(self, value: Any) -> Tensor:
        if not isinstance(value, Tensor):
            raise InputTypeError(
                f"the loss returned a {type(value).__name__}; expected a tensor with one number."
            )
        return value if value.ndim == 0 else value.mean()

    @property
    def _summed(self) -> bool:
        return getattr(self.loss, "reduction", "mean") == "sum"

    def _reduce(self, losses: Tensor) -> Tensor:
        flat = losses.reshape(len(losses), -1)
        return flat.sum(1) if self._summed else flat.mean(1)

    @staticmethod
    def _like(target: Tensor, output: Tensor) -> Tensor:
        if target.ndim == output.ndim - 1 and output.shape[-1] == 1:
            # a column of predictions against a vector would broadcast to a square
            target = target.unsqueeze(-1)
        if target.shape != output.shape:
            raise InputError(
                f"the outputs have the shape {tuple(output.shape)}, the targets {tuple(target.shape)}; "
                "expected the same."
            )
        return target


def output_of(output: Any) -> Tensor:
    """The tensor that the loss is about: the output itself, its `logits`, or the first of several.

    Raises:
        InputTypeError: if there is none.
    """
    if isinstance(output, Tensor):
        return output
    if isinstance(getattr(output, "logits", None), Tensor):
        return output.logits  # type: ignore[no-any-return]  # checked above
    if isinstance(output, Mapping) and isinstance(output.get("logits"), Tensor):
        return output["logits"]  # type: ignore[no-any-return]
    if isinstance(output, (tuple, list)) and output and isinstance(output[0], Tensor):
        return output[0]
    raise InputTypeError(
        f"the model returned a {type(output).__name__}; expected a tensor, or something with a tensor `logits`."
    )


def looks_like_softmax(output: Tensor) -> bool:
    """Whether outputs of shape (B, ..., classes) are probabilities: at least 0 and of sum 1."""
    values = output.detach()
    if values.ndim < 2 or values.shape[-1] < 2 or bool((values < 0).any()):
        return False
    sums = values.sum(-1)
    return bool(torch.allclose(sums, torch.ones_like(sums), atol=1e-4))
