"""The model where tasks of a cluster find it: sent to the workers once, or part of a graph where there is no client."""

from __future__ import annotations

import copy
from typing import Any

from ..errors import InputError, InputTypeError, InstallationError
from .base import InfluenceFunctionModel
from .converters import NumpyConverter, TorchNumpyConverter, check_converter
from .dask_arrays import delayed
from .problem import Problem
from .score_matrix import key_of


class ThreadSafetyViolationError(InputError):
    """A worker has several threads, and the model is for one at a time."""


class DisableClientSingleThreadCheck:
    """Pass this type in place of a client: no cluster, and no look at its threads.

    Dask arrays are then computed by whatever scheduler is in charge when they are; gradients are taken one after the
    other within a process all the same.
    """


class RemoteModel:
    """A model on the workers of a client, sent again after a refit or with another damping.

    Args:
        model: here.
        client: a `distributed.Client`, or None.
    """

    def __init__(self, model: InfluenceFunctionModel, client: Any) -> None:
        self._model, self._client = model, client
        self._sent: tuple[str, Problem, Any] | None = None

    def now(self) -> Any:
        """The future of the model as it is now, or without a client something that graphs take in.

        Raises:
            ThreadSafetyViolationError: if a worker has several threads.
            InputError: if there is no worker.
        """
        if self._client is not None:
            self._check_threads()
        state = key_of(self._model)
        if self._sent is None or self._sent[0] != state or self._sent[1] is not self._model.problem:
            if self._client is not None:
                sent = self._client.scatter(self._own_copy(), broadcast=True, hash=False)
            else:
                sent = delayed(self._model, pure=False, traverse=False)
            self._sent = (state, self._model.problem, sent)
        return self._sent[2]

    def _own_copy(self) -> InfluenceFunctionModel:
        """The model, or a copy where workers are threads of this process, which would share it with its user."""
        inside = any(str(worker).startswith("inproc") for worker in self._client.nthreads())
        return copy.deepcopy(self._model) if inside else self._model

    def _check_threads(self) -> None:
        threads = self._client.nthreads()
        if not threads:
            raise InputError("the client has no workers yet: call client.wait_for_workers(1) first.")
        if not self._model.is_thread_safe and max(threads.values()) > 1:
            raise ThreadSafetyViolationError(
                f"a worker has {max(threads.values())} threads, and {type(self._model).__name__} is for one at a "
                "time. Start the cluster with threads_per_worker=1 and more workers."
            )


def told_apart(converter: Any, client: Any) -> tuple[NumpyConverter[Any], Any]:
    """The converter and the client of a calculator, or None for "no client".

    Raises:
        InputTypeError: for what is none.
        InstallationError: without dask and distributed.
    """
    if client is None and not callable(getattr(converter, "to_numpy", None)):
        converter, client = None, converter
    check_converter(converter)
    if client is not DisableClientSingleThreadCheck and not isinstance(client, _client_class()):
        raise InputTypeError(
            f"client={client!r} was given; expected a distributed.Client, such as Client(LocalCluster("
            "threads_per_worker=1)), or the type DisableClientSingleThreadCheck."
        )
    found = TorchNumpyConverter() if converter is None else converter
    return found, None if client is DisableClientSingleThreadCheck else client


def _client_class() -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise InstallationError(
            "DaskInfluenceCalculator needs dask and distributed, which are not installed. Run: "
            "pip install 'dvlwidgets[dask]'"
        ) from error
    return Client
