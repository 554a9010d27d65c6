"""What edits of one copy of the data are on another: points found again, labels that these data can have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dvlwidgets.data import edits as _edits
from dvlwidgets.data.edit_merge import additions, by_authors, origins
from dvlwidgets.data.edits import CAME, LABEL, Change, Edit, Key, Net, Source
from dvlwidgets.errors import InputError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

Places = Callable[[Collection[Key]], Mapping[Key, int]]
"""Where points are in a data set, see `edit_places.resolve`."""
MOST_TRIED = 1_000
"""Labels of one type that are tried one by one where they cannot be taken together."""


@dataclass(frozen=True)
class Clash:
    """A point that somebody else wants otherwise than it is here."""

    key: Key
    field: str
    mine: Any
    theirs: Any


@dataclass
class Fitted:
    """Edits as changes of these data; each change that the file holds is in one of these.

    Attributes:
        net: changes that can be made; keys and old contents are those of these data.
        contested: labels that start from another label than the point came with here.
        here: how many changes these data came with.
        missing: points that are not in these data, and how many changes of them there are.
        unfit: changes that these data cannot take.
        why: the first reason for that.
        values: of the points when they were edited.
        origins: who made each change, when and why.
        authors: the same in a few words.
    """

    net: Net = field(default_factory=dict)
    contested: Net = field(default_factory=dict)
    here: int = 0
    missing: dict[Key, int] = field(default_factory=dict)
    unfit: list[Change] = field(default_factory=list)
    why: str = ""
    values: dict[tuple[Key, str], float | None] = field(default_factory=dict)
    origins: dict[tuple[Key, str], Source] = field(default_factory=dict)
    authors: str = ""

    @property
    def all(self) -> Net:
        """What is made where theirs counts."""
        made: Net = {key: dict(fields) for key, fields in self.net.items()}
        for key, fields in self.contested.items():
            made.setdefault(key, {}).update(fields)
        return made

    def against(self, ours: Net) -> tuple[tuple[Change, ...], int, list[Clash]]:
        """Beside the edits in force: changes that nobody contradicts, how many are here already, and the others."""
        new = additions(ours, self.net, self.values, "ours")
        clashes = [
            Clash(key, field, ours.get(key, {}).get(field, (old, old))[1], theirs)
            for key, fields in self.all.items()
            for field, (old, theirs) in fields.items()
            if self._differs(ours, key, field, old, theirs)
        ]
        total = sum(len(fields) for fields in (*self.net.values(), *self.contested.values()))
        return new, self.here + total - len(new) - len(clashes), clashes

    def _differs(self, ours: Net, key: Key, field: str, old: Any, theirs: Any) -> bool:
        mine = ours.get(key, {}).get(field, (old, old))[1]
        return mine != theirs and (mine != old or field in self.contested.get(key, {}))


def fit(
    edits: Sequence[Edit],
    dataset: Dataset,
    places: Places,
    known: Net,
    never: Mapping[str, str] = MappingProxyType({}),
) -> Fitted:
    """Edits that were made on another copy of the data.

    Args:
        edits: those in force, oldest first.
        dataset: these data, as they came.
        places: finds their points.
        known: the edits of these data in force: a point keeps the name that it has there.
        never: fields that are not edited here, and why.
    """
    theirs = _edits.net(edits)
    where = places(theirs)
    names = {position: key for key, position in places(known).items()}
    ids = dataset.ids.tolist()
    whose = origins(edits)
    then = {(row.key, row.field): row.value for edit in edits for row in edit.rows}
    contents = _Contents(dataset, never, [f[LABEL][1] for f in theirs.values() if LABEL in f])
    found = Fitted(authors=by_authors(edits))
    for key, fields in theirs.items():
        if key not in where:
            found.missing[key] = len(fields)
            continue
        position = where[key]
        name = names.get(position) or key._replace(id=ids[position])  # found, so of the same features
        for of, (old, new) in fields.items():
            try:
                came, made = contents.of(position, of, new)
            except InputError as reason:
                found.unfit.append(Change(*key, of, old, new))
                found.why = found.why or str(reason)
                continue
            found.values[name, of], found.origins[name, of] = then[key, of], whose[key, of]
            edited = of in known.get(name, {})
            if made == came and not edited:
                found.here += 1
            elif of in CAME or edited or came in (old, made):
                found.net.setdefault(name, {})[of] = (came, made)
            else:
                found.contested.setdefault(name, {})[of] = (came, made)
    return found


class _Contents:
    """What fields of these points came with, and what they become where they can: labels as `Dataset.relabel` says."""

    def __init__(self, dataset: Dataset, never: Mapping[str, str], wanted: Iterable[Any]) -> None:
        self._dataset, self._labels, self._never = dataset, dataset.labels, never
        self._taken: dict[tuple[type, Any], Any] = {}
        self._refused: dict[tuple[type, Any], str] = {}
        kinds: dict[type, list[Any]] = {}
        for kind, label in dict.fromkeys((type(label), label) for label in wanted):
            kinds.setdefault(kind, []).append(label)
        if self._labels is not None:
            for kind, labels in kinds.items():  # of two types together one might be taken for the other
                self._try(kind, labels)

    def of(self, position: int, field: str, new: Any) -> tuple[Any, Any]:
        """What a field of a point came with, and the new content as these data have it.

        Raises:
            InputError: they cannot have it.
        """
        if field in self._never:
            raise InputError(self._never[field])
        if field in CAME:
            return CAME[field], new
        if self._labels is None:
            raise InputError("the points of these data have no single label")
        key = (type(new), new)
        if key in self._refused:
            raise InputError(self._refused[key])
        return _edits.plain(self._labels[position]), self._taken[key]

    def _try(self, kind: type, labels: list[Any]) -> None:
        try:
            made = [self._made(some) for some in _chunks(labels, len(self._dataset))]
        except InputError as reason:
            if len(labels) == 1 or len(labels) > MOST_TRIED:
                self._refused |= {(kind, label): str(reason) for label in labels}
            else:
                for label in labels:
                    self._try(kind, [label])
            return
        self._taken |= {(kind, label): new for some in made for label, new in some.items()}

    def _made(self, labels: list[Any]) -> dict[Any, Any]:
        new = self._dataset.relabel(range(len(labels)), labels).labels
        assert new is not None  # as those that they replace
        return {label: _edits.plain(new[row]) for row, label in enumerate(labels)}


def _chunks(labels: list[Any], size: int) -> list[list[Any]]:
    return [labels[start : start + size] for start in range(0, len(labels), size)]
