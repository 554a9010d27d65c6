"""KNN-Shapley on a device of PyTorch: the same products, sort and running sums, where the tensors are.

Only the moments over a chunk of test points come back. In float64 rows too close to tell apart by a product are
measured again by NumPy, so that ranks and ties are those of the CPU.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from ...devices import device_there
from ...errors import InputError
from ...typing import Indices
from ...utility.knn_neighbours import Neighbours
from ...utility.knn_order import look_again, measured
from .knn_job import KnnJob
from .knn_kernels import Worth
from .knn_moments import Block


class TorchKnnJob(KnnJob):
    """`KnnJob` of a `HitKernel` whose chunks are computed by PyTorch.

    Args:
        neighbours: dense features and Euclidean distances.
        kernel: a `HitKernel`.
        seed: order of test points.
        device: a device of PyTorch.

    Raises:
        InputError: for other distances, without PyTorch, or if the device is not there.
    """

    def __init__(self, neighbours: Neighbours, kernel: Any, seed: int, *, device: str) -> None:
        super().__init__(neighbours, kernel, seed)
        self.device = device
        self._there: _Tensors | None = None
        if not neighbours.multiplies():
            raise InputError(
                f"device={device!r} ranks dense features by Euclidean distance; metric={neighbours.metric!r} of these "
                "data is measured by NumPy. Leave device out."
            )
        self._tensors()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_there": None}  # workers make their own

    def each(self, at: Indices) -> Worth:
        values, full = self._worth(at)
        return Worth(values.cpu().numpy(), np.full(len(at), self.kernel.empty), full.cpu().numpy())  # type: ignore[attr-defined]

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Block:
        start = time.perf_counter()
        at = self.order[step * self.chunk : step * self.chunk + self.rows(step)]
        values, full = self._worth(at)
        mean = values.mean(dim=0)
        values -= mean
        squares = (values * values).sum(dim=0)
        ends = np.array([self.kernel.empty, float(full.mean())])  # type: ignore[attr-defined]
        found = mean.cpu().numpy(), squares.cpu().numpy()
        return Block(len(at), *found, ends, time.perf_counter() - start)

    def _tensors(self) -> _Tensors:
        if self._there is None:
            self._there = _Tensors(self.neighbours, self.kernel, self.device)
        return self._there

    def _worth(self, at: Indices) -> tuple[Any, Any]:
        """Values for each of some test points (t, n), and v(N) (t,), on the device; as `HitKernel` has them."""
        import torch

        kernel: Any = self.kernel
        there = self._tensors()
        order = there.ranks(at)
        hit = (
            there.codes[order] == there.test_codes[torch.as_tensor(at, device=there.device)][:, None]
        ).double()
        own, others, constant = kernel.last
        ranked = torch.empty_like(hit)
        mean = (hit.sum(dim=1) - hit[:, -1]) / max(1, self.n - 1)
        ranked[:, -1] = own * hit[:, -1] - others * mean - constant
        ranked[:, :-1] = (hit[:, :-1] - hit[:, 1:]) * there.swaps
        ranked = ranked.flip(1).cumsum(dim=1).flip(1)
        values = torch.empty_like(ranked).scatter_(1, order, ranked)
        full = hit[:, : kernel.k].sum(dim=1) / (min(kernel.k, self.n) if kernel.soft else kernel.k)
        return values, full


class _Tensors:
    """Training data and the kernel's numbers on a device."""

    def __init__(self, neighbours: Neighbours, kernel: Any, device: str) -> None:
        self.device = device_there(device)
        import torch

        self.neighbours = neighbours
        self.dtype = torch.float32 if neighbours.dtype == "float32" else torch.float64
        self.centre = neighbours.x.mean(axis=0, dtype=np.float64)
        centred = np.subtract(neighbours.x, self.centre, dtype=neighbours.dtype, casting="same_kind")
        right = torch.as_tensor(centred, device=self.device)
        self.size = (right * right).sum(dim=1)
        self.right = right.T
        if not bool(torch.isfinite(self.size).all()):
            raise InputError(
                f"dtype={neighbours.dtype!r} cannot hold squares of features so large. Scale them."
            )
        self.codes = torch.as_tensor(kernel.codes.astype(np.int64), device=self.device)
        self.test_codes = torch.as_tensor(kernel.test_codes.astype(np.int64), device=self.device)
        self.swaps = torch.as_tensor(kernel.swaps, device=self.device)

    def ranks(self, at: Indices) -> Any:
        """Rows from near to far, ties to the lower row, shape (t, n)."""
        import torch

        u = torch.as_tensor(self.neighbours.x_test[at] - self.centre, device=self.device).to(self.dtype)
        own = (u * u).sum(dim=1)
        squares = torch.addmm(self.size, u, self.right, alpha=-2.0)
        ranked, order = torch.sort(squares, dim=1, stable=True)
        if self.dtype == torch.float32 or ranked.shape[1] < 2:
            return order
        rounding = (
            4.0 * np.finfo(float).eps * (len(self.right) + 4) * (own.sqrt() + self.size.max().sqrt()) ** 2
        )
        close = ranked.diff(dim=1) <= rounding[:, None]
        for i in torch.nonzero(close.any(dim=1)).flatten().tolist():
            row = order[i].cpu().numpy()
            near = partial(measured, self.neighbours.x_test, self.neighbours.x, int(at[i]))
            look_again(row, close[i].cpu().numpy(), near)
            order[i] = torch.as_tensor(row, device=self.device)
        return order
