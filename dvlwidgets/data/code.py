"""Identity of code: functions, classes, and where a program ends and the libraries begin.

What is installed (standard library, site-packages, dvlwidgets itself) is known by its name: a run records versions
but does not compare them. What the user wrote, in a notebook or a module of their own, is known by its content.
"""

from __future__ import annotations

import builtins
import dis
import functools
import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .identity import Hasher

_ROOTS = tuple({sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")})
_NAMED = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.GetSetDescriptorType,
)
_NAMED_TYPES = {"ufunc", "_ArrayFunctionDispatcher", "cython_function_or_method", "fused_cython_function"}
_NO_CONTENT = frozenset((
    "__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__annotations__", "__annotate__",
    "__annotate_func__", "__annotations_cache__", "__abstractmethods__", "__firstlineno__", "__static_attributes__",
    "__dataclass_fields__", "__dataclass_params__", "__match_args__", "__parameters__", "__orig_bases__",
    "__classcell__", "_abc_impl",
))  # fmt: skip
"""Entries of a class body that Python puts there itself, and that mean nothing or depend on the version."""


def is_function(obj: object) -> bool:
    """Whether something is callable code rather than an object with a state."""
    kinds = (
        types.FunctionType,
        types.MethodType,
        functools.partial,
        property,
        staticmethod,
        classmethod,
        *_NAMED,
    )
    return isinstance(obj, (*kinds, types.MemberDescriptorType)) or type(obj).__name__ in _NAMED_TYPES


@functools.cache
def is_installed(module_name: str) -> bool:
    """Whether a module belongs to Python, to an installed package or to dvlwidgets."""
    top = module_name.partition(".")[0]
    if top in ("__main__", "__mp_main__"):
        return False
    if top == "dvlwidgets" or top in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(module_name) or sys.modules.get(top), "__file__", None)
    if file is None:
        return module_name in sys.modules  # built in, or a namespace package
    return (
        str(file).startswith(tuple(root + os.sep for root in _ROOTS))
        or "site-packages" in str(file)
        or "dist-packages" in str(file)
    )


def source_of(module: types.ModuleType) -> bytes:
    """The source file of a module of the user's own, so that editing it changes what uses it; empty if it has none."""
    file = getattr(module, "__file__", None)
    try:
        return b"" if file is None else Path(file).read_bytes()
    except OSError:
        return b""


def _by_name(obj: Any) -> tuple[str, str] | None:
    """Module and qualified name of something that is installed and found there; else None."""
    module, name = getattr(obj, "__module__", None), getattr(obj, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or not is_installed(module):
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is obj else None


def put_class(hasher: Hasher, cls: type) -> None:
    """A class by its name if it is installed, else by its bases and the content of its body."""
    named = _by_name(cls)
    if named is not None:
        hasher.put_all("installed class", named)
        return
    if not hasher.first_visit(cls, "class"):
        return
    if is_installed(cls.__module__) and "<locals>" not in cls.__qualname__:
        hasher.put_all("unreachable class", (cls.__module__, cls.__qualname__))
        return
    hasher.put_all("class", (cls.__qualname__, *cls.__bases__))
    body = {name: value for name, value in vars(cls).items() if name not in _NO_CONTENT}
    hasher.put_all("body", [part for name in sorted(body) for part in (name, body[name])], cls.__qualname__)


def put_callable(hasher: Hasher, obj: Any) -> None:
    """A function, method, partial, property or built-in."""
    if isinstance(obj, functools.partial):
        hasher.put_all("partial", (obj.func, obj.args, obj.keywords))
    elif isinstance(obj, types.MethodType):
        hasher.put_all("method", (obj.__func__, obj.__self__))
    elif isinstance(obj, (staticmethod, classmethod)):
        hasher.put_all(type(obj).__name__, (obj.__func__,))
    elif isinstance(obj, property):
        hasher.put_all("property", (obj.fget, obj.fset, obj.fdel))
    elif isinstance(obj, (types.MemberDescriptorType, types.GetSetDescriptorType)):
        hasher.put_all("slot", (obj.__qualname__,))
    elif isinstance(obj, types.FunctionType):
        _put_function(hasher, obj)
    else:
        _put_builtin(hasher, obj)


def _put_builtin(hasher: Hasher, obj: Any) -> None:
    owner = getattr(obj, "__self__", None)
    module = getattr(obj, "__module__", None) or ("numpy" if isinstance(obj, np.ufunc) else "")
    hasher.put_all("builtin", (module, getattr(obj, "__qualname__", None) or obj.__name__))
    if owner is not None and not isinstance(owner, types.ModuleType):
        hasher.put(owner, "__self__")


def _put_function(hasher: Hasher, function: types.FunctionType) -> None:
    named = _by_name(function)
    if named is not None:
        hasher.put_all("installed function", named)
        return
    if not hasher.first_visit(function, "function"):
        return
    label = function.__qualname__
    put_code(hasher, function.__code__)
    hasher.put_all("defaults", (function.__defaults__, function.__kwdefaults__), label)
    hasher.put_all("closure", [part for c in function.__closure__ or () for part in cell_contents(c)], label)
    hasher.put({k: v for k, v in vars(function).items() if k != "__wrapped__"}, label)
    if not is_installed(function.__module__ or "__main__"):
        used = sorted(set(_globals_used(function.__code__)))
        for name in used:
            if name in function.__globals__:
                hasher.put_all("global", (name, function.__globals__[name]), f"{label} uses {name}")
            elif not hasattr(builtins, name):
                hasher.tag("undefined", name.encode())


def _globals_used(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals_used(constant)


def put_code(hasher: Hasher, code: types.CodeType) -> None:
    """Bytecode, constants and names; neither the file, nor line numbers, nor the names of local variables."""
    n_named = code.co_argcount + code.co_kwonlyargcount
    hasher.put_all(
        "code", (code.co_name, code.co_code, code.co_names, code.co_varnames[:n_named], code.co_freevars)
    )
    hasher.put_all("call", (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags))
    hasher.put_all("constants", code.co_consts, code.co_name)
    hasher.tag("exceptions", getattr(code, "co_exceptiontable", b""))


def cell_contents(cell: types.CellType) -> list[Any]:
    """What a closure's cell holds: one object, or nothing yet."""
    try:
        return [cell.cell_contents]
    except ValueError:
        return []
