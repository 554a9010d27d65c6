"""Influences by a cluster: the model is sent once, and each shard of the training data is one task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..errors import InputError, InputTypeError
from . import dask_tasks as tasks
from .base import InfluenceFunctionModel, require_both_or_none, require_model
from .batches import Batches
from .calculators import FactorSequence, GivenFactors, SequentialInfluenceCalculator
from .dask_arrays import (
    InvalidDimensionChunksError,
    UnalignedChunksError,
    check_array,
    check_chunks,
    delayed,
    is_array,
    joined,
    pairs,
    refuse_arrays,
)
from .dask_model import DisableClientSingleThreadCheck, RemoteModel, ThreadSafetyViolationError, told_apart
from .dask_scores import Cluster, ClusterFactors, ClusterScores
from .score_matrix import InfluenceMatrix
from .types import InfluenceMode, choose

__all__ = [
    "DaskInfluenceCalculator",
    "DisableClientSingleThreadCheck",
    "InvalidDimensionChunksError",
    "ThreadSafetyViolationError",
    "UnalignedChunksError",
]


class DaskInfluenceCalculator:
    """Influences on a dask cluster: of dask arrays, or of loaders and data sets.

    The model is sent to the workers once (again after a refit or another damping). Test gradients are preconditioned
    once; then every shard of the training data is one task that takes its gradients and their scores with all test
    points.

    Args:
        influence_function_model: a fitted influence model.
        converter: between numpy and torch, for dask arrays; by default `TorchNumpyConverter()`. May be left out:
            `DaskInfluenceCalculator(model, client)`.
        client: a `distributed.Client`, or the type `DisableClientSingleThreadCheck`.

    Raises:
        InputTypeError: for arguments that are none of these.
        NotFittedError: if the model was not fitted.
        ThreadSafetyViolationError: if a worker has several threads: `LocalCluster(threads_per_worker=1)` has not.
        InstallationError: without dask and distributed.

    Example:
        With one worker a GPU (package dask-cuda), and `if_model.to("cuda")`:

        >>> client = Client(LocalCUDACluster())  # doctest: +SKIP
        >>> calculator = DaskInfluenceCalculator(if_model, client)  # doctest: +SKIP
        >>> values = calculator.influences(test, train).to_zarr("influences.zarr")  # doctest: +SKIP
    """

    def __init__(
        self, influence_function_model: InfluenceFunctionModel, converter: Any = None, client: Any = None
    ) -> None:
        require_model(influence_function_model, "influence_function_model")
        influence_function_model.require_fit()
        self.influence_function_model = influence_function_model
        self.converter, given = told_apart(converter, client)
        self._remote = RemoteModel(influence_function_model, given)
        self._cluster = None
        if given is not None:
            self._remote.now()
            self._cluster = Cluster(given, influence_function_model, self._remote.now)

    @property
    def n_parameters(self) -> int:
        """Numbers of a factor."""
        return self.influence_function_model.n_parameters

    def influence_factors(self, x: Any, y: Any = None) -> Any:
        """H^-1 grad L of every sample.

        Args:
            x: inputs as a dask array in chunks of samples; or a DataLoader, a data set or batches.
            y: targets as a dask array in the same chunks.

        Returns:
            A dask array (n, p), or a lazy sequence of tensors (b, p) for loaders and the like.

        Raises:
            InvalidDimensionChunksError, UnalignedChunksError: for other chunks.
        """
        if not is_array(x):
            return self._loaded_factors(x)
        check_chunks(x, y, "x and y")
        remote, like = self._remote.now(), np.empty((0, 0), self._dtype)
        blocks = [
            delayed(tasks.flat_factors)(remote, *pair, self.converter, self._dtype) for pair in pairs(x, y)
        ]
        shapes = [(size, self.n_parameters) for size in x.chunks[0]]
        return joined(blocks, shapes, like, axis=0)

    def influences(
        self,
        x_test: Any,
        y_test: Any = None,
        x: Any = None,
        y: Any = None,
        mode: InfluenceMode | str = InfluenceMode.Up,
    ) -> Any:
        """Influences of all training samples (columns) on all test samples (rows).

        Args:
            x_test: inputs of the test samples as a dask array in chunks of samples; or test data as a DataLoader, a
                data set or batches: `influences(test, train, mode="up")`.
            y_test: their targets; or the training data, of the same kinds.
            x: inputs of the training samples, as a dask array; by default the test samples themselves.
            y: their targets.
            mode: "up", or "perturbation" for the gradient with respect to the training inputs.

        Returns:
            A dask array (n_test, n_train, ...) with all test samples in a chunk and the chunks of the training
            samples (its own `to_zarr` returns the array only with return_stored=True); for loaders and the like a lazy
            matrix (`to_zarr`, `compute`, iteration), as of `SequentialInfluenceCalculator`.

        Raises:
            InvalidDimensionChunksError, UnalignedChunksError: for other chunks.
            InputError: if only one of x and y is given.
        """
        if not is_array(x_test):
            mode, x = (x, None) if isinstance(x, (str, InfluenceMode)) else (mode, x)
            return self._loaded(x_test, y_test, (x, y), mode)
        chosen = choose(InfluenceMode, mode, "mode")
        check_chunks(x_test, y_test, "x_test and y_test")
        require_both_or_none(x, y)
        x, y = (x_test, y_test) if x is None else (x, y)
        check_chunks(x, y, "x and y")
        remote = self._remote.now()
        tests = [
            delayed(tasks.chunk_factors)(remote, *pair, self.converter) for pair in pairs(x_test, y_test)
        ]
        return self._strips(remote, tests, x_test.shape[0], (x, y), chosen)

    def influences_from_factors(
        self, z_test_factors: Any, x: Any, y: Any = None, mode: InfluenceMode | str = InfluenceMode.Up
    ) -> Any:
        """As `influences`, from what `influence_factors` gave: a dask array, or lazy tensors for loaders.

        Args:
            z_test_factors: shape (n_test, p), in chunks of samples.
            x: inputs of the training samples as a dask array; or the training data as a DataLoader and the like.
            y: their targets.
            mode: see `influences`.

        Raises:
            InvalidDimensionChunksError, UnalignedChunksError: for other chunks.
            InputError, InputTypeError: for factors of another shape, and arrays beside loaders.
        """
        if not is_array(z_test_factors):
            mode, y = (y, None) if isinstance(y, (str, InfluenceMode)) else (mode, y)
            return self._loaded_from_factors(z_test_factors, x, y, mode)
        chosen = choose(InfluenceMode, mode, "mode")
        check_array(z_test_factors, "z_test_factors")
        if z_test_factors.ndim != 2 or z_test_factors.shape[1] != self.n_parameters:
            raise InputError(
                f"factors of shape {z_test_factors.shape} were given; expected (n_test, {self.n_parameters})."
            )
        check_chunks(x, y, "x and y")
        remote = self._remote.now()
        tests = [
            delayed(tasks.chunk_given)(remote, block, self.converter)
            for block in z_test_factors.to_delayed().ravel()
        ]
        return self._strips(remote, tests, z_test_factors.shape[0], (x, y), chosen)

    # --- dask arrays --------------------------------------------------------------------------------------------

    def _strips(
        self, remote: Any, tests: list[Any], n_test: int, train: tuple[Any, Any], mode: InfluenceMode
    ) -> Any:
        x, y = train
        trailing = tuple(x.shape[1:]) if mode is InfluenceMode.Perturbation else ()
        whole, how = delayed(tasks.stack)(tests), (self.converter, mode, self._dtype)
        blocks, shapes, at = [], [], 0
        for size, pair in zip(x.chunks[0], pairs(x, y), strict=True):
            blocks.append(delayed(tasks.chunk_strip)(remote, whole, *pair, at, how))
            shapes.append((n_test, size, *trailing))
            at += size
        return joined(blocks, shapes, np.empty((0,) * (2 + len(trailing)), self._dtype), axis=1)

    @property
    def _dtype(self) -> np.dtype[Any]:
        """Of the scores, whatever the inputs are."""
        empty = torch.empty(0, dtype=self.influence_function_model.problem.dtype)
        return np.dtype(self.converter.to_numpy(empty).dtype)

    # --- loaders and data sets ----------------------------------------------------------------------------------

    def _loaded_factors(self, data: Any) -> FactorSequence:
        refuse_arrays(data)
        if self._cluster is None:
            return SequentialInfluenceCalculator(self.influence_function_model).influence_factors(data)
        self._remote.now()
        return ClusterFactors(self._cluster, Batches.of(data))

    def _loaded(self, test: Any, train: Any, rest: tuple[Any, Any], mode: Any) -> InfluenceMatrix:
        refuse_arrays(test, train, *rest)
        if train is None or rest != (None, None):
            raise InputTypeError(
                "expected influences(test, train, mode) for loaders, data sets and batches, or influences(x_test, "
                "y_test, x, y, mode) for dask arrays."
            )
        if self._cluster is None:
            return SequentialInfluenceCalculator(self.influence_function_model).influences(test, train, mode)
        self._remote.now()
        chosen = choose(InfluenceMode, mode, "mode")
        return InfluenceMatrix(ClusterScores(self._cluster, Batches.of(test), Batches.of(train), chosen))

    def _loaded_from_factors(self, z: Any, train: Any, y: Any, mode: Any) -> InfluenceMatrix:
        refuse_arrays(train, y)
        if y is not None:
            raise InputTypeError("expected influences_from_factors(factors, train, mode); y was given.")
        model = self.influence_function_model
        if self._cluster is None:
            return SequentialInfluenceCalculator(model).influences_from_factors(z, train, mode)
        self._remote.now()
        chosen = choose(InfluenceMode, mode, "mode")
        return InfluenceMatrix(
            ClusterScores(self._cluster, GivenFactors(model, z), Batches.of(train), chosen)
        )
