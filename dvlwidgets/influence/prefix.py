"""Frozen prefixes: what a model does before its first trainable layer is done once, and its features are kept.

`condensed(problem, batches)` gives the same data as batches of features, which `Problem.output` takes in place of the
inputs; losses, gradients and curvature are those of the whole model. Where a prefix ends is found by its modules (the
leading frozen modules of an `nn.Sequential`, and what comes before the one submodule that holds all trainable
parameters) and believed after a check on the first batch.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import torch
from torch import Tensor, nn

from .agreement import close
from .batches import Batch, Batches, bytes_of
from .free_memory import free_bytes
from .problem import Problem
from .seam import FEATURES, Seam, note_seam, seam_is_known, seam_of
from .shelves import Form, MemoryShelf, Shelf, name_of
from .store_files import FileShelf

SHARE = 4
"""Features are kept in memory where they take less than a quarter of what is free."""

_OPEN: WeakValueDictionary[tuple[str, str], FeatureCache] = WeakValueDictionary()
_HELD: WeakKeyDictionary[nn.Module, deque[FeatureCache]] = WeakKeyDictionary()
_LOCK = threading.RLock()


def condensed(
    problem: Problem,
    batches: Batches,
    *,
    path: str | os.PathLike[str] | None = None,
    owner: nn.Module | None = None,
) -> Batches:
    """The data as features at the model's seam, each computed when it is first read; as they are where there is none.

    Args:
        problem: model and loss.
        batches: the data.
        path: a folder where features are kept; None for memory, where there is room.
        owner: a module, such as the user's, with whose life the features of the last two data sets are kept: a head
            that is trained again finds them.
    """
    if len(problem.layout.names) == len(list(problem.model.parameters())):
        return batches  # nothing is frozen
    if not seam_is_known(problem.model):
        note_seam(problem.model, find_seam(problem, batches.first()))
    seam = seam_of(problem.model)
    if seam is None or batches.ragged or batches.known_targets is None:
        return batches
    with _LOCK:
        key = hashlib.blake2b(
            f"{_prefix_key(problem, seam)}|{batches.input_fingerprint}".encode()
        ).hexdigest()
        found = _OPEN.get((key, str(path)))
        if found is None:
            features = features_of(problem, seam, batches.first()[:1])
            room = free_bytes(torch.device("cpu")) // SHARE
            if path is None and features.nbytes * len(batches) > room:
                return batches
            found = _OPEN[key, str(path)] = FeatureCache(problem, seam, batches, features, key, path)
        if owner is not None:
            held = _HELD.setdefault(owner, deque(maxlen=2))
            if found not in held:
                held.append(found)
    return Batches(_Featured(found, batches))


class FeatureCache:
    """The prefix's output for each sample of a data set.

    Args:
        problem: model and loss.
        seam: where the model is cut.
        batches: the data.
        sample: features of one sample.
        key: of the prefix and the inputs.
        path: a folder, or None for memory.
    """

    def __init__(
        self,
        problem: Problem,
        seam: Seam,
        batches: Batches,
        sample: Tensor,
        key: str,
        path: str | os.PathLike[str] | None,
    ) -> None:
        self._made_from: tuple[Problem, Seam, Batches] | None = (problem, seam, batches)
        self._lock, self.n = threading.RLock(), len(batches)
        self._shelf: Shelf = (
            MemoryShelf(self.n, torch.device("cpu"))
            if path is None
            else FileShelf(Path(path) / f"features-{key[:20]}", key, self.n)
        )
        if self._shelf.form is None:
            kept = name_of(sample.dtype)
            self._shelf.open(Form([], {"features": list(sample.shape[1:])}, {"features": kept}, kept))

    def rows(self, lo: int, hi: int) -> Tensor:
        """Features of samples lo to hi - 1; computes what is missing."""
        if not self._shelf.done(lo, hi).all():
            with self._lock:
                self._fill(lo, hi)
        return self._shelf.read(lo, hi)["features"]

    def _fill(self, lo: int, hi: int) -> None:
        assert self._made_from is not None  # given up only when all is done
        problem, seam, batches = self._made_from
        for at, batch in batches.reading(lo, hi):
            end = at + len(batch)
            if not self._shelf.done(at, end).all():
                batches.check(at, batch)
                features = features_of(problem, seam, batch)
                self._shelf.write(slice(at, end), {"features": features}, torch.zeros(len(batch)))
        self._shelf.flush()
        if self._shelf.done(0, self.n).all():
            self._made_from = None  # neither the model nor the data need stay in memory for it


class _Featured:
    """Reads features and targets, in the pieces that the data come in."""

    def __init__(self, cache: FeatureCache, batches: Batches) -> None:
        self._cache, self._sizes, targets = cache, batches.sizes, batches.known_targets
        assert targets is not None  # condensed asks
        self._targets, self.batch_size = targets, batches.batch_size

    def since(self, first: int) -> Iterator[tuple[int, Batch]]:
        at = 0
        for size in self._sizes:
            if at + size > first:
                yield (
                    at,
                    Batch((), self._targets[at : at + size], {FEATURES: self._cache.rows(at, at + size)}),
                )
            at += size


# --- where a model can be cut -------------------------------------------------------------------------------------


def find_seam(problem: Problem, batch: Batch) -> Seam | None:
    """The latest place where a model can be cut so that everything before it is frozen, or None.

    Every candidate is checked on a few samples: the features depend on no trainable parameter, and the suffix makes
    the model's outputs of them, of all samples and of some.
    """
    few = problem.place(batch[:8])
    with torch.no_grad():
        whole = problem.output(None, few)
    for modules in _suffixes(problem.model):
        if modules[0] is problem.model:
            return None
        seam = Seam.before(problem.model, modules)
        if set(seam.names.values()) == set(problem.layout.names) and _agrees(problem, seam, few, whole):
            return seam
    return None


def features_of(problem: Problem, seam: Seam, batch: Batch) -> Tensor:
    """The prefix's output for a batch, detached; the suffix is not computed."""
    with torch.no_grad():
        features: Tensor = _entering(problem, seam.suffix[0], problem.place(batch), stop=True)[0]
    return features.detach()


