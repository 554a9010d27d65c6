"""What modules and losses compute besides their tensors, as a hash: plain attributes, hooks, the user's own code.

Two networks of one class with the same weights may still differ in a temperature, an activation function or a mask.
Gradients and features are shared between what has the same hash, so these count too.
"""

from __future__ import annotations

import types
from typing import Any

from torch import nn

from ..data.code import is_installed, put_code
from ..data.identity import Hasher
from ..errors import UnhashableError
from .batch import bytes_of

_TORCHS_OWN = frozenset(vars(nn.Module()))
"""Attributes that every module has: tensors and children are hashed on their own, the rest is no behaviour."""

_HOOKS = ("_forward_pre_hooks", "_forward_hooks")


def behaviour_of(computes: Any) -> str:
    """Hash of a module (without its parameters and buffers), or of a function: 40 hex characters.

    A part without an identity that lasts, such as a lock, counts by its type alone.
    """
    hasher = _Behaviour({id(m) for m in computes.modules()} if isinstance(computes, nn.Module) else set())
    hasher.put(computes)
    return hasher.hexdigest()


class _Behaviour(Hasher):
    """Goes through modules itself, and over what has no identity.

    Args:
        known: ids of modules whose tensors are hashed elsewhere.
    """

    def __init__(self, known: set[int]) -> None:
        super().__init__()
        self._known = known

    def put(self, obj: Any, label: str = "") -> None:
        try:
            super().put(obj, label)
        except (UnhashableError, TypeError, RuntimeError):
            # the last two come from numpy and torch, of odd tensors
            self.tag("nameless", f"{type(obj).__module__}.{type(obj).__qualname__}".encode())

    def _put_content(self, obj: Any) -> None:
        if not isinstance(obj, nn.Module):
            super()._put_content(obj)
            return
        self._put_kind(type(obj))
        self.put({name: value for name, value in vars(obj).items() if name not in _TORCHS_OWN})
        for kind in _HOOKS:
            self.put_all(kind, vars(obj)[kind].values())
        if id(obj) not in self._known:
            for tensor in (*obj.parameters(recurse=False), *obj.buffers(recurse=False)):
                self.tag("tensor", f"{tensor.dtype}{tuple(tensor.shape)}".encode())
                self.tag("numbers", bytes(bytes_of(tensor)))
        for name, child in obj.named_children():
            self.tag("child", name.encode())
            self.put(child)

    def _put_kind(self, kind: type[nn.Module]) -> None:
        """A class by its name and the code of its methods; counters in classes and globals are no behaviour."""
        self.put_all("kind", (kind.__module__, kind.__qualname__))
        own = [cls for cls in kind.__mro__ if not is_installed(cls.__module__)]
        for name, value in [item for cls in own for item in sorted(vars(cls).items(), key=_name)]:
            if not isinstance(value, types.FunctionType):
                continue
            self.tag("method", name.encode())
            put_code(self, value.__code__)
            self.put_all("defaults", (value.__defaults__, value.__kwdefaults__), name)


def _name(item: tuple[str, Any]) -> str:
    return item[0]
