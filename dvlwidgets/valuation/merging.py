"""Journals of several runs as one: rows in the order of (seed, step), what is there twice taken once.

Only journals with one journal key go together: the same utility (data, model, scorer, test data, model seed), the
same law of the draws and the same steps. The outcome does not depend on how the rows were spread over the journals.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from typing import Any

from ..engine.identity import require_same_journal
from ..engine.journal import Journal
from ..errors import InputError, InputTypeError
from .checkpoints import checkpoint_file
from .replay import Replay
from .result import Status, ValuationResult
from .tapes import Tape


def merge_journals(sources: Iterable[ValuationResult]) -> ValuationResult:
    """The values that several runs of one method give together, bit for bit those of one run of all their steps.

    Unlike `a + b`, which weighs values by their counts, this folds the recorded utilities again: estimators that look
    at sizes, or at all subsets at once, get all of them. Runs of one seed may overlap; each step is taken once.

    Args:
        sources: results of this session. For checkpoint folders use `valuation.merge(folders, data)`.

    Returns:
        A result with the provenance of every seed, that can be re-weighted and merged again.

    Raises:
        IdentityError: if the journals are of different utilities or draws, naming what differs.
        InputError: for a result without a journal, or none at all.
    """
    results = sources_of(sources)
    for result in results:
        if not isinstance(result, ValuationResult):
            raise InputTypeError(
                f"merge_journals takes results, not {type(result).__name__}. For checkpoint folders use "
                "valuation.merge([folder, ...], data)."
            )
    replay = _replay_of(results[0])
    header = replay.tapes[0].journal.header
    tapes = [tape for result in results for tape in tapes_of(result, header)]
    return merged(replay, tapes)


def merged(replay: Replay, tapes: list[Tape]) -> ValuationResult:
    """The result of all tapes."""
    seeds = len({tape.seed for tape in tapes})
    what = f"merged from {len(tapes)} journal{'s' * (len(tapes) > 1)} with {seeds} seed{'s' * (seeds > 1)}"
    return dataclasses.replace(replay, tapes=tuple(tapes)).result(Status.Stopped, what)


def tapes_of(source: Any, header: dict[str, Any]) -> list[Tape]:
    """The journals of a result or of a checkpoint folder, known to go with a header.

    Raises:
        IdentityError: if they do not.
        InputError: if there is no journal.
        InputTypeError: for anything else.
    """
    if isinstance(source, ValuationResult):
        tapes = list(_replay_of(source).tapes)
    elif isinstance(source, str | os.PathLike):
        path = checkpoint_file(source, keeps_utilities=True)
        if not path.exists():
            raise InputError(
                f"{path} does not exist. Pass the checkpoint folder of a run that keeps utilities."
            )
        tapes = [Tape(Journal(path))]
    else:
        raise InputTypeError(
            f"a result or the path of a checkpoint folder was expected, not {type(source).__name__} ({source!r})."
        )
    for tape in tapes:
        require_same_journal(tape.journal.header, header, str(tape.journal.path or "of a result"))
    return tapes


def sources_of(sources: Any) -> list[Any]:
    """What is to be merged, as a list that is not empty."""
    if isinstance(sources, str | os.PathLike | ValuationResult) or not isinstance(sources, Iterable):
        raise InputTypeError(
            f"a list of several was expected, not {type(sources).__name__}. Pass [one, another]."
        )
    found = list(sources)
    if not found:
        raise InputError("there is nothing to merge: the list is empty. Pass results or checkpoint folders.")
    return found


def _replay_of(result: ValuationResult) -> Replay:
    if result.replay is None:
        raise InputError(
            "a result without a journal cannot be merged exactly: it was loaded, copied, sliced or added up, or its "
            "method keeps no utilities. Pass its run's checkpoint folder to valuation.merge, or add with a + b."
        )
    return result.replay
