"""The reading side of the wire, in Python: for tests, for saved pages and as the format's definition.

`js/src/wire.ts` does the same in the page. What is not exactly as promised is refused with a sentence, never
read past its end and never half applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.errors import WireError
from dvlwidgets.widgets.snapshot import VALUE, Content
from dvlwidgets.widgets.wire import TYPES, VERSION

Buffers = Sequence[bytes | bytearray | memoryview]
Checks: TypeAlias = Mapping[str, Callable[[Content], object]]


def decode(content: Content, buffers: Buffers = (), checks: Checks | None = None) -> Content:
    """Resolves every array reference of a message and checks what its kind promises.

    Args:
        content: the header.
        buffers: the arrays.
        checks: one check a kind of message; by default those of the valuation panel.

    Raises:
        WireError: another version, an unknown kind, or arrays that are missing, too short or out of range.
    """
    if content.get("v") != VERSION:
        raise WireError(
            f"The message has version {content.get('v')!r}; this side reads version {VERSION}. Reload the page."
        )
    known = CHECKS if checks is None else checks
    check = known.get(str(content.get("t")))
    if check is None:
        raise WireError(f"The message is of kind {content.get('t')!r}; known are {', '.join(known)}.")
    message: Content = {key: _resolve(item, buffers) for key, item in content.items()}
    try:
        check(message)
    except KeyError as missing:
        raise WireError(f"A {content['t']} message lacks {missing}.") from None
    return message


def _resolve(item: Any, buffers: Buffers) -> Any:
    if isinstance(item, list):
        return [_resolve(part, buffers) for part in item]
    if not isinstance(item, dict):
        return item
    if item.keys() == {"b", "d", "n"}:
        return _array(item["b"], item["d"], item["n"], buffers)
    return {key: _resolve(part, buffers) for key, part in item.items()}


def _array(index: Any, code: Any, length: Any, buffers: Buffers) -> NDArray[Any]:
    if not isinstance(index, int) or not 0 <= index < len(buffers):
        raise WireError(f"Buffer {index!r} was named, but {len(buffers)} came.")
    if code not in TYPES:
        raise WireError(f"Array type {code!r} is unknown; known are {', '.join(TYPES)}.")
    if not isinstance(length, int) or length < 0:
        raise WireError(f"An array of length {length!r} was announced.")
    raw = bytes(buffers[index])
    if len(raw) != length * TYPES[code].itemsize:
        raise WireError(
            f"Buffer {index} has {len(raw)} bytes; {length} numbers of type {code} were announced."
        )
    return np.frombuffer(raw, dtype=TYPES[code])


def lengths(n: int, **arrays: Any) -> None:
    """Refuses what is no array of n numbers."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.size != n:
            raise WireError(f"{name} should hold {n} numbers.")


def _check_full(message: Content) -> None:
    n = message["n"]
    if not isinstance(n, int) or n < 0:
        raise WireError(f"A full message announces {n!r} points.")
    lengths(n, **{name: message[name] for name in ("value", "stderr", "count", "converged", "dropped")})
    lengths(n, **{f"feature {column['name']}": column["values"] for column in message["features"]})
    check_label(message["label"], n)
    if message["ids"] is not None and len(message["ids"]) != n:
        raise WireError(f"{len(message['ids'])} ids came for {n} points.")
    if not isinstance(message.get("value_name", VALUE), str):
        raise WireError("value_name should be text.")
    _ = message["status"]["state"], message["history"], message["edits"]["count"]


def check_label(label: Any, n: int) -> None:
    """Refuses labels that are not n, or are of no class."""
    if label is not None and label["kind"] == "class":
        lengths(n, codes=label["codes"], original=label["original"])
        highest = max(label["codes"].max(initial=0), label["original"].max(initial=0))
        if n and highest >= len(label["classes"]):
            raise WireError(f"A label has code {highest}, but there are {len(label['classes'])} classes.")
    elif label is not None:
        lengths(n, values=label["values"], original=label["original"])


def _check_delta(message: Content) -> None:
    k = message["rows"].size if isinstance(message["rows"], np.ndarray) else -1
    lengths(k, **{name: message[name] for name in ("rows", "value", "stderr", "converged")})
    if not isinstance(message["count"], dict):
        lengths(k, count=message["count"])
    _ = (
        message["seq"],
        message["base"],
        message["status"]["state"],
        message["history"],
        message["history_from"],
    )


def _check_edits(message: Content) -> None:
    k = len(message["rows"])
    for name in ("codes", "numbers", "dropped"):
        if message[name] is not None and len(message[name]) != k:
            raise WireError(f"{name} should hold {k} entries, one a row.")
    _ = message["edits"]["count"], message["classes"], message["request"]


def _check_previews(message: Content) -> None:
    k = len(message["rows"])
    if message["kind"] == "text" and len(message["texts"]) != k:
        raise WireError(f"{len(message['texts'])} texts came for {k} rows.")
    if message["kind"] == "image" and (message["pixels"].size % k if k else message["pixels"].size):
        raise WireError(f"{message['pixels'].size} pixels cannot be divided among {k} rows.")


CHECKS: dict[str, Callable[[Content], object]] = {
    "full": _check_full,
    "delta": _check_delta,
    "status": lambda message: message["status"]["state"],
    "edits": _check_edits,
    "previews": _check_previews,
    "part": lambda message: (message["part"], message["kind"], message["request"]),
    "error": lambda message: message["message"],
}
"""One check a kind of message; a missing key is a KeyError, reported by `decode`."""
