"""Where a run keeps its receipts: a checkpoint folder, an earlier result's journal, or a temporary file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from ..engine.checkpoint import StateReceipts
from ..engine.identity import require_same_run
from ..engine.job import JournalReceipts, NoReceipts, Receipts
from ..engine.journal import Journal
from ..engine.journal_records import read_header
from ..errors import IdentityError, InputError, InputTypeError


def receipts_for(
    path: Path | None, header: dict[str, Any], earlier: Journal | None, *, keeps_utilities: bool
) -> Receipts:
    """Receipts of a run, taken up again if they exist.

    Raises:
        IdentityError: if what exists belongs to another run.
        JournalError: if it cannot be read.
    """
    if not keeps_utilities:
        if path is None:
            return NoReceipts()
        state = StateReceipts(path, header)
        require_same_run(state.header, header, str(path))
        return state
    journal = earlier if earlier is not None else Journal(path, header)
    if journal.resumed or earlier is not None:
        require_same_run(journal.header, header, str(path or "of the earlier result"))
    return JournalReceipts(journal)


def checkpoint_file(checkpoint: Any, keeps_utilities: bool) -> Path:
    """The file in a checkpoint folder.

    Raises:
        InputError: if the path is empty or a file.
        InputTypeError: if it is no path.
    """
    if not isinstance(checkpoint, str | os.PathLike):
        raise InputTypeError(
            f"checkpoint must be the path of a folder, not {checkpoint!r}. Pass checkpoint='run-1', for example."
        )
    if not os.fspath(checkpoint):
        raise InputError("checkpoint is an empty path. Pass a folder, checkpoint='run-1' for example.")
    folder = Path(os.fspath(checkpoint))
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"checkpoint must be a folder, but {folder} is a file. Pass a new or an earlier folder."
        )
    return folder / ("journal.dvl" if keeps_utilities else "state.npz")


def check_goes_with(result: Any, path: Path) -> None:
    """Refuse a checkpoint that is not the one of a loaded result's run.

    Raises:
        InputError: if the result has a journal of its own, or the folder holds no run.
        IdentityError: if the folder is of another run.
    """
    if isinstance(getattr(result, "journal", None), Journal):
        raise InputError("pass either checkpoint= or continue_from=, not both: each says what to go on from.")
    runs: tuple[Any, ...] = getattr(result, "runs", ())
    if len(runs) != 1 or not runs[0].keys.get("run"):
        raise InputError(
            "continue_from needs the result of one run that can be identified; this one was merged, re-estimated or "
            "made by hand. Pass checkpoint=FOLDER alone to go on with what is there."
        )
    recorded = read_header(path) if path.suffix == ".dvl" and path.exists() else {}
    if not recorded:
        raise InputError(
            f"{path} holds no run yet. Pass the checkpoint folder that the result's run wrote to."
        )
    if recorded.get("keys", {}).get("run") != runs[0].keys["run"]:
        raise IdentityError(
            f"{path} is of another run than the result. Pass the folder that the result's run wrote to, or leave "
            "continue_from out."
        )


def journal_of(result: Any) -> Journal | None:
    """The journal behind a result.

    Raises:
        InputError: if it is no result, or has none.
    """
    if result is None:
        return None
    if not hasattr(result, "journal"):
        raise InputError(
            f"continue_from must be a ValuationResult, not {type(result).__name__}. Labels go with their data into "
            "one Dataset: fit(Dataset(x, y))."
        )
    journal = result.journal
    if not isinstance(journal, Journal):
        raise InputError(
            "continue_from needs a result of this session, with its journal of utilities; this one has none "
            "(loaded from a file, merged, or of a closed form). Use checkpoint=FOLDER to go on in another session."
        )
    return journal


def saved_checkpoint(result: Any, folder: Any) -> Path:
    """Writes the journal behind a result to a checkpoint folder.

    Raises:
        JournalError: a run writes to that folder, or nothing is recorded yet.
        InputError: there is no journal, or the folder cannot be written, or holds another run.
    """
    journal = getattr(result, "journal", None)
    if not isinstance(journal, Journal):
        raise InputError(
            f"{result.algorithm} keeps no utilities that a checkpoint could hold. Save its values: result.save(file)."
        )
    path = checkpoint_file(folder, keeps_utilities=True)
    if path.exists():
        if journal.path is not None and journal.path.samefile(path):
            journal.flush()  # it is the run's own
            return path
        if read_header(path).get("keys") != journal.header.get("keys"):
            raise InputError(f"{path.parent} holds the checkpoint of another run. Choose a new folder.")
        with contextlib.closing(Journal(path)) as held:
            held.lock()  # refuses while a run writes there: it would go on in a file that nobody sees
    try:
        journal.copy_to(path)
    except OSError as refusal:
        raise InputError(f"{path} cannot be written: {refusal.strerror}. Choose another folder.") from refusal
    return path
