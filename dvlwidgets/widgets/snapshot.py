"""The state of a panel at one moment, as plain records: what the wire carries and a page shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Content: TypeAlias = dict[str, Any]
"""The JSON part of a message."""

VALUE = "value"
"""What a value is called where nothing else is said."""

History: TypeAlias = list[tuple[int, float, float]]
"""One (done, certainty, completion) per round end."""


@dataclass(frozen=True)
class Points:
    """What moves while a run goes on; shapes (n,): float32, float32, uint32, uint8."""

    value: NDArray[np.float32]
    stderr: NDArray[np.float32]
    count: NDArray[np.uint32]
    converged: NDArray[np.uint8]

    @classmethod
    def of(cls, values: ArrayLike, stderr: ArrayLike, counts: ArrayLike, converged: ArrayLike) -> Points:
        """Rounds a run's arrays to what the page draws; float32 keeps seven digits, more than any standard error."""
        return cls(
            single(values),
            single(stderr),
            np.asarray(counts).astype("u4"),
            np.asarray(converged).astype("u1"),
        )

    @classmethod
    def unknown(cls, n: int) -> Points:
        """The n points before the first fit."""
        nan = np.full(n, np.nan)
        return cls.of(nan, nan, np.zeros(n), np.zeros(n))


@dataclass(frozen=True)
class Labels:
    """Labels as shown: codes into `classes`, or numbers.

    Attributes:
        classes: the classes in words, or None for numbers.
        current: with the edits applied, shape (n,): uint16 codes or float64.
        original: as the data came, like `current`.
    """

    classes: tuple[str, ...] | None
    current: NDArray[Any]
    original: NDArray[Any]


@dataclass(frozen=True)
class Subject:
    """What is valued: fixed for the life of a panel.

    Attributes:
        n: number of points.
        ids: one id a point in words, or None when ids are positions.
        features: numeric columns, (name, shape (n,)).
        features_left_out: how many more columns there are.
        preview: the kind of preview as the page needs it.
        share: what a shared copy would contain, in words.
        value_name: what a value is called above its column.
    """

    n: int
    title: str
    method: str
    ids: tuple[str, ...] | None = None
    features: tuple[tuple[str, NDArray[Any]], ...] = ()
    features_left_out: int = 0
    preview: Content | None = None
    share: str = ""
    value_name: str = VALUE


@dataclass(frozen=True)
class Status:
    """Everything a toolbar says about a run.

    `left` and `total` may be None: no bound is known. `threshold` is where the colours of values change, or None.
    """

    state: str = "pending"
    pending: Literal["pause", "resume", "stop"] | None = None
    done: int = 0
    total: int | None = None
    unit: str = "evaluations"
    seconds: float = 0.0
    left: float | None = None
    certainty: float = math.nan
    target: float | None = None
    completion: float = 0.0
    reason: str = ""
    failures: int = 0
    warnings: int = 0
    failure: str | None = None
    announcement: str = ""
    error: str | None = None
    threshold: float | None = None
    unit_of_value: str = ""

    def json(self) -> Content:
        """The wire's STATUS: floats that are not finite become null."""
        return {key: finite(item) if isinstance(item, float) else item for key, item in asdict(self).items()}


@dataclass(frozen=True)
class Snapshot:
    """The whole state of a panel at one moment; `dropped` has shape (n,), `edits` is the wire's EDITS."""

    subject: Subject
    points: Points
    labels: Labels | None
    dropped: NDArray[np.uint8]
    status: Status
    history: History
    edits: Content


class Table(NamedTuple):
    """A table that stays below the interactive panel.

    Attributes:
        title: what it is of.
        head: names of the columns.
        rows: texts.
        holds: completes "This copy holds ...".
        folded: only its title is seen until somebody opens it.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    holds: str
    folded: bool = False


def single(column: ArrayLike) -> NDArray[np.float32]:
    """A column as the page draws it; numbers beyond float32 become the largest that it has, so they are still known."""
    given = np.asarray(column)
    with np.errstate(over="ignore"):
        found = given.astype("f4")
    beyond = np.isinf(found)
    if beyond.any():
        beyond &= np.isfinite(given)
        found[beyond] = np.copysign(np.finfo("f4").max, found[beyond])
    return found


def from_the_lowest(column: ArrayLike) -> NDArray[np.float32]:
    """The rank of each number, 1 for the lowest, earlier ones first among equals; NaN where it is not known."""
    numbers = np.asarray(column)
    ranks = np.full(numbers.shape, np.nan, dtype=np.float32)
    known = np.flatnonzero(~np.isnan(numbers))
    ranks[known[np.argsort(numbers[known], kind="stable")]] = np.arange(1, known.size + 1)
    return ranks


def finite(number: float | None) -> float | None:
    """A number as JSON can say it: None for NaN and the infinities."""
    return float(number) if number is not None and math.isfinite(number) else None
