"""Edits that came with a notebook or a page: who receives them can make them on their own copy of the data.

`sent_edits.py` says what is in them, and what is not.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvlwidgets.arguments import text
from dvlwidgets.counts import many
from dvlwidgets.data import edits as _edits
from dvlwidgets.data.edits import DROPPED, FLAG, LABEL, MAX_NOTE, NOTE, Net
from dvlwidgets.data.shared_checks import checked
from dvlwidgets.data.shared_places import Marks, SharedEdit, locate
from dvlwidgets.data.shared_rows import salted
from dvlwidgets.errors import EditError, InputError, InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset
    from dvlwidgets.data.edit_log import EditLog

ALSO = {FLAG: "flagged", NOTE: "with notes"}
"""Fields that change nothing in the data, and what is said of their points."""


class Edits:
    """Edits as they came with a notebook or a page.

    Example:
        >>> edits = Edits.from_notebook("report.ipynb")  # doctest: +SKIP
        >>> clean = edits.apply(train)  # doctest: +SKIP
    """

    def __init__(self, edits: Iterable[SharedEdit], marks: Marks, n: int, left_out: int = 0) -> None:
        self._edits, self._marks = tuple(edits), marks
        self.n = n
        """Number of points of the data that were edited."""
        self.left_out = left_out
        """How many more edits there were that the copy had no room for."""

    @classmethod
    def from_notebook(
        cls,
        path: str | os.PathLike[str],
        run: str | None = None,
        *,
        of: Literal["train", "test"] = "train",
    ) -> Edits:
        """The edits that an executed notebook, or a page that was saved from a panel, holds.

        Args:
            path: an .ipynb or .html file, or a payload's .json. It is read as data; nothing in it is executed.
            run: the run's name or title, where there are several with edits.
            of: "train": the points that were valued; "test": the test points, which have a log of their own.

        Raises:
            NotebookError: the file cannot be read, or holds no edits, or those of several runs.
            InputError, InputTypeError: an argument is none of those.
        """
        from dvlwidgets.data.notebook_file import edits_in

        given: Any = path
        if not isinstance(given, str | os.PathLike):
            raise InputTypeError(f"path is {path!r:.60}; expected a notebook's file. Pass 'report.ipynb'.")
        if run is not None:
            text("run", run, "It is the name or the title of a run.")
        if of not in ("train", "test"):
            raise InputError(f"of={of!r:.60} was given; expected 'train' or 'test'.")
        return cls.from_payload(edits_in(Path(path), run, "edits" if of == "train" else "test_edits"))

    @classmethod
    def from_payload(cls, payload: Any) -> Edits:
        """The inverse of `shared`.

        Raises:
            InputError: it is damaged, of another version, or holds the number of edits only.
        """
        return cls(*checked(payload))

    def __len__(self) -> int:
        return len(self._edits)

    def __iter__(self) -> Iterator[SharedEdit]:
        return iter(self._edits)

    def __repr__(self) -> str:
        fields = Counter(edit.field for edit in self)
        more = f", {self.left_out} more left out" if self.left_out else ""
        others = "".join(f", {fields[field]} {word}" for field, word in ALSO.items() if fields[field])
        return f"Edits({fields[LABEL]} relabelled, {fields[DROPPED]} dropped{others}, of {many(self.n, 'point')}{more})"

    def made_on(self, dataset: Dataset) -> bool:
        """Whether these are the very data that were edited: features, labels, ids and order."""
        return salted(self._marks.salt, "data", dataset.fingerprint) == self._marks.fingerprint

    def apply(self, dataset: Dataset, *, partial: bool = False) -> Dataset:
        """A new data set with the edits made. Applying twice changes nothing more.

        Args:
            dataset: the data that were edited, or a copy of them: in another order, or with rows missing that were
                not relabelled. Rows are found by their features.
            partial: also where the copy had no room for all edits.

        Raises:
            EditError: a row cannot be found or told from others, or has a label that is neither the old nor the new.
        """
        self._whole(partial=partial)
        where = self._located(dataset)
        labels = {
            where[edit.position]: edit.new for edit in self if edit.field == LABEL and edit.position in where
        }
        dropped = [where[e.position] for e in self if e.field == DROPPED and e.new and e.position in where]
        if labels:
            dataset = dataset.relabel(labels)
        return dataset.drop_indices(dropped) if dropped else dataset

    def into(
        self,
        log: EditLog,
        dataset: Dataset,
        *,
        prefer: Literal["ours", "theirs"] | None = None,
        partial: bool = False,
    ) -> None:
        """Adds them to a log, as one edit: what a panel on `dataset` then shows, and can undo.

        Args:
            log: of `dataset`.
            dataset: as for `apply`.
            prefer: whose content counts where log and edits differ: "ours" is the log's.
            partial: as for `apply`.

        Raises:
            EditError: as `apply`; or the log has other edits of the same points and `prefer` is None.
        """
        self._whole(partial=partial)
        where = self._located(dataset)
        net: Net = {}
        for edit in self:
            if edit.position in where:
                key = _edits.key_of(dataset, where[edit.position])
                net.setdefault(key, {})[edit.field] = (edit.old, edit.new)
        authors = ", ".join(sorted({edit.who for edit in self if edit.who}))
        log.add(net, prefer=prefer, why=authors and f"edits by {authors}"[:MAX_NOTE])

    def as_code(self, name: str = "train") -> str:
        """Python that makes the edits by position on a data set called `name`, which must be in its old order."""
        labels = {edit.position: edit.new for edit in self if edit.field == LABEL}
        dropped = [edit.position for edit in self if edit.field == DROPPED and edit.new]
        lines = [f"# edits by position; Edits.from_notebook(...).apply({name}) finds the rows in any order"]
        lines += [f"assert len({name}) == {self.n}"]
        if labels:
            lines += [
                f"relabelled = {labels!r}  # position: new label",
                f"{name} = {name}.relabel(relabelled)",
            ]
        if dropped:
            lines += [f"dropped = {dropped!r}  # positions", f"{name} = {name}.drop_indices(dropped)"]
        for field, what in ((FLAG, "flagged"), (NOTE, "notes")):
            found = {edit.position: edit.new for edit in self if edit.field == field}
            if found:  # where the rows stood before any was dropped
                lines += [f"{what} = {found!r}  # position: {field}"]
        return "\n".join(lines) + "\n"

    def _whole(self, *, partial: bool) -> None:
        if self.left_out and not partial:
            raise EditError(
                f"The copy holds {len(self)} of {many(len(self) + self.left_out, 'edit')}; for the others it had no "
                "room. Ask for the log itself, or take what is there with partial=True."
            )

    def _located(self, dataset: Dataset) -> dict[int, int]:
        given: Any = dataset
        if not hasattr(given, "row_hash") or isinstance(given, type):
            raise InputTypeError(
                f"a {type(dataset).__name__} was given; expected the Dataset that was edited, or a copy of it."
            )
        where = locate(self._edits, self._marks, dataset)
        gone = sum(edit.field == DROPPED for edit in self)
        # a copy without its dropped points is that much shorter
        if self._edits and not where and (len(dataset) > self.n - gone or not gone):
            which = f"{gone:,} dropped" if gone else f"{len(self):,} edited"
            raise EditError(
                f"None of the {which} points is in this data set of {len(dataset):,} points; the edits were "
                f"made on {self.n:,}. Nothing was changed. Apply the edits to the data that were edited, or to a copy "
                "with the same features (any order)."
            )
        return where
