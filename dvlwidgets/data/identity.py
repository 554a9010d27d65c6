"""What something *is*, as a hash that is the same in every process and on every day.

Caches, journals and checkpoints are keyed by it. Never `id`, never `hash()`, never the order of a set: an object is
hashed by its type and content, an estimator by its class and parameters (not by what it learned), a function by
its bytecode, constants, names, closure, defaults and the globals that it uses. What cannot be hashed that way is
refused with the path to it, and the caller asks for `key=`.
"""

from __future__ import annotations

import copyreg
import hashlib
import math
import struct
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import UnhashableError
from . import arrays, code, tables


def digest(obj: object) -> str:
    """Hash of an object's type and content: 40 hex characters, the same in every process.

    Raises:
        UnhashableError: if a part of it (an open file, a lock, a generator, ...) has no identity of that kind.
    """
    hasher = Hasher()
    hasher.put(obj)
    return hasher.hexdigest()


class Hasher:
    """A running hash that objects are put into, each with its type and length, so that no two streams look alike."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=20)
        self._open: list[int] = []  # containers being hashed right now: guards against cycles
        self._seen: dict[
            int, tuple[int, object]
        ] = {}  # classes and functions hashed before, by order of visit
        self._path: list[str] = []
        self._learned = False  # within something that stays fitted when it is cloned

    def hexdigest(self) -> str:
        """Hash of everything so far."""
        return self._hash.hexdigest()

    def raw(self, data: bytes | memoryview) -> None:
        """Puts bytes whose length has been put before."""
        self._hash.update(data)

    def tag(self, name: str, data: bytes = b"") -> None:
        """Puts a named piece of bytes."""
        self._hash.update(f"{name}:{len(data)};".encode())
        self._hash.update(data)

    def put(self, obj: Any, label: str = "") -> None:
        """Puts any object; `label` names it in the message if it cannot be hashed."""
        scalar = _SCALARS.get(type(obj))
        if scalar is not None:
            self.tag(type(obj).__name__, scalar(obj))
            return
        if id(obj) in self._open:
            self.tag("cycle", str(len(self._open) - self._open.index(id(obj))).encode())
            return
        self._open.append(id(obj))
        self._path.append(label or type(obj).__name__)
        try:
            self._put_content(obj)
        finally:
            self._open.pop()
            self._path.pop()

    def put_all(self, name: str, items: Iterable[Any], label: str = "") -> None:
        """Puts a sequence."""
        listed = list(items)
        self.tag(name, str(len(listed)).encode())
        for item in listed:
            self.put(item, label)

    def put_unordered(self, name: str, pairs: Iterable[tuple[Any, tuple[Any, ...]]]) -> None:
        """Puts keys with their values in an order that depends on the keys' content alone."""
        listed = sorted(((self._aside(key), key, values) for key, values in pairs), key=lambda item: item[0])
        self.tag(name, str(len(listed)).encode())
        for key_hash, key, values in listed:
            self.tag("key", key_hash)
            for value in values:
                self.put(value, f"[{key!r:.40}]" if isinstance(key, (str, int)) else "value")

    def _aside(self, obj: Any) -> bytes:
        """Hash of an object alone, from the same point of the walk."""
        other = Hasher()
        other._open, other._path, other._seen = [*self._open], [*self._path], dict(self._seen)
        other._learned = self._learned
        other.put(obj)
        return other._hash.digest()

    def first_visit(self, obj: object, kind: str) -> bool:
        """Whether a class or function is met for the first time; later ones are put as a reference."""
        if id(obj) in self._seen:
            self.tag("seen", f"{kind}{self._seen[id(obj)][0]}".encode())
            return False
        self._seen[id(obj)] = (len(self._seen), obj)
        return True

    def refuse(self, obj: object, why: str = "") -> UnhashableError:
        """The error for something without identity, with the path to it."""
        path = " > ".join(self._path)
        return UnhashableError(
            f"a {type(obj).__name__} has no identity that lasts beyond this process ({path}{why}); expected values, "
            f"arrays, estimators, functions or plain objects. Pass key='...' to name it yourself, and change the key "
            f"whenever its meaning changes."
        )

    # --- content by kind ------------------------------------------------------------------------------------

    def _put_content(self, obj: Any) -> None:
        if hasattr(type(obj), "__dvl_identity__"):
            self.put_all("own", obj.__dvl_identity__())
        elif isinstance(obj, np.ndarray):
            tables.put_array(self, obj)
        elif isinstance(obj, (np.generic, np.dtype)):
            self.put_all(
                "numpy", (type(obj).__name__, str(obj.dtype) if isinstance(obj, np.generic) else obj.str)
            )
            if isinstance(obj, np.generic):
                tables.put_array(self, np.asarray(obj))
            else:
                self.put(obj.descr)
        elif isinstance(obj, type):
            code.put_class(self, obj)
        elif code.is_function(obj):
            code.put_callable(self, obj)
        elif isinstance(obj, types.CodeType):
            code.put_code(self, obj)
        elif isinstance(obj, types.ModuleType):
            self.tag("module", obj.__name__.encode())
            if not code.is_installed(obj.__name__):
                self.tag("source", code.source_of(obj))
        elif isinstance(obj, types.CellType):
            self.put_all("cell", code.cell_contents(obj))
        elif not self._put_container(obj) and not self._put_library_object(obj):
            self._put_object(obj)

    def _put_container(self, obj: Any) -> bool:
        kind = type(obj).__name__
        if isinstance(obj, (list, tuple)) and type(obj) in (list, tuple):
            self.put_all(kind, obj)
        elif isinstance(obj, (Mapping, types.MappingProxyType)) and type(obj) in (
            dict,
            types.MappingProxyType,
        ):
            self.put_unordered(kind, ((key, (value,)) for key, value in obj.items()))
        elif type(obj) in (set, frozenset):
            self.put_unordered(kind, ((item, ()) for item in obj))
        else:
            return False
        return True

    def _put_library_object(self, obj: Any) -> bool:
        """Objects of numpy, scipy, pandas, torch and scikit-learn, none of which is imported for it."""
        if arrays.is_frame(obj) or arrays.is_series(obj) or arrays.is_sparse(obj) or arrays.is_tensor(obj):
            tables.put_table(self, obj)
        elif arrays.is_index(obj):
            tables.put_index(self, obj)
        elif isinstance(obj, np.random.Generator):
            self.put_all("generator", (obj.bit_generator.state,))
        elif isinstance(obj, np.random.RandomState):
            self.put_all("random state", (obj.get_state(legacy=False),))
        elif callable(getattr(obj, "get_params", None)):
            self._put_estimator(obj)
        else:
            return False
        return True

    def _put_estimator(self, obj: Any) -> None:
        if self._learned or _stays_fitted(obj):
            before, self._learned = self._learned, True
            self._put_object(obj)
            self._learned = before
            return
        try:
            params = obj.get_params(deep=False)
        except TypeError:  # a get_params of another kind: its attributes are all we have
            self._put_object(obj)
            return
        self.tag("estimator")
        self.put(type(obj))
        self.put(params, type(obj).__name__)

    def _put_object(self, obj: Any) -> None:
        """Any other object by the recipe that pickle and copy would use: a callable, its arguments and a state."""
        try:
            known = copyreg.dispatch_table.get(type(obj))
            recipe = obj.__reduce_ex__(2) if known is None else known(obj)
        except Exception as e:
            raise self.refuse(obj, f": {e}") from e
        if isinstance(recipe, str):  # a global, known by its name
            self.put_all("global", (type(obj).__module__, recipe))
            return
        make, arguments, state, items, pairs = (*recipe, None, None, None)[:5]
        self.put_all("object", (make, arguments, state))
        self.put_all("items", items or ())
        self.put_unordered("pairs", ((key, (value,)) for key, value in pairs or ()))


def _stays_fitted(estimator: Any) -> bool:
    """Whether `sklearn.clone` keeps what an estimator learned (FrozenEstimator): then that is part of what it is."""
    usual = getattr(
        getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None), "__sklearn_clone__", None
    )
    return getattr(type(estimator), "__sklearn_clone__", usual) is not usual


def _float(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


_SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"",
    type(...): lambda _: b"",
    type(NotImplemented): lambda _: b"",
    bool: lambda v: b"1" if v else b"0",
    int: lambda v: (
        str(v).encode()
        if abs(v) < 1 << 2000
        else v.to_bytes((v.bit_length() + 8) // 8, "little", signed=True)
    ),
    float: _float,
    complex: lambda v: _float(v.real) + b"," + _float(v.imag),
    str: lambda v: v.encode("utf-8", "surrogatepass"),
    bytes: bytes,
    bytearray: bytes,
}
