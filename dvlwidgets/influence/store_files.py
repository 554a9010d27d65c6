"""Numbers of n samples in a folder of plain files.

A folder holds `store.json` (what it is), one file of raw numbers for each tensor, `losses.bin` (float64) and
`done.bin` (a byte a sample, set after the sample's numbers are on the disk). A process that is killed loses the
samples that it had not marked, the work of about two seconds; nothing else.
"""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import StoreError
from .shelves import Form, Where, dtype_of

FORMAT = 1
MANIFEST = "store.json"

SYNC_SECONDS = 2.0
"""Samples are marked about so often: waiting for the disk after every batch would cost more than small batches do."""


class FileShelf:
    """In a folder. Several processes may fill one folder: what one has marked, the others read.

    Args:
        folder: made if need be.
        key: what the store is of.
        n: samples.

    Raises:
        StoreError: for a folder that cannot be written, or that holds something else.
    """

    def __init__(self, folder: Path, key: str, n: int) -> None:
        self.folder, self.key, self.n = folder, key, n
        self.form: Form | None = None
        self._maps: dict[str, NDArray[Any]] = {}
        self._written: list[NDArray[np.int64]] = []  # samples on their way to the disk
        self._marked = time.monotonic()
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "not writable", str(folder))
        self._load()

    def _load(self) -> bool:
        """Takes what is there already; whether something is."""
        path = self.folder / MANIFEST
        if not path.exists():
            return False
        try:
            meta = json.loads(path.read_text())
            stored, key, n = meta["format"], meta["key"], meta["n"]
            form = Form(**meta["form"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path} is no gradient store that this version of dvlwidgets reads ({error!r}). Choose another folder."
            ) from error
        if (stored, key, n) != (FORMAT, self.key, self.n):
            raise StoreError(
                f"{self.folder} holds the gradients of something else: format {stored}, {n:,} samples, key {key[:12]}; "
                f"expected format {FORMAT}, {self.n:,} samples, key {self.key[:12]}. Choose another folder."
            )
        self.form = form
        with explained(self.folder):
            self._extend()
        return True

    def open(self, form: Form) -> None:
        if self._load():  # another process may have been first
            return
        needed, free = form.row_bytes * self.n, shutil.disk_usage(self.folder).free
        if needed > free:
            raise StoreError(
                f"the gradients of {self.n:,} samples take {needed / 1e9:,.2f} GB, and {self.folder} has "
                f"{free / 1e9:,.2f} GB left. Choose another folder, dtype='bfloat16', or a method that projects "
                "gradients."
            )
        meta = {"format": FORMAT, "key": self.key, "n": self.n, "form": asdict(form)}
        self.form = form
        with explained(self.folder):
            self._extend()
            new = self.folder / f"{MANIFEST}.{os.getpid()}"
            new.write_text(json.dumps(meta, indent=1))
            new.replace(self.folder / MANIFEST)

    def done(self, lo: int, hi: int) -> NDArray[np.bool_]:
        if self.form is None and not self._load():
            return np.zeros(hi - lo, bool)
        marks: NDArray[np.uint8] = np.fromfile(self.folder / "done.bin", np.uint8, hi - lo, offset=lo)
        done = np.asarray(marks == 1, bool)
        for places in self._written:
            done[places[(places >= lo) & (places < hi)] - lo] = True
        return done

    def write(self, where: Where, tensors: Mapping[str, Tensor], losses: Tensor) -> None:
        with explained(self.folder):
            for name, tensor in tensors.items():
                kept = tensor.detach().to("cpu", dtype_of(self._form.dtypes[name])).contiguous()
                self._put(self._file(name), where, raw(kept).reshape(len(kept), -1))
            self._put("losses.bin", where, losses.detach().double().cpu().numpy().reshape(-1, 1))
        self._written.append(_places(where))
        self._maps = {}  # private maps need not show what was written since
        if time.monotonic() - self._marked >= SYNC_SECONDS:
            self.flush()

    def flush(self) -> None:
        if self._written:
            with explained(self.folder):
                for name in (*(self._file(k) for k in self._form.shapes), "losses.bin"):
                    self._sync(name)
                places = torch.from_numpy(np.concatenate(self._written))
                self._put("done.bin", places, np.ones((len(places), 1), np.uint8))
                self._sync("done.bin")
            self._written = []
        self._marked = time.monotonic()

    def forget(self, where: Tensor) -> None:
        self.flush()
        with explained(self.folder):
            self._put("done.bin", where, np.zeros((len(where), 1), np.uint8))
            self._sync("done.bin")

    def rename(self, folder: Path, key: str) -> None:
        """The same numbers under another key; those that belong to the old one only must have been forgotten."""
        meta = json.loads((self.folder / MANIFEST).read_text())
        with explained(self.folder):
            new = self.folder / f"{MANIFEST}.{os.getpid()}"
            new.write_text(json.dumps({**meta, "key": key}, indent=1))
            new.replace(self.folder / MANIFEST)
            self.folder.rename(folder)
        self.folder, self.key, self._maps = folder, key, {}

    def read(self, lo: int, hi: int) -> dict[str, Tensor]:
        found = {}
        for name, shape in self._form.shapes.items():
            dtype = dtype_of(self._form.dtypes[name])
            if name not in self._maps:
                # copy on write: whoever changes rows in place changes a private page, never the file
                self._maps[name] = np.memmap(
                    self.folder / self._file(name), numpy_of(dtype), "c", shape=(self.n, *shape)
                )
            tensor = torch.from_numpy(self._maps[name][lo:hi])
            found[name] = tensor.view(dtype) if dtype is torch.bfloat16 else tensor
        return found

    def losses(self) -> Tensor:
        found = torch.full((self.n,), math.nan, dtype=torch.float64)
        done = self.done(0, self.n)
        if done.any():
            stored = np.fromfile(self.folder / "losses.bin", np.float64, self.n)
            found[torch.from_numpy(done)] = torch.from_numpy(stored[done])
        return found

    @property
    def _form(self) -> Form:
        assert self.form is not None  # the store opens it before it writes or reads
        return self.form

    @staticmethod
    def _file(name: str) -> str:
        return f"{name.replace('/', '.')}.bin"

    def _extend(self) -> None:
        """Files of full length; samples whose numbers were cut off are not done."""
        kinds = {
            self._file(k): math.prod(s) * dtype_of(self._form.dtypes[k]).itemsize
            for k, s in self._form.shapes.items()
        }
        whole = self.n
        for name, width in {**kinds, "losses.bin": 8, "done.bin": 1}.items():
            path = self.folder / name
            size = path.stat().st_size if path.exists() else 0
            if size < width * self.n:
                whole = min(whole, size // width) if width else whole
                with open(path, "ab") as out:
                    out.truncate(width * self.n)
        if whole < self.n:
            self._put("done.bin", slice(whole, self.n), np.zeros((self.n - whole, 1), np.uint8))

    def _put(self, name: str, where: Where, rows: NDArray[Any]) -> None:
        """Rows of a file, a run of neighbours at a time."""
        width, places = rows[:1].nbytes, _places(where)
        cuts = np.flatnonzero(np.diff(places) != 1) + 1
        with self._opened(name) as handle:
            for lo, hi in zip([0, *cuts.tolist()], [*cuts.tolist(), len(places)], strict=True):
                _write_all(handle, rows[lo:hi], int(places[lo]) * width)

    def _sync(self, name: str) -> None:
        """A file is on the disk when this returns, so that marks never come before numbers."""
        with self._opened(name) as handle:
            getattr(os, "fdatasync", os.fsync)(handle)

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            yield handle
        finally:
            os.close(handle)


def _places(where: Where) -> NDArray[np.int64]:
    if isinstance(where, slice):
        return np.arange(where.start or 0, where.stop, dtype=np.int64)
    return where.cpu().numpy().astype(np.int64)


def _write_all(handle: int, rows: NDArray[Any], offset: int) -> None:
    data = np.ascontiguousarray(rows).data.cast("B")
    while len(data):
        written = os.pwrite(handle, data, offset)
        data, offset = data[written:], offset + written


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """What the system says of files, for people.

    Raises:
        StoreError: for an OSError within it.
    """
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            said = (
                "the disk is full. Make room, choose another folder, or dtype='bfloat16' for half the bytes; samples "
                "stored so far are kept and used the next time."
            )
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            said = "it is not writable. Choose a folder that is."
        elif error.errno in (errno.EEXIST, errno.ENOTDIR):
            said = "there is a file where a folder is wanted. Choose another path."
        else:
            said = f"{error.strerror or error}."
        raise StoreError(f"the gradient store at {folder}: {said}") from error


def numpy_of(dtype: torch.dtype) -> Any:
    """The numpy type of the same bytes."""
    return np.int16 if dtype is torch.bfloat16 else torch.empty(0, dtype=dtype).numpy().dtype


def raw(tensor: Tensor) -> NDArray[Any]:
    """Numbers of a tensor on the CPU as an array of the same bytes."""
    array: NDArray[Any] = (tensor.view(torch.int16) if tensor.dtype is torch.bfloat16 else tensor).numpy()
    return array
