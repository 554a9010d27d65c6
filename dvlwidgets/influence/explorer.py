"""Influences to be looked at: a run that fills columns, and answers about single points while and after it goes on."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..arguments import flag, number, whole
from ..data.dataset import Dataset
from ..engine.live import Run
from ..errors import InputError, InputTypeError, NotFittedError
from .another_label import AnotherLabel, on_them, scores_of, with_label
from .base import InfluenceFunctionModel
from .classes import Classes, class_numbers
from .job import ScanJob
from .points import Points
from .predictions import outputs_of, predictions
from .ranked import Ranked
from .reducers import Disagreement, Moments, Quantile, Reducer, SelfInfluence
from .runs import InfluenceStatistics
from .store import GradientStore
from .summary import InfluenceSummary

COLUMNS = ("loss", "self_influence", "quantile", "quantile_all", "mean", "negatives")


class Explorer:
    """Influences of the points of one data set on those of another, to be asked for one by one.

    Any thread may ask; a question waits for the run's tile at hand, not for its end. The curvature is that of the
    model's fit: a relabelled point gets a new gradient, the model stays as it was trained.

    Args:
        model: an influence model; if it is not fitted, the run fits it on the training data.
        train: training points.
        test: test points. Labels that are no numbers must, sorted, have the order of the model's outputs.
        quantile: of the influences on test points of the same label that stands for a training point.
        self_influence: also each training point's influence on itself: one more solve a training point.
        path: a folder for the gradient store; None keeps it in memory.

    Raises:
        InputError, InputTypeError: for models and data that do not go together.
    """

    def __init__(
        self,
        model: InfluenceFunctionModel,
        train: Dataset,
        test: Dataset,
        *,
        quantile: float = 0.25,
        self_influence: bool = True,
        path: Any = None,
    ) -> None:
        for name, data in (("train", train), ("test", test)):
            if not isinstance(data, Dataset):
                raise InputTypeError(f"{name} is a {type(data).__name__}; expected a Dataset(x, y).")
        self.fraction = number("quantile", quantile, "It is from 0 to 1, such as 0.25.")
        self.model, self.train, self.test = model, train, test
        self._statistics = InfluenceStatistics(model, test, path=path)
        self._classes = Classes.of(train, test)
        self._train, self._test = self._classes.batches(train), self._classes.batches(test)
        self._labels = class_numbers(self._train.targets(), model.problem.likelihood)
        self._points = Points.of(train, len(train))
        self._with_self = flag("self_influence", self_influence)
        self._data_key = self._train.fingerprint
        self._store: GradientStore | None = None
        self._tests: tuple[str, dict[str, NDArray[np.float64]]] | None = None
        self._others: dict[int, AnotherLabel] = {}
        self._lock = threading.RLock()
        self.n_outputs = None if self._labels is None else self._outputs(self._labels)
        self._job = self._new_job()

    def _outputs(self, labels: NDArray[np.int64]) -> int | None:
        named = None if self._classes.labels is None else len(self._classes.labels)
        highest = int(max(labels.max(), self._test.targets().max().item()))
        return outputs_of(self.model.problem, self._test, named, highest)

    # --- what there is --------------------------------------------------------------------------------------

    @property
    def n_train(self) -> int:
        """Training points."""
        return len(self.train)

    @property
    def n_test(self) -> int:
        """Test points."""
        return len(self.test)

    @property
    def classes(self) -> list[str] | None:
        """The model's classes in words, in the order of its outputs; None where the targets are numbers."""
        return None if self.n_outputs is None else self._classes.names(self.n_outputs)

    @property
    def known(self) -> bool:
        """Whether single influences can be asked for: the model is fitted, the test points' factors are there."""
        return self._job.scanner.ready

    # --- the run --------------------------------------------------------------------------------------------

    def prepare_run(self, name: str | None = None, checkpoint: Any = None) -> Run:
        """A run that fits what is not fitted and fills the columns; its result is an `InfluenceSummary`.

        `progress.values` is the quantile over test points of the same label (over all, where there are no classes).
        """
        with self._lock:
            job = self._new_job()
            run = self._statistics.run_of(job, self._points, checkpoint, name)
            job.restored = 0  # single influences are asked for also where every column is in the checkpoint
            self._job, self._others = job, {}
        return run

    def fit(self, checkpoint: Any = None) -> InfluenceSummary:
        """The same, here and now."""
        found: InfluenceSummary = self.prepare_run(checkpoint=checkpoint).start().wait()
        return found

    def _new_job(self) -> ScanJob:
        statistics = self._statistics
        statistics.setup = replace(statistics.setup, reducers=self._reducers())
        job = statistics.setup.job(self._train, self._test, spread=True, turns=statistics.turns)
        job.scanner.make_store = self._made  # held here, so that the next run finds it
        job.data_key = self._data_key  # a checkpoint knows which samples were others: see Ledger
        return job

    def _made(self) -> GradientStore:
        self._store = self._statistics.setup.store(self._train)
        return self._store

    def _reducers(self) -> list[Reducer]:
        same = "all" if self._labels is None else "label"
        found: list[Reducer] = [
            Quantile(self.fraction, over=same, name="quantile"),
            Quantile(self.fraction, over="all"),
            Moments(),
            Disagreement(),
        ]
        return [*found, SelfInfluence()] if self._with_self else found

    # --- columns --------------------------------------------------------------------------------------------

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Of the training points, each (n_train,), NaN where not known yet; see `COLUMNS`."""
        found = self._job.ledger.columns()
        unknown = np.full(self.n_train, np.nan)
        return {name: np.asarray(found.get(name, unknown), np.float64) for name in COLUMNS}

    def test_columns(self) -> dict[str, NDArray[np.float64]]:
        """Of the test points, each (n_test,): the loss, the prediction, and the probability of the label.

        `predicted` is a class number, or the number predicted; `p_label` is NaN where there are no classes.
        """
        key = self.model.problem.key
        with self._lock:
            if self._tests is not None and self._tests[0] == key:
                return self._with_others(self._tests[1])
        with self._statistics.turns.take():
            found = predictions(self.model.problem, self._test, self.n_outputs)
        with self._lock:
            self._tests = key, found
            return self._with_others(found)

    def disagreement(self) -> NDArray[np.float64]:
        """Of each test point the share of its influences that hurts it, from 0 to 1: (n_test,); NaN where unknown.

        Where its label is wrong most of the influence hurts it (see `reducers.Disagreement`). Training points that were
        relabelled since count with the labels that the run met.
        """
        with self._lock:
            found = self._job.ledger.disagreement()
            if found is None:
                return np.full(self.n_test, np.nan)
            for position, other in self._others.items():
                found[position] = other.disagreement
            return found

    def _with_others(self, columns: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        found = {name: values.copy() for name, values in columns.items()}
        for position, other in self._others.items():
            for name, value in other.columns.items():
                found[name][position] = value
        return found

    # --- single points --------------------------------------------------------------------------------------

    def of_test(self, i: int, k: int = 12) -> Ranked:
        """The training points that help and harm a test point most.

        Args:
            i: position of the test point.
            k: how many on either side; fewer where fewer are known. Among equal ones the lowest positions come first.

        Raises:
            NotFittedError: before the run has fitted the model.
            InputError: for a position that is not there.
        """
        i, k = self._position(i, self.n_test, "test"), whole("k", k, 1, "It is how many points to show.")
        job = self._known_job()
        with self._statistics.turns.take():
            other = self._others.get(i)
            scores = scores_of(job, i, None if other is None else other.factor)
        return Ranked.of(scores, k)

    def of_train(self, j: int) -> NDArray[np.float32]:
        """The influence of a training point on each test point: shape (n_test,). Raises as `of_test`."""
        j = self._position(j, self.n_train, "training")
        job = self._known_job()
        with self._statistics.turns.take():
            return on_them(job, j, self._others)

    def relabelled(self, position: int, label: Any) -> None:
        """Another label for a training point: its gradient and its numbers are computed anew, nothing else.

        Args:
            position: of the training point.
            label: as in the data set; a string where the classes are strings.

        Raises:
            NotFittedError: before the run has fitted the model.
            InputError: for a position or label that the model knows no place for.
        """
        position = self._position(position, self.n_train, "training")
        target = self._target(label)
        job = self._known_job()
        with self._statistics.turns.take(), self._lock:
            job.scanner.replace(position, target)
            self._train = job.scanner.train
            if self._labels is not None:
                self._labels = self._labels.copy()
                self._labels[position] = int(target)
            job.ledger.relabelled(self._labels)
            job.again(position)

    def relabelled_test(self, position: int, label: Any) -> None:
        """Another label for a test point: its own numbers are computed anew, for as long as this run is the newest.

        The columns of the training points rest on the labels that the run met, and the next run meets them again: for
        others, make an `Explorer` with the corrected test set.

        Args:
            position: of the test point.
            label: as in the data set; a string where the classes are strings.

        Raises:
            NotFittedError, InputError: as `relabelled`.
        """
        position = self._position(position, self.n_test, "test")
        target = self._target(label)
        job = self._known_job()
        with self._statistics.turns.take(), self._lock:
            if float(self._test.targets()[position]) == float(target):
                self._others = {at: other for at, other in self._others.items() if at != position}
                return
            other = with_label(job, position, target, self.n_outputs)
            if job is self._job:
                self._others = self._others | {position: other}

    def _target(self, label: Any) -> Tensor:
        code = self._classes.codes([label])[0]
        try:
            target = torch.as_tensor(code)
        except (TypeError, RuntimeError) as error:
            raise InputError(f"label={label!r} was given; expected a number, as in the data set.") from error
        if target.ndim or not math.isfinite(target):
            raise InputError(f"label={label!r} was given; expected one number, as in the data set.")
        if self.n_outputs is not None and not (0 <= target < self.n_outputs and float(target).is_integer()):
            raise InputError(f"label={label!r} was given; the model knows the classes {self.classes}.")
        return target

    def _known_job(self) -> ScanJob:
        if not self.known:
            raise NotFittedError(
                "no influence is known yet: start the run, prepare_run().start(), and wait until the model is fitted."
            )
        return self._job

    def _position(self, position: Any, n: int, what: str) -> int:
        found = whole("position", position, 0, "It is a place in the data set, from 0.")
        if found >= n:
            raise InputError(f"position {position} was given; there are {n:,} {what} points, from 0.")
        return found
