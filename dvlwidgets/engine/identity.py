"""What a run is, in three keys, and how it differs from a recorded one.

Utility key: data, model, scorer, model seed. Journal key: utility key, draws, format; journals with one journal key
may be merged. Run key: journal key, method, seed; what may be resumed. Versions are recorded, not compared.
Beside the keys stands the method in words, with the hash of its size law, so that results of two methods that share a
name are told apart.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

from ..errors import IdentityError
from .journal_records import FORMAT


def make_header(
    utility: Mapping[str, str],
    draws: Mapping[str, Any],
    method: str,
    seed: int,
    configuration: Mapping[str, str],
) -> dict[str, Any]:
    """The header of a journal: keys, the parts they are made of, seed, versions, configuration in words.

    Args:
        utility: hashes by part; empty when the utility cannot be identified.
        draws: what decides the subsets besides the seed.
        method: name and parameters of the method.
        seed: the integer seed.
        configuration: the same in words, for people.
    """
    parts = {**utility, "sampler": _hash(draws), "method": method, "seed": str(seed)}
    keys = {"utility": "", "journal": "", "run": "", "method": method}
    if utility:
        keys["utility"] = _hash(utility)
        keys["journal"] = _hash([keys["utility"], draws, FORMAT])
        keys["run"] = _hash([keys["journal"], method, seed])
    return {
        "keys": keys,
        "parts": parts,
        "seed": seed,
        "versions": versions(),
        "configuration": dict(configuration),
    }


def require_same_run(recorded: Mapping[str, Any], now: Mapping[str, Any], where: str) -> None:
    """Refuse to resume onto something else.

    Raises:
        IdentityError: naming the parts that differ.
    """
    if recorded.get("keys", {}).get("run") and recorded["keys"]["run"] == now["keys"]["run"]:
        return
    raise IdentityError(
        f"the checkpoint {where} belongs to another run; these differ: {_different(recorded, now)}. "
        "Resuming would mix two things: use what it was begun with, or another checkpoint folder. "
        "(Edited labels change the training data.)"
    )


def require_same_journal(recorded: Mapping[str, Any], now: Mapping[str, Any], where: str) -> None:
    """Refuse to merge journals of different utilities or draws; method and seed may differ.

    Raises:
        IdentityError: naming the parts that differ, or that there is nothing to know them by.
    """
    keys = [header.get("keys", {}).get("journal", "") for header in (recorded, now)]
    if not all(keys):
        raise IdentityError(
            f"the journal {where} cannot be merged: its utility has no identity, so that nobody can say whether it is "
            "the same. Name it with key=, for example Utility.from_function(f, key='my score, version 1')."
        )
    if keys[0] != keys[1]:
        different = _different(recorded, now, but=("method", "seed"))
        raise IdentityError(
            f"the journal {where} is of other utilities or draws; these differ: {different}. Only runs of the same "
            "data, model, scorer and sampler, with any seeds, can be merged. (Edited labels change the training data.)"
        )


def _different(recorded: Mapping[str, Any], now: Mapping[str, Any], but: tuple[str, ...] = ()) -> str:
    """The parts in which two headers differ."""
    old, new = recorded.get("parts", {}), now["parts"]
    shown = [
        f"{name} ({old[name]} then, {new[name]} now)"
        if name in ("seed", "method") and name in old and name in new
        else name
        for name in sorted({*old, *new} - {*but})
        if old.get(name) != new.get(name)
    ]
    return ", ".join(shown) or "the journal format"


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("python", platform.python_version())]
    for name in ("dvlwidgets", "numpy", "scipy", "scikit-learn", "joblib"):
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append((name, "not installed"))
    return tuple(found)


def versions() -> dict[str, str]:
    """Versions of what decides the bits."""
    return dict(_versions())


def _hash(entry: Any) -> str:
    text = json.dumps(entry, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
