"""A summary of influences as one .npz file, without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.npz_file import check_file, read_arrays, refusing, write_arrays
from ..engine.records import Provenance
from ..errors import InputError
from ..valuation.result import Status
from .points import Points
from .reducers.base import Arrays

if TYPE_CHECKING:
    from .summary import InfluenceSummary

FORMAT = 1
"""Version of the file."""


def write(summary: InfluenceSummary, path: str | PathLike[str]) -> None:
    """Everything that a summary holds; an old file is replaced only when the new one is complete.

    Raises:
        InputTypeError: for what is no path.
        FileNotFoundError: if its folder does not exist.
    """
    check_file(path, "write", "summary")
    points = summary.points
    meta = {
        "format": FORMAT,
        "n": [summary.n_train, summary.n_test],
        "fingerprint": points.fingerprint,
        "status": summary.status.value,
        "main": summary.main,
        "provenance": asdict(summary.provenance),
    }
    arrays: Arrays = {f"column/{k}": v for k, v in summary.columns.items()}
    arrays |= {f"table/{t}/{k}": v for t, table in summary.tables.items() for k, v in table.items()}
    ids = points.ids if points.ids.dtype != object else points.ids.astype(str)
    arrays |= {"done": summary.done, "ids": ids, "names": np.asarray(points.names).astype(str)}
    write_arrays(path, {"meta": np.array(json.dumps(meta)), **arrays})


def read(path: str | PathLike[str]) -> dict[str, Any]:
    """What `write` wrote, as the arguments of an `InfluenceSummary`.

    Raises:
        InputError: for another file.
        InputTypeError: for what is no path.
        FileNotFoundError: if there is no such file.
    """
    check_file(path, "read", "summary")
    with refusing(
        f"{path} is no saved InfluenceSummary, or is damaged. Pass what InfluenceSummary.save wrote."
    ):
        arrays = read_arrays(path)
        meta = json.loads(str(arrays.pop("meta")))
    if meta.get("format") != FORMAT:
        raise InputError(f"{path} has another format than {FORMAT}, which this version of dvlwidgets reads.")
    columns: Arrays = {}
    tables: dict[str, Arrays] = {}
    for name, values in arrays.items():
        kind, *rest = name.split("/")
        if kind == "column":
            columns["/".join(rest)] = values
        elif kind == "table":
            tables.setdefault(rest[0], {})[rest[1]] = values
    return {
        "columns": columns,
        "tables": tables,
        "n_train": meta["n"][0],
        "n_test": meta["n"][1],
        "done": arrays["done"],
        "points": Points(arrays["ids"], arrays["names"], meta["fingerprint"]),
        "status": Status(meta["status"]),
        "provenance": _provenance(meta["provenance"]),
        "main": meta["main"],
    }


def _provenance(stored: Mapping[str, Any]) -> Provenance:
    lists = {name: tuple(stored[name]) for name in ("notes", "references")}
    return Provenance(**{**stored, **lists, "steps": tuple(tuple(s) for s in stored["steps"])})
