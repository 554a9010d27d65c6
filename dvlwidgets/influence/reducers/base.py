"""What a reducer is: a look at a tile of scores, and arrays that grow by it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...arguments import whole
from ...counts import many
from ...errors import IdentityError, InputError

Arrays: TypeAlias = dict[str, NDArray[Any]]
Over: TypeAlias = str | int
"""Which test points count for a training point: "all", "label" (those of its label), or those of one class number."""


@dataclass(frozen=True)
class Shape:
    """The matrix that comes in tiles.

    Attributes:
        n_train: columns.
        n_test: rows.
        test_labels: class numbers of the test points, shape (n_test,), or None where there are no classes.
        train_labels: of the training points, shape (n_train,), or None.
    """

    n_train: int
    n_test: int
    test_labels: NDArray[np.int64] | None = None
    train_labels: NDArray[np.int64] | None = None

    @property
    def has_labels(self) -> bool:
        """Whether both sides have classes."""
        return self.test_labels is not None and self.train_labels is not None


@runtime_checkable
class Consumer(Protocol):
    """Whatever takes tiles: a reducer, or a writer to disk."""

    def begin(self, shape: Shape) -> None:
        """Before the first tile."""
        ...

    def take(self, scores: Tensor, train: slice) -> None:
        """A tile of shape (n_test, w): all test points, the training points `train`."""
        ...

    def result(self) -> Any:
        """What became of the tiles so far."""
        ...

    def state(self) -> Arrays:
        """All that must be kept to go on later."""
        ...

    def load(self, state: Arrays) -> None:
        """Go on from what `state` gave, after `begin`."""
        ...


class Reducer(ABC):
    """A consumer in two halves: `reduce` looks at a tile and changes nothing, `fold` takes in what it saw.

    Subclasses give `blank`, `reduce` and, where a tile does not simply fill its own columns, `fold`.

    Attributes:
        name: unique among the reducers of a run.
        columns: names in `result()` that hold one number for each training point.
        merges: whether tiles are added up: such a reducer cannot take one back, so it takes each point once and knows a
            relabelled one by its former label.
        arrays: what was kept so far.
        shape: of the matrix, after `begin`.
    """

    name: str
    columns: tuple[str, ...] = ()
    merges: bool = False
    shape: Shape
    arrays: Arrays

    @abstractmethod
    def blank(self, shape: Shape) -> Arrays:
        """Arrays before the first tile."""

    @abstractmethod
    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        """What to keep of a tile of shape (n_test, w)."""

    def check(self, shape: Shape) -> None:
        """Raise if the matrix is none that this can be had of."""
        del shape  # by default any will do

    def begin(self, shape: Shape) -> None:
        """See `Consumer`.

        Raises:
            InputError: if this needs labels and there are none.
        """
        self.check(shape)
        self.shape = shape
        self.arrays = self.blank(shape)

    def fold(self, part: Mapping[str, NDArray[Any]], train: slice) -> None:
        """Take in what `reduce` saw; by default each array's entries of these training points."""
        for name, values in part.items():
            self.arrays[name][train] = values

    def take(self, scores: Tensor, train: slice) -> None:
        """See `Consumer`."""
        self.fold(self.reduce(scores, train), train)

    def result(self) -> Arrays:
        """Copies of what was kept."""
        return {name: values.copy() for name, values in self.arrays.items()}

    def state(self) -> Arrays:
        """The arrays themselves."""
        return dict(self.arrays)

    def load(self, state: Arrays) -> None:
        """See `Consumer`.

        Raises:
            IdentityError: if the state is of another reducer or another matrix.
        """
        expected = {name: (a.shape, a.dtype) for name, a in self.blank(self.shape).items()}
        if expected != {name: (a.shape, a.dtype) for name, a in state.items()}:
            raise IdentityError(
                f"the stored state of {self.name!r} holds {sorted(state)}, which is not what this reducer keeps of "
                f"{self.shape.n_train:,} training and {self.shape.n_test:,} test points. Use another checkpoint folder."
            )
        self.arrays = dict(state)

    def notes(self) -> tuple[str, ...]:
        """What a reader of the result must know."""
        return ()

    def __repr__(self) -> str:
        # also the reducer's identity in a checkpoint: all that it was made with
        own = {k: v for k, v in vars(self).items() if k not in ("arrays", "shape", "columns") and k[0] != "_"}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in own.items())})"


def check_over(over: Over) -> Over:
    """A valid choice of test points.

    Raises:
        InputError, InputTypeError: for anything but "all", "label" and a class number.
    """
    if isinstance(over, str):
        if over not in ("all", "label"):
            raise InputError(
                f'over={over!r} was given; expected "all", "label" (test points of the same label) or a class number.'
            )
        return over
    return whole("over", over, 0, 'It is "all", "label", or the number of a class of test points.')


def suffix(over: Over) -> str:
    """What is put behind a statistic's name."""
    return "" if over == "all" else "_label" if over == "label" else f"_of_{over}"


def check_labels(shape: Shape, over: Over, what: str) -> None:
    """Raise where classes are needed and there are none.

    Raises:
        InputError: saying what to ask for instead.
    """
    if over == "all":
        return
    if shape.test_labels is None or (over == "label" and shape.train_labels is None):
        raise InputError(
            f"{what} looks at the test points of a label, but the targets are no classes. Pass over='all'."
        )


def groups(shape: Shape, train: slice, over: Over) -> Iterator[tuple[NDArray[np.intp] | None, Any]]:
    """Pairs of test rows (None = all) and the tile's columns that they count for; together all columns."""
    if over == "all":
        yield None, slice(None)
        return
    tests = np.asarray(shape.test_labels)
    if over != "label":
        yield np.flatnonzero(tests == over), slice(None)
        return
    labels = np.asarray(shape.train_labels)[train]
    for label in np.unique(labels):
        yield np.flatnonzero(tests == label), np.flatnonzero(labels == label)


def block_of(scores: Tensor, rows: NDArray[np.intp] | None, columns: Any) -> Tensor:
    """The part of a tile for a pair of `groups`."""
    if rows is not None:
        scores = scores.index_select(0, torch.from_numpy(rows).to(scores.device))
    if isinstance(columns, slice):
        return scores[:, columns]
    return scores.index_select(1, torch.from_numpy(columns).to(scores.device))


def missing_labels(shape: Shape, over: Over, name: str) -> tuple[str, ...]:
    """Words for training points whose group of test points is empty."""
    if over == "all" or shape.test_labels is None:
        return ()
    present = np.unique(shape.test_labels)
    if over != "label":
        return () if over in present else (f"{name} is NaN: no test point is of class {over}",)
    gone = ~np.isin(np.asarray(shape.train_labels), present)
    if not gone.any():
        return ()
    labels = ", ".join(map(str, np.unique(np.asarray(shape.train_labels)[gone])[:5]))
    return (
        f"{name} is NaN for {many(int(gone.sum()), 'training point')}: no test point has their label ({labels})",
    )


def as_numpy(tensor: Tensor) -> NDArray[Any]:
    """A tensor's numbers at home."""
    found: NDArray[Any] = tensor.detach().cpu().numpy()
    return found
