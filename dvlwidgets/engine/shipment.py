"""A job on disk, once for all worker processes of this machine.

A pickle and, beside it, the raw bytes of its arrays, which all workers map. Arrays that are mapped from a file already
(`np.memmap`) are not written again: workers map the same file. Only backends whose workers share our disk get a
shipment; what goes to dask or ray is the job itself.
"""

from __future__ import annotations

import io
import mmap
import pickle
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cloudpickle
import numpy as np
from numpy.typing import NDArray


class Runnable(Protocol):
    """What workers need of a job."""

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Any:
        """Do rows `lo:hi` of a step."""
        ...


@dataclass(frozen=True)
class Shipment:
    """Where a job lies, and how long its arrays are."""

    token: str
    path: str
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, job: Runnable, folder: Path) -> Shipment:
        buffers: list[pickle.PickleBuffer] = []
        body = io.BytesIO()
        _Pickler(body, protocol=5, buffer_callback=buffers.append).dump(job)
        raw = [b.raw() for b in buffers]
        path = folder / "job"
        with open(path.with_suffix(".arrays"), "wb") as out:
            for part in raw:
                out.write(part)
                out.write(b"\0" * (-part.nbytes % 64))  # keeps every array aligned
        path.with_suffix(".pickle").write_bytes(body.getbuffer())
        return cls(uuid.uuid4().hex, str(path), tuple(part.nbytes for part in raw))

    def load(self) -> Runnable:
        job = _LOADED.get(self.token)
        if job is None:
            path, at, buffers = Path(self.path), 0, []
            if any(self.sizes):
                arrays = np.memmap(path.with_suffix(".arrays"), np.uint8, "r")
            for size in self.sizes:
                buffers.append(arrays[at : at + size].data if size else memoryview(b""))
                at += size + (-size % 64)
            job = pickle.loads(path.with_suffix(".pickle").read_bytes(), buffers=buffers)
            _LOADED[self.token] = job
            while len(_LOADED) > 2:
                _LOADED.popitem(last=False)
        return job


_LOADED: OrderedDict[str, Runnable] = OrderedDict()


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc] # cloudpickle has no type information
    """Pickles mapped arrays as the place where they lie."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.memmap):
            place = place_of(obj)
            if place is not None:
                return _mapped, place
        return super().reducer_override(obj)


Place = tuple[str, np.dtype[Any], int, tuple[int, ...], str]
"""Path, dtype, offset in bytes, shape and order of an array in a file."""


def place_of(array: NDArray[Any]) -> Place | None:
    """Where a mapped array lies, or None if a file cannot stand for it.

    None for a copy in memory, rows that are not next to each other, a copy-on-write map (whose changes are not in the
    file), and a file that is gone.
    """
    order = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else ""
    root: Any = array
    while isinstance(root, np.ndarray) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if not isinstance(root, np.memmap) or root.mode == "c" or not order or array.size == 0:
        return None
    # a view inherits its root's offset; where it really begins follows from the addresses
    offset = int(root.offset) + array.ctypes.data - root.ctypes.data
    path = root.filename
    if path is None or not Path(path).is_file() or Path(path).stat().st_size < offset + array.nbytes:
        return None
    return str(Path(path).resolve()), array.dtype, offset, array.shape, order


def _mapped(path: str, dtype: Any, offset: int, shape: tuple[int, ...], order: Any) -> NDArray[Any]:
    return np.memmap(path, dtype, "r", offset, shape, order)


__all__ = ["Runnable", "Shipment", "place_of"]
