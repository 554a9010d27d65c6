"""A model and a loss as functions of the trainable parameters."""

from __future__ import annotations

import copy
import hashlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..errors import DvlError, InputError, InputTypeError
from .attention import plain_attention
from .batches import Batch, bytes_of
from .behaviour import behaviour_of
from .finite import NotFiniteError
from .layout import Layout, trainable
from .losses import Likelihood, PerSampleLoss, looks_like_softmax, output_of
from .seam import FEATURES, output_after
from .types import LossType


class Problem:
    """What influence is measured in: a snapshot of a model in eval mode, and a loss.

    The model is copied, so that hooks, devices and later training on either side do not meet.

    Args:
        model: any module; parameters with requires_grad=False are held fixed.
        loss: `loss(output, target)`.

    Attributes:
        model: the copy, in eval mode.
        loss: one loss a sample.
        layout: the trainable parameters.
        behaviour: a hash of what the model does besides its tensors; see `behaviour.py`.

    Raises:
        InputTypeError: for something that is no eager torch module.
        InputError: for a model without trainable parameters.
    """

    def __init__(self, model: nn.Module, loss: LossType) -> None:
        if isinstance(model, torch.jit.ScriptModule) or not isinstance(model, nn.Module):
            raise InputTypeError(
                f"model is of type {type(model).__name__}; expected an eager torch.nn.Module. Scripted and traced "
                "modules cannot be called with other parameters: pass the module they were made from."
            )
        self.model = _copy_of(model).eval()
        self.behaviour = behaviour_of(self.model)  # before calls leave anything in it
        self.loss = PerSampleLoss(loss)
        self.layout = Layout.of(trainable(self.model))

    @property
    def params(self) -> dict[str, Tensor]:
        """The trainable parameters, detached."""
        return trainable(self.model)

    @property
    def p(self) -> int:
        """Numbers in the trainable parameters."""
        return self.layout.p

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self._first.device

    @property
    def dtype(self) -> torch.dtype:
        """Of the first trainable parameter."""
        return self._first.dtype

    @property
    def _first(self) -> Tensor:
        """The first trainable parameter; all of them would cost a look at every module, batch by batch."""
        return next(p for p in self.model.parameters() if p.requires_grad)

    @property
    def likelihood(self) -> Likelihood | None:
        """See `PerSampleLoss`."""
        return self.loss.likelihood

    def to(self, device: Any) -> Problem:
        """Moves the copy of the model; returns self."""
        self.model.to(device)
        self.__dict__.pop("key", None)
        return self

    def place(self, batch: Batch) -> Batch:
        """The batch on the model's device, floats in the model's precision."""
        device, dtype = self.device, self.dtype
        return batch.map(lambda t: t.to(device, dtype) if t.is_floating_point() else t.to(device))

    def output(self, params: Mapping[str, Tensor] | None, batch: Batch) -> Tensor:
        """The model's output (B, ...) with these trainable parameters; None calls the model as it is.

        A batch may hold features of a frozen prefix in place of the inputs, see `prefix.py`.
        """
        with plain_attention():
            if FEATURES in batch.keywords:
                return output_of(output_after(self.model, params, batch.keywords[FEATURES]))
            if params is None:
                return output_of(self.model(*batch.inputs, **batch.keywords))
            return output_of(functional_call(self.model, dict(params), batch.inputs, dict(batch.keywords)))

    def losses(self, params: Mapping[str, Tensor] | None, batch: Batch) -> Tensor:
        """Losses of shape (B,), differentiable in the parameters; None calls the model as it is."""
        return self.loss(self.output(params, batch), batch.target)

    def check(self, batch: Batch) -> None:
        """Calls the model and the loss once with a batch, so that what cannot work fails before any work.

        Raises:
            InputError: if they cannot be called with it.

        Warns:
            UserWarning: a softmax before cross-entropy, which takes logits; a loss that is no mean over samples; as
                many positions as classes, whose axes cannot be told apart.
        """
        output = self.tried(batch)
        with torch.no_grad():
            adds_up = self.loss.adds_up(output, self.place(batch).target)
        if not adds_up:
            warnings.warn(
                "the loss of a batch is neither the mean nor the sum of its samples' losses, as with class weights or "
                "ignored targets that are averaged out over the batch: in a batch of one they have no effect, and "
                "influences are those of another objective. Pass torch.nn.CrossEntropyLoss(weight=...) itself, or a "
                "loss that divides by the number of samples.",
                UserWarning,
                stacklevel=4,
            )
        square = output.ndim == 3 and output.shape[1] == output.shape[2]
        if self.likelihood == "categorical" and square and batch.target.ndim == 2:
            warnings.warn(
                f"outputs of shape {tuple(output.shape)} may be (B, classes, positions), which is how torch and "
                "therefore this reads them, or (B, positions, classes). Pad to another number of positions, or move "
                "the classes to axis 1, if you mean the latter.",
                UserWarning,
                stacklevel=4,
            )
        if self.likelihood == "categorical" and looks_like_softmax(output):
            warnings.warn(
                "the model's outputs are probabilities, and cross-entropy applies a softmax of its own: the loss is "
                "flat, its Hessian indefinite, and influences mean little. Return logits instead: leave "
                "the softmax out.",
                UserWarning,
                stacklevel=4,
            )

    def tried(self, batch: Batch) -> Tensor:
        """The output for a batch, when the model and the loss can be called with it.

        Raises:
            InputError: if they cannot, with the shapes.
        """
        output = self.called(batch)
        with torch.no_grad():
            batch = self.place(batch)
            try:
                self.loss(output, batch.target)
            except DvlError:
                raise
            except Exception as error:  # as above, of the loss
                raise InputError(
                    f"the loss cannot be computed from outputs of shape {tuple(output.shape)} and targets of shape "
                    f"{tuple(batch.target.shape)} ({batch.target.dtype}): {_words(error)}. Pass targets as in training."
                ) from error
        return output

    def called(self, batch: Batch) -> Tensor:
        """The output for a batch, without gradients.

        Raises:
            InputError: if the model cannot be called with it, with the shapes.
        """
        with torch.no_grad():
            batch = self.place(batch)
            try:
                return self.output(None, batch)
            except DvlError:
                raise
            except Exception as error:  # whatever a model raises, it is the data that it was called with
                shapes = [tuple(t.shape) for t in (*batch.inputs, *batch.keywords.values())]
                raise InputError(
                    f"{type(self.model).__name__} cannot be called with inputs of shape {shapes}: {_words(error)}. "
                    "Pass data of the shape and type that it was trained on."
                ) from error

    @contextmanager
    def in_words(self, batches: Iterable[Batch]) -> Iterator[None]:
        """What torch raises within is said as `tried` says it, where it is these batches that cannot be taken."""
        try:
            yield
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except NotFiniteError:
            self._require_finite_losses(batches)
            raise
        except DvlError:
            raise
        except Exception:
            from .agreement import FEW, require_samples_apart  # it knows this module

            for batch in batches:
                self.tried(batch)
                require_samples_apart(self, self.place(batch[:FEW]))
            self._require_finite_losses(batches)
            raise

    def _require_finite_losses(self, batches: Iterable[Batch]) -> None:
        at = 0
        for batch in batches:
            with torch.no_grad():
                losses = self.losses(None, self.place(batch))
            bad = (~losses.isfinite()).nonzero().flatten().tolist()
            if bad:
                raise NotFiniteError(
                    f"the loss of sample {at + bad[0]} is {float(losses[bad[0]])}, one of {len(bad)} that are not "
                    f"finite in its batch of {len(batch)}. Look at its features and target, and at the parameters of "
                    "the model; leave it out if it cannot be mended."
                )
            at += len(batch)

    @cached_property
    def key(self) -> str:
        """A hash of what the model is and does, of which parameters are trainable, and of the loss."""
        hasher = hashlib.blake2b(digest_size=20)
        hasher.update(f"{self.model!r}|{self.behaviour}|{self.layout.names}|".encode())
        for name, tensor in _state(self.model):
            hasher.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
            hasher.update(bytes_of(tensor))
        hasher.update(_loss_key(self.loss.loss).encode())
        return hasher.hexdigest()


def _words(error: Exception) -> str:
    return str(error).strip().rstrip(".")


def _copy_of(model: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(model)
    except Exception as error:  # whatever a part of it says to being copied
        raise InputError(
            f"{type(model).__name__} cannot be copied: {_words(error)}. Take out what earlier calls left in its "
            "attributes, and use torch.nn.utils.parametrizations in place of torch.nn.utils.weight_norm."
        ) from error


def _state(model: nn.Module) -> Iterable[tuple[str, Tensor]]:
    # the state lacks buffers that are not saved with it
    return sorted({**dict(model.named_buffers()), **model.state_dict()}.items())


def _loss_key(loss: Any) -> str:
    state = _state(loss) if isinstance(loss, nn.Module) else ()
    tensors = "".join(f"{k}:{hashlib.blake2b(bytes_of(v)).hexdigest()}" for k, v in state)
    return f"{type(loss).__module__}.{type(loss).__qualname__}|{behaviour_of(loss)}|{tensors}"
