"""From a model, data and wishes to the job of a scan, its plan, its identity and its summary."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..arguments import whole
from ..counts import many
from ..engine.identity import make_header
from ..engine.records import Provenance
from ..engine.run import Loop
from ..valuation.fitted import status_of
from .base import InfluenceFunctionModel
from .batches import Batches
from .classes import class_numbers
from .job import ScanJob
from .ledger import Ledger
from .plan import Plan
from .planning import plan_for
from .points import Points
from .problem import Problem
from .reducers import Reducer, Shape
from .reducers.choice import default_reducers, main_column
from .scan import tile_width
from .scanner import Scanner
from .shelves import dtype_of
from .store import GradientStore, folder_of
from .summary import InfluenceSummary
from .turns import Turns

REFERENCES = (
    "Koh and Liang, Understanding Black-box Predictions via Influence Functions (ICML 2017)",
    "Hampel, The influence curve and its role in robust estimation (JASA 1974)",
)


@dataclass(frozen=True)
class ScanSetup:
    """What was asked for; see `InfluenceStatistics`.

    Attributes:
        model: an influence model.
        reducers: what is kept, or None for the usual ones.
        column: which column stands for a point's value, or None.
        budget: bytes of a tile, or None.
        path: folder of the gradient store, or None.
        dtype: precision of the store, or None.

    Raises:
        InputError, InputTypeError: for a budget or a path that is none.
    """

    model: InfluenceFunctionModel
    reducers: Sequence[Reducer] | None = None
    column: str | None = None
    budget: int | None = None
    path: Any = None
    dtype: Any = None

    def __post_init__(self) -> None:
        if self.budget is not None:
            whole("budget", self.budget, 1, "It is the number of bytes of a tile: 64_000_000, for example.")
        folder_of(self.path)  # refuses early

    def job(self, train: Batches, test: Batches, *, spread: bool, turns: Turns) -> ScanJob:
        """The work on these data.

        Raises:
            InputError, InputTypeError: for models and data that do not go together.
        """
        for side in (train, test):  # what cannot work fails before any work
            self.model.problem.tried(side.first()[:1])
        likelihood = self.model.problem.likelihood
        labels = [class_numbers(side.targets(), likelihood) for side in (test, train)]
        shape = Shape(len(train), len(test), *labels)
        reducers = default_reducers(shape) if self.reducers is None else copy.deepcopy(list(self.reducers))
        for reducer in reducers:
            reducer.check(shape)
        p, itemsize = self.model.n_parameters, self.model.problem.dtype.itemsize
        width = tile_width(shape.n_train, shape.n_test, p, itemsize=itemsize, budget=self.budget)
        column, ledger = main_column(reducers, self.column), Ledger(shape, reducers)
        scanner = Scanner(self.model, train, test, lambda: self.store(train))
        return ScanJob(scanner, ledger, column=column, width=width, spread=spread, turns=turns)

    def store(self, train: Batches) -> GradientStore:
        """The gradients of training points."""
        return GradientStore.of(self.model, train, path=self.path, dtype=self.dtype)

    def plan(self, job: ScanJob) -> Plan:
        """What a job takes; see `plan_of`."""
        in_memory = self.path is None and self.model.is_fitted
        store = job.scanner.store if in_memory else None  # an empty one takes no room
        return plan_for(
            self.model,
            job.scanner.train,
            job.ledger.shape,
            job.width,
            copy.deepcopy(job.ledger.reducers),
            on_disk=self.path is not None,
            kept=None if self.dtype is None else dtype_of(str(self.dtype).removeprefix("torch.")),
            there=0.0 if store is None else store.computed / store.n,
        )

    def header(self, job: ScanJob, rule: object) -> dict[str, Any]:
        """What a checkpoint of a job is known by. What names do not tell is noticed by the probe: see `Ledger`."""
        model, scanner = self.model, job.scanner
        as_it_is = model.is_fitted or type(model).fit is not InfluenceFunctionModel.fit
        # fit looks at the net again
        key = model.store_key if as_it_is else Problem(model.model, model.loss).key
        parts = {"model": key, "training data": job.data_key, "test data": scanner.test.fingerprint}
        draws = {"tile": job.width, "order": job.order.tolist()}
        name, reducers = type(model).__name__, ", ".join(map(repr, job.ledger.reducers))
        words = {"method": name, "reducers": reducers, "rule": repr(rule)}
        method = f"{name}({getattr(model, 'regularization', '')}), {reducers}"
        return make_header(parts, draws, method, 0, words)

    def summary(
        self, job: ScanJob, loop: Loop, points: Points, header: Mapping[str, Any]
    ) -> InfluenceSummary:
        """What a loop knows now."""
        ledger = job.ledger
        with ledger.lock:
            columns, tables, done, notes = ledger.columns(), ledger.tables(), ledger.done, ledger.notes()
        if loop.ended in ("time", "stop", "interrupt"):
            notes = (*notes, f"ended by {loop.ended}: {many(int((~done).sum()), 'training point')} not known")
        origin = Provenance(
            algorithm=type(self.model).__name__,
            versions={**header["versions"], "torch": torch.__version__},
            configuration=header["configuration"],
            keys=header["keys"],
            seconds=loop.clock.seconds,
            evaluations=int(done.sum()),
            unit=job.unit,
            steps=((0, 0, loop.step),),
            stopped=loop.verdict.reason,
            notes=notes,
            references=REFERENCES,
        )
        n_test = ledger.shape.n_test
        return InfluenceSummary(
            columns, tables, job.n, n_test, done, points, status_of(loop), origin, job.column
        )
