"""How tasks are spread: one `imap`, in order, over the caller's joblib backend.

The backend is captured when `fit`, `stream` or `start` is called, because joblib's context is thread-local. A job
(model, data, sampler) is shipped once per worker process: pickled to a file with its arrays memory-mapped, or given to
dask's workers to keep; a task is a few integers and comes back as floats. Inner BLAS and OpenMP pools are capped at one
thread everywhere, in serial runs too, so that the bits do not depend on the number of workers and `n_jobs=1` uses one
core.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import joblib
from joblib.parallel import get_active_backend

from . import counters
from .journal_records import Piece
from .shipment import Runnable, Shipment
from .threads import capped

Task = tuple[Piece, ...]


@dataclass
class Workers:
    """The place where tasks run.

    Attributes:
        backend: joblib's backend, None = in this thread.
        n_jobs: number of workers.
        shipped: whether the job must travel to other processes.
    """

    backend: Any = None
    n_jobs: int = 1
    shipped: bool = False
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)
    _shipment: Any = field(default=None, repr=False)

    @classmethod
    def capture(cls) -> Workers:
        """The backend and number of jobs that the calling thread's joblib context asks for; serial without one."""
        backend, n_jobs = get_active_backend()
        name = type(backend).__name__
        count = int(backend.effective_n_jobs(1 if n_jobs is None else n_jobs))
        if name == "SequentialBackend" or (count == 1 and name in _LOCAL):
            return cls()
        return cls(_own(backend), count, shipped=name != "ThreadingBackend")

    def imap(self, job: Runnable, plan: Any, tasks: Iterator[Task]) -> Iterator[tuple[Task, list[Any]]]:
        """The tasks' payloads in the order of the tasks, which are taken from the iterator when a worker is free."""
        if self.backend is None or self._alone():
            for task in tasks:
                yield task, _perform(job, plan, task)
            return
        taken: list[Task] = []
        call: Any = partial(_remote, os.getpid()) if self.shipped else _here
        target = self._ship(job) if self.shipped else job
        calls = (joblib.delayed(call)(target, plan, task) for task in _noted(tasks, taken))
        lazy = getattr(self.backend, "supports_return_generator", False)
        parallel = joblib.Parallel(
            n_jobs=self.n_jobs,
            backend=self.backend,
            batch_size=1,
            pre_dispatch=self.n_jobs + 1,
            return_as="generator" if lazy else "list",
        )
        outputs = parallel(calls)
        try:
            for k, (payloads, counts) in enumerate(outputs):
                counters.absorb(counts)
                yield taken[k], payloads
        finally:
            if lazy:  # broken off on purpose, by the thread that began; joblib would warn of tasks not used
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)
                    outputs.close()

    def _alone(self) -> bool:
        """Whether joblib would run everything here: a cluster has one worker with one thread now."""
        return type(self.backend).__name__ not in _LOCAL and self.backend.effective_n_jobs(self.n_jobs) == 1

    def close(self) -> None:
        """Remove what was shipped."""
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = self._shipment = None

    def _ship(self, job: Runnable) -> Any:
        """What stands for the job in a task: where it lies, dask's future of it, or, where nobody keeps it, itself."""
        if type(self.backend).__name__ not in _LOCAL:  # may run on other machines, which do not see our files
            client = getattr(self.backend, "client", None)
            if client is None:
                return job
            if self._shipment is None:
                self._shipment = client.scatter(job, broadcast=True, hash=False)
            return self._shipment
        if self._shipment is None:
            self._folder = tempfile.TemporaryDirectory(prefix="dvlwidgets-job-", ignore_cleanup_errors=True)
            self._shipment = Shipment.of(job, Path(self._folder.name))
        return self._shipment


def _own(backend: Any) -> Any:
    """A backend of our own like the context's: an instance serves one `Parallel` at a time."""
    if type(backend).__name__ not in _LOCAL:
        return backend
    options = getattr(backend, "backend_kwargs", {})
    return type(backend)(
        nesting_level=backend.nesting_level, inner_max_num_threads=backend.inner_max_num_threads, **options
    )


_LOCAL = {"LokyBackend", "MultiprocessingBackend", "ThreadingBackend", "SequentialBackend"}


def _noted(tasks: Iterator[Task], taken: list[Task]) -> Iterator[Task]:
    for task in tasks:
        taken.append(task)
        yield task


def _perform(job: Runnable, plan: Any, task: Task) -> list[Any]:
    active = not getattr(job, "threads_itself", False)
    with capped(active):  # each thread for itself, and what the last task has imported
        return [job.task(plan, step, lo, hi) for step, lo, hi in task]


def _here(job: Runnable, plan: Any, task: Task) -> tuple[list[Any], counters.Counts]:
    return _perform(job, plan, task), {}


def _remote(
    home: int, target: Shipment | Runnable, plan: Any, task: Task
) -> tuple[list[Any], counters.Counts]:
    """A task's payloads, and what this worker has counted since its last task."""
    global _IN_WORKER  # noqa: PLW0603 - a fact about this process
    if not _IN_WORKER and os.getpid() != home:
        _IN_WORKER = True
        counters.drain()  # what a forked worker inherited is counted at home
    job = target.load() if isinstance(target, Shipment) else target
    with capped():
        payloads = _perform(job, plan, task)
    return payloads, counters.drain() if _IN_WORKER else {}


_IN_WORKER = False


def in_worker() -> bool:
    """Whether this process was started to run tasks, so that its global state is ours."""
    return _IN_WORKER