def _suffixes(module: nn.Module) -> Iterator[list[nn.Module]]:
    """Tails of a module that hold all of its trainable parameters, the shortest first, the module itself last."""
    children = list(module.children())
    if type(module).forward is nn.Sequential.forward:
        first = next((i for i, child in enumerate(children) if _trainable(child)), len(children))
        tail = children[first:]
    else:
        own = {id(p) for p in _trainable(module)}
        tail = [child for child in children if {id(p) for p in _trainable(child)} == own][:1]
    if tail and (len(tail) < len(children) or tail[0] is not module):
        for inner in _suffixes(tail[0]):
            yield inner + tail[1:]
    yield [module]


def _agrees(problem: Problem, seam: Seam, few: Batch, whole: Tensor) -> bool:
    own = {id(p) for p in seam.suffix.parameters()}
    if all(id(p) in own for p in problem.model.parameters()):
        return False  # nothing that costs anything comes before
    note_seam(problem.model, seam)
    try:
        with torch.enable_grad():
            entering = _entering(problem, seam.suffix[0], few, stop=False)
        if len(entering) != 1 or not isinstance(entering[0], Tensor) or entering[0].requires_grad:
            return False  # called several times, with other arguments, or with what training changes
        features = entering[0]
        if features.ndim == 0 or len(features) != len(few):
            return False
        with torch.no_grad():
            some = slice(len(few) // 2, None)
            problem.output(None, few[some])  # what a tail takes from elsewhere is now another's
            made = [
                problem.output(None, Batch((), few.target[part], {FEATURES: features[part]}))
                for part in (slice(None), some)
            ]
    except Exception:  # a tail that cannot be called on its own is none
        return False
    wanted = (whole, whole[some])
    return all(m.shape == w.shape and close(m, w) for m, w in zip(made, wanted, strict=True))


class _StopError(Exception):
    """The features are known: nothing else need be computed."""


def _entering(problem: Problem, module: nn.Module, batch: Batch, *, stop: bool) -> list[Any]:
    """What a module is called with while the model is; None where that is not one tensor."""
    seen: list[Any] = []

    def note(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        seen.append(inputs[0] if len(inputs) == 1 and not named else None)
        if stop:
            raise _StopError

    handle = module.register_forward_pre_hook(note, with_kwargs=True)
    try:
        with contextlib.suppress(_StopError):
            problem.output(None, batch)
    finally:
        handle.remove()
    return seen


def _trainable(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _prefix_key(problem: Problem, seam: Seam) -> str:
    """A hash of everything that is not in the suffix, and of where the suffix begins."""
    model = problem.model
    own = {id(t) for t in (*seam.suffix.parameters(), *seam.suffix.buffers())}
    hasher = hashlib.blake2b(digest_size=20)
    place = next(name for name, module in model.named_modules() if module is seam.suffix[0])
    hasher.update(f"{model!r}|{problem.behaviour}|{place}|".encode())
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if id(tensor) not in own:
            hasher.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
            hasher.update(bytes_of(tensor))
    return hasher.hexdigest()
