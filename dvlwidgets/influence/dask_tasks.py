"""What workers of a cluster do with a model that was sent to them once: factors, gradients and strips of scores.

Hooks on a model's layers belong to one call at a time, and threads of a process may share the model: gradients are
taken one after the other in a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from .base import InfluenceFunctionModel
from .batches import Batch
from .converters import NumpyConverter
from .rows import Rows
from .scan import stacked, tile_scores
from .types import InfluenceMode

_ONE_AT_A_TIME = Lock()


def gradients(model: InfluenceFunctionModel, batch: Batch) -> Rows:
    """Per-sample gradients, ready to travel."""
    with _ONE_AT_A_TIME:
        return model.gradients(batch).to("cpu")


def factors(model: InfluenceFunctionModel, batch: Batch) -> Rows:
    """Preconditioned gradients, ready to travel."""
    with _ONE_AT_A_TIME:
        return model.precondition(model.gradients(batch)).to("cpu")


def flat(model: InfluenceFunctionModel, batch: Batch) -> Tensor:
    """`factors` as one tensor (b, p)."""
    return factors(model, batch).flat()


def some(rows: Rows, lo: int, hi: int) -> Rows:
    """Some of the rows, in memory of their own."""
    return Rows.cat([rows[lo:hi]])


def given(model: InfluenceFunctionModel, z: Tensor) -> Rows:
    """Factors that a user brings."""
    return Rows.of_flat(model.layout, z.to(dtype=model.problem.dtype))


def stack(several: Sequence[Rows]) -> Rows:
    """Rows below each other: one thing to send to every worker."""
    return stacked(several)


def strip(model: InfluenceFunctionModel, tests: Rows, rows: Rows, start: int) -> Tensor:
    """Scores (q, w) of all test points on some training points, of which `start` is the first."""
    device, train = model.device, slice(start, start + len(rows))
    return tile_scores(model, tests.to(device), rows.to(device), train).cpu()


def perturbed(model: InfluenceFunctionModel, tests: Rows, batch: Batch) -> Tensor:
    """Perturbation influences (q, w, *x) of all test points and some training points."""
    with _ONE_AT_A_TIME:
        z = tests.flat().to(model.device)
        return model.influences_from_factors(z, batch.x, batch.target, InfluenceMode.Perturbation).cpu()


# --- the same for chunks of dask arrays -------------------------------------------------------------------------


def batch_of(x: NDArray[Any], y: NDArray[Any], converter: NumpyConverter[Any]) -> Batch:
    """Chunks of arrays as a batch."""
    return Batch.of((converter.from_numpy(np.asarray(x)), converter.from_numpy(np.asarray(y))))


def chunk_factors(
    model: InfluenceFunctionModel, x: NDArray[Any], y: NDArray[Any], converter: NumpyConverter[Any]
) -> Rows:
    """`factors` of a chunk."""
    return factors(model, batch_of(x, y, converter))


def flat_factors(
    model: InfluenceFunctionModel,
    x: NDArray[Any],
    y: NDArray[Any],
    converter: NumpyConverter[Any],
    dtype: DTypeLike,
) -> NDArray[Any]:
    """`factors` of a chunk as an array (b, p)."""
    return _array(chunk_factors(model, x, y, converter).flat(), converter, dtype)


def chunk_given(model: InfluenceFunctionModel, z: NDArray[Any], converter: NumpyConverter[Any]) -> Rows:
    """`given` of a chunk."""
    return given(model, converter.from_numpy(np.asarray(z)).to("cpu"))


def chunk_strip(
    model: InfluenceFunctionModel,
    tests: Rows,
    x: NDArray[Any],
    y: NDArray[Any],
    start: int,
    how: tuple[NumpyConverter[Any], InfluenceMode, DTypeLike],
) -> NDArray[Any]:
    """Influences (q, w, ...) of all test points and a chunk of training points, whose gradients are taken here."""
    converter, mode, dtype = how
    batch = batch_of(x, y, converter)
    if mode is InfluenceMode.Perturbation:
        return _array(perturbed(model, tests, batch), converter, dtype)
    return _array(strip(model, tests, gradients(model, batch), start), converter, dtype)


def _array(values: Tensor, converter: NumpyConverter[Any], dtype: DTypeLike) -> NDArray[Any]:
    return np.asarray(converter.to_numpy(values)).astype(dtype, copy=False)


def bytes_a_row(model: InfluenceFunctionModel, batch: Batch) -> float:
    """Bytes that a sample's gradient takes."""
    few = batch[:2]
    return gradients(model, few).nbytes / len(few)
