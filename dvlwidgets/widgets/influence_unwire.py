"""The reading side of an influence panel's messages, in Python: for tests and as the format's definition."""

from __future__ import annotations

from typing import Any

import numpy as np

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import unwire
from dvlwidgets.widgets.influence_records import COLUMNS, TEST_COLUMNS
from dvlwidgets.widgets.snapshot import Content
from dvlwidgets.widgets.unwire import Buffers, lengths


def decode(content: Content, buffers: Buffers = ()) -> Content:
    """Resolves every array reference of a message and checks what its kind promises.

    Raises:
        WireError: another version, an unknown kind, or arrays that are missing, too short or out of range.
    """
    return unwire.decode(content, buffers, CHECKS)


def _check_full(message: Content) -> None:
    unwire.CHECKS["full"](message)
    part = message["influence"]
    _check_head(part, message["n"])
    _named(part["columns"], COLUMNS, message["n"])
    test = part["test"]
    if not isinstance(test["n"], int) or test["n"] < 0:
        raise WireError(f"A full message announces {test['n']!r} test points.")
    unwire.check_label(test["label"], test["n"])
    if test["ids"] is not None and len(test["ids"]) != test["n"]:
        raise WireError(f"{len(test['ids'])} ids came for {test['n']} test points.")
    lengths(test["n"], **{f"feature {column['name']}": column["values"] for column in test["features"]})
    _named(test["columns"], TEST_COLUMNS, test["n"])
    lengths(test["n"], dropped=test["dropped"])
    _check_waiting(part["tests_waiting"], test["n"])
    _ = test["edits"]["count"]
    _ = part["quantile"], test["preview"]["kind"], test["features_left_out"]


def _check_delta(message: Content) -> None:
    unwire.CHECKS["delta"](message)
    part = message["influence"]
    _check_head(part, None)
    _named(part["columns"], COLUMNS, message["rows"].size)
    if part["test"] is not None:
        size = np.size(part["test"].get("loss"))
        _named(part["test"], TEST_COLUMNS, size)


def _check_head(part: Content, n: int | None) -> None:
    if not isinstance(part["known"], bool) or not isinstance(part["revision"], int):
        raise WireError("'known' should be true or false, and 'revision' a whole number.")
    _check_waiting(part["waiting"], n)
    _check_waiting(part["tests_waiting"], None)


def _check_waiting(rows: Any, n: int | None) -> None:
    for row in rows:
        if not isinstance(row, int) or row < 0 or (n is not None and row >= n):
            raise WireError(f"{row!r} waits to be computed, which is no position.")


def _check_of_test(message: Content) -> None:
    for kind in ("helpful", "harmful"):
        rows = message[kind]
        lengths(
            rows.size if isinstance(rows, np.ndarray) else -1, **{f"{kind}_scores": message[f"{kind}_scores"]}
        )
    _ = message["test"], message["revision"], message["helps"], message["hurts"], message["request"]


def _check_of_train(message: Content) -> None:
    lengths(np.size(message["scores"]), scores=message["scores"])
    _ = message["train"], message["revision"], message["request"]


def _named(columns: Any, names: tuple[str, ...], n: int) -> None:
    lengths(n, **{name: columns[name] for name in names})


CHECKS = unwire.CHECKS | {
    "full": _check_full,
    "delta": _check_delta,
    "of_test": _check_of_test,
    "of_train": _check_of_train,
}
