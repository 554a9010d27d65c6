"""Results on disk: a .npz archive of arrays with one JSON text in it, and no pickle.

The JSON holds what is said of all points and the format's version; a file of a newer version is refused.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..data.npz_file import File, read_arrays, refusing, write_arrays
from ..engine.records import Provenance, Verdict
from ..errors import InputError, InputTypeError
from .result_columns import About, Columns, Ends
from .result_item import Status

FORMAT, VERSION = "dvlwidgets result", 1


def write(file: File, columns: Columns, about: About) -> None:
    """Writes a result; a path's old content is replaced only when the new one is complete.

    Raises:
        InputTypeError: for an extra value that is neither an array nor JSON.
        FileNotFoundError: if the path's folder does not exist.
    """
    arrays = {f"column.{name}": column for name, column in columns.arrays().items()}
    plain = {}
    for name, value in about.whole.items():
        if isinstance(value, np.ndarray):
            arrays[f"whole.{name}"] = value
        else:
            plain[name] = _plain(name, value)
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise InputTypeError(
                f"{name.split('.', 1)[1]!r} holds Python objects, which a result file cannot keep."
            )
    verdict = about.verdict
    if verdict is not None:
        arrays["verdict.converged"] = verdict.converged
    head = {
        "format": FORMAT,
        "version": VERSION,
        "algorithm": about.algorithm,
        "status": about.status.value,
        "fingerprint": about.fingerprint,
        "threshold": about.threshold,
        "unit": about.unit,
        "notes": about.notes,
        "whole": plain,
        "runs": [dataclasses.asdict(run) for run in about.runs],
        "ends": about.ends and dataclasses.asdict(about.ends),
        "verdict": verdict
        and {"done": verdict.done, "completion": verdict.completion, "reason": verdict.reason},
    }
    arrays["json"] = np.frombuffer(json.dumps(head, default=_number).encode(), np.uint8)
    write_arrays(file, arrays)


def read(file: File) -> tuple[Columns, About]:
    """What `write` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        InputError: if it is no result file, is damaged, or was written by a later version.
    """
    if isinstance(file, str | os.PathLike):
        with Path(file).open("rb") as stream:
            return _read(stream, str(file))
    return _read(file, getattr(file, "name", "the file"))


def _read(stream: IO[bytes], file: str) -> tuple[Columns, About]:
    with refusing(f"{file} is not a result file, or is damaged. Pass what save_result wrote."):
        arrays = read_arrays(stream)
        head = json.loads(arrays.pop("json").tobytes())
    if head.get("format") != FORMAT or head.get("version") != VERSION:
        raise InputError(
            f"{file} is {head.get('format')!r}, version {head.get('version')}; this dvlwidgets reads {FORMAT!r}, "
            f"version {VERSION}. Open it with the dvlwidgets that wrote it, or value the data again."
        )
    return _columns(arrays), _about(head, arrays)


def _columns(arrays: dict[str, Any]) -> Columns:
    own = {name.removeprefix("column."): a for name, a in arrays.items() if name.startswith("column.")}
    return Columns.from_arrays(own)


def _about(head: dict[str, Any], arrays: dict[str, Any]) -> About:
    verdict = head["verdict"]
    kept = {name.removeprefix("whole."): a for name, a in arrays.items() if name.startswith("whole.")}
    return About(
        algorithm=head["algorithm"],
        status=Status(head["status"]),
        fingerprint=head["fingerprint"],
        runs=tuple(_provenance(run) for run in head["runs"]),
        verdict=verdict and Verdict(**verdict, converged=arrays["verdict.converged"]),
        threshold=head["threshold"],
        unit=head["unit"],
        notes=tuple(head["notes"]),
        whole={**head["whole"], **kept},
        ends=Ends(**head["ends"]) if head.get("ends") else None,
    )


def _provenance(run: dict[str, Any]) -> Provenance:
    steps = tuple((int(a), int(b), int(c)) for a, b, c in run["steps"])
    rest = {**run, "notes": tuple(run["notes"]), "references": tuple(run["references"]), "steps": steps}
    return Provenance(**rest)


def _plain(name: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, default=_number))
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"the extra value {name!r} is a {type(value).__name__}, which a result file cannot keep; expected an "
            "array, a number, a text, or lists and dictionaries of these."
        ) from error


def _number(x: object) -> object:
    if isinstance(x, np.generic):
        return x.item()
    raise TypeError(f"a {type(x).__name__} is no JSON")
